//! PIX keys (Banco Central, Manual Operacional do DICT) and PIX codes to copy and paste (Manual de Padrões para
//! Iniciação do Pix).

use super::check;
use super::context::{Leaning, Subject};
use super::number::{Candidate, is_word};
use super::reading::Reading;
use super::{cnpj, cpf, email, phone};

/// Characters of a random key, a UUID (RFC 9562), and where its hyphens stand.
const UUID_LEN: usize = 36;
const UUID_HYPHENS: [usize; 4] = [8, 13, 18, 23];
/// What every PIX code begins with: payload format 01.
const CODE_HEAD: &[u8] = b"000201";
/// A code is at most 512 characters long (Manual de Padrões para Iniciação do Pix).
const LONGEST_CODE: usize = 512;
/// How close before a key the word `chave` must stand where `pix` is not said, in characters.
const KEY_WORD: usize = 16;

/// Puts the keys and codes of the text into `found`, in plain bytes, in no order; some may overlap.
pub(super) fn find(reading: &Reading, found: &mut Vec<(usize, usize)>) {
    for first in 0..reading.groups().len() {
        let start = reading.groups().get(first).map_or(0, |group| group.start);
        found.extend(code(reading, start).map(|end| (start, end)));
        let number = |at: fn(&Reading, usize) -> Option<Candidate>| at(reading, first);
        let candidates = [number(cpf::at), number(cnpj::at), number(phone::with_area_at)];
        let keys = candidates.into_iter().flatten().map(|candidate| (candidate.start, candidate.end));
        found.extend(keys.filter(|(start, end)| is_called_key(reading, *start, *end)));
    }
    email::each(reading, |start, end| {
        if is_called_key(reading, start, end) {
            found.push((start, end));
        }
    });
    for (hyphen, byte) in reading.plain().iter().enumerate() {
        let start = if *byte == b'-' { hyphen.checked_sub(8) } else { None };
        if let Some(start) = start.filter(|start| is_random_key(reading, *start)) {
            found.push((start, start + UUID_LEN));
        }
    }
}

fn judge(subject: Subject) -> Leaning {
    match subject {
        Subject::Pix => Leaning::For,
        Subject::Call | Subject::Other => Leaning::Against,
        _ => Leaning::Silent,
    }
}

/// Whether the words around say that this is a key: `pix`, or `chave` right before it.
fn is_called_key(reading: &Reading, start: usize, end: usize) -> bool {
    let leaning = reading.leaning(start, end, judge);
    leaning == Leaning::For
        || leaning == Leaning::Silent && {
            let head = reading.part(start.saturating_sub(KEY_WORD), start);
            head.windows(5).any(|word| word.eq_ignore_ascii_case(b"chave"))
        }
}

/// Whether a UUID begins at `start` that is a key: one of version 4, as the DICT makes them, if nothing speaks against
/// it, else only if it is called one.
fn is_random_key(reading: &Reading, start: usize) -> bool {
    let end = start + UUID_LEN;
    let uuid = reading.part(start, end);
    let is_right = |(at, byte): (usize, &u8)| {
        if UUID_HYPHENS.contains(&at) { *byte == b'-' } else { byte.is_ascii_hexdigit() }
    };
    let joins = |byte: u8| is_word(byte) || matches!(byte, b'-' | b'_' | b'/' | b'@' | b'=');
    if uuid.is_empty()
        || !uuid.iter().enumerate().all(is_right)
        || joins(reading.byte_before(start, 1))
        || joins(reading.byte(end))
    {
        return false;
    }
    let is_version_4 =
        matches!((uuid.get(14), uuid.get(19)), (Some(b'4'), Some(b'8' | b'9' | b'a' | b'b' | b'A' | b'B')));
    is_version_4 && reading.leaning(start, end, judge) == Leaning::Silent || is_called_key(reading, start, end)
}

/// Where the PIX code that begins at `start` ends: fields of two digits each for tag and length, among them the account
/// with the system's name, and a right CRC at the end.
fn code(reading: &Reading, start: usize) -> Option<usize> {
    let rest = reading.part(start, reading.plain().len().min(start + LONGEST_CODE));
    let mut at = if rest.starts_with(CODE_HEAD) { CODE_HEAD.len() } else { return None };
    let mut is_pix = false;
    loop {
        let tag = two_digits(rest, at)?;
        let len = two_digits(rest, at + 2)?;
        let value = rest.get(at + 4..at + 4 + len)?;
        at += 4 + len;
        match tag {
            0 => return None,
            26..=51 => is_pix |= value.get(4..18).is_some_and(|name| name.eq_ignore_ascii_case(b"br.gov.bcb.pix")),
            63 => {
                let crc = u16::from_str_radix(str::from_utf8(value).ok()?, 16).ok()?;
                return (is_pix && len == 4 && crc == check::crc16(rest.get(..at - 4)?)).then_some(start + at);
            }
            _ => {}
        }
    }
}

fn two_digits(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at..at + 2)? {
        [tens @ b'0'..=b'9', units @ b'0'..=b'9'] => Some(usize::from(tens - b'0') * 10 + usize::from(units - b'0')),
        _ => None,
    }
}
