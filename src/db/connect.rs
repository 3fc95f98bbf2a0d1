//! Opening the database, and what each engine must be told.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use migration::{Migrator, MigratorTrait};
use percent_encoding::percent_decode_str;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, RuntimeErr, Statement};
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use zeroize::Zeroizing;

use super::Db;
use crate::error::{Error, Result};

/// The storage engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Embedded: one writer, several readers.
    Sqlite,
    /// Everything else.
    Postgres,
}

/// Readers of an embedded database.
const SQLITE_READERS: u32 = 4;
/// Connections that write. Commits of one tenant are ordered by its head, so that more would only wait.
const POSTGRES_WRITERS: u32 = 8;
/// Connections that read.
const POSTGRES_READERS: u32 = 12;
/// How long a connection is waited for before the answer is 503.
const ACQUIRE: Duration = Duration::from_secs(2);

impl Db {
    /// Opens the embedded database in `file`, made if absent.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub async fn open_sqlite(file: &Path) -> Result<Self> {
        make_private_file(file)?;
        // A path is passed as such: in a URL, `?` or `#` in a folder's name would cut it short.
        let file = file.to_owned();
        let options = |connections| {
            let file = file.clone();
            let mut options = ConnectOptions::new("sqlite://vigia");
            options
                .max_connections(connections)
                .acquire_timeout(ACQUIRE)
                .sqlx_logging(false)
                .record_stmt_in_spans(false);
            options.map_sqlx_sqlite_opts(move |sqlite| {
                sqlite
                    .filename(&file)
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .foreign_keys(true)
                    .busy_timeout(Duration::from_secs(5))
                    .pragma("secure_delete", "ON")
                    .pragma("temp_store", "MEMORY")
                    .statement_cache_capacity(256)
            });
            // A full disk makes SQLite roll back by itself; the driver then takes the connection for one that is still in
            // a transaction, and every later commit on it would be none. Such a connection is never used again.
            options.map_sqlx_sqlite_pool_opts(|pool| {
                pool.after_release(|connection, _| {
                    Box::pin(async move {
                        // Waits for the rollback that is under way.
                        connection.ping().await?;
                        Ok(!connection.is_in_transaction())
                    })
                })
            });
            options
        };
        let write = connect(options(1)).await?;
        let read = connect(options(SQLITE_READERS)).await?;
        Ok(Self { engine: Engine::Sqlite, write, read, statements: Arc::default() })
    }

    /// Connects to PostgreSQL as the server's role.
    ///
    /// # Errors
    /// When it cannot be reached, or when the role could step over the walls between tenants: a superuser, the owner
    /// of a table, a role that bypasses row security, or a member of one of these.
    pub async fn open_postgres(url: &str) -> Result<Self> {
        let write = connect(postgres(url, POSTGRES_WRITERS, false)).await?;
        let read = connect(postgres(url, POSTGRES_READERS, true)).await?;
        refuse_mighty_role(&read).await?;
        Ok(Self { engine: Engine::Postgres, write, read, statements: Arc::default() })
    }
}

/// The database is its owner's alone; the journal that SQLite keeps beside it takes over its mode.
fn make_private_file(file: &Path) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let fail = |error| Error::internal(format!("The database {} cannot be opened.", file.display())).because(error);
    std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(file).map_err(fail)?;
    Ok(())
}

fn postgres(url: &str, connections: u32, reads: bool) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options.max_connections(connections).acquire_timeout(ACQUIRE).sqlx_logging(false).record_stmt_in_spans(false);
    options.map_sqlx_postgres_opts(move |postgres| {
        // A node that stalls in the middle of a transaction must not hold a tenant for longer than seconds.
        let postgres = postgres.application_name("vigia").statement_cache_capacity(256).options([
            ("lock_timeout", "4s"),
            ("statement_timeout", "5s"),
            ("idle_in_transaction_session_timeout", "10s"),
            // A plan made while a table was small is kept for good until statistics move, and reads the whole tenant
            // once it is large (267 ms instead of 1 for a batch's look-up at 50 000 messages).
            ("plan_cache_mode", "force_custom_plan"),
        ]);
        if reads {
            // Nested fields of one operation see one moment.
            postgres.options([
                ("default_transaction_isolation", "repeatable read"),
                ("default_transaction_read_only", "on"),
            ])
        } else {
            postgres
        }
    });
    options
}

#[expect(clippy::disallowed_methods, reason = "the one place where connections are made")]
async fn connect(options: ConnectOptions) -> Result<DatabaseConnection> {
    Database::connect(options).await.map_err(|error| match refusal(&error) {
        Some(message) => Error::internal(message).because(error),
        None => error.into(),
    })
}

