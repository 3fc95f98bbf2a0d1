//! An item that could not be placed or understood, sealed with its channel's key.

use sea_orm::entity::prelude::*;

use crate::*;

/// Why it was parked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Reason {
    /// The body is empty or no JSON.
    #[sea_orm(num_value = 0)]
    NotJson,
    /// JSON of no shape we know.
    #[sea_orm(num_value = 1)]
    UnknownShape,
    /// A field of the provider's that we do not read.
    #[sea_orm(num_value = 2)]
    UnknownField,
    /// The provider reports an error of its own.
    #[sea_orm(num_value = 3)]
    ProviderError,
    /// The phone's owner did not share the history.
    #[sea_orm(num_value = 4)]
    HistoryDeclined,
    /// It lacks what makes it an item.
    #[sea_orm(num_value = 5)]
    Malformed,
    /// Its number is not bound to this channel.
    #[sea_orm(num_value = 6)]
    UnknownNumber,
    /// Its tenant is suspended.
    #[sea_orm(num_value = 7)]
    Suspended,
    /// The tenant's transaction could not take it.
    #[sea_orm(num_value = 8)]
    Refused,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "parked")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ParkedId,
    pub channel_id: ChannelId,
    /// Whose it is, where that is known (a suspended tenant's).
    pub tenant_id: Option<TenantId>,
    pub reason: Reason,
    pub byte_size: i32,
    pub item: Sealed,
    pub parked_at: Timestamp,
    pub replayed_at: Option<Timestamp>,
}

table!(platform);
