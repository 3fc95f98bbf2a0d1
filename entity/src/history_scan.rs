//! A run over stored history: of an adopted policy, or of a term that is only tried. Its progress stands in its row.

use sea_orm::entity::prelude::*;

use crate::*;

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum State {
    /// Nobody has begun.
    #[sea_orm(num_value = 0)]
    Waiting,
    /// Begun.
    #[sea_orm(num_value = 1)]
    Running,
    /// Everything was looked at.
    #[sea_orm(num_value = 2)]
    Done,
    /// A person ended it.
    #[sea_orm(num_value = 3)]
    Cancelled,
    /// It could not go on.
    #[sea_orm(num_value = 4)]
    Failed,
}

/// Why it could not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Failure {
    /// It failed too often.
    #[sea_orm(num_value = 0)]
    GivenUp,
    /// The policy is not active any more, or has no terms left.
    #[sea_orm(num_value = 1)]
    NothingToFind,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "history_scan")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: HistoryScanId,
    pub state: State,
    pub failure: Option<Failure>,
    /// The adopted policy; none for a term that is tried.
    pub policy_id: Option<PolicyId>,
    /// The term that is tried.
    pub pattern: Option<Sealed>,
    pub detector: Option<term_version::Detector>,
    pub mode: Option<term_version::Mode>,
    pub strictness: Option<term_version::Strictness>,
    /// Only messages sent then or later.
    pub sent_after: Option<Timestamp>,
    /// Only messages sent earlier.
    pub sent_before: Option<Timestamp>,
    /// Up to where it has walked: conversation by conversation, each in the order of time.
    pub at_conversation: Option<ConversationId>,
    pub at_sent: Option<Timestamp>,
    pub at_message: Option<MessageId>,
    /// The last match in the conversation it is at: whether the next one belongs to the same alert.
    pub last_match_at: Option<Timestamp>,
    /// When the oldest and the newest message it looked at were sent.
    pub oldest_sent: Option<Timestamp>,
    pub newest_sent: Option<Timestamp>,
    /// Messages to look at, as there were when it was asked for.
    pub total: i64,
    /// Messages with words that were scanned.
    pub scanned: i64,
    /// Messages with nothing readable.
    pub not_scanned: i64,
    pub hits: i64,
    pub alerts: i64,
    pub created_at: Timestamp,
    pub finished_at: Option<Timestamp>,
}

table!(tenant);
