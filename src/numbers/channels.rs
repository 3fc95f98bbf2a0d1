//! Channels: connections to providers, with their secrets and the paths of their webhooks.
//!
//! Secrets are kept as a sealed JSON list of sets: the one in force, and those that were replaced within the last day.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entity::channel::Provider;
use entity::{ChannelId, RouteId, Sealed, Timestamp, channel, platform_channel, route};
use moka::sync::Cache;
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::ColumnTrait;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::core::Core;
use crate::db::Session;
use crate::db::system::ChannelRoute;
use crate::error::{Error, Result};
use crate::journal::{Actor, Chain, Entry, Kind};
use crate::keys::{self, PlatformKeys};
use crate::policies::finish;
use crate::refusal::{Outcome, Refusal, RefusalCode, checked_text, lawful};
use crate::vault::{Context, Key, Purpose, TenantKeys};

/// Characters of a channel's name.
const NAME: usize = 200;
/// Characters of one secret.
const SECRET: usize = 512;
/// Microseconds that replaced secrets stay good.
const OVERLAP: i64 = 24 * 60 * 60 * 1_000_000;
/// Sets of secrets that may be good at once: each one is tried on a delivery with a bad signature.
const SETS: usize = 5;
/// How long opened secrets stay in memory. A rotation on another node is noticed after this time at the latest.
const OPENED: Duration = Duration::from_secs(5);
/// Channels whose opened secrets are remembered.
const CHANNELS: u64 = 10_000;
/// Bytes of the unguessable part of a webhook's path.
const PATH_MAC: usize = 12;

/// Whose a channel is.
#[derive(Clone, Copy, Debug)]
pub enum ChannelOwner {
    /// The tenant's own, proven by one of its people.
    Tenant(Session),
    /// The platform's, shared by tenants.
    Platform,
}

/// What a provider and Vigia know each other by. No `Debug`; wiped when dropped.
#[derive(Clone, Default, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Secrets {
    /// Signs what the provider delivers (Meta's app secret, Twilio's auth token, Evolution's bearer).
    pub app_secret: Option<String>,
    /// What the provider says when it first greets the webhook.
    pub verify_token: Option<String>,
    /// Fetches media and sends.
    pub access_token: Option<String>,
    /// The provider's account.
    pub account_id: Option<String>,
    /// Where the provider is reached.
    pub api_url: Option<String>,
}

/// A channel to be added. Holds secrets: no `Debug`.
pub struct NewChannel {
    /// What it is called.
    pub name: String,
    /// Who delivers through it.
    pub provider: Provider,
    /// As the provider needs them.
    pub secrets: Secrets,
}

/// Secrets to be replaced; the others stay. No `Debug`.
pub struct SecretsChange {
    /// Signs what the provider delivers.
    pub app_secret: Option<String>,
    /// What the provider says when it first greets the webhook.
    pub verify_token: Option<String>,
    /// Fetches media and sends.
    pub access_token: Option<String>,
}

/// A set of secrets as it is kept.
#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    secrets: Secrets,
    /// `None` for the set in force.
    expires_at: Option<i64>,
}

impl Kept {
    fn is_good(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|at| now.0 < at)
    }
}

impl Secrets {
    /// Trimmed, bounded, and complete for the provider.
    fn checked(mut self, provider: Provider) -> Result<Self, Refusal> {
        let needed: &[&str] = match provider {
            Provider::Meta => &["appSecret", "verifyToken"],
            Provider::Evolution => &["appSecret"],
            Provider::Twilio => &["appSecret", "accountId"],
            Provider::ChatExport => &[],
        };
        for (field, secret) in [
            ("appSecret", &mut self.app_secret),
            ("verifyToken", &mut self.verify_token),
            ("accessToken", &mut self.access_token),
            ("accountId", &mut self.account_id),
            ("apiUrl", &mut self.api_url),
        ] {
            match secret {
                Some(text) => *text = checked_text(field, text, SECRET)?,
                None if needed.contains(&field) => {
                    return Err(Refusal::field(RefusalCode::Invalid, field, "This provider's channels need it."));
                }
                None => {}
            }
        }
        if let Some(url) = &self.api_url
            && !url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
        {
            return Err(Refusal::field(
                RefusalCode::Invalid,
                "apiUrl",
                "Give the whole address, beginning with https://.",
            ));
        }
        Ok(self)
    }
}

