//! Sign-ins, operators and sessions.

use entity::{BlindIndex, LoginId, OperatorId, SessionId, Timestamp, UserId, login, operator, session, tenant};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};

use super::LiveSession;
use crate::db::{Db, Session, TenantTx};
use crate::error::{Error, ErrorCode, Result};

impl Db {
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
}

impl TenantTx {
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
