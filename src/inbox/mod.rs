//! A message's way in: from a delivery's items to committed messages, matches and alerts.
//!
//! Laws. An item reaches a tenant only through a number that is bound to the channel it came through. What was
//! answered as taken is committed. What the tenant's transaction cannot take is found by bisection and parked, and
//! costs its neighbours nothing. Nothing is counted twice: a message is one by its number and the provider's id.

pub(crate) mod alerts;
mod contacts;
mod draft;
mod park;
mod rows;
pub(crate) mod scan;
mod take;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use entity::channel::Provider;
use entity::parked::Reason;
use entity::{BlindIndex, ChannelId, DeliveryId, NumberId, ParkedId, TenantId, Timestamp, delivery, held};
use futures_util::future::join_all;
use moka::sync::Cache;
use sea_orm::ActiveValue::Set;
use sea_orm::ColumnTrait;

use crate::core::Core;
use crate::db::system::{ChannelRoute, NumberRoute, appoint};
use crate::db::{Lanes, Overloaded, TenantScope};
use crate::error::{Error, Result};
use crate::journal::Chain;
use crate::policies::Matchers;
use crate::providers::{Event, Incoming, meta};
use crate::telemetry::Metrics;
use crate::vault::Purpose;

/// Items that one transaction takes, about; a delivery's parcel is cut to this size.
const BATCH_ITEMS: usize = 500;
/// Items that may wait on one node; beyond, the provider is told to come again.
const WAITING_ITEMS: usize = 65_536;
/// How long a known route is believed. Routes are never changed, only added.
const ROUTE_LIFE: Duration = Duration::from_secs(60);
/// How long what was parked is kept, the facts of deliveries, and sessions after their end.
const PLATFORM_LIFE: Duration = Duration::from_secs(30 * 86_400);
/// How long an event waits for its message: Meta repeats deliveries for up to seven days.
const HELD_LIFE: Duration = Duration::from_secs(8 * 86_400);

/// What became of a delivery's items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// New messages.
    pub stored: u64,
    /// Edits, deletions, reactions, statuses and changes of identity that took effect.
    pub applied: u64,
    /// What was there already.
    pub duplicates: u64,
    /// Of the new messages, those that hold more than the words that could be scanned.
    pub not_scanned: u64,
    /// What waits for its message.
    pub held: u64,
    /// What could not be placed or understood.
    pub parked: u64,
    /// What is not kept: address books, history nobody wanted.
    pub skipped: u64,
    /// Matches found.
    pub matches: u64,
    /// Alerts raised.
    pub alerts: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, other: Self) {
        self.stored += other.stored;
        self.applied += other.applied;
        self.duplicates += other.duplicates;
        self.not_scanned += other.not_scanned;
        self.held += other.held;
        self.parked += other.parked;
        self.skipped += other.skipped;
        self.matches += other.matches;
        self.alerts += other.alerts;
    }
}

/// An item on its way into a tenant.
pub(crate) struct Item {
    incoming: Incoming,
    channel: ChannelId,
    provider: Provider,
    number: NumberId,
    received_at: Timestamp,
}

/// Items of one delivery for one tenant.
pub(crate) struct Parcel {
    scope: TenantScope,
    items: Vec<Item>,
    delivery: Option<delivery::ActiveModel>,
}

impl Parcel {
    /// The same in parcels that fit one transaction each, in order.
    fn cut(mut self) -> Vec<Self> {
        let mut parcels = Vec::with_capacity(self.items.len() / BATCH_ITEMS + 1);
        while self.items.len() > BATCH_ITEMS {
            let rest = self.items.split_off(BATCH_ITEMS);
            let first = Self {
                scope: self.scope.clone(),
                items: std::mem::replace(&mut self.items, rest),
                delivery: self.delivery.take(),
            };
            parcels.push(first);
        }
        parcels.push(self);
        parcels
    }
}

/// The way in.
pub struct Inbox {
    core: Core,
    matchers: Arc<Matchers>,
    metrics: Metrics,
    routes: Cache<(ChannelId, BlindIndex), NumberRoute>,
    lanes: Arc<Lanes<Parcel, Result<Counts>>>,
}

