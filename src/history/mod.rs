//! Stored history: what a term would find in it before it is watched for, and what an adopted policy finds in it now.
//!
//! A preview of moments looks at the newest messages. A history scan is a job: it walks everything page by page, its
//! progress stands in its row, and what it finds for a policy is found afterwards: nobody is notified of it.

mod preview;
mod rate;
mod walk;
mod words;

pub use crate::inbox::scan::Found;
pub use preview::{Example, Preview, Previews};
pub(crate) use walk::{give_up, walk};

use std::sync::Arc;

use entity::history_scan::{self, State};
use entity::policy_version::State as PolicyState;
use entity::{HistoryScanId, JobId, PolicyId, Timestamp, job, message, term};
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::ColumnTrait;
use serde_json::json;

use crate::core::Core;
use crate::db::{Page, PageArgs, Position, Rows, SortKey, TenantProof, TenantTx, page, position};
use crate::error::Result;
use crate::journal::{Actor, Chain, Entry, Kind};
use crate::keys;
use crate::policies::{self, TrialTerm};
use crate::refusal::{Outcome, Refusal, RefusalCode, lawful};
use crate::vault::{Context, TenantKeys};

/// Scans of a tenant that may wait or run.
const MAX_UNFINISHED: u64 = 20;
/// Newest first.
const BY_CREATED: SortKey<history_scan::Column> =
    SortKey { at: history_scan::Column::CreatedAt, id: Some(history_scan::Column::Id), descending: true };

/// A scan as it is read.
pub struct HistoryScan {
    /// What stands in its row.
    pub row: history_scan::Model,
    /// The pattern that is tried; none for a policy's scan.
    pub pattern: Option<String>,
}

impl HistoryScan {
    /// Its place among the tenant's scans.
    pub fn position(&self) -> Position {
        position(&self.row, &BY_CREATED)
    }

    /// Alerts a day, over the time that was looked at so far.
    pub fn alerts_per_day(&self) -> f64 {
        rate::per_day(self.row.alerts as f64, self.row.oldest_sent.zip(self.row.newest_sent))
    }
}

/// Which messages a scan looks at; what is absent narrows nothing.
#[derive(Clone, Copy, Default)]
pub struct Sent {
    /// Those sent then or later.
    pub after: Option<Timestamp>,
    /// Those sent earlier.
    pub before: Option<Timestamp>,
}

/// A page of the tenant's scans, the newest first.
///
/// # Errors
/// What the database says, or that a pattern does not open; so for all that reads here.
pub async fn scans_page(core: &Core, tx: &TenantTx, args: &PageArgs) -> Result<Page<HistoryScan>> {
    let found = page(tx.rows::<history_scan::Entity>(), BY_CREATED, args).await?;
    let rows = open(core, tx, found.rows).await?;
    Ok(Page { rows, has_next: found.has_next, has_previous: found.has_previous })
}

/// How many scans the tenant has.
pub async fn count_scans(tx: &TenantTx) -> Result<u64> {
    tx.rows::<history_scan::Entity>().count().await
}

/// Scans by id; what is not the tenant's is absent.
pub async fn scans(core: &Core, tx: &TenantTx, ids: &[HistoryScanId]) -> Result<Vec<HistoryScan>> {
    let rows = tx.rows::<history_scan::Entity>().among(history_scan::Column::Id, ids.iter().copied()).all().await?;
    open(core, tx, rows).await
}

/// How many messages are stored.
pub async fn count_messages(tx: &TenantTx) -> Result<u64> {
    tx.rows::<message::Entity>().count().await
}

async fn open(core: &Core, tx: &TenantTx, rows: Vec<history_scan::Model>) -> Result<Vec<HistoryScan>> {
    let keys = keys::of_tenant(tx, &core.keyring).await?;
    rows.into_iter().map(|row| Ok(HistoryScan { pattern: open_pattern(&keys, &row)?, row })).collect()
}

