//! What stands behind a message's head: sender, words, and the markers WhatsApp puts among them.
//!
//! Whoever types a marker by hand gets what the marker means; all other words stay, to be read and matched.

use std::{borrow::Cow, ops::Range};

use super::{Entry, Medium, is_blank, is_mark};
use crate::providers::{Kind, Micros};

/// Characters a sender's name may have; group subjects have up to 100.
const MAX_NAME: usize = 128;

const EDITED: &[&str] = &["<Mensagem editada>", "<Esta mensagem foi editada>", "<This message was edited>"];

/// Whole messages, an ending full stop apart.
const DELETED: &[&str] = &[
    "Mensagem apagada",
    "Esta mensagem foi apagada",
    "Você apagou esta mensagem",
    "This message was deleted",
    "You deleted this message",
];

/// An administrator's name follows, or whatever somebody typed: these words are kept.
const DELETED_BY_ADMIN: &[&str] =
    &["Mensagem apagada pelo admin", "Esta mensagem foi apagada pelo admin", "This message was deleted by admin "];

/// Android, without media: the kind is not told.
const LEFT_OUT: &[&str] = &["<Mídia oculta>", "<Arquivo de mídia oculto>", "<Media omitted>"];

/// iPhone, without media.
const LEFT_OUT_KINDS: &[(&str, Kind)] = &[
    ("imagem ocultada", Kind::Image),
    ("imagem omitida", Kind::Image),
    ("image omitted", Kind::Image),
    ("áudio ocultado", Kind::Audio),
    ("áudio omitido", Kind::Audio),
    ("audio omitted", Kind::Audio),
    ("vídeo omitido", Kind::Video),
    ("vídeo ocultado", Kind::Video),
    ("video omitted", Kind::Video),
    ("GIF omitido", Kind::Video),
    ("GIF ocultado", Kind::Video),
    ("GIF omitted", Kind::Video),
    ("mensagem de vídeo omitida", Kind::Video),
    ("video note omitted", Kind::Video),
    ("figurinha omitida", Kind::Sticker),
    ("figurinha ocultada", Kind::Sticker),
    ("sticker omitido", Kind::Sticker),
    ("sticker omitted", Kind::Sticker),
    ("documento omitido", Kind::Document),
    ("documento ocultado", Kind::Document),
    ("document omitted", Kind::Document),
    ("cartão do contato omitido", Kind::Contacts),
    ("cartão de contato omitido", Kind::Contacts),
    ("contact card omitted", Kind::Contacts),
];

/// Android, with media: behind the file's name.
const ATTACHED_BEHIND: &[&str] = &[" (arquivo anexado)", " (file attached)"];

/// iPhone, with media: before the file's name, which `>` ends.
const ATTACHED_BEFORE: &[&str] = &["<anexado: ", "<attached: "];

/// The notice that opens every chat. iPhones print it as if the contact, or the group, had said it.
const ENCRYPTION: &[&str] = &[
    "As mensagens e as chamadas são protegidas",
    "As mensagens e as ligações são protegidas",
    "As mensagens e ligações são protegidas",
    "As mensagens são protegidas com a criptografia",
    "As mensagens e chamadas são protegidas",
    "Mensagens e chamadas são protegidas",
    "Messages and calls are end-to-end encrypted",
    "Messages to this chat and calls are now secured",
    "Messages to this group are now secured",
    "Messages you send to this",
];

/// Calls, which iPhones print as if said by who called.
const CALLS: &[&str] = &[
    "Ligação de ",
    "Chamada de ",
    "Missed voice call",
    "Missed video call",
    "Missed group ",
    "Voice call",
    "Video call",
];

/// Notices that quote a group's subject or description, which may hold the `: ` that otherwise ends a name.
const QUOTING: &[&str] = &[
    "criou o grupo",
    "mudou o nome",
    "mudou o assunto",
    "alterou o nome",
    "mudou a descrição",
    "created group",
    "changed the subject",
    "changed the group name",
    "changed the group description",
];

/// Understands one message from what follows its head.
pub(super) fn entry(body: &str, at: Micros, lines: Range<usize>, is_iphone: bool) -> Entry<'_> {
    let Some((sender, words)) = split_sender(body) else { return notice(body, at, lines) };
    if is_iphone && begins_with_any(words, ENCRYPTION) {
        return notice(words, at, lines);
    }
    let (words, was_edited) = without_edited(words.trim_end_matches(is_blank));
    let mut entry = Entry {
        sender: Some(sender),
        text: Cow::default(),
        at,
        kind: Kind::Text,
        medium: None,
        was_edited,
        was_deleted: false,
        lines,
    };
    if is_placeholder(words) {
        entry.was_deleted = true;
    } else if let Some(found) = find_medium(words) {
        entry.kind = found.kind;
        entry.text = found.caption;
        entry.medium = Some(found.medium);
    } else {
        if is_iphone && words.starts_with(is_mark) && begins_with_any(words, CALLS) {
            entry.kind = Kind::System;
        }
        entry.was_deleted = begins_with_any(words, DELETED_BY_ADMIN);
        entry.text = clean(words);
    }
    entry
}

