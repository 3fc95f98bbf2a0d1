//! Who may have a tenant's scope.
//!
//! [`TenantProof`] is sealed: these few are all there are, and each is made where its truth is established.

use entity::{SessionId, TenantId, UserId};

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

proofs!(Session Routed Appointed);
