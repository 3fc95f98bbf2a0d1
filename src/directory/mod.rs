//! What stands in a company's books: tenants, users, channels, numbers, policies and terms, opened, as they are read.
//!
//! Functions ending in `s` take ids and answer with what exists of them, in any order, in one statement; those ending in
//! `_page` answer with a part of a list, newest first.

mod watched;

pub use watched::{
    Policy, PolicyVersion, Term, TermVersion, count_policies, count_terms, policies, policies_page, policy_versions,
    term_versions, terms, terms_page,
};

use entity::channel::Provider;
use entity::user::Role;
use entity::{
    ChannelId, NumberId, ParkedId, TenantId, Timestamp, UserId, channel, number, parked, platform_channel, tenant, user,
};

use crate::accounts;
use crate::core::Core;
use crate::db::{Page, PageArgs, Position, SortKey, TenantTx, page};
use crate::error::Result;
use crate::keys;
use crate::numbers::{self, channels};
use crate::tenants;
use crate::vault::TenantKeys;

/// A client company.
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// How it calls itself.
    pub name: String,
    /// Its short name, in addresses.
    pub slug: String,
    /// When it was founded.
    pub created_at: Timestamp,
    /// Since when it is suspended.
    pub suspended_at: Option<Timestamp>,
}

/// A person of a tenant.
pub struct User {
    /// Its id.
    pub id: UserId,
    /// The person's name.
    pub name: String,
    /// The address the person signs in with.
    pub email: String,
    /// What the person may do.
    pub role: Role,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when the person is shut out.
    pub disabled_at: Option<Timestamp>,
}

