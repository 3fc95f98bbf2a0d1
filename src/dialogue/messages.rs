//! Messages, and what they say.

use std::collections::HashMap;

use entity::message_version::Kind;
use entity::{
    BlindIndex, ContactId, ConversationId, MediaId, MessageId, Sealed, Timestamp, VersionId, media, message,
    message_version, reaction,
};
use sea_orm::ColumnTrait;
use sea_orm::sea_query::Order;
use uuid::Uuid;

use super::by;
use super::windows::{self, Key, List, Window};
use crate::db::{Page, PageArgs, Position, TenantTx};
use crate::error::Result;
use crate::keys::{self, Opened};
use crate::vault::Keyring;

/// Oldest first.
const OF_CONVERSATION: List<message::Column> = List {
    parent: message::Column::ConversationId,
    key: Key::TimeAndId(message::Column::SentAt, message::Column::Id),
    only: None,
};

/// What a message says, opened.
#[derive(Clone)]
pub struct Content {
    /// The provider's id.
    pub provider_id: Option<String>,
    /// Every version: the original, then edits and deletions as they came.
    pub versions: Vec<Version>,
    /// Whether its key is destroyed: nothing of it can be read any more.
    pub is_erased: bool,
}

impl Content {
    /// The words that stand now, or stood before the message was deleted.
    pub fn text(&self) -> Option<&str> {
        self.versions.iter().rev().find(|version| version.kind != Kind::Deletion)?.text.as_deref()
    }

    /// Whether any version has words.
    pub fn has_text(&self) -> bool {
        self.versions.iter().any(|version| version.text.is_some())
    }
}

/// One version of a message.
#[derive(Clone)]
pub struct Version {
    /// Which.
    pub id: VersionId,
    /// Its place among the versions, from 0.
    pub index: i32,
    /// What made it.
    pub kind: Kind,
    /// When.
    pub at: Timestamp,
    /// The words; none where it has none, or they are not opened.
    pub text: Option<String>,
    /// The words of the advertisement the chat began from.
    pub referral: Option<String>,
}

impl Version {
    fn unopened(row: &message_version::Model, index: usize) -> Self {
        let index = i32::try_from(index).unwrap_or(i32::MAX);
        Self { id: row.id, index, kind: row.kind, at: row.at, text: None, referral: None }
    }
}

/// A reaction that stands, opened.
#[derive(Clone)]
pub struct Reaction {
    /// The emoji.
    pub emoji: String,
    /// Who; none for the company.
    pub sender: Option<ContactId>,
    /// When it was put on.
    pub at: Timestamp,
}

/// What is content of a medium, opened.
#[derive(Clone)]
pub struct File {
    /// The file's name as its sender chose it.
    pub name: Option<String>,
    /// Declared SHA-256, hex.
    pub sha256: Option<String>,
}

/// Messages by id; what is not the tenant's is absent.
///
/// # Errors
/// What the database says.
pub async fn messages(tx: &TenantTx, ids: &[MessageId]) -> Result<HashMap<MessageId, message::Model>> {
    let rows = tx.rows::<message::Entity>().among(message::Column::Id, ids.iter().copied()).all().await?;
    Ok(by(rows, |row| row.id))
}

/// Messages by the fingerprint of their provider's id: those that replies answer.
///
/// # Errors
/// What the database says.
pub async fn messages_at(tx: &TenantTx, indexes: &[BlindIndex]) -> Result<HashMap<BlindIndex, message::Model>> {
    let rows = tx.keyed::<message::Entity>(message::Column::ProviderIndex, indexes.to_vec()).await?;
    Ok(by(rows, |row| row.provider_index.clone()))
}

/// A page of each conversation's messages, oldest first; the windows' parents are conversations.
///
/// # Errors
/// What the database says.
pub async fn messages_of(tx: &TenantTx, windows: &[Window]) -> Result<Vec<Page<message::Model>>> {
    windows::fetch::<message::Entity>(tx, &OF_CONVERSATION, windows).await
}

/// How many messages a conversation has.
///
/// # Errors
/// What the database says.
pub async fn count_messages(tx: &TenantTx, conversation: ConversationId) -> Result<u64> {
    tx.rows::<message::Entity>().filter(message::Column::ConversationId.eq(conversation)).count().await
}

/// A message's place in [`messages_of`].
pub fn message_position(row: &message::Model) -> Position {
    windows::position(row, OF_CONVERSATION.key)
}

/// The neighbours of messages in their conversations, themselves included, oldest first: for each message at most so
/// many before and so many after it.
///
/// # Errors
/// What the database says.
pub async fn around(tx: &TenantTx, asked: &[(&message::Model, u64, u64)]) -> Result<Vec<Vec<message::Model>>> {
    let window = |row: &message::Model, limit, backward| {
        let here = Some(message_position(row));
        let (after, before) = if backward { (None, here) } else { (here, None) };
        Window::new(row.conversation_id.0, &PageArgs { limit, backward, after, before })
    };
    let wanted: Vec<Window> =
        asked.iter().flat_map(|&(row, before, after)| [window(row, before, true), window(row, after, false)]).collect();
    let mut pages = windows::fetch::<message::Entity>(tx, &OF_CONVERSATION, &wanted).await?.into_iter();
    let mut next = || pages.next().map(|page| page.rows).unwrap_or_default();
    Ok(asked
        .iter()
        .map(|&(row, _, _)| {
            let mut rows = next();
            rows.push(row.clone());
            rows.extend(next());
            rows
        })
        .collect())
}

