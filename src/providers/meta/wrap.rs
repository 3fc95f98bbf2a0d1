//! One item, put back into an envelope of its own, so that it can be read again.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::object::Object;
use crate::providers::{Direction, Event, Incoming, Origin, ParkReason, Peer};

/// The delivery that would hold this item alone: [`parse`](super::parse) reads the same item out of it.
///
/// What was no readable item comes back as it stood, so that a later version may understand it.
pub fn wrap(item: &Incoming) -> Vec<u8> {
    let Some(raw) = serde_json::from_slice::<&RawValue>(&item.raw).ok() else { return item.raw.clone() };
    let number = item.provider_number_id.as_deref();
    let change = match &item.event {
        Event::Message(message) => match message.origin {
            Origin::Echo => {
                value("smb_message_echoes", number, None, Some(&message.peer), &[("message_echoes", &[raw])])
            }
            Origin::History => {
                // Which side of a history wrote is told by the business's own number.
                let business = (message.direction == Direction::Outbound).then(|| from(raw)).flatten();
                let thread = Thread { context: context(&message.peer), messages: [raw] };
                let chunk = Chunk { threads: [thread] };
                return delivery(&Change {
                    field: "history",
                    value: HistoryValue { metadata: metadata(number, business), history: [chunk] },
                });
            }
            Origin::Live | Origin::Import => {
                value("messages", number, None, Some(&message.peer), &[("messages", &[raw])])
            }
        },
        Event::Reaction(reaction) if reaction.sender.is_none() => {
            value("smb_message_echoes", number, None, None, &[("message_echoes", &[raw])])
        }
        Event::Reaction(reaction) => value("messages", number, None, reaction.sender.as_ref(), &[("messages", &[raw])]),
        Event::Edit(edit) => value("messages", number, None, Some(&edit.peer), &[("messages", &[raw])]),
        Event::Revoke(_) => value("messages", number, None, None, &[("messages", &[raw])]),
        Event::Status(_) => value("messages", number, None, None, &[("statuses", &[raw])]),
        Event::IdentityChange(change) => {
            value("user_id_update", number, None, Some(&change.current), &[("user_id_update", &[raw])])
        }
        Event::AddressBookEntry => value("smb_app_state_sync", number, None, None, &[("state_sync", &[raw])]),
        Event::Parked(ParkReason::Malformed) if number.is_some() => {
            let list =
                if Object::read(raw).is_ok_and(|item| item.get("status").is_some()) { "statuses" } else { "messages" };
            value("messages", number, None, None, &[(list, &[raw])])
        }
        Event::Parked(ParkReason::ProviderError | ParkReason::HistoryDeclined) => {
            value("messages", number, None, None, &[("errors", &[raw])])
        }
        Event::Parked(_) => {
            let is_change = Object::read(raw).is_ok_and(|item| item.get("field").is_some());
            return if is_change { delivery(raw) } else { item.raw.clone() };
        }
    };
    delivery(&change)
}

#[derive(Serialize)]
struct Change<V> {
    field: &'static str,
    value: V,
}

#[derive(Serialize)]
struct HistoryValue<'a> {
    metadata: Value,
    history: [Chunk<'a>; 1],
}

#[derive(Serialize)]
struct Chunk<'a> {
    threads: [Thread<'a>; 1],
}

#[derive(Serialize)]
struct Thread<'a> {
    context: Value,
    messages: [&'a RawValue; 1],
}

type Lists<'a> = std::collections::BTreeMap<&'static str, ListOr<'a>>;

#[derive(Serialize)]
#[serde(untagged)]
enum ListOr<'a> {
    Raw(Vec<&'a RawValue>),
    Made(Value),
}

fn value<'a>(
    field: &'static str,
    number: Option<&str>,
    business: Option<String>,
    peer: Option<&Peer>,
    lists: &[(&'static str, &[&'a RawValue])],
) -> Change<Lists<'a>> {
    let mut value = Lists::new();
    value.insert("metadata", ListOr::Made(metadata(number, business)));
    if let Some(peer) = peer {
        let mut contact = context(peer);
        if let (Some(contact), Some(name)) = (contact.as_object_mut(), &peer.name) {
            contact.insert("profile".to_owned(), json!({ "name": name }));
        }
        value.insert("contacts", ListOr::Made(json!([contact])));
    }
    for (name, list) in lists {
        value.insert(name, ListOr::Raw(list.to_vec()));
    }
    Change { field, value }
}

fn metadata(number: Option<&str>, business: Option<String>) -> Value {
    json!({ "phone_number_id": number, "display_phone_number": business })
}

fn context(peer: &Peer) -> Value {
    json!({ "wa_id": peer.wa_id, "user_id": peer.user_id })
}

fn from(raw: &RawValue) -> Option<String> {
    Object::read(raw).ok()?.text("from").ok()?
}

fn delivery<C: Serialize + ?Sized>(change: &C) -> Vec<u8> {
    #[derive(Serialize)]
    struct Delivery<'a, C: ?Sized> {
        object: &'static str,
        entry: [Entry<'a, C>; 1],
    }
    #[derive(Serialize)]
    struct Entry<'a, C: ?Sized> {
        changes: [&'a C; 1],
    }
    let delivery = Delivery { object: "whatsapp_business_account", entry: [Entry { changes: [change] }] };
    serde_json::to_vec(&delivery).unwrap_or_default()
}
