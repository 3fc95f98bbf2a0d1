//! Messages, and what they say.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object};
use entity::message_version::Kind as EntityVersionKind;
use entity::{MessageId, message};

use super::contact::{Contact, ContentState};
use super::context::{InOperation, Operation};
use super::conversation::{Conversation, there};
use super::error::Result;
use super::media::{Media, MediaOf};
use super::message_loads::{Around, ContentOf, ReactionsOf, ReplyTo, VersionsOf};
use super::node::Kind;
use super::scalar::DateTime;
use crate::auth::policy::Act;
use crate::dialogue::{self, Content};
use crate::error::Error;

/// Neighbours that are shown each way unless asked otherwise.
const AROUND: i32 = 5;
/// Neighbours that are shown each way at most.
const MAX_AROUND: i32 = 20;

/// Who wrote a message.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "message::Direction")]
pub enum Direction {
    /// The contact, to the company.
    Inbound,
    /// The company, to the contact.
    Outbound,
}

/// How Vigia came by a message.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "message::Origin")]
pub enum MessageOrigin {
    /// Received as it was written.
    Live,
    /// Typed by staff on the phone, and told by WhatsApp as it happened.
    Echo,
    /// Handed over by the phone when it was connected.
    History,
    /// Read from an exported chat.
    Import,
}

/// What kind of message it is.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "message::Kind")]
pub enum MessageKind {
    /// Words.
    Text,
    /// A picture.
    Image,
    /// A voice note or a sound file.
    Audio,
    /// A film.
    Video,
    /// A file.
    Document,
    /// A sticker.
    Sticker,
    /// A place.
    Location,
    /// One or more contact cards.
    Contacts,
    /// The answer to a button, a list or a flow.
    Interactive,
    /// A template's quick reply.
    Button,
    /// An order from a catalogue.
    Order,
    /// Said by WhatsApp, not by a person.
    System,
    /// Something that the provider could not carry.
    Unsupported,
    /// A type that Vigia does not know yet; it is kept whole.
    Unknown,
}

/// How far a message of the company's got.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "message::Delivery")]
pub enum DeliveryStatus {
    /// Taken by the provider.
    Sent,
    /// On the recipient's phone.
    Delivered,
    /// Read.
    Read,
    /// Listened to or watched.
    Played,
    /// Not delivered; `errorCodes` says why.
    Failed,
}

/// What made a version of a message.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "EntityVersionKind")]
pub enum VersionKind {
    /// It was sent.
    Original,
    /// Its author changed it.
    Edit,
    /// Its author deleted it.
    Deletion,
}

/// A message.
pub struct Message(pub Arc<message::Model>);

impl Message {
    /// What it says, for who may read it. Nothing is loaded for who may not.
    pub(super) async fn content(&self, operation: &Operation) -> Result<Option<Arc<Content>>> {
        if !operation.may(Act::ReadContent) {
            return Ok(None);
        }
        operation.load(ContentOf(Arc::clone(&self.0))).await
    }

    /// Its versions: with their words, for who may read them.
    pub(super) async fn told(&self, operation: &Operation) -> Result<Vec<MessageVersion>> {
        let version = |version: &dialogue::Version| MessageVersion { of: self.0.id, version: version.clone() };
        if let Some(content) = self.content(operation).await? {
            return Ok(content.versions.iter().map(version).collect());
        }
        let versions = operation.load(VersionsOf(self.0.id)).await?;
        Ok(versions.iter().flat_map(|versions| versions.iter()).map(version).collect())
    }

    /// One thing that it says; that it was shown is entered into the journal.
    async fn shown(&self, ctx: &Context<'_>, part: fn(&Content) -> Option<&str>) -> Result<Option<String>> {
        let operation = ctx.operation()?;
        let shown = self.content(operation).await?.and_then(|content| part(&content).map(str::to_owned));
        if shown.is_some() {
            operation.note_read(Kind::Message, self.0.id.0);
        }
        Ok(shown)
    }

    async fn is_captured(&self, operation: &Operation, content: &Content) -> Result<bool> {
        Ok(match self.0.kind {
            message::Kind::Unsupported => false,
            message::Kind::Unknown => content.has_text() || operation.load(MediaOf(self.0.id)).await?.is_some(),
            _ => true,
        })
    }
}

/// A message between the company and a contact, or in a group. What its author changed or deleted stays readable.
#[Object]
impl Message {
    /// Names the message for good.
    pub(super) async fn id(&self) -> ID {
        Kind::Message.id(self.0.id.0)
    }

    /// Where it was said.
    async fn conversation(&self, ctx: &Context<'_>) -> Result<Conversation> {
        Ok(Conversation(there(ctx.operation()?.load(self.0.conversation_id).await?)?))
    }

    /// Whether the contact or the company wrote it.
    async fn direction(&self) -> Direction {
        self.0.direction.into()
    }

    /// How Vigia came by it.
    async fn origin(&self) -> MessageOrigin {
        self.0.origin.into()
    }

    /// What kind it is.
    async fn kind(&self) -> MessageKind {
        self.0.kind.into()
    }

    /// Whether all of it is words, and was scanned. False for what holds a sound, a picture, a film or a file, and for
    /// what the provider could not carry: their captions and file names are scanned all the same.
    async fn is_scanned(&self) -> bool {
        dialogue::is_scanned(self.0.kind)
    }

    /// Whether what it says can be read.
    async fn content_state(&self, ctx: &Context<'_>) -> Result<ContentState> {
        let operation = ctx.operation()?;
        let Some(content) = self.content(operation).await? else { return Ok(ContentState::Forbidden) };
        if content.is_erased {
            return Ok(ContentState::Erased);
        }
        let is_captured = self.is_captured(operation, &content).await?;
        Ok(if is_captured { ContentState::Available } else { ContentState::NotCaptured })
    }

