//! A key that wraps the tenant's content keys, wrapped by the master key.

use sea_orm::entity::prelude::*;

use crate::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tenant_key")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TenantKeyId,
    pub version: i32,
    pub wrapped: Vec<u8>,
    /// The master key's id.
    pub wrapped_by: String,
    pub created_at: Timestamp,
}

table!(tenant);
