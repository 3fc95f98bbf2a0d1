//! What a person asked for and lawfully does not get: an expected outcome, in words, for the field it concerns.

use std::borrow::Cow;

use crate::error::Result;

/// Either what was asked for, or why not; the outer error is for what nobody expects.
pub type Outcome<T> = Result<Result<T, Refusal>>;

/// Why; the schema's `UserErrorCode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalCode {
    /// It does not exist, or is another tenant's.
    NotFound,
    /// It is not of the form it must have.
    Invalid,
    /// It is longer than it may be.
    TooLong,
    /// It is there already.
    Duplicate,
    /// Somebody changed it meanwhile, or its state does not allow it.
    Conflict,
    /// There are as many as there may be.
    LimitReached,
    /// It uses words or signs that will mean something else.
    ReservedSyntax,
    /// The password is easy to guess.
    WeakPassword,
    /// E-mail or password is wrong.
    BadCredentials,
    /// The person has sign-ins at several companies and must say which.
    TenantRequired,
    /// Too many attempts.
    Throttled,
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub code: RefusalCode,
    /// A sentence for a person.
    pub message: Cow<'static, str>,
    /// The input's field it concerns, outermost first; empty where it concerns the whole.
    pub path: Vec<&'static str>,
}

impl Refusal {
    /// A refusal of one field.
    pub fn field(code: RefusalCode, field: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), path: vec![field] }
    }

    /// A refusal of the whole.
    pub fn whole(code: RefusalCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), path: Vec::new() }
    }

    /// What was named does not exist, or is another tenant's: there is no telling which.
    pub fn not_found(field: &'static str) -> Self {
        Self::field(RefusalCode::NotFound, field, "There is no such thing.")
    }
}

/// A name or the like: trimmed, neither empty nor longer than `max` characters.
///
/// # Errors
/// The refusal of the field.
pub fn checked_text(field: &'static str, text: &str, max: usize) -> Result<String, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Refusal::field(RefusalCode::Invalid, field, "This must not be empty."));
    }
    if text.chars().count() > max {
        return Err(Refusal::field(
            RefusalCode::TooLong,
            field,
            format!("This must not be longer than {max} characters."),
        ));
    }
    Ok(text.to_owned())
}

/// Returns early with a refusal from a function that answers an [`Outcome`].
macro_rules! lawful {
    ($outcome:expr) => {
        match $outcome {
            Ok(value) => value,
            Err(refusal) => return Ok(Err(refusal)),
        }
    };
}
pub(crate) use lawful;
