//! Compiled matchers: one a tenant, for one epoch of its policies.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use entity::policy_version::{Severity, State};
use entity::{PolicyId, PolicyVersionId, TenantId, TermId, TermVersionId, policy, policy_version, term, term_version};
use moka::sync::Cache;
use sea_orm::ColumnTrait;

use super::terms;
use crate::core::Core;
use crate::db::{TenantScope, TenantTx};
use crate::detect::{self, Matcher, Term, pattern};
use crate::error::{Error, Result};
use crate::journal::Chain;
use crate::keys;

/// Matchers kept in memory: about 70 KiB for 500 terms.
const KEPT: u64 = 10_000;
/// A matcher nobody used for so long is dropped.
const IDLE: Duration = Duration::from_secs(3_600);

/// What a compiled term stands for.
#[derive(Clone, Copy, Debug)]
pub struct TermMeta {
    /// The term.
    pub term: TermId,
    /// As it is written now.
    pub version: TermVersionId,
    /// Its policy.
    pub policy: PolicyId,
    /// The version of it that is in force.
    pub policy_version: PolicyVersionId,
    /// How grave.
    pub severity: Severity,
    /// How far apart matches of one alert may be.
    pub grouping_minutes: i32,
}

/// All that a tenant watches, compiled.
pub struct Compiled {
    /// The epoch of the tenant's policies that this is.
    pub epoch: i64,
    /// Finds the terms; its ids count [`terms`](Self::terms).
    pub matcher: Matcher,
    /// What they stand for.
    pub terms: Vec<TermMeta>,
}

/// A change of one term, to be put into a matcher. It is content: no `Debug`.
pub(super) struct Change {
    /// The epoch that it made.
    pub epoch: i64,
    /// The term that is watched no more, or no more so.
    pub without: Option<TermId>,
    /// The term that is watched now: its version, its policy, and what for.
    pub with: Option<(TermId, TermVersionId, PolicyId, detect::Watched)>,
}

impl Compiled {
    /// With a change of one term; `None` where more must be known for it than is in memory, as of a policy without terms.
    fn changed(&self, change: Change) -> Option<Self> {
        let mut ids = (0_u32..).zip(&self.terms).filter(|(_, term)| Some(term.term) != change.without);
        let (kept, mut terms): (Vec<u32>, Vec<TermMeta>) = ids.by_ref().map(|(id, term)| (id, *term)).unzip();
        let mut with = Vec::new();
        if let Some((term, version, policy, watched)) = change.with {
            let known = *terms.iter().find(|known| known.policy == policy)?;
            with.push(Term { id: u32::try_from(terms.len()).ok()?, watched });
            terms.push(TermMeta { term, version, ..known });
        }
        let renumbered = |id: u32| kept.binary_search(&id).ok().and_then(|place| u32::try_from(place).ok());
        let matcher = self.matcher.changed(renumbered, &with).ok()?;
        Some(Self { epoch: change.epoch, matcher, terms })
    }
}

/// Shared, replaced when a tenant's epoch moved, dropped when idle.
pub struct Matchers {
    compiled: Cache<TenantId, Arc<Compiled>>,
}

impl Default for Matchers {
    fn default() -> Self {
        Self { compiled: Cache::builder().max_capacity(KEPT).time_to_idle(IDLE).build() }
    }
}

