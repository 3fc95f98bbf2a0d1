//! GraphQL over HTTP, by the [working draft](https://graphql.github.io/graphql-over-http/draft/).
//!
//! Nothing here can be sent by a foreign page without the browser asking first: POST takes JSON alone, and GET reads only.

use std::{borrow::Cow, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    body::{Body, HttpBody},
    extract::{ConnectInfo, FromRequestParts, Query, Request, State, ws::WebSocketUpgrade},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use futures_util::TryStreamExt;
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{graphql_ws, request_id::RequestId};
use crate::graphql::operation::{self, Answer, Authenticate, Credentials, Engine, Kind, Params};
use crate::telemetry::Metrics;

/// Larger bodies get 413.
const MAX_BODY_BYTES: usize = 1024 * 1024;
/// Slower bodies get 408.
const BODY_DEADLINE: Duration = Duration::from_secs(30);
/// Sockets open at once whose holder has not shown a token yet.
const MAX_UNAUTHENTICATED_SOCKETS: usize = 100;

/// Everything `/graphql` needs, filled in by the composition root.
pub struct GraphqlEdge {
    pub(super) engine: Engine,
    pub(super) authenticate: Authenticate,
    /// Sockets are closed with 1012 when it is cancelled.
    pub(super) shutdown: CancellationToken,
    /// Counts the sockets, so that they are waited for.
    pub(super) tasks: TaskTracker,
    pub(super) unauthenticated: Arc<Semaphore>,
    pub(super) metrics: Metrics,
}

impl GraphqlEdge {
    /// `shutdown` and `tasks` are those of [`super::listener::serve`].
    pub fn new(
        engine: Engine,
        authenticate: Authenticate,
        shutdown: CancellationToken,
        tasks: TaskTracker,
        metrics: Metrics,
    ) -> Self {
        let unauthenticated = Arc::new(Semaphore::new(MAX_UNAUTHENTICATED_SOCKETS));
        Self { engine, authenticate, shutdown, tasks, unauthenticated, metrics }
    }
}

/// `GET` and `POST /graphql`. Needs [`super::request_id::identify`] and the connection's address round it.
pub fn routes(edge: GraphqlEdge) -> Router {
    Router::new().route("/graphql", get(read).post(post)).with_state(Arc::new(edge))
}

async fn post(
    State(edge): State<Arc<GraphqlEdge>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Extension(request_id): Extension<RequestId>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let reply = Reply::to(&parts.headers, request_id);
    let outcome = async {
        reply.acceptable()?;
        if !is_json(&parts.headers) || parts.headers.contains_key(header::CONTENT_ENCODING) {
            let message = "Send the request as application/json, in UTF-8, not compressed.";
            return Err(Fault(StatusCode::UNSUPPORTED_MEDIA_TYPE, message.into()));
        }
        let body = read_body(body).await?;
        let params = parse(&body)?;
        Ok(run(&edge, &parts.headers, peer, params, &reply, Allowed::QueriesAndMutations).await)
    };
    outcome.await.unwrap_or_else(|Fault(status, message)| reply.fault(status, &message))
}

/// A query by GET, or a socket.
async fn read(
    State(edge): State<Arc<GraphqlEdge>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Extension(request_id): Extension<RequestId>,
    request: Request,
) -> Response {
    let (mut parts, _body) = request.into_parts();
    let reply = Reply::to(&parts.headers, request_id);
    let wanted = parts.headers.get(header::UPGRADE);
    if wanted.is_some_and(|protocol| protocol.as_bytes().eq_ignore_ascii_case(b"websocket")) {
        return match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
            Ok(upgrade) => graphql_ws::open(edge, upgrade, &parts, peer, &reply),
            Err(_rejection) => reply.fault(StatusCode::BAD_REQUEST, "The WebSocket handshake is not complete."),
        };
    }
    let outcome = async {
        reply.acceptable()?;
        let params = parse_query_string(&parts)?;
        Ok(run(&edge, &parts.headers, peer, params, &reply, Allowed::Queries).await)
    };
    outcome.await.unwrap_or_else(|Fault(status, message)| reply.fault(status, &message))
}

#[derive(Clone, Copy, PartialEq)]
enum Allowed {
    Queries,
    QueriesAndMutations,
}

