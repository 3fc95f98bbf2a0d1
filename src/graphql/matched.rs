//! Matches: a term found in a message.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, Enum, ID, Object, SimpleObject};
use entity::message_version::Source;
use entity::{MatchId, r#match};

use super::context::{InOperation, Moment, Operation};
use super::conversation::there;
use super::error::{Failure, Result};
use super::media::{FileOf, MediaOf};
use super::message::{Message, MessageVersion};
use super::node::Kind;
use super::term::WatchedTerm;
use crate::alerts;
use crate::detect::{self, Step, Steps};

/// Which part of a message a text is.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "Source")]
pub enum MatchSource {
    /// The body of a text or system message.
    Text,
    /// The caption of a medium.
    Caption,
    /// The name of a file.
    FileName,
    /// The answer to a button, a list or a flow.
    Interactive,
    /// Names, phones and mails of contact cards.
    ContactCard,
    /// Name and address of a place.
    Location,
    /// The words of an order.
    Order,
    /// The advertisement the chat began from.
    Referral,
}

/// Something that had to be folded away before a text equalled its pattern.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "Step")]
pub enum FoldStep {
    /// Upper or lower case.
    Case,
    /// Accents and other marks.
    Accent,
    /// Full-width, mathematical, circled or squared letters.
    Width,
    /// Letters of another script that look alike.
    Lookalike,
    /// Digits and signs in place of letters.
    Leet,
    /// Repeated letters.
    Repeat,
    /// Letters spaced out or separated by punctuation.
    Spacing,
    /// Invisible characters.
    Invisible,
    /// A letter masked by a sign.
    Mask,
}

/// Where in a text a term was found.
#[derive(SimpleObject)]
pub struct Span {
    /// Its first character, counted in Unicode scalar values from 0, in that version's text of that source.
    start: i32,
    /// The character after its last.
    end: i32,
    /// What stands there, as it was written; null for roles that read no content, and once it is erased.
    text: Option<String>,
}

/// A term that was found.
pub struct Match(pub Arc<r#match::Model>);

impl Loader<MatchId> for Moment {
    type Value = Arc<r#match::Model>;
    type Error = Failure;

    async fn load(&self, ids: &[MatchId]) -> Result<HashMap<MatchId, Arc<r#match::Model>>> {
        let found = alerts::matches_by_id(self.tx().await?, ids).await?;
        Ok(found.into_iter().map(|(id, row)| (id, Arc::new(row))).collect())
    }
}

impl Match {
    async fn found_in(&self, operation: &Operation) -> Result<Message> {
        Ok(Message(there(operation.load(self.0.message_id).await?)?))
    }

    /// The whole text it was found in, for who may read it; that it was shown is entered into the journal.
    async fn source(&self, operation: &Operation) -> Result<Option<String>> {
        let message = self.found_in(operation).await?;
        let Some(content) = message.content(operation).await? else { return Ok(None) };
        let version = content.versions.iter().find(|version| version.id == self.0.version_id);
        let text = match self.0.source {
            Source::FileName => file_name(operation, &message).await?,
            Source::Referral => version.and_then(|version| version.referral.clone()),
            Source::Text
            | Source::Caption
            | Source::Interactive
            | Source::ContactCard
            | Source::Location
            | Source::Order => version.and_then(|version| version.text.clone()),
        };
        if text.is_some() {
            operation.note_read(Kind::Message, self.0.message_id.0);
        }
        Ok(text)
    }
}

async fn file_name(operation: &Operation, message: &Message) -> Result<Option<String>> {
    let Some(media) = operation.load(MediaOf(message.0.id)).await? else { return Ok(None) };
    Ok(operation.load(FileOf(media)).await?.and_then(|file| file.name.clone()))
}

/// A term that was found in one version of a message.
#[Object]
impl Match {
    /// Names the match for good.
    pub(super) async fn id(&self) -> ID {
        Kind::Match.id(self.0.id.0)
    }

    /// The term, as it is watched now or was when it was deleted.
    async fn term(&self, ctx: &Context<'_>) -> Result<WatchedTerm> {
        Ok(WatchedTerm(there(ctx.operation()?.load(self.0.term_id).await?)?))
    }

    /// The message it was found in.
    async fn message(&self, ctx: &Context<'_>) -> Result<Message> {
        self.found_in(ctx.operation()?).await
    }

    /// The version of the message it was found in.
    async fn version(&self, ctx: &Context<'_>) -> Result<MessageVersion> {
        let operation = ctx.operation()?;
        let versions = self.found_in(operation).await?.told(operation).await?;
        there(versions.into_iter().find(|version| version.version.id == self.0.version_id))
    }

    /// Which part of the message it was found in.
    #[graphql(name = "source")]
    async fn part(&self) -> MatchSource {
        self.0.source.into()
    }

    /// Where it stands: one place for a word or phrase, one for each operand of AND and NEAR.
    async fn spans(&self, ctx: &Context<'_>) -> Result<Vec<Span>> {
        let text = match ctx.look_ahead().field("text").exists() {
            true => self.source(ctx.operation()?).await?,
            false => None,
        };
        Ok(alerts::spans(&self.0)?.into_iter().map(|(start, end)| Span::cut(start, end, text.as_deref())).collect())
    }

    /// What had to be folded away to see it; empty where it stands there as the pattern is written.
    async fn steps(&self) -> Vec<FoldStep> {
        Steps::from_bits(u16::from_le_bytes(self.0.steps.to_le_bytes())).iter().map(Into::into).collect()
    }

    /// The term's pattern as it stood when it matched; null for a detector.
    async fn pattern(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Ok(there(ctx.operation()?.load(self.0.term_version_id).await?)?.pattern.clone())
    }

    /// The whole text of the part it was found in, as that version of the message has it.
    async fn source_text(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        self.source(ctx.operation()?).await
    }
}

impl Span {
    pub(super) fn cut(start: u32, end: u32, text: Option<&str>) -> Self {
        let at = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
        let text = text.and_then(|text| detect::slice(text, at(start), at(end))).map(str::to_owned);
        let number = |offset: u32| i32::try_from(offset).unwrap_or(i32::MAX);
        Self { start: number(start), end: number(end), text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_cut_by_characters_of_the_text_it_was_found_in() {
        let span = Span::cut(2, 9, Some("é propina!"));
        assert_eq!((span.start, span.end, span.text.as_deref()), (2, 9, Some("propina")));
    }

    #[test]
    fn a_span_without_its_text_keeps_its_place() {
        for text in [None, Some("curto")] {
            let span = Span::cut(9, 16, text);
            assert_eq!((span.start, span.end, span.text), (9, 16, None));
        }
    }
}
