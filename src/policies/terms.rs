//! The terms of a policy.

use entity::term_version::{Detector, Mode, Strictness};
use entity::{PolicyId, TermId, TermVersionId, policy, term, term_version};
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::ColumnTrait;
use serde_json::json;

use super::finish;
use super::matchers::{Change, Matchers};
use super::trial::{TOO_COMMON, compile_alone, ordinary_share};
use crate::core::Core;
use crate::db::{TenantProof, TenantTx};
use crate::detect::Watched;
use crate::detect::pattern::{self, Fault};
use crate::error::Result;
use crate::journal::{Actor, Chain, Entry, Kind};
use crate::keys;
use crate::refusal::{Outcome, Refusal, RefusalCode, lawful};
use crate::vault::{Context, Purpose, TenantKeys};

/// Live terms a tenant may have.
const MAX_TERMS: u64 = 100_000;

/// A term to be watched.
pub struct NewTerm {
    /// Where it belongs; the tenant's default policy if absent.
    pub policy: Option<PolicyId>,
    /// The words.
    pub pattern: Option<String>,
    /// Or a built-in detector.
    pub detector: Option<Detector>,
    /// Where in a word it may stand.
    pub mode: Mode,
    /// How much is folded away.
    pub strictness: Strictness,
}

/// What is to change in a term; the rest stays.
pub struct TermChange {
    /// The words.
    pub pattern: Option<String>,
    /// Where in a word it may stand.
    pub mode: Option<Mode>,
    /// How much is folded away.
    pub strictness: Option<Strictness>,
}

/// As the library of detection spells it.
pub(crate) fn strictness(strictness: Strictness) -> crate::detect::Strictness {
    match strictness {
        Strictness::Exact => crate::detect::Strictness::Exact,
        Strictness::Folded => crate::detect::Strictness::Folded,
        Strictness::Disguised => crate::detect::Strictness::Disguised,
    }
}

/// As the library of detection spells it.
pub(crate) fn mode(mode: Mode) -> crate::detect::Mode {
    match mode {
        Mode::Word => crate::detect::Mode::Word,
        Mode::Prefix => crate::detect::Mode::Prefix,
        Mode::Substring => crate::detect::Mode::Substring,
    }
}

/// As the library of detection spells it.
pub(crate) fn detector(detector: Detector) -> crate::detect::Detector {
    match detector {
        Detector::Cpf => crate::detect::Detector::Cpf,
        Detector::Cnpj => crate::detect::Detector::Cnpj,
        Detector::PaymentCard => crate::detect::Detector::PaymentCard,
        Detector::PixKey => crate::detect::Detector::PixKey,
        Detector::Email => crate::detect::Detector::Email,
        Detector::Phone => crate::detect::Detector::Phone,
        Detector::BankAccount => crate::detect::Detector::BankAccount,
    }
}

/// What is watched for, as it is kept. It is content: no `Debug`.
pub(super) struct Written {
    watched: Watched,
    detector: Option<Detector>,
    mode: Mode,
    strictness: Strictness,
    /// By which a second term that means the same is found.
    canonical: entity::BlindIndex,
}

/// What a person wrote, read: a pattern or a detector.
pub(super) fn watched(
    text: Option<&str>,
    detector: Option<Detector>,
    mode: Mode,
    strictness: Strictness,
) -> Result<Watched, Refusal> {
    match (text, detector) {
        (None, Some(detector)) => Ok(Watched::Detector(self::detector(detector))),
        (Some(text), None) => {
            let pattern = pattern::check(text, self::mode(mode), self::strictness(strictness)).map_err(|error| {
                let code = match error.fault {
                    Fault::TooLong | Fault::TooManyOperators => RefusalCode::TooLong,
                    _ => RefusalCode::Invalid,
                };
                Refusal::field(code, "pattern", error.to_string())
            })?;
            Ok(Watched::Pattern(pattern))
        }
        (None, None) => {
            let message = "Give the words to watch for, or a detector.";
            Err(Refusal::field(RefusalCode::Invalid, "pattern", message))
        }
        (Some(_), Some(_)) => {
            let message = "A term has a pattern or a detector: leave one of them out.";
            Err(Refusal::field(RefusalCode::Invalid, "detector", message))
        }
    }
}

impl Written {
    pub(super) fn check(
        keys: &TenantKeys,
        text: Option<&str>,
        detector: Option<Detector>,
        mode: Mode,
        strictness: Strictness,
    ) -> Result<Self, Refusal> {
        let watched = watched(text, detector, mode, strictness)?;
        let parts = match &watched {
            Watched::Pattern(pattern) => [pattern.canonical(), format!("{mode:?}"), format!("{strictness:?}")],
            Watched::Detector(detector) => ["detector".to_owned(), format!("{detector:?}"), String::new()],
        };
        let canonical = keys.index.index(Purpose::Term, &parts.each_ref().map(|part| part.as_bytes()));
        Ok(Self { watched, detector, mode, strictness, canonical })
    }

