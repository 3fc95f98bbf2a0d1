//! A key of the platform's, wrapped by the master key.

use sea_orm::entity::prelude::*;

use crate::*;

/// What the key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Kind {
    /// Seals the platform's own values.
    #[sea_orm(num_value = 0)]
    Content,
    /// Blind indexes over the platform's own values; never changed.
    #[sea_orm(num_value = 1)]
    Index,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "platform_key")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PlatformKeyId,
    pub kind: Kind,
    pub wrapped: Vec<u8>,
    /// The master key's id.
    pub wrapped_by: String,
    pub created_at: Timestamp,
}

table!(platform);
