//! `vigia serve`.

use std::path::Path;
use std::process::ExitCode;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use vigia::app::{self, App};
use vigia::clock::Clock;
use vigia::error::Error;
use vigia::telemetry::start_log;

use super::{Done, settings};

/// Serves until it is told to stop.
pub async fn run(file: Option<&Path>) -> Done {
    let config = settings(file)?;
    start_log(&config.log, config.log_format);
    let core = app::open(&config, Clock::default()).await?;
    let app = App::build(&config, core).await?;
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|error| Error::input(format!("{} cannot be listened on.", config.listen)).because(error))?;
    for setting in &config.without_effect {
        tracing::warn!("{setting} is set and has no effect yet");
    }
    let shutdown = CancellationToken::new();
    let signals = tokio::spawn(app::stop_on_signal(shutdown.clone()));
    app.run(listener, shutdown).await?;
    signals.abort();
    Ok(ExitCode::SUCCESS)
}
