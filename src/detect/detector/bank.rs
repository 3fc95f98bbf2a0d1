//! Bank branches and accounts.

use super::number::{is_letter, is_word};
use super::reading::Reading;

/// How far apart a branch's number and its account's may stand, in characters: a few words.
const APART: usize = 48;
/// How far after its word a number may stand.
const LABEL: usize = 24;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Branch,
    Account,
}

/// A number with the word that names it.
#[derive(Clone, Copy)]
struct Labelled {
    kind: Kind,
    start: usize,
    end: usize,
    /// Whether it ends in a check digit set apart.
    checked: bool,
}

/// Puts the pairs of a branch and an account in the text into `found`, in plain bytes, from the first number of a pair
/// to the end of its second, in either order. The account may lack its word where it follows the branch at once and has
/// a check digit: `ag 1234 / 56789-0`.
pub(super) fn find(reading: &Reading, found: &mut Vec<(usize, usize)>) {
    let mut last: Option<Labelled> = None;
    let mut at = 0;
    while at < reading.plain().len() {
        let len = word_len(reading, at);
        let labelled = kind(reading, at, len).and_then(|(kind, end)| labelled(reading, kind, end));
        let Some(number) = labelled else {
            at += len.max(1);
            continue;
        };
        at = number.end;
        if let Some(before) = last.filter(|last| last.kind != number.kind && number.start - last.end <= APART) {
            found.push((before.start, number.end));
            last = None;
        } else if let Some(account) = following(reading, number) {
            found.push((number.start, account.end));
            at = account.end;
            last = None;
        } else {
            last = Some(number);
        }
    }
}

/// The letters at `at`.
fn word_len(reading: &Reading, at: usize) -> usize {
    reading.plain().get(at..).unwrap_or_default().iter().take_while(|byte| is_letter(**byte)).count()
}

/// What the word at `at` with `len` letters names, and where it ends.
fn kind(reading: &Reading, at: usize, len: usize) -> Option<(Kind, usize)> {
    if is_word(reading.byte_before(at, 1)) {
        return None;
    }
    let slashed = reading.part(at, at + 3);
    if len == 1 && (slashed.eq_ignore_ascii_case(b"c/c") || slashed.eq_ignore_ascii_case(b"c/p")) {
        return (!is_letter(reading.byte(at + 3))).then_some((Kind::Account, at + 3));
    }
    let mut word = [0; 10];
    let word = word.get_mut(..len)?;
    word.copy_from_slice(reading.part(at, at + len));
    word.make_ascii_lowercase();
    let kind = match &*word {
        b"ag" | b"agc" | b"agencia" => Kind::Branch,
        b"conta" | b"cc" | b"cp" | b"cta" | b"poupanca" | b"corrente" => Kind::Account,
        _ => return None,
    };
    Some((kind, at + len))
}

/// The number that a word of `kind` which ends at `end` names: nothing but signs and small words may stand between.
fn labelled(reading: &Reading, kind: Kind, end: usize) -> Option<Labelled> {
    let mut at = end;
    while at < end + LABEL {
        match reading.byte(at) {
            b'0'..=b'9' => return number(reading, kind, at),
            b'$' | 0 => return None,
            byte if is_letter(byte) => {
                let len = word_len(reading, at);
                let mut word = [0; 9];
                let word = word.get_mut(..len)?;
                word.copy_from_slice(reading.part(at, at + len));
                word.make_ascii_lowercase();
                let is_filler = matches!(
                    &*word,
                    b"e" | b"eh"
                        | b"n"
                        | b"no"
                        | b"nr"
                        | b"num"
                        | b"numero"
                        | b"da"
                        | b"do"
                        | b"a"
                        | b"o"
                        | b"c"
                        | b"cc"
                        | b"conta"
                        | b"corrente"
                        | b"poupanca"
                        | b"bancaria"
                        | b"salario"
                        | b"digito"
                );
                if !is_filler {
                    return None;
                }
                at += len;
            }
            _ => at += 1,
        }
    }
    None
}

/// The account that follows `branch` at once.
fn following(reading: &Reading, branch: Labelled) -> Option<Labelled> {
    let rest = reading.part(branch.end, branch.end + 5);
    let gap = rest.iter().take_while(|byte| matches!(byte, b' ' | b'/' | b',' | b'|' | b'-' | b'\n')).count();
    if branch.kind != Kind::Branch || gap == 0 {
        return None;
    }
    number(reading, Kind::Account, branch.end + gap).filter(|account| account.checked)
}

/// The number at `start` as banks write it: digits, in an account dotted too, and a check digit or X after a hyphen.
fn number(reading: &Reading, kind: Kind, start: usize) -> Option<Labelled> {
    let digits_at =
        |at: usize| reading.plain().get(at..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit()).count();
    let mut end = start + digits_at(start);
    let mut digits = end - start;
    while kind == Kind::Account && reading.byte(end) == b'.' && digits_at(end + 1) > 0 {
        let more = digits_at(end + 1);
        (end, digits) = (end + 1 + more, digits + more);
    }
    let lens = match kind {
        Kind::Branch => 3..=5,
        Kind::Account => 4..=13,
    };
    let check = check_digit(reading, end);
    let end_all = check.unwrap_or(end);
    let continues = is_word(reading.byte(end_all))
        || matches!(reading.byte(end_all), b',' | b'.' | b'-') && reading.byte(end_all + 1).is_ascii_digit();
    (lens.contains(&digits) && !continues).then_some(Labelled { kind, start, end: end_all, checked: check.is_some() })
}

/// Where the check digit, X or two digits of a number that ends at `end` end: after a hyphen, blanks round it or none.
fn check_digit(reading: &Reading, end: usize) -> Option<usize> {
    let blank = usize::from(reading.part(end, end + 3) == b" - ");
    if reading.byte(end + blank) != b'-' {
        return None;
    }
    let at = end + 1 + 2 * blank;
    let len = match (reading.byte(at), reading.byte(at + 1)) {
        (b'x' | b'X', _) => 1,
        (b'0'..=b'9', b'0'..=b'9') if blank == 0 => 2,
        (b'0'..=b'9', _) => 1,
        _ => return None,
    };
    (!is_word(reading.byte(at + len))).then_some(at + len)
}
