//! Runs over stored history.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use entity::history_scan::{Failure as ScanFailure, State};
use entity::{HistoryScanId, PolicyId};

use super::context::{InOperation, Moment, Operation};
use super::error::{Failure, Result, UserError};
use super::node::Kind;
use super::page::{self, Asked, List, Nodes};
use super::policy::Policy;
use super::preview::PreviewTermInput;
use super::scalar::DateTime;
use super::term::{Detector, MatchMode, Strictness};
use crate::auth::policy::Act;
use crate::history::{self, Sent};
use crate::jobs::Jobs;
use crate::refusal::Refusal;

/// Where a run over stored history stands.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "State")]
pub enum HistoryScanState {
    /// It has not begun.
    Waiting,
    /// It is under way.
    Running,
    /// Everything was looked at.
    Done,
    /// Somebody ended it.
    Cancelled,
    /// It could not go on; `failure` says why.
    Failed,
}

/// A run over stored history as the schema shows it.
pub struct HistoryScan(pub Arc<history::HistoryScan>);

impl Loader<HistoryScanId> for Moment {
    type Value = Arc<history::HistoryScan>;
    type Error = Failure;

    async fn load(&self, ids: &[HistoryScanId]) -> Result<HashMap<HistoryScanId, Self::Value>> {
        let found = history::scans(self.core(), self.tx().await?, ids).await?;
        Ok(found.into_iter().map(|scan| (scan.row.id, Arc::new(scan))).collect())
    }
}

fn count(count: i64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// A run over stored history: of a policy, whose matches become alerts that are found afterwards, or of a term that is
/// only tried, whose matches are counted.
#[Object]
impl HistoryScan {
    /// Names it for good.
    pub(super) async fn id(&self) -> ID {
        Kind::HistoryScan.id(self.0.row.id.0)
    }

    /// Where it stands.
    async fn state(&self) -> HistoryScanState {
        self.0.row.state.into()
    }

    /// The policy; null where a term is only tried.
    async fn policy(&self, ctx: &Context<'_>) -> Result<Option<Policy>> {
        let Some(policy) = self.0.row.policy_id else { return Ok(None) };
        Ok(ctx.operation()?.load(policy).await?.map(Policy))
    }

    /// The word or phrase that is tried; null for a policy's run, and for a detector.
    async fn pattern(&self) -> Option<&str> {
        self.0.pattern.as_deref()
    }

    /// The detector that is tried; null for a policy's run, and for a pattern.
    async fn detector(&self) -> Option<Detector> {
        self.0.row.detector.map(Into::into)
    }

    /// Where in a word what is tried may stand; null for a policy's run.
    async fn mode(&self) -> Option<MatchMode> {
        self.0.row.mode.map(Into::into)
    }

    /// How much is folded away before what is tried is compared; null for a policy's run.
    async fn strictness(&self) -> Option<Strictness> {
        self.0.row.strictness.map(Into::into)
    }

    /// Only messages sent at this time or later are looked at.
    async fn sent_after(&self) -> Option<DateTime> {
        self.0.row.sent_after.map(DateTime)
    }

    /// Only messages sent before this time are looked at.
    async fn sent_before(&self) -> Option<DateTime> {
        self.0.row.sent_before.map(DateTime)
    }

    /// Messages whose words were scanned so far.
    async fn scanned(&self) -> i32 {
        count(self.0.row.scanned)
    }

    /// Messages that were looked at so far and have nothing readable: voice notes, pictures without a caption, what was
    /// erased.
    async fn not_scanned(&self) -> i32 {
        count(self.0.row.not_scanned)
    }

    /// Messages to look at; it is done when `scanned` and `notScanned` together have reached it.
    async fn total(&self) -> i32 {
        count(self.0.row.total)
    }

    /// Matches so far; of a policy, those that the same version of it had not found before.
    async fn hits(&self) -> i32 {
        count(self.0.row.hits)
    }

    /// Alerts so far: raised by a policy's run, and for a term that is only tried those that it would have raised.
    async fn alerts(&self) -> i32 {
        count(self.0.row.alerts)
    }

    /// `alerts` a day, over the time from the oldest message looked at to the newest, a day at least.
    async fn estimated_alerts_per_day(&self) -> f64 {
        self.0.alerts_per_day()
    }

    /// Why it could not go on, in a sentence.
    async fn failure(&self) -> Option<&'static str> {
        self.0.row.failure.map(|failure| match failure {
            ScanFailure::GivenUp => {
                "It failed many times and was given up. What it found stays; the log says why it failed."
            }
            ScanFailure::NothingToFind => "The policy is not active any more, or has no terms left.",
        })
    }

    /// When it was asked for.
    async fn created_at(&self) -> DateTime {
        self.0.row.created_at.into()
    }

    /// When it ended.
    async fn finished_at(&self) -> Option<DateTime> {
        self.0.row.finished_at.map(DateTime)
    }
}

