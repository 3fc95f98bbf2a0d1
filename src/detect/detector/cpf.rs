//! CPF: a person's tax number.

use super::check;
use super::context::{Leaning, Subject};
use super::number::{Candidate, Form, Number, is_blank};
use super::phone;
use super::reading::Reading;

/// The CPF that begins at group `first`, with its check digits right.
pub(super) fn at(reading: &Reading, first: usize) -> Option<Candidate> {
    let number = Number::read(reading, first, 11, b" .-/,_")?;
    if !check::cpf(number.digits()) {
        return None;
    }
    number.candidate(number.start(), form(&number))
}

pub(super) fn judge(subject: Subject) -> Leaning {
    match subject {
        Subject::Cpf | Subject::Document => Leaning::For,
        Subject::Phone | Subject::Call | Subject::Other => Leaning::Against,
        Subject::Cnpj | Subject::Card | Subject::Pix | Subject::Key | Subject::Email | Subject::Bank => Leaning::Silent,
    }
}

fn form(number: &Number) -> Form {
    let last_gap = number.last_gap();
    let form = match number.shape() {
        [3, 3, 3, 2] if last_gap.contains(&b',') => Form::Loose,
        [3, 3, 3, 2] if last_gap.iter().any(|byte| matches!(byte, b'-' | b'/')) => Form::Written,
        [3, 3, 3, 2] if is_network_address(number) => Form::Loose,
        [3, 3, 3, 2] | [3, 3, 5] => Form::Bare,
        [9, 2] if !is_blank(last_gap) && !last_gap.contains(&b',') => Form::Bare,
        [11] if phone::is_mobile(number.digits()) || check::pis_or_renavam(number.digits()) => Form::Loose,
        [11] => Form::Bare,
        _ if number.is_spaced_out() => Form::Bare,
        _ => Form::Loose,
    };
    if form == Form::Bare && number.is_crowded(&(1..=3)) { Form::Loose } else { form }
}

/// Whether `123.145.167.20` may be an IPv4 address: dots alone, and no part above 255.
fn is_network_address(number: &Number) -> bool {
    let mut parts =
        number.digits().chunks(3).map(|part| part.iter().fold(0, |sum, digit| sum * 10 + u32::from(*digit)));
    number.gaps().all(|gap| gap == b".") && parts.all(|part| part < 256)
}
