//! A history scan at work: page after page through the conversations, each in the order of time.
//!
//! A page is loaded, opened and scanned with nothing locked; then one transaction writes what was found, the progress
//! and the lease together. So a page counts once, whoever did it and whatever became of them, and what comes in waits
//! for no more than those few statements.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use entity::history_scan::{self, Failure, State};
use entity::message_version::Source;
use entity::{
    AlertId, ConversationId, HistoryScanId, MessageId, PolicyId, PolicyVersionId, TermId, Timestamp, VersionId, alert,
    r#match, message,
};
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::sea_query::{Expr, ExprTrait, Order};

use super::rate::{Grouping, widen};
use super::words::{Hits, Unopened, Words, off_the_serving_threads, scan_all};
use super::{ended, find, is_unfinished, open_pattern};
use crate::core::Core;
use crate::db::{Claimed, TenantScope, TenantTx};
use crate::detect::Matcher;
use crate::dialogue;
use crate::error::{Error, Result};
use crate::inbox::alerts::{Alerts, Place, spans};
use crate::inbox::scan::Found;
use crate::jobs::{LEASE, Next, after};
use crate::journal::{Actor, Chain, Entry};
use crate::keys;
use crate::policies::{self, Compiled, Matchers, TermMeta, TrialTerm};
use crate::telemetry::Metrics;

/// Messages of one page.
const PAGE: usize = 250;
/// How long a scan walks before the jobs of other tenants have their turn.
const TURN: Duration = Duration::from_secs(2);
/// How often policies may change under one page before it is tried again later.
const MAX_EPOCHS: usize = 5;
/// How long a suspended tenant's scan waits before it looks again.
const SUSPENDED: Duration = Duration::from_secs(300);

/// What finds: all that the tenant watches, or a term that is only tried.
enum Finder {
    Policy(PolicyId, Arc<Compiled>),
    Trial(Box<Matcher>),
}

impl Finder {
    fn matcher(&self) -> &Matcher {
        match self {
            Self::Policy(_, compiled) => &compiled.matcher,
            Self::Trial(matcher) => matcher,
        }
    }

    /// Whether it finds anything at all: a policy that was paused does not.
    fn finds(&self) -> bool {
        match self {
            Self::Policy(policy, compiled) => compiled.terms.iter().any(|term| term.policy == *policy),
            Self::Trial(_) => true,
        }
    }
}

/// A scan's turn.
struct Walk<'a> {
    core: &'a Core,
    matchers: &'a Matchers,
    metrics: &'a Metrics,
    scope: TenantScope,
    id: HistoryScanId,
}

/// Walks on with a scan until its turn is over, or `stops`.
///
/// # Errors
/// What the database says; what was walked until then is kept.
pub(crate) async fn walk(
    core: &Core,
    matchers: &Matchers,
    metrics: &Metrics,
    claimed: &mut Claimed,
    stops: impl Fn() -> bool,
) -> Result<Next> {
    let scope = core.db.scope(claimed);
    let walk = Walk { core, matchers, metrics, scope, id: HistoryScanId(claimed.subject()) };
    let began = Instant::now();
    loop {
        let next = walk.page(claimed).await?;
        if !matches!(next, Next::After(Duration::ZERO)) || stops() || began.elapsed() >= TURN {
            return Ok(next);
        }
    }
}

/// Ends a scan that failed too often.
///
/// # Errors
/// What the database says.
pub(crate) async fn give_up(core: &Core, claimed: &Claimed) -> Result<()> {
    let tx = core.db.scope(claimed).begin(Chain::Event).await?;
    let scan = find(&tx, HistoryScanId(claimed.subject())).await?.filter(is_unfinished);
    if !tx.end_job(claimed).await? {
        return tx.rollback().await;
    }
    let Some(mut scan) = scan else { return tx.commit().await };
    finish(core, &mut scan, State::Failed, Some(Failure::GivenUp));
    save(&tx, &scan).await?;
    policies::finish(core, tx, vec![ended(Actor::SYSTEM, &scan)]).await
}

