//! One name by which a contact is known, valid from and to, since numbers are recycled.

use sea_orm::entity::prelude::*;

use crate::*;

/// What kind of name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Kind {
    /// A phone; indexed by the key that ignores Brazil's ninth digit.
    #[sea_orm(num_value = 0)]
    Phone,
    /// WhatsApp's id, digits as received.
    #[sea_orm(num_value = 1)]
    WaId,
    /// Business-scoped user id.
    #[sea_orm(num_value = 2)]
    UserId,
    /// Baileys' address.
    #[sea_orm(num_value = 3)]
    Jid,
    /// Baileys' hidden address.
    #[sea_orm(num_value = 4)]
    Lid,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alias")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AliasId,
    pub contact_id: ContactId,
    pub kind: Kind,
    pub value_index: BlindIndex,
    pub value: Sealed,
    pub valid_from: Timestamp,
    pub valid_to: Option<Timestamp>,
}

table!(tenant);
