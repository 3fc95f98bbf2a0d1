//! One version of a message: as it was first, after an edit, or its deletion. Immutable.

use sea_orm::entity::prelude::*;

use crate::*;

/// What made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Kind {
    /// As it was first.
    #[sea_orm(num_value = 0)]
    Original,
    /// Its author changed it.
    #[sea_orm(num_value = 1)]
    Edit,
    /// Its author deleted it.
    #[sea_orm(num_value = 2)]
    Deletion,
}

/// Which part of a message a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Source {
    /// The body of a text or system message.
    #[sea_orm(num_value = 0)]
    Text,
    /// The caption of a medium.
    #[sea_orm(num_value = 1)]
    Caption,
    /// The name of a file.
    #[sea_orm(num_value = 2)]
    FileName,
    /// A button, list or flow answer.
    #[sea_orm(num_value = 3)]
    Interactive,
    /// Names, phones and mails of contact cards.
    #[sea_orm(num_value = 4)]
    ContactCard,
    /// Name and address of a place.
    #[sea_orm(num_value = 5)]
    Location,
    /// The words of an order.
    #[sea_orm(num_value = 6)]
    Order,
    /// The advertisement a chat began from.
    #[sea_orm(num_value = 7)]
    Referral,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "message_version")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: VersionId,
    pub message_id: MessageId,
    /// From 0, the original.
    pub number: i32,
    pub kind: Kind,
    pub at: Timestamp,
    pub source: Option<Source>,
    pub text: Option<Sealed>,
    /// The words of the advertisement the chat began from.
    pub referral: Option<Sealed>,
    /// The item as it came.
    pub raw: Sealed,
}

table!(tenant);