impl Inbox {
    /// The way in to this database.
    pub fn new(core: Core, matchers: Arc<Matchers>, metrics: Metrics) -> Arc<Self> {
        Arc::new_cyclic(|inbox: &std::sync::Weak<Self>| {
            let inbox = inbox.clone();
            let lanes = Lanes::new(
                BATCH_ITEMS,
                WAITING_ITEMS,
                |parcel: &Parcel| parcel.items.len(),
                move |tenant: TenantId, parcels| {
                    let inbox = inbox.clone();
                    async move {
                        match inbox.upgrade() {
                            Some(inbox) => inbox.take(tenant, parcels).await,
                            None => {
                                parcels.iter().map(|_| Err(Error::unavailable("The server is stopping."))).collect()
                            }
                        }
                    }
                },
            );
            Self {
                core,
                matchers,
                metrics,
                routes: Cache::builder().max_capacity(100_000).time_to_live(ROUTE_LIFE).build(),
                lanes,
            }
        })
    }

    /// Takes an authentic delivery: answers when everything in it is committed, parked or known already.
    ///
    /// # Errors
    /// UNAVAILABLE: the database is away or too much is waiting. The provider is to come again; what was committed
    /// meanwhile is recognised then.
    pub async fn receive(
        &self,
        channel: ChannelId,
        route: ChannelRoute,
        body: &[u8],
        items: Vec<Incoming>,
    ) -> Result<Counts> {
        let now = self.core.clock.now();
        let facts = delivery::ActiveModel {
            id: Set(DeliveryId(self.core.clock.id())),
            channel_id: Set(channel),
            received_at: Set(now),
            sha256: Set(digest(&SHA256, body).as_ref().to_vec()),
            byte_size: Set(i32::try_from(body.len()).unwrap_or(i32::MAX)),
            item_count: Set(i32::try_from(items.len()).unwrap_or(i32::MAX)),
        };
        self.sort(channel, route, Some(facts), items).await
    }

    /// Sorts items by tenant and has each tenant's taken; parks what has none.
    async fn sort(
        &self,
        channel: ChannelId,
        route: ChannelRoute,
        facts: Option<delivery::ActiveModel>,
        items: Vec<Incoming>,
    ) -> Result<Counts> {
        let now = self.core.clock.now();
        let routes = self.routes(channel, &items).await?;
        let mut parcels: HashMap<TenantId, Parcel> = HashMap::new();
        let mut homeless = Vec::new();
        let mut counts = Counts::default();
        for incoming in items {
            let known =
                incoming.provider_number_id.as_deref().and_then(|id| routes.get(&self.number_index(channel, id)));
            match (&incoming.event, known) {
                // Not even an address book that nobody can place is kept.
                (Event::AddressBookEntry, _) => counts.skipped += 1,
                (Event::Parked(reason), _) => homeless.push((*reason, known.map(|known| known.routed), incoming)),
                (_, None) => homeless.push((Reason::UnknownNumber, None, incoming)),
                (_, Some(known)) => {
                    let scope = self.core.db.scope(&known.routed);
                    let item =
                        Item { incoming, channel, provider: route.provider, number: known.number, received_at: now };
                    parcels
                        .entry(scope.tenant())
                        .or_insert_with(|| Parcel { scope, items: Vec::new(), delivery: None })
                        .items
                        .push(item);
                }
            }
        }
        let mut facts = facts;
        if let Some(parcel) = parcels.values_mut().next() {
            parcel.delivery = facts.take();
        }
        if facts.is_some() || !homeless.is_empty() {
            counts.parked += homeless.len() as u64;
            self.park_homeless(channel, route, facts, homeless).await?;
        }
        let parcels = parcels.into_values().flat_map(Parcel::cut);
        let taken = join_all(parcels.map(|parcel| self.submit(parcel))).await;
        for taken in taken {
            counts.add(taken?);
        }
        self.count(&counts);
        Ok(counts)
    }

    async fn submit(&self, parcel: Parcel) -> Result<Counts> {
        let tenant = parcel.scope.tenant();
        match self.lanes.submit(tenant, parcel).await {
            Ok(taken) => taken,
            Err(Overloaded) => Err(Error::unavailable("Too much is waiting. Try again in a moment.")),
        }
    }