/// On iPhones the notices of a group carry the group's own name as sender. It is the sender of the first line, and
/// nothing it "says" is without the mark that WhatsApp sets before its own words.
pub(super) fn silence_group_name(entries: &mut [Entry], text: &str) {
    let Some((name, _)) = entries.first().filter(|first| first.sender.is_none()).and_then(|first| spoken(first, text))
    else {
        return;
    };
    let is_notice = |entry: &Entry| {
        let is_marked = spoken(entry, text).is_some_and(|(_, words)| words.starts_with(is_mark));
        is_marked && entry.medium.is_none() && !entry.was_deleted
    };
    if entries.iter().filter(|entry| entry.sender == Some(name)).all(is_notice) {
        for entry in entries.iter_mut().filter(|entry| entry.sender == Some(name)) {
            entry.sender = None;
            entry.kind = Kind::System;
        }
    }
}

/// Who is printed as having said what, on an iPhone.
fn spoken<'a>(entry: &Entry, text: &'a str) -> Option<(&'a str, &'a str)> {
    let (_, body) = text.get(entry.lines.clone())?.split_once("] ")?;
    split_sender(body)
}

fn notice(words: &str, at: Micros, lines: Range<usize>) -> Entry<'_> {
    let text = clean(words);
    Entry { sender: None, text, at, kind: Kind::System, medium: None, was_edited: false, was_deleted: false, lines }
}

/// Splits `Name: words` at the first colon that a blank or the line's end follows. The words keep their marks.
fn split_sender(body: &str) -> Option<(&str, &str)> {
    let line = body.split('\n').next().unwrap_or_default();
    let (colon, _) = line.match_indices(':').find(|(at, _)| {
        line.get(at + 1..).is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
    })?;
    let name = body.get(..colon)?.trim_matches(is_blank);
    let is_quoting = || name.contains(['"', '“', '”']) && QUOTING.iter().any(|words| name.contains(words));
    if name.is_empty() || name.chars().take(MAX_NAME + 1).count() > MAX_NAME || is_quoting() {
        return None;
    }
    let words = body.get(colon + 1..)?;
    Some((name, words.strip_prefix(' ').unwrap_or(words)))
}

fn begins_with_any(words: &str, beginnings: &[&str]) -> bool {
    let words = words.trim_start_matches(is_blank);
    beginnings.iter().any(|beginning| words.starts_with(beginning))
}

fn without_edited(words: &str) -> (&str, bool) {
    if !words.ends_with('>') {
        return (words, false);
    }
    match EDITED.iter().find_map(|mark| words.strip_suffix(mark)) {
        Some(rest) => (rest.trim_end_matches(is_blank), true),
        None => (words, false),
    }
}

fn is_placeholder(words: &str) -> bool {
    let words = words.trim_matches(is_blank);
    DELETED.contains(&words.strip_suffix('.').unwrap_or(words))
}

/// A message's medium and what was written with it.
struct Found<'a> {
    kind: Kind,
    medium: Medium<'a>,
    caption: Cow<'a, str>,
}

/// Finds a medium's marker in the first or the last line; the caption is on the others, or before it on its own.
fn find_medium(words: &str) -> Option<Found<'_>> {
    let (first, below) = words.split_once('\n').map_or((words, None), |(first, below)| (first, Some(below)));
    if let Some(marker) = Marker::read(first, below.is_none(), true) {
        let caption = match (marker.before, below) {
            ("", below) => clean(below.unwrap_or_default()),
            (before, None) => clean(before),
            (before, Some(below)) => Cow::Owned(format!("{}\n{}", clean(before), clean(below))),
        };
        return Some(Found { kind: marker.kind, medium: marker.medium, caption });
    }
    let (above, last) = words.rsplit_once('\n')?;
    let marker = Marker::read(last, false, false)?;
    let caption = match marker.before {
        "" => clean(above),
        before => Cow::Owned(format!("{}\n{}", clean(above), clean(before))),
    };
    Some(Found { kind: marker.kind, medium: marker.medium, caption })
}

/// A marker of a medium.
struct Marker<'a> {
    kind: Kind,
    medium: Medium<'a>,
    /// Words on the same line that are not the marker's.
    before: &'a str,
}