/// What to do where PostgreSQL is there and turns its guest away.
///
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn refusal(error: &DbErr) -> Option<&'static str> {
    let (DbErr::Conn(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error else {
        return None;
    };
    match error.as_database_error()?.code()?.as_ref() {
        "28000" | "28P01" => Some(
            "PostgreSQL does not let the role in VIGIA_DATABASE_URL in: `vigia migrate` makes it in a new database; \
             else its password is another.",
        ),
        "3D000" => Some("The database that VIGIA_DATABASE_URL names does not exist."),
        _ => None,
    }
}

async fn refuse_mighty_role(db: &DatabaseConnection) -> Result<()> {
    let row = db
        .query_one_raw(Statement::from_string(
            db.get_database_backend(),
            // Whoever is a member of a role can become it.
            "select exists (
                 select 1 from pg_roles r where (r.rolsuper or r.rolbypassrls) and pg_has_role(r.oid, 'member')
             ) or exists (
                 select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace
                 where pg_has_role(c.relowner, 'member') and c.relkind = 'r' and n.nspname = current_schema()
             )",
        ))
        .await?;
    let mighty = row.map(|row| row.try_get_by_index::<bool>(0)).transpose()?.unwrap_or(true);
    if mighty {
        return Err(Error::internal(
            "VIGIA_DATABASE_URL names a superuser, an owner of the tables, or a role that bypasses row security: \
             give the server a role that owns nothing (`vigia migrate` makes it).",
        ));
    }
    Ok(())
}

/// Whether migrations are missing.
///
/// # Errors
/// What the database says.
pub async fn needs_migration(db: &Db) -> Result<bool> {
    if db.engine == Engine::Sqlite {
        return Ok(!Migrator::get_pending_migrations(&db.write).await?.is_empty());
    }
    // The server's role may not create the table of migrations, which asking for pending ones would do.
    let applied: i64 = match db
        .read
        .query_one_raw(Statement::from_string(db.read.get_database_backend(), "select count(*) from seaql_migrations"))
        .await
    {
        Ok(row) => row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(0),
        Err(DbErr::Query(_)) => 0,
        Err(error) => return Err(error.into()),
    };
    Ok(usize::try_from(applied).unwrap_or(0) < Migrator::migrations().len())
}

impl Db {
    /// Brings the embedded database to the newest schema. PostgreSQL is migrated by [`migrate`], as the owner.
    ///
    /// # Errors
    /// What the database says.
    pub async fn migrate_embedded(&self) -> Result<()> {
        Ok(Migrator::up(&self.write, None).await?)
    }
}

/// The role and the password in a PostgreSQL URL.
///
/// # Errors
/// When it is no such URL, or names no role.
pub fn role_of(url: &str) -> Result<(String, Option<Zeroizing<String>>)> {
    let fault =
        || Error::input("VIGIA_DATABASE_URL must name the server's role: postgres://role:password@host/database.");
    let authority = url.split_once("://").and_then(|(_, rest)| rest.split(['/', '?']).next()).ok_or_else(fault)?;
    let (credentials, _) = authority.rsplit_once('@').ok_or_else(fault)?;
    let (role, password) = match credentials.split_once(':') {
        Some((role, password)) => (role, Some(password)),
        None => (credentials, None),
    };
    let decode = |text: &str| percent_decode_str(text).decode_utf8().map(|text| text.into_owned()).map_err(|_| fault());
    if role.is_empty() {
        return Err(fault());
    }
    Ok((decode(role)?, password.map(decode).transpose()?.map(Zeroizing::new)))
}

/// Brings a PostgreSQL database to the newest schema, as its owner, and grants the server's role what it needs:
/// rows, never tables; the journal can be added to and read, not changed. Makes the role where the owner may.
///
/// # Errors
/// What the database says; when the role is missing and may not be made.
pub async fn migrate(owner_url: &str, role: &str, password: Option<&str>) -> Result<()> {
    let mut options = ConnectOptions::new(owner_url);
    options.max_connections(1).sqlx_logging(false);
    let db = connect(options).await?;
    Migrator::up(&db, None).await?;
    let exists = db
        .query_one_raw(Statement::from_sql_and_values(
            db.get_database_backend(),
            "select 1 from pg_roles where rolname = $1",
            [role.into()],
        ))
        .await?
        .is_some();
    let quoted = format!("\"{}\"", role.replace('"', "\"\""));
    if !exists {
        let password = password.map(|p| format!(" password '{}'", p.replace('\'', "''"))).unwrap_or_default();
        db.execute_unprepared(&format!(
            "create role {quoted} login nosuperuser nobypassrls nocreatedb nocreaterole{password}"
        ))
        .await
        .map_err(|error| {
            Error::internal("The server's role does not exist and the owner may not create it.").because(error)
        })?;
    }
    db.execute_unprepared(&format!(
        "grant usage on schema public to {quoted};
         grant select, insert, update, delete on all tables in schema public to {quoted};
         revoke update, delete on journal from {quoted};
         revoke insert, update, delete on seaql_migrations from {quoted}"
    ))
    .await?;
    db.close().await?;
    Ok(())
}