/// Adds a channel.
///
/// # Errors
/// When the database is away.
pub async fn create(core: &Core, owner: ChannelOwner, actor: Actor, new: NewChannel) -> Outcome<ChannelId> {
    let name = lawful!(checked_text("name", &new.name, NAME));
    // An address behind which nobody answers would lose messages: such a channel is refused until its door is built.
    if matches!(new.provider, Provider::Evolution | Provider::Twilio) {
        let message = "Channels of this provider are not available yet. Use META or CHAT_EXPORT.";
        return Ok(Err(Refusal::field(RefusalCode::Invalid, "provider", message)));
    }
    let secrets = lawful!(new.secrets.checked(new.provider));
    let kept = written(&[Kept { secrets, expires_at: None }])?;
    let id = ChannelId(core.clock.id());
    let route = route::ActiveModel {
        id: Set(RouteId(core.clock.id())),
        channel_id: Set(id),
        provider: Set(new.provider),
        number_index: Set(None),
        tenant_id: Set(None),
        number_id: Set(None),
    };
    match owner {
        ChannelOwner::Tenant(session) => {
            let tx = core.db.scope(&session).begin(Chain::Event).await?;
            let keys = keys::of_tenant(&tx, &core.keyring).await?;
            let row = channel::ActiveModel {
                tenant_id: Set(keys.tenant),
                id: Set(id),
                provider: Set(new.provider),
                name: Set(keys.company.seal(&place(&keys, id, "name"), name.as_bytes())?),
                secrets: Set(keys.company.seal(&place(&keys, id, "secrets"), &kept)?),
                created_at: Set(core.clock.now()),
            };
            tx.insert::<channel::Entity>(vec![row]).await?;
            tx.bind_route(route).await?;
            finish(core, tx, vec![Entry::new(Kind::ChannelCreated, actor, id.0)]).await?;
        }
        ChannelOwner::Platform => {
            let row = platform_channel::ActiveModel {
                id: Set(id),
                provider: Set(new.provider),
                name: Set(core.platform.seal("platform_channel", id.0, "name", name.as_bytes())?),
                secrets: Set(core.platform.seal("platform_channel", id.0, "secrets", &kept)?),
                created_at: Set(core.clock.now()),
            };
            core.db.keep_platform_channel(row, route).await?;
            // No tenant's journal tells of what belongs to the platform.
            tracing::info!(channel = %id.0, ?actor, "a channel of the platform was added");
        }
    }
    Ok(Ok(id))
}

/// The channels' secrets, opened ones remembered for seconds. One for the whole process.
pub struct Channels {
    opened: Cache<ChannelId, Arc<[Kept]>>,
}

impl Channels {
    /// Nothing opened yet.
    #[expect(clippy::new_without_default, reason = "there is one a process, made on purpose")]
    pub fn new() -> Self {
        Self { opened: Cache::builder().max_capacity(CHANNELS).time_to_live(OPENED).build() }
    }

    /// The secrets that are good now: those in force first, then those replaced within the last day. None where there
    /// is no such channel.
    ///
    /// # Errors
    /// When the database is away or they do not open.
    pub async fn secrets(&self, core: &Core, id: ChannelId, route: &ChannelRoute) -> Result<Vec<Secrets>> {
        let kept = match self.opened.get(&id) {
            Some(kept) => kept,
            None => {
                let kept: Arc<[Kept]> = look_up(core, id, route).await?.into();
                self.opened.insert(id, Arc::clone(&kept));
                kept
            }
        };
        let now = core.clock.now();
        Ok(kept.iter().filter(|set| set.is_good(now)).map(|set| set.secrets.clone()).collect())
    }

    /// Replaces secrets. The old ones stay good for a day.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn rotate_secrets(
        &self,
        core: &Core,
        owner: ChannelOwner,
        actor: Actor,
        id: ChannelId,
        change: SecretsChange,
    ) -> Outcome<ChannelId> {
        if change.app_secret.is_none() && change.verify_token.is_none() && change.access_token.is_none() {
            return Ok(Err(Refusal::whole(RefusalCode::Invalid, "Give at least one secret to be replaced.")));
        }
        let now = core.clock.now();
        match owner {
            ChannelOwner::Tenant(session) => {
                let tx = core.db.scope(&session).begin(Chain::Event).await?;
                let Some(row) = tx.rows::<channel::Entity>().filter(channel::Column::Id.eq(id)).one().await? else {
                    return Ok(Err(Refusal::not_found("channelId")));
                };
                let keys = keys::of_tenant(&tx, &core.keyring).await?;
                let place = place(&keys, id, "secrets");
                let kept = read(&keys.company, &place, &row.secrets)?;
                let kept = written(&lawful!(rotated(kept, change, row.provider, now)))?;
                let secrets = Set(keys.company.seal(&place, &kept)?);
                tx.update::<channel::Entity>(channel::ActiveModel { id: Unchanged(id), secrets, ..Default::default() })
                    .await?;
                finish(core, tx, vec![Entry::new(Kind::ChannelSecretsRotated, actor, id.0)]).await?;
            }
            ChannelOwner::Platform => {
                let rows = core.db.platform_channels_by_id(&[id]).await?;
                let Some(row) = rows.first() else { return Ok(Err(Refusal::not_found("channelId"))) };
                let kept = read(&core.platform.content, &platform_place(id), &row.secrets)?;
                let kept = written(&lawful!(rotated(kept, change, row.provider, now)))?;
                let sealed = core.platform.content.seal(&platform_place(id), &kept)?;
                core.db.replace_platform_secrets(id, sealed).await?;
                tracing::info!(channel = %id.0, ?actor, "secrets of a channel of the platform were replaced");
            }
        }
        self.opened.invalidate(&id);
        Ok(Ok(id))
    }
}

