//! Brazilian phones (Anatel, Regulamento de Numeração, Resolução 749/2022).

use super::context::{Leaning, Subject};
use super::number::{Candidate, Form, Number};
use super::reading::Reading;

/// A phone that begins at some group.
struct Phone<'r> {
    number: Number<'r>,
    /// Digits before the area code: `55`, `0055`, `0`, `0` and a carrier's two.
    prefix: usize,
    /// Whether it has an area code.
    has_area: bool,
}

/// The phone that begins at group `first`.
pub(super) fn at(reading: &Reading, first: usize) -> Option<Candidate> {
    Phone::read(reading, first)?.candidate(reading)
}

/// The same, with an area code, as a PIX key needs it.
pub(super) fn with_area_at(reading: &Reading, first: usize) -> Option<Candidate> {
    Phone::read(reading, first).filter(|phone| phone.has_area)?.candidate(reading)
}

pub(super) fn judge(subject: Subject) -> Leaning {
    match subject {
        Subject::Phone | Subject::Call => Leaning::For,
        Subject::Pix | Subject::Key | Subject::Email => Leaning::Silent,
        Subject::Cpf | Subject::Cnpj | Subject::Document | Subject::Card | Subject::Bank | Subject::Other => {
            Leaning::Against
        }
    }
}

/// Whether eleven digits are an area code that exists and a mobile.
pub(super) fn is_mobile(digits: &[u8]) -> bool {
    matches!(digits, [tens, units, rest @ ..] if is_area(*tens, *units) && is_local_mobile(rest))
}

/// The 67 area codes in use (Anatel, Plano Geral de Códigos Nacionais).
fn is_area(tens: u8, units: u8) -> bool {
    matches!(
        (tens, units),
        (1 | 4 | 6 | 8 | 9, 1..=9)
            | (2, 1 | 2 | 4 | 7 | 8)
            | (3, 1..=5 | 7 | 8)
            | (5, 1 | 3 | 4 | 5)
            | (7, 1 | 3 | 4 | 5 | 7 | 9)
    )
}

fn is_local_mobile(digits: &[u8]) -> bool {
    matches!(digits, [9, 1..=9, ..] if digits.len() == 9)
}

fn is_local_fixed(digits: &[u8]) -> bool {
    matches!(digits, [2..=5, ..] if digits.len() == 8)
}

/// As mobiles were before the ninth digit, which many people still leave out.
fn is_local_old_mobile(digits: &[u8]) -> bool {
    matches!(digits, [6..=9, ..] if digits.len() == 8)
}

impl<'r> Phone<'r> {
    fn read(reading: &'r Reading, first: usize) -> Option<Self> {
        let group = reading.groups().get(first)?;
        if group.abroad {
            return None;
        }
        let lens: &[usize] = match reading.byte(group.start) {
            b'0' => &[15, 14, 13, 12, 11],
            b'5' => &[13, 12, 11, 10, 8],
            b'9' => &[11, 10, 9, 8],
            _ => &[11, 10, 8],
        };
        lens.iter().find_map(|len| {
            let number = Number::read(reading, first, *len, b" -.()")?;
            let (prefix, has_area) = Self::plan(number.digits())?;
            Some(Self { number, prefix, has_area })
        })
    }

    /// How many digits stand before the area code, and whether there is one; `None` if these digits are no phone.
    fn plan(digits: &[u8]) -> Option<(usize, bool)> {
        let national = |digits: &[u8]| match digits {
            [tens, units, rest @ ..] => {
                is_area(*tens, *units) && (is_local_mobile(rest) || is_local_fixed(rest) || is_local_old_mobile(rest))
            }
            _ => false,
        };
        match digits {
            [0, 0, 5, 5, rest @ ..] if national(rest) => Some((4, true)),
            [5, 5, rest @ ..] if national(rest) => Some((2, true)),
            [0, _, _, rest @ ..] if national(rest) => Some((3, true)),
            [0, rest @ ..] if national(rest) => Some((1, true)),
            rest if national(rest) => Some((0, true)),
            rest if is_local_mobile(rest) => Some((0, false)),
            // 300x and 400x are numbers of services, and two years are a span of time.
            [3 | 4, 0, 0, ..] | [2, 0, _, _, 2, 0, _, _] => None,
            rest if is_local_fixed(rest) || is_local_old_mobile(rest) => Some((0, false)),
            _ => None,
        }
    }

