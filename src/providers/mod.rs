//! From the providers' shapes to one [`Incoming`].
//!
//! A provider's module knows its own handshake, signature and JSON, and nothing of the business. What it yields
//! says what happened in Vigia's words, item by item: one item that nobody understands never costs its neighbours.

pub mod chat_export;
pub mod meta;

use std::fmt;

pub use entity::message::{Delivery, Direction, Kind, Origin};
pub use entity::message_version::Source;
pub use entity::parked::Reason as ParkReason;

/// Microseconds since the Unix epoch, UTC.
pub type Micros = i64;

/// One item of a delivery, in Vigia's words, with the exact bytes it came as.
pub struct Incoming {
    /// The provider's id of the number it came through (Meta: `phone_number_id`); `None` where the item names none.
    pub provider_number_id: Option<String>,
    /// The item's bytes as they stood in the delivery, for evidence and replay.
    pub raw: Vec<u8>,
    /// What happened.
    pub event: Event,
}

/// What an item says happened.
pub enum Event {
    /// A message, whichever way it went.
    Message(Box<Message>),
    /// A new version of an earlier message.
    Edit(Box<Edit>),
    /// An earlier message was deleted by its author.
    Revoke(Revoke),
    /// A reaction was put on, changed or (without `emoji`) taken off.
    Reaction(Reaction),
    /// A message of the company's was sent, delivered, read, played, or failed.
    Status(Status),
    /// A person is now known by another phone or user id.
    IdentityChange(IdentityChange),
    /// An entry of the phone's address book. Never kept.
    AddressBookEntry,
    /// Understood as authentic, but nothing the inbox can hold: it is parked for a person to look at.
    Parked(ParkReason),
}

impl Event {
    /// Whether it is something that happened to an earlier message.
    pub fn is_about_another(&self) -> bool {
        matches!(self, Self::Edit(_) | Self::Revoke(_) | Self::Reaction(_) | Self::Status(_))
    }
}

/// The other person, by whatever the provider tells of them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Peer {
    /// WhatsApp's id of the person: mostly the phone's digits, often without Brazil's ninth digit. Digits only.
    pub wa_id: Option<String>,
    /// Business-scoped user id (`BR.…`), opaque.
    pub user_id: Option<String>,
    /// A name as the provider shows it.
    pub name: Option<String>,
}

/// A message as it came.
pub struct Message {
    /// The provider's id. Personal data: it holds the contact's phone.
    pub id: String,
    /// Who wrote it.
    pub direction: Direction,
    /// Where it came from.
    pub origin: Origin,
    /// The person on the other side; in a group, the author of an inbound message.
    pub peer: Peer,
    /// The group's id, when it was said in a group.
    pub group: Option<String>,
    /// What kind it is.
    pub kind: Kind,
    /// Its words, if it has any, and which part they are.
    pub text: Option<(Source, String)>,
    /// The words of the advertisement it came from.
    pub referral: Option<String>,
    /// Its medium.
    pub media: Option<Media>,
    /// When the author's phone sent it; `None` where the provider gives none or nonsense.
    pub sent_at: Option<Micros>,
    /// The provider's id of the message it answers.
    pub reply_to: Option<String>,
    /// Whether it was forwarded.
    pub is_forwarded: bool,
    /// The provider's error codes (unsupported content).
    pub error_codes: Vec<i64>,
    /// What a history chunk says of its delivery.
    pub delivery: Option<Delivery>,
    /// A change of identity that a system message announces.
    pub identity_change: Option<IdentityChange>,
    /// Whether the source marks it as edited before we ever saw it (exports).
    pub was_edited: bool,
    /// Whether the source marks it as deleted before we ever saw it (exports).
    pub was_deleted: bool,
}

/// A medium that came with a message; its bytes are fetched later.
#[derive(Clone, PartialEq, Eq)]
pub struct Media {
    /// The provider's id, to fetch it by; in a chat export, the file's name inside the archive.
    pub provider_id: Option<String>,
    /// The type as declared.
    pub mime_type: String,
    /// The file's name as the sender chose it: content, never a path.
    pub file_name: Option<String>,
    /// Declared SHA-256, lower-case hex.
    pub sha256: Option<String>,
    /// Declared size in bytes.
    pub byte_size: Option<i64>,
}

/// A new version of an earlier message.
pub struct Edit {
    /// The provider's id of the edited message.
    pub original_id: String,
    /// The other person of the conversation, as far as the provider tells.
    pub peer: Peer,
    /// The new words.
    pub text: Option<(Source, String)>,
    /// When.
    pub at: Option<Micros>,
}

/// An earlier message was deleted by its author.
pub struct Revoke {
    /// The provider's id of the deleted message.
    pub original_id: String,
    /// When.
    pub at: Option<Micros>,
}

/// A reaction.
pub struct Reaction {
    /// The provider's id of the message it was put on.
    pub target_id: String,
    /// Who reacted; `None` for the company's side.
    pub sender: Option<Peer>,
    /// The emoji; `None` takes an earlier one off.
    pub emoji: Option<String>,
    /// When.
    pub at: Option<Micros>,
}

/// A report on a message of the company's.
pub struct Status {
    /// The provider's id of the message.
    pub message_id: String,
    /// How far it got.
    pub delivery: Delivery,
    /// The provider's error codes.
    pub error_codes: Vec<i64>,
    /// When.
    pub at: Option<Micros>,
}

/// A person is now known by other ids.
#[derive(Clone)]
pub struct IdentityChange {
    /// As known until now.
    pub previous: Peer,
    /// As known from now on.
    pub current: Peer,
    /// When.
    pub at: Option<Micros>,
}

/// The key under which two spellings of one phone are proposed as one person: Brazil's ninth digit left out where a
/// mobile has one, everything but digits dropped. It proposes; it decides nothing alone.
///
/// `55 + DDD + 9 + [6-9]xxxxxxx` loses its 9; landlines, newer mobiles (9 followed by 0 to 5) and other countries
/// stay as they are.
pub fn phone_key(phone: &str) -> String {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    let bytes = digits.as_bytes();
    if bytes.len() == 13 && digits.starts_with("55") && bytes[4] == b'9' && (b'6'..=b'9').contains(&bytes[5]) {
        return format!("{}{}", &digits[..4], &digits[5..]);
    }
    digits
}

/// Names the kind of event and nothing that people wrote or are called.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Message(_) => "Message",
            Self::Edit(_) => "Edit",
            Self::Revoke(_) => "Revoke",
            Self::Reaction(_) => "Reaction",
            Self::Status(_) => "Status",
            Self::IdentityChange(_) => "IdentityChange",
            Self::AddressBookEntry => "AddressBookEntry",
            Self::Parked(_) => "Parked",
        })
    }
}
