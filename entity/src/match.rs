//! One term found in one version of a message.

use sea_orm::entity::prelude::*;

use crate::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "match")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MatchId,
    pub alert_id: AlertId,
    pub term_id: TermId,
    pub term_version_id: TermVersionId,
    pub message_id: MessageId,
    pub version_id: VersionId,
    pub source: message_version::Source,
    /// Pairs of little-endian u32: start and end in Unicode scalars.
    pub spans: Vec<u8>,
    /// The folding steps, one bit each.
    pub steps: i16,
}

table!(tenant);
