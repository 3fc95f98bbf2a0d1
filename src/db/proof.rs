//! Who may have a tenant's scope.
//!
//! [`TenantProof`] is sealed: these few are all there are, and each is made where its truth is established.

use entity::{JobId, SessionId, TenantId, Timestamp, UserId, job};
use uuid::Uuid;

mod sealed {
    pub trait Sealed {}
}

/// Proof that whoever holds it speaks for a tenant.
pub trait TenantProof: sealed::Sealed {
    /// Whose rows it opens.
    fn tenant(&self) -> TenantId;
}

/// A verified session of a person of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    pub(super) tenant: TenantId,
    /// Which sign-in.
    pub id: SessionId,
    /// Who.
    pub user: UserId,
}

/// An item of an authentic delivery for a number that is bound to the channel it came through.
#[derive(Clone, Copy, Debug)]
pub struct Routed {
    pub(super) tenant: TenantId,
}

/// An operator's or the command line's act on a tenant it names; the caller journals it.
#[derive(Clone, Copy, Debug)]
pub struct Appointed {
    pub(super) tenant: TenantId,
}

/// A job that somebody asked for in a tenant's transaction, and that whoever holds this has claimed.
#[derive(Debug)]
pub struct Claimed {
    pub(super) tenant: TenantId,
    pub(super) id: JobId,
    pub(super) leased_until: Timestamp,
    pub(super) kind: job::Kind,
    pub(super) subject: Uuid,
    pub(super) attempts: i32,
}

impl Claimed {
    pub(super) fn new(row: &job::Model, leased_until: Timestamp) -> Self {
        Self {
            tenant: row.tenant_id,
            id: row.id,
            leased_until,
            kind: row.kind,
            subject: row.subject_id,
            attempts: row.attempts,
        }
    }

    /// What is to be done.
    pub fn kind(&self) -> job::Kind {
        self.kind
    }

    /// What it is about, among the tenant's rows.
    pub fn subject(&self) -> Uuid {
        self.subject
    }

    /// How often it was taken up since it last got further, this time included.
    pub fn attempts(&self) -> i32 {
        self.attempts
    }
}

macro_rules! proofs {
    ($($name:ident)*) => {$(
        impl sealed::Sealed for $name {}
        impl TenantProof for $name {
            fn tenant(&self) -> TenantId {
                self.tenant
            }
        }
    )*};
}

proofs!(Session Routed Appointed Claimed);
