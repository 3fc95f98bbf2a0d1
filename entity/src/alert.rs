//! The matches of one policy version in one conversation that belong together.

use sea_orm::entity::prelude::*;

use crate::*;

/// Where its handling stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Status {
    /// Nobody took it.
    #[sea_orm(num_value = 0)]
    Open,
    /// Somebody looks at it.
    #[sea_orm(num_value = 1)]
    InReview,
    /// Handed up.
    #[sea_orm(num_value = 2)]
    Escalated,
    /// Judged.
    #[sea_orm(num_value = 3)]
    Closed,
}

/// What was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Verdict {
    /// It is what it looked like.
    #[sea_orm(num_value = 0)]
    Confirmed,
    /// It was right to look, and nothing was wrong.
    #[sea_orm(num_value = 1)]
    Cleared,
    /// The term was not meant.
    #[sea_orm(num_value = 2)]
    FalsePositive,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alert")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AlertId,
    /// Counts a tenant's alerts from 1.
    pub sequence: i32,
    pub policy_id: PolicyId,
    pub policy_version_id: PolicyVersionId,
    pub conversation_id: ConversationId,
    pub number_id: NumberId,
    pub status: Status,
    pub verdict: Option<Verdict>,
    pub severity: policy_version::Severity,
    pub found_afterwards: bool,
    pub raised_at: Timestamp,
    /// When the newest matched message was sent.
    pub last_match_at: Timestamp,
    /// Moves with every change of its handling, for optimistic locking.
    pub version: i32,
    pub assignee_id: Option<UserId>,
}

table!(tenant);
