//! An edit, deletion, reaction or status that came before its message.

use sea_orm::entity::prelude::*;

use crate::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "held")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: HeldId,
    pub number_id: NumberId,
    /// The message it is for.
    pub target_index: BlindIndex,
    pub provider: channel::Provider,
    /// The item in its envelope, as the provider's parser takes it.
    pub item: Sealed,
    pub held_at: Timestamp,
}

table!(tenant);
