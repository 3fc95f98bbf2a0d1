//! What the walk of [`super::disguise`] walks on: the units of a text and the pieces of a literal.

use unicode_normalization::char::{canonical_combining_class, decompose_canonical, decompose_compatible};

use super::glyph::{DIGIT, DOT, INVISIBLE, LETTER, MARK, MASK, SIGN, SPACE, STOP, UPPER, glyph};

/// A sign that parts letters; beside the flags of [`glyph`] in a gap.
pub(super) const SEPARATOR: u16 = 1 << 11;
/// Goes on the character of the unit before, which stands for several letters.
pub(super) const CONTINUED: u16 = 1 << 12;
/// What can be seen between two letters.
pub(super) const VISIBLE: u16 = SEPARATOR | DOT | STOP | SPACE;

/// A letter, digit or sign of a text.
#[derive(Clone, Copy)]
pub(super) struct Unit {
    /// In bytes, marks included.
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) flags: u16,
    /// What lies between this unit and the one before, as flags.
    pub(super) gap: u16,
    /// The Latin letter or digit, or zero.
    pub(super) letter: u8,
    pub(super) steps: u8,
}

/// A letter or digit of a literal.
#[derive(Clone, Copy)]
pub(super) struct Piece {
    pub(super) letter: u8,
    pub(super) upper: bool,
    /// What was typed, marks included, in bytes.
    pub(super) start: usize,
    pub(super) end: usize,
    /// Where the gap before it begins, which is part of the literal; without one, `start`.
    pub(super) gap: usize,
    /// How many letters and digits its word has.
    pub(super) word: usize,
}

/// Reads all that may be a letter of `text`.
pub(super) fn read_units(text: &str, units: &mut Vec<Unit>) {
    units.clear();
    let mut gap = 0;
    for (at, c) in text.char_indices() {
        let (start, end) = (at as u32, (at + c.len_utf8()) as u32);
        let read = glyph(c);
        if read.flags & MARK != 0 {
            match units.last() {
                Some(last) if last.end == start => {
                    units.iter_mut().rev().take_while(|unit| unit.end == start).for_each(|unit| unit.end = end);
                }
                // On nothing that could be a letter.
                _ => gap |= MARK,
            }
        } else if read.flags & (LETTER | DIGIT | SIGN | MASK) != 0 {
            let mut unit = Unit { start, end, flags: read.flags, gap, letter: read.letters[0], steps: read.steps };
            units.push(unit);
            for letter in read.letters().skip(1) {
                unit = Unit { letter, gap: 0, flags: read.flags | CONTINUED, ..unit };
                units.push(unit);
            }
            gap = 0;
        } else {
            gap |= match read.flags & (SPACE | STOP | DOT | INVISIBLE) {
                0 => SEPARATOR,
                // More than one full stop is an ellipsis.
                DOT if gap & DOT != 0 => STOP,
                flags => flags,
            };
        }
    }
}

/// Reads the letters and digits of a literal.
pub(super) fn read_pieces(typed: &str, pieces: &mut Vec<Piece>) {
    pieces.clear();
    // Where the letter before ends, whether anything stands between, and where its word begins.
    let (mut before, mut apart, mut first) = (0, false, 0);
    for (start, c) in typed.char_indices() {
        let (end, read) = (start + c.len_utf8(), glyph(c));
        if read.flags & MARK != 0 {
            pieces.iter_mut().rev().take_while(|piece| piece.end == start).for_each(|piece| piece.end = end);
            before = if before == start { end } else { before };
        } else if read.flags & (LETTER | DIGIT) != 0 {
            if apart {
                end_word(pieces, &mut first);
            }
            let upper = read.flags & UPPER != 0;
            let mut gap = if apart { before } else { start };
            for letter in read.letters() {
                pieces.push(Piece { letter, upper, start, end, gap, word: 0 });
                gap = start;
            }
            (before, apart) = (end, false);
        } else {
            apart = true;
        }
    }
    end_word(pieces, &mut first);
}

/// Counts the word that begins with piece `first` and goes to the end.
fn end_word(pieces: &mut [Piece], first: &mut usize) {
    let word = pieces.len() - *first;
    pieces.iter_mut().skip(*first).for_each(|piece| piece.word = word);
    *first = pieces.len();
}

/// Whether `typed` can be looked for in disguise: it begins and ends with a letter or digit, holds at least three, a
/// letter among them, and all its letters are Latin ones and visible. Anything else ordinary text would be full of, or is
/// not what disguises are made of.
pub(super) fn can_be_disguised(typed: &str) -> bool {
    let (mut count, mut letters, mut on_letter, mut begins) = (0, 0, false, false);
    let latin = typed.chars().enumerate().all(|(nth, c)| {
        let read = glyph(c);
        let letter = read.flags & (LETTER | DIGIT) != 0;
        let on = on_letter;
        on_letter = letter || on && read.flags & MARK != 0;
        begins |= nth == 0 && letter;
        count += if letter { read.letters().count() } else { 0 };
        letters += usize::from(read.flags & LETTER != 0);
        match letter {
            true => read.steps == 0 && read.letters[0] != 0,
            false => read.flags & INVISIBLE == 0 && (read.flags & MARK == 0 || on),
        }
    });
    latin && begins && on_letter && letters > 0 && count >= 3
}

/// The letter under the marks of one.
pub(super) fn base(letter: &str) -> char {
    let (mut base, mut first) = ('\0', letter.chars().next());
    if let Some(c) = first.take_if(|c| !c.is_ascii()) {
        decompose_canonical(c, |part| base = if base == '\0' { part } else { base });
    }
    first.unwrap_or(base)
}

/// The marks of one letter in canonical order, as many as anyone reads.
pub(super) fn marks(letter: &str) -> [char; 8] {
    let (mut marks, mut found) = (['\0'; 8], 0);
    for c in letter.chars() {
        decompose_compatible(c, |part| {
            if glyph(part).flags & MARK != 0
                && let Some(place) = marks.get_mut(found)
            {
                *place = part;
                found += 1;
            }
        });
    }
    if let Some(found) = marks.get_mut(..found) {
        found.sort_by_key(|mark| canonical_combining_class(*mark));
    }
    marks
}
