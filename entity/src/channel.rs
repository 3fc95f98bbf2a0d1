//! A provider connection of the tenant's own.

use sea_orm::entity::prelude::*;

use crate::*;

/// Who carries the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Provider {
    /// WhatsApp Cloud API.
    #[sea_orm(num_value = 0)]
    Meta,
    /// Evolution API.
    #[sea_orm(num_value = 1)]
    Evolution,
    /// Twilio.
    #[sea_orm(num_value = 2)]
    Twilio,
    /// A chat exported from a phone.
    #[sea_orm(num_value = 3)]
    ChatExport,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "channel")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ChannelId,
    pub provider: Provider,
    pub name: Sealed,
    pub secrets: Sealed,
    pub created_at: Timestamp,
}

table!(tenant);
