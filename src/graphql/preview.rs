//! Trying a term before it is watched for.

use std::sync::Arc;

use async_graphql::{Context, InputObject, Object};

use super::context::InOperation;
use super::error::{Result, UserError};
use super::matched::{FoldStep, MatchSource, Span};
use super::message::Message;
use super::node::Kind;
use super::term::{Detector, MatchMode, Strictness};
use crate::auth::policy::Act;
use crate::history::{self, Example, Found, Previews};
use crate::policies::TrialTerm;

/// A term to be tried: a pattern or a detector.
#[derive(InputObject)]
pub struct PreviewTermInput {
    /// The words, as in `createTerm`.
    pattern: Option<String>,
    /// Or the built-in detector.
    detector: Option<Detector>,
    /// Where in a word it may stand.
    #[graphql(default_with = "MatchMode::Word")]
    mode: MatchMode,
    /// How much is folded away before comparing.
    #[graphql(default_with = "Strictness::Disguised")]
    strictness: Strictness,
    /// A text to try it on, of at most 65536 characters. `previewHistory` has no use for it.
    sample_text: Option<String>,
}

impl From<PreviewTermInput> for TrialTerm {
    fn from(input: PreviewTermInput) -> Self {
        Self {
            pattern: input.pattern,
            detector: input.detector.map(Into::into),
            mode: input.mode.into(),
            strictness: input.strictness.into(),
        }
    }
}

/// What a term would have found.
pub struct TermPreview {
    preview: history::Preview,
    sample: Arc<str>,
    errors: Vec<UserError>,
}

fn count(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// What a term would have found, in a given text and in the newest stored messages: at most 2000 of them, and half a
/// second long. Nothing is kept of it, but that messages were looked at. `previewHistory` looks at all of them.
#[Object]
impl TermPreview {
    /// Where it stands in `sampleText`; at most 50 places.
    async fn matches(&self) -> Vec<PreviewMatch> {
        self.preview
            .sample
            .iter()
            .map(|found| PreviewMatch { found: found.clone(), text: Arc::clone(&self.sample) })
            .collect()
    }

    /// What speaks against the term: it is found nearly everywhere. Then history is not scanned, and the estimate is
    /// made from how often it stands in ordinary chat lines.
    async fn warning(&self) -> Option<&str> {
        self.preview.warning.as_deref()
    }

    /// Matches in the messages that were scanned.
    async fn history_hits(&self) -> i32 {
        count(self.preview.hits)
    }

    /// Messages whose words were scanned.
    async fn history_scanned(&self) -> i32 {
        count(self.preview.scanned)
    }

    /// Messages that were looked at and have nothing readable: voice notes, pictures without a caption, what was
    /// erased.
    async fn history_not_scanned(&self) -> i32 {
        count(self.preview.not_scanned)
    }

    /// Messages that are stored; counted only when it is asked for.
    async fn history_total(&self, ctx: &Context<'_>) -> Result<Option<i32>> {
        let loads = ctx.operation()?.loads();
        let total = history::count_messages(loads.moment().tx().await?).await?;
        Ok(Some(i32::try_from(total).unwrap_or(i32::MAX)))
    }

    /// Alerts a day that the term would raise, over the time from the oldest message looked at to the newest, a day at
    /// least: matches less than a day apart in one conversation are one alert.
    async fn estimated_alerts_per_day(&self) -> f64 {
        self.preview.alerts_per_day
    }

    /// Whether all that is stored was looked at.
    async fn is_complete(&self) -> bool {
        self.preview.is_complete
    }

    /// Some of the newest messages that match, at most 10. That they were shown is entered into the journal.
    async fn examples(&self, ctx: &Context<'_>) -> Result<Vec<PreviewExample<'_>>> {
        let operation = ctx.operation()?;
        for example in &self.preview.examples {
            operation.note_read(Kind::Message, example.message.id.0);
        }
        Ok(self.preview.examples.iter().map(PreviewExample).collect())
    }

    /// Why the term may not be watched for; then nothing was looked at.
    async fn errors(&self) -> &[UserError] {
        &self.errors
    }
}

/// A place in `sampleText` where the term was found.
pub struct PreviewMatch {
    found: Found,
    text: Arc<str>,
}

/// A place in the given text where the term was found.
#[Object]
impl PreviewMatch {
    /// Where it stands: one place for a word or phrase, one for each operand of AND and NEAR.
    async fn spans(&self) -> Vec<Span> {
        spans(&self.found, &self.text)
    }

    /// What had to be folded away to see it; empty where it stands there as the pattern is written.
    async fn steps(&self) -> Vec<FoldStep> {
        self.found.steps.iter().map(Into::into).collect()
    }
}

/// A stored message that matches.
pub struct PreviewExample<'p>(&'p Example);

/// A stored message in which the term was found; the first match of it.
#[Object]
impl PreviewExample<'_> {
    /// The message.
    async fn message(&self) -> Message {
        Message(Arc::clone(&self.0.message))
    }

    /// Which part of the message it was found in.
    async fn source(&self) -> MatchSource {
        self.0.source.into()
    }

    /// The whole text of that part, in the version of the message that matches.
    async fn source_text(&self) -> &str {
        &self.0.text
    }

    /// Where it stands in that text.
    async fn spans(&self) -> Vec<Span> {
        spans(&self.0.found, &self.0.text)
    }

    /// What had to be folded away to see it.
    async fn steps(&self) -> Vec<FoldStep> {
        self.0.found.steps.iter().map(Into::into).collect()
    }
}

fn spans(found: &Found, text: &str) -> Vec<Span> {
    let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    found.spans.iter().map(|span| Span::cut(number(span.start), number(span.end), Some(text))).collect()
}

/// Fields whose answer needs no stored message.
const OF_THE_SAMPLE: [&str; 4] = ["matches", "errors", "historyTotal", "__typename"];

/// Trying terms.
#[derive(Default)]
pub struct PreviewQuery;

#[Object]
impl PreviewQuery {
    /// What a term would have found, on a given text and on stored history, before it is watched for. History is looked
    /// at only where a field asks for what is in it. For data managers.
    async fn preview_term(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The term.")] input: PreviewTermInput,
    ) -> Result<Option<TermPreview>> {
        let operation = ctx.operation()?;
        let session = operation.tenant(Act::PreviewTerms)?;
        let actor = operation.caller()?.actor();
        let with_history = ctx.field().selection_set().any(|field| !OF_THE_SAMPLE.contains(&field.name()));
        let sample: Arc<str> = input.sample_text.clone().unwrap_or_default().into();
        let outcome = ctx
            .part::<Previews>()?
            .preview(&operation.core, &session, actor, input.into(), Arc::clone(&sample), with_history)
            .await?;
        let (preview, errors) = match outcome {
            Ok(preview) => (preview, Vec::new()),
            Err(refusal) => (history::Preview::default(), vec![refusal.into()]),
        };
        Ok(Some(TermPreview { preview, sample, errors }))
    }
}