/// The versions of messages, their words unopened: the original first, then edits and deletions as they came.
///
/// # Errors
/// What the database says.
pub async fn versions(tx: &TenantTx, messages: &[MessageId]) -> Result<HashMap<MessageId, Vec<Version>>> {
    let mut versions: HashMap<MessageId, Vec<Version>> = HashMap::new();
    for row in version_rows(tx, messages.iter().copied()).await? {
        let of_message = versions.entry(row.message_id).or_default();
        of_message.push(Version::unopened(&row, of_message.len()));
    }
    Ok(versions)
}

async fn version_rows(tx: &TenantTx, of: impl Iterator<Item = MessageId>) -> Result<Vec<message_version::Model>> {
    let mut rows = tx.rows::<message_version::Entity>().among(message_version::Column::MessageId, of).all().await?;
    rows.sort_unstable_by_key(|row| (row.message_id, row.kind != Kind::Original, row.at, row.number));
    Ok(rows)
}

/// Opens what messages say.
///
/// # Errors
/// What the database says, or when something does not open.
pub async fn contents(
    tx: &TenantTx,
    keyring: &Keyring,
    messages: &[&message::Model],
) -> Result<HashMap<MessageId, Content>> {
    let rows = version_rows(tx, messages.iter().map(|row| row.id)).await?;
    let mut sealed: Vec<&Sealed> = messages.iter().map(|row| &row.provider_id).collect();
    sealed.extend(rows.iter().flat_map(|row| [row.text.as_ref(), row.referral.as_ref()]).flatten());
    let opened = keys::open_for(tx, keyring, sealed).await?;
    let mut contents = HashMap::with_capacity(messages.len());
    for row in messages {
        let provider_id = opened.text("message", row.id.0, "provider_id", &row.provider_id)?;
        let is_erased = provider_id.is_none();
        contents.insert(row.id, Content { provider_id, versions: Vec::new(), is_erased });
    }
    for row in rows {
        let Some(content) = contents.get_mut(&row.message_id) else { continue };
        content.versions.push(Version {
            text: open(&opened, ("message_version", row.id.0, "text"), row.text.as_ref())?,
            referral: open(&opened, ("message_version", row.id.0, "referral"), row.referral.as_ref())?,
            ..Version::unopened(&row, content.versions.len())
        });
    }
    Ok(contents)
}

/// The reactions that stand on messages, oldest first.
///
/// # Errors
/// What the database says, or when something does not open.
pub async fn reactions(
    tx: &TenantTx,
    keyring: &Keyring,
    messages: &[MessageId],
) -> Result<HashMap<MessageId, Vec<Reaction>>> {
    let rows = tx
        .rows::<reaction::Entity>()
        .among(reaction::Column::MessageId, messages.iter().copied())
        .filter(reaction::Column::Emoji.is_not_null())
        .order_by(reaction::Column::At, Order::Asc)
        .order_by(reaction::Column::Id, Order::Asc)
        .all()
        .await?;
    let opened = keys::open_for(tx, keyring, rows.iter().filter_map(|row| row.emoji.as_ref())).await?;
    let mut reactions: HashMap<MessageId, Vec<Reaction>> = HashMap::new();
    for row in rows {
        let Some(emoji) = open(&opened, ("reaction", row.id.0, "emoji"), row.emoji.as_ref())? else { continue };
        reactions.entry(row.message_id).or_default().push(Reaction { emoji, sender: row.sender_id, at: row.at });
    }
    Ok(reactions)
}

/// The media of messages; those without one are absent.
///
/// # Errors
/// What the database says.
pub async fn media_of(tx: &TenantTx, messages: &[MessageId]) -> Result<HashMap<MessageId, media::Model>> {
    let rows = tx.rows::<media::Entity>().among(media::Column::MessageId, messages.iter().copied()).all().await?;
    Ok(by(rows, |row| row.message_id))
}

/// Media by id; what is not the tenant's is absent.
///
/// # Errors
/// What the database says.
pub async fn media(tx: &TenantTx, ids: &[MediaId]) -> Result<HashMap<MediaId, media::Model>> {
    let rows = tx.rows::<media::Entity>().among(media::Column::Id, ids.iter().copied()).all().await?;
    Ok(by(rows, |row| row.id))
}

/// Opens what is content of media.
///
/// # Errors
/// What the database says, or when something does not open.
pub async fn files(tx: &TenantTx, keyring: &Keyring, media: &[&media::Model]) -> Result<HashMap<MediaId, File>> {
    let sealed: Vec<&Sealed> =
        media.iter().flat_map(|row| [row.file_name.as_ref(), row.sha256.as_ref()]).flatten().collect();
    let opened = keys::open_for(tx, keyring, sealed).await?;
    let mut files = HashMap::with_capacity(media.len());
    for row in media {
        let file = File {
            name: open(&opened, ("media", row.id.0, "file_name"), row.file_name.as_ref())?,
            sha256: open(&opened, ("media", row.id.0, "sha256"), row.sha256.as_ref())?,
        };
        files.insert(row.id, file);
    }
    Ok(files)
}

fn open(
    opened: &Opened,
    (table, row, column): (&'static str, Uuid, &'static str),
    sealed: Option<&Sealed>,
) -> Result<Option<String>> {
    Ok(sealed.map(|sealed| opened.text(table, row, column, sealed)).transpose()?.flatten())
}
