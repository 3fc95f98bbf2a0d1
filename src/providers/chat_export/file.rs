//! Opening an export. Names inside an archive are only compared, never used as paths.

use std::{
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use unicode_normalization::UnicodeNormalization;
use zip::{ZipArchive, result::ZipError};

use super::{ExportError, is_blank, is_same_name};

/// Bytes of a chat's text, unpacked.
pub(super) const MAX_TEXT: u64 = 512 << 20;

/// Files in an archive; WhatsApp itself stops at 10,000 messages with media.
pub(super) const MAX_FILES: usize = 100_000;

const IPHONE_CHAT: &str = "_chat.txt";

const TITLES: &[&str] =
    &["Conversa do WhatsApp com ", "Conversa do WhatsApp - ", "WhatsApp Chat with ", "WhatsApp Chat - "];

/// An opened export.
pub struct Export {
    /// Whose chat it is, by the file's name: a contact's or a group's. `None` when somebody renamed the file.
    pub title: Option<String>,
    /// The chat's text.
    pub text: String,
    archive: Option<ZipArchive<BufReader<File>>>,
}

/// Opens an export, told apart by its first bytes: a zip, else text.
pub fn read(path: &Path) -> Result<Export, ExportError> {
    let mut file = File::open(path)?;
    let mut magic = Vec::with_capacity(4);
    file.by_ref().take(4).read_to_end(&mut magic)?;
    file.seek(SeekFrom::Start(0))?;
    let file_title = path.file_name().and_then(|name| title(&name.to_string_lossy()));
    if !matches!(magic.as_slice(), b"PK\x03\x04" | b"PK\x05\x06") {
        let text = read_text(file)?;
        return Ok(Export { title: file_title, text, archive: None });
    }
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(broken)?;
    let (index, inner_title) = find_chat(&archive, file_title.as_deref())?;
    let text = archive.by_index(index).map_err(broken).and_then(read_text)?;
    Ok(Export { title: inner_title.or(file_title), text, archive: Some(archive) })
}

impl Export {
    /// The bytes of an attached file, by the name its message gives. `None` when the export does not hold it;
    /// [`ExportError::MediumTooLarge`] when it unpacks to more than `limit` bytes.
    pub fn medium(&mut self, archive_name: &str, limit: u64) -> Result<Option<Vec<u8>>, ExportError> {
        let Some(archive) = &mut self.archive else { return Ok(None) };
        let Some(index) = index_of(archive, archive_name) else { return Ok(None) };
        let file = archive.by_index(index).map_err(broken)?;
        read_up_to(file, limit, ExportError::MediumTooLarge).map(Some)
    }
}

/// Composed and decomposed accents are one name: phones and archives differ in which they write.
fn index_of<R: Read + Seek>(archive: &ZipArchive<R>, name: &str) -> Option<usize> {
    archive.index_for_name(name).or_else(|| {
        let same = |other: &str| other.nfc().eq(name.nfc());
        archive.file_names().position(|other| other.is_ok_and(|other| same(&other)))
    })
}

/// The chat among the archive's files, and the title its name gives.
///
/// Attached files keep names their senders chose, so the chat's own name goes before iPhone's `_chat.txt`, the name
/// that agrees with the archive's before others, and an earlier file before a later.
fn find_chat<R: Read + Seek>(
    archive: &ZipArchive<R>,
    file_title: Option<&str>,
) -> Result<(usize, Option<String>), ExportError> {
    if archive.len() > MAX_FILES {
        return Err(ExportError::TooLarge);
    }
    let mut titled = Vec::new();
    let mut iphone = None;
    let mut texts = Vec::new();
    for (index, name) in archive.file_names().enumerate() {
        let Ok(name) = name else { continue };
        if !name.to_ascii_lowercase().ends_with(".txt") {
            continue;
        }
        texts.push(index);
        if let Some(title) = title(&name) {
            titled.push((index, title));
        } else if name == IPHONE_CHAT {
            iphone.get_or_insert(index);
        }
    }
    let agrees = |(_, title): &(usize, String)| file_title.is_some_and(|file_title| is_same_name(title, file_title));
    let at = titled.iter().position(agrees).unwrap_or(0);
    if at < titled.len() {
        let (index, title) = titled.swap_remove(at);
        return Ok((index, Some(title)));
    }
    match (iphone, texts.as_slice()) {
        (Some(index), _) | (None, &[index]) => Ok((index, None)),
        _ => Err(ExportError::NoChatInArchive),
    }
}

/// The chat's title in a file's name, which a download may have numbered: `WhatsApp Chat with Ana (1).txt`.
fn title(file_name: &str) -> Option<String> {
    let name: String = file_name.nfc().collect();
    let mut name = TITLES.iter().find_map(|prefix| name.strip_prefix(prefix))?;
    while let Some((stem, extension)) = name.rsplit_once('.')
        && (extension.eq_ignore_ascii_case("txt") || extension.eq_ignore_ascii_case("zip"))
    {
        name = stem;
    }
    if let Some((stem, number)) = name.strip_suffix(')').and_then(|name| name.rsplit_once(" ("))
        && number.len() <= 2
        && number.bytes().all(|b| b.is_ascii_digit())
    {
        name = stem;
    }
    let name = name.trim_matches(is_blank);
    (!name.is_empty()).then(|| name.to_owned())
}

fn read_text(from: impl Read) -> Result<String, ExportError> {
    let bytes = read_up_to(from, MAX_TEXT, ExportError::TooLarge)?;
    let mut text = String::from_utf8(bytes).map_err(|_| ExportError::NotUtf8)?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}

/// Counts what comes out, not what the archive declares: a zip bomb lies.
fn read_up_to(from: impl Read, limit: u64, too_large: ExportError) -> Result<Vec<u8>, ExportError> {
    let mut bytes = Vec::new();
    from.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| broken(ZipError::Io(error)))?;
    if bytes.len() as u64 > limit { Err(too_large) } else { Ok(bytes) }
}

/// Errors that the operating system did not give are the archive's own.
fn broken(error: ZipError) -> ExportError {
    match error {
        ZipError::Io(error) if error.raw_os_error().is_some() => ExportError::Unreadable(error),
        _ => ExportError::BrokenArchive,
    }
}
