//! The providers' door: raw bytes, authenticity, and the answer each provider understands.
//!
//! What each provider makes of an answer differs, so that every failure's answer stands in one table
//! ([`answer`]): Meta repeats a whole delivery for days after anything but 200; Evolution drops for ever what got
//! 400, 401, 403, 404 or 422.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{ConnectInfo, Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use entity::ChannelId;
use entity::channel::Provider;
use moka::sync::Cache;
use serde::Deserialize;

use crate::core::Core;
use crate::db::system::ChannelRoute;
use crate::error::{Error, ErrorCode, Result};
use crate::inbox::Inbox;
use crate::numbers::channels::{Channels, Secrets, channel_of_path};
use crate::providers::meta;
use crate::telemetry::Metrics;

/// Meta documents 3 MB; a larger body is nobody's delivery.
const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;
/// A body that takes longer is given up.
const BODY_DEADLINE: Duration = Duration::from_secs(30);
/// How long a known channel is believed to be whose it is. Channels never change hands.
const ROUTE_LIFE: Duration = Duration::from_secs(60);

/// What the door needs.
pub struct WebhookEdge {
    core: Core,
    inbox: Arc<Inbox>,
    channels: Arc<Channels>,
    metrics: Metrics,
    routes: Cache<ChannelId, ChannelRoute>,
}

/// `GET` and `POST /webhooks/meta/{channel}`.
pub fn routes(core: Core, inbox: Arc<Inbox>, channels: Arc<Channels>, metrics: Metrics) -> Router {
    let routes = Cache::builder().max_capacity(100_000).time_to_live(ROUTE_LIFE).build();
    let edge = WebhookEdge { core, inbox, channels, metrics, routes };
    Router::new().route("/webhooks/meta/{channel}", get(greet).post(deliver)).with_state(Arc::new(edge))
}

/// Why a delivery or a greeting was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    /// There is no such channel of this provider.
    UnknownChannel,
    /// The body is larger than any delivery.
    TooLarge,
    /// The body did not come in time.
    TooSlow,
    /// The signature is missing, malformed or wrong.
    NotAuthentic,
    /// The greeting's token is wrong.
    WrongToken,
    /// The database is away, or too much is waiting.
    Unavailable,
    /// A fault of ours.
    Fault,
}

/// The one table of what each provider is told.
fn answer(provider: Provider, refused: Refused) -> StatusCode {
    match (provider, refused) {
        (_, Refused::Unavailable) => StatusCode::SERVICE_UNAVAILABLE,
        // Whatever it was, the delivery is whole at the sender's: it may come again.
        (_, Refused::Fault) => StatusCode::INTERNAL_SERVER_ERROR,
        (Provider::Evolution, Refused::NotAuthentic | Refused::UnknownChannel) => StatusCode::SERVICE_UNAVAILABLE,
        (_, Refused::UnknownChannel) => StatusCode::NOT_FOUND,
        (_, Refused::NotAuthentic) => StatusCode::UNAUTHORIZED,
        (_, Refused::WrongToken) => StatusCode::FORBIDDEN,
        (_, Refused::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
        (_, Refused::TooSlow) => StatusCode::REQUEST_TIMEOUT,
    }
}

impl Refused {
    fn outcome(self) -> &'static str {
        match self {
            Self::UnknownChannel => "unknown_channel",
            Self::TooLarge => "too_large",
            Self::TooSlow => "too_slow",
            Self::NotAuthentic => "not_authentic",
            Self::WrongToken => "wrong_token",
            Self::Unavailable => "unavailable",
            Self::Fault => "fault",
        }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        if error.code == ErrorCode::Unavailable {
            tracing::warn!("a delivery could not be taken: {error}");
            Self::Unavailable
        } else {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(cause, "a delivery could not be taken: {error}");
            Self::Fault
        }
    }
}

