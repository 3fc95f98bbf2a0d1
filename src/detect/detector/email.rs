//! E-mail addresses.

use super::number::{is_letter, is_word};
use super::reading::Reading;

/// The longest local part (RFC 5321, 4.5.3.1.1) and the longest domain (4.5.3.1.2).
const LONGEST_LOCAL: usize = 64;
const LONGEST_DOMAIN: usize = 255;
/// The longest part of a domain between two dots (RFC 1034, 3.1).
const LONGEST_LABEL: usize = 63;

/// Ends of file names, which are no top-level domains: `icone@2x.png`.
const FILE_ENDS: &[&[u8]] = &[
    b"png", b"jpg", b"jpeg", b"gif", b"webp", b"bmp", b"svg", b"ico", b"heic", b"pdf", b"doc", b"docx", b"xls",
    b"xlsx", b"ppt", b"pptx", b"csv", b"txt", b"xml", b"json", b"html", b"htm", b"css", b"js", b"exe", b"apk", b"mp3",
    b"mp4", b"ogg", b"opus", b"wav", b"avi", b"log", b"bak", b"php",
];

/// Addresses of WhatsApp's own network, which look like e-mail.
const CHAT_DOMAINS: &[&[u8]] = &[b"s.whatsapp.net", b"c.us", b"g.us"];

/// Where people have their mail: only there are an address with blanks in it, `arroba` and `[at]` believed.
const PROVIDERS: &[&[u8]] = &[
    b"gmail",
    b"hotmail",
    b"outlook",
    b"yahoo",
    b"icloud",
    b"uol",
    b"bol",
    b"terra",
    b"live",
    b"msn",
    b"globo",
    b"ig",
    b"proton",
    b"protonmail",
];

/// Shows `see` each address, in plain bytes, in order; two may overlap.
pub(super) fn each(reading: &Reading, mut see: impl FnMut(usize, usize)) {
    for (at, byte) in reading.plain().iter().enumerate() {
        let sign = match byte {
            b'@' => {
                if let Some((start, end)) = address(reading, at) {
                    see(start, end);
                    continue;
                }
                Some(at + 1)
            }
            b'a' | b'A' | b'(' | b'[' | b'{' => spelt_sign(reading, at),
            _ => None,
        };
        if let Some((start, end)) = sign.and_then(|sign_end| spelt(reading, at, sign_end)) {
            see(start, end);
        }
    }
}

/// The address round the `@` at `at`.
fn address(reading: &Reading, at: usize) -> Option<(usize, usize)> {
    let start = local(reading, at)?;
    let end = domain(reading, at + 1)?;
    (!is_password(reading, start)).then_some((start, end))
}

/// Where the local part that ends at `end` begins: letters, digits and a few signs, no dot at an end or after another.
fn local(reading: &Reading, end: usize) -> Option<usize> {
    let is_local = |byte: &u8| is_word(*byte) || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-');
    let head = reading.part(end.saturating_sub(LONGEST_LOCAL + 1), end);
    let run = head.iter().rev().take_while(|byte| is_local(byte)).count();
    let stray = reading.part(end - run, end).iter().take_while(|byte| !is_word(**byte)).count();
    let local = reading.part(end - run + stray, end);
    let dotted = local.ends_with(b".") || local.windows(2).any(|pair| pair == b"..");
    (!local.is_empty() && run <= LONGEST_LOCAL && !dotted).then_some(end - local.len())
}

/// Whether what begins at `start` is the password of `https://name:password@host`.
fn is_password(reading: &Reading, start: usize) -> bool {
    let head = reading.part(start.saturating_sub(LONGEST_LOCAL), start);
    let word = head.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    word.ends_with(b":") && word.windows(3).any(|part| part == b"://")
}

