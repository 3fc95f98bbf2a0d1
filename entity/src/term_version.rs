//! One version of a term. Immutable: matches point at it.

use sea_orm::entity::prelude::*;

use crate::*;

/// A built-in detector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Detector {
    /// CPF.
    #[sea_orm(num_value = 0)]
    Cpf,
    /// CNPJ.
    #[sea_orm(num_value = 1)]
    Cnpj,
    /// Payment card.
    #[sea_orm(num_value = 2)]
    PaymentCard,
    /// PIX key.
    #[sea_orm(num_value = 3)]
    PixKey,
    /// E-mail address.
    #[sea_orm(num_value = 4)]
    Email,
    /// Phone.
    #[sea_orm(num_value = 5)]
    Phone,
    /// Bank account.
    #[sea_orm(num_value = 6)]
    BankAccount,
}

/// Where in a word a pattern may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Mode {
    /// Whole words.
    #[sea_orm(num_value = 0)]
    Word,
    /// At a word's beginning.
    #[sea_orm(num_value = 1)]
    Prefix,
    /// Anywhere.
    #[sea_orm(num_value = 2)]
    Substring,
}

/// How much is folded away before comparing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Strictness {
    /// As typed.
    #[sea_orm(num_value = 0)]
    Exact,
    /// Case and accents.
    #[sea_orm(num_value = 1)]
    Folded,
    /// Also what is used to hide words.
    #[sea_orm(num_value = 2)]
    Disguised,
}

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "term_version")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TermVersionId,
    pub term_id: TermId,
    pub version: i32,
    pub pattern: Option<Sealed>,
    pub detector: Option<Detector>,
    pub mode: Mode,
    pub strictness: Strictness,
    pub created_at: Timestamp,
}

table!(tenant);
