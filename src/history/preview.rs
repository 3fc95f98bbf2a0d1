//! Trying a term before anybody watches for it: on a given text, and on the newest stored messages.

use std::sync::Arc;
use std::time::{Duration, Instant};

use entity::message_version::Source;
use entity::{ConversationId, Timestamp, message};
use sea_orm::ColumnTrait;
use sea_orm::sea_query::Order;
use serde_json::json;
use tokio::sync::Semaphore;

use super::rate::{Grouping, expected, per_day, widen};
use super::words::{Hits, Unopened, Words, off_the_serving_threads, scan_all};
use crate::core::Core;
use crate::db::{TenantProof, TenantScope, TenantTx};
use crate::detect::{Matcher, Scratch};
use crate::error::{Error, Result};
use crate::inbox::scan::{self, Found};
use crate::journal::{self, Actor, Chain, Entry, Kind};
use crate::policies::{TOO_COMMON, TrialTerm, ordinary_share};
use crate::refusal::{Outcome, Refusal, RefusalCode, lawful};

/// Characters of a text that a term is tried on: as many as a message can have, sixteen times.
const MAX_SAMPLE: usize = 65_536;
/// Messages that one preview looks at.
const MAX_MESSAGES: usize = 2_000;
/// How long one preview looks at messages.
const MAX_TIME: Duration = Duration::from_millis(500);
/// Messages loaded at once.
const PAGE: usize = 250;
/// Messages shown of those that match.
const MAX_EXAMPLES: usize = 10;
/// Previews of history at once on one node: what comes in has processors left.
const AT_ONCE: usize = 2;

/// What a term would have found.
#[derive(Default)]
pub struct Preview {
    /// In the given text.
    pub sample: Vec<Found>,
    /// What speaks against the term, in a sentence.
    pub warning: Option<String>,
    /// Messages with words that were scanned.
    pub scanned: usize,
    /// Messages with nothing readable.
    pub not_scanned: usize,
    /// Matches in the messages scanned.
    pub hits: usize,
    /// Alerts a day that the term would raise.
    pub alerts_per_day: f64,
    /// Whether all that is stored was looked at.
    pub is_complete: bool,
    /// Some of the newest messages that match.
    pub examples: Vec<Example>,
}

/// A stored message that matches. Content: no `Debug`.
pub struct Example {
    /// Which.
    pub message: Arc<message::Model>,
    /// Which part of it.
    pub source: Source,
    /// That part's words, in the version that matches.
    pub text: String,
    /// Where.
    pub found: Found,
}

/// Tries terms.
pub struct Previews {
    at_once: Semaphore,
}

impl Default for Previews {
    fn default() -> Self {
        Self { at_once: Semaphore::new(AT_ONCE) }
    }
}

impl Previews {
    /// Tries a term on a text, and on stored history where that is wanted. A term that is found nearly everywhere is
    /// told so, and history is left unopened. What was opened is entered into the journal of readings.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn preview(
        &self,
        core: &Core,
        proof: &impl TenantProof,
        actor: Actor,
        term: TrialTerm,
        sample: Arc<str>,
        with_history: bool,
    ) -> Outcome<Preview> {
        let matcher = Arc::new(lawful!(term.compile()?));
        if sample.chars().nth(MAX_SAMPLE).is_some() {
            let message = format!("A term is tried on a text of at most {MAX_SAMPLE} characters.");
            return Ok(Err(Refusal::field(RefusalCode::TooLong, "sampleText", message)));
        }
        let trial = Arc::clone(&matcher);
        let look = move || (scan::text(&trial, Source::Text, &sample, &mut Scratch::default()), ordinary_share(&trial));
        let (sample, share) = off_the_serving_threads(look).await?;
        let mut preview = Preview { sample, ..Preview::default() };
        if !with_history {
            return Ok(Ok(preview));
        }
        let stopping = |error| Error::unavailable("The server is stopping.").because(error);
        let _turn = self.at_once.acquire().await.map_err(stopping)?;
        let scope = core.db.scope(proof);
        if share > TOO_COMMON {
            let rate = common_rate(&scope, share).await?;
            preview.warning = Some(too_common(share, rate));
            preview.alerts_per_day = rate.unwrap_or_default();
            return Ok(Ok(preview));
        }
        newest(core, &scope, &matcher, &mut preview).await?;
        enter(core, &scope, actor, &preview).await?;
        Ok(Ok(preview))
    }
}

/// Refuses a term that is found nearly everywhere.
pub(super) async fn refuse_common(scope: &TenantScope, matcher: Arc<Matcher>) -> Outcome<()> {
    let share = off_the_serving_threads(move || ordinary_share(&matcher)).await?;
    if share <= TOO_COMMON {
        return Ok(Ok(()));
    }
    let message = too_common(share, common_rate(scope, share).await?);
    Ok(Err(Refusal::field(RefusalCode::Invalid, "pattern", message)))
}

