//! What was said, and by whom: reads of conversations, contacts and messages.
//!
//! Facts are rows as they are stored. Content (texts, names, phones, provider ids, emoji) is opened by functions of its
//! own, so that a caller who may not read it has nothing loaded or opened for it. Each function reads a whole batch in
//! one statement a table, and one more for the content keys that are not in memory.

mod contacts;
mod messages;
pub(crate) mod windows;

pub use contacts::{Contact, contact_exists, contacts};
pub use messages::{
    Content, File, Reaction, Version, around, contents, count_messages, files, media, media_of, message_position,
    messages, messages_at, messages_of, reactions, versions,
};
pub use windows::Window;

use std::collections::HashMap;
use std::hash::Hash;

use entity::{ConversationId, NumberId, alert, conversation, message};
use sea_orm::ColumnTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Query};

use crate::db::{Page, PageArgs, Position, Rows, SortKey, TenantTx, page, position};
use crate::error::Result;
use crate::vault::Keyring;

/// Kinds of messages that hold what is no text: nobody scans a voice, a picture or what the provider could not carry.
/// Their captions and file names are scanned all the same.
const NOT_SCANNED: [message::Kind; 7] = [
    message::Kind::Image,
    message::Kind::Audio,
    message::Kind::Video,
    message::Kind::Document,
    message::Kind::Sticker,
    message::Kind::Unsupported,
    message::Kind::Unknown,
];

/// Whether all that messages of a kind hold is scanned.
pub fn is_scanned(kind: message::Kind) -> bool {
    !NOT_SCANNED.contains(&kind)
}

/// How many messages of each conversation hold what was not scanned; a conversation without one is absent.
///
/// # Errors
/// What the database says.
pub async fn not_scanned(tx: &TenantTx, conversations: &[ConversationId]) -> Result<HashMap<ConversationId, u64>> {
    tx.rows::<message::Entity>()
        .among(message::Column::ConversationId, conversations.iter().copied())
        .filter(message::Column::Kind.is_in(NOT_SCANNED))
        .count_by(message::Column::ConversationId)
        .await
}

/// Newest last message first.
const BY_LAST_MESSAGE: SortKey<conversation::Column> =
    SortKey { at: conversation::Column::LastMessageAt, id: Some(conversation::Column::Id), descending: true };

/// Which conversations are asked for; what is absent narrows nothing.
#[derive(Clone, Default)]
pub struct ConversationFilter {
    /// Those of this number.
    pub number: Option<NumberId>,
    /// Those with the contact of this phone, in any spelling, with Brazil's ninth digit or without.
    pub contact_phone: Option<String>,
    /// Those with an alert, or those without.
    pub has_alerts: Option<bool>,
}

/// A page of conversations, the one with the newest message first.
///
/// # Errors
/// What the database says.
pub async fn conversations(
    tx: &TenantTx,
    keyring: &Keyring,
    filter: &ConversationFilter,
    args: &PageArgs,
) -> Result<Page<conversation::Model>> {
    page(narrowed(tx, keyring, filter).await?, BY_LAST_MESSAGE, args).await
}

/// How many conversations there are.
///
/// # Errors
/// What the database says.
pub async fn count_conversations(tx: &TenantTx, keyring: &Keyring, filter: &ConversationFilter) -> Result<u64> {
    narrowed(tx, keyring, filter).await?.count().await
}

/// A conversation's place in [`conversations`].
pub fn conversation_position(row: &conversation::Model) -> Position {
    position(row, &BY_LAST_MESSAGE)
}

async fn narrowed<'t>(
    tx: &'t TenantTx,
    keyring: &Keyring,
    filter: &ConversationFilter,
) -> Result<Rows<'t, conversation::Entity>> {
    use conversation::Column;
    let mut rows = tx.rows::<conversation::Entity>();
    if let Some(number) = filter.number {
        rows = rows.filter(Column::NumberId.eq(number));
    }
    if let Some(phone) = &filter.contact_phone {
        rows = rows.among(Column::ContactId, contacts::of_phone(tx, keyring, phone).await?);
    }
    if let Some(has_alerts) = filter.has_alerts {
        // The filter on the tenant does not reach into a sub-select: it is tied to the conversation's own tenant.
        let alerted = Expr::exists(
            Query::select()
                .expr(Expr::val(1))
                .from(alert::Entity)
                .and_where(
                    Expr::col((alert::Entity, alert::Column::TenantId))
                        .eq(Expr::col((conversation::Entity, Column::TenantId))),
                )
                .and_where(
                    Expr::col((alert::Entity, alert::Column::ConversationId))
                        .eq(Expr::col((conversation::Entity, Column::Id))),
                )
                .to_owned(),
        );
        rows = rows.filter(if has_alerts { alerted } else { alerted.not() });
    }
    Ok(rows)
}

/// Conversations by id; what is not the tenant's is absent.
///
/// # Errors
/// What the database says.
pub async fn conversations_by_id(
    tx: &TenantTx,
    ids: &[ConversationId],
) -> Result<HashMap<ConversationId, conversation::Model>> {
    let rows = tx.rows::<conversation::Entity>().among(conversation::Column::Id, ids.iter().copied()).all().await?;
    Ok(by(rows, |row| row.id))
}

fn by<K: Eq + Hash, R>(rows: Vec<R>, key: impl Fn(&R) -> K) -> HashMap<K, R> {
    rows.into_iter().map(|row| (key(&row), row)).collect()
}
