//! What must be known before a tenant is: the only functions that read or write the platform's tables.
//!
//! Each says in its name what it is for. None answers with a tenant's content, and none takes a condition.

use entity::{
    BlindIndex, ChannelId, LoginId, NumberId, OperatorId, ParkedId, SessionId, TenantId, Timestamp, UserId, channel,
    delivery, head, journal, login, operator, parked, platform_channel, platform_key, route, session, signing_key,
    tenant,
};
use sea_orm::sea_query::{Expr, Order};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect,
};

use super::{Appointed, Db, Page, PageArgs, Routed, Session, SortKey, TenantTx};
use crate::error::{Error, ErrorCode, Result};

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

    // ── people ──

    /// All sign-ins of an e-mail, at any tenant or on the platform.
    pub async fn logins_by_email(&self, email: &BlindIndex) -> Result<Vec<login::Model>> {
        self.count();
        Ok(login::Entity::find().filter(login::Column::EmailIndex.eq(email.clone())).all(&self.read).await?)
    }

    /// One sign-in.
    pub async fn login(&self, id: LoginId) -> Result<Option<login::Model>> {
        self.count();
        Ok(login::Entity::find_by_id(id).one(&self.read).await?)
    }

    /// An operator.
    pub async fn operator(&self, id: OperatorId) -> Result<Option<operator::Model>> {
        self.count();
        Ok(operator::Entity::find_by_id(id).one(&self.read).await?)
    }

    /// Keeps a new operator with its sign-in.
    pub async fn keep_operator(&self, operator: operator::ActiveModel, login: login::ActiveModel) -> Result<()> {
        let tx = self.begin_write().await?;
        operator::Entity::insert(operator).exec_without_returning(&tx).await?;
        login::Entity::insert(login).exec_without_returning(&tx).await?;
        Ok(tx.commit().await?)
    }

    /// Keeps a new session.
    pub async fn keep_session(&self, row: session::ActiveModel) -> Result<()> {
        self.count();
        session::Entity::insert(row).exec_without_returning(&self.write).await?;
        Ok(())
    }

    /// A session, whatever its state.
    pub async fn session(&self, id: SessionId) -> Result<Option<session::Model>> {
        self.count();
        Ok(session::Entity::find_by_id(id).one(&self.read).await?)
    }

    /// The session as proof, if it is neither over, revoked, nor its person shut out or its tenant suspended.
    ///
    /// # Errors
    /// FORBIDDEN when the tenant is suspended.
    pub async fn live_session(&self, id: SessionId, now: Timestamp) -> Result<Option<LiveSession>> {
        self.count();
        let row = session::Entity::find_by_id(id).one(&self.read).await?;
        let Some(row) = row.filter(|row| row.revoked_at.is_none() && row.expires_at > now) else { return Ok(None) };
        match (row.tenant_id, row.user_id, row.operator_id) {
            (Some(tenant), Some(user), None) => {
                self.count();
                let suspended =
                    tenant::Entity::find_by_id(tenant).one(&self.read).await?.is_none_or(|t| t.suspended_at.is_some());
                if suspended {
                    return Err(Error::new(
                        ErrorCode::Forbidden,
                        "This company is suspended. Ask the platform's operator.",
                    ));
                }
                Ok(Some(LiveSession::Tenant(Session { tenant, id: row.id, user })))
            }
            (None, None, Some(operator)) => Ok(Some(LiveSession::Operator { id: row.id, operator })),
            _ => Ok(None),
        }
    }

    /// Moves a session's refresh token on, if it still stands where it was seen; answers whether it did.
    pub async fn rotate_session(&self, seen: &session::Model, refresh_hash: Vec<u8>, now: Timestamp) -> Result<bool> {
        self.count();
        let changed = session::Entity::update_many()
            .col_expr(session::Column::Generation, Expr::value(seen.generation + 1))
            .col_expr(session::Column::RefreshHash, Expr::value(refresh_hash))
            .col_expr(session::Column::RotatedAt, Expr::value(now.0))
            .filter(session::Column::Id.eq(seen.id))
            .filter(session::Column::Generation.eq(seen.generation))
            .filter(session::Column::RevokedAt.is_null())
            .exec(&self.write)
            .await?;
        Ok(changed.rows_affected == 1)
    }

    /// Ends one session.
    pub async fn revoke_session(&self, id: SessionId, now: Timestamp) -> Result<()> {
        self.count();
        session::Entity::update_many()
            .col_expr(session::Column::RevokedAt, Expr::value(now.0))
            .filter(session::Column::Id.eq(id))
            .filter(session::Column::RevokedAt.is_null())
            .exec(&self.write)
            .await?;
        Ok(())
    }

    /// Replaces the password of an operator's sign-in and ends its other sessions.
    pub async fn change_operator_password(
        &self,
        login: LoginId,
        hash: entity::Sealed,
        keep: SessionId,
        now: Timestamp,
    ) -> Result<()> {
        let tx = self.begin_write().await?;
        change_password(&tx, login, hash, keep, now).await?;
        Ok(tx.commit().await?)
    }

    // ── channels and routes ──

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

    // ── deliveries and parked items ──

    /// Keeps what could not be placed or understood, with the facts of the delivery it came in.
    pub async fn park(&self, delivery: Option<delivery::ActiveModel>, items: Vec<parked::ActiveModel>) -> Result<()> {
        let tx = self.begin_write().await?;
        if let Some(delivery) = delivery {
            self.count();
            delivery::Entity::insert(delivery).exec_without_returning(&tx).await?;
        }
        if !items.is_empty() {
            super::insert::insert::<parked::Entity>(&tx, self.engine, items).await?;
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

    /// Deletes what was parked, and the facts of deliveries, before a time.
    pub async fn purge_parked(&self, before: Timestamp) -> Result<u64> {
        self.count();
        let parked =
            parked::Entity::delete_many().filter(parked::Column::ParkedAt.lt(before)).exec(&self.write).await?;
        Ok(parked.rows_affected)
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

    /// Keeps a sign-in of one of the tenant's people.
    pub async fn keep_login(&self, mut row: login::ActiveModel) -> Result<()> {
        row.tenant_id = Set(Some(self.tenant()));
        self.db.count();
        login::Entity::insert(row).exec_without_returning(&self.tx).await?;
        Ok(())
    }

    /// Shuts one of the tenant's people out: the sign-in is disabled and every session of it ends.
    pub async fn shut_out(&self, user: UserId, now: Timestamp) -> Result<()> {
        login::Entity::update_many()
            .col_expr(login::Column::DisabledAt, Expr::value(now.0))
            .filter(login::Column::TenantId.eq(self.tenant()))
            .filter(login::Column::UserId.eq(user))
            .exec(&self.tx)
            .await?;
        self.end_sessions(user, now).await
    }

    /// Ends every session of one of the tenant's people.
    pub async fn end_sessions(&self, user: UserId, now: Timestamp) -> Result<()> {
        self.db.count();
        session::Entity::update_many()
            .col_expr(session::Column::RevokedAt, Expr::value(now.0))
            .filter(session::Column::TenantId.eq(self.tenant()))
            .filter(session::Column::UserId.eq(user))
            .filter(session::Column::RevokedAt.is_null())
            .exec(&self.tx)
            .await?;
        Ok(())
    }

    /// Replaces the password of one of the tenant's people and ends the person's other sessions.
    pub async fn change_user_password(
        &self,
        login: LoginId,
        hash: entity::Sealed,
        keep: SessionId,
        now: Timestamp,
    ) -> Result<()> {
        change_password(&self.tx, login, hash, keep, now).await
    }

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

    /// Keeps the facts of deliveries whose items this transaction holds.
    pub async fn keep_deliveries(&self, rows: Vec<delivery::ActiveModel>) -> Result<()> {
        if !rows.is_empty() {
            self.db.count();
            super::insert::insert::<delivery::Entity>(&self.tx, self.db.engine, rows).await?;
        }
        Ok(())
    }

    /// Keeps what this tenant's transaction found not to belong in it.
    pub async fn park_in_tx(&self, rows: Vec<parked::ActiveModel>) -> Result<()> {
        if !rows.is_empty() {
            self.db.count();
            super::insert::insert::<parked::Entity>(&self.tx, self.db.engine, rows).await?;
        }
        Ok(())
    }
}

async fn change_password(
    tx: &DatabaseTransaction,
    login: LoginId,
    hash: entity::Sealed,
    keep: SessionId,
    now: Timestamp,
) -> Result<()> {
    login::ActiveModel { id: sea_orm::ActiveValue::Unchanged(login), password_hash: Set(hash), ..Default::default() }
        .update(tx)
        .await?;
    session::Entity::update_many()
        .col_expr(session::Column::RevokedAt, Expr::value(now.0))
        .filter(session::Column::LoginId.eq(login))
        .filter(session::Column::Id.ne(keep))
        .filter(session::Column::RevokedAt.is_null())
        .exec(tx)
        .await?;
    Ok(())
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
