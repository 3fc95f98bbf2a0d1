//! The reaction of one person to a message that stands now, or was taken off.

use sea_orm::entity::prelude::*;

use crate::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reaction")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ReactionId,
    pub message_id: MessageId,
    /// None for the company.
    pub sender_id: Option<ContactId>,
    /// None once taken off.
    pub emoji: Option<Sealed>,
    pub at: Timestamp,
}

table!(tenant);
