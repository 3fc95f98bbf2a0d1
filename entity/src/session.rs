//! A signed-in person. Its id is the family of the refresh tokens.

use sea_orm::entity::prelude::*;

use crate::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SessionId,
    pub login_id: LoginId,
    pub tenant_id: Option<TenantId>,
    pub user_id: Option<UserId>,
    pub operator_id: Option<OperatorId>,
    /// How often the refresh token was rotated.
    pub generation: i32,
    /// SHA-256 of the refresh token that is good now.
    pub refresh_hash: Vec<u8>,
    pub rotated_at: Timestamp,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

table!(platform);
