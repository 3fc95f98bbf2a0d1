//! Platform staff: they manage tenants and can read no content.

use sea_orm::entity::prelude::*;

use crate::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "operator")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OperatorId,
    pub name: Sealed,
    pub email: Sealed,
    pub created_at: Timestamp,
}

table!(platform);