async fn run(
    edge: &GraphqlEdge,
    headers: &HeaderMap,
    peer: SocketAddr,
    params: Params,
    reply: &Reply,
    allowed: Allowed,
) -> Response {
    let request_id = &reply.request_id.0;
    // Checked before the token is: a document that is refused costs no look-up.
    let checked = match operation::check(params, request_id) {
        Ok(checked) => checked,
        Err(refusal) => return reply.answer(&refusal),
    };
    match checked.kind() {
        Kind::Subscription => {
            let message = "Subscriptions run over a WebSocket, with the protocol graphql-transport-ws.";
            return reply.not_allowed(message);
        }
        Kind::Mutation if allowed == Allowed::Queries => {
            return reply.not_allowed("Mutations are sent by POST.");
        }
        Kind::Query | Kind::Mutation => {}
    }
    let credentials = match bearer(headers) {
        Ok(token) => Credentials { token, peer: peer.ip(), request_id: Arc::clone(request_id) },
        Err(refused) => return reply.answer(&Answer::refused(refused, request_id)),
    };
    match (edge.authenticate)(credentials).await {
        Ok(admission) => {
            let answer = operation::execute(&edge.engine, &admission, checked, request_id).await;
            reply.answer(&answer)
        }
        Err(refused) => reply.answer(&Answer::refused(refused, request_id)),
    }
}

/// The token of `Authorization: Bearer …`, `None` without that header.
fn bearer(headers: &HeaderMap) -> Result<Option<String>, operation::Refused> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => match value.to_str().ok().and_then(bearer_token) {
            Some(token) => Ok(Some(token)),
            None => Err(operation::Refused::Unauthenticated),
        },
        (Some(_), Some(_)) => Err(operation::Refused::Unauthenticated),
    }
}

/// The token in the value of an `Authorization` header (RFC 6750, section 2.1).
pub(super) fn bearer_token(value: &str) -> Option<String> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then(|| token.to_owned())
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.is_some_and(|value| media_type(value).is_some_and(|(name, _)| name == "application/json"))
}

/// The lower-case name of a media type and its `q`, unless it demands another charset than UTF-8.
fn media_type(value: &str) -> Option<(String, f32)> {
    let mut parts = value.split(';');
    let name = parts.next()?.trim().to_ascii_lowercase();
    let mut quality = 1.0;
    for part in parts {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let (key, value) = (key.trim(), value.trim().trim_matches('"'));
        if key.eq_ignore_ascii_case("charset") && !value.eq_ignore_ascii_case("utf-8") {
            return None;
        }
        if key.eq_ignore_ascii_case("q") {
            quality = value.parse().unwrap_or(0.0);
        }
    }
    Some((name, quality))
}

