//! The rows of Vigia's tables and the types of their columns: sea-orm alone, no rules.
//!
//! One file a table. A table of a tenant's implements [`TenantTable`]; the others are the few platform tables that
//! must be read before a tenant is known. Columns of type [`Sealed`] hold nothing that opens without the tenant's
//! keys; columns of type [`BlindIndex`] can be looked up by who holds the index key, and tell nothing else.

mod column;
mod id;

pub mod alert;
pub mod alias;
pub mod channel;
pub mod contact;
pub mod content_key;
pub mod conversation;
pub mod delivery;
pub mod head;
pub mod held;
pub mod history_scan;
pub mod job;
pub mod journal;
pub mod login;
pub mod r#match;
pub mod media;
pub mod message;
pub mod message_version;
pub mod number;
pub mod operator;
pub mod parked;
pub mod platform_channel;
pub mod platform_key;
pub mod policy;
pub mod policy_version;
pub mod reaction;
pub mod route;
pub mod session;
pub mod signing_key;
pub mod tenant;
pub mod tenant_key;
pub mod term;
pub mod term_version;
pub mod user;

pub use column::{BlindIndex, Sealed, Timestamp};
pub use id::*;

use sea_orm::EntityTrait;

/// A table whose rows each belong to one tenant.
pub trait TenantTable: EntityTrait {
    /// The column that says whose the row is.
    const TENANT: Self::Column;
}

/// Declares an entity's (absent) relations and hooks, and for a tenant's table whose it is.
macro_rules! table {
    (tenant) => {
        table!(platform);
        impl crate::TenantTable for Entity {
            const TENANT: Self::Column = Column::TenantId;
        }
    };
    (platform) => {
        #[derive(Copy, Clone, Debug, sea_orm::EnumIter, sea_orm::DeriveRelation)]
        pub enum Relation {}
        impl sea_orm::ActiveModelBehavior for ActiveModel {}
    };
}
pub(crate) use table;
