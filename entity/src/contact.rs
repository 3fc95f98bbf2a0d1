//! The other person: the data subject.

use sea_orm::entity::prelude::*;

use crate::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contact")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ContactId,
    /// The contact this one turned out to be; ids keep resolving.
    pub merged_into: Option<ContactId>,
    pub name: Option<Sealed>,
    pub created_at: Timestamp,
}

table!(tenant);
