//! Policies and terms, each with the version in force or the version asked for.

use std::collections::HashMap;

use entity::term_version::{Detector, Mode, Strictness};
use entity::{PolicyId, PolicyVersionId, TermId, TermVersionId, Timestamp, policy, policy_version, term, term_version};
use sea_orm::ColumnTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Query, SimpleExpr};

use super::newest_first;
use crate::core::Core;
use crate::db::{Page, PageArgs, TenantTx, page};
use crate::error::{Error, Result};
use crate::keys;
use crate::policies::{self, PolicyText};
use crate::vault::{Context, TenantKeys};

/// A policy as it is in force.
pub struct Policy {
    /// Its id.
    pub id: PolicyId,
    /// When its first version was written.
    pub created_at: Timestamp,
    /// What it says.
    pub current: PolicyVersion,
}

/// One version of a policy.
pub struct PolicyVersion {
    /// Its id.
    pub id: PolicyVersionId,
    /// Of which policy.
    pub policy: PolicyId,
    /// Counts from 1.
    pub version: i32,
    /// What it says.
    pub text: PolicyText,
}

/// A term as it is watched, or as it was when it was deleted.
pub struct Term {
    /// Its id.
    pub id: TermId,
    /// Its policy.
    pub policy: PolicyId,
    /// How it is written.
    pub current: TermVersion,
    /// When it was first watched.
    pub created_at: Timestamp,
    /// Since when it is watched no more.
    pub deleted_at: Option<Timestamp>,
}

/// One version of a term.
pub struct TermVersion {
    /// Its id.
    pub id: TermVersionId,
    /// Of which term.
    pub term: TermId,
    /// The words; `None` for a detector's.
    pub pattern: Option<String>,
    /// The built-in detector.
    pub detector: Option<Detector>,
    /// Where in a word it may stand.
    pub mode: Mode,
    /// How much is folded away.
    pub strictness: Strictness,
}

// The version in force is picked by the database: a policy may have many.

fn policy_in_force() -> SimpleExpr {
    let current = Query::select()
        .column((policy::Entity, policy::Column::Version))
        .from(policy::Entity)
        .and_where(
            Expr::col((policy::Entity, policy::Column::TenantId))
                .equals((policy_version::Entity, policy_version::Column::TenantId)),
        )
        .and_where(
            Expr::col((policy::Entity, policy::Column::Id))
                .equals((policy_version::Entity, policy_version::Column::PolicyId)),
        )
        .take();
    policy_version::Column::Version.in_subquery(current)
}

fn term_in_force() -> SimpleExpr {
    let current = Query::select()
        .column((term::Entity, term::Column::Version))
        .from(term::Entity)
        .and_where(
            Expr::col((term::Entity, term::Column::TenantId))
                .equals((term_version::Entity, term_version::Column::TenantId)),
        )
        .and_where(
            Expr::col((term::Entity, term::Column::Id)).equals((term_version::Entity, term_version::Column::TermId)),
        )
        .take();
    term_version::Column::Version.in_subquery(current)
}

fn lost() -> Error {
    Error::internal("A policy or term has no version in force.")
}

// ── policies ──

async fn with_text(core: &Core, tx: &TenantTx, rows: Vec<policy::Model>) -> Result<Vec<Policy>> {
    let keys = keys::of_tenant(tx, &core.keyring).await?;
    let versions = tx
        .rows::<policy_version::Entity>()
        .among(policy_version::Column::PolicyId, rows.iter().map(|row| row.id))
        .filter(policy_in_force());
    let mut current: HashMap<PolicyId, policy_version::Model> =
        versions.all().await?.into_iter().map(|version| (version.policy_id, version)).collect();
    rows.into_iter()
        .map(|row| {
            let current = open_policy(&keys, current.remove(&row.id).ok_or_else(lost)?)?;
            Ok(Policy { id: row.id, created_at: row.created_at, current })
        })
        .collect()
}

fn open_policy(keys: &TenantKeys, row: policy_version::Model) -> Result<PolicyVersion> {
    let text = policies::open(keys, &row)?;
    Ok(PolicyVersion { id: row.id, policy: row.policy_id, version: row.version, text })
}

/// Policies by id. Two statements.
pub async fn policies(core: &Core, tx: &TenantTx, ids: &[PolicyId]) -> Result<Vec<Policy>> {
    let rows = tx.rows::<policy::Entity>().among(policy::Column::Id, ids.iter().copied()).all().await?;
    with_text(core, tx, rows).await
}

