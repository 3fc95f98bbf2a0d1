//! A name for every request, in its answer and in every line logged while it is served.

use std::sync::Arc;

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use tokio::time::Instant;
use tracing::Instrument;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of the request being served, among the request's extensions.
#[derive(Clone)]
pub struct RequestId(pub Arc<str>);

/// Makes an id that was never used: visible ASCII, without spaces.
pub type NewRequestId = Arc<dyn Fn() -> String + Send + Sync>;

/// Middleware: names the request, answers with `x-request-id`, and logs one line when the answer's head is ready. An id
/// that the client sent is not believed: whoever chooses ids can hide among those of others.
///
/// Layer it outermost, so that refusals of other layers carry the id too. The line names the matched route, never the
/// address itself, which may hold a secret.
pub async fn identify(State(next_id): State<NewRequestId>, mut request: Request, next: Next) -> Response {
    let id: Arc<str> = next_id().into();
    request.extensions_mut().insert(RequestId(Arc::clone(&id)));
    let span = tracing::info_span!("request", request_id = &*id);
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().cloned();
    async move {
        let begun = Instant::now();
        let mut response = next.run(request).await;
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(HEADER, value);
        }
        let route = path.as_ref().map_or("unmatched", MatchedPath::as_str);
        let elapsed_ms = begun.elapsed().as_secs_f64() * 1_000.0;
        tracing::info!(%method, route, status = response.status().as_u16(), elapsed_ms, "answered");
        response
    }
    .instrument(span)
    .await
}
