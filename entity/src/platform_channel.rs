//! A channel of the platform's, shared by tenants.

use sea_orm::entity::prelude::*;

use crate::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "platform_channel")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ChannelId,
    pub provider: channel::Provider,
    pub name: Sealed,
    pub secrets: Sealed,
    pub created_at: Timestamp,
}

table!(platform);
