//! Who is asking.

use entity::{OperatorId, SessionId, user::Role};

use crate::auth::policy::{Act, Who, may};
use crate::db::Session;
use crate::error::{Error, Result};
use crate::journal::Actor;

/// A person with a live session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Platform staff.
    Operator {
        /// Which sign-in.
        session: SessionId,
        /// Who.
        operator: OperatorId,
    },
    /// A person of a tenant.
    User {
        /// Proof of the tenant.
        session: Session,
        /// What the person may do.
        role: Role,
    },
}

impl Caller {
    /// As the permission table sees the person.
    pub fn who(&self) -> Who {
        match self {
            Self::Operator { .. } => Who::Operator,
            Self::User { role, .. } => Who::User(*role),
        }
    }

    /// Whether the person may.
    pub fn may(&self, act: Act) -> bool {
        may(self.who(), act)
    }

    /// Goes on only if the person may.
    ///
    /// # Errors
    /// FORBIDDEN.
    pub fn must(&self, act: Act) -> Result<()> {
        if self.may(act) { Ok(()) } else { Err(Error::forbidden()) }
    }

    /// The proof of the tenant, if the person may.
    ///
    /// # Errors
    /// FORBIDDEN, also to operators: they have no tenant.
    pub fn tenant(&self, act: Act) -> Result<Session> {
        self.must(act)?;
        match self {
            Self::User { session, .. } => Ok(*session),
            Self::Operator { .. } => Err(Error::forbidden()),
        }
    }

    /// Which sign-in.
    pub fn session(&self) -> SessionId {
        match self {
            Self::Operator { session, .. } => *session,
            Self::User { session, .. } => session.id,
        }
    }

    /// As the journal names the person.
    pub fn actor(&self) -> Actor {
        match self {
            Self::Operator { operator, .. } => Actor::operator(*operator),
            Self::User { session, .. } => Actor::user(session.user),
        }
    }
}