/// Where the domain that begins at `start` ends: labels of letters, digits and hyphens (RFC 1034), a top-level domain
/// last. A word typed right after it, as in `empresa.com.br.Obrigado`, is no label of it.
fn domain(reading: &Reading, start: usize) -> Option<usize> {
    let (mut at, mut labels) = (start, 0);
    let mut last: &[u8] = b"";
    let mut end = start;
    while at - start <= LONGEST_DOMAIN {
        let rest = reading.part(at, reading.plain().len().min(at + LONGEST_LABEL + 1));
        let len = rest.iter().take_while(|byte| is_word(**byte) || **byte == b'-').count();
        let label = rest.get(..len)?;
        let hyphens = label.iter().rev().take_while(|byte| **byte == b'-').count();
        let label = label.get(..len - hyphens)?;
        let closed = labels > 1 && (is(last, &[b"br"]) || is(last, &[b"com", b"net", b"org"]) && label.len() != 2);
        if label.is_empty() || label.starts_with(b"-") || len > LONGEST_LABEL || closed {
            break;
        }
        (last, end, labels) = (label, at + label.len(), labels + 1);
        if reading.byte(end) != b'.' {
            break;
        }
        at = end + 1;
    }
    let is_chat = is(reading.part(start, end), CHAT_DOMAINS);
    (labels > 1 && end - start <= LONGEST_DOMAIN && is_top_level(last) && !is_chat).then_some(end)
}

/// Two letters or more, or an internationalised name in its ASCII form (RFC 5890).
fn is_top_level(label: &[u8]) -> bool {
    let prefixed = label.get(..4).is_some_and(|head| head.eq_ignore_ascii_case(b"xn--"));
    prefixed || label.len() > 1 && label.iter().all(|byte| is_letter(*byte)) && !is(label, FILE_ENDS)
}

/// Where the `arroba` or `[at]` that begins at `at` ends.
fn spelt_sign(reading: &Reading, at: usize) -> Option<usize> {
    if is(reading.part(at, at + 6), &[b"arroba"]) {
        return (!is_word(reading.byte_before(at, 1)) && !is_word(reading.byte(at + 6))).then_some(at + 6);
    }
    is(reading.part(at, at + 4), &[b"(at)", b"[at]", b"{at}"]).then_some(at + 4)
}

/// The address round a sign that stands apart or is spelt out: `fulano arroba gmail ponto com`.
fn spelt(reading: &Reading, sign: usize, sign_end: usize) -> Option<(usize, usize)> {
    let blanks = reading.part(sign.saturating_sub(2), sign).iter().rev().take_while(|byte| **byte == b' ').count();
    let start = local(reading, sign - blanks)?;
    let (provider, mut end) = word(reading, sign_end);
    if !is(provider, PROVIDERS) {
        return None;
    }
    let first = end;
    while let Some((label, label_end)) = dot(reading, end).map(|after| word(reading, after)) {
        if !is(label, &[b"com", b"net", b"org", b"br", b"me"]) {
            break;
        }
        end = label_end;
    }
    (end > first).then_some((start, end))
}

/// Where the dot after `at` ends, a sign or a word, with blanks before it.
fn dot(reading: &Reading, at: usize) -> Option<usize> {
    let at = after_blanks(reading, at);
    if reading.byte(at) == b'.' {
        return Some(at + 1);
    }
    let (word, end) = word(reading, at);
    is(word, &[b"ponto", b"dot"]).then_some(end)
}

/// The letters after `at` and at most two blanks, with where they end.
fn word(reading: &Reading, at: usize) -> (&[u8], usize) {
    let start = after_blanks(reading, at);
    let rest = reading.part(start, reading.plain().len().min(start + LONGEST_LABEL));
    let len = rest.iter().take_while(|byte| is_word(**byte)).count();
    (rest.get(..len).unwrap_or_default(), start + len)
}

fn after_blanks(reading: &Reading, at: usize) -> usize {
    at + (0..2).take_while(|blank| reading.byte(at + blank) == b' ').count()
}

/// Whether `word` is one of `words` in either case.
fn is(word: &[u8], words: &[&[u8]]) -> bool {
    words.iter().any(|other| word.eq_ignore_ascii_case(other))
}
