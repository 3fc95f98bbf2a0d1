//! Policies and their terms: what a company watches, why, and how it is compiled.

mod matchers;
mod ready;
mod terms;
mod trial;

pub use matchers::{Compiled, Matchers, TermMeta};
pub(crate) use ready::insert as insert_ready_made;
pub use terms::{NewTerm, TermChange, create_term, delete_term, update_term};
pub use trial::{TOO_COMMON, TrialTerm, ordinary_share};

use entity::policy_version::{LegalBasis, Severity, State};
use entity::{PolicyId, PolicyVersionId, Timestamp, policy, policy_version};
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::ColumnTrait;
use serde_json::json;

use crate::core::Core;
use crate::db::{TenantProof, TenantTx};
use crate::error::Result;
use crate::journal::{self, Actor, Chain, Entry, Kind};
use crate::keys;
use crate::refusal::{Outcome, Refusal, RefusalCode, checked_text, lawful};
use crate::vault::{Context, TenantKeys};

const NAME: usize = 200;
const PURPOSE: usize = 2_000;
/// How far apart matches of one alert may be, unless a policy says otherwise: a day.
pub const GROUPING_MINUTES: i32 = 1_440;
/// Half a year: matches further apart are different stories.
const MAX_GROUPING_MINUTES: i32 = 262_800;

/// What a policy says.
#[derive(Clone, PartialEq, Eq)]
pub struct PolicyText {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// The law's ground.
    pub legal_basis: LegalBasis,
    /// How grave a match is.
    pub severity: Severity,
    /// Whether its terms are watched.
    pub state: State,
    /// How far apart in time matches may be and still belong to one alert.
    pub grouping_minutes: i32,
}

/// What is to change in a policy; the rest stays.
#[derive(Clone, Default)]
pub struct PolicyChange {
    /// Its name.
    pub name: Option<String>,
    /// What it is for.
    pub purpose: Option<String>,
    /// The law's ground.
    pub legal_basis: Option<LegalBasis>,
    /// How grave a match is.
    pub severity: Option<Severity>,
    /// Whether its terms are watched.
    pub state: Option<State>,
    /// How far apart in time matches may be and still belong to one alert.
    pub grouping_minutes: Option<i32>,
}

impl PolicyText {
    fn checked(self) -> Result<Self, Refusal> {
        if !(0..=MAX_GROUPING_MINUTES).contains(&self.grouping_minutes) {
            let message = format!("This must be from 0 to {MAX_GROUPING_MINUTES} minutes.");
            return Err(Refusal::field(RefusalCode::Invalid, "groupingMinutes", message));
        }
        let name = checked_text("name", &self.name, NAME)?;
        let purpose = checked_text("purpose", &self.purpose, PURPOSE)?;
        Ok(Self { name, purpose, ..self })
    }

    fn row(
        &self,
        keys: &TenantKeys,
        id: PolicyVersionId,
        policy: PolicyId,
        version: i32,
        now: Timestamp,
    ) -> Result<policy_version::ActiveModel> {
        let seal = |column, value: &str| {
            keys.company
                .seal(&Context { tenant: keys.tenant.0, table: "policy_version", row: id.0, column }, value.as_bytes())
        };
        Ok(policy_version::ActiveModel {
            tenant_id: Set(keys.tenant),
            id: Set(id),
            policy_id: Set(policy),
            version: Set(version),
            name: Set(seal("name", &self.name)?),
            purpose: Set(seal("purpose", &self.purpose)?),
            legal_basis: Set(self.legal_basis),
            severity: Set(self.severity),
            state: Set(self.state),
            grouping_minutes: Set(self.grouping_minutes),
            created_at: Set(now),
        })
    }
}

/// Opens what a version of a policy says.
///
/// # Errors
/// When it does not open.
pub fn open(keys: &TenantKeys, row: &policy_version::Model) -> Result<PolicyText> {
    let open = |column, sealed| {
        keys::text(
            keys.company
                .open(&Context { tenant: keys.tenant.0, table: "policy_version", row: row.id.0, column }, sealed)?,
        )
    };
    Ok(PolicyText {
        name: open("name", &row.name)?,
        purpose: open("purpose", &row.purpose)?,
        legal_basis: row.legal_basis,
        severity: row.severity,
        state: row.state,
        grouping_minutes: row.grouping_minutes,
    })
}

