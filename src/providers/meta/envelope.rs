//! The way from a delivery's body to its items.

use std::collections::HashMap;

use serde_json::value::RawValue;

use super::message;
use super::object::{Object, Read, elements};
use crate::providers::{Delivery, Event, IdentityChange, Incoming, Origin, ParkReason, Peer, Status, phone_key};

/// The error by which Meta says that the owner of the phone did not share the history.
const HISTORY_DECLINED: i64 = 2_593_109;

/// More items than a delivery of 4 MiB can hold of real messages. Without a limit, a tenant that signs with an app of
/// its own could make two million parked items of one body full of zeros.
const MAX_ITEMS: usize = 30_000;

/// Reads a delivery's items, in the order they stand in its body. Never fails.
///
/// What cannot be understood is parked at the smallest part that is whole: an item, else its list, its change, its
/// entry; and only a body that is no JSON (or no UTF-8), is no WhatsApp delivery, or has more than 30 000 items is
/// parked as one. A known but empty list yields nothing. Fields nobody reads never matter, whatever they hold.
pub fn parse(body: &[u8]) -> Vec<Incoming> {
    let parked = |reason| vec![Incoming { provider_number_id: None, raw: body.to_vec(), event: Event::Parked(reason) }];
    let entries = match entries(body) {
        Ok(entries) => entries,
        Err(reason) => return parked(reason),
    };
    let mut items = Items(Vec::new());
    for entry in entries {
        match changes(entry) {
            Ok(changes) => {
                for change in changes {
                    if let Err(reason) = read_change(change, &mut items) {
                        items.push(None, change, Err(reason));
                    }
                }
            }
            Err(reason) => items.push(None, entry, Err(reason)),
        }
    }
    if items.0.len() > MAX_ITEMS { parked(ParkReason::UnknownShape) } else { items.0 }
}

fn entries(body: &[u8]) -> Read<Vec<&RawValue>> {
    let delivery: Object = serde_json::from_slice(body).map_err(|_| {
        let is_json = serde_json::from_slice::<&RawValue>(body).is_ok();
        if is_json { ParkReason::UnknownShape } else { ParkReason::NotJson }
    })?;
    match (delivery.text("object"), delivery.get("entry")) {
        (Ok(Some(object)), Some(entry)) if object == "whatsapp_business_account" => elements(entry).ok(),
        _ => None,
    }
    .ok_or(ParkReason::UnknownShape)
}

fn changes(entry: &RawValue) -> Read<Vec<&RawValue>> {
    let changes = Object::read(entry)?.get("changes").ok_or(ParkReason::UnknownShape)?;
    elements(changes).map_err(|_| ParkReason::UnknownShape)
}

/// Reads the lists of one change; an error parks the change whole.
fn read_change(raw: &RawValue, items: &mut Items) -> Read<()> {
    let change = Object::read(raw)?;
    let origin = match change.text("field")?.as_deref() {
        Some("history") => Origin::History,
        Some(
            "messages" | "smb_message_echoes" | "message_echoes" | "smb_app_state_sync" | "user_id_update" | "standby",
        ) => Origin::Live,
        _ => {
            let value = change.object("value").ok().flatten();
            let number_id = value.as_ref().and_then(|value| metadata(value, "phone_number_id"));
            items.push(number_id, raw, Err(ParkReason::UnknownField));
            return Ok(());
        }
    };
    let value = change.required_object("value")?;
    // Conversation Routing puts its copies one object deeper.
    let standby = value.object("standby")?;
    let parts: Vec<Object> = [Some(value), standby].into_iter().flatten().collect();
    let envelope = Envelope::read(&parts);
    let mut is_known = false;
    for (name, list) in parts.iter().flat_map(Object::fields) {
        is_known |= read_list(name, list, origin, &envelope, items);
    }
    if is_known { Ok(()) } else { Err(ParkReason::UnknownShape) }
}

