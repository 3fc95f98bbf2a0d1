//! What can go wrong that is no expected outcome.

use std::borrow::Cow;
use std::fmt;

use sea_orm::{DbErr, RuntimeErr};

/// The result of what can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of failure it is; the schema's `extensions.code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// Nobody is signed in, or not any more.
    Unauthenticated,
    /// The role does not allow it.
    Forbidden,
    /// It does not exist, or is another tenant's.
    NotFound,
    /// The request is wrong; the message says where.
    BadUserInput,
    /// Too much, too fast.
    RateLimited,
    /// The query asks for more than one operation may.
    QueryTooComplex,
    /// The journal does not reach back to this cursor.
    CursorExpired,
    /// It took too long.
    Timeout,
    /// Something Vigia stands on is away; the same request may succeed later.
    Unavailable,
    /// A fault of ours.
    Internal,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [Self; 10] = [
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::BadUserInput,
        Self::RateLimited,
        Self::QueryTooComplex,
        Self::CursorExpired,
        Self::Timeout,
        Self::Unavailable,
        Self::Internal,
    ];

    /// As the schema spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::NotFound => "NOT_FOUND",
            Self::BadUserInput => "BAD_USER_INPUT",
            Self::RateLimited => "RATE_LIMITED",
            Self::QueryTooComplex => "QUERY_TOO_COMPLEX",
            Self::CursorExpired => "CURSOR_EXPIRED",
            Self::Timeout => "TIMEOUT",
            Self::Unavailable => "UNAVAILABLE",
            Self::Internal => "INTERNAL",
        }
    }
}

/// A failure: a code for programs, a sentence for people, and a cause for the log alone.
#[derive(Debug)]
pub struct Error {
    /// What kind it is.
    pub code: ErrorCode,
    /// A sentence a person can act on; holds no content.
    pub message: Cow<'static, str>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// A failure of this kind, in words.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), source: None }
    }

    /// The same, with its cause.
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// A wrong request.
    pub fn input(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::BadUserInput, message)
    }

    /// A fault of ours; the words go to the log.
    pub fn internal(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::Internal, message)
    }

    /// Something Vigia stands on is away.
    pub fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::Unavailable, message)
    }

    /// Nobody is signed in. The same words for every cause.
    pub fn unauthenticated() -> Self {
        Self::new(ErrorCode::Unauthenticated, "You are not signed in, or not any more. Sign in again.")
    }

    /// The role does not allow it.
    pub fn forbidden() -> Self {
        Self::new(ErrorCode::Forbidden, "Your role does not allow this.")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// A database that is away or overloaded is a passing state; anything else it says is a fault of ours.
impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        if is_passing(&error) {
            Self::unavailable("The database cannot be reached. Try again in a moment.").because(error)
        } else {
            Self::internal("The database refused a statement.").because(error)
        }
    }
}

fn is_passing(error: &DbErr) -> bool {
    match error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => true,
        DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => match &**error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => true,
            // PostgreSQL: connection exceptions, resources, operator intervention, lock not available, serialization.
            // SQLite: BUSY, LOCKED, FULL, IOERR and their extended codes.
            sqlx::Error::Database(error) => error.code().is_some_and(|code| match code.parse::<u32>() {
                Ok(number) if code.len() < 5 => matches!(number & 0xff, 5 | 6 | 10 | 13),
                _ => {
                    ["08", "53", "57"].iter().any(|class| code.starts_with(class))
                        || ["55P03", "40001", "40P01", "25P03"].contains(&&*code)
                }
            }),
            _ => false,
        },
        _ => false,
    }
}
