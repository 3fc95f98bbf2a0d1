//! A policy; what it says is in its versions.

use sea_orm::entity::prelude::*;

use crate::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "policy")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PolicyId,
    /// The version in force.
    pub version: i32,
    /// Whether terms without a policy go here.
    pub is_default: bool,
    pub created_at: Timestamp,
}

table!(tenant);