/// The sets after a rotation: the new one, and the old ones that are still good.
fn rotated(old: Vec<Kept>, change: SecretsChange, provider: Provider, now: Timestamp) -> Result<Vec<Kept>, Refusal> {
    let mut secrets = old.first().map(|set| set.secrets.clone()).unwrap_or_default();
    for (secret, new) in [
        (&mut secrets.app_secret, change.app_secret),
        (&mut secrets.verify_token, change.verify_token),
        (&mut secrets.access_token, change.access_token),
    ] {
        if new.is_some() {
            *secret = new;
        }
    }
    let mut sets = vec![Kept { secrets: secrets.checked(provider)?, expires_at: None }];
    sets.extend(old.into_iter().filter(|set| set.is_good(now)).map(|mut set| {
        set.expires_at.get_or_insert(now.0.saturating_add(OVERLAP));
        set
    }));
    if sets.len() > SETS {
        let message = "The secrets were replaced too often within a day: the oldest must run out first.";
        return Err(Refusal::whole(RefusalCode::LimitReached, message));
    }
    Ok(sets)
}

fn written(sets: &[Kept]) -> Result<Zeroizing<Vec<u8>>> {
    let json =
        serde_json::to_vec(sets).map_err(|error| Error::internal("Secrets cannot be written.").because(error))?;
    Ok(Zeroizing::new(json))
}

fn read(key: &Key, place: &Context, sealed: &Sealed) -> Result<Vec<Kept>> {
    // The cause would quote what it could not read.
    serde_json::from_slice(&key.open(place, sealed)?)
        .map_err(|_| Error::internal("A channel's secrets cannot be read."))
}

async fn look_up(core: &Core, id: ChannelId, route: &ChannelRoute) -> Result<Vec<Kept>> {
    let Some(routed) = route.tenant else {
        let rows = core.db.platform_channels_by_id(&[id]).await?;
        let kept =
            rows.first().map(|row| read(&core.platform.content, &platform_place(id), &row.secrets)).transpose()?;
        return Ok(kept.unwrap_or_default());
    };
    let tx = core.db.scope(&routed).read().await?;
    let Some(row) = tx.rows::<channel::Entity>().filter(channel::Column::Id.eq(id)).one().await? else {
        return Ok(Vec::new());
    };
    let keys = keys::of_tenant(&tx, &core.keyring).await?;
    read(&keys.company, &place(&keys, id, "secrets"), &row.secrets)
}

fn place(keys: &TenantKeys, id: ChannelId, column: &'static str) -> Context {
    Context { tenant: keys.tenant.0, table: "channel", row: id.0, column }
}

fn platform_place(id: ChannelId) -> Context {
    PlatformKeys::context("platform_channel", id.0, "secrets")
}

/// Opens the name of a tenant's channel.
///
/// # Errors
/// When it does not open.
pub fn open_name(keys: &TenantKeys, row: &channel::Model) -> Result<String> {
    keys::text(keys.company.open(&place(keys, row.id, "name"), &row.name)?)
}

/// Opens the name of a channel of the platform's.
///
/// # Errors
/// When it does not open.
pub fn open_platform_name(core: &Core, row: &platform_channel::Model) -> Result<String> {
    core.platform.open_text("platform_channel", row.id.0, "name", &row.name)
}