fn open_pattern(keys: &TenantKeys, row: &history_scan::Model) -> Result<Option<String>> {
    let Some(sealed) = &row.pattern else { return Ok(None) };
    Ok(Some(keys::text(keys.company.open(&pattern_context(keys, row.id), sealed)?)?))
}

fn pattern_context(keys: &TenantKeys, id: HistoryScanId) -> Context {
    Context { tenant: keys.tenant.0, table: "history_scan", row: id.0, column: "pattern" }
}

/// Tries a term on everything that is stored, as a job.
///
/// # Errors
/// When the database is away.
pub async fn preview_all(
    core: &Core,
    proof: &impl TenantProof,
    actor: Actor,
    trial: TrialTerm,
) -> Outcome<HistoryScanId> {
    let scope = core.db.scope(proof);
    let matcher = Arc::new(lawful!(trial.compile()?));
    lawful!(preview::refuse_common(&scope, matcher).await?);
    let reading = scope.read().await?;
    let total = within(&reading, Sent::default()).count().await?;
    reading.commit().await?;
    let tx = scope.begin(Chain::Event).await?;
    let keys = keys::of_tenant(&tx, &core.keyring).await?;
    let mut row = fresh(core, &keys, total);
    let id = HistoryScanId(core.clock.id());
    let seal = |pattern: &str| keys.company.seal(&pattern_context(&keys, id), pattern.as_bytes());
    row.id = Set(id);
    row.pattern = Set(trial.pattern.as_deref().map(seal).transpose()?);
    row.detector = Set(trial.detector);
    row.mode = Set(Some(trial.mode));
    row.strictness = Set(Some(trial.strictness));
    start(core, tx, actor, id, row, None).await
}

/// Runs an active policy over what is stored, as a job. What the same version of it has found already is not found
/// anew.
///
/// # Errors
/// When the database is away.
pub async fn scan(
    core: &Core,
    proof: &impl TenantProof,
    actor: Actor,
    policy: PolicyId,
    sent: Sent,
) -> Outcome<HistoryScanId> {
    if sent.after.zip(sent.before).is_some_and(|(after, before)| after >= before) {
        let message = "This must be later than \"sentAfter\".";
        return Ok(Err(Refusal::field(RefusalCode::Invalid, "sentBefore", message)));
    }
    let scope = core.db.scope(proof);
    let reading = scope.read().await?;
    let total = within(&reading, sent).count().await?;
    reading.commit().await?;
    let tx = scope.begin(Chain::Event).await?;
    let Some((_, version)) = policies::find(&tx, policy).await? else {
        return Ok(Err(Refusal::not_found("policyId")));
    };
    if version.state != PolicyState::Active {
        let message = "Only an active policy is run over history: activate it, or preview its terms.";
        return Ok(Err(Refusal::field(RefusalCode::Conflict, "policyId", message)));
    }
    let terms = tx.rows::<term::Entity>().filter(term::Column::PolicyId.eq(policy));
    if terms.filter(term::Column::DeletedAt.is_null()).one().await?.is_none() {
        let message = "The policy has no terms: there is nothing to find.";
        return Ok(Err(Refusal::field(RefusalCode::Conflict, "policyId", message)));
    }
    let keys = keys::of_tenant(&tx, &core.keyring).await?;
    let mut row = fresh(core, &keys, total);
    let id = HistoryScanId(core.clock.id());
    row.id = Set(id);
    row.policy_id = Set(Some(policy));
    row.sent_after = Set(sent.after);
    row.sent_before = Set(sent.before);
    start(core, tx, actor, id, row, Some(policy)).await
}

fn within(tx: &TenantTx, sent: Sent) -> Rows<'_, message::Entity> {
    let conditions =
        [sent.after.map(|at| message::Column::SentAt.gte(at)), sent.before.map(|at| message::Column::SentAt.lt(at))];
    conditions.into_iter().flatten().fold(tx.rows::<message::Entity>(), Rows::filter)
}

