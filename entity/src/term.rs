//! A watched term; how it is written is in its versions.

use sea_orm::entity::prelude::*;

use crate::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "term")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TermId,
    pub policy_id: PolicyId,
    /// The version in force.
    pub version: i32,
    /// Over what the pattern folds to: two terms of a policy never say the same.
    pub canonical_index: BlindIndex,
    pub created_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}

table!(tenant);
