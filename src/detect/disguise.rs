//! Whether a text really spells a literal, disguised or not: all that is clever about DISGUISED.
//!
//! The skeleton says where to look. From there the units of the text (its letters, digits and signs, with what lies
//! between them) are walked along the letters of the literal, and every freedom taken has to be lawful:
//!
//! - a digit is a letter only in a word that shows two real letters (or signs) as well, and never part of a number that
//!   goes on outside;
//! - a run is as long as in the literal, or three or more for one or two of it;
//! - the letters of a word stand together, or are parted by signs that sentences do not put between words, or stand
//!   each alone, whatever parts them;
//! - a mask hides one letter between two others; in one literal at most two.
//!
//! Where a unit can be taken in several ways they are tried in turn. What is tried for one place is bounded, so that
//! the time a text takes grows with its length only.

use unicode_normalization::char::{canonical_combining_class, decompose_canonical, decompose_compatible};

use super::fold;
use super::glyph::{DIGIT, DOT, EITHER, INVISIBLE, LETTER, MARK, MASK, SIGN, SPACE, STOP, TABLE, UPPER, glyph, leet};
use super::pattern::Anchor;
use super::skeleton::code;
use super::word::Boundaries;
use super::{Step, Steps};

/// A sign that parts letters; beside the flags of [`glyph`] in a gap.
const SEPARATOR: u16 = 1 << 11;
/// Goes on the character of the unit before, which stands for several letters.
const CONTINUED: u16 = 1 << 12;
/// What can be seen between two letters.
const VISIBLE: u16 = SEPARATOR | DOT | STOP | SPACE;
/// A literal of fewer letters is found in parted letters by chance.
const PARTED_LETTERS: usize = 4;
/// Steps to be tried for one place and literal, beside some for each letter.
const STEPS: usize = 32;

/// A letter, digit or sign of a text.
#[derive(Clone, Copy)]
pub(super) struct Unit {
    /// In bytes, marks included.
    start: u32,
    end: u32,
    flags: u16,
    /// What lies between this unit and the one before, as flags.
    gap: u16,
    /// The Latin letter or digit, or zero.
    letter: u8,
    steps: u8,
}

/// A letter or digit of a literal.
#[derive(Clone, Copy)]
struct Piece {
    letter: u8,
    upper: bool,
    /// What was typed, marks included, in bytes.
    start: usize,
    end: usize,
    /// Where the piece before ends: what lies between belongs to the literal.
    gap: usize,
    /// How many letters and digits its word has.
    word: usize,
}

/// Buffers kept between texts.
#[derive(Default)]
pub(super) struct Buffers {
    units: Vec<Unit>,
    /// Whether `units` are those of the present text.
    read: bool,
    pieces: Vec<Piece>,
    ways: Vec<Way>,
}

/// One way to read a text as a literal, up to some piece.
#[derive(Clone, Copy)]
struct Way {
    /// The next piece and the unit to try for it.
    piece: usize,
    unit: usize,
    /// The last unit read, and what was passed over since, as flags.
    last: usize,
    passed: u16,
    /// How many units were read as the present letter.
    run: usize,
    masks: usize,
    steps: Steps,
    word: Word,
}

/// What is known of a word while it is read.
#[derive(Clone, Copy, Default)]
struct Word {
    letters: usize,
    signs: usize,
    digits: usize,
    /// Some two letters are parted by what only letters standing alone may be parted by.
    loose: bool,
    /// Some letter does not stand alone.
    joined: bool,
}

/// A text that is being asked about one literal.
pub(super) struct Suspect<'a> {
    text: &'a str,
    typed: &'a str,
    anchor: Anchor,
    units: &'a [Unit],
    pieces: &'a [Piece],
}

/// A lawful reading: where it stands, in bytes, and the steps it takes.
pub(super) type Found = (usize, usize, Steps);

impl Buffers {
    pub(super) fn clear(&mut self) {
        self.read = false;
    }