/// Writes a new policy. The caller journals the founding of a tenant; [`create`] journals its own.
pub(crate) async fn insert(
    core: &Core,
    tx: &TenantTx,
    keys: &TenantKeys,
    text: &PolicyText,
    is_default: bool,
) -> Result<PolicyId> {
    let now = core.clock.now();
    let id = PolicyId(core.clock.id());
    tx.insert::<policy::Entity>(vec![policy::ActiveModel {
        tenant_id: Set(keys.tenant),
        id: Set(id),
        version: Set(1),
        is_default: Set(is_default),
        created_at: Set(now),
    }])
    .await?;
    tx.insert::<policy_version::Entity>(vec![text.row(keys, PolicyVersionId(core.clock.id()), id, 1, now)?]).await?;
    Ok(id)
}

/// The policy that every tenant begins with.
pub(crate) fn default_policy() -> PolicyText {
    PolicyText {
        name: "Termos monitorados".into(),
        purpose: "Proteger dados pessoais e prevenir fraude e desvios nas conversas da empresa.".into(),
        legal_basis: LegalBasis::LegitimateInterest,
        severity: Severity::Medium,
        state: State::Active,
        grouping_minutes: GROUPING_MINUTES,
    }
}

/// Adds a policy.
///
/// # Errors
/// When the database is away.
pub async fn create(core: &Core, proof: &impl TenantProof, actor: Actor, text: PolicyText) -> Outcome<PolicyId> {
    let text = lawful!(text.checked());
    let mut tx = core.db.scope(proof).begin(Chain::Event).await?;
    let keys = keys::of_tenant(&tx, &core.keyring).await?;
    let id = insert(core, &tx, &keys, &text, false).await?;
    tx.head_mut()?.policy_epoch += 1;
    let entry = Entry::new(Kind::PolicyCreated, actor, id.0).with(json!({ "version": 1 }));
    finish(core, tx, vec![entry]).await?;
    Ok(Ok(id))
}

/// Gives a policy a new version, if anything changes: a new version finds anew what the old one found.
///
/// # Errors
/// When the database is away.
pub async fn update(
    core: &Core,
    proof: &impl TenantProof,
    actor: Actor,
    id: PolicyId,
    change: PolicyChange,
) -> Outcome<PolicyId> {
    let mut tx = core.db.scope(proof).begin(Chain::Event).await?;
    let Some((policy, current)) = find(&tx, id).await? else { return Ok(Err(Refusal::not_found("id"))) };
    let keys = keys::of_tenant(&tx, &core.keyring).await?;
    let old = open(&keys, &current)?;
    let text = PolicyText {
        name: change.name.unwrap_or(old.name),
        purpose: change.purpose.unwrap_or(old.purpose),
        legal_basis: change.legal_basis.unwrap_or(old.legal_basis),
        severity: change.severity.unwrap_or(old.severity),
        state: change.state.unwrap_or(old.state),
        grouping_minutes: change.grouping_minutes.unwrap_or(old.grouping_minutes),
    };
    let text = lawful!(text.checked());
    if text == open(&keys, &current)? {
        return Ok(Ok(id));
    }
    let version = policy.version + 1;
    tx.insert::<policy_version::Entity>(vec![text.row(
        &keys,
        PolicyVersionId(core.clock.id()),
        id,
        version,
        core.clock.now(),
    )?])
    .await?;
    tx.update::<policy::Entity>(policy::ActiveModel { id: Unchanged(id), version: Set(version), ..Default::default() })
        .await?;
    tx.head_mut()?.policy_epoch += 1;
    let entry = Entry::new(Kind::PolicyUpdated, actor, id.0).with(json!({ "version": version }));
    finish(core, tx, vec![entry]).await?;
    Ok(Ok(id))
}

/// A policy with the version in force.
pub(crate) async fn find(tx: &TenantTx, id: PolicyId) -> Result<Option<(policy::Model, policy_version::Model)>> {
    let Some(policy) = tx.rows::<policy::Entity>().filter(policy::Column::Id.eq(id)).one().await? else {
        return Ok(None);
    };
    let version = tx
        .rows::<policy_version::Entity>()
        .filter(policy_version::Column::PolicyId.eq(id))
        .filter(policy_version::Column::Version.eq(policy.version))
        .one()
        .await?;
    Ok(version.map(|version| (policy, version)))
}

/// Journals, commits and rings.
pub(crate) async fn finish(core: &Core, mut tx: TenantTx, entries: Vec<Entry>) -> Result<()> {
    journal::append(&mut tx, core.clock.now(), entries).await?;
    let (tenant, seq) = (tx.tenant(), tx.head()?.seq);
    tx.commit().await?;
    core.doorbell.ring(tenant, seq);
    Ok(())
}