/// A page that was scanned, to be written.
struct Scanned<'p> {
    finder: &'p Finder,
    words: &'p [Words],
    hits: Vec<Hits>,
    /// The last message of it, wanted or not.
    reached: Option<(ConversationId, Timestamp, MessageId)>,
    is_last: bool,
}

impl Walk<'_> {
    /// One page. Answers `After(ZERO)` while there is more.
    async fn page(&self, claimed: &mut Claimed) -> Result<Next> {
        let tx = self.scope.read().await?;
        let Some(scan) = find(&tx, self.id).await?.filter(is_unfinished) else { return Ok(Next::Done) };
        let mut messages = messages_after(&tx, &scan).await?;
        let is_last = messages.len() <= PAGE;
        messages.truncate(PAGE);
        let reached = messages.last().map(|row| (row.conversation_id, row.sent_at, row.id));
        messages.retain(|row| {
            scan.sent_after.is_none_or(|at| row.sent_at >= at) && scan.sent_before.is_none_or(|at| row.sent_at < at)
        });
        let unopened = Unopened::load(&tx, &self.core.keyring, messages).await?;
        let pattern = open_pattern(&keys::of_tenant(&tx, &self.core.keyring).await?, &scan)?;
        tx.commit().await?;
        let words = unopened.open().await?;
        let mut finder = Arc::new(self.finder(&scan, pattern).await?);
        for _ in 0..MAX_EPOCHS {
            let hits = find_in(&finder, &words).await?;
            let tx = self.scope.begin(Chain::Event).await?;
            if tx.head()?.suspended_at.is_some() {
                tx.rollback().await?;
                return Ok(Next::After(SUSPENDED));
            }
            let epoch = tx.head()?.policy_epoch;
            if let Finder::Policy(policy, compiled) = &*finder
                && compiled.epoch != epoch
            {
                // A policy changed since the scan: the page is scanned again, with the head released.
                tx.rollback().await?;
                let compiled = self.matchers.get(self.core, &self.scope, Some(epoch)).await?;
                finder = Arc::new(Finder::Policy(*policy, compiled));
                continue;
            }
            return self.write(tx, claimed, Scanned { finder: &finder, words: &words, hits, reached, is_last }).await;
        }
        Err(Error::unavailable("The company's terms change too fast."))
    }

    async fn finder(&self, scan: &history_scan::Model, pattern: Option<String>) -> Result<Finder> {
        if let Some(policy) = scan.policy_id {
            return Ok(Finder::Policy(policy, self.matchers.get(self.core, &self.scope, None).await?));
        }
        let lost = || Error::internal("A history scan is of no policy and of no term.");
        let (mode, strictness) = scan.mode.zip(scan.strictness).ok_or_else(lost)?;
        let trial = TrialTerm { pattern, detector: scan.detector, mode, strictness };
        let refused = |_| Error::internal("A term that is tried on history may not be watched for any more.");
        Ok(Finder::Trial(Box::new(trial.compile()?.map_err(refused)?)))
    }

    /// Writes what a page brought, its progress and the lease: all or nothing.
    async fn write(&self, mut tx: TenantTx, claimed: &mut Claimed, page: Scanned<'_>) -> Result<Next> {
        let Some(mut scan) = find(&tx, self.id).await?.filter(is_unfinished) else { return given_up(tx).await };
        if !tx.renew_job(claimed, after(self.core.clock.now(), LEASE)).await? {
            return given_up(tx).await;
        }
        let mut entries = Vec::new();
        if page.finder.finds() {
            let counts = match page.finder {
                Finder::Policy(_, compiled) => self.alert(&mut tx, compiled, &page, &mut entries).await?,
                Finder::Trial(_) => count(&scan, &page),
            };
            advance(&mut scan, &page, &counts);
            self.metrics.alerts_raised(if scan.policy_id.is_some() { counts.alerts } else { 0 });
            if page.is_last {
                finish(self.core, &mut scan, State::Done, None);
            }
        } else {
            finish(self.core, &mut scan, State::Failed, Some(Failure::NothingToFind));
        }
        let is_over = !is_unfinished(&scan);
        if is_over {
            tx.end_job(claimed).await?;
            entries.push(ended(Actor::SYSTEM, &scan));
        }
        save(&tx, &scan).await?;
        policies::finish(self.core, tx, entries).await?;
        Ok(if is_over { Next::Done } else { Next::After(Duration::ZERO) })
    }

    /// From what was found to matches and alerts, without those that this version of the policy has already.
    async fn alert(
        &self,
        tx: &mut TenantTx,
        compiled: &Compiled,
        page: &Scanned<'_>,
        entries: &mut Vec<Entry>,
    ) -> Result<Counts> {
        let matched: Vec<(&message::Model, &Hits)> =
            page.hits.iter().filter_map(|hits| Some((&page.words.get(hits.message)?.message, hits))).collect();
        if matched.is_empty() {
            return Ok(Counts::default());
        }
        let known = known(tx, matched.iter().map(|(message, _)| message.id)).await?;
        let is_new = |version, found: &Found| {
            meta(compiled, found.term).is_some_and(|term| {
                !known.contains(&(term.policy_version, version, found.source, term.term, spans(&found.spans)))
            })
        };
        let conversations: HashSet<ConversationId> =
            matched.iter().map(|(message, _)| message.conversation_id).collect();
        let conversations: Vec<ConversationId> = conversations.into_iter().collect();
        let numbers = dialogue::conversations_by_id(tx, &conversations).await?;
        let mut alerts = Alerts::load(tx, conversations).await?;
        let mut raised = 0;
        for (message, hits) in matched {
            let Some(conversation) = numbers.get(&message.conversation_id) else { continue };
            let place = Place {
                conversation: message.conversation_id,
                number: conversation.number_id,
                message: message.id,
                version: hits.version,
                sent_at: message.sent_at,
                found_afterwards: true,
            };
            let new: Vec<Found> = hits.found.iter().filter(|found| is_new(hits.version, found)).cloned().collect();
            raised += alerts.add(self.core, tx, compiled, place, &new, entries)?;
        }
        let counts = Counts { hits: alerts.matches(), alerts: raised, last: None };
        alerts.write(tx).await?;
        Ok(counts)
    }
}

