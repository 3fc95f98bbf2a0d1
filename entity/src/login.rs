//! An e-mail's way in, at one tenant or on the platform. One e-mail may have several.

use sea_orm::entity::prelude::*;

use crate::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "login")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LoginId,
    /// Under a key of the platform: whose e-mail this is.
    pub email_index: BlindIndex,
    /// Argon2id, salted by the e-mail's own salt, sealed under the platform's key.
    pub password_hash: Sealed,
    pub tenant_id: Option<TenantId>,
    pub user_id: Option<UserId>,
    pub operator_id: Option<OperatorId>,
    pub disabled_at: Option<Timestamp>,
}

table!(platform);
