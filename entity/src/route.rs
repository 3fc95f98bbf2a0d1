//! From a channel, or a number on a channel, to its tenant.

use sea_orm::entity::prelude::*;

use crate::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "route")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RouteId,
    pub channel_id: ChannelId,
    pub provider: channel::Provider,
    /// The provider's id of the number; none for the channel itself.
    pub number_index: Option<BlindIndex>,
    /// None for a channel of the platform's.
    pub tenant_id: Option<TenantId>,
    pub number_id: Option<NumberId>,
}

table!(platform);
