//! What is left of a text once every disguise is taken off: where the index looks for DISGUISED literals.
//!
//! A skeleton says too much and never too little: white space, punctuation and marks are gone, each letter stands once
//! for all its look-alikes, digits and signs are letters, runs are one letter, and `i`, `l` and `1` are the same.
//! Whether a text really spells a literal is for [`super::disguise`] to say.

use std::sync::LazyLock;

use super::glyph::{DIGIT, Glyph, INVISIBLE, LETTER, MARK, MASK, SIGN, SPACE, STOP, glyph, leet};
use super::view::{self, DROPPED, Short, UNSURE, View};

/// A hidden letter, in readings of [`Signs::masks`].
pub(super) const HIDDEN: u8 = 1;
/// A letter that cannot be read as a Latin one.
const FOREIGN: u8 = 0x7F;

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

/// The codes of short characters that stand for one letter or none, whatever [`Signs`] say.
static SHORT: LazyLock<Short> = LazyLock::new(|| {
    view::short(|c| match glyph(c) {
        Glyph { flags, .. } if flags & (SIGN | MASK) != 0 => UNSURE,
        Glyph { flags, letters: [0, ..], .. } if flags & LETTER != 0 => FOREIGN,
        Glyph { letters: [0, ..], .. } => DROPPED,
        Glyph { letters: [letter, 0, _], .. } => code(letter),
        _ => UNSURE,
    })
});

