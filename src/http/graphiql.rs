//! `GET /graphiql`: a small page to sign in and try queries on, that loads nothing from elsewhere.
//!
//! A query to begin with comes behind the `#` of the address, which no server gets to see.

use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const PAGE: &str = include_str!("graphiql.html");

/// The page.
pub fn routes() -> Router {
    Router::new().route("/graphiql", get(page))
}

async fn page() -> Response {
    let nonce = STANDARD.encode(crate::clock::random::<16>());
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-{nonce}'; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'"
    );
    let Ok(policy) = HeaderValue::from_str(&policy) else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let mut response = Html(PAGE.replace("NONCE", &nonce)).into_response();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}