/// Reads one list of a value, as its name says; `false` where it is none that we read.
fn read_list(name: &str, list: &RawValue, origin: Origin, envelope: &Envelope, items: &mut Items) -> bool {
    match name {
        "messages" => items.each(envelope, list, |item| message::read(item, origin, None, envelope)),
        "message_echoes" => {
            let origin = if origin == Origin::History { Origin::History } else { Origin::Echo };
            items.each(envelope, list, |item| message::read(item, origin, None, envelope));
        }
        "statuses" => items.each(envelope, list, read_status),
        "history" => {
            for chunk in items.elements(envelope, list) {
                if let Err(reason) = read_chunk(chunk, envelope, items) {
                    items.push(envelope.number_id.clone(), chunk, Err(reason));
                }
            }
        }
        "user_id_update" => items.each(envelope, list, |item| read_user_id_update(item, envelope)),
        // Private people's numbers: not even a broken entry is kept.
        "state_sync" => items.each(envelope, list, |_| Ok(Event::AddressBookEntry)),
        "errors" => items.each(envelope, list, read_error),
        _ => return false,
    }
    true
}

fn read_chunk(chunk: &RawValue, envelope: &Envelope, items: &mut Items) -> Read<()> {
    let chunk = Object::read(chunk)?;
    if chunk.get("threads").or(chunk.get("errors")).is_none() {
        return Err(ParkReason::UnknownShape);
    }
    for thread in chunk.list("threads")? {
        if let Err(reason) = read_thread(thread, envelope, items) {
            items.push(envelope.number_id.clone(), thread, Err(reason));
        }
    }
    if let Some(errors) = chunk.get("errors") {
        items.each(envelope, errors, read_error);
    }
    Ok(())
}

fn read_thread(thread: &RawValue, envelope: &Envelope, items: &mut Items) -> Read<()> {
    let thread = Object::read(thread)?;
    let context = thread.object("context")?;
    let context = match &context {
        Some(context) => message::peer(context.text("wa_id")?, context.text("user_id")?),
        None => Peer::default(),
    };
    let peer = completed(context, &message::peer(thread.text("id")?, None));
    let messages = thread.get("messages").ok_or(ParkReason::UnknownShape)?;
    items.each(envelope, messages, |item| message::read(item, Origin::History, Some(&peer), envelope));
    Ok(())
}

fn read_status(raw: &RawValue) -> Read<Event> {
    let status = Object::read(raw)?;
    let delivery = delivery(&status.required_text("status")?).ok_or(ParkReason::UnknownField)?;
    if status.text("type")?.as_deref() == Some("call") {
        return Err(ParkReason::UnknownField);
    }
    Ok(Event::Status(Status {
        message_id: status.required_text("id")?,
        delivery,
        error_codes: error_codes(&status),
        at: status.timestamp(),
    }))
}

fn read_user_id_update(raw: &RawValue, envelope: &Envelope) -> Read<Event> {
    let update = Object::read(raw)?;
    let user_id = update.required_object("user_id")?;
    // The phone comes with the change of id that a change of phone brings about: it is the new one.
    let current = message::peer(update.text("wa_id")?, Some(user_id.required_text("current")?));
    Ok(Event::IdentityChange(IdentityChange {
        previous: message::peer(None, Some(user_id.required_text("previous")?)),
        current: envelope.completed(current),
        at: update.timestamp(),
    }))
}

fn read_error(raw: &RawValue) -> Read<Event> {
    let code = Object::read(raw)?.integer("code");
    Err(if code == Some(HISTORY_DECLINED) { ParkReason::HistoryDeclined } else { ParkReason::ProviderError })
}

/// The codes of an item's `errors`; one that is no number is left out rather than the item.
pub(super) fn error_codes(item: &Object) -> Vec<i64> {
    let errors = item.list("errors").unwrap_or_default();
    errors.into_iter().filter_map(|error| Object::read(error).ok()?.integer("code")).collect()
}