/// The last part of a channel's webhook path: its id and 96 bits that only the platform's key gives.
pub fn path_of(core: &Core, id: ChannelId) -> String {
    let bytes: Vec<u8> = id.0.as_bytes().iter().chain(&path_mac(core, id)).copied().collect();
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The channel of a webhook's path; `None` for a path that was not made here.
pub fn channel_of_path(core: &Core, path: &str) -> Option<ChannelId> {
    let bytes = URL_SAFE_NO_PAD.decode(path).ok()?;
    let (id, mac) = bytes.split_first_chunk::<16>()?;
    let id = ChannelId(Uuid::from_bytes(*id));
    verify_slices_are_equal(&path_mac(core, id), mac).ok()?;
    Some(id)
}

fn path_mac(core: &Core, id: ChannelId) -> Vec<u8> {
    let mut mac = core.platform.index.index(Purpose::ChannelPath, &[id.0.as_bytes()]).0;
    mac.truncate(PATH_MAC);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_764_000_000_000_000);

    fn secret(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn meta(app_secret: &str) -> Secrets {
        let mut secrets = Secrets::default();
        secrets.app_secret = secret(app_secret);
        secrets.verify_token = secret("v");
        secrets
    }

    fn change(app_secret: &str) -> SecretsChange {
        SecretsChange { app_secret: secret(app_secret), verify_token: None, access_token: None }
    }

    fn refused(secrets: Secrets, provider: Provider) -> Option<(RefusalCode, Vec<&'static str>)> {
        secrets.checked(provider).err().map(|refusal| (refusal.code, refusal.path))
    }

    #[test]
    fn each_provider_gets_the_secrets_it_needs() {
        let none = Secrets::default;
        assert_eq!(refused(none(), Provider::Meta), Some((RefusalCode::Invalid, vec!["appSecret"])));
        let mut half = none();
        half.app_secret = secret("s");
        assert_eq!(refused(half.clone(), Provider::Meta), Some((RefusalCode::Invalid, vec!["verifyToken"])));
        assert_eq!(refused(half.clone(), Provider::Twilio), Some((RefusalCode::Invalid, vec!["accountId"])));
        assert_eq!(refused(half, Provider::Evolution), None);
        assert_eq!(refused(meta("s"), Provider::Meta), None);
        assert_eq!(refused(none(), Provider::ChatExport), None);
    }

    #[test]
    fn secrets_are_neither_blank_nor_endless_and_addresses_are_whole() {
        assert_eq!(refused(meta("  "), Provider::Meta), Some((RefusalCode::Invalid, vec!["appSecret"])));
        assert_eq!(refused(meta(&"s".repeat(512)), Provider::Meta), None);
        assert_eq!(refused(meta(&"s".repeat(513)), Provider::Meta), Some((RefusalCode::TooLong, vec!["appSecret"])));
        let at = |url: &str| {
            let mut secrets = meta("s");
            secrets.api_url = secret(url);
            secrets
        };
        assert_eq!(refused(at("https://evolution.exemplo.br/api"), Provider::Meta), None);
        for bad in ["evolution.exemplo.br", "file:///etc/passwd", "ftp://exemplo.br"] {
            assert_eq!(refused(at(bad), Provider::Meta), Some((RefusalCode::Invalid, vec!["apiUrl"])), "{bad}");
        }
    }

    #[test]
    fn replaced_secrets_stay_good_for_a_day_and_what_was_not_replaced_stays() {
        let first = vec![Kept { secrets: meta("one"), expires_at: None }];
        let sets = rotated(first, change("two"), Provider::Meta, NOW).unwrap();
        let told = |sets: &[Kept], now: Timestamp| -> Vec<String> {
            sets.iter().filter(|set| set.is_good(now)).filter_map(|set| set.secrets.app_secret.clone()).collect()
        };
        assert_eq!(sets[0].secrets.verify_token.as_deref(), Some("v"));
        assert_eq!(told(&sets, Timestamp(NOW.0 + OVERLAP - 1)), ["two", "one"]);
        assert_eq!(told(&sets, Timestamp(NOW.0 + OVERLAP)), ["two"]);
        let later = Timestamp(NOW.0 + OVERLAP);
        let sets = rotated(sets, change("three"), Provider::Meta, later).unwrap();
        assert_eq!(told(&sets, later), ["three", "two"]);
    }

    #[test]
    fn a_replaced_set_is_not_made_good_for_longer_by_another_rotation_and_sets_are_bounded() {
        let mut sets = vec![Kept { secrets: meta("0"), expires_at: None }];
        for i in 1..SETS {
            sets = rotated(sets, change(&i.to_string()), Provider::Meta, Timestamp(NOW.0 + i as i64)).unwrap();
        }
        assert_eq!(sets.last().unwrap().expires_at, Some(NOW.0 + 1 + OVERLAP));
        let refusal = rotated(sets, change("more"), Provider::Meta, NOW).err().unwrap();
        assert_eq!(refusal.code, RefusalCode::LimitReached);
    }

    #[test]
    fn secrets_come_back_as_they_were_written() {
        let json = written(&[Kept { secrets: meta("s"), expires_at: Some(7) }]).unwrap();
        let sets: Vec<Kept> = serde_json::from_slice(&json).unwrap();
        assert_eq!((sets[0].secrets.app_secret.as_deref(), sets[0].expires_at), (Some("s"), Some(7)));
    }
}