    /// Whether `text` spells the literal `typed` beginning with one of the letters that are one in the skeleton and
    /// stand between the bytes `from` and `to`.
    pub(super) fn ask(
        &mut self,
        (text, from, to): (&str, usize, usize),
        (typed, anchor): (&str, Anchor),
        boundaries: &mut Boundaries,
    ) -> Option<Found> {
        if !self.read {
            read_units(text, &mut self.units);
            self.read = true;
        }
        read_pieces(typed, &mut self.pieces);
        let suspect = Suspect { text, typed, anchor, units: &self.units, pieces: &self.pieces };
        suspect.beginnings(from, to).find_map(|first| suspect.walk(first, &mut self.ways, boundaries))
    }
}

fn read_units(text: &str, units: &mut Vec<Unit>) {
    units.clear();
    let mut gap = 0;
    let table = &*TABLE;
    for (at, c) in text.char_indices() {
        let (start, end) = (at as u32, (at + c.len_utf8()) as u32);
        let read = table.get(c);
        if read.flags & MARK != 0 {
            let whole = units.iter_mut().rev().take(if gap == 0 { 3 } else { 0 });
            whole.take_while(|unit| unit.end == start).for_each(|unit| unit.end = end);
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

/// Reads the letters and digits of `typed`. Empty if it is no literal to look for in disguise: it must begin and end
/// with a letter or digit, hold at least three, and a letter among them, and all of them must be Latin ones.
fn read_pieces(typed: &str, pieces: &mut Vec<Piece>) {
    pieces.clear();
    let (mut gap, mut first) = (0, 0);
    for (start, c) in typed.char_indices() {
        let end = start + c.len_utf8();
        let read = glyph(c);
        if read.flags & MARK != 0 {
            let whole = pieces.iter_mut().rev().take_while(|piece| piece.end == start);
            whole.for_each(|piece| piece.end = end);
            gap = if gap == start { end } else { gap };
        } else if read.flags & (LETTER | DIGIT) != 0 {
            if gap != start {
                first = pieces.len();
            }
            for letter in read.letters() {
                pieces.push(Piece { letter, upper: read.flags & UPPER != 0, start, end, gap, word: 0 });
                gap = end;
            }
            let word = pieces.len() - first;
            pieces.iter_mut().skip(first).for_each(|piece| piece.word = word);
            gap = end;
        }
    }
}

/// Whether `typed` can be looked for in disguise.
pub(super) fn can_be_disguised(typed: &str) -> bool {
    let latin = |c: char| {
        let read = glyph(c);
        read.flags & (LETTER | DIGIT) == 0 || read.steps == 0 && read.letters[0] != 0
    };
    let inner = |c: char| glyph(c).flags & (LETTER | DIGIT | MARK) != 0;
    let mut pieces = Vec::new();
    read_pieces(typed, &mut pieces);
    let ends = typed.starts_with(inner) && typed.ends_with(inner);
    let letters = pieces.iter().filter(|piece| piece.letter.is_ascii_alphabetic()).count();
    ends && typed.chars().all(latin) && pieces.len() >= 3 && letters > 0
}

impl Suspect<'_> {
    /// Where to begin among the letters between two places, which are one in the skeleton: with as many from the end as
    /// the literal has, so that the span is the tightest; with those that stand together; with all of them.
    fn beginnings(&self, from: usize, to: usize) -> impl Iterator<Item = usize> + use<> {
        let begins = |at: usize| self.units.partition_point(|unit| (unit.start as usize) < at);
        let (low, high) = (begins(from), begins(to).max(begins(from) + 1));
        let first = self.pieces.first().map_or(0, |piece| code(piece.letter));
        let wanted = self.pieces.iter().take_while(|piece| code(piece.letter) == first).count();
        let same = |unit: &Unit| unit.letter != 0 && code(unit.letter) == first;
        let run = self.units.get(low..high.min(self.units.len())).unwrap_or_default();
        let mut ends = run.iter().enumerate().rev().filter(|(_, unit)| same(unit)).map(|(nth, _)| low + nth);
        let tail = ends.next();
        let tight = if wanted == 1 { tail } else { ends.nth(wanted.saturating_sub(2)) };
        let together = tail.map(|tail| {
            let mut first = tail;
            while first > low && self.follows_closely(first) && self.units.get(first - 1).is_some_and(same) {
                first -= 1;
            }
            first
        });
        let all = run.iter().position(same).map(|nth| low + nth);
        let together = together.filter(|first| tight != Some(*first));
        let all = all.filter(|first| tight != Some(*first) && together != Some(*first));
        tight.into_iter().chain(together).chain(all)
    }

    /// Reads the literal from unit `first` on in all ways; of several the shortest, and of these the one with the fewest
    /// steps.
    fn walk(&self, first: usize, ways: &mut Vec<Way>, boundaries: &mut Boundaries) -> Option<Found> {
        let unit = self.units.get(first)?;
        if unit.flags & CONTINUED != 0 || !self.anchor.is_free_before() && !self.bounded(first, true, boundaries) {
            return None;
        }
        ways.clear();
        let word = self.word_from(first);
        ways.push(Way {
            piece: 0,
            unit: first,
            last: first,
            passed: 0,
            run: 0,
            masks: 0,
            steps: Steps::default(),
            word,
        });
        let mut best: Option<Found> = None;
        let mut steps = STEPS + 8 * self.pieces.len();
        while let Some(mut way) = ways.pop() {
            // The first of the ways that a step opens is taken at once.
            while let Some(piece) = self.pieces.get(way.piece) {
                steps = steps.checked_sub(1)?;
                match self.step(way, piece, ways) {
                    Some(next) => way = next,
                    None => break,
                }
            }
            if way.piece == self.pieces.len()
                && let Some(found) = self.finish(&way, first, boundaries)
                && best.is_none_or(|best| (found.1, found.2.cost()) < (best.1, best.2.cost()))
            {
                best = Some(found);
            }
        }
        best
    }

    /// Reads the next unit of `way` as `piece`, or passes over it; leaves what else could be done in `ways`.
    fn step(&self, way: Way, piece: &Piece, ways: &mut Vec<Way>) -> Option<Way> {
        let unit = self.units.get(way.unit)?;
        let passed = if way.piece == 0 { 0 } else { way.passed | unit.gap };
        let over = unit.flags & (SIGN | MASK) != 0 && unit.flags & CONTINUED == 0 && way.piece > 0;
        let over = over.then(|| {
            let part = if unit.flags & STOP == 0 { SEPARATOR } else { STOP };
            Way { unit: way.unit + 1, passed: passed | part, ..way }
        });
        let Some(read) = self.cross(way, piece, passed).and_then(|way| self.take(way, piece)) else { return over };
        ways.extend(over);
        if self.pieces.get(read.piece).is_none_or(|next| next.gap != next.start || next.letter != piece.letter) {
            ways.extend(self.absorb(read, piece));
        }
        Some(read)
    }

    /// Goes on from the last unit to the next over what was `passed`, as it must between two pieces of the literal.
    fn cross(&self, mut way: Way, piece: &Piece, passed: u16) -> Option<Way> {
        if way.piece == 0 {
            return Some(way);
        }
        if passed & INVISIBLE != 0 {
            way.steps = way.steps.with(Step::Invisible);
        }
        if piece.gap == piece.start {
            self.part(&mut way, passed)?;
            return Some(way);
        }
        let gap = self.typed.get(piece.gap..piece.start)?;
        way.word.joined |= self.joins_next(way.last);
        way.word.closes().then_some(())?;
        let blank = gap.chars().all(|c| glyph(c).flags & (SPACE | INVISIBLE) != 0);
        let parted = if !blank {
            let (from, to) = (self.units.get(way.last)?.end as usize, self.units.get(way.unit)?.start as usize);
            let seen = |text: &str| fold::fold(text).filter(|c| glyph(*c).flags & INVISIBLE == 0).eq(seen_in(gap));
            self.text.get(from..to).is_some_and(seen).then_some(false)?
        } else if passed & VISIBLE == SPACE {
            false
        } else {
            let before = self.pieces.get(way.piece.checked_sub(1)?)?;
            let tight = passed & (SPACE | STOP) == 0 && !self.ends_sentence(&way, passed);
            let spelled = way.word.loose;
            let distinct = |word: usize, letter: u8| word >= 3 || letter.is_ascii_digit();
            let words = distinct(before.word, before.letter) && distinct(piece.word, piece.letter);
            (spelled || tight && words).then_some(true)?
        };
        if parted {
            way.steps = way.steps.with(Step::Spacing);
        }
        Some(Way { word: self.word_from(way.unit), ..way })
    }

    /// Parts two letters of one word by what was `passed` between them, if that is lawful.
    fn part(&self, way: &mut Way, passed: u16) -> Option<()> {
        if passed & VISIBLE == 0 {
            way.word.joined = true;
        } else {
            way.steps = way.steps.with(Step::Spacing);
            way.word.loose |= passed & (SPACE | STOP) != 0 || self.ends_sentence(way, passed);
            (self.pieces.len() >= PARTED_LETTERS).then_some(())?;
        }
        (!way.word.loose || !way.word.joined).then_some(())
    }

    /// Reads the unit of `way` as `piece`.
    fn take(&self, mut way: Way, piece: &Piece) -> Option<Way> {
        self.read(&mut way, piece)?;
        let same = way.piece > 0
            && piece.gap == piece.start
            && self.pieces.get(way.piece - 1).is_some_and(|before| before.letter == piece.letter);
        let run = if same { way.run + 1 } else { 1 };
        Some(Way { piece: way.piece + 1, unit: way.unit + 1, last: way.unit, passed: 0, run, ..way })
    }

    /// Takes the unit of `way` for the letter of `piece`, counting it in the word.
    fn read(&self, way: &mut Way, piece: &Piece) -> Option<()> {
        let unit = self.units.get(way.unit)?;
        let letter = piece.letter;
        let stroke = unit.flags & EITHER != 0 && matches!(letter, b'i' | b'l');
        let mut steps = u16::from(unit.steps);
        if unit.flags & MASK != 0 {
            self.hides_letter(way, piece).then_some(())?;
            way.masks += 1;
            steps |= Steps::from_iter([Step::Mask]).bits();
        } else if letter.is_ascii_digit() || unit.flags & DIGIT != 0 {
            if letter == unit.letter {
                way.word.signs += 1;
            } else {
                (leet(unit.letter) == letter || unit.letter == b'1' && letter == b'l').then_some(())?;
                unit.letter.is_ascii_digit().then_some(())?;
                way.word.digits += 1;
                steps |= Steps::from_iter([Step::Leet]).bits();
            }
        } else if unit.flags & SIGN != 0 {
            (unit.letter == letter || stroke).then_some(())?;
            // `!` ends sentences: at the end of a word it is no letter.
            let inner = self.pieces.get(way.piece + 1).is_some_and(|next| next.gap == next.start);
            (unit.flags & STOP == 0 || inner || self.joins_next(way.unit)).then_some(())?;
            way.word.signs += 1;
        } else {
            if unit.letter != letter && !stroke {
                self.looks_like_in_case(way.unit, letter).then_some(())?;
                steps |= Steps::from_iter([Step::Lookalike]).bits();
            } else {
                steps |= self.case_and_accents(piece, unit).bits();
            }
            way.word.letters += 1;
        }
        way.steps = Steps::from_bits(way.steps.bits() | steps);
        Some(())
    }

    /// After the last letter of a run in the literal: takes all that follow in the text and can be read the same, if
    /// they are three or more together. Between words, and at the end, only those that stand together.
    fn absorb(&self, way: Way, piece: &Piece) -> Option<Way> {
        let inner = self.pieces.get(way.piece).is_some_and(|next| next.gap == next.start);
        let (before, mut longer) = (way.piece - 1, way);
        while let Some(unit) = self.units.get(longer.unit).filter(|unit| unit.flags & MASK == 0) {
            let mut more = longer;
            let close = unit.gap & VISIBLE == 0;
            if !(inner || close) || self.part(&mut more, unit.gap).is_none() || self.read(&mut more, piece).is_none() {
                break;
            }
            if unit.gap & INVISIBLE != 0 {
                more.steps = more.steps.with(Step::Invisible);
            }
            longer = Way { last: more.unit, unit: more.unit + 1, run: more.run + 1, ..more };
        }
        debug_assert_eq!(before + 1, longer.piece);
        (longer.run > way.run && longer.run >= 3).then(|| Way { steps: longer.steps.with(Step::Repeat), ..longer })
    }

    /// The reading that `way` has come to the end of, if it is lawful there.
    fn finish(&self, way: &Way, first: usize, boundaries: &mut Boundaries) -> Option<Found> {
        let (begin, end) = (self.units.get(first)?, self.units.get(way.last)?);
        let mut word = way.word;
        word.joined |= self.joins_next(way.last);
        let half = self.units.get(way.last + 1).is_some_and(|unit| unit.flags & CONTINUED != 0);
        let bounded = self.anchor.is_free_after() || self.bounded(way.last, false, boundaries);
        if half || !bounded || !word.closes() || self.cuts_number(first, way.last) {
            return None;
        }
        Some((begin.start as usize, end.end as usize, way.steps))
    }

    /// Whether a span from unit `first` to `last` takes a digit for a letter that belongs to a number going on outside.
    fn cuts_number(&self, first: usize, last: usize) -> bool {
        let digit = |unit: Option<&Unit>| unit.is_some_and(|unit| unit.flags & DIGIT != 0);
        let letter = |piece: Option<&Piece>| piece.is_some_and(|piece| !piece.letter.is_ascii_digit());
        let before = first.checked_sub(1).and_then(|before| self.units.get(before));
        let begins = digit(self.units.get(first)) && letter(self.pieces.first());
        let ends = digit(self.units.get(last)) && letter(self.pieces.last());
        begins && digit(before) && self.follows_closely(first)
            || ends && digit(self.units.get(last + 1)) && self.follows_closely(last + 1)
    }

    /// Whether a word may begin (or end) with a unit that is read as a letter.
    fn bounded(&self, nth: usize, before: bool, boundaries: &mut Boundaries) -> bool {
        let Some(unit) = self.units.get(nth) else { return false };
        let joined = if before { self.joins_before(nth) } else { self.joins_next(nth) };
        // A sign in place of a letter is no boundary, whatever Unicode says of it.
        let sign = unit.flags & SIGN != 0 && joined;
        !sign && boundaries.has(self.text, if before { unit.start } else { unit.end } as usize)
    }

    /// Whether nothing can be seen between unit `nth` and the one before.
    fn follows_closely(&self, nth: usize) -> bool {
        nth > 0 && self.units.get(nth).is_some_and(|unit| unit.gap & VISIBLE == 0)
    }

    /// Whether a letter or digit stands directly before unit `nth`.
    fn joins_before(&self, nth: usize) -> bool {
        let before = nth.checked_sub(1).and_then(|before| self.units.get(before));
        self.follows_closely(nth) && before.is_some_and(|unit| unit.flags & (LETTER | DIGIT) != 0)
    }

    /// Whether a letter or digit stands directly behind unit `nth`.
    fn joins_next(&self, nth: usize) -> bool {
        self.follows_closely(nth + 1) && self.units.get(nth + 1).is_some_and(|unit| unit.flags & (LETTER | DIGIT) != 0)
    }

    /// A word of which unit `nth` is the first.
    fn word_from(&self, nth: usize) -> Word {
        Word { joined: self.joins_before(nth), ..Word::default() }
    }

    /// Whether a full stop was passed that may end a sentence: an upper-case letter follows and none goes before.
    fn ends_sentence(&self, way: &Way, passed: u16) -> bool {
        let upper = |nth| self.units.get(nth).is_some_and(|unit: &Unit| unit.flags & UPPER != 0);
        passed & DOT != 0 && upper(way.unit) && !upper(way.last)
    }

    /// Whether the mask that is the unit of `way` may hide the letter of `piece`: inside a word of the literal and of
    /// the text.
    fn hides_letter(&self, way: &Way, piece: &Piece) -> bool {
        let enough = self.pieces.len() >= 4 + way.masks && way.masks < 2;
        let next = self.pieces.get(way.piece + 1).is_some_and(|next| next.gap == next.start);
        let inside = next && way.piece > 0 && piece.gap == piece.start && piece.letter.is_ascii_alphabetic();
        let flags = |nth: usize| self.units.get(nth).map_or(0, |unit| unit.flags);
        let close = self.follows_closely(way.unit) && self.follows_closely(way.unit + 1) && way.passed == 0;
        enough
            && inside
            && close
            && flags(way.last) & (LETTER | MASK) != 0
            && flags(way.unit + 1) & (LETTER | MASK) != 0
    }

    /// `I` is an l in lower case and `l` an i in capitals, where those around show the case: after a letter of it, and
    /// `I` also at the beginning of a long word (`Iago` and `Iate` are words).
    fn looks_like_in_case(&self, nth: usize, letter: u8) -> bool {
        let Some(unit) = self.units.get(nth) else { return false };
        let upper = unit.flags & UPPER != 0;
        let fits = matches!((unit.letter, letter, upper, unit.steps), (b'i', b'l', true, 0) | (b'l', b'i', false, 0));
        let case = |nth: usize| {
            self.units.get(nth).filter(|unit| unit.flags & LETTER != 0).map(|unit| unit.flags & UPPER != 0)
        };
        let before = if self.follows_closely(nth) { nth.checked_sub(1).and_then(case) } else { None };
        let after = if self.follows_closely(nth + 1) { case(nth + 1) } else { None };
        let long = upper && self.pieces.first().is_some_and(|piece| piece.word >= 6);
        fits && (before == Some(!upper) || before.is_none() && long && after == Some(false))
    }

    /// The steps from a letter as typed to the one seen, whatever it looks like.
    fn case_and_accents(&self, piece: &Piece, unit: &Unit) -> Steps {
        let typed = self.typed.get(piece.start..piece.end).unwrap_or_default();
        let seen = self.text.get(unit.start as usize..unit.end as usize).unwrap_or_default();
        let mut steps = Steps::default();
        let upper = unit.flags & UPPER != 0;
        // Of one character FOLDED says what its case is: `ß` and `ss`, `ı` and `i` differ by it.
        if upper != piece.upper || unit.steps == 0 && unit.letter == piece.letter && base(typed) != base(seen) {
            steps = steps.with(Step::Case);
        }
        if !(typed.is_ascii() && seen.is_ascii()) && marks(typed) != marks(seen) {
            steps = steps.with(Step::Accent);
        }
        steps
    }
}

impl Word {
    /// Whether digits were taken for letters only where letters show that it is a word, and whether letters stand apart
    /// as they must.
    fn closes(&self) -> bool {
        let word = self.letters > 0 && self.letters + self.signs >= 2;
        (self.digits == 0 || word && self.letters + self.signs + self.digits >= 3) && !(self.loose && self.joined)
    }
}

/// The letter under the marks of one.
fn base(letter: &str) -> char {
    let (mut base, mut first) = ('\0', letter.chars().next());
    if let Some(c) = first.take_if(|c| !c.is_ascii()) {
        decompose_canonical(c, |part| base = if base == '\0' { part } else { base });
    }
    first.unwrap_or(base)
}

/// The marks of one letter in canonical order, as many as anyone reads.
fn marks(letter: &str) -> [char; 8] {
    let (mut marks, mut found) = (['\0'; 8], 0);
    for c in letter.chars() {
        decompose_compatible(c, |part| {
            if fold::is_mark(part)
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

/// What can be seen of a literal's own gap.
fn seen_in(gap: &str) -> impl Iterator<Item = char> {
    fold::fold(gap).filter(|c| glyph(*c).flags & INVISIBLE == 0)
}
