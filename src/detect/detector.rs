//! Finds numbers and addresses by what they are, not by how they are spelled: documents, cards, keys, accounts.
//!
//! [`Reading::read`] reads a text once and serves every [`Detector`]; [`Detector::find`] says where its kind stands.
//!
//! # Laws
//!
//! - **Never by pattern alone.** A candidate passes its check digits, and then its form decides what else it needs:
//!   written as nothing else is (`529.982.247-25`, `(11) 98765-4321`) it is found as it stands; bare (`52998224725`) it
//!   is dropped when the nearest telling word names another kind of number (`pedido`, `PIS`, `R$`); split oddly, or
//!   bare and just as well something else (a mobile, a PIS, a RENAVAM), it is found only where its own word is near.
//! - **Near** is the nearest telling word up to 64 characters before, in the same sentence or right before it (a
//!   question may be answered), else up to 40 after in the same line with no other number between.
//! - **Disguise.** Digits of every script, full-width, mathematical, circled and keycap ones are digits; any blank, dash
//!   or dot is that of its kind; invisible characters are not there. Blanks and signs may stand between digits, a line
//!   break may not.
//! - **Part of something longer is nothing**: of a longer number, a price, a tracking code, a number in a link that no
//!   word names, an NF-e key (44 digits), the line of a boleto (47) or of a tax bill (48), with or without blanks.
//! - **Spans** are bytes of the original, tightest, in order, and never overlap; a `+` or `(` that opens a phone belongs
//!   to it.
//! - Linear in the text, no allocation once the buffers have grown, never a panic.
//!
//! # Limits
//!
//! Letters in place of digits (`O` for `0`), numbers in words and numbers broken over lines are not seen through, nor are
//! two cards with only a blank between them told apart. Check digits cannot tell a real number from an invented one: of
//! bare numbers with eleven random digits and no telling word, fewer than one in a hundred is taken for a CPF, and one in
//! fourteen looks like a mobile with its area code. An address that is spelt out (`arroba`, `[at]`, blanks) is found only
//! at the well-known mail providers.

mod bank;
mod card;
mod check;
mod cnpj;
mod context;
mod cpf;
mod email;
mod number;
mod phone;
mod pix;
mod reading;

use context::{Leaning, Subject};
use number::{Candidate, Form};

pub use reading::Reading;

/// A kind of number or address that is found by its check digits and its surroundings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Detector {
    /// A person's tax number, with two check digits (Receita Federal).
    Cpf,
    /// A company's tax number, numeric or alphanumeric (Receita Federal, IN RFB 2.119/2022 and 2.229/2024).
    Cnpj,
    /// The number of a payment card: issuer's range, length and Luhn digit (ISO/IEC 7812).
    PaymentCard,
    /// A PIX key of any of the five kinds, or a PIX code to copy and paste (Banco Central, Resolução BCB 1/2020).
    PixKey,
    /// An e-mail address.
    Email,
    /// A Brazilian phone, fixed or mobile (Anatel's numbering plan).
    Phone,
    /// A bank branch and account, both named by their words; the span runs from the first number to the last.
    BankAccount,
}

impl Detector {
    /// Every detector.
    pub const ALL: [Self; 7] =
        [Self::Cpf, Self::Cnpj, Self::PaymentCard, Self::PixKey, Self::Email, Self::Phone, Self::BankAccount];

    /// Puts where this kind stands in the text last read into `found`, in place of what was there: spans in bytes of
    /// that text, ordered, none overlapping another.
    pub fn find(self, reading: &Reading, found: &mut Vec<(usize, usize)>) {
        found.clear();
        match self {
            Self::Cpf => sweep(reading, cpf::at, cpf::judge, found),
            Self::Cnpj => sweep(reading, cnpj::at, cnpj::judge, found),
            Self::PaymentCard => card::find(reading, found),
            Self::PixKey => pix::find(reading, found),
            Self::Email => email::each(reading, |start, end| found.push((start, end))),
            Self::Phone => sweep(reading, phone::at, phone::judge, found),
            Self::BankAccount => bank::find(reading, found),
        }
        tidy(found);
        for span in found {
            *span = reading.original(span.0, span.1);
        }
    }
}

/// Asks `at` for a candidate at each run of digits and keeps those whose form and surroundings suffice.
fn sweep(
    reading: &Reading,
    at: impl Fn(&Reading, usize) -> Option<Candidate>,
    judge: fn(Subject) -> Leaning,
    found: &mut Vec<(usize, usize)>,
) {
    let mut first = 0;
    while first < reading.groups().len() {
        match at(reading, first).filter(|candidate| suffices(reading, candidate, judge)) {
            Some(candidate) => {
                found.push((candidate.start, candidate.end));
                first = candidate.last + 1;
            }
            None => first += 1,
        }
    }
}

fn suffices(reading: &Reading, candidate: &Candidate, judge: fn(Subject) -> Leaning) -> bool {
    let leaning = || reading.leaning(candidate.start, candidate.end, judge);
    match candidate.form {
        Form::Written => true,
        Form::Bare => leaning() != Leaning::Against,
        Form::Loose => leaning() == Leaning::For,
    }
}

/// Orders spans and drops those that overlap an earlier one, the longer first where two begin together.
fn tidy(found: &mut Vec<(usize, usize)>) {
    found.sort_unstable_by_key(|(start, end)| (*start, usize::MAX - end));
    let mut free = 0;
    found.retain(|(start, end)| {
        let keep = *start >= free;
        free = if keep { *end } else { free };
        keep
    });
}

#[cfg(test)]
mod tests;
