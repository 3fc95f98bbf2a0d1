//! Whether it lives, whether it can serve, and what it measured.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::db::Db;
use crate::telemetry::Metrics;

/// The database is away if it says nothing for so long.
const PATIENCE: Duration = Duration::from_secs(2);

struct Health {
    db: Db,
    metrics: Metrics,
    shutdown: CancellationToken,
}

/// `GET /health/live`, `/health/ready` and `/metrics`.
pub fn routes(db: Db, metrics: Metrics, shutdown: CancellationToken) -> Router {
    Router::new()
        .route("/health/live", get(|| async { "alive\n" }))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics_text))
        .with_state(Arc::new(Health { db, metrics, shutdown }))
}

/// 200, or 503 with what is not ready, in words.
async fn ready(State(health): State<Arc<Health>>) -> Response {
    let database = match tokio::time::timeout(PATIENCE, health.db.ping()).await {
        Ok(Ok(())) => "ready",
        Ok(Err(_)) => "away",
        Err(_) => "does not answer",
    };
    let server = if health.shutdown.is_cancelled() { "stopping" } else { "ready" };
    let is_ready = database == "ready" && server == "ready";
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({ "ready": is_ready, "database": database, "server": server });
    (status, [(header::CONTENT_TYPE, "application/json")], format!("{body}\n")).into_response()
}

async fn metrics_text(State(health): State<Arc<Health>>) -> Response {
    match health.metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
            .into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