/// A request that cannot be read as GraphQL: the status, and what to do about it.
struct Fault(StatusCode, Cow<'static, str>);

async fn read_body(body: Body) -> Result<Bytes, Fault> {
    const TOO_LARGE: Fault = Fault(
        StatusCode::PAYLOAD_TOO_LARGE,
        Cow::Borrowed("The body is larger than 1 MiB, which is all a request may have."),
    );
    // Announced by Content-Length: refused before a byte is read.
    if body.size_hint().lower() > MAX_BODY_BYTES as u64 {
        return Err(TOO_LARGE);
    }
    let pieces = body.into_data_stream().map_err(|_| Fault(StatusCode::BAD_REQUEST, "The body broke off.".into()));
    let whole = pieces.try_fold(Vec::new(), |mut whole, piece| async move {
        if whole.len() + piece.len() > MAX_BODY_BYTES {
            return Err(TOO_LARGE);
        }
        whole.extend_from_slice(&piece);
        Ok(whole)
    });
    match tokio::time::timeout(BODY_DEADLINE, whole).await {
        Ok(whole) => whole.map(Bytes::from),
        Err(_elapsed) => Err(Fault(StatusCode::REQUEST_TIMEOUT, "The body did not arrive within 30 seconds.".into())),
    }
}

/// Reads the parameters from a JSON object. An array would be a batch, which is not served.
fn parse(body: &[u8]) -> Result<Params, Fault> {
    if body.trim_ascii_start().first() != Some(&b'{') {
        let message = "The body must be one JSON object with \"query\"; batches are not served.";
        return Err(Fault(StatusCode::BAD_REQUEST, message.into()));
    }
    serde_json::from_slice(body).map_err(|error| Fault(StatusCode::BAD_REQUEST, fault_of_json(&error).into()))
}

fn fault_of_json(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        serde_json::error::Category::Data => format!(
            "A parameter is missing or of the wrong type (line {line}, column {column}): \"query\" is a string, \
             \"operationName\" a string or null, \"variables\" and \"extensions\" are objects or null."
        ),
        _ => format!("The body is not valid JSON (line {line}, column {column})."),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct QueryString {
    query: String,
    operation_name: Option<String>,
    /// JSON.
    variables: Option<String>,
    /// JSON.
    extensions: Option<String>,
}

fn parse_query_string(parts: &Parts) -> Result<Params, Fault> {
    let bad = |message: &'static str| Fault(StatusCode::BAD_REQUEST, message.into());
    let Query(given) = Query::<QueryString>::try_from_uri(&parts.uri)
        .map_err(|_| bad("The address must carry \"query\", and each parameter once."))?;
    let present = |text: Option<String>| text.filter(|text| !text.is_empty());
    let variables = present(given.variables).map(|text| serde_json::from_str(&text)).transpose();
    let extensions = present(given.extensions).map(|text| serde_json::from_str(&text)).transpose();
    Ok(Params {
        query: given.query,
        operation_name: given.operation_name.filter(|name| !name.is_empty()),
        variables: variables.map_err(|_| bad("\"variables\" must be a JSON object."))?,
        extensions: extensions.map_err(|_| bad("\"extensions\" must be a JSON object."))?,
    })
}

/// The two media types of a response. They differ in the status of a request that was not executed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Media {
    /// `application/graphql-response+json`: the status tells.
    GraphqlResponse,
    /// `application/json`, the older: 200 whenever the request was well formed.
    Json,
}

impl Media {
    /// The client's first choice among what we speak; `None` when it wants neither.
    fn negotiate(headers: &HeaderMap) -> Option<Self> {
        let mut accepted = headers.get_all(header::ACCEPT).iter().peekable();
        if accepted.peek().is_none() {
            return Some(Self::Json);
        }
        let mut best: Option<(Self, f32)> = None;
        for range in accepted.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')) {
            let Some((name, quality)) = media_type(range) else { continue };
            let media = match name.as_str() {
                "application/graphql-response+json" => Self::GraphqlResponse,
                "application/json" | "application/*" | "*/*" => Self::Json,
                _ => continue,
            };
            if quality > best.map_or(0.0, |(_, quality)| quality) {
                best = Some((media, quality));
            }
        }
        best.map(|(media, _)| media)
    }

    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        })
    }

    fn status(self, answer: &Answer) -> StatusCode {
        match answer.refusal_code() {
            None => StatusCode::OK,
            Some("UNAUTHENTICATED") => StatusCode::UNAUTHORIZED,
            Some("FORBIDDEN") => StatusCode::FORBIDDEN,
            Some("RATE_LIMITED") => StatusCode::TOO_MANY_REQUESTS,
            Some("UNAVAILABLE") => StatusCode::SERVICE_UNAVAILABLE,
            Some("TIMEOUT") => StatusCode::GATEWAY_TIMEOUT,
            Some("INTERNAL") => StatusCode::INTERNAL_SERVER_ERROR,
            Some(_) if self == Self::Json => StatusCode::OK,
            Some(_) => StatusCode::BAD_REQUEST,
        }
    }
}

/// Writes the response to one request.
pub(super) struct Reply {
    pub(super) request_id: RequestId,
    media: Media,
    is_acceptable: bool,
}

impl Reply {
    fn to(headers: &HeaderMap, request_id: RequestId) -> Self {
        let media = Media::negotiate(headers);
        Self { request_id, media: media.unwrap_or(Media::Json), is_acceptable: media.is_some() }
    }

    fn acceptable(&self) -> Result<(), Fault> {
        let message = "Accept application/graphql-response+json or application/json.";
        if self.is_acceptable { Ok(()) } else { Err(Fault(StatusCode::NOT_ACCEPTABLE, message.into())) }
    }

    fn answer(&self, answer: &Answer) -> Response {
        self.write(self.media.status(answer), answer)
    }

    /// A request that is no well-formed GraphQL request has its status whatever the client accepts.
    pub(super) fn fault(&self, status: StatusCode, message: &str) -> Response {
        let code = if status == StatusCode::SERVICE_UNAVAILABLE { "UNAVAILABLE" } else { "BAD_USER_INPUT" };
        let answer = Answer::refusal(code, message, &self.request_id.0);
        self.write(status, &answer)
    }

    fn not_allowed(&self, message: &str) -> Response {
        let mut response = self.fault(StatusCode::METHOD_NOT_ALLOWED, message);
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        response
    }

    fn write(&self, status: StatusCode, answer: &Answer) -> Response {
        let Ok(body) = serde_json::to_vec(answer) else {
            tracing::error!(request_id = &*self.request_id.0, "an answer cannot be written as JSON");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, self.media.content_type());
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

#[cfg(test)]
mod tests;
