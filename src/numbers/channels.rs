//! Channels: connections to providers, with their secrets and the paths of their webhooks.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entity::channel::Provider;
use entity::{ChannelId, RouteId, channel, platform_channel, route};
use moka::sync::Cache;
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::ColumnTrait;
use uuid::Uuid;

use super::secrets::{Kept, read, rotated, written};
pub use super::secrets::{Secrets, SecretsChange};
use crate::core::Core;
use crate::db::Session;
use crate::db::system::ChannelRoute;
use crate::error::Result;
use crate::journal::{Actor, Chain, Entry, Kind};
use crate::keys::{self, PlatformKeys};
use crate::policies::finish;
use crate::refusal::{Outcome, Refusal, RefusalCode, checked_text, lawful};
use crate::vault::{Context, Purpose, TenantKeys};

/// Characters of a channel's name.
const NAME: usize = 200;
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

/// A channel to be added. Holds secrets: no `Debug`.
pub struct NewChannel {
    /// What it is called.
    pub name: String,
    /// Who delivers through it.
    pub provider: Provider,
    /// As the provider needs them.
    pub secrets: Secrets,
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
