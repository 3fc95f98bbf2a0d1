//! From a chat's entries to [`Incoming`], with ids and people that stay the same from import to import.

use std::collections::HashMap;

use aws_lc_rs::digest::{SHA256, digest};

use super::{Entry, ExportError, content::file_type, is_same_name, letters, normalized, senders};
use crate::providers::{Direction, Event, Incoming, Media, Message, Origin, Peer, Source};

/// Group notices: one of them tells that the chat is a group's.
const OF_GROUPS: &[&str] = &[
    "criou o grupo",
    "criou este grupo",
    "adicionou você",
    "entrou usando o link",
    "deste grupo",
    "created group",
    "created this group",
    "added you",
    "joined using this group",
    "this group's",
];

/// What an export does not say of itself.
pub struct Chat<'a> {
    /// What the company is called in it.
    pub company: &'a str,
    /// [`Export::title`](super::Export::title), or what a person says it is.
    pub title: Option<&'a str>,
    /// The phone of the company's number it was exported from.
    pub number: &'a str,
}

/// Who is who in a chat.
struct Sides<'a> {
    /// What ids of this chat begin with, so that "ok" in two chats in one minute is two messages.
    key: String,
    /// The group's id, if it is one.
    group: Option<String>,
    /// The other person, where there are two.
    contact: Option<Peer>,
    /// Who is not the company, and how ids and [`Peer`]s name them.
    others: HashMap<&'a str, (String, Peer)>,
}

/// The messages' ids, in the entries' order: `export:` and a SHA-256 in hex.
///
/// They are made of the chat (the contact or the group), the minute, the side, the words and the place among equals,
/// so the same or a longer export of the chat, with or without media, gives the same ids. They change with what they
/// are made of: a message edited or deleted between two exports, a contact renamed, another time zone.
pub fn identify(entries: &[Entry], chat: &Chat) -> Result<Vec<String>, ExportError> {
    Ok(Sides::tell(entries, chat)?.identify(entries))
}

/// The entries as messages, one by one, `text` being what they were parsed from.
///
/// A notice of WhatsApp's own is inbound, and in a group from nobody.
pub fn to_incoming<'a>(
    text: &'a str,
    entries: &'a [Entry<'a>],
    chat: &Chat,
) -> Result<impl Iterator<Item = Incoming> + use<'a>, ExportError> {
    let sides = Sides::tell(entries, chat)?;
    let ids = sides.identify(entries);
    Ok(entries.iter().zip(ids).map(move |(entry, id)| {
        let raw = text.get(entry.lines.clone()).unwrap_or_default().trim_end_matches(['\r', '\n']).as_bytes().to_vec();
        Incoming { provider_number_id: None, raw, event: Event::Message(Box::new(sides.message(entry, id))) }
    }))
}

impl<'a> Sides<'a> {
    fn tell(entries: &'a [Entry<'a>], chat: &Chat) -> Result<Self, ExportError> {
        let company = normalized(chat.company);
        let senders = senders(entries);
        let mut others = HashMap::new();
        for sender in entries.iter().filter_map(|entry| entry.sender) {
            if !others.contains_key(sender) && normalized(sender) != company {
                others.insert(sender, person(sender));
            }
        }
        let is_announced = entries.iter().any(|entry| entry.sender.is_none() && mentions_group(&entry.text));
        if others.len() == 2 && senders.len() == 2 && !is_announced {
            return Err(ExportError::CompanyNotInChat);
        }
        let only_other = if others.len() == 1 { others.keys().next().copied() } else { None };
        let is_group = others.len() > 1
            || is_announced
            || matches!((only_other, chat.title), (Some(name), Some(title)) if !may_be_titled(name, title));
        // Without any name the chat is known by what it begins with.
        let untitled = || entries.first().map_or_else(String::new, |first| hex(&fingerprint(first, "", "")));
        if is_group {
            let title = chat.title.map_or_else(untitled, normalized);
            let number: String = chat.number.chars().filter(char::is_ascii_digit).collect();
            let group = format!("export-group:{}", hex(&sha256(format!("{number}\0{title}").as_bytes())));
            return Ok(Self { key: group.clone(), group: Some(group), contact: None, others });
        }
        let (key, contact) = match only_other.or(chat.title) {
            Some(name) => person(name),
            None => {
                let key = untitled();
                (key.clone(), Peer { user_id: Some(format!("export:{key}")), ..Peer::default() })
            }
        };
        Ok(Self { key, group: None, contact: Some(contact), others })
    }

    fn identify(&self, entries: &[Entry]) -> Vec<String> {
        let mut seen: HashMap<[u8; 32], u32> = HashMap::with_capacity(entries.len());
        let identify_one = |entry: &Entry| {
            let side = match entry.sender.map(|sender| self.others.get(sender)) {
                None => "notice",
                Some(None) => "me",
                Some(Some((key, _))) => key,
            };
            let fingerprint = fingerprint(entry, &self.key, side);
            let place = seen.entry(fingerprint).or_default();
            *place += 1;
            format!("export:{}", hex(&sha256(&[fingerprint.as_slice(), &place.to_be_bytes()].concat())))
        };
        entries.iter().map(identify_one).collect()
    }

    fn message(&self, entry: &Entry, id: String) -> Message {
        let author = entry.sender.map(|sender| self.others.get(sender));
        let direction = if matches!(author, Some(None)) { Direction::Outbound } else { Direction::Inbound };
        let peer = match (&self.contact, author) {
            (Some(contact), _) => contact.clone(),
            (None, Some(Some((_, author)))) => author.clone(),
            (None, _) => Peer::default(),
        };
        Message {
            id,
            direction,
            origin: Origin::Import,
            peer,
            group: self.group.clone(),
            kind: entry.kind,
            text: words(entry),
            referral: None,
            media: media(entry),
            sent_at: Some(entry.at),
            reply_to: None,
            is_forwarded: false,
            error_codes: Vec::new(),
            delivery: None,
            identity_change: None,
            was_edited: entry.was_edited,
            was_deleted: entry.was_deleted,
        }
    }
}

