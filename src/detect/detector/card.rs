//! Numbers of payment cards.

use super::check;
use super::cnpj;
use super::context::{Leaning, Subject};
use super::number::{Candidate, Form, Number};
use super::reading::Reading;
use super::sweep;

/// The first six digits of each issuer's cards, from and to, and how many digits they have (ISO/IEC 7812 and the brands'
/// own lists). Elo's cards that begin with 4 or 65 lie within Visa's and Discover's ranges. Visa's old cards of 13 digits
/// are left out: they look like any EAN-13.
const ISSUERS: &[(u32, u32, &[usize])] = &[
    (400_000, 499_999, &[16, 19]), // Visa
    (510_000, 559_999, &[16]),     // Mastercard
    (222_100, 272_099, &[16]),     // Mastercard
    (340_000, 349_999, &[15]),     // American Express
    (370_000, 379_999, &[15]),     // American Express
    (300_000, 305_999, &[14]),     // Diners Club
    (309_500, 309_599, &[14]),     // Diners Club
    (360_000, 369_999, &[14]),     // Diners Club
    (380_000, 399_999, &[14]),     // Diners Club
    (384_100, 384_199, &[19]),     // Hipercard
    (606_282, 606_282, &[16, 19]), // Hipercard
    (504_175, 504_175, &[16]),     // Elo
    (506_699, 506_778, &[16]),     // Elo
    (509_000, 509_999, &[16]),     // Elo
    (627_780, 627_780, &[16]),     // Elo
    (636_297, 636_297, &[16]),     // Elo
    (636_368, 636_368, &[16]),     // Elo
    (637_095, 637_095, &[16]),     // Hiper
    (637_568, 637_568, &[16]),     // Hiper
    (637_599, 637_600, &[16]),     // Hiper
    (637_609, 637_609, &[16]),     // Hiper
    (637_612, 637_612, &[16]),     // Hiper
    (601_100, 601_199, &[16, 19]), // Discover
    (644_000, 659_999, &[16, 19]), // Discover, Elo
    (352_800, 358_999, &[16, 19]), // JCB
    (620_000, 626_999, &[16, 19]), // UnionPay
    (628_200, 628_899, &[16, 19]), // UnionPay
    (501_800, 501_899, &[16]),     // Maestro
    (502_000, 502_099, &[16]),     // Maestro
    (503_800, 503_899, &[16]),     // Maestro
    (589_300, 589_399, &[16]),     // Maestro
    (630_400, 630_499, &[16]),     // Maestro
    (675_900, 676_399, &[16]),     // Maestro
];

/// Puts the cards of the text into `found`, in plain bytes.
pub(super) fn find(reading: &Reading, found: &mut Vec<(usize, usize)>) {
    sweep(reading, at, judge, found);
}

/// The card that begins at group `first`: issuer known, length and Luhn digit right.
fn at(reading: &Reading, first: usize) -> Option<Candidate> {
    let start = reading.groups().get(first)?.start;
    let lens: &[usize] = match reading.byte(start) {
        b'3' => &[16, 15, 14, 19],
        b'2' | b'4'..=b'6' => &[16, 19],
        _ => return None,
    };
    lens.iter().find_map(|len| {
        let number = Number::read(reading, first, *len, b" .-/_")?;
        if !is_issued(number.digits()) || !check::luhn(number.digits()) {
            return None;
        }
        number.candidate(number.start(), form(reading, first, &number))
    })
}

fn judge(subject: Subject) -> Leaning {
    match subject {
        Subject::Card => Leaning::For,
        Subject::Pix | Subject::Email | Subject::Bank => Leaning::Silent,
        Subject::Cpf
        | Subject::Cnpj
        | Subject::Document
        | Subject::Phone
        | Subject::Call
        | Subject::Key
        | Subject::Other => Leaning::Against,
    }
}

fn form(reading: &Reading, first: usize, number: &Number) -> Form {
    match number.shape() {
        // An expiry date and a security code may follow.
        [4, 4, 4, 4] | [4, 6, 5] | [4, 6, 4] | [4, 4, 4, 4, 3]
            if number.is_crowded_before(&(4..=6)) || goes_on(reading, number) =>
        {
            Form::Loose
        }
        [4, 4, 4, 4] | [4, 6, 5] | [4, 6, 4] | [4, 4, 4, 4, 3] => Form::Written,
        [16] | [15] => Form::Bare,
        [14] if cnpj::at(reading, first).is_none() => Form::Bare,
        _ if number.is_spaced_out() && !number.is_crowded(&(1..=1)) => Form::Bare,
        _ => Form::Loose,
    }
}

/// Whether two more groups of four follow, as in the key of an NF-e.
fn goes_on(reading: &Reading, number: &Number) -> bool {
    let is_four = |index: usize| {
        reading.gap_of(index, b" .-").is_some() && reading.groups().get(index + 1).is_some_and(|group| group.len() == 4)
    };
    is_four(number.last()) && is_four(number.last() + 1)
}

fn is_issued(digits: &[u8]) -> bool {
    let head = digits.iter().take(6).fold(0, |sum, digit| sum * 10 + u32::from(*digit));
    ISSUERS.iter().any(|(from, to, lens)| (*from..=*to).contains(&head) && lens.contains(&digits.len()))
}