    /// Its words as they stand now, or stood when it was deleted: the body, a caption, or the words of an interactive
    /// answer, a button, a list, a flow, a place, an order or a contact card.
    async fn text(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        self.shown(ctx, Content::text).await
    }

    /// Who wrote it; null when the company did.
    async fn sender(&self) -> Option<Contact> {
        self.0.sender_id.map(Contact)
    }

    /// The provider's id of it. Personal data: it holds the contact's phone.
    async fn provider_id(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        self.shown(ctx, |content| content.provider_id.as_deref()).await
    }

    /// When it was sent, as the provider tells.
    async fn sent_at(&self) -> DateTime {
        self.0.sent_at.into()
    }

    /// When Vigia received it.
    async fn received_at(&self) -> DateTime {
        self.0.received_at.into()
    }

    /// What came with it: a picture, a sound, a film, a file or a sticker.
    async fn media(&self, ctx: &Context<'_>) -> Result<Option<Media>> {
        Ok(ctx.operation()?.load(MediaOf(self.0.id)).await?.map(Media))
    }

    /// How far it got; null for what the contact wrote, and while nothing was told.
    async fn delivery_status(&self) -> Option<DeliveryStatus> {
        self.0.delivery.map(Into::into)
    }

    /// The provider's codes for what went wrong with it.
    async fn error_codes(&self) -> Vec<i32> {
        self.0
            .error_codes
            .iter()
            .flat_map(|codes| codes.split_whitespace())
            .filter_map(|code| code.parse().ok())
            .collect()
    }

    /// When its author changed it last.
    async fn edited_at(&self) -> Option<DateTime> {
        self.0.edited_at.map(Into::into)
    }

    /// When its author deleted it.
    async fn deleted_at(&self) -> Option<DateTime> {
        self.0.deleted_at.map(Into::into)
    }

    /// The message it answers; null where that never came.
    async fn reply_to(&self, ctx: &Context<'_>) -> Result<Option<Message>> {
        let Some(index) = self.0.reply_index.clone() else { return Ok(None) };
        Ok(ctx.operation()?.load(ReplyTo(index)).await?.map(Message))
    }

    /// Whether it was forwarded.
    async fn is_forwarded(&self) -> bool {
        self.0.is_forwarded
    }

    /// How it was first and what its author made of it, the original first. Text stays readable after an edit or a
    /// deletion.
    async fn versions(&self, ctx: &Context<'_>) -> Result<Vec<MessageVersion>> {
        self.told(ctx.operation()?).await
    }

    /// The reactions that stand now, the oldest first; none are shown to roles that read no content.
    async fn reactions(&self, ctx: &Context<'_>) -> Result<Vec<Reaction>> {
        let operation = ctx.operation()?;
        if !operation.may(Act::ReadContent) {
            return Ok(Vec::new());
        }
        let standing = operation.load(ReactionsOf(self.0.id)).await?;
        Ok(standing
            .iter()
            .flat_map(|all| all.iter())
            .map(|one| Reaction { of: self.0.id, reaction: one.clone() })
            .collect())
    }

    /// Its neighbours in the conversation by the time they were sent, itself included, the oldest first.
    async fn context(
        &self,
        ctx: &Context<'_>,
        #[graphql(default_with = "Some(AROUND)", desc = "How many before it, from 0 to 20.")] before: Option<i32>,
        #[graphql(default_with = "Some(AROUND)", desc = "How many after it, from 0 to 20.")] after: Option<i32>,
    ) -> Result<Vec<Message>> {
        let around =
            Around { message: Arc::clone(&self.0), before: reach("before", before)?, after: reach("after", after)? };
        let messages = there(ctx.operation()?.load(around).await?)?;
        Ok(messages.iter().cloned().map(Message).collect())
    }
}

fn reach(argument: &'static str, asked: Option<i32>) -> Result<u64> {
    let asked = asked.unwrap_or(AROUND);
    match u64::try_from(asked) {
        Ok(found) if asked <= MAX_AROUND => Ok(found),
        _ => Err(Error::input(format!("\"{argument}\" is {asked}; it must be from 0 to {MAX_AROUND}.")).into()),
    }
}

/// One version of a message.
pub struct MessageVersion {
    of: MessageId,
    pub(super) version: dialogue::Version,
}

/// A message as it was at one time. It never changes.
#[Object]
impl MessageVersion {
    /// Its place among the message's versions: 0 is the original.
    async fn index(&self) -> i32 {
        self.version.index
    }

    /// Its words; null where it has none, and for roles that read no content.
    async fn text(&self, ctx: &Context<'_>) -> Result<Option<&str>> {
        if self.version.text.is_some() {
            ctx.operation()?.note_read(Kind::Message, self.of.0);
        }
        Ok(self.version.text.as_deref())
    }

    /// When it was made.
    async fn at(&self) -> DateTime {
        self.version.at.into()
    }

    /// What made it.
    async fn kind(&self) -> VersionKind {
        self.version.kind.into()
    }
}

/// A reaction.
pub struct Reaction {
    of: MessageId,
    reaction: dialogue::Reaction,
}

/// An emoji that somebody put on a message and that stands now.
#[Object]
impl Reaction {
    /// The emoji.
    async fn emoji(&self, ctx: &Context<'_>) -> Result<&str> {
        ctx.operation()?.note_read(Kind::Message, self.of.0);
        Ok(&self.reaction.emoji)
    }

    /// Who put it on; null when the company did.
    async fn sender(&self) -> Option<Contact> {
        self.reaction.sender.map(Contact)
    }

    /// When it was put on.
    async fn at(&self) -> DateTime {
        self.reaction.at.into()
    }
}
