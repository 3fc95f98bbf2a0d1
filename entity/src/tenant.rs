//! A client company. Its name and slug are sealed under the platform's key.

use sea_orm::entity::prelude::*;

use crate::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tenant")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TenantId,
    pub slug_index: BlindIndex,
    pub slug: Sealed,
    pub name: Sealed,
    pub created_at: Timestamp,
    pub suspended_at: Option<Timestamp>,
}

table!(platform);
