//! What the samples must yield, and what hostile shapes must not break.

use std::error::Error;
use std::fs;

use super::parse;
use crate::providers::{Event, IdentityChange, Incoming, Media, Message, Micros, Peer, Source};

mod hostile;
mod mapping;
mod requests;
mod samples;

const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/payloads/");

type Result = std::result::Result<(), Box<dyn Error>>;

/// A delivery of one change with this value.
fn delivery(field: &str, value: &str) -> String {
    let metadata = r#""metadata":{"display_phone_number":"+55 11 5000-0000","phone_number_id":510}"#;
    let value = format!("{{{metadata},{value}}}");
    format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"1","changes":[{{"field":"{field}","value":{value}}}]}}]}}"#
    )
}

/// What is told of each item, one line an item.
fn told(body: &str) -> Vec<String> {
    parse(body.as_bytes()).iter().map(tell).collect()
}

/// What is told of the only item: a message with these fields besides id and sender.
fn told_message(fields: &str) -> String {
    told(&delivery(
        "messages",
        &format!(r#""messages":[{{"id":"w","from":"5511","timestamp":"1760000001",{fields}}}]"#),
    ))
    .join(" || ")
}

/// Every mapped field that is not empty, in one line.
fn tell(item: &Incoming) -> String {
    let number = item.provider_number_id.as_deref().unwrap_or("-");
    let event = match &item.event {
        Event::Message(message) => tell_message(message),
        Event::Edit(edit) => {
            format!("edit of={} by={}{}{}", edit.original_id, person(&edit.peer), text(&edit.text), at(edit.at))
        }
        Event::Revoke(revoke) => format!("revoke of={}{}", revoke.original_id, at(revoke.at)),
        Event::Reaction(reaction) => {
            let sender = reaction.sender.as_ref().map_or("company".to_owned(), person);
            let emoji = reaction.emoji.as_deref().unwrap_or("none");
            format!("reaction on={} by={sender} emoji={emoji}{}", reaction.target_id, at(reaction.at))
        }
        Event::Status(status) => {
            let (delivery, codes) = (status.delivery, &status.error_codes);
            format!("status of={} {delivery:?} codes={codes:?}{}", status.message_id, at(status.at))
        }
        Event::IdentityChange(change) => tell_change(change),
        Event::AddressBookEntry => "address book".to_owned(),
        Event::Parked(reason) => format!("parked {reason:?}"),
    };
    format!("{number} {event}")
}

fn tell_message(message: &Message) -> String {
    let Message { id, direction, origin, kind, peer, .. } = message;
    let mut line = format!("{origin:?} {direction:?} {kind:?} id={id} peer={}", person(peer));
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            line.push_str(&format!(" {name}={value}"));
        }
    };
    add("group", message.group.clone());
    add("reply_to", message.reply_to.clone());
    add("forwarded", message.is_forwarded.then(|| "yes".to_owned()));
    add("media", message.media.as_ref().map(tell_media));
    add("delivery", message.delivery.map(|delivery| format!("{delivery:?}")));
    add("codes", (!message.error_codes.is_empty()).then(|| format!("{:?}", message.error_codes)));
    add("referral", message.referral.clone());
    add("change", message.identity_change.as_ref().map(tell_change));
    add("seen", (message.was_edited || message.was_deleted).then(|| "before".to_owned()));
    line + &text(&message.text) + &at(message.sent_at)
}

fn tell_media(media: &Media) -> String {
    let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".to_owned());
    let size = media.byte_size.map(|size| size.to_string());
    let (id, name, sha256, size) = (part(&media.provider_id), part(&media.file_name), part(&media.sha256), part(&size));
    format!("({id}, {}, {name}, {sha256}, {size})", media.mime_type)
}

fn tell_change(change: &IdentityChange) -> String {
    format!("{}->{}{}", person(&change.previous), person(&change.current), at(change.at))
}

fn person(peer: &Peer) -> String {
    [&peer.wa_id, &peer.user_id, &peer.name].map(|part| part.as_deref().unwrap_or("-")).join("/")
}

fn text(text: &Option<(Source, String)>) -> String {
    text.as_ref().map_or(String::new(), |(source, words)| format!(" {source:?}={words}"))
}

fn at(at: Option<Micros>) -> String {
    at.map_or(String::new(), |at| format!(" at={}", at / 1_000_000))
}

/// The names of the samples there are.
fn sample_names() -> std::result::Result<Vec<String>, Box<dyn Error>> {
    let mut names = Vec::new();
    for file in fs::read_dir(SAMPLES)? {
        let name = file?.file_name().to_string_lossy().into_owned();
        names.extend(name.starts_with("meta_").then_some(name));
    }
    names.sort();
    Ok(names)
}
