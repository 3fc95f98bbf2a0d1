//! WhatsApp's own "Export chat": the `.txt`, or the `.zip` of it and its media, from Android and iPhone, in
//! Portuguese and English.
//!
//! The format is written down nowhere and promises nothing; what is read here is what the apps write:
//!
//! ```text
//! [12/03/2024, 14:05:09] Fulana: iPhone        12/03/2024 14:05 - Fulana: Android
//! ```
//!
//! A message goes on until the next line that begins like the file's first. So a message may hold a line that looks
//! like another message's head, and nothing in the file tells it from a real one: **an export is no proof of who wrote
//! what**. Nothing is dropped: whatever is no marker of WhatsApp's stays text of the message it stands in.

mod content;
mod file;
mod headers;
mod incoming;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, collections::HashMap, io, ops::Range};

use jiff::tz::TimeZone;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

pub use file::{Export, read};
pub use incoming::{Chat, identify, to_incoming};

use super::{Kind, Micros};

/// Why a file could not be imported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The file system would not let us.
    #[error("The file cannot be read: {0}.")]
    Unreadable(#[from] io::Error),
    /// Text, but not of WhatsApp's making.
    #[error("This is no chat exported from WhatsApp: give the .txt or .zip file that \"Export chat\" made, unchanged.")]
    NotAnExport,
    /// UTF-16, Latin-1 or no text at all.
    #[error("The chat's text is not UTF-8: give the file as WhatsApp made it, not one saved again by an editor.")]
    NotUtf8,
    /// Above [`file::MAX_TEXT`] or [`file::MAX_FILES`].
    #[error("The export is too large: its text may have up to 512 MiB, and its archive up to 100,000 files.")]
    TooLarge,
    /// A medium above the caller's limit.
    #[error("A file in the archive is larger than allowed.")]
    MediumTooLarge,
    /// Not a whole, open zip.
    #[error("The .zip file is damaged or locked with a password: export the chat again.")]
    BrokenArchive,
    /// A zip of something else.
    #[error("The .zip file holds no chat: export the chat again.")]
    NoChatInArchive,
    /// Two people talk and the company is neither.
    #[error("Neither of the two people in this chat is called what the company was said to be called in it.")]
    CompanyNotInChat,
}

/// One message or notice of a chat, borrowing from the file's text. It is content throughout: no `Debug`.
pub struct Entry<'a> {
    /// The author as the exporting phone names them; `None` where WhatsApp itself speaks.
    pub sender: Option<&'a str>,
    /// The words without WhatsApp's markers; for a medium, its caption.
    pub text: Cow<'a, str>,
    /// When, as precise as the file: Android tells minutes, iPhone seconds.
    pub at: Micros,
    /// What it is. [`Kind::Unsupported`] is a medium left out of the export whose kind the file does not tell.
    pub kind: Kind,
    /// Its medium, in the archive or left out.
    pub medium: Option<Medium<'a>>,
    /// Marked as edited; the earlier words are not in the file.
    pub was_edited: bool,
    /// Marked as deleted; its words are not in the file. A deletion by an administrator keeps WhatsApp's sentence.
    pub was_deleted: bool,
    /// Where its lines stand in the file's text.
    pub lines: Range<usize>,
}

/// What the export says of a medium.
pub struct Medium<'a> {
    /// The file's name inside the archive; `None` when the export was made without media.
    pub archive_name: Option<&'a str>,
    /// The name its sender gave it, where told.
    pub file_name: Option<&'a str>,
}

/// Reads the text of an export. Local times are of `zone`, the exporting phone's; a time that the clocks skipped or
/// repeated is taken as RFC 5545 does.
///
/// Refuses a text whose first written line is no message or notice.
pub fn parse<'a>(text: &'a str, zone: &TimeZone) -> Result<Vec<Entry<'a>>, ExportError> {
    let headers = headers::find(text, zone).ok_or(ExportError::NotAnExport)?;
    let ends = headers.found.iter().skip(1).map(|next| next.line).chain([text.len()]);
    let mut entries = Vec::with_capacity(headers.found.len());
    for (header, end) in headers.found.iter().zip(ends) {
        let body = text.get(header.body..end).unwrap_or_default();
        entries.push(content::entry(body, header.at, header.line..end, headers.is_iphone));
    }
    if headers.is_iphone {
        content::silence_group_name(&mut entries, text);
    }
    Ok(entries)
}

/// Who wrote in the chat and how many messages, the most talkative first.
pub fn senders(entries: &[Entry]) -> Vec<(String, usize)> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for sender in entries.iter().filter_map(|entry| entry.sender) {
        *counts.entry(sender).or_default() += 1;
    }
    let mut senders: Vec<_> = counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
    senders.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    senders
}

/// The company's name in the chat, where it follows from the title: a chat of two is named after the contact, so the
/// company is the other one.
pub fn guess_company_side(entries: &[Entry], title: Option<&str>) -> Option<String> {
    let title = title?;
    let senders = senders(entries);
    let [(first, _), (second, _)] = senders.as_slice() else { return None };
    match (is_same_name(first, title), is_same_name(second, title)) {
        (true, false) => Some(second.clone()),
        (false, true) => Some(first.clone()),
        _ => None,
    }
}

/// Direction and byte-order marks: WhatsApp sprinkles them, nobody sees them.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// What can stand around words without being part of them.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || is_mark(c)
}

/// One spelling for what looks alike: NFC, no marks, single spaces.
fn normalized(text: &str) -> String {
    if is_nfc_quick(text.chars()) == IsNormalized::Yes && !text.contains(is_mark) {
        return single_spaced(text);
    }
    single_spaced(&text.nfc().filter(|&c| !is_mark(c)).collect::<String>())
}

fn single_spaced(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !spaced.is_empty() {
            spaced.push(' ');
        }
        spaced.push_str(word);
    }
    spaced
}

/// Whether a chat's title names this person: file names lose punctuation and emoji on the way.
fn is_same_name(name: &str, title: &str) -> bool {
    let (name_letters, title_letters) = (letters(name), letters(title));
    if name_letters.is_empty() { normalized(name) == normalized(title) } else { name_letters == title_letters }
}

/// Letters and digits in lower case.
fn letters(name: &str) -> String {
    name.nfkc().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
