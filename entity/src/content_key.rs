//! A key that seals content, wrapped by the tenant's key. Destroyed, it stays as a tombstone.

use sea_orm::entity::prelude::*;

use crate::*;

/// What the key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Kind {
    /// The tenant's blind indexes; never changed.
    #[sea_orm(num_value = 0)]
    Index,
    /// What belongs to the company itself.
    #[sea_orm(num_value = 1)]
    Company,
    /// A contact's names and aliases.
    #[sea_orm(num_value = 2)]
    Contact,
    /// One contact's part in one conversation.
    #[sea_orm(num_value = 3)]
    Dialogue,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "content_key")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ContentKeyId,
    pub kind: Kind,
    pub contact_id: Option<ContactId>,
    pub conversation_id: Option<ConversationId>,
    /// None once destroyed.
    pub wrapped: Option<Vec<u8>>,
    pub wrapped_by: TenantKeyId,
    pub created_at: Timestamp,
    pub destroyed_at: Option<Timestamp>,
}

table!(tenant);
