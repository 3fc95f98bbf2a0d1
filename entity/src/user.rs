//! A person of a tenant.

use sea_orm::entity::prelude::*;

use crate::*;

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Role {
    /// Administers; reads no content.
    #[sea_orm(num_value = 0)]
    Owner,
    /// The LGPD's encarregado or gestor.
    #[sea_orm(num_value = 1)]
    DataManager,
    /// Reads content and judges alerts.
    #[sea_orm(num_value = 2)]
    Reviewer,
    /// Reads the record, changes nothing.
    #[sea_orm(num_value = 3)]
    Auditor,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UserId,
    pub name: Sealed,
    pub email: Sealed,
    pub email_index: BlindIndex,
    pub role: Role,
    pub created_at: Timestamp,
    pub disabled_at: Option<Timestamp>,
}

table!(tenant);