    fn candidate(&self, reading: &Reading) -> Option<Candidate> {
        let (start, marked) = self.opening(reading);
        // Brackets hold an area code: with one that does not exist the rest is no phone either.
        let gap_before = self.number.first().checked_sub(1).and_then(|before| reading.gap(before)).unwrap_or_default();
        if !self.has_area && gap_before.contains(&b')') {
            return None;
        }
        let links: [&[u8]; 2] = [b"wa.me/", b"phone="];
        let lens = if self.number.is_spaced_out() { 1..=1 } else { 3..=4 };
        let form = if marked || links.iter().any(|link| reading.part(0, start).ends_with(link)) {
            Form::Written
        } else if self.number.is_crowded(&lens) {
            Form::Loose
        } else {
            self.form()?
        };
        self.number.candidate(start, form)
    }

    /// Where it begins, the `+`, `(` or `0xx` before its first digit included, and whether such a mark or brackets
    /// round the area code tell that it is a phone.
    fn opening(&self, reading: &Reading) -> (usize, bool) {
        let first = self.number.start();
        let mut start = first;
        if reading.part(start.saturating_sub(3), start).eq_ignore_ascii_case(b"0xx") && self.has_area {
            start -= 3;
        }
        let closed = self.number.gaps().any(|gap| gap.contains(&b')'));
        if reading.byte_before(start, 1) == b'(' && closed {
            start -= 1;
        }
        if reading.byte_before(start, 1) == b'+' && self.prefix == 2 {
            start -= 1;
        }
        let bracketed = closed && self.number.gaps().any(|gap| gap.contains(&b'('));
        (start, self.has_area && (start < first || bracketed))
    }

    /// What its writing alone is worth; `None` for fewer digits than an area code and a mobile have in any odd grouping,
    /// which dates and prices have too.
    fn form(&self) -> Option<Form> {
        let mut parts = [0; 8];
        let hyphened = self.number.last_gap().iter().any(|byte| matches!(byte, b'-' | b'.'));
        let bare = self.number.shape().len() == 1;
        Some(match self.local_shape(&mut parts) {
            [11] | [10] if bare && matches!(self.prefix, 2 | 4) => Form::Bare,
            [11] if self.prefix == 0 => Form::Bare,
            [2, 5, 4] | [2, 1, 4, 4] | [2, 4, 4] if hyphened || self.prefix > 0 => Form::Written,
            [6, 4] if hyphened => Form::Bare,
            [2, 5, 4] | [2, 1, 4, 4] | [2, 9] | [2, 1, 8] | [7, 4] | [3, 4, 4] | [2, 3, 3, 3] => Form::Bare,
            [5, 4] | [1, 4, 4] => Form::Bare,
            _ if self.number.is_spaced_out() && self.number.digits().len() == 11 => Form::Bare,
            [2, 4, 4] | [6, 4] | [2, 8] | [10] | [9] | [1, 8] | [3, 3, 3] | [4, 4] | [8] => Form::Loose,
            _ if self.number.digits().len() >= 11 => Form::Loose,
            _ => return None,
        })
    }

    /// The lengths of its groups from the area code on, or of all where there are more than `parts` holds.
    fn local_shape<'p>(&self, parts: &'p mut [u8; 8]) -> &'p [u8] {
        let mut skip = u8::try_from(self.prefix).unwrap_or_default();
        let mut count = 0;
        for len in self.number.shape() {
            let skipped = skip.min(*len);
            skip -= skipped;
            if *len > skipped {
                let Some(part) = parts.get_mut(count) else { return &[] };
                *part = len - skipped;
                count += 1;
            }
        }
        parts.get(..count).unwrap_or_default()
    }
}
