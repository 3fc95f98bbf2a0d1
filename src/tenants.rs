//! Tenants: founding, suspending, resuming, and finding by slug.

use entity::user::Role;
use entity::{BlindIndex, TenantId, UserId, content_key, tenant, tenant_key, user};
use sea_orm::ActiveValue::Set;
use sea_orm::TryIntoModel;
use serde_json::json;

use crate::accounts::{Accounts, Fields, Person};
use crate::core::Core;
use crate::db::system::appoint;
use crate::error::{Error, Result};
use crate::journal::{self, Actor, Chain, Entry, Kind, role_word};
use crate::keys;
use crate::policies;
use crate::refusal::{Outcome, Refusal, RefusalCode, checked_text, lawful};
use crate::vault::Purpose;

/// Characters of a company's name.
const NAME: usize = 200;
/// Characters of a slug: what a label of a host name may have (RFC 1035 §2.3.4).
const SLUG: std::ops::RangeInclusive<usize> = 2..=63;

const OWNER: Fields = Fields { name: "ownerName", email: "ownerEmail", password: "ownerPassword" };

/// A company to be founded, with its first owner. Holds a password: no `Debug`.
pub struct NewTenant {
    /// The company's name.
    pub name: String,
    /// Its short name in addresses: lower-case letters, digits and single hyphens.
    pub slug: String,
    /// The owner's name.
    pub owner_name: String,
    /// The address the owner signs in with.
    pub owner_email: String,
    /// The owner's first password.
    pub owner_password: String,
}

/// What was founded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Founded {
    /// The company.
    pub tenant: TenantId,
    /// Its first owner.
    pub owner: UserId,
}

/// What stands sealed in a tenant's row.
pub struct TenantText {
    /// The company's name.
    pub name: String,
    /// Its short name.
    pub slug: String,
}

/// Founds a tenant: its keys, its journal, its owner, the policy that terms go to when they name none, and the
/// ready-made ones as drafts.
///
/// # Errors
/// RATE_LIMITED when too many passwords are hashed at once; when the database is away.
pub async fn create(accounts: &Accounts, actor: Actor, new: NewTenant) -> Outcome<Founded> {
    let core = accounts.core();
    let name = lawful!(checked_text("name", &new.name, NAME));
    let slug = lawful!(checked_slug(&new.slug));
    if by_slug(core, &slug).await?.is_some() {
        return Ok(Err(duplicate()));
    }
    let owner = lawful!(accounts.person(&OWNER, &new.owner_name, &new.owner_email, new.owner_password).await?);
    match found(accounts, actor, &name, &slug, &owner).await {
        Ok(founded) => Ok(Ok(founded)),
        // Somebody else may have taken the slug meanwhile.
        Err(error) => match by_slug(core, &slug).await {
            Ok(Some(_)) => Ok(Err(duplicate())),
            _ => Err(error),
        },
    }
}

/// All in one transaction: there is a whole tenant or none.
async fn found(accounts: &Accounts, actor: Actor, name: &str, slug: &str, owner: &Person) -> Result<Founded> {
    let core = accounts.core();
    let id = TenantId(core.clock.id());
    let keys = keys::found(id, &core.keyring, &core.clock)?;
    let seal = |column, value: &str| core.platform.seal("tenant", id.0, column, value.as_bytes());
    let row = tenant::ActiveModel {
        id: Set(id),
        slug_index: Set(slug_index(core, slug)),
        slug: Set(seal("slug", slug)?),
        name: Set(seal("name", name)?),
        created_at: Set(core.clock.now()),
        suspended_at: Set(None),
    };
    let (user, user_row, login) = owner.rows(accounts, &keys.keys, Role::Owner)?;
    let heads = journal::first_heads(id);
    let head = heads
        .iter()
        .find(|head| head.chain == Set(Chain::Event))
        .cloned()
        .ok_or_else(|| Error::internal("A tenant would have no journal."))?
        .try_into_model()?;
    let mut tx = core.db.scope(&appoint(id)).found().await?;
    tx.found_tenant(row, heads, login).await?;
    tx.adopt_head(head);
    tx.insert::<tenant_key::Entity>(vec![keys.wrapping]).await?;
    tx.insert::<content_key::Entity>(keys.own).await?;
    tx.insert::<user::Entity>(vec![user_row]).await?;
    let policy = policies::insert(core, &tx, &keys.keys, &policies::default_policy(), true).await?;
    let mut entries = vec![
        Entry::new(Kind::TenantFounded, actor, id.0).with(json!({ "policy": policy.0 })),
        Entry::new(Kind::UserCreated, actor, user.0).with(json!({ "role": role_word(Role::Owner) })),
    ];
    entries.extend(policies::insert_ready_made(core, &tx, &keys.keys, actor).await?);
    policies::finish(core, tx, entries).await?;
    Ok(Founded { tenant: id, owner: user })
}

