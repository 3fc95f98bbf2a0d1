//! What must be known before a tenant is: the only functions that read or write the platform's tables.
//!
//! Each says in its name what it is for. None answers with a tenant's content, and none takes a condition.

mod channels;
mod jobs;
mod parked;
mod people;

use entity::{
    BlindIndex, NumberId, OperatorId, SessionId, TenantId, Timestamp, channel, head, journal, login, platform_key,
    signing_key, tenant,
};
use sea_orm::sea_query::{Expr, Order};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{Appointed, Db, Page, PageArgs, Routed, Session, SortKey, TenantTx};
use crate::error::Result;

/// An operator, an owner of nothing and reader of no content, or the command line: may name a tenant to act on.
///
/// Whoever calls this journals the act.
pub fn appoint(tenant: TenantId) -> Appointed {
    Appointed { tenant }
}

/// Where a delivery's item goes.
#[derive(Clone, Copy, Debug)]
pub struct NumberRoute {
    /// The tenant, proven: the number is bound to the channel the delivery came through.
    pub routed: Routed,
    /// The number.
    pub number: NumberId,
}

/// A channel as the webhook's path names it.
#[derive(Clone, Copy, Debug)]
pub struct ChannelRoute {
    /// Whose it is; `None` for the platform's.
    pub tenant: Option<Routed>,
    /// Who delivers through it.
    pub provider: channel::Provider,
}

/// A live session, as it stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiveSession {
    /// A person of a tenant.
    Tenant(Session),
    /// Platform staff.
    Operator {
        /// Which sign-in.
        id: SessionId,
        /// Who.
        operator: OperatorId,
    },
}

impl Db {
    // ── keys ──

    /// The platform's keys.
    ///
    /// # Errors
    /// What the database says; so for all functions here.
    pub async fn platform_keys(&self) -> Result<Vec<platform_key::Model>> {
        self.count();
        Ok(platform_key::Entity::find().all(&self.read).await?)
    }

    /// Keeps new keys of the platform's, unless another node was first.
    pub async fn keep_platform_keys(&self, rows: Vec<platform_key::ActiveModel>) -> Result<()> {
        let tx = self.begin_write().await?;
        self.lock_platform(&tx).await?;
        if platform_key::Entity::find().one(&tx).await?.is_none() {
            platform_key::Entity::insert_many(rows).exec_without_returning(&tx).await?;
        }
        Ok(tx.commit().await?)
    }

    /// The keys that sign access tokens, newest first.
    pub async fn signing_keys(&self) -> Result<Vec<signing_key::Model>> {
        self.count();
        Ok(signing_key::Entity::find().order_by(signing_key::Column::CreatedAt, Order::Desc).all(&self.read).await?)
    }

    /// Keeps the first signing key, unless another node was first.
    pub async fn keep_first_signing_key(&self, row: signing_key::ActiveModel) -> Result<()> {
        let tx = self.begin_write().await?;
        self.lock_platform(&tx).await?;
        if signing_key::Entity::find().one(&tx).await?.is_none() {
            signing_key::Entity::insert(row).exec_without_returning(&tx).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Nodes that start at the same moment make the platform's keys one after the other.
    async fn lock_platform(&self, tx: &DatabaseTransaction) -> Result<()> {
        if self.engine == super::Engine::Postgres {
            tx.execute_unprepared("select pg_advisory_xact_lock(8613127)").await?;
        }
        Ok(())
    }

    // ── tenants ──

    /// The tenant of this slug.
    pub async fn tenant_by_slug(&self, slug: &BlindIndex) -> Result<Option<tenant::Model>> {
        self.count();
        Ok(tenant::Entity::find().filter(tenant::Column::SlugIndex.eq(slug.clone())).one(&self.read).await?)
    }

    /// Tenants by id.
    pub async fn tenants_by_id(&self, ids: &[TenantId]) -> Result<Vec<tenant::Model>> {
        self.count();
        Ok(tenant::Entity::find().filter(tenant::Column::Id.is_in(ids.iter().copied())).all(&self.read).await?)
    }

    /// A page of all tenants, newest first.
    pub async fn tenants_page(&self, args: &PageArgs) -> Result<Page<tenant::Model>> {
        let key = SortKey { at: tenant::Column::CreatedAt, id: Some(tenant::Column::Id), descending: true };
        platform_page::<tenant::Entity>(self, key, args).await
    }

    /// Every tenant's id, for work that walks them all.
    pub async fn all_tenants(&self) -> Result<Vec<tenant::Model>> {
        self.count();
        Ok(tenant::Entity::find().order_by(tenant::Column::CreatedAt, Order::Asc).all(&self.read).await?)
    }

    /// How many tenants there are.
    pub async fn count_tenants(&self) -> Result<u64> {
        use sea_orm::PaginatorTrait;
        self.count();
        Ok(tenant::Entity::find().count(&self.read).await?)
    }

    /// Where the tenants' event journals stand: what the slow poll compares.
    pub async fn heads(&self, tenants: Vec<TenantId>) -> Result<Vec<(TenantId, i64)>> {
        self.count();
        Ok(head::Entity::find()
            .select_only()
            .columns([head::Column::TenantId, head::Column::Seq])
            .filter(head::Column::Chain.eq(journal::Chain::Event))
            .filter(head::Column::TenantId.is_in(tenants))
            .into_tuple()
            .all(&self.read)
            .await?)
    }
}

impl TenantTx {
    /// Founds the tenant: its row, the heads of its chains, and its owner's sign-in.
    pub async fn found_tenant(
        &self,
        tenant: tenant::ActiveModel,
        heads: Vec<head::ActiveModel>,
        owner: login::ActiveModel,
    ) -> Result<()> {
        tenant::Entity::insert(tenant).exec_without_returning(&self.tx).await?;
        head::Entity::insert_many(heads).exec_without_returning(&self.tx).await?;
        login::Entity::insert(owner).exec_without_returning(&self.tx).await?;
        Ok(())
    }

    /// Suspends or resumes the tenant.
    pub async fn suspend_tenant(&mut self, at: Option<Timestamp>) -> Result<()> {
        self.db.count();
        tenant::Entity::update_many()
            .col_expr(tenant::Column::SuspendedAt, Expr::value(at.map(|at| at.0)))
            .filter(tenant::Column::Id.eq(self.tenant()))
            .exec(&self.tx)
            .await?;
        self.head_mut()?.suspended_at = at;
        Ok(())
    }
}

async fn platform_page<E: EntityTrait>(db: &Db, key: SortKey<E::Column>, args: &PageArgs) -> Result<Page<E::Model>> {
    select_page(db, E::find(), key, args).await
}

async fn select_page<E: EntityTrait>(
    db: &Db,
    mut select: sea_orm::Select<E>,
    key: SortKey<E::Column>,
    args: &PageArgs,
) -> Result<Page<E::Model>> {
    db.count();
    if let Some(position) = args.after {
        select = select.filter(key.beyond(position, true));
    }
    if let Some(position) = args.before {
        select = select.filter(key.beyond(position, false));
    }
    let order = if key.descending == args.backward { Order::Asc } else { Order::Desc };
    select = select.order_by(key.at, order.clone());
    if let Some(id) = key.id {
        select = select.order_by(id, order);
    }
    Ok(Page::cut(select.limit(args.limit + 1).all(&db.read).await?, args))
}