/// Reading runs over stored history.
#[derive(Default)]
pub struct HistoryQuery;

#[Object]
impl HistoryQuery {
    /// The company's runs over stored history, newest first.
    async fn history_scans(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many of the beginning, from 1 to 100; 50 if `last` is absent too.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many of the end, from 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<Nodes<HistoryScan>>> {
        let operation = ctx.operation()?;
        operation.tenant(Act::ReadHistoryScans)?;
        let list = List::root(operation, "historyScans");
        let args = list.args(&Asked { first, after, last, before })?;
        let loads = operation.loads();
        let tx = loads.moment().tx().await?;
        let page = history::scans_page(&operation.core, tx, &args).await?;
        let total = page::total(ctx, history::count_scans(tx)).await?;
        Ok(Some(list.connection(page, total, |scan| scan.position(), |scan| HistoryScan(Arc::new(scan)))))
    }
}

/// Which policy is run over which messages.
#[derive(InputObject)]
pub struct ScanHistoryInput {
    /// An active policy.
    policy_id: ID,
    /// Only messages sent at this time or later.
    sent_after: Option<DateTime>,
    /// Only messages sent before this time.
    sent_before: Option<DateTime>,
}

/// A run over stored history.
#[derive(InputObject)]
pub struct CancelHistoryScanInput {
    /// Which.
    id: ID,
}

/// A run over stored history as it stands now, or why nothing was done.
#[derive(SimpleObject)]
pub struct HistoryScanPayload {
    /// The run.
    scan: Option<HistoryScan>,
    /// Why nothing was done.
    errors: Vec<UserError>,
}

impl HistoryScanPayload {
    async fn of(operation: &Operation, outcome: Result<HistoryScanId, Refusal>) -> Result<Option<Self>> {
        let (scan, errors) = operation.settle(outcome).await?;
        Ok(Some(Self { scan: scan.map(HistoryScan), errors }))
    }
}

/// Starting and ending runs over stored history.
#[derive(Default)]
pub struct HistoryMutation;

#[Object]
impl HistoryMutation {
    /// Tries a term on everything that is stored, as a run whose progress can be read. A term that is found nearly
    /// everywhere is refused. For data managers.
    async fn preview_history(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The term.")] input: PreviewTermInput,
    ) -> Result<Option<HistoryScanPayload>> {
        let operation = ctx.operation()?;
        let session = operation.tenant(Act::PreviewTerms)?;
        let actor = operation.caller()?.actor();
        let outcome = history::preview_all(&operation.core, &session, actor, input.into()).await?;
        ctx.part::<Jobs>()?.tell();
        HistoryScanPayload::of(operation, outcome).await
    }

    /// Runs an active policy over stored messages. What it finds becomes alerts that are found afterwards: nobody is
    /// notified of them. What the same version of the policy has found already is not found anew. For data managers.
    async fn scan_history(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which policy, over which messages.")] input: ScanHistoryInput,
    ) -> Result<Option<HistoryScanPayload>> {
        let operation = ctx.operation()?;
        let session = operation.tenant(Act::ScanHistory)?;
        let actor = operation.caller()?.actor();
        let policy = PolicyId(Kind::Policy.row(&input.policy_id));
        let sent = Sent { after: input.sent_after.map(|at| at.0), before: input.sent_before.map(|at| at.0) };
        let outcome = history::scan(&operation.core, &session, actor, policy, sent).await?;
        ctx.part::<Jobs>()?.tell();
        HistoryScanPayload::of(operation, outcome).await
    }

    /// Ends a run before its time. What it has found stays. For data managers.
    async fn cancel_history_scan(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which run.")] input: CancelHistoryScanInput,
    ) -> Result<Option<HistoryScanPayload>> {
        let operation = ctx.operation()?;
        let session = operation.tenant(Act::ScanHistory)?;
        let actor = operation.caller()?.actor();
        let id = HistoryScanId(Kind::HistoryScan.row(&input.id));
        let outcome = history::cancel(&operation.core, &session, actor, id).await?;
        HistoryScanPayload::of(operation, outcome).await
    }
}
