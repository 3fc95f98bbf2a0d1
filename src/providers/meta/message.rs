//! One message, echo or message of a history, as an event.

use serde_json::value::RawValue;

use super::content::{Content, lines};
use super::envelope::{Envelope, completed, delivery, error_codes};
use super::object::{Object, Read};
use crate::providers::{Direction, Edit, Event, IdentityChange, Message, Micros, Origin, Peer, Reaction, Revoke};

/// Reads one item of `messages` or `message_echoes`.
///
/// `thread` is the person whose history it stands in. A message without an id is malformed, and so is an edit, a
/// deletion or a reaction that does not say of which message; one without a sender is kept, with an empty peer.
pub(super) fn read(raw: &RawValue, origin: Origin, thread: Option<&Peer>, envelope: &Envelope) -> Read<Event> {
    let item = Object::read(raw)?;
    // Conversation Routing wraps what another app sent, as it was sent, in one more object.
    let sent = if origin == Origin::Echo { item.object("message")? } else { None };
    let body = sent.as_ref().unwrap_or(&item);

    let sender = peer(item.text("from")?, item.text("from_user_id")?);
    let recipient = peer(item.text("to")?, item.text("to_user_id")?);
    let recipient = completed(recipient, &peer(body.text("to")?, body.text("recipient")?));
    let direction = direction(origin, &sender, &recipient, envelope);
    let other = if direction == Direction::Outbound { recipient } else { sender.clone() };
    let person = envelope.completed(match thread {
        Some(thread) => completed(thread.clone(), &other),
        None => other,
    });

    let at = item.timestamp();
    match body.text("type")?.as_deref() {
        Some("edit") => {
            let edit = body.required_object("edit")?;
            Ok(Event::Edit(Box::new(Edit {
                original_id: edit.required_text("original_message_id")?,
                peer: person,
                text: Content::read(&edit.required_object("message")?)?.text,
                at,
            })))
        }
        Some("revoke") => {
            let original_id = body.required_object("revoke")?.required_text("original_message_id")?;
            Ok(Event::Revoke(Revoke { original_id, at }))
        }
        Some("reaction") => {
            let reaction = body.required_object("reaction")?;
            Ok(Event::Reaction(Reaction {
                target_id: reaction.required_text("message_id")?,
                sender: (direction == Direction::Inbound).then_some(person),
                emoji: reaction.text("emoji")?,
                at,
            }))
        }
        _ => {
            let message = Message { direction, origin, peer: person, sent_at: at, ..said(&item, body)? };
            let identity_change = identity_change(body, sender, at)?;
            Ok(Event::Message(Box::new(Message { identity_change, ..message })))
        }
    }
}

/// What a message says, apart from who said it and when.
fn said(item: &Object, body: &Object) -> Read<Message> {
    let Content { kind, text, media } = Content::read(body)?;
    let context = body.object("context")?;
    // `message_id` is how the quoted message is named when sending.
    let reply_to = match &context {
        Some(context) => context.text("id")?.or(context.text("message_id")?),
        None => None,
    };
    let is_forwarded = context.is_some_and(|of| of.is_true("forwarded") || of.is_true("frequently_forwarded"));
    let history = item.object("history_context")?;
    Ok(Message {
        id: item.required_text("id")?,
        direction: Direction::Inbound,
        origin: Origin::Live,
        peer: Peer::default(),
        group: item.text("group_id")?,
        kind,
        text,
        referral: referral(body)?,
        media,
        sent_at: None,
        reply_to,
        is_forwarded,
        error_codes: error_codes(item),
        delivery: history.and_then(|history| delivery(&history.text("status").ok()??)),
        identity_change: None,
        was_edited: false,
        was_deleted: false,
    })
}

/// Which way a message went. Only a history leaves it open: there it was sent by the company where it names a
/// recipient or where its sender is the number itself.
fn direction(origin: Origin, sender: &Peer, recipient: &Peer, envelope: &Envelope) -> Direction {
    let is_to_a_contact = *recipient != Peer::default() && !envelope.is_business(recipient);
    match origin {
        Origin::Echo => Direction::Outbound,
        Origin::History if envelope.is_business(sender) || is_to_a_contact => Direction::Outbound,
        _ => Direction::Inbound,
    }
}

/// A person by what Meta calls a phone and what it calls a user id.
///
/// Middlemen put a user id where the phone belongs: what is not all digits, but for `+` and spaces, is one.
pub(super) fn peer(phone: Option<String>, user_id: Option<String>) -> Peer {
    let Some(phone) = phone else { return Peer { user_id, ..Peer::default() } };
    let digits: String = phone.chars().filter(|c| *c != '+' && !c.is_whitespace()).collect();
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        Peer { wa_id: Some(digits), user_id, name: None }
    } else {
        Peer { wa_id: None, user_id: user_id.or(Some(phone)), name: None }
    }
}

/// The words of the advertisement a chat began from.
fn referral(body: &Object) -> Read<Option<String>> {
    let Some(referral) = body.object("referral")? else { return Ok(None) };
    let welcome = match referral.object("welcome_message")? {
        Some(welcome) => welcome.text("text")?,
        None => None,
    };
    Ok(lines([referral.text("headline")?, referral.text("body")?, welcome].into_iter().flatten()))
}

/// The change of phone or user id that a system message announces; the sender is the person as known until then.
fn identity_change(body: &Object, sender: Peer, at: Option<Micros>) -> Read<Option<IdentityChange>> {
    if body.text("type")?.as_deref() != Some("system") {
        return Ok(None);
    }
    let system = body.required_object("system")?;
    let announces_change = matches!(
        system.text("type")?.as_deref(),
        Some("user_changed_number" | "customer_changed_number" | "user_changed_user_id")
    );
    let phone = system.text("wa_id")?.or(system.text("new_wa_id")?);
    let current = peer(phone, system.text("user_id")?);
    if !announces_change || current == Peer::default() {
        return Ok(None);
    }
    let previous = peer(None, system.text("previous_user_id")?);
    let previous = completed(completed(previous, &sender), &peer(system.text("customer")?, None));
    Ok(Some(IdentityChange { previous, current, at }))
}
