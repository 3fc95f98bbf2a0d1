//! CNPJ: a company's tax number, of digits or, since July 2026, of letters and digits.

use super::check;
use super::context::{Leaning, Subject};
use super::number::{Candidate, Form, Number, is_blank, is_word};
use super::reading::Reading;

/// Characters of a CNPJ.
const LEN: usize = 14;

/// The CNPJ of digits that begins at group `first`, or the one with letters that ends with it; check digits right.
pub(super) fn at(reading: &Reading, first: usize) -> Option<Candidate> {
    numeric(reading, first).or_else(|| alphanumeric(reading, first))
}

pub(super) fn judge(subject: Subject) -> Leaning {
    match subject {
        Subject::Cnpj | Subject::Document => Leaning::For,
        Subject::Phone | Subject::Call | Subject::Other => Leaning::Against,
        Subject::Cpf | Subject::Card | Subject::Pix | Subject::Key | Subject::Email | Subject::Bank => Leaning::Silent,
    }
}

fn numeric(reading: &Reading, first: usize) -> Option<Candidate> {
    let number = Number::read(reading, first, LEN, b" .-/,_")?;
    if !check::cnpj(number.digits()) {
        return None;
    }
    let signs = !number.gaps().all(is_blank);
    let form = match number.shape() {
        [2, 3, 3, 4, 2] if signs && !number.last_gap().contains(&b',') => Form::Written,
        [8, 4, 2] if signs => Form::Written,
        [2, 3, 3, 4, 2] | [2, 3, 3, 6] | [8, 4, 2] | [8, 6] | [12, 2] => Form::Bare,
        [14] if !is_low_branch(number.digits()) || is_time(number.digits()) => Form::Loose,
        [14] => Form::Bare,
        _ if number.is_spaced_out() => Form::Bare,
        _ => Form::Loose,
    };
    let form = if form == Form::Bare && number.is_crowded(&(1..=4)) { Form::Loose } else { form };
    number.candidate(number.start(), form)
}

/// Whether the branch is one of the first 99. Most are 0001; other numbers of fourteen digits seldom look like it.
fn is_low_branch(values: &[u8]) -> bool {
    matches!(values, [_, _, _, _, _, _, _, _, 0, 0, ..])
}

/// Whether fourteen digits are a moment of this century or the last, year first.
fn is_time(digits: &[u8]) -> bool {
    let pairs: [u8; 7] = std::array::from_fn(|pair| match digits.get(2 * pair..2 * pair + 2) {
        Some([tens, units]) => tens * 10 + units,
        _ => u8::MAX,
    });
    matches!(pairs, [19 | 20, _, 1..=12, 1..=31, 0..=23, 0..=59, 0..=59])
}

/// The CNPJ with letters whose check digits are the last two of group `last`.
fn alphanumeric(reading: &Reading, last: usize) -> Option<Candidate> {
    let group = reading.groups().get(last)?;
    if group.len() < 2 || is_word(reading.byte(group.end)) {
        return None;
    }
    let (start, values, shape) = backwards(reading, group.end)?;
    let after = reading.byte(group.end + 1);
    let before = reading.byte_before(start, 1);
    let continues = is_word(before)
        || matches!(before, b'@' | b'#' | b'_' | b'/' | b'-' | b'.')
        || matches!(reading.byte(group.end), b'-' | b'/' | b'_' | b'.') && is_word(after)
        || reading.byte(group.end) == b'@';
    if continues || values.iter().all(|value| *value < 10) || !check::cnpj(&values) {
        return None;
    }
    let lower = reading.part(start, group.end).iter().any(u8::is_ascii_lowercase);
    let form = match shape {
        Shape::Dotted => Form::Written,
        _ if group.linked => Form::Loose,
        Shape::Slashed => Form::Bare,
        Shape::Plain if !lower && matches!(values.get(8..12), Some([0, 0, 0, 1])) => Form::Bare,
        Shape::Plain => Form::Loose,
    };
    Some(Candidate { start, end: group.end, last, form })
}

enum Shape {
    /// `12.ABC.345/01DE-35`
    Dotted,
    /// `12ABC345/01DE-35`
    Slashed,
    /// `12ABC34501DE35`
    Plain,
}

/// Fourteen letters and digits back from `end`, as the values they count, with where they begin.
fn backwards(reading: &Reading, end: usize) -> Option<(usize, [u8; LEN], Shape)> {
    let mut values = [0; LEN];
    // Places of the characters that a sign stands before.
    let mut signs = 0_u16;
    let mut at = end;
    for place in (0..LEN).rev() {
        let gap = reading.part(at.saturating_sub(5), at).iter().rev().take_while(|b| b" .-/".contains(b)).count();
        let part = reading.part(at - gap, at);
        if gap > 0 && place < LEN - 1 {
            if is_blank(part) {
                return None;
            }
            signs |= 1 << (place + 1);
        }
        at -= gap;
        let byte = reading.byte_before(at, 1).to_ascii_uppercase();
        *values.get_mut(place)? = match byte {
            b'0'..=b'9' => byte - b'0',
            // The last two are always digits.
            b'A'..=b'Z' if place < LEN - 2 => byte - b'0',
            _ => return None,
        };
        at -= 1;
    }
    let shape = match signs {
        0 => Shape::Plain,
        _ if signs == 1 << 2 | 1 << 5 | 1 << 8 | 1 << 12 => Shape::Dotted,
        _ if signs == 1 << 8 | 1 << 12 => Shape::Slashed,
        _ => return None,
    };
    Some((at, values, shape))
}