    /// Takes items of an exported chat, in the scope of whoever imports.
    ///
    /// # Errors
    /// When the database is away; what was committed is recognised the next time.
    pub async fn import(
        &self,
        scope: &TenantScope,
        channel: ChannelId,
        number: NumberId,
        items: Vec<Incoming>,
    ) -> Result<Counts> {
        let received_at = self.core.clock.now();
        let items = items
            .into_iter()
            .map(|incoming| Item { incoming, channel, provider: Provider::ChatExport, number, received_at })
            .collect();
        let counts = self.submit(Parcel { scope: scope.clone(), items, delivery: None }).await?;
        self.count(&counts);
        Ok(counts)
    }

    fn count(&self, counts: &Counts) {
        for (outcome, count) in [
            ("stored", counts.stored),
            ("not_scanned", counts.not_scanned),
            ("applied", counts.applied),
            ("duplicate", counts.duplicates),
            ("held", counts.held),
            ("parked", counts.parked),
            ("skipped", counts.skipped),
        ] {
            self.metrics.items(outcome, count);
        }
        self.metrics.alerts_raised(counts.alerts);
    }

    fn number_index(&self, channel: ChannelId, provider_number_id: &str) -> BlindIndex {
        self.core.platform.index.index(Purpose::Number, &[channel.0.as_bytes(), provider_number_id.as_bytes()])
    }

    async fn routes(&self, channel: ChannelId, items: &[Incoming]) -> Result<HashMap<BlindIndex, NumberRoute>> {
        let mut known = HashMap::new();
        let mut unknown = Vec::new();
        let mut ids: Vec<&str> = items.iter().filter_map(|item| item.provider_number_id.as_deref()).collect();
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            let index = self.number_index(channel, id);
            match self.routes.get(&(channel, index.clone())) {
                Some(route) => drop(known.insert(index, route)),
                None => unknown.push(index),
            }
        }
        for (index, route) in self.core.db.number_routes(channel, unknown).await? {
            self.routes.insert((channel, index.clone()), route);
            known.insert(index, route);
        }
        Ok(known)
    }

    /// Takes parked items up again; answers how many are parked no more.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn replay(&self, ids: &[ParkedId]) -> Result<usize> {
        let mut replayed = 0;
        for row in self.core.db.parked_by_id(ids).await? {
            let Some(route) = self.core.db.channel_route(row.channel_id).await? else { continue };
            let item = self.open_parked(&row, route).await?;
            let items = match route.provider {
                Provider::Meta => meta::parse(&item),
                Provider::Evolution | Provider::Twilio | Provider::ChatExport => continue,
            };
            // What is still not understood, or still has no home, stays where it is instead of being parked anew.
            if items.iter().any(|item| matches!(item.event, Event::Parked(_))) {
                continue;
            }
            let routes = self.routes(row.channel_id, &items).await?;
            let has_home = |item: &Incoming| {
                item.provider_number_id
                    .as_deref()
                    .is_some_and(|id| routes.contains_key(&self.number_index(row.channel_id, id)))
            };
            if !items.iter().all(has_home) || self.is_suspended(routes.values()).await? {
                continue;
            }
            self.sort(row.channel_id, route, None, items).await?;
            self.core.db.mark_replayed(row.id, self.core.clock.now()).await?;
            replayed += 1;
        }
        Ok(replayed)
    }

    async fn is_suspended(&self, routes: impl Iterator<Item = &NumberRoute>) -> Result<bool> {
        let tenants: Vec<TenantId> = routes.map(|route| self.core.db.scope(&route.routed).tenant()).collect();
        Ok(self.core.db.tenants_by_id(&tenants).await?.iter().any(|tenant| tenant.suspended_at.is_some()))
    }

    /// Deletes what was parked, what waited in vain for its message, and facts nobody needs any more; answers how much.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn purge(&self) -> Result<u64> {
        let before = |life: Duration| {
            let life = i64::try_from(life.as_micros()).unwrap_or(i64::MAX);
            Timestamp(self.core.clock.now().0.saturating_sub(life))
        };
        let mut purged = self.core.db.purge(before(PLATFORM_LIFE)).await?;
        for tenant in self.core.db.all_tenants().await? {
            let tx = self.core.db.scope(&appoint(tenant.id)).begin(Chain::Event).await?;
            purged += tx.delete::<held::Entity>(held::Column::HeldAt.lt(before(HELD_LIFE))).await?;
            tx.commit().await?;
        }
        Ok(purged)
    }
}