/// A status word, in lower case in statuses and in upper case in history. The set is open: the rest is `None`.
pub(super) fn delivery(word: &str) -> Option<Delivery> {
    match word.to_ascii_lowercase().as_str() {
        "sent" => Some(Delivery::Sent),
        "delivered" => Some(Delivery::Delivered),
        "read" => Some(Delivery::Read),
        "played" => Some(Delivery::Played),
        "failed" => Some(Delivery::Failed),
        _ => None,
    }
}

/// What all items of a value share: the number they came through, and the people its `contacts` name.
pub(super) struct Envelope {
    number_id: Option<String>,
    /// Tells the sides of a history apart and nothing else: Meta formats it at will, so it routes nothing.
    number_key: Option<String>,
    people: HashMap<String, Peer>,
}

impl Envelope {
    /// Takes what is readable: a broken contact costs its name, never a message.
    fn read(parts: &[Object]) -> Self {
        let metadata = |name| parts.iter().find_map(|part| metadata(part, name));
        let mut people = HashMap::new();
        for contact in parts.iter().flat_map(|part| part.list("contacts").unwrap_or_default()) {
            let Ok(person) = read_contact(contact) else { continue };
            for id in [&person.wa_id, &person.user_id].into_iter().flatten() {
                people.entry(id.clone()).or_insert_with(|| person.clone());
            }
        }
        Self {
            number_id: metadata("phone_number_id"),
            number_key: metadata("display_phone_number").map(|phone| phone_key(&phone)),
            people,
        }
    }

    /// Whether the person is the business itself, with or without the ninth digit.
    pub(super) fn is_business(&self, peer: &Peer) -> bool {
        peer.wa_id.as_ref().is_some_and(|phone| self.number_key == Some(phone_key(phone)))
    }

    /// The person with what `contacts` says of them. They are found by id: the list's order means nothing.
    pub(super) fn completed(&self, peer: Peer) -> Peer {
        let known = [&peer.user_id, &peer.wa_id].into_iter().flatten().find_map(|id| self.people.get(id));
        match known {
            Some(known) => completed(peer, known),
            None => peer,
        }
    }
}

fn metadata(value: &Object, name: &str) -> Option<String> {
    value.object("metadata").ok()??.text(name).ok()?
}

fn read_contact(raw: &RawValue) -> Read<Peer> {
    let contact = Object::read(raw)?;
    let name = contact.object("profile").ok().flatten().and_then(|profile| profile.text("name").ok()?);
    Ok(Peer { name, ..message::peer(contact.text("wa_id")?, contact.text("user_id")?) })
}

/// The person, with what is missing taken from `other`.
pub(super) fn completed(peer: Peer, other: &Peer) -> Peer {
    Peer {
        wa_id: peer.wa_id.or_else(|| other.wa_id.clone()),
        user_id: peer.user_id.or_else(|| other.user_id.clone()),
        name: peer.name.or_else(|| other.name.clone()),
    }
}

struct Items(Vec<Incoming>);

impl Items {
    /// Stops one item after the limit, by which [`parse`] knows that it was passed.
    fn push(&mut self, provider_number_id: Option<String>, raw: &RawValue, read: Read<Event>) {
        if self.0.len() <= MAX_ITEMS {
            let event = read.unwrap_or_else(Event::Parked);
            self.0.push(Incoming { provider_number_id, raw: raw.get().as_bytes().to_vec(), event });
        }
    }

    /// The elements of a list; null has none, and what is no list is parked as it is.
    fn elements<'a>(&mut self, envelope: &Envelope, list: &'a RawValue) -> Vec<&'a RawValue> {
        if list.get() == "null" {
            return Vec::new();
        }
        elements(list).unwrap_or_else(|reason| {
            self.push(envelope.number_id.clone(), list, Err(reason));
            Vec::new()
        })
    }

    fn each(&mut self, envelope: &Envelope, list: &RawValue, read: impl Fn(&RawValue) -> Read<Event>) {
        for item in self.elements(envelope, list) {
            self.push(envelope.number_id.clone(), item, read(item));
        }
    }
}
