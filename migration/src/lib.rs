//! The history of Vigia's schema, the same on both engines.
//!
//! A tenant's table is created through [`law::tenant_table`] and no other way: it brings the composite keys and,
//! on PostgreSQL, the forced row-level security without which such a table would be a hole in the wall between tenants.

pub mod law;
mod m20261124_000001_foundation;
mod m20261124_000002_history;

pub use sea_orm_migration::prelude::{MigrationTrait, MigratorTrait};

/// Every migration, oldest first.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m20261124_000001_foundation::Migration), Box::new(m20261124_000002_history::Migration)]
    }
}