/// What a page brought.
#[derive(Default)]
struct Counts {
    hits: u64,
    alerts: u64,
    /// The last match, of a term that is only tried.
    last: Option<(ConversationId, Timestamp)>,
}

/// Somebody ended the scan meanwhile, or another node has taken it over: nothing of this page is kept.
async fn given_up(tx: TenantTx) -> Result<Next> {
    tx.rollback().await?;
    Ok(Next::Done)
}

fn meta(compiled: &Compiled, term: u32) -> Option<&TermMeta> {
    compiled.terms.get(usize::try_from(term).ok()?)
}

/// What is found in a page.
async fn find_in(finder: &Arc<Finder>, words: &Arc<[Words]>) -> Result<Vec<Hits>> {
    let (searcher, searched) = (Arc::clone(finder), Arc::clone(words));
    let look = move || scan_all(searcher.matcher(), &searched);
    let mut hits = off_the_serving_threads(look).await?;
    if let Finder::Policy(policy, compiled) = &**finder {
        let is_its = |term| meta(compiled, term).is_some_and(|term| term.policy == *policy);
        hits.iter_mut().for_each(|hits| hits.found.retain(|found| is_its(found.term)));
        hits.retain(|hits| !hits.found.is_empty());
    }
    Ok(hits)
}

/// The messages after the scan's place, a page and one more if there are more.
async fn messages_after(tx: &TenantTx, scan: &history_scan::Model) -> Result<Vec<message::Model>> {
    use message::Column::{ConversationId, Id, SentAt};
    let mut rows = tx.rows::<message::Entity>();
    if let (Some(conversation), Some(sent), Some(message)) = (scan.at_conversation, scan.at_sent, scan.at_message) {
        let place = Expr::tuple([Expr::col(ConversationId), Expr::col(SentAt), Expr::col(Id)]);
        let reached = Expr::tuple([Expr::value(conversation.0), Expr::value(sent.0), Expr::value(message.0)]);
        rows = rows.filter(place.gt(reached));
    }
    let rows = rows.order_by(ConversationId, Order::Asc).order_by(SentAt, Order::Asc).order_by(Id, Order::Asc);
    rows.limit(PAGE as u64 + 1).all().await
}

