//! Conversations, and the list of them.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, InputObject, Object};
use entity::{ConversationId, NumberId, conversation, message};

use super::contact::Contact;
use super::context::{InOperation, Moment, Operation};
use super::error::{Failure, Result};
use super::message::Message;
use super::node::Kind;
use super::number::MonitoredNumber;
use super::page::{self, Asked, List, Nodes};
use super::scalar::{DateTime, PhoneNumber};
use crate::auth::policy::Act;
use crate::db::Page;
use crate::dialogue::{self, Window};
use crate::error::Error;

/// One number with one contact, or a group.
pub struct Conversation(pub Arc<conversation::Model>);

impl Loader<ConversationId> for Moment {
    type Value = Arc<conversation::Model>;
    type Error = Failure;

    async fn load(&self, ids: &[ConversationId]) -> Result<HashMap<ConversationId, Arc<conversation::Model>>> {
        let found = dialogue::conversations_by_id(self.tx().await?, ids).await?;
        Ok(found.into_iter().map(|(id, row)| (id, Arc::new(row))).collect())
    }
}

/// A page of a conversation's messages.
#[derive(Clone, PartialEq, Eq, Hash)]
struct MessagesOf(Window);

impl Loader<MessagesOf> for Moment {
    type Value = Arc<Page<Arc<message::Model>>>;
    type Error = Failure;

    async fn load(&self, keys: &[MessagesOf]) -> Result<HashMap<MessagesOf, Self::Value>> {
        let windows: Vec<Window> = keys.iter().map(|key| key.0).collect();
        let pages = dialogue::messages_of(self.tx().await?, &windows).await?;
        Ok(keys.iter().cloned().zip(pages.into_iter().map(shared)).collect())
    }
}

/// How many of a conversation's messages hold what was not scanned.
#[derive(Clone, PartialEq, Eq, Hash)]
struct NotScannedOf(ConversationId);

impl Loader<NotScannedOf> for Moment {
    type Value = u64;
    type Error = Failure;

    async fn load(&self, keys: &[NotScannedOf]) -> Result<HashMap<NotScannedOf, u64>> {
        let conversations: Vec<ConversationId> = keys.iter().map(|key| key.0).collect();
        let found = dialogue::not_scanned(self.tx().await?, &conversations).await?;
        Ok(found.into_iter().map(|(id, count)| (NotScannedOf(id), count)).collect())
    }
}

/// A page that several fields may hold.
pub(super) fn shared<T>(page: Page<T>) -> Arc<Page<Arc<T>>> {
    let rows = page.rows.into_iter().map(Arc::new).collect();
    Arc::new(Page { rows, has_next: page.has_next, has_previous: page.has_previous })
}

/// One field's own copy of it.
pub(super) fn own<T>(page: Option<Arc<Page<Arc<T>>>>) -> Result<Page<Arc<T>>> {
    let page = page.ok_or_else(|| Error::internal("A page of a list was not loaded."))?;
    Ok(Page { rows: page.rows.clone(), has_next: page.has_next, has_previous: page.has_previous })
}

/// What a row points at and the schema's keys hold to be there.
pub(super) fn there<T>(found: Option<T>) -> Result<T> {
    Ok(found.ok_or_else(|| Error::internal("What a row points at is not there."))?)
}

/// One number with one contact, or a group.
#[Object]
impl Conversation {
    /// Names the conversation for good.
    pub(super) async fn id(&self) -> ID {
        Kind::Conversation.id(self.0.id.0)
    }

    /// The company's number it is held on.
    async fn number(&self, ctx: &Context<'_>) -> Result<MonitoredNumber> {
        Ok(MonitoredNumber(there(ctx.operation()?.load(self.0.number_id).await?)?))
    }

    /// Whether it is a group.
    async fn is_group(&self) -> bool {
        self.0.contact_id.is_none()
    }

    /// The other person; null for a group.
    async fn contact(&self) -> Option<Contact> {
        self.0.contact_id.map(Contact)
    }

    /// When the newest message was sent.
    async fn last_message_at(&self) -> DateTime {
        self.0.last_message_at.into()
    }

    /// How many of its messages hold what was not scanned: sounds, pictures, films, files, and what the provider could
    /// not carry.
    async fn not_scanned_count(&self, ctx: &Context<'_>) -> Result<i32> {
        let count = ctx.operation()?.load(NotScannedOf(self.0.id)).await?.unwrap_or_default();
        Ok(i32::try_from(count).unwrap_or(i32::MAX))
    }

    /// What was said, the oldest first.
    async fn messages(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many of the oldest, from 1 to 100; 50 if neither is given.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many of the newest, from 1 to 100, still the oldest of them first.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Nodes<Message>> {
        let operation = ctx.operation()?;
        let list = List::new(operation, "messages", self.0.id.0);
        let window = Window::new(self.0.id.0, &list.args(&Asked { first, after, last, before })?);
        let page = own(operation.load(MessagesOf(window)).await?)?;
        let loads = operation.loads();
        let total = page::total(ctx, dialogue::count_messages(loads.moment().tx().await?, self.0.id)).await?;
        Ok(list.connection(page, total, |row| dialogue::message_position(row), Message))
    }
}

/// Which conversations; what is left out narrows nothing.
#[derive(InputObject, Default)]
pub struct ConversationFilter {
    /// Only those on this number.
    number_id: Option<ID>,
    /// Only those with the person of this phone, now or before, written with Brazil's ninth digit or without. For roles
    /// that read content.
    contact_phone: Option<PhoneNumber>,
    /// Only those with an alert, or only those without.
    has_alerts: Option<bool>,
}

impl ConversationFilter {
    fn read(self, operation: &Operation) -> Result<dialogue::ConversationFilter> {
        // Whoever reads no phones must not find out by guessing whose conversation it is either.
        if self.contact_phone.is_some() {
            operation.must(Act::ReadContent)?;
        }
        Ok(dialogue::ConversationFilter {
            number: self.number_id.map(|id| NumberId(Kind::Number.row(&id))),
            contact_phone: self.contact_phone.map(|phone| phone.0),
            has_alerts: self.has_alerts,
        })
    }
}

/// The conversations of the company.
#[derive(Default)]
pub struct ConversationQuery;

#[Object]
impl ConversationQuery {
    /// The company's conversations, the one with the newest message first.
    async fn conversations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, from 1 to 100; 50 if neither is given.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, from 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which ones; all if left out.")] filter: Option<ConversationFilter>,
    ) -> Result<Option<Nodes<Conversation>>> {
        let operation = ctx.operation()?;
        operation.tenant(Act::ReadConversations)?;
        let filter = filter.unwrap_or_default().read(operation)?;
        let list = List::root(operation, "conversations");
        let args = list.args(&Asked { first, after, last, before })?;
        let loads = operation.loads();
        let (tx, keyring) = (loads.moment().tx().await?, &operation.core.keyring);
        let page = dialogue::conversations(tx, keyring, &filter, &args).await?;
        let total = page::total(ctx, dialogue::count_conversations(tx, keyring, &filter)).await?;
        let node = |row| Conversation(Arc::new(row));
        Ok(Some(list.connection(page, total, dialogue::conversation_position, node)))
    }
}
