//! A text that is asked about a literal: what stands around each of its units.

use super::glyph::{DIGIT, LETTER, MASK, SIGN, UPPER};
use super::pattern::Anchor;
use super::skeleton::{class, code};
use super::spelling::{self, Piece, Unit, VISIBLE};
use super::word::Boundaries;
use super::{Step, Steps};

/// Beside the classes of signs in skeletons.
const MASKS: u8 = 1 << 7;
/// Letters of a run to begin with, beside the first ones.
const BEGINNINGS: usize = 8;

/// A text that is being asked about one literal.
pub(super) struct Suspect<'a> {
    pub(super) text: &'a str,
    pub(super) typed: &'a str,
    pub(super) anchor: Anchor,
    pub(super) units: &'a [Unit],
    pub(super) pieces: &'a [Piece],
}

impl Suspect<'_> {
    /// Where to begin among the letters between two places, which are one in the skeleton: with the last, so that the
    /// span is the tightest, then with more, with all that stand together, with all.
    pub(super) fn beginnings(&self, from: usize, to: usize) -> impl Iterator<Item = usize> {
        let begins = |at: usize| self.units.partition_point(|unit| (unit.start as usize) < at);
        let (low, high) = (begins(from), begins(to).max(begins(from) + 1).min(self.units.len()));
        let first = self.pieces.first().map_or(0, |piece| code(piece.letter));
        let same =
            move |nth: &usize| self.units.get(*nth).is_some_and(|unit| unit.letter != 0 && code(unit.letter) == first);
        let mut run = (low..high).filter(same);
        let few = run.clone().rev().take(BEGINNINGS);
        let far = run.clone().nth_back(BEGINNINGS).map(|_| {
            let tail = run.next_back().unwrap_or(low);
            let joined = (low + 1..=tail).rev().take_while(|nth| self.follows_closely(*nth) && same(&(nth - 1)));
            [joined.last().map_or(tail, |nth| nth - 1), run.next().unwrap_or(low)]
        });
        few.chain(far.into_iter().flatten())
    }

    /// Whether a word may begin (or end) with a unit that is read as a letter.
    pub(super) fn bounded(&self, nth: usize, before: bool, boundaries: &mut Boundaries) -> bool {
        let Some(unit) = self.units.get(nth) else { return false };
        let joined = if before { self.joins_before(nth) } else { self.joins_next(nth) };
        // A sign in place of a letter is no boundary, whatever Unicode says of it.
        let sign = unit.flags & SIGN != 0 && joined;
        !sign && boundaries.has(self.text, if before { unit.start } else { unit.end } as usize)
    }

    /// Whether nothing can be seen between unit `nth` and the one before.
    pub(super) fn follows_closely(&self, nth: usize) -> bool {
        nth > 0 && self.units.get(nth).is_some_and(|unit| unit.gap & VISIBLE == 0)
    }

    /// Whether a letter or digit stands directly before unit `nth`.
    pub(super) fn joins_before(&self, nth: usize) -> bool {
        let before = nth.checked_sub(1).and_then(|before| self.units.get(before));
        self.follows_closely(nth) && before.is_some_and(|unit| unit.flags & (LETTER | DIGIT) != 0)
    }

    /// Whether a letter or digit stands directly behind unit `nth`.
    pub(super) fn joins_next(&self, nth: usize) -> bool {
        self.follows_closely(nth + 1) && self.units.get(nth + 1).is_some_and(|unit| unit.flags & (LETTER | DIGIT) != 0)
    }

    /// The class of a sign or mask, as a bit; none for a letter.
    pub(super) fn class(&self, unit: &Unit) -> u8 {
        match unit.flags & (SIGN | MASK) {
            0 => 0,
            MASK => MASKS,
            _ => self.text.get(unit.start as usize..).and_then(|rest| rest.chars().next()).map_or(0, class),
        }
    }

    /// Whether a span from unit `first` to `last` takes a digit for a letter that belongs to a number going on outside.
    pub(super) fn cuts_number(&self, first: usize, last: usize) -> bool {
        let digit = |unit: Option<&Unit>| unit.is_some_and(|unit| unit.flags & DIGIT != 0);
        let letter = |piece: Option<&Piece>| piece.is_some_and(|piece| !piece.letter.is_ascii_digit());
        let before = first.checked_sub(1).and_then(|before| self.units.get(before));
        let begins = digit(self.units.get(first)) && letter(self.pieces.first());
        let ends = digit(self.units.get(last)) && letter(self.pieces.last());
        begins && digit(before) && self.follows_closely(first)
            || ends && digit(self.units.get(last + 1)) && self.follows_closely(last + 1)
    }

    /// `I` is an l in lower case and `l` an i in capitals, where those around show the case: after a letter of it, and
    /// `I` also at the beginning of a long word (`Iago` and `Iate` are words).
    pub(super) fn looks_like_in_case(&self, nth: usize, letter: u8) -> bool {
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
    pub(super) fn case_and_accents(&self, piece: &Piece, unit: &Unit) -> Steps {
        let typed = self.typed.get(piece.start..piece.end).unwrap_or_default();
        let seen = self.text.get(unit.start as usize..unit.end as usize).unwrap_or_default();
        let mut steps = Steps::default();
        let upper = unit.flags & UPPER != 0;
        // Of one character FOLDED says what its case is: `ß` and `ss`, `ı` and `i` differ by it.
        if upper != piece.upper
            || unit.steps == 0 && unit.letter == piece.letter && spelling::base(typed) != spelling::base(seen)
        {
            steps = steps.with(Step::Case);
        }
        if !(typed.is_ascii() && seen.is_ascii()) && spelling::marks(typed) != spelling::marks(seen) {
            steps = steps.with(Step::Accent);
        }
        steps
    }
}