/// Reads the skeleton of `text` into `view`, and into `unsure` where signs and masks stand, in bytes.
pub(super) fn read(text: &str, signs: Signs, view: &mut View, unsure: &mut Vec<u32>) {
    unsure.clear();
    // Runs are one code, but each hidden letter is one of its own.
    let kept = |last, code| (code != DROPPED) & (code != last);
    view.read(text, &SHORT, kept, |view, end, at, c| {
        if glyph(c).flags & (SIGN | MASK) != 0 {
            unsure.push(at as u32);
        }
        codes(text, at, c, signs).fold(end, |end, code| view.put(end, at, code, code == HIDDEN || kept(end.last, code)))
    });
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

/// The readings worth a second look, given where the signs of `text` stand: those in which some of the classes of signs
/// that can part letters do, and the one in which masks hide letters. Of more than three classes one does, or all.
pub(super) fn other_readings(text: &str, unsure: &[u32]) -> impl Iterator<Item = Signs> + use<> {
    let (mut parting, mut masks) = (0, false);
    for at in unsure {
        let Some((head, tail)) = text.split_at_checked(*at as usize) else { continue };
        let Some(sign) = tail.chars().next() else { continue };
        let tail = tail.get(sign.len_utf8()..).unwrap_or_default();
        if glyph(sign).flags & MASK != 0 {
            masks = masks || hides(head.chars().rev()) && hides(tail.chars());
        } else if parting & class(sign) == 0 && parts(sign, head, tail) {
            parting |= class(sign);
        }
    }
    let few = move |classes: u8| classes.count_ones() == 1 || parting.count_ones() <= 3 || classes == parting;
    let readings = (1..=parting).filter(move |classes| classes & !parting == 0 && few(*classes));
    let readings = readings.map(|parting| Signs { parting, masks: false });
    readings.chain(masks.then_some(Signs { parting: 0, masks: true }))
}

/// Whether a letter comes next, but for another mask or two and what is not seen.
fn hides(side: impl Iterator<Item = char>) -> bool {
    let mut visible = side.map(|c| glyph(c).flags).filter(|flags| flags & (INVISIBLE | MARK) == 0);
    visible.by_ref().take(2).find(|flags| flags & MASK == 0).is_some_and(|flags| flags & LETTER != 0)
}

/// Whether a sign between `head` and `tail` may only part two letters of a word.
fn parts(sign: char, head: &str, tail: &str) -> bool {
    let (before, after) = (Side::of(sign, head.chars().rev()), Side::of(sign, tail.chars()));
    let (Some(before), Some(after)) = (before, after) else { return false };
    let apart = before.apart || after.apart || glyph(sign).flags & STOP != 0;
    !apart || before.alone && after.alone
}

/// The nearest letter, digit or other sign on one side of a sign.
struct Side {
    /// Whether white space or a sentence's punctuation lies before it.
    apart: bool,
    /// Whether no letter or digit follows it at once.
    alone: bool,
}

impl Side {
    /// Looks a few characters far.
    fn of(sign: char, side: impl Iterator<Item = char>) -> Option<Self> {
        let mut visible = side.take(16).filter(|c| glyph(*c).flags & (INVISIBLE | MARK) == 0);
        let mut apart = false;
        visible.find(|c| {
            let flags = glyph(*c).flags;
            let found = flags & (LETTER | DIGIT) != 0 || flags & SIGN != 0 && class(*c) != class(sign);
            apart |= !found && flags & (SPACE | STOP) != 0;
            found
        })?;
        let alone = visible.next().is_none_or(|c| glyph(c).flags & (LETTER | DIGIT) == 0);
        Some(Self { apart, alone })
    }
}

/// Whether a word with a letter hidden may begin at `at`: not behind another letter, nor behind a mask that hides one too.
pub(super) fn begins_masked(text: &str, at: usize) -> bool {
    let mask = |c: &char| glyph(*c).flags & (MASK | STOP) == MASK;
    let Some((head, tail)) = text.split_at_checked(at) else { return false };
    let mut before = head.chars().rev().filter(|c| glyph(*c).flags & MARK == 0);
    match before.next() {
        Some(c) if mask(&c) => {
            let hides = before.next().is_some_and(|c| glyph(c).flags & (LETTER | MASK) != 0);
            !hides || tail.chars().take(16).find(mask) != Some(c)
        }
        Some(c) => !c.is_ascii_alphanumeric(),
        None => true,
    }
}

/// Whether such a word may begin with one of the letters from `from` to `to`, which are one in a skeleton.
pub(super) fn begins_among(text: &str, from: usize, to: usize) -> bool {
    let run = text.get(from..to).unwrap_or_default().char_indices();
    run.filter(|(_, c)| glyph(*c).letters[0] != 0).any(|(nth, _)| begins_masked(text, from + nth))
}

/// Whether a letter or another mask stands directly before `at`.
fn word_before(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default().chars().rev().map(|c| glyph(c).flags);
    before.filter(|flags| flags & (INVISIBLE | MARK) == 0).take(1).any(|flags| flags & (LETTER | MASK) != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skeleton(text: &str, signs: Signs) -> String {
        let (mut view, mut unsure) = (View::default(), Vec::new());
        read("o que foi lido antes", Signs::default(), &mut view, &mut unsure);
        read(text, signs, &mut view, &mut unsure);
        String::from_utf8_lossy(view.tail(0)).into_owned()
    }

    #[test]
    fn one_pass_and_the_plain_definition_agree_on_every_character() {
        let all: Vec<char> = ('\0'..='\u{1FFFF}').chain(('\u{20000}'..=char::MAX).step_by(97)).collect();
        for block in all.chunks(500) {
            let text: String = block.iter().flat_map(|c| ['x', *c]).collect();
            let mut plain = Vec::new();
            for c in text.chars() {
                let foreign = glyph(c).flags & LETTER != 0 && glyph(c).letters[0] == 0;
                plain.extend(foreign.then_some(FOREIGN).into_iter().chain(glyph(c).letters().map(code)));
            }
            plain.dedup();
            assert_eq!(skeleton(&text, Signs::default()).as_bytes(), plain);
        }
    }

    #[test]
    fn disguises_come_off() {
        for text in ["propina", "PR0P!N4", "p r o p i n a", "рrорínа", "pro.\u{200B}piiina", "𝓹𝓻𝓸𝓹|𝓷@"]
        {
            assert_eq!(skeleton(text, Signs::default()), "propina", "{text}");
        }
        assert_eq!(skeleton("Caixa 2, carro: ilha", Signs::default()), "caixazcaroiha");
    }

    #[test]
    fn signs_and_masks_are_taken_as_is_asked() {
        let parting = |sign| Signs { parting: class(sign), masks: false };
        assert_eq!(skeleton("p@r@o$", Signs::default()), "paraos");
        assert_eq!(skeleton("p@r@o$", parting('@')), "pros");
        assert_eq!(skeleton("p@r@o$", parting('$')), "parao");
        assert_eq!(skeleton("ca*ro *x #", Signs { parting: 0, masks: true }), "ca\u{1}rox");
        let readings = |text: &str| {
            let (mut view, mut unsure) = (View::default(), Vec::new());
            read(text, Signs::default(), &mut view, &mut unsure);
            other_readings(text, &unsure).map(|signs| (signs.parting, signs.masks)).collect::<Vec<_>>()
        };
        assert_eq!(readings("p@r@o pr*pina"), [(class('@'), false), (0, true)]);
        assert_eq!(readings("a|b@c").len(), 3);
        for ordinary in ["Oi! Tudo bem?", "R$ 50,00", "*oi* _tchau_", "10% de desconto", "#promo", "fim!!!"] {
            assert_eq!(readings(ordinary), [], "{ordinary}");
        }
    }
}
