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
//! - a sign stands for letters or parts them, not both;
//! - a mask hides one letter between two others; in one literal at most two, and none where signs part letters.
//!
//! Where a unit can be taken in several ways they are tried in turn. What is tried for one place is bounded, so that
//! the time a text takes grows with its length only.

use super::glyph::{DIGIT, DOT, EITHER, INVISIBLE, LETTER, MARK, MASK, SIGN, SPACE, STOP, UPPER, glyph, leet};
use super::pattern::Anchor;
use super::skeleton::{self, code};
use super::spelling::{self, CONTINUED, Piece, SEPARATOR, Unit, VISIBLE};
use super::suspect::Suspect;
use super::word::Boundaries;
use super::{Step, Steps, fold};

/// A literal of fewer letters is found in parted letters by chance.
const PARTED_LETTERS: usize = 4;
/// Steps to be tried for one place and literal, beside some for each letter.
const STEPS: usize = 32;

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
    /// The classes of signs passed over and of those read as letters; all masks are one class.
    over: u8,
    signs: u8,
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

/// A lawful reading: where it stands, in bytes, and the steps it takes.
pub(super) type Found = (usize, usize, Steps);

impl Buffers {
    pub(super) fn clear(&mut self) {
        self.read = false;
    }

    /// Calls `found` where `text` spells the literal `typed` beginning with one of the letters that are one in the skeleton
    /// and stand between the bytes `from` and `to`.
    pub(super) fn ask(
        &mut self,
        (text, from, to): (&str, usize, usize),
        (typed, anchor): (&str, Anchor),
        boundaries: &mut Boundaries,
        found: impl FnMut(Found),
    ) {
        if !self.read {
            spelling::read_units(text, &mut self.units);
            self.read = true;
        }
        spelling::read_pieces(typed, &mut self.pieces);
        let suspect = Suspect { text, typed, anchor, units: &self.units, pieces: &self.pieces };
        suspect
            .beginnings(from, to)
            .filter_map(|first| suspect.walk(first, &mut self.ways, boundaries))
            .for_each(found);
    }
}

#[cfg(test)]
impl Buffers {
    /// Asks at every unit of the text, without regard to the skeleton.
    pub(super) fn ask_everywhere(&mut self, text: &str, typed: &str, anchor: Anchor) -> Vec<Found> {
        spelling::read_units(text, &mut self.units);
        spelling::read_pieces(typed, &mut self.pieces);
        let suspect = Suspect { text, typed, anchor, units: &self.units, pieces: &self.pieces };
        let mut boundaries = Boundaries::default();
        (0..self.units.len()).filter_map(|first| suspect.walk(first, &mut self.ways, &mut boundaries)).collect()
    }
}

