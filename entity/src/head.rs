//! Where each journal's chain of a tenant stands; locking it orders the tenant's commits.

use sea_orm::entity::prelude::*;

use crate::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "head")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub chain: journal::Chain,
    pub seq: i64,
    pub hash: Vec<u8>,
    /// Moves with every change of a policy or term.
    pub policy_epoch: i64,
    /// Moves with every change of a key.
    pub key_epoch: i64,
    pub alert_sequence: i32,
    pub suspended_at: Option<Timestamp>,
}

table!(platform);
