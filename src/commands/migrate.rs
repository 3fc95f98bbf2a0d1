//! `vigia migrate`.

use std::path::Path;

use serde_json::json;
use vigia::clock::Clock;
use vigia::config::DatabaseAt;
use vigia::error::Error;
use vigia::telemetry::start_log;
use vigia::{app, db};

use super::{Done, Output, settings};

/// Brings the schema up to date; on PostgreSQL as the owner, and grants the server's role what it needs.
pub async fn run(file: Option<&Path>, output: Output) -> Done {
    let config = settings(file)?;
    start_log("warn", config.log_format);
    match &config.database {
        DatabaseAt::File(_) => drop(app::open(&config, Clock::default()).await?),
        DatabaseAt::Postgres(url) => {
            let owner = config.migration_url.as_ref().ok_or_else(|| {
                Error::input("Set VIGIA_MIGRATION_URL to the owner's URL: the server's role may not migrate.")
            })?;
            let (role, password) = db::role_of(url)?;
            db::migrate(owner, &role, password.as_ref().map(|password| password.as_str())).await?;
        }
    }
    Ok(output.done("The schema is up to date.", &json!({ "migrated": true })))
}
