//! What a message holds: its kind, its words and its medium.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::value::RawValue;

use super::object::{Object, Read, elements};
use crate::providers::{Kind, Media, ParkReason, Source};

/// How deep a Flow's answers are taken apart. What lies deeper is kept as the JSON it is, so that it is still read.
const FLOW_DEPTH: usize = 16;

/// The content of a message, or of the new version in an edit.
pub(super) struct Content {
    pub(super) kind: Kind,
    pub(super) text: Option<(Source, String)>,
    pub(super) media: Option<Media>,
}

impl Content {
    /// Reads the object that bears the name of the `type`. Where it is missing the message is malformed, but for
    /// `interactive`, which Meta has sent without; a type not known is [`Kind::Unknown`] and has no words.
    pub(super) fn read(message: &Object) -> Read<Self> {
        let name = message.text("type")?.unwrap_or_default();
        let of_type = || message.required_object(&name);
        Ok(match name.as_str() {
            "text" => words(Kind::Text, Source::Text, text_body(&of_type()?)?),
            "image" => medium(Kind::Image, &of_type()?)?,
            "audio" => medium(Kind::Audio, &of_type()?)?,
            "video" => medium(Kind::Video, &of_type()?)?,
            "document" => medium(Kind::Document, &of_type()?)?,
            "sticker" => medium(Kind::Sticker, &of_type()?)?,
            "location" => words(Kind::Location, Source::Location, place(&of_type()?)?),
            "contacts" => words(Kind::Contacts, Source::ContactCard, cards(message)?),
            "interactive" => {
                let answer = message.object(&name)?;
                let text = answer.as_ref().map(interactive).transpose()?.flatten();
                words(Kind::Interactive, Source::Interactive, text)
            }
            "button" => words(Kind::Button, Source::Interactive, of_type()?.text("text")?),
            "order" => words(Kind::Order, Source::Order, of_type()?.text("text")?),
            "system" => words(Kind::System, Source::Text, of_type()?.text("body")?),
            "request_welcome" => words(Kind::System, Source::Text, None),
            "unsupported" | "media_placeholder" => words(Kind::Unsupported, Source::Text, None),
            _ => words(Kind::Unknown, Source::Text, None),
        })
    }
}

fn words(kind: Kind, source: Source, text: Option<String>) -> Content {
    Content { kind, text: text.map(|text| (source, text)), media: None }
}

/// One text of several, a line each; `None` where there is none.
pub(super) fn lines(parts: impl Iterator<Item = String>) -> Option<String> {
    let parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join("\n"))
}

fn text_body(text: &Object) -> Read<Option<String>> {
    // A text without a body would pass for scanned.
    text.get("body").ok_or(ParkReason::Malformed)?;
    text.text("body")
}

fn medium(kind: Kind, medium: &Object) -> Read<Content> {
    let media = Media {
        provider_id: medium.text("id")?,
        mime_type: medium.text("mime_type")?.filter(|mime| is_mime(mime)).unwrap_or_else(|| UNKNOWN_MIME.to_owned()),
        file_name: medium.text("filename")?,
        sha256: medium.text("sha256")?.and_then(|digest| sha256_hex(&digest)),
        byte_size: medium.integer("file_size").filter(|size| *size >= 0),
    };
    let text = medium.text("caption")?.map(|caption| (Source::Caption, caption));
    Ok(Content { kind, text, media: Some(media) })
}

/// What is kept where the type is none (RFC 2046): the column is clear text, and takes nobody's message for a type.
const UNKNOWN_MIME: &str = "application/octet-stream";

/// Whether it looks like `type/subtype`, perhaps with parameters.
fn is_mime(text: &str) -> bool {
    text.len() <= 127 && text.contains('/') && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
}

/// A SHA-256 in lower-case hex. Meta writes base64 in webhooks, and hex in one of its samples.
fn sha256_hex(digest: &str) -> Option<String> {
    if digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Some(digest.to_ascii_lowercase());
    }
    let bytes = STANDARD_NO_PAD.decode(digest.trim_end_matches('=')).ok()?;
    (bytes.len() == 32).then(|| bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn place(place: &Object) -> Read<Option<String>> {
    Ok(lines([place.text("name")?, place.text("address")?].into_iter().flatten()))
}

fn cards(message: &Object) -> Read<Option<String>> {
    let cards = message.get("contacts").ok_or(ParkReason::Malformed)?;
    let mut parts = Vec::new();
    for card in elements(cards)? {
        let card = Object::read(card)?;
        for (object, field) in [("name", "formatted_name"), ("org", "company")] {
            if let Some(object) = card.object(object)? {
                parts.extend(object.text(field)?);
            }
        }
        for (list, field) in [("phones", "phone"), ("emails", "email")] {
            for element in card.list(list)? {
                parts.extend(Object::read(element)?.text(field)?);
            }
        }
    }
    Ok(lines(parts.into_iter()))
}

fn interactive(answer: &Object) -> Read<Option<String>> {
    if let Some(button) = answer.object("button_reply")? {
        return button.text("title");
    }
    if let Some(row) = answer.object("list_reply")? {
        return Ok(lines([row.text("title")?, row.text("description")?].into_iter().flatten()));
    }
    if let Some(flow) = answer.object("nfm_reply")? {
        let mut parts: Vec<String> = flow.text("body")?.into_iter().collect();
        if let Some(json) = flow.text("response_json")? {
            flow_answers(&json, &mut parts);
        }
        return Ok(lines(parts.into_iter()));
    }
    Ok(None)
}

/// Every text a person gave in a Flow, in the order asked. What is no JSON is kept as it is.
fn flow_answers(json: &str, parts: &mut Vec<String>) {
    match serde_json::from_str::<Object>(json) {
        Ok(answers) => {
            // The token is the company's, not said by anyone.
            let said = answers.fields().filter(|(name, _)| *name != "flow_token");
            said.for_each(|(_, answer)| texts(answer, FLOW_DEPTH, parts));
        }
        Err(_) => parts.push(json.to_owned()),
    }
}

fn texts(answer: &RawValue, depth: usize, parts: &mut Vec<String>) {
    let json = answer.get();
    if let Ok(text) = serde_json::from_str(json) {
        parts.push(text);
    } else if depth > 0
        && let Ok(object) = Object::read(answer)
    {
        object.fields().for_each(|(_, answer)| texts(answer, depth - 1, parts));
    } else if depth > 0
        && let Ok(list) = elements(answer)
    {
        list.into_iter().for_each(|answer| texts(answer, depth - 1, parts));
    } else if json.starts_with(['"', '{', '[']) {
        parts.push(json.to_owned());
    }
}
