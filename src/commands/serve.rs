//! `vigia serve`.

use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use vigia::app::{self, App};
use vigia::clock::Clock;
use vigia::error::Error;
use vigia::telemetry::start_log;

use super::{Done, Output, settings};

/// Serves until it is told to stop.
pub async fn run(file: Option<&Path>, output: Output) -> Done {
    let config = settings(file)?;
    start_log(&config.log, config.log_format);
    let makes_key = app::makes_key(&config);
    let core = app::open(&config, Clock::default()).await?;
    let mut app = App::build(&config, core).await?;
    if makes_key {
        app.notes.push(
            "a master key was made in the data directory: without it nothing can be read, keep a copy elsewhere".into(),
        );
    }
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|error| Error::input(format!("{} cannot be listened on.", config.listen)).because(error))?;
    if output.json {
        let address =
            listener.local_addr().map_err(|error| Error::internal("The listener has no address.").because(error))?;
        output.print(&json!({ "url": format!("http://{address}") }));
    }
    let shutdown = CancellationToken::new();
    let signals = tokio::spawn(app::stop_on_signal(shutdown.clone()));
    app.run(listener, shutdown).await?;
    signals.abort();
    Ok(ExitCode::SUCCESS)
}
