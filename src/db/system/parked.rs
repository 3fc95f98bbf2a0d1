//! Deliveries and parked items.

use entity::{ParkedId, Timestamp, delivery, parked, session};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::select_page;
use crate::db::insert::insert;
use crate::db::{Db, Page, PageArgs, SortKey, TenantTx};
use crate::error::Result;

impl Db {
    /// Keeps what could not be placed, understood or taken, with the facts of the deliveries it came in.
    pub async fn park(&self, deliveries: Vec<delivery::ActiveModel>, items: Vec<parked::ActiveModel>) -> Result<()> {
        let tx = self.begin_write().await?;
        if !deliveries.is_empty() {
            self.count();
            insert::<delivery::Entity>(&tx, self.engine, deliveries).await?;
        }
        if !items.is_empty() {
            insert::<parked::Entity>(&tx, self.engine, items).await?;
        }
        self.count();
        Ok(tx.commit().await?)
    }

    /// A page of parked items that were not taken up again, newest first.
    pub async fn parked_page(&self, args: &PageArgs) -> Result<Page<parked::Model>> {
        self.count();
        let key = SortKey { at: parked::Column::ParkedAt, id: Some(parked::Column::Id), descending: true };
        let select = parked::Entity::find().filter(parked::Column::ReplayedAt.is_null());
        select_page(self, select, key, args).await
    }

    /// How many parked items wait.
    pub async fn count_parked(&self) -> Result<u64> {
        use sea_orm::PaginatorTrait;
        self.count();
        Ok(parked::Entity::find().filter(parked::Column::ReplayedAt.is_null()).count(&self.read).await?)
    }

    /// Parked items by id, those not taken up again.
    pub async fn parked_by_id(&self, ids: &[ParkedId]) -> Result<Vec<parked::Model>> {
        self.count();
        Ok(parked::Entity::find()
            .filter(parked::Column::Id.is_in(ids.iter().copied()))
            .filter(parked::Column::ReplayedAt.is_null())
            .all(&self.read)
            .await?)
    }

    /// Marks a parked item as taken up again.
    pub async fn mark_replayed(&self, id: ParkedId, now: Timestamp) -> Result<()> {
        self.count();
        parked::Entity::update_many()
            .col_expr(parked::Column::ReplayedAt, Expr::value(now.0))
            .filter(parked::Column::Id.eq(id))
            .exec(&self.write)
            .await?;
        Ok(())
    }

    /// Deletes what was parked and the facts of deliveries, received before a time, and the sessions that ran out
    /// before it.
    pub async fn purge(&self, before: Timestamp) -> Result<u64> {
        self.count();
        let parked =
            parked::Entity::delete_many().filter(parked::Column::ParkedAt.lt(before)).exec(&self.write).await?;
        self.count();
        let deliveries =
            delivery::Entity::delete_many().filter(delivery::Column::ReceivedAt.lt(before)).exec(&self.write).await?;
        self.count();
        let sessions =
            session::Entity::delete_many().filter(session::Column::ExpiresAt.lt(before)).exec(&self.write).await?;
        Ok(parked.rows_affected + deliveries.rows_affected + sessions.rows_affected)
    }
}

impl TenantTx {
    /// Keeps the facts of deliveries whose items this transaction holds.
    pub async fn keep_deliveries(&self, rows: Vec<delivery::ActiveModel>) -> Result<()> {
        if !rows.is_empty() {
            self.db.count();
            insert::<delivery::Entity>(&self.tx, self.db.engine, rows).await?;
        }
        Ok(())
    }
}