    /// The rows of a new term and of its first version.
    pub(super) fn rows(
        &self,
        core: &Core,
        keys: &TenantKeys,
        policy: PolicyId,
        (id, version): (TermId, TermVersionId),
    ) -> Result<(term::ActiveModel, term_version::ActiveModel)> {
        let row = term::ActiveModel {
            tenant_id: Set(keys.tenant),
            id: Set(id),
            policy_id: Set(policy),
            version: Set(1),
            canonical_index: Set(self.canonical.clone()),
            created_at: Set(core.clock.now()),
            deleted_at: Set(None),
        };
        Ok((row, self.version(core, keys, id, version, 1)?))
    }

    fn version(
        &self,
        core: &Core,
        keys: &TenantKeys,
        term: TermId,
        id: TermVersionId,
        version: i32,
    ) -> Result<term_version::ActiveModel> {
        let place = Context { tenant: keys.tenant.0, table: "term_version", row: id.0, column: "pattern" };
        let sealed = match &self.watched {
            Watched::Pattern(pattern) => Some(keys.company.seal(&place, pattern.text().as_bytes())?),
            Watched::Detector(_) => None,
        };
        Ok(term_version::ActiveModel {
            tenant_id: Set(keys.tenant),
            id: Set(id),
            term_id: Set(term),
            version: Set(version),
            pattern: Set(sealed),
            detector: Set(self.detector),
            mode: Set(self.mode),
            strictness: Set(self.strictness),
            created_at: Set(core.clock.now()),
        })
    }
}

async fn is_duplicate(
    tx: &TenantTx,
    policy: PolicyId,
    canonical: &entity::BlindIndex,
    but: Option<TermId>,
) -> Result<bool> {
    let rows = tx
        .rows::<term::Entity>()
        .filter(term::Column::PolicyId.eq(policy))
        .filter(term::Column::CanonicalIndex.eq(canonical.clone()))
        .filter(term::Column::DeletedAt.is_null())
        .all()
        .await?;
    Ok(rows.iter().any(|row| Some(row.id) != but))
}

fn duplicate(field: &'static str) -> Refusal {
    Refusal::field(RefusalCode::Duplicate, field, "This policy already watches a term that means the same.")
}

/// Opens a version's pattern.
///
/// # Errors
/// When it does not open.
pub(crate) fn open_pattern(keys: &TenantKeys, row: &term_version::Model) -> Result<Option<String>> {
    let Some(sealed) = &row.pattern else { return Ok(None) };
    let place = Context { tenant: keys.tenant.0, table: "term_version", row: row.id.0, column: "pattern" };
    Ok(Some(keys::text(keys.company.open(&place, sealed)?)?))
}

/// Watches a term, from the first message that arrives after this answers.
///
/// # Errors
/// When the database is away.
pub async fn create_term(
    core: &Core,
    matchers: &Matchers,
    proof: &impl TenantProof,
    actor: Actor,
    new: NewTerm,
) -> Outcome<TermId> {
    let text = new.pattern.as_deref();
    lawful!(refuse_common(lawful!(watched(text, new.detector, new.mode, new.strictness)))?);
    let tx = core.db.scope(proof).begin(Chain::Event).await?;
    let keys = keys::of_tenant(&tx, &core.keyring).await?;
    let written = lawful!(Written::check(&keys, text, new.detector, new.mode, new.strictness));
    let policies = tx.rows::<policy::Entity>();
    let policy = match new.policy {
        Some(id) => policies.filter(policy::Column::Id.eq(id)).one().await?,
        None => policies.filter(policy::Column::IsDefault.eq(true)).one().await?,
    };
    let Some(policy) = policy else { return Ok(Err(Refusal::not_found("policyId"))) };
    if is_duplicate(&tx, policy.id, &written.canonical, None).await? {
        return Ok(Err(duplicate(if new.detector.is_some() { "detector" } else { "pattern" })));
    }
    if tx.rows::<term::Entity>().filter(term::Column::DeletedAt.is_null()).count().await? >= MAX_TERMS {
        let message = format!("A company may watch {MAX_TERMS} terms: delete some first.");
        return Ok(Err(Refusal::whole(RefusalCode::LimitReached, message)));
    }
    let (id, version_id) = (TermId(core.clock.id()), TermVersionId(core.clock.id()));
    let (row, version) = written.rows(core, &keys, policy.id, (id, version_id))?;
    tx.insert::<term::Entity>(vec![row]).await?;
    tx.insert::<term_version::Entity>(vec![version]).await?;
    let entry = Entry::new(Kind::TermCreated, actor, id.0).with(json!({ "policy": policy.id.0, "version": 1 }));
    let with = Some((id, version_id, policy.id, written.watched));
    put_in_force(core, matchers, tx, entry, None, with).await?;
    Ok(Ok(id))
}