impl Suspect<'_> {
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
            over: 0,
            signs: 0,
            steps: Steps::default(),
            word,
        });
        let mut best: Option<Found> = None;
        let mut steps = STEPS + 8 * self.pieces.len();
        while let Some(mut way) = ways.pop() {
            // The first of the ways that a step opens is taken at once.
            while let Some(piece) = self.pieces.get(way.piece) {
                let Some(fewer) = steps.checked_sub(1) else { return best };
                steps = fewer;
                super::work::count();
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
        let class = self.class(unit);
        let over =
            class != 0 && unit.flags & CONTINUED == 0 && way.piece > 0 && way.masks == 0 && way.signs & class == 0;
        let over = over.then(|| {
            let part = if unit.flags & STOP == 0 { SEPARATOR } else { STOP };
            Way { unit: way.unit + 1, passed: passed | part | SIGN, over: way.over | class, ..way }
        });
        let Some(read) = self.cross(way, piece, passed).and_then(|way| self.take(way, piece)) else { return over };
        ways.extend(over);
        if self.pieces.get(read.piece).is_none_or(|next| next.gap != next.start || next.letter != piece.letter) {
            self.absorb(read, piece, ways);
        }
        Some(read)
    }

    /// Goes on from the last unit to the next over what was `passed`, as it must between two pieces of the literal.
    fn cross(&self, mut way: Way, piece: &Piece, passed: u16) -> Option<Way> {
        if way.piece == 0 {
            return Some(way);
        }
        way.steps = unseen(way.steps, passed);
        if piece.gap == piece.start {
            self.part(&mut way, passed)?;
            return Some(way);
        }
        let gap = self.typed.get(piece.gap..piece.start)?;
        way.word.joined |= self.joins_next(way.last);
        way.word.closes(self.is_short(way.piece)).then_some(())?;
        let blank = gap.chars().all(|c| glyph(c).flags & SPACE != 0);
        let parted = if !blank {
            let (from, to) = (self.units.get(way.last)?.end as usize, self.units.get(way.unit)?.start as usize);
            let seen = |text: &str| fold::fold(text).filter(|c| glyph(*c).flags & INVISIBLE == 0).eq(fold::fold(gap));
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
        let word = self.word_from(way.unit);
        // Signs between spelled words are passed over only where the letters of both stand alone.
        let loose = parted && passed & SIGN != 0 && passed & (SPACE | STOP) != 0;
        (!loose || !word.joined).then_some(())?;
        Some(Way { word: Word { loose, ..word }, ..way })
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
                steps |= self.case_and_accents(piece, unit).bits();
            } else {
                (leet(unit.letter) == letter || unit.letter == b'1' && letter == b'l').then_some(())?;
                unit.letter.is_ascii_digit().then_some(())?;
                way.word.digits += 1;
                steps |= Steps::from_iter([Step::Leet]).bits();
            }
        } else if unit.flags & SIGN != 0 {
            let class = self.class(unit);
            ((unit.letter == letter || stroke) && way.over & class == 0).then_some(())?;
            way.signs |= class;
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
    /// they are three or more together. Between words, and at the end, only those that stand together. A stroke at the
    /// end may also be left for the i or l that comes next.
    fn absorb(&self, way: Way, piece: &Piece, ways: &mut Vec<Way>) {
        let next = self.pieces.get(way.piece).filter(|next| next.gap == next.start);
        let (mut longer, mut before) = (way, way);
        while let Some(unit) = self.units.get(longer.unit).filter(|unit| unit.flags & MASK == 0) {
            let mut more = longer;
            let close = unit.gap & VISIBLE == 0;
            if next.is_none() && !close
                || self.part(&mut more, unit.gap).is_none()
                || self.read(&mut more, piece).is_none()
            {
                break;
            }
            more.steps = unseen(more.steps, unit.gap);
            before = longer;
            longer = Way { last: more.unit, unit: more.unit + 1, run: more.run + 1, ..more };
            super::work::count();
        }
        let stroke = next.is_some_and(|next| matches!((piece.letter, next.letter), (b'i', b'l') | (b'l', b'i')));
        for longer in [Some(longer), stroke.then_some(before)].into_iter().flatten() {
            if longer.run > way.run && longer.run >= 3 {
                ways.push(Way { steps: longer.steps.with(Step::Repeat), ..longer });
            }
        }
    }

    /// The reading that `way` has come to the end of, if it is lawful there.
    fn finish(&self, way: &Way, first: usize, boundaries: &mut Boundaries) -> Option<Found> {
        let (begin, end) = (self.units.get(first)?, self.units.get(way.last)?);
        let mut word = way.word;
        word.joined |= self.joins_next(way.last);
        let half = self.units.get(way.last + 1).is_some_and(|unit| unit.flags & CONTINUED != 0);
        let bounded = self.anchor.is_free_after() || self.bounded(way.last, false, boundaries);
        let begins =
            way.masks == 0 || self.anchor.is_free_before() || skeleton::begins_masked(self.text, begin.start as usize);
        if half || !begins || !bounded || !word.closes(self.is_short(way.piece)) || self.cuts_number(first, way.last) {
            return None;
        }
        Some((begin.start as usize, end.end as usize, way.steps))
    }

    /// A word of which unit `nth` is the first.
    fn word_from(&self, nth: usize) -> Word {
        Word { joined: self.joins_before(nth), ..Word::default() }
    }

    /// Whether the word that ends before `piece` is one of one or two letters in a phrase.
    fn is_short(&self, piece: usize) -> bool {
        let last = piece.checked_sub(1).and_then(|last| self.pieces.get(last));
        last.is_some_and(|last| last.word <= 2 && self.pieces.len() > last.word)
    }

    /// Whether a full stop was passed that may end a sentence: an upper-case letter follows and none goes before.
    fn ends_sentence(&self, way: &Way, passed: u16) -> bool {
        let upper = |nth| self.units.get(nth).is_some_and(|unit: &Unit| unit.flags & UPPER != 0);
        passed & DOT != 0 && upper(way.unit) && !upper(way.last)
    }

    /// Whether the mask that is the unit of `way` may hide the letter of `piece`: inside a word of the literal and of
    /// the text. A second mask takes a literal of five letters, and doubled ones count once more: enough has to be seen.
    fn hides_letter(&self, way: &Way, piece: &Piece) -> bool {
        let codes = self.pieces.chunk_by(|a, b| code(a.letter) == code(b.letter)).take(4).count();
        let enough = self.pieces.len() >= 4 + way.masks && codes >= 3 + way.masks && way.masks < 2 && way.over == 0;
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
}

impl Word {
    /// Whether digits were taken for letters only where letters show that it is a word, and whether letters stand apart
    /// as they must.
    /// `short` is a word of one or two letters of a phrase: the other words show what it is.
    fn closes(&self, short: bool) -> bool {
        let seen = self.letters + self.signs;
        let word = self.letters > 0 && (short || seen >= 2 && seen + self.digits >= 3);
        (self.digits == 0 || word) && !(self.loose && self.joined)
    }
}

/// `steps` and those over what can hardly be seen of what was passed.
fn unseen(steps: Steps, passed: u16) -> Steps {
    let steps = if passed & INVISIBLE != 0 { steps.with(Step::Invisible) } else { steps };
    if passed & MARK != 0 { steps.with(Step::Accent) } else { steps }
}
