//! Runs of digits put together to one number, and whether it stands on its own.

use std::ops::RangeInclusive;

use super::context::subject;
use super::reading::{LETTER, Reading};

/// The most digits a number of any detector has.
const LONGEST: usize = 19;

/// What a candidate needs beyond its check digits. In order: more is more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// Nothing: it is written as nothing else is.
    Written,
    /// That the words around it do not speak of another kind of number.
    Bare,
    /// That the words around it speak of its own kind.
    Loose,
}

/// What may be a number of some kind, in plain bytes.
pub(super) struct Candidate {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Its last group of digits.
    pub(super) last: usize,
    pub(super) form: Form,
}

/// Consecutive groups of digits, read as one number.
pub(super) struct Number<'r> {
    reading: &'r Reading,
    first: usize,
    lens: [u8; LONGEST],
    parts: usize,
    digits: [u8; LONGEST],
    len: usize,
}

impl<'r> Number<'r> {
    /// The groups from `first` on that have `wanted` digits together, with at most five of `signs` between two of them.
    pub(super) fn read(reading: &'r Reading, first: usize, wanted: usize, signs: &[u8]) -> Option<Self> {
        let mut number = Self { reading, first, lens: [0; LONGEST], parts: 0, digits: [0; LONGEST], len: 0 };
        while number.len < wanted {
            if number.parts > 0 {
                reading.gap_of(first + number.parts - 1, signs)?;
            }
            let group = reading.groups().get(first + number.parts)?;
            let end = number.len + group.len();
            if end > wanted {
                return None;
            }
            let digits = reading.part(group.start, group.end);
            for (to, byte) in number.digits.get_mut(number.len..end)?.iter_mut().zip(digits) {
                *to = byte - b'0';
            }
            *number.lens.get_mut(number.parts)? = u8::try_from(group.len()).ok()?;
            number.parts += 1;
            number.len = end;
        }
        Some(number)
    }

    pub(super) fn digits(&self) -> &[u8] {
        self.digits.get(..self.len).unwrap_or_default()
    }

    /// How many digits each group has.
    pub(super) fn shape(&self) -> &[u8] {
        self.lens.get(..self.parts).unwrap_or_default()
    }

    pub(super) fn start(&self) -> usize {
        self.reading.groups().get(self.first).map_or(0, |group| group.start)
    }

    /// Its first group of digits, and its last.
    pub(super) fn first(&self) -> usize {
        self.first
    }

    pub(super) fn last(&self) -> usize {
        self.first + self.parts.saturating_sub(1)
    }

    pub(super) fn end(&self) -> usize {
        self.reading.groups().get(self.last()).map_or(0, |group| group.end)
    }

    /// What stands between its groups, in order.
    pub(super) fn gaps(&self) -> impl Iterator<Item = &'r [u8]> {
        let reading = self.reading;
        (self.first..self.last()).filter_map(move |index| reading.gap(index))
    }

    pub(super) fn last_gap(&self) -> &'r [u8] {
        self.gaps().last().unwrap_or_default()
    }

    /// Whether every digit stands alone: `1 2 3`.
    pub(super) fn is_spaced_out(&self) -> bool {
        self.shape().iter().all(|len| *len == 1)
    }

    pub(super) fn is_linked(&self) -> bool {
        self.reading.groups().get(self.first).is_some_and(|group| group.linked)
    }

    /// Whether it has blanks between its groups and a group with `lens` digits stands before or after it in the same
    /// way: then nobody knows where the number begins and ends.
    pub(super) fn is_crowded(&self, lens: &RangeInclusive<usize>) -> bool {
        self.is_crowded_before(lens) || self.is_crowded_at(self.last(), self.last() + 1, lens)
    }

    /// The same, before it only: of a card that begins a row of groups one may know where it ends.
    pub(super) fn is_crowded_before(&self, lens: &RangeInclusive<usize>) -> bool {
        self.first.checked_sub(1).is_some_and(|before| self.is_crowded_at(before, before, lens))
    }

    fn is_crowded_at(&self, gap: usize, neighbour: usize, lens: &RangeInclusive<usize>) -> bool {
        let blank = |index| self.reading.gap_of(index, b" ").is_some();
        let spaced = self.parts > 1 && (self.first..self.last()).all(blank) && blank(gap);
        spaced && self.reading.groups().get(neighbour).is_some_and(|group| lens.contains(&group.len()))
    }

    /// It as a candidate that begins at `start`, at or before its first digit; `None` if it is part of something else.
    pub(super) fn candidate(&self, start: usize, form: Form) -> Option<Candidate> {
        let groups = self.reading.groups();
        let barred = groups.get(self.first).is_none_or(|group| group.barred);
        let form = if self.is_linked() && form == Form::Bare { Form::Loose } else { form };
        let fits = !barred && self.begins_apart(start, form) && self.ends_apart(form);
        fits.then(|| Candidate { start, end: self.end(), last: self.last(), form })
    }

    fn begins_apart(&self, start: usize, form: Form) -> bool {
        let before = |back| self.reading.byte_before(start, back);
        let price =
            before(1) == b'$' || (before(1) == b' ' && (before(2) == b'$' || before(3) == b'$' && before(2) == b' '));
        let written = form == Form::Written;
        match before(1) {
            byte if is_letter(byte) => written || self.is_named_at(start),
            b'_' => !is_letter(before(2)) && !before(2).is_ascii_digit(),
            b'@' => false,
            b'#' => written,
            sign @ (b'.' | b'-' | b',' | b'/') if before(2).is_ascii_digit() => {
                let neighbour = self.first.checked_sub(1).and_then(|index| self.reading.groups().get(index));
                self.is_apart(sign, neighbour.map_or(0, |group| group.len()), written)
            }
            _ => written || !price,
        }
    }

    fn ends_apart(&self, form: Form) -> bool {
        let end = self.end();
        let after = self.reading.byte(end + 1);
        let written = form == Form::Written;
        match self.reading.byte(end) {
            byte if is_letter(byte) => written,
            b'_' => !is_letter(after) && !after.is_ascii_digit(),
            b'@' => false,
            sign @ (b'.' | b'-' | b',' | b'/') if after.is_ascii_digit() => {
                let neighbour = self.reading.groups().get(self.last() + 1);
                self.is_apart(sign, neighbour.map_or(0, |group| group.len()), written)
            }
            _ => true,
        }
    }

    /// Whether `sign` with a group of `neighbour` digits behind it ends the number, as in a list, or continues it.
    fn is_apart(&self, sign: u8, neighbour: usize, written: bool) -> bool {
        matches!(sign, b',' | b'/') && (written || neighbour >= 8)
    }

    /// Whether a word that tells what follows is written together with the number: `cpf52998224725`.
    fn is_named_at(&self, start: usize) -> bool {
        let head = self.reading.part(0, start);
        let letters = head.iter().rev().take(16).take_while(|byte| is_letter(**byte)).count();
        self.reading.byte_before(start, letters + 1) != b'_'
            && subject(self.reading.part(start - letters, start)).is_some()
    }
}

pub(super) fn is_blank(gap: &[u8]) -> bool {
    gap.iter().all(|byte| *byte == b' ')
}

pub(super) fn is_letter(byte: u8) -> bool {
    byte == LETTER || byte.is_ascii_alphabetic()
}

/// Letter or digit.
pub(super) fn is_word(byte: u8) -> bool {
    is_letter(byte) || byte.is_ascii_digit()
}
