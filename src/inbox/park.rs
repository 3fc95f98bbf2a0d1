//! Parking: keeping, sealed, what has no place in any tenant's rows.

use entity::parked::Reason;
use entity::{ChannelId, ParkedId, TenantId, delivery, parked};
use sea_orm::ActiveValue::Set;
use zeroize::Zeroizing;

use super::{Inbox, Item};
use crate::db::system::ChannelRoute;
use crate::db::{Routed, TenantProof};
use crate::error::Result;
use crate::keys::{self, PlatformKeys};
use crate::providers::{Incoming, meta};
use crate::vault::Key;

impl Inbox {
    /// Parks items that no tenant's transaction will see, with the facts of their delivery.
    pub(super) async fn park_homeless(
        &self,
        channel: ChannelId,
        route: ChannelRoute,
        facts: Option<delivery::ActiveModel>,
        items: Vec<(Reason, Option<Routed>, Incoming)>,
    ) -> Result<()> {
        let key = self.channel_key(route).await?;
        let rows = items
            .iter()
            .map(|(reason, routed, item)| {
                self.parked_row(&key, channel, routed.map(|r| r.tenant()), *reason, &meta::wrap(item))
            })
            .collect::<Result<_>>()?;
        self.core.db.park(facts.into_iter().collect(), rows).await
    }

    /// Parks items that their tenant's transaction cannot take, with the facts of their deliveries.
    pub(super) async fn park_items(
        &self,
        tenant: TenantId,
        reason: Reason,
        items: &[&Item],
        deliveries: Vec<delivery::ActiveModel>,
    ) -> Result<()> {
        let mut rows = Vec::with_capacity(items.len());
        for item in items {
            let Some(route) = self.core.db.channel_route(item.channel).await? else { continue };
            let key = self.channel_key(route).await?;
            rows.push(self.parked_row(&key, item.channel, Some(tenant), reason, &meta::wrap(&item.incoming))?);
        }
        self.core.db.park(deliveries, rows).await
    }

    fn parked_row(
        &self,
        key: &Key,
        channel: ChannelId,
        tenant: Option<TenantId>,
        reason: Reason,
        item: &[u8],
    ) -> Result<parked::ActiveModel> {
        let id = ParkedId(self.core.clock.id());
        Ok(parked::ActiveModel {
            id: Set(id),
            channel_id: Set(channel),
            tenant_id: Set(tenant),
            reason: Set(reason),
            byte_size: Set(i32::try_from(item.len()).unwrap_or(i32::MAX)),
            item: Set(key.seal(&PlatformKeys::context("parked", id.0, "item"), item)?),
            parked_at: Set(self.core.clock.now()),
            replayed_at: Set(None),
        })
    }

    pub(super) async fn open_parked(&self, row: &parked::Model, route: ChannelRoute) -> Result<Zeroizing<Vec<u8>>> {
        let key = self.channel_key(route).await?;
        Ok(key.open(&PlatformKeys::context("parked", row.id.0, "item"), &row.item)?)
    }

    /// The key of the channel's owner: a tenant's own channel may carry that tenant's people alone.
    async fn channel_key(&self, route: ChannelRoute) -> Result<Key> {
        let Some(owner) = route.tenant else { return Ok(self.core.platform.content.clone()) };
        if let Some(keys) = self.core.keyring.tenant(owner.tenant()) {
            return Ok(keys.company);
        }
        let tx = self.core.db.scope(&owner).read().await?;
        let keys = keys::of_tenant(&tx, &self.core.keyring).await?;
        tx.commit().await?;
        Ok(keys.company)
    }
}