/// How ids and [`Peer`] name a person: by phone where the name is one, else by a hash of the name, the only stable
/// thing an export has.
fn person(name: &str) -> (String, Peer) {
    let name = normalized(name);
    if let Some(phone) = phone(&name) {
        return (phone.clone(), Peer { wa_id: Some(phone), ..Peer::default() });
    }
    let user_id = format!("export:{}", hex(&sha256(name.as_bytes())));
    (user_id.clone(), Peer { user_id: Some(user_id), name: Some(name), wa_id: None })
}

/// The digits of a name that is a phone in international form, which is how WhatsApp shows who is not saved.
fn phone(name: &str) -> Option<String> {
    let is_phone = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '-' | '(' | ')' | '.' | '\u{2010}'..='\u{2013}');
    let digits: String = name
        .strip_prefix('+')
        .filter(|rest| rest.chars().all(is_phone))?
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    // E.164 allows 15 digits; no country's numbers have fewer than 7 with its code.
    (7..=15).contains(&digits.len()).then_some(digits)
}

fn mentions_group(notice: &str) -> bool {
    OF_GROUPS.iter().any(|words| notice.contains(words))
}

/// Whether a chat of that title can be the chat with this person, the file's name having suffered on its way.
fn may_be_titled(name: &str, title: &str) -> bool {
    let (name_letters, title_letters) = (letters(name), letters(title));
    is_same_name(name, title) || name_letters.contains(&title_letters) || title_letters.contains(&name_letters)
}

/// What makes two entries equal: chat, side, minute and words, whatever became of a medium.
fn fingerprint(entry: &Entry, chat: &str, side: &str) -> [u8; 32] {
    let class = match (entry.was_deleted, &entry.medium) {
        (true, _) => "deleted",
        (false, Some(_)) => "medium",
        (false, None) => "words",
    };
    let minute = entry.at.div_euclid(60_000_000).to_string();
    // No part but the last can hold the separator.
    sha256([chat, side, &minute, class, &normalized(&entry.text)].join("\0").as_bytes())
}

/// Which words a message has, and which part they are. A document left out of the export still shows its name.
fn words(entry: &Entry) -> Option<(Source, String)> {
    let left_out_name =
        entry.medium.as_ref().filter(|medium| medium.archive_name.is_none()).and_then(|medium| medium.file_name);
    match (left_out_name, entry.text.as_ref()) {
        (None, "") => None,
        (Some(name), "") => Some((Source::FileName, name.to_owned())),
        (Some(name), caption) => Some((Source::Caption, format!("{name}\n{caption}"))),
        (None, text) => Some((if entry.medium.is_some() { Source::Caption } else { Source::Text }, text.to_owned())),
    }
}

fn media(entry: &Entry) -> Option<Media> {
    let medium = entry.medium.as_ref()?;
    let archive_name = medium.archive_name?;
    Some(Media {
        provider_id: Some(archive_name.to_owned()),
        mime_type: file_type(archive_name).1.to_owned(),
        file_name: medium.file_name.map(str::to_owned),
        sha256: None,
        byte_size: None,
    })
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 });
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
