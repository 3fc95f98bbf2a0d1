//! Channels, and which tenant a channel or a number leads to.

use entity::{BlindIndex, ChannelId, platform_channel, route};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

use super::{ChannelRoute, NumberRoute, platform_page};
use crate::db::{Db, Page, PageArgs, Routed, SortKey, TenantTx};
use crate::error::Result;

impl Db {
    /// Keeps a channel of the platform's with its route.
    pub async fn keep_platform_channel(
        &self,
        channel: platform_channel::ActiveModel,
        route: route::ActiveModel,
    ) -> Result<()> {
        let tx = self.begin_write().await?;
        platform_channel::Entity::insert(channel).exec_without_returning(&tx).await?;
        route::Entity::insert(route).exec_without_returning(&tx).await?;
        Ok(tx.commit().await?)
    }

    /// Channels of the platform's by id.
    pub async fn platform_channels_by_id(&self, ids: &[ChannelId]) -> Result<Vec<platform_channel::Model>> {
        self.count();
        Ok(platform_channel::Entity::find()
            .filter(platform_channel::Column::Id.is_in(ids.iter().copied()))
            .all(&self.read)
            .await?)
    }

    /// A page of the platform's channels, newest first.
    pub async fn platform_channels_page(&self, args: &PageArgs) -> Result<Page<platform_channel::Model>> {
        let key = SortKey {
            at: platform_channel::Column::CreatedAt,
            id: Some(platform_channel::Column::Id),
            descending: true,
        };
        platform_page::<platform_channel::Entity>(self, key, args).await
    }

    /// Replaces the secrets of a channel of the platform's.
    pub async fn replace_platform_secrets(&self, id: ChannelId, secrets: entity::Sealed) -> Result<()> {
        self.count();
        platform_channel::Entity::update_many()
            .col_expr(platform_channel::Column::Secrets, Expr::value(secrets.0))
            .filter(platform_channel::Column::Id.eq(id))
            .exec(&self.write)
            .await?;
        Ok(())
    }

    /// Whose a channel is.
    pub async fn channel_route(&self, id: ChannelId) -> Result<Option<ChannelRoute>> {
        self.count();
        let row = route::Entity::find()
            .filter(route::Column::ChannelId.eq(id))
            .filter(route::Column::NumberIndex.is_null())
            .one(&self.read)
            .await?;
        Ok(row
            .map(|row| ChannelRoute { tenant: row.tenant_id.map(|tenant| Routed { tenant }), provider: row.provider }))
    }

    /// Where the items of these numbers go, for a delivery that came through this channel.
    pub async fn number_routes(
        &self,
        channel: ChannelId,
        numbers: Vec<BlindIndex>,
    ) -> Result<Vec<(BlindIndex, NumberRoute)>> {
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        self.count();
        let rows = route::Entity::find()
            .filter(route::Column::ChannelId.eq(channel))
            .filter(route::Column::NumberIndex.is_in(numbers))
            .all(&self.read)
            .await?;
        Ok(rows
            .into_iter()
            .filter_map(|row| {
                let (index, tenant, number) = (row.number_index?, row.tenant_id?, row.number_id?);
                Some((index, NumberRoute { routed: Routed { tenant }, number }))
            })
            .collect())
    }
}

impl TenantTx {
    /// Binds a channel of the tenant's own, or a number, to the tenant. Answers `false` when the number is taken on
    /// that channel.
    pub async fn bind_route(&self, mut row: route::ActiveModel) -> Result<bool> {
        row.tenant_id = Set(Some(self.tenant()));
        if let (Set(channel), Set(Some(index))) = (&row.channel_id, &row.number_index) {
            self.db.count();
            let taken = route::Entity::find()
                .filter(route::Column::ChannelId.eq(*channel))
                .filter(route::Column::NumberIndex.eq(index.clone()))
                .one(&self.tx)
                .await?;
            if taken.is_some() {
                return Ok(false);
            }
        }
        self.db.count();
        route::Entity::insert(row).exec_without_returning(&self.tx).await?;
        Ok(true)
    }
}