impl WebhookEdge {
    fn refuse(&self, provider: Provider, refused: Refused) -> Response {
        self.metrics.delivery(refused.outcome());
        let status = answer(provider, refused);
        let mut response = status.into_response();
        let headers = response.headers_mut();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        if matches!(refused, Refused::TooLarge | Refused::TooSlow) {
            // The rest of the body is not read: the connection cannot be used again.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    async fn channel(
        &self,
        provider: Provider,
        path: &str,
    ) -> Result<(ChannelId, ChannelRoute, Vec<Secrets>), Refused> {
        let id = channel_of_path(&self.core, path).ok_or(Refused::UnknownChannel)?;
        let route = match self.routes.get(&id) {
            Some(route) => route,
            None => {
                let route = self.core.db.channel_route(id).await?.ok_or(Refused::UnknownChannel)?;
                self.routes.insert(id, route);
                route
            }
        };
        if route.provider != provider {
            return Err(Refused::UnknownChannel);
        }
        let secrets = self.channels.secrets(&self.core, id, &route).await?;
        Ok((id, route, secrets))
    }
}

/// Meta's verification handshake.
#[derive(Deserialize)]
struct Greeting {
    #[serde(rename = "hub.mode")]
    mode: Option<String>,
    #[serde(rename = "hub.verify_token")]
    token: Option<String>,
    #[serde(rename = "hub.challenge")]
    challenge: Option<String>,
}

async fn greet(
    State(edge): State<Arc<WebhookEdge>>,
    Path(path): Path<String>,
    greeting: Result<Query<Greeting>, QueryRejection>,
) -> Response {
    // A greeting nobody can read is nobody's whom we know.
    let Ok(Query(greeting)) = greeting else { return edge.refuse(Provider::Meta, Refused::WrongToken) };
    let (_, _, secrets) = match edge.channel(Provider::Meta, &path).await {
        Ok(found) => found,
        Err(refused) => return edge.refuse(Provider::Meta, refused),
    };
    let tokens = secrets.iter().filter_map(|secrets| secrets.verify_token.as_deref()).map(str::as_bytes);
    match meta::verify_handshake(
        greeting.mode.as_deref(),
        greeting.token.as_deref(),
        greeting.challenge.as_deref(),
        tokens,
    ) {
        Some(challenge) => {
            let plain = [
                (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
                (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            ];
            (plain, challenge.to_owned()).into_response()
        }
        None => edge.refuse(Provider::Meta, Refused::WrongToken),
    }
}

async fn deliver(
    State(edge): State<Arc<WebhookEdge>>,
    Path(path): Path<String>,
    ConnectInfo(_): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    match edge.take(&path, request).await {
        Ok(()) => {
            edge.metrics.delivery("taken");
            StatusCode::OK.into_response()
        }
        Err(refused) => edge.refuse(Provider::Meta, refused),
    }
}

impl WebhookEdge {
    async fn take(&self, path: &str, request: Request) -> Result<(), Refused> {
        let (channel, route, secrets) = self.channel(Provider::Meta, path).await?;
        let (parts, body) = request.into_parts();
        let body = read(&parts.headers, body).await?;
        let signature = signature(&parts.headers);
        let app_secrets = secrets.iter().filter_map(|secrets| secrets.app_secret.as_deref()).map(str::as_bytes);
        if !meta::signature_is_valid(signature, &body, app_secrets) {
            return Err(Refused::NotAuthentic);
        }
        let items = meta::parse(&body);
        self.inbox.receive(channel, route, &body, items).await?;
        Ok(())
    }
}

/// The signature's header, if there is exactly one.
fn signature(headers: &HeaderMap) -> Option<&[u8]> {
    let mut values = headers.get_all("x-hub-signature-256").iter();
    let only = values.next()?;
    values.next().is_none().then(|| only.as_bytes())
}

async fn read(headers: &HeaderMap, body: Body) -> Result<bytes::Bytes, Refused> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > MAX_BODY_BYTES as u64) {
        return Err(Refused::TooLarge);
    }
    match tokio::time::timeout(BODY_DEADLINE, axum::body::to_bytes(body, MAX_BODY_BYTES)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(Refused::TooLarge),
        Err(_) => Err(Refused::TooSlow),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evolution_is_never_told_what_makes_it_drop_a_delivery_it_could_repeat() {
        for refused in [Refused::NotAuthentic, Refused::UnknownChannel, Refused::Unavailable, Refused::Fault] {
            assert!(answer(Provider::Evolution, refused).is_server_error(), "{refused:?}");
        }
    }
}