/// The row of a scan that has not begun.
fn fresh(core: &Core, keys: &TenantKeys, total: u64) -> history_scan::ActiveModel {
    history_scan::ActiveModel {
        tenant_id: Set(keys.tenant),
        id: Set(HistoryScanId(uuid::Uuid::nil())),
        state: Set(State::Waiting),
        failure: Set(None),
        policy_id: Set(None),
        pattern: Set(None),
        detector: Set(None),
        mode: Set(None),
        strictness: Set(None),
        sent_after: Set(None),
        sent_before: Set(None),
        at_conversation: Set(None),
        at_sent: Set(None),
        at_message: Set(None),
        last_match_at: Set(None),
        oldest_sent: Set(None),
        newest_sent: Set(None),
        total: Set(i64::try_from(total).unwrap_or(i64::MAX)),
        scanned: Set(0),
        not_scanned: Set(0),
        hits: Set(0),
        alerts: Set(0),
        created_at: Set(core.clock.now()),
        finished_at: Set(None),
    }
}

async fn start(
    core: &Core,
    tx: TenantTx,
    actor: Actor,
    id: HistoryScanId,
    row: history_scan::ActiveModel,
    policy: Option<PolicyId>,
) -> Outcome<HistoryScanId> {
    let unfinished = history_scan::Column::State.is_in([State::Waiting, State::Running]);
    if tx.rows::<history_scan::Entity>().filter(unfinished).count().await? >= MAX_UNFINISHED {
        let message = format!("{MAX_UNFINISHED} scans wait or run already: wait for one to end, or cancel it.");
        return Ok(Err(Refusal::whole(RefusalCode::LimitReached, message)));
    }
    tx.insert::<history_scan::Entity>(vec![row]).await?;
    tx.enqueue(JobId(core.clock.id()), job::Kind::HistoryScan, id.0, core.clock.now()).await?;
    let detail = json!({ "policy": policy.map(|policy| policy.0) });
    policies::finish(core, tx, vec![Entry::new(Kind::HistoryScanStarted, actor, id.0).with(detail)]).await?;
    Ok(Ok(id))
}

/// Ends a scan before its time. What it has found stays.
///
/// # Errors
/// When the database is away.
pub async fn cancel(core: &Core, proof: &impl TenantProof, actor: Actor, id: HistoryScanId) -> Outcome<HistoryScanId> {
    let tx = core.db.scope(proof).begin(Chain::Event).await?;
    let Some(row) = find(&tx, id).await? else { return Ok(Err(Refusal::not_found("id"))) };
    if !is_unfinished(&row) {
        return Ok(Err(Refusal::field(RefusalCode::Conflict, "id", "This scan has ended already.")));
    }
    let change = history_scan::ActiveModel {
        id: Unchanged(id),
        state: Set(State::Cancelled),
        finished_at: Set(Some(core.clock.now())),
        ..Default::default()
    };
    tx.update::<history_scan::Entity>(change).await?;
    tx.drop_jobs(job::Kind::HistoryScan, id.0).await?;
    let ended = ended(actor, &history_scan::Model { state: State::Cancelled, ..row });
    policies::finish(core, tx, vec![ended]).await?;
    Ok(Ok(id))
}

async fn find(tx: &TenantTx, id: HistoryScanId) -> Result<Option<history_scan::Model>> {
    tx.rows::<history_scan::Entity>().filter(history_scan::Column::Id.eq(id)).one().await
}

fn is_unfinished(row: &history_scan::Model) -> bool {
    matches!(row.state, State::Waiting | State::Running)
}

/// The journal's entry of a scan's end.
fn ended(actor: Actor, row: &history_scan::Model) -> Entry {
    let detail = json!({
        "state": format!("{:?}", row.state).to_uppercase(),
        "policy": row.policy_id.map(|policy| policy.0),
        "scanned": row.scanned,
        "notScanned": row.not_scanned,
        "hits": row.hits,
        "alerts": row.alerts,
    });
    Entry::new(Kind::HistoryScanEnded, actor, row.id.0).with(detail)
}
