//! The facts about one webhook POST; its body is not kept.

use sea_orm::entity::prelude::*;

use crate::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "delivery")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DeliveryId,
    pub channel_id: ChannelId,
    pub received_at: Timestamp,
    pub sha256: Vec<u8>,
    pub byte_size: i32,
    pub item_count: i32,
}

table!(platform);
