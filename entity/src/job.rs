//! A piece of work that waits to be done, or is being done by who holds its lease. Holds no content.

use sea_orm::entity::prelude::*;

use crate::*;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Kind {
    /// To walk stored history; the subject is the scan.
    #[sea_orm(num_value = 0)]
    HistoryScan,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: JobId,
    pub tenant_id: TenantId,
    pub kind: Kind,
    /// What it is about, in the tenant's tables.
    pub subject_id: Uuid,
    /// Not before.
    pub due_at: Timestamp,
    /// Until when somebody has it; none while nobody does. No two leases of a job end at the same moment, so that this
    /// also tells who has it.
    pub leased_until: Option<Timestamp>,
    /// How often it was taken up since it last made progress.
    pub attempts: i32,
    pub created_at: Timestamp,
}

table!(platform);
