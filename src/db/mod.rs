//! The only door to the database.
//!
//! The pools are private. Rows of a tenant are read and written through a [`TenantTx`], which comes from a
//! [`TenantScope`], which comes from a proof. What must be known before a tenant is has its named functions in
//! [`system`]. Statements of a bare connection do not compile:
//!
//! ```compile_fail
//! use sea_orm::EntityTrait;
//! async fn forgets_the_tenant(scope: &vigia::db::TenantScope) {
//!     entity::message::Entity::find().all(scope).await.unwrap();
//! }
//! ```

mod connect;
mod insert;
mod keyed;
mod lanes;
mod page;
mod proof;
mod scope;
pub mod system;

pub use connect::{Engine, migrate, needs_migration, role_of};
pub use lanes::{Lanes, Overloaded};
pub use page::{Page, PageArgs, Position, SortKey, page, position};
pub use proof::{Appointed, Claimed, Routed, Session, TenantProof};
pub use scope::{Rows, TenantScope, TenantTx};

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sea_orm::{
    AccessMode, DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};

/// The database: one pool that writes, one that reads.
#[derive(Clone)]
pub struct Db {
    engine: Engine,
    write: DatabaseConnection,
    read: DatabaseConnection,
    statements: Arc<AtomicU64>,
}

impl Db {
    /// Opens a tenant's scope to whoever proves to speak for it.
    pub fn scope(&self, proof: &impl TenantProof) -> TenantScope {
        TenantScope::new(self.clone(), proof.tenant())
    }

    /// Which engine it is.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// How many statements were run so far, the ends of transactions included.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// What it says, or that it does not answer in time.
    pub async fn ping(&self) -> Result<(), DbErr> {
        // A reader: under load the one writer of the embedded database is rightly busy.
        self.read.ping().await
    }

    async fn begin_write(&self) -> Result<DatabaseTransaction, DbErr> {
        self.count();
        // A deferred transaction that reads first cannot become a writer once another one has written.
        let sqlite_transaction_mode = (self.engine == Engine::Sqlite).then_some(SqliteTransactionMode::Immediate);
        self.write
            .begin_with_options(TransactionOptions {
                isolation_level: None,
                access_mode: None,
                sqlite_transaction_mode,
            })
            .await
    }

    async fn begin_read(&self) -> Result<DatabaseTransaction, DbErr> {
        self.count();
        self.read.begin_with_config(None, None::<AccessMode>).await
    }

    fn count(&self) {
        self.statements.fetch_add(1, Ordering::Relaxed);
    }
}
