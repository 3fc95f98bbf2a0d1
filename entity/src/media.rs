//! A medium of a message.

use sea_orm::entity::prelude::*;

use crate::*;

/// Where its bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum State {
    /// Not fetched yet.
    #[sea_orm(num_value = 0)]
    Pending,
    /// In the bucket.
    #[sea_orm(num_value = 1)]
    Stored,
    /// Could not be fetched.
    #[sea_orm(num_value = 2)]
    Failed,
    /// The provider has it no more.
    #[sea_orm(num_value = 3)]
    Expired,
    /// Erased with its contact.
    #[sea_orm(num_value = 4)]
    Erased,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "media")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MediaId,
    pub message_id: MessageId,
    pub state: State,
    pub mime_type: String,
    pub byte_size: Option<i64>,
    /// As declared by the provider, hex.
    pub sha256: Option<Sealed>,
    pub provider_media_id: Option<Sealed>,
    pub file_name: Option<Sealed>,
    pub created_at: Timestamp,
}

table!(tenant);
