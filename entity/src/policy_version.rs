//! One version of a policy. Immutable: alerts point at it.

use sea_orm::entity::prelude::*;

use crate::*;

/// The law's ground for watching (LGPD art. 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum LegalBasis {
    /// Art. 7, I.
    #[sea_orm(num_value = 0)]
    Consent,
    /// Art. 7, II.
    #[sea_orm(num_value = 1)]
    LegalObligation,
    /// Art. 7, V.
    #[sea_orm(num_value = 2)]
    Contract,
    /// Art. 7, VI.
    #[sea_orm(num_value = 3)]
    ExerciseOfRights,
    /// Art. 7, IX.
    #[sea_orm(num_value = 4)]
    LegitimateInterest,
    /// Art. 7, X.
    #[sea_orm(num_value = 5)]
    CreditProtection,
}

/// How grave a match is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Severity {
    /// Low.
    #[sea_orm(num_value = 0)]
    Low,
    /// Medium.
    #[sea_orm(num_value = 1)]
    Medium,
    /// High.
    #[sea_orm(num_value = 2)]
    High,
    /// Critical.
    #[sea_orm(num_value = 3)]
    Critical,
}

/// Whether its terms are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum State {
    /// Not yet.
    #[sea_orm(num_value = 0)]
    Draft,
    /// Yes.
    #[sea_orm(num_value = 1)]
    Active,
    /// Not for now.
    #[sea_orm(num_value = 2)]
    Paused,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "policy_version")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PolicyVersionId,
    pub policy_id: PolicyId,
    pub version: i32,
    pub name: Sealed,
    pub purpose: Sealed,
    pub legal_basis: LegalBasis,
    pub severity: Severity,
    pub state: State,
    pub grouping_minutes: i32,
    pub created_at: Timestamp,
}

table!(tenant);
