//! One number with one contact, or a group.

use sea_orm::entity::prelude::*;

use crate::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "conversation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ConversationId,
    pub number_id: NumberId,
    /// None for a group.
    pub contact_id: Option<ContactId>,
    pub group_index: Option<BlindIndex>,
    pub group_provider_id: Option<Sealed>,
    pub last_message_at: Timestamp,
    pub created_at: Timestamp,
}

table!(tenant);