/// Refuses what would match nearly every message.
fn refuse_common(watched: Watched) -> Outcome<()> {
    let share = ordinary_share(&compile_alone(watched)?);
    if share <= TOO_COMMON {
        return Ok(Ok(()));
    }
    let message =
        format!("This is found in {:.0} % of ordinary chat lines: make it longer or narrower.", share * 100.0);
    Ok(Err(Refusal::field(RefusalCode::Invalid, "pattern", message)))
}

async fn live(tx: &TenantTx, id: TermId) -> Result<Option<term::Model>> {
    tx.rows::<term::Entity>().filter(term::Column::Id.eq(id)).filter(term::Column::DeletedAt.is_null()).one().await
}

/// Gives a term a new version.
///
/// # Errors
/// When the database is away.
pub async fn update_term(
    core: &Core,
    matchers: &Matchers,
    proof: &impl TenantProof,
    actor: Actor,
    id: TermId,
    change: TermChange,
) -> Outcome<TermId> {
    let tx = core.db.scope(proof).begin(Chain::Event).await?;
    let Some(term) = live(&tx, id).await? else { return Ok(Err(Refusal::not_found("id"))) };
    let current = tx
        .rows::<term_version::Entity>()
        .filter(term_version::Column::TermId.eq(id))
        .filter(term_version::Column::Version.eq(term.version))
        .one()
        .await?
        .ok_or_else(|| crate::error::Error::internal("A term has no version."))?;
    let keys = keys::of_tenant(&tx, &core.keyring).await?;
    if current.detector.is_some() {
        let message = "A detector is what it is: delete the term and watch another one.";
        return Ok(Err(Refusal::whole(RefusalCode::Invalid, message)));
    }
    let text = match change.pattern {
        Some(text) => text,
        None => open_pattern(&keys, &current)?.unwrap_or_default(),
    };
    let mode = change.mode.unwrap_or(current.mode);
    let strictness = change.strictness.unwrap_or(current.strictness);
    let written = lawful!(Written::check(&keys, Some(&text), None, mode, strictness));
    lawful!(refuse_common(lawful!(watched(Some(&text), None, mode, strictness)))?);
    if is_duplicate(&tx, term.policy_id, &written.canonical, Some(id)).await? {
        return Ok(Err(duplicate("pattern")));
    }
    let version = term.version + 1;
    let version_id = TermVersionId(core.clock.id());
    tx.insert::<term_version::Entity>(vec![written.version(core, &keys, id, version_id, version)?]).await?;
    let row = term::ActiveModel {
        id: Unchanged(id),
        version: Set(version),
        canonical_index: Set(written.canonical),
        ..Default::default()
    };
    tx.update::<term::Entity>(row).await?;
    let entry =
        Entry::new(Kind::TermUpdated, actor, id.0).with(json!({ "policy": term.policy_id.0, "version": version }));
    let with = Some((id, version_id, term.policy_id, written.watched));
    put_in_force(core, matchers, tx, entry, Some(id), with).await?;
    Ok(Ok(id))
}

/// Watches a term no more. It still resolves for the matches it made.
///
/// # Errors
/// When the database is away.
pub async fn delete_term(
    core: &Core,
    matchers: &Matchers,
    proof: &impl TenantProof,
    actor: Actor,
    id: TermId,
) -> Outcome<TermId> {
    let tx = core.db.scope(proof).begin(Chain::Event).await?;
    let Some(term) = live(&tx, id).await? else { return Ok(Err(Refusal::not_found("id"))) };
    let row = term::ActiveModel { id: Unchanged(id), deleted_at: Set(Some(core.clock.now())), ..Default::default() };
    tx.update::<term::Entity>(row).await?;
    let entry = Entry::new(Kind::TermDeleted, actor, id.0).with(json!({ "policy": term.policy_id.0 }));
    put_in_force(core, matchers, tx, entry, Some(id), None).await?;
    Ok(Ok(id))
}

/// Moves the epoch on, commits, and renews the matcher in memory.
async fn put_in_force(
    core: &Core,
    matchers: &Matchers,
    mut tx: TenantTx,
    entry: Entry,
    without: Option<TermId>,
    with: Option<(TermId, TermVersionId, PolicyId, Watched)>,
) -> Result<()> {
    tx.head_mut()?.policy_epoch += 1;
    let (tenant, epoch) = (tx.tenant(), tx.head()?.policy_epoch);
    finish(core, tx, vec![entry]).await?;
    matchers.renew(tenant, Change { epoch, without, with }).await;
    Ok(())
}
