use sea_orm::{DbErr, DeriveValueType, TryFromU64};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[doc = $doc:literal])* $name:ident)*) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, DeriveValueType)]
        pub struct $name(pub Uuid);

        impl TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, DbErr> {
                Err(DbErr::ConvertFromU64(stringify!($name)))
            }
        }
    )*};
}

ids! {
    /// A client company.
    TenantId
    /// Platform staff.
    OperatorId
    /// One person's way in: an e-mail with its password, at one tenant or on the platform.
    LoginId
    /// A signed-in person, from sign-in to sign-out; also the family of refresh tokens.
    SessionId
    /// A key that signs access tokens.
    SigningKeyId
    /// A key of the platform's.
    PlatformKeyId
    /// A key that wraps a tenant's content keys.
    TenantKeyId
    /// A key that seals content.
    ContentKeyId
    /// A person of a tenant.
    UserId
    /// A connection to a provider, a tenant's own or the platform's.
    ChannelId
    /// A way from a channel, or a number on it, to its tenant.
    RouteId
    /// A monitored WhatsApp number.
    NumberId
    /// One webhook POST.
    DeliveryId
    /// An item that could not be placed or understood.
    ParkedId
    /// The other person: the data subject.
    ContactId
    /// One name by which a contact is known to a provider.
    AliasId
    /// One number with one contact, or a group.
    ConversationId
    /// A message.
    MessageId
    /// One version of a message.
    VersionId
    /// A medium of a message.
    MediaId
    /// One person's reaction to a message.
    ReactionId
    /// An event that came before its message.
    HeldId
    /// A policy.
    PolicyId
    /// One version of a policy.
    PolicyVersionId
    /// A watched term.
    TermId
    /// One version of a term.
    TermVersionId
    /// An alert.
    AlertId
    /// One term found in one version of a message.
    MatchId
    /// A run of terms over stored history.
    HistoryScanId
    /// A piece of work that waits to be done.
    JobId
}