impl<'a> Marker<'a> {
    fn read(line: &'a str, is_whole: bool, is_first: bool) -> Option<Self> {
        let bare = line.trim_matches(is_blank);
        if is_first && LEFT_OUT.contains(&bare) {
            return Some(Self {
                kind: Kind::Unsupported,
                medium: Medium { archive_name: None, file_name: None },
                before: "",
            });
        }
        if is_first
            && let Some(name) = ATTACHED_BEHIND.iter().find_map(|mark| bare.strip_suffix(mark))
            && is_file_name(name)
        {
            return Some(Self::attached(name, ""));
        }
        if let Some(inner) = bare.strip_suffix('>')
            && let Some((at, mark)) = ATTACHED_BEFORE.iter().find_map(|mark| Some((inner.rfind(mark)?, mark)))
            && let (Some(before), Some(name)) = (inner.get(..at), inner.get(at + mark.len()..))
            && is_file_name(name)
            && (before.is_empty() || before.ends_with(is_mark))
        {
            return Some(Self::attached(name, before));
        }
        LEFT_OUT_KINDS.iter().find_map(|&(mark, kind)| Self::left_out(line, bare, mark, kind, is_whole))
    }

    /// The words alone are a marker only as the whole message; with others they need WhatsApp's mark before them.
    fn left_out(line: &'a str, bare: &'a str, mark: &str, kind: Kind, is_whole: bool) -> Option<Self> {
        let (before, end) = bare.split_at_checked(bare.len().checked_sub(mark.len())?)?;
        if end != mark && !(end.is_ascii() && end.eq_ignore_ascii_case(mark)) {
            return None;
        }
        let is_marked =
            if before.is_empty() { is_whole || line.starts_with(is_mark) } else { before.ends_with(is_mark) };
        let (file_name, before) = split_description(before);
        is_marked.then_some(Self { kind, medium: Medium { archive_name: None, file_name }, before })
    }

    fn attached(name: &'a str, before: &'a str) -> Self {
        let (described, before) = split_description(before);
        let file_name = described.unwrap_or_else(|| without_number(name));
        Self {
            kind: file_type(name).0,
            medium: Medium { archive_name: Some(name), file_name: Some(file_name) },
            before,
        }
    }
}

/// `Contrato.pdf • 3 páginas`, which iPhones put before a document's marker: its name, and what else stands there.
/// Only a count of pages or bytes is let go.
fn split_description(before: &str) -> (Option<&str>, &str) {
    let bare = before.trim_matches(is_blank);
    if let Some((name, size)) = bare.rsplit_once(" • ")
        && is_file_name(name)
        && is_size(size)
    {
        return (Some(name), "");
    }
    (None, bare)
}

/// `3 páginas`, `245 KB`: too short a number to be anybody's.
fn is_size(size: &str) -> bool {
    let size = size.trim_start_matches(is_blank);
    let unit = size.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ','));
    let word = unit.trim_start_matches(is_blank);
    (1..=5).contains(&(size.len() - unit.len()))
        && matches!(word, "página" | "páginas" | "page" | "pages" | "kB" | "KB" | "MB")
}

/// A name with an extension and no folder.
fn is_file_name(name: &str) -> bool {
    name.len() <= 1024
        && !name.contains(['/', '\\', '\n', '\0'])
        && name.rsplit_once('.').is_some_and(|(stem, extension)| {
            !stem.is_empty()
                && (1..=8).contains(&extension.len())
                && extension.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}

/// An iPhone's attachment without the number it was given: `00000012-Contrato.pdf`.
fn without_number(name: &str) -> &str {
    match name.split_once('-') {
        Some((number, rest)) if number.len() == 8 && number.bytes().all(|b| b.is_ascii_digit()) => rest,
        _ => name,
    }
}

/// Kind and type of a file, by the extension WhatsApp gives it.
pub(super) fn file_type(name: &str) -> (Kind, &'static str) {
    let name = name.to_ascii_lowercase();
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "jpg" | "jpeg" => (Kind::Image, "image/jpeg"),
        "png" => (Kind::Image, "image/png"),
        "heic" => (Kind::Image, "image/heic"),
        "gif" => (Kind::Image, "image/gif"),
        "webp" if name.contains("stk-") || name.contains("sticker") => (Kind::Sticker, "image/webp"),
        "webp" => (Kind::Image, "image/webp"),
        "mp4" => (Kind::Video, "video/mp4"),
        "mov" => (Kind::Video, "video/quicktime"),
        "3gp" => (Kind::Video, "video/3gpp"),
        "opus" | "ogg" => (Kind::Audio, "audio/ogg"),
        "m4a" => (Kind::Audio, "audio/mp4"),
        "mp3" => (Kind::Audio, "audio/mpeg"),
        "aac" => (Kind::Audio, "audio/aac"),
        "amr" => (Kind::Audio, "audio/amr"),
        "wav" => (Kind::Audio, "audio/wav"),
        "vcf" => (Kind::Contacts, "text/vcard"),
        "pdf" => (Kind::Document, "application/pdf"),
        "txt" => (Kind::Document, "text/plain"),
        _ => (Kind::Document, "application/octet-stream"),
    }
}

/// The words without blanks around them, lines ended by LF.
fn clean(words: &str) -> Cow<'_, str> {
    let words = words.trim_matches(is_blank);
    if words.contains("\r\n") { Cow::Owned(words.replace("\r\n", "\n")) } else { Cow::Borrowed(words) }
}
