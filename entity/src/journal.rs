//! A tenant's ordered record of everything that happened, in two chains.

use sea_orm::entity::prelude::*;

use crate::*;

/// Which record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Chain {
    /// What changed.
    #[sea_orm(num_value = 0)]
    Event,
    /// Who read what content.
    #[sea_orm(num_value = 1)]
    Access,
}

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum ActorKind {
    /// Vigia itself, on what a provider delivered.
    #[sea_orm(num_value = 0)]
    System,
    /// A person of the tenant.
    #[sea_orm(num_value = 1)]
    User,
    /// Platform staff.
    #[sea_orm(num_value = 2)]
    Operator,
    /// Whoever runs the binary.
    #[sea_orm(num_value = 3)]
    CommandLine,
}

/// What happened. 0 to 49 concern the tenant, 50 to 99 messages, 100 to 199 alerts, 200 up reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Kind {
    /// The tenant began.
    #[sea_orm(num_value = 0)]
    TenantFounded,
    /// The tenant was suspended.
    #[sea_orm(num_value = 1)]
    TenantSuspended,
    /// The tenant was resumed.
    #[sea_orm(num_value = 2)]
    TenantResumed,
    /// A person was added.
    #[sea_orm(num_value = 3)]
    UserCreated,
    /// A person's name or role changed.
    #[sea_orm(num_value = 4)]
    UserUpdated,
    /// A person was shut out.
    #[sea_orm(num_value = 5)]
    UserDisabled,
    /// A person changed the password.
    #[sea_orm(num_value = 6)]
    PasswordChanged,
    /// A channel was added.
    #[sea_orm(num_value = 7)]
    ChannelCreated,
    /// A channel's secrets were replaced.
    #[sea_orm(num_value = 8)]
    ChannelSecretsRotated,
    /// A number is monitored from now on.
    #[sea_orm(num_value = 9)]
    NumberRegistered,
    /// A policy was added.
    #[sea_orm(num_value = 10)]
    PolicyCreated,
    /// A policy has a new version.
    #[sea_orm(num_value = 11)]
    PolicyUpdated,
    /// A term is watched.
    #[sea_orm(num_value = 12)]
    TermCreated,
    /// A term has a new version.
    #[sea_orm(num_value = 13)]
    TermUpdated,
    /// A term is watched no more.
    #[sea_orm(num_value = 14)]
    TermDeleted,
    /// A run over stored history was asked for.
    #[sea_orm(num_value = 15)]
    HistoryScanStarted,
    /// A run over stored history came to its end, whichever that was.
    #[sea_orm(num_value = 16)]
    HistoryScanEnded,
    /// A message was stored.
    #[sea_orm(num_value = 50)]
    MessageReceived,
    /// A message has a new version.
    #[sea_orm(num_value = 51)]
    MessageEdited,
    /// A message was deleted by its author.
    #[sea_orm(num_value = 52)]
    MessageDeleted,
    /// A reaction was put on or taken off.
    #[sea_orm(num_value = 53)]
    ReactionChanged,
    /// A message got further, or failed.
    #[sea_orm(num_value = 54)]
    StatusChanged,
    /// Two contacts turned out to be one.
    #[sea_orm(num_value = 55)]
    ContactsMerged,
    /// A contact is known by a further name.
    #[sea_orm(num_value = 56)]
    AliasLearnt,
    /// An alert was raised.
    #[sea_orm(num_value = 100)]
    AlertRaised,
    /// A further match joined an alert.
    #[sea_orm(num_value = 101)]
    AlertMatched,
    /// Content was read.
    #[sea_orm(num_value = 200)]
    ContentRead,
    /// A term was tried on stored messages.
    #[sea_orm(num_value = 201)]
    HistoryPreviewed,
    /// Parked items were taken up again.
    #[sea_orm(num_value = 40)]
    ParkedReplayed,
    /// A person signed in.
    #[sea_orm(num_value = 41)]
    SignedIn,
    /// A session ended before its time.
    #[sea_orm(num_value = 42)]
    SessionRevoked,
    /// A spent refresh token was shown again; its family was ended.
    #[sea_orm(num_value = 43)]
    RefreshTokenReused,
    /// An exported chat was read in.
    #[sea_orm(num_value = 44)]
    Imported,
    /// The chains and sealed values were walked.
    #[sea_orm(num_value = 45)]
    Verified,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "journal")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub chain: Chain,
    /// From 1, without a gap.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    pub at: Timestamp,
    pub kind: Kind,
    pub actor_kind: ActorKind,
    pub actor_id: Option<Uuid>,
    /// What it happened to.
    pub subject_id: Option<Uuid>,
    /// Ids and facts as JSON, never content.
    pub detail: Vec<u8>,
    pub prev_hash: Vec<u8>,
    pub hash: Vec<u8>,
}

table!(tenant);
