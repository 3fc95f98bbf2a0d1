//! A message; what it says is in its versions.

use sea_orm::entity::prelude::*;

use crate::*;

/// Who wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Direction {
    /// The contact.
    #[sea_orm(num_value = 0)]
    Inbound,
    /// The company.
    #[sea_orm(num_value = 1)]
    Outbound,
}

/// Where it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Origin {
    /// Received as it was written.
    #[sea_orm(num_value = 0)]
    Live,
    /// Typed by staff on the phone.
    #[sea_orm(num_value = 1)]
    Echo,
    /// Handed over by the phone when it was connected.
    #[sea_orm(num_value = 2)]
    History,
    /// Read from an exported chat.
    #[sea_orm(num_value = 3)]
    Import,
}

/// What kind of message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Kind {
    /// Words.
    #[sea_orm(num_value = 0)]
    Text,
    /// A picture.
    #[sea_orm(num_value = 1)]
    Image,
    /// A voice note or a sound file.
    #[sea_orm(num_value = 2)]
    Audio,
    /// A film.
    #[sea_orm(num_value = 3)]
    Video,
    /// A file.
    #[sea_orm(num_value = 4)]
    Document,
    /// A sticker.
    #[sea_orm(num_value = 5)]
    Sticker,
    /// A place.
    #[sea_orm(num_value = 6)]
    Location,
    /// One or more contact cards.
    #[sea_orm(num_value = 7)]
    Contacts,
    /// A button, list or flow answer.
    #[sea_orm(num_value = 8)]
    Interactive,
    /// A template's quick reply.
    #[sea_orm(num_value = 9)]
    Button,
    /// An order from a catalogue.
    #[sea_orm(num_value = 10)]
    Order,
    /// Said by WhatsApp, not by a person.
    #[sea_orm(num_value = 11)]
    System,
    /// The provider could not carry it.
    #[sea_orm(num_value = 12)]
    Unsupported,
    /// A type we do not know yet, kept whole.
    #[sea_orm(num_value = 13)]
    Unknown,
}

/// How far a message of the company's got, ordered by what wins: a later report never lowers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Delivery {
    /// Taken by the provider.
    #[sea_orm(num_value = 0)]
    Sent,
    /// On the recipient's phone.
    #[sea_orm(num_value = 1)]
    Delivered,
    /// Read.
    #[sea_orm(num_value = 2)]
    Read,
    /// Listened to.
    #[sea_orm(num_value = 3)]
    Played,
    /// Not delivered.
    #[sea_orm(num_value = 4)]
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "message")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MessageId,
    pub conversation_id: ConversationId,
    /// Over the number and the provider's id: what makes it one message.
    pub provider_index: BlindIndex,
    pub provider_id: Sealed,
    /// None when the company wrote it.
    pub sender_id: Option<ContactId>,
    pub direction: Direction,
    pub origin: Origin,
    pub kind: Kind,
    pub sent_at: Timestamp,
    pub received_at: Timestamp,
    /// The message it answers, which may not have come yet.
    pub reply_index: Option<BlindIndex>,
    pub is_forwarded: bool,
    pub delivery: Option<Delivery>,
    /// The provider's codes, separated by blanks.
    pub error_codes: Option<String>,
    pub edited_at: Option<Timestamp>,
    pub deleted_at: Option<Timestamp>,
    pub version_count: i32,
}

table!(tenant);
