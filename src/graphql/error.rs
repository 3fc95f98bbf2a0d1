//! From failures and refusals to what the schema shows of them.

use std::sync::Arc;

use async_graphql::{Enum, ErrorExtensions, SimpleObject};

use crate::error::{Error, ErrorCode};
use crate::refusal::Refusal;

const INTERNAL: &str = "Something went wrong on the server. The request id finds it in the log.";

/// What a resolver fails with: any [`Error`], by `?`.
///
/// It is no `Display`, so that async-graphql cannot turn it into an error without a code. A fault of ours is logged
/// when it is made, and its words stay in the log.
#[derive(Clone)]
pub struct Failure(Arc<Error>);

/// The result of a resolver or a loader.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        match error.code {
            ErrorCode::Internal => tracing::error!(cause, "{}", error.message),
            ErrorCode::Unavailable => tracing::warn!(cause, "{}", error.message),
            _ => {}
        }
        Self(Arc::new(error))
    }
}

impl From<Failure> for async_graphql::Error {
    fn from(Failure(error): Failure) -> Self {
        let message = if error.code == ErrorCode::Internal { INTERNAL } else { &*error.message };
        Self::new(message).extend_with(|_, values| values.set("code", error.code.as_str()))
    }
}

/// Why a mutation did not do what was asked. Stable: programs may act on it.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "crate::refusal::RefusalCode")]
pub enum UserErrorCode {
    /// What the input names does not exist.
    NotFound,
    /// A value is not of the form it must have.
    Invalid,
    /// A text is longer than it may be.
    TooLong,
    /// There is one like it already.
    Duplicate,
    /// Somebody changed it meanwhile, or its state does not allow it.
    Conflict,
    /// There are as many as there may be.
    LimitReached,
    /// A pattern uses words or signs that will mean something else.
    ReservedSyntax,
    /// The password is too short or easy to guess.
    WeakPassword,
    /// The e-mail address or the password is wrong; there is no telling which.
    BadCredentials,
    /// The password was right at several companies: say which one with `tenantSlug`.
    TenantRequired,
    /// Too many attempts: wait before the next.
    Throttled,
}

/// Something the caller can put right, for the field of the input it concerns.
#[derive(SimpleObject)]
pub struct UserError {
    /// Why, for programs.
    code: UserErrorCode,
    /// Why, in a sentence for a person.
    message: String,
    /// The field of the input it concerns, outermost first; empty where it concerns the whole.
    path: Vec<String>,
}

impl From<Refusal> for UserError {
    fn from(refusal: Refusal) -> Self {
        Self {
            code: refusal.code.into(),
            message: refusal.message.into_owned(),
            path: refusal.path.into_iter().map(str::to_owned).collect(),
        }
    }
}

/// An outcome as a payload has it: what came of it, and the errors.
pub fn settle<T>(outcome: Result<T, Refusal>) -> (Option<T>, Vec<UserError>) {
    match outcome {
        Ok(value) => (Some(value), Vec::new()),
        Err(refusal) => (None, vec![refusal.into()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_ours_keeps_its_words_to_itself() {
        let error: async_graphql::Error = Failure::from(Error::internal("table user is broken")).into();
        assert_eq!(error.message, INTERNAL);
    }

    #[test]
    fn every_failure_carries_its_code() {
        for code in ErrorCode::ALL {
            let error: async_graphql::Error = Failure::from(Error::new(code, "no")).into();
            let shown = error.extensions.as_ref().and_then(|values| values.get("code")).cloned();
            assert_eq!(shown, Some(code.as_str().into()));
        }
    }
}