/// A match as it is told apart from others: by policy version, version of the message, part, term and place.
type Known = (PolicyVersionId, VersionId, Source, TermId, Vec<u8>);

/// The matches that these messages have already.
async fn known(tx: &TenantTx, messages: impl Iterator<Item = MessageId>) -> Result<HashSet<Known>> {
    let rows = tx.rows::<r#match::Entity>().among(r#match::Column::MessageId, messages).all().await?;
    let ids: HashSet<AlertId> = rows.iter().map(|row| row.alert_id).collect();
    let alerts = tx.rows::<alert::Entity>().among(alert::Column::Id, ids).all().await?;
    let versions: HashMap<AlertId, PolicyVersionId> =
        alerts.into_iter().map(|row| (row.id, row.policy_version_id)).collect();
    let known =
        |row: r#match::Model| Some((*versions.get(&row.alert_id)?, row.version_id, row.source, row.term_id, row.spans));
    Ok(rows.into_iter().filter_map(known).collect())
}

/// Counts what a term that is only tried would have raised.
fn count(scan: &history_scan::Model, page: &Scanned<'_>) -> Counts {
    let mut grouping = Grouping { last: scan.at_conversation.zip(scan.last_match_at), alerts: 0 };
    let mut hits = 0;
    for found in &page.hits {
        hits += found.found.len() as u64;
        if let Some(words) = page.words.get(found.message) {
            grouping.take(words.message.conversation_id, words.message.sent_at);
        }
    }
    Counts { hits, alerts: grouping.alerts, last: grouping.last }
}

/// Moves the scan's progress on over a page.
fn advance(scan: &mut history_scan::Model, page: &Scanned<'_>, counts: &Counts) {
    let more = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let readable = page.words.iter().filter(|words| !words.texts.is_empty()).count();
    scan.state = State::Running;
    scan.scanned += more(readable as u64);
    scan.not_scanned += more((page.words.len() - readable) as u64);
    // What came in since it was asked for is looked at as well.
    scan.total = Ord::max(scan.total, scan.scanned + scan.not_scanned);
    scan.hits += more(counts.hits);
    scan.alerts += more(counts.alerts);
    let sent = page
        .words
        .iter()
        .fold(scan.oldest_sent.zip(scan.newest_sent), |sent, words| widen(sent, words.message.sent_at));
    (scan.oldest_sent, scan.newest_sent) = sent.unzip();
    if let Some((conversation, sent_at, message)) = page.reached {
        scan.last_match_at = counts.last.filter(|(last_in, _)| *last_in == conversation).map(|(_, at)| at);
        (scan.at_conversation, scan.at_sent, scan.at_message) = (Some(conversation), Some(sent_at), Some(message));
    }
}

fn finish(core: &Core, scan: &mut history_scan::Model, state: State, failure: Option<Failure>) {
    scan.state = state;
    scan.failure = failure;
    scan.finished_at = Some(core.clock.now());
}

/// Writes what moves in a scan's row.
async fn save(tx: &TenantTx, scan: &history_scan::Model) -> Result<()> {
    let row = history_scan::ActiveModel {
        id: Unchanged(scan.id),
        state: Set(scan.state),
        failure: Set(scan.failure),
        at_conversation: Set(scan.at_conversation),
        at_sent: Set(scan.at_sent),
        at_message: Set(scan.at_message),
        last_match_at: Set(scan.last_match_at),
        oldest_sent: Set(scan.oldest_sent),
        newest_sent: Set(scan.newest_sent),
        total: Set(scan.total),
        scanned: Set(scan.scanned),
        not_scanned: Set(scan.not_scanned),
        hits: Set(scan.hits),
        alerts: Set(scan.alerts),
        finished_at: Set(scan.finished_at),
        ..Default::default()
    };
    tx.update::<history_scan::Entity>(row).await
}