fn too_common(share: f64, rate: Option<f64>) -> String {
    let rate = rate.map(|rate| format!(", about {rate:.1} alerts a day with your messages")).unwrap_or_default();
    format!(
        "The term is found in {:.0} % of ordinary chat lines{rate}. History was not scanned: make the term longer or \
         narrower.",
        share * 100.0
    )
}

/// Alerts a day of a term that is found in this share of all messages, from when the newest were sent; none without
/// any.
async fn common_rate(scope: &TenantScope, share: f64) -> Result<Option<f64>> {
    let tx = scope.read().await?;
    let rows = tx
        .rows::<message::Entity>()
        .order_by(message::Column::Id, Order::Desc)
        .limit(MAX_MESSAGES as u64)
        .all()
        .await?;
    tx.commit().await?;
    if rows.is_empty() {
        return Ok(None);
    }
    let sent = rows.iter().fold(None, |sent, row| widen(sent, row.sent_at));
    let messages = rows.iter().map(|row| (row.conversation_id, row.sent_at)).collect();
    Ok(Some(per_day(expected(messages, share), sent)))
}

/// Looks at the newest messages, within the budget.
async fn newest(core: &Core, scope: &TenantScope, matcher: &Arc<Matcher>, preview: &mut Preview) -> Result<()> {
    let began = Instant::now();
    let tx = scope.read().await?;
    let (mut before, mut seen, mut sent) = (None, 0, None);
    let mut matched: Vec<(ConversationId, Timestamp)> = Vec::new();
    while seen < MAX_MESSAGES && (seen == 0 || began.elapsed() < MAX_TIME) {
        let mut messages = page_before(&tx, before).await?;
        preview.is_complete = messages.len() <= PAGE;
        messages.truncate(PAGE);
        seen += messages.len();
        before = messages.last().map(|row| row.id);
        sent = messages.iter().fold(sent, |sent, row| widen(sent, row.sent_at));
        let words = Unopened::load(&tx, &core.keyring, messages).await?.open().await?;
        let (scanned, searcher) = (Arc::clone(&words), Arc::clone(matcher));
        let hits = off_the_serving_threads(move || scan_all(&searcher, &scanned)).await?;
        preview.take(&words, hits, &mut matched);
        if preview.is_complete {
            break;
        }
    }
    tx.commit().await?;
    matched.sort_unstable();
    let mut grouping = Grouping { last: None, alerts: 0 };
    for (conversation, sent_at) in matched {
        grouping.take(conversation, sent_at);
    }
    preview.alerts_per_day = per_day(grouping.alerts as f64, sent);
    Ok(())
}

/// A page of the newest messages before one, and one more if there are more. They are in the order they came in, as ids
/// are.
async fn page_before(tx: &TenantTx, before: Option<entity::MessageId>) -> Result<Vec<message::Model>> {
    let mut rows = tx.rows::<message::Entity>();
    if let Some(before) = before {
        rows = rows.filter(message::Column::Id.lt(before));
    }
    rows.order_by(message::Column::Id, Order::Desc).limit(PAGE as u64 + 1).all().await
}

impl Preview {
    fn take(&mut self, words: &[Words], hits: Vec<Hits>, matched: &mut Vec<(ConversationId, Timestamp)>) {
        let readable = words.iter().filter(|words| !words.texts.is_empty()).count();
        self.scanned += readable;
        self.not_scanned += words.len() - readable;
        let mut shown = None;
        for Hits { message: at, version, found } in hits {
            self.hits += found.len();
            let Some(Words { message, texts }) = words.get(at) else { continue };
            matched.push((message.conversation_id, message.sent_at));
            let Some(first) = found.first().filter(|_| shown != Some(at) && self.examples.len() < MAX_EXAMPLES) else {
                continue;
            };
            let text = texts.iter().find(|text| text.version == version && text.source == first.source);
            self.examples.extend(text.map(|text| Example {
                message: Arc::new(message.clone()),
                source: first.source,
                text: text.text.clone(),
                found: first.clone(),
            }));
            shown = Some(at);
        }
    }
}

/// Writes down that a term was tried on so many messages. Which of them are shown is noted where they are.
async fn enter(core: &Core, scope: &TenantScope, actor: Actor, preview: &Preview) -> Result<()> {
    let detail = json!({ "scanned": preview.scanned, "notScanned": preview.not_scanned, "hits": preview.hits });
    let entry = Entry { kind: Kind::HistoryPreviewed, actor, subject: None, detail };
    let mut tx = scope.begin(Chain::Access).await?;
    journal::append(&mut tx, core.clock.now(), vec![entry]).await?;
    tx.commit().await
}