/// Suspends a tenant: its people are shut out and what arrives for it is parked, until it is resumed.
///
/// # Errors
/// When the database is away.
pub async fn suspend(accounts: &Accounts, actor: Actor, id: TenantId) -> Outcome<TenantId> {
    set_suspended(accounts, actor, id, true).await
}

/// Resumes a tenant.
///
/// # Errors
/// When the database is away.
pub async fn resume(accounts: &Accounts, actor: Actor, id: TenantId) -> Outcome<TenantId> {
    set_suspended(accounts, actor, id, false).await
}

async fn set_suspended(accounts: &Accounts, actor: Actor, id: TenantId, suspended: bool) -> Outcome<TenantId> {
    let core = accounts.core();
    if core.db.tenants_by_id(&[id]).await?.is_empty() {
        return Ok(Err(Refusal::not_found("tenantId")));
    }
    let mut tx = core.db.scope(&appoint(id)).begin(Chain::Event).await?;
    if tx.head()?.suspended_at.is_some() == suspended {
        return Ok(Ok(id));
    }
    tx.suspend_tenant(suspended.then(|| core.clock.now())).await?;
    let kind = if suspended { Kind::TenantSuspended } else { Kind::TenantResumed };
    policies::finish(core, tx, vec![Entry::new(kind, actor, id.0)]).await?;
    accounts.forget();
    Ok(Ok(id))
}

/// Opens a tenant's name and slug.
///
/// # Errors
/// When they do not open.
pub fn open(core: &Core, row: &tenant::Model) -> Result<TenantText> {
    Ok(TenantText {
        name: core.platform.open_text("tenant", row.id.0, "name", &row.name)?,
        slug: core.platform.open_text("tenant", row.id.0, "slug", &row.slug)?,
    })
}

/// The tenant of this slug, as somebody typed it.
///
/// # Errors
/// When the database is away.
pub async fn by_slug(core: &Core, slug: &str) -> Result<Option<tenant::Model>> {
    core.db.tenant_by_slug(&slug_index(core, slug)).await
}

fn slug_index(core: &Core, slug: &str) -> BlindIndex {
    core.platform.index.index(Purpose::Slug, &[slug.trim().to_lowercase().as_bytes()])
}

/// `[a-z0-9](-?[a-z0-9])*`, 2 to 63 characters.
fn checked_slug(slug: &str) -> Result<String, Refusal> {
    let slug = slug.trim();
    let refuse = |code, message| Err(Refusal::field(code, "slug", message));
    if slug.chars().count() > *SLUG.end() {
        return refuse(RefusalCode::TooLong, "A slug must not be longer than 63 characters.");
    }
    let is_word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if slug.len() < *SLUG.start() || !slug.split('-').all(is_word) {
        return refuse(
            RefusalCode::Invalid,
            "A slug has at least 2 characters: lower-case letters and digits, with single hyphens between them.",
        );
    }
    Ok(slug.to_owned())
}

fn duplicate() -> Refusal {
    Refusal::field(RefusalCode::Duplicate, "slug", "There is a company of this slug already.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_lower_case_words_joined_by_single_hyphens() {
        for good in ["ab", "acme", "acme-2", "a-b-c", "0k", &"a".repeat(63)] {
            assert_eq!(checked_slug(good).as_deref(), Ok(good), "{good}");
        }
        for bad in ["", "a", "-a", "a-", "a--b", "Acme", "ac me", "açaí", "a_b", "a.b", "a/b"] {
            assert_eq!(checked_slug(bad).map_err(|refusal| refusal.code), Err(RefusalCode::Invalid), "{bad}");
        }
        assert_eq!(checked_slug(&"a".repeat(64)).map_err(|refusal| refusal.code), Err(RefusalCode::TooLong));
    }
}
