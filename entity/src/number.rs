//! A monitored WhatsApp number.

use sea_orm::entity::prelude::*;

use crate::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "number")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: NumberId,
    /// Of the tenant's or the platform's.
    pub channel_id: ChannelId,
    pub phone: Sealed,
    /// Over the key that ignores Brazil's ninth digit.
    pub phone_index: BlindIndex,
    pub label: Sealed,
    pub provider_number_id: Sealed,
    pub capture_history: bool,
    pub created_at: Timestamp,
}

table!(tenant);