impl Matchers {
    /// The tenant's matcher: the one in memory, unless it is older than `epoch`.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn get(&self, core: &Core, scope: &TenantScope, epoch: Option<i64>) -> Result<Arc<Compiled>> {
        let tenant = scope.tenant();
        if let Some(compiled) = self.compiled.get(&tenant)
            && epoch.is_none_or(|epoch| epoch <= compiled.epoch)
        {
            return Ok(compiled);
        }
        let tx = scope.read().await?;
        let (epoch, watched) = load(core, &tx).await?;
        tx.commit().await?;
        // Thousands of terms take tens of milliseconds to compile: not on a thread that serves.
        let compiled = tokio::task::spawn_blocking(move || compile(epoch, &watched))
            .await
            .map_err(|error| Error::internal("A matcher could not be compiled.").because(error))??;
        let compiled = Arc::new(compiled);
        self.compiled.insert(tenant, Arc::clone(&compiled));
        Ok(compiled)
    }

    /// Puts a change of one term that was just committed into the tenant's matcher in memory: it is in force here without
    /// the others being loaded anew. Where that cannot be, the next message loads them.
    pub(super) async fn renew(&self, tenant: TenantId, change: Change) {
        let Some(compiled) = self.compiled.get(&tenant).filter(|known| known.epoch + 1 == change.epoch) else { return };
        // A matcher of thousands takes milliseconds.
        let renewed = tokio::task::spawn_blocking(move || compiled.changed(change)).await;
        if let Ok(Some(renewed)) = renewed {
            self.compiled.insert(tenant, Arc::new(renewed));
        }
    }

    /// How many matchers are in memory.
    pub fn kept(&self) -> u64 {
        self.compiled.entry_count()
    }
}

struct Watched {
    meta: TermMeta,
    pattern: Option<String>,
    detector: Option<term_version::Detector>,
    mode: term_version::Mode,
    strictness: term_version::Strictness,
}

/// Everything that is watched, and the epoch it belongs to: both of one moment.
async fn load(core: &Core, tx: &TenantTx) -> Result<(i64, Vec<Watched>)> {
    let epoch = tx.head_seen(Chain::Event).await?.policy_epoch;
    let keys = keys::of_tenant(tx, &core.keyring).await?;
    let versions: HashMap<PolicyId, i32> =
        tx.rows::<policy::Entity>().all().await?.into_iter().map(|row| (row.id, row.version)).collect();
    let policies: HashMap<PolicyId, policy_version::Model> = tx
        .rows::<policy_version::Entity>()
        .filter(policy_version::Column::State.eq(State::Active))
        .all()
        .await?
        .into_iter()
        .filter(|row| versions.get(&row.policy_id) == Some(&row.version))
        .map(|row| (row.policy_id, row))
        .collect();
    let live: HashMap<TermId, term::Model> = tx
        .rows::<term::Entity>()
        .filter(term::Column::DeletedAt.is_null())
        .all()
        .await?
        .into_iter()
        .map(|row| (row.id, row))
        .collect();
    let mut watched = Vec::with_capacity(live.len());
    for row in tx.rows::<term_version::Entity>().all().await? {
        let Some(term) = live.get(&row.term_id).filter(|term| term.version == row.version) else { continue };
        let Some(policy) = policies.get(&term.policy_id) else { continue };
        let pattern = terms::open_pattern(&keys, &row)?;
        let meta = TermMeta {
            term: term.id,
            version: row.id,
            policy: policy.policy_id,
            policy_version: policy.id,
            severity: policy.severity,
            grouping_minutes: policy.grouping_minutes,
        };
        watched.push(Watched { meta, pattern, detector: row.detector, mode: row.mode, strictness: row.strictness });
    }
    // The same set compiles to the same ids whatever order the database answered in.
    watched.sort_unstable_by_key(|term| term.meta.term);
    Ok((epoch, watched))
}

fn compile(epoch: i64, watched: &[Watched]) -> Result<Compiled> {
    let mut compiled = Vec::with_capacity(watched.len());
    for (term, id) in watched.iter().zip(0_u32..) {
        let watched = match (&term.pattern, term.detector) {
            (_, Some(detector)) => detect::Watched::Detector(terms::detector(detector)),
            (Some(text), None) => {
                match pattern::check(text, terms::mode(term.mode), terms::strictness(term.strictness)) {
                    Ok(pattern) => detect::Watched::Pattern(pattern),
                    // The others must not be lost with it.
                    Err(_) => {
                        tracing::error!(term = %term.meta.term.0, "a stored term is lawful no more and not watched for: write it anew");
                        continue;
                    }
                }
            }
            (None, None) => return Err(Error::internal("A stored term is neither a pattern nor a detector.")),
        };
        compiled.push(Term { id, watched });
    }
    let matcher =
        Matcher::new(&compiled).map_err(|error| Error::internal("The terms do not compile.").because(error))?;
    Ok(Compiled { epoch, matcher, terms: watched.iter().map(|term| term.meta).collect() })
}
