//! What is left of a text once every disguise is taken off: where the index looks for DISGUISED literals.
//!
//! A skeleton says too much and never too little: white space, punctuation and marks are gone, each letter stands once
//! for all its look-alikes, digits and signs are letters, runs are one letter, and `i`, `l` and `1` are the same.
//! Whether a text really spells a literal is for [`super::disguise`] to say.

use std::array;
use std::sync::LazyLock;

use super::glyph::{DIGIT, Glyph, INVISIBLE, LETTER, MARK, MASK, SIGN, SPACE, STOP, TABLE, glyph, leet};
use super::view::{End, View};

/// A hidden letter, in readings of [`Signs::masks`].
pub(super) const HIDDEN: u8 = 1;
/// A letter that cannot be read as a Latin one.
const FOREIGN: u8 = 0x7F;
const DROPPED: u8 = 0;
/// In the table of short characters: look again.
const UNSURE: u8 = 0xFF;

/// How a skeleton takes the signs that can be taken in more than one way.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Signs {
    /// The classes of signs that part letters instead of standing for one; see [`class`].
    pub(super) parting: u8,
    /// Whether masks hide a letter instead of parting two.
    pub(super) masks: bool,
}

/// The code a letter or digit has in a skeleton.
pub(super) const fn code(letter: u8) -> u8 {
    match letter {
        b'l' => b'i',
        other => leet(other),
    }
}

/// The codes of characters of one or two UTF-8 bytes that stand for one letter or none whatever [`Signs`] say.
static SHORT: LazyLock<[u8; 0x800]> = LazyLock::new(|| {
    array::from_fn(|c| {
        let glyph = u32::try_from(c).ok().and_then(char::from_u32).map_or(Glyph::default(), |c| TABLE.get(c));
        match glyph.letters {
            _ if glyph.flags & (SIGN | MASK) != 0 => UNSURE,
            [0, ..] if glyph.flags & LETTER != 0 => FOREIGN,
            [0, ..] => DROPPED,
            [letter, 0, _] => code(letter),
            _ => UNSURE,
        }
    })
});

/// Reads the skeleton of `text` into `view`, and into `unsure` where signs and masks stand, in bytes.
pub(super) fn read(text: &str, signs: Signs, view: &mut View, unsure: &mut Vec<u32>) {
    let short = &*SHORT;
    unsure.clear();
    // No character becomes more bytes than it has itself.
    view.grow(text.len());
    let mut end = End::default();
    let mut at = 0;
    while let Some(byte) = text.as_bytes().get(at) {
        let code = if byte.is_ascii() { short[usize::from(*byte)] } else { UNSURE };
        if code != UNSURE {
            end = put(end, view, at, code);
            at += 1;
            continue;
        }
        let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) else { break };
        match short.get(c as usize) {
            Some(&code) if code != UNSURE => end = put(end, view, at, code),
            _ => {
                let read = glyph(c);
                if read.flags & (SIGN | MASK) != 0 {
                    unsure.push(at as u32);
                }
                for code in codes(text, at, c, signs) {
                    end = put(end, view, at, code);
                }
            }
        }
        at += c.len_utf8();
    }
    view.close(end, text.len());
}

/// Runs are one code, but each hidden letter is one of its own.
#[inline]
fn put(end: End, view: &mut View, at: usize, code: u8) -> End {
    end.put(view, at, code, (code != DROPPED) & (code != end.last) | (code == HIDDEN))
}

/// The codes of a character that stands for several letters, or not always for the same.
#[inline(never)]
fn codes(text: &str, at: usize, c: char, signs: Signs) -> impl Iterator<Item = u8> + use<> {
    let read = glyph(c);
    let parts = read.flags & SIGN != 0 && signs.parting & class(c) != 0;
    let letters = match read.letters {
        _ if read.flags & MASK != 0 && signs.masks && word_before(text, at) => [HIDDEN, 0, 0],
        _ if read.flags & MASK != 0 || parts => [0; 3],
        [0, ..] if read.flags & LETTER != 0 => [FOREIGN, 0, 0],
        letters => letters.map(code),
    };
    letters.into_iter().take_while(|code| *code != 0)
}