/// A provider connection.
pub struct Channel {
    /// Its id.
    pub id: ChannelId,
    /// What people call it.
    pub name: String,
    /// Who carries the messages.
    pub provider: Provider,
    /// Whether it is the platform's, shared by tenants.
    pub is_platforms: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A monitored number.
pub struct Number {
    /// Its id.
    pub id: NumberId,
    /// What its messages come through.
    pub channel: ChannelId,
    /// In the form of E.164.
    pub phone: String,
    /// What people call it.
    pub label: String,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// The facts about an item that was parked.
pub struct ParkedItem {
    /// Its id.
    pub id: ParkedId,
    /// What it came through.
    pub channel: ChannelId,
    /// Why it was parked.
    pub reason: parked::Reason,
    /// How large it is.
    pub byte_size: i32,
    /// When it was parked.
    pub parked_at: Timestamp,
}

macro_rules! placed {
    ($($thing:ty: $at:ident,)+) => {$(
        impl $thing {
            /// Where it stands in its list.
            pub fn position(&self) -> Position {
                Position { at: self.$at.0, id: self.id.0 }
            }
        }
    )+};
}

placed! {
    Tenant: created_at,
    User: created_at,
    Channel: created_at,
    Number: created_at,
    Policy: created_at,
    Term: created_at,
    ParkedItem: parked_at,
}

fn newest_first<C>(at: C, id: C) -> SortKey<C> {
    SortKey { at, id: Some(id), descending: true }
}

fn open_page<T, O>(page: Page<T>, open: impl FnMut(T) -> Result<O>) -> Result<Page<O>> {
    let rows = page.rows.into_iter().map(open).collect::<Result<_>>()?;
    Ok(Page { rows, has_next: page.has_next, has_previous: page.has_previous })
}

// ── tenants, for operators; and their own, for their people ──

/// Tenants by id.
///
/// # Errors
/// What the database says, or that something does not open; so for all functions here.
pub async fn tenants(core: &Core, ids: &[TenantId]) -> Result<Vec<Tenant>> {
    core.db.tenants_by_id(ids).await?.into_iter().map(|row| open_tenant(core, row)).collect()
}

/// A page of all tenants.
pub async fn tenants_page(core: &Core, args: &PageArgs) -> Result<Page<Tenant>> {
    open_page(core.db.tenants_page(args).await?, |row| open_tenant(core, row))
}

fn open_tenant(core: &Core, row: tenant::Model) -> Result<Tenant> {
    let text = tenants::open(core, &row)?;
    Ok(Tenant {
        id: row.id,
        name: text.name,
        slug: text.slug,
        created_at: row.created_at,
        suspended_at: row.suspended_at,
    })
}

// ── users ──

/// Users by id.
pub async fn users(core: &Core, tx: &TenantTx, ids: &[UserId]) -> Result<Vec<User>> {
    let keys = keys::of_tenant(tx, &core.keyring).await?;
    let rows = tx.rows::<user::Entity>().among(user::Column::Id, ids.iter().copied()).all().await?;
    rows.into_iter().map(|row| open_user(&keys, row)).collect()
}

/// A page of the tenant's users, those shut out included.
pub async fn users_page(core: &Core, tx: &TenantTx, args: &PageArgs) -> Result<Page<User>> {
    let keys = keys::of_tenant(tx, &core.keyring).await?;
    let key = newest_first(user::Column::CreatedAt, user::Column::Id);
    open_page(page(tx.rows::<user::Entity>(), key, args).await?, |row| open_user(&keys, row))
}

/// How many users there are.
pub async fn count_users(tx: &TenantTx) -> Result<u64> {
    tx.rows::<user::Entity>().count().await
}

fn open_user(keys: &TenantKeys, row: user::Model) -> Result<User> {
    let text = accounts::open_user(keys, &row)?;
    Ok(User {
        id: row.id,
        name: text.name,
        email: text.email,
        role: row.role,
        created_at: row.created_at,
        disabled_at: row.disabled_at,
    })
}

// ── channels ──

/// Channels by id: the tenant's own, and those of the platform's that one of its numbers is on. The latter cost two
/// statements more.
pub async fn channels(core: &Core, tx: &TenantTx, ids: &[ChannelId]) -> Result<Vec<Channel>> {
    let keys = keys::of_tenant(tx, &core.keyring).await?;
    let rows = tx.rows::<channel::Entity>().among(channel::Column::Id, ids.iter().copied()).all().await?;
    let mut found = rows.into_iter().map(|row| open_channel(&keys, row)).collect::<Result<Vec<_>>>()?;
    let others: Vec<ChannelId> =
        ids.iter().copied().filter(|id| found.iter().all(|channel| channel.id != *id)).collect();
    if !others.is_empty() {
        let numbers = tx.rows::<number::Entity>().among(number::Column::ChannelId, others).all().await?;
        let mut shared: Vec<ChannelId> = numbers.into_iter().map(|row| row.channel_id).collect();
        shared.sort_unstable();
        shared.dedup();
        found.extend(platform_channels(core, &shared).await?);
    }
    Ok(found)
}

/// A page of the tenant's own channels.
pub async fn channels_page(core: &Core, tx: &TenantTx, args: &PageArgs) -> Result<Page<Channel>> {
    let keys = keys::of_tenant(tx, &core.keyring).await?;
    let key = newest_first(channel::Column::CreatedAt, channel::Column::Id);
    open_page(page(tx.rows::<channel::Entity>(), key, args).await?, |row| open_channel(&keys, row))
}

/// How many channels of its own the tenant has.
pub async fn count_channels(tx: &TenantTx) -> Result<u64> {
    tx.rows::<channel::Entity>().count().await
}

/// The platform's channels by id.
pub async fn platform_channels(core: &Core, ids: &[ChannelId]) -> Result<Vec<Channel>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    core.db.platform_channels_by_id(ids).await?.into_iter().map(|row| open_platform_channel(core, row)).collect()
}

/// The channels that parked items came through: the platform's, and of the companies' own the facts alone.
pub async fn channels_of_parked(core: &Core, ids: &[ChannelId]) -> Result<Vec<Channel>> {
    let mut found = platform_channels(core, ids).await?;
    for id in ids {
        if found.iter().any(|channel| channel.id == *id) {
            continue;
        }
        let Some(route) = core.db.channel_route(*id).await? else { continue };
        // The id tells when it was made: nothing of the company's is read.
        let (seconds, nanos) = id.0.get_timestamp().map_or((0, 0), |time| time.to_unix());
        let created_at = Timestamp(i64::try_from(seconds).unwrap_or(0) * 1_000_000 + i64::from(nanos / 1_000));
        let name = "A company's own channel".to_owned();
        found.push(Channel { id: *id, name, provider: route.provider, is_platforms: false, created_at });
    }
    Ok(found)
}

/// A page of the platform's channels.
pub async fn platform_channels_page(core: &Core, args: &PageArgs) -> Result<Page<Channel>> {
    open_page(core.db.platform_channels_page(args).await?, |row| open_platform_channel(core, row))
}

fn open_channel(keys: &TenantKeys, row: channel::Model) -> Result<Channel> {
    let name = channels::open_name(keys, &row)?;
    Ok(Channel { id: row.id, name, provider: row.provider, is_platforms: false, created_at: row.created_at })
}

fn open_platform_channel(core: &Core, row: platform_channel::Model) -> Result<Channel> {
    let name = channels::open_platform_name(core, &row)?;
    Ok(Channel { id: row.id, name, provider: row.provider, is_platforms: true, created_at: row.created_at })
}

// ── numbers ──

/// Numbers by id.
pub async fn numbers(core: &Core, tx: &TenantTx, ids: &[NumberId]) -> Result<Vec<Number>> {
    let keys = keys::of_tenant(tx, &core.keyring).await?;
    let rows = tx.rows::<number::Entity>().among(number::Column::Id, ids.iter().copied()).all().await?;
    rows.into_iter().map(|row| open_number(&keys, row)).collect()
}

/// A page of the tenant's numbers.
pub async fn numbers_page(core: &Core, tx: &TenantTx, args: &PageArgs) -> Result<Page<Number>> {
    let keys = keys::of_tenant(tx, &core.keyring).await?;
    let key = newest_first(number::Column::CreatedAt, number::Column::Id);
    open_page(page(tx.rows::<number::Entity>(), key, args).await?, |row| open_number(&keys, row))
}

/// How many numbers the tenant has.
pub async fn count_numbers(tx: &TenantTx) -> Result<u64> {
    tx.rows::<number::Entity>().count().await
}

fn open_number(keys: &TenantKeys, row: number::Model) -> Result<Number> {
    let text = numbers::open(keys, &row)?;
    Ok(Number { id: row.id, channel: row.channel_id, phone: text.phone, label: text.label, created_at: row.created_at })
}

// ── parked items, for operators ──

/// Parked items by id, those not taken up again.
pub async fn parked_items(core: &Core, ids: &[ParkedId]) -> Result<Vec<ParkedItem>> {
    Ok(core.db.parked_by_id(ids).await?.into_iter().map(facts).collect())
}

/// A page of the parked items that were not taken up again.
pub async fn parked_page(core: &Core, args: &PageArgs) -> Result<Page<ParkedItem>> {
    open_page(core.db.parked_page(args).await?, |row| Ok(facts(row)))
}

fn facts(row: parked::Model) -> ParkedItem {
    ParkedItem {
        id: row.id,
        channel: row.channel_id,
        reason: row.reason,
        byte_size: row.byte_size,
        parked_at: row.parked_at,
    }
}