/// A page of the tenant's policies.
pub async fn policies_page(core: &Core, tx: &TenantTx, args: &PageArgs) -> Result<Page<Policy>> {
    let key = newest_first(policy::Column::CreatedAt, policy::Column::Id);
    let page = page(tx.rows::<policy::Entity>(), key, args).await?;
    Ok(Page { rows: with_text(core, tx, page.rows).await?, has_next: page.has_next, has_previous: page.has_previous })
}

/// How many policies the tenant has.
pub async fn count_policies(tx: &TenantTx) -> Result<u64> {
    tx.rows::<policy::Entity>().count().await
}

/// Versions of policies by id.
pub async fn policy_versions(core: &Core, tx: &TenantTx, ids: &[PolicyVersionId]) -> Result<Vec<PolicyVersion>> {
    let keys = keys::of_tenant(tx, &core.keyring).await?;
    let rows = tx.rows::<policy_version::Entity>().among(policy_version::Column::Id, ids.iter().copied()).all().await?;
    rows.into_iter().map(|row| open_policy(&keys, row)).collect()
}

// ── terms ──

async fn with_pattern(core: &Core, tx: &TenantTx, rows: Vec<term::Model>) -> Result<Vec<Term>> {
    let keys = keys::of_tenant(tx, &core.keyring).await?;
    let versions = tx
        .rows::<term_version::Entity>()
        .among(term_version::Column::TermId, rows.iter().map(|row| row.id))
        .filter(term_in_force());
    let mut current: HashMap<TermId, term_version::Model> =
        versions.all().await?.into_iter().map(|version| (version.term_id, version)).collect();
    rows.into_iter()
        .map(|row| {
            let current = open_term(&keys, current.remove(&row.id).ok_or_else(lost)?)?;
            Ok(Term {
                id: row.id,
                policy: row.policy_id,
                current,
                created_at: row.created_at,
                deleted_at: row.deleted_at,
            })
        })
        .collect()
}

fn open_term(keys: &TenantKeys, row: term_version::Model) -> Result<TermVersion> {
    let place = Context { tenant: keys.tenant.0, table: "term_version", row: row.id.0, column: "pattern" };
    let pattern = row.pattern.as_ref().map(|sealed| keys::text(keys.company.open(&place, sealed)?)).transpose()?;
    Ok(TermVersion {
        id: row.id,
        term: row.term_id,
        pattern,
        detector: row.detector,
        mode: row.mode,
        strictness: row.strictness,
    })
}

/// Terms by id, deleted ones too. Two statements.
pub async fn terms(core: &Core, tx: &TenantTx, ids: &[TermId]) -> Result<Vec<Term>> {
    let rows = tx.rows::<term::Entity>().among(term::Column::Id, ids.iter().copied()).all().await?;
    with_pattern(core, tx, rows).await
}

/// A page of the terms that are watched, of one policy or of all.
pub async fn terms_page(core: &Core, tx: &TenantTx, policy: Option<PolicyId>, args: &PageArgs) -> Result<Page<Term>> {
    let key = newest_first(term::Column::CreatedAt, term::Column::Id);
    let page = page(live_terms(tx, policy), key, args).await?;
    Ok(Page {
        rows: with_pattern(core, tx, page.rows).await?,
        has_next: page.has_next,
        has_previous: page.has_previous,
    })
}

/// How many terms are watched, of one policy or of all.
pub async fn count_terms(tx: &TenantTx, policy: Option<PolicyId>) -> Result<u64> {
    live_terms(tx, policy).count().await
}

fn live_terms(tx: &TenantTx, policy: Option<PolicyId>) -> crate::db::Rows<'_, term::Entity> {
    let rows = tx.rows::<term::Entity>().filter(term::Column::DeletedAt.is_null());
    match policy {
        Some(policy) => rows.filter(term::Column::PolicyId.eq(policy)),
        None => rows,
    }
}

/// Versions of terms by id.
pub async fn term_versions(core: &Core, tx: &TenantTx, ids: &[TermVersionId]) -> Result<Vec<TermVersion>> {
    let keys = keys::of_tenant(tx, &core.keyring).await?;
    let rows = tx.rows::<term_version::Entity>().among(term_version::Column::Id, ids.iter().copied()).all().await?;
    rows.into_iter().map(|row| open_term(&keys, row)).collect()
}