/// Which signs are taken together to part letters, as a bit: each of the commonest, and all the others.
pub(super) fn class(sign: char) -> u8 {
    match sign {
        '@' => 1,
        '$' => 1 << 1,
        '!' => 1 << 2,
        '|' => 1 << 3,
        '€' => 1 << 4,
        _ => 1 << 5,
    }
}

/// The readings worth a second look, given where the signs of `text` stand: each class of signs that parts letters
/// somewhere taken alone, all such classes together, and masks.
pub(super) fn other_readings(text: &str, unsure: &[u32]) -> impl Iterator<Item = Signs> + use<> {
    let (mut parting, mut masks) = (0, false);
    for at in unsure {
        let Some((head, tail)) = text.split_at_checked(*at as usize) else { continue };
        let Some(sign) = tail.chars().next() else { continue };
        let tail = tail.get(sign.len_utf8()..).unwrap_or_default();
        if glyph(sign).flags & MASK != 0 {
            masks = masks || hides(head.chars().rev()) && hides(tail.chars());
        } else if parting & class(sign) == 0 && parts(glyph(sign), head, tail) {
            parting |= class(sign);
        }
    }
    let alone = (0..6).map(|bit| 1 << bit).filter(move |class| parting & class != 0 && parting != *class);
    let together = (parting != 0).then_some(parting);
    let parting = alone.chain(together).map(|parting| Signs { parting, masks: false });
    parting.chain(masks.then_some(Signs { parting: 0, masks: true }))
}

/// Whether a letter comes next, but for another mask or two and what is not seen.
fn hides(side: impl Iterator<Item = char>) -> bool {
    let mut visible = side.map(|c| glyph(c).flags).filter(|flags| flags & (INVISIBLE | MARK) == 0);
    visible.by_ref().take(2).find(|flags| flags & MASK == 0).is_some_and(|flags| flags & LETTER != 0)
}

/// Whether a sign between `head` and `tail` may only part two letters of a word.
fn parts(sign: Glyph, head: &str, tail: &str) -> bool {
    let (Some(before), Some(after)) = (Side::of(head.chars().rev()), Side::of(tail.chars())) else { return false };
    let apart = before.apart || after.apart || sign.flags & STOP != 0;
    (before.letter || after.letter) && (!apart || before.alone && after.alone)
}

/// The nearest letter or digit on one side of a sign.
struct Side {
    letter: bool,
    /// Whether white space or a sentence's punctuation lies before it.
    apart: bool,
    /// Whether no other letter or digit follows it at once.
    alone: bool,
}

impl Side {
    /// Looks a few characters far.
    fn of(side: impl Iterator<Item = char>) -> Option<Self> {
        let mut visible = side.take(16).map(|c| glyph(c).flags).filter(|flags| flags & (INVISIBLE | MARK) == 0);
        let mut apart = false;
        let found = visible.find(|flags| {
            apart |= flags & (SPACE | STOP) != 0;
            flags & (LETTER | DIGIT) != 0
        })?;
        let alone = visible.next().is_none_or(|flags| flags & (LETTER | DIGIT) == 0);
        Some(Self { letter: found & LETTER != 0, apart, alone })
    }
}

/// Whether a word may begin at `at`, where a mask with a letter before it is inside one.
pub(super) fn begins_word(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default().chars().rev().map(|c| glyph(c).flags);
    let mut before = before.filter(|flags| flags & (INVISIBLE | MARK) == 0).take(2);
    let letter = |flags: u16| flags & (LETTER | DIGIT) != 0;
    match before.next() {
        Some(flags) if flags & MASK != 0 => !before.next().is_some_and(|flags| letter(flags) || flags & MASK != 0),
        first => !first.is_some_and(letter),
    }
}

/// Whether a letter or another mask stands directly before `at`.
fn word_before(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default().chars().rev().map(|c| glyph(c).flags);
    before.filter(|flags| flags & (INVISIBLE | MARK) == 0).take(1).any(|flags| flags & (LETTER | MASK) != 0)
}
