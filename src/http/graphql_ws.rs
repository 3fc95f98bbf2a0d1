//! GraphQL over WebSocket, the protocol `graphql-transport-ws`.
//!
//! <https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>
//!
//! One task a socket. While a message is being written nothing is read and no stream is polled, so a slow reader holds up
//! its own sources and costs one message of memory.

mod socket;

use std::{
    collections::{HashMap, hash_map::Entry},
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    extract::ws::WebSocketUpgrade,
    http::{HeaderValue, StatusCode, request::Parts},
    response::Response,
};
use futures_util::{
    StreamExt,
    future::{self, BoxFuture, FutureExt},
    stream::{self, AbortHandle, BoxStream, SelectAll},
};
use serde::Deserialize;
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use self::socket::{ClientMessage, Close, End, ServerMessage, Socket};
use super::{
    graphql::{GraphqlEdge, Reply, bearer_token},
    listener::ConnectionSlot,
};
use crate::graphql::operation::{self, Admission, Answer, Credentials, Params, Refused};

const PROTOCOL: &str = "graphql-transport-ws";
/// From the upgrade to the acknowledgement.
const INIT_DEADLINE: Duration = Duration::from_secs(5);
const PING_INTERVAL: Duration = Duration::from_secs(20);
/// Operations that run at once on a socket.
const MAX_OPERATIONS: usize = 20;
const MAX_ID_BYTES: usize = 256;
/// Larger frames and messages are refused with 1009 before they are read.
const MAX_MESSAGE_BYTES: usize = 64 * 1024;
/// Larger answers are replaced by an error.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;
/// 128 KiB by default, allocated at once: most of what an idle socket costs.
const READ_BUFFER_BYTES: usize = 4096;

/// What an operation has to say.
enum Event {
    Answer(Arc<str>, Answer),
    Done(Arc<str>),
}

/// Opens the socket, or refuses while that can still be said by HTTP.
pub(super) fn open(
    edge: Arc<GraphqlEdge>,
    upgrade: WebSocketUpgrade,
    parts: &Parts,
    peer: SocketAddr,
    reply: &Reply,
) -> Response {
    if !upgrade.requested_protocols().any(|protocol| protocol == PROTOCOL) {
        return reply
            .fault(StatusCode::BAD_REQUEST, "Only the WebSocket protocol graphql-transport-ws is spoken here.");
    }
    let Ok(unauthenticated) = Arc::clone(&edge.unauthenticated).try_acquire_owned() else {
        return reply.fault(StatusCode::SERVICE_UNAVAILABLE, "Too many sockets are waiting to sign in.");
    };
    let slot = parts.extensions.get::<ConnectionSlot>().cloned();
    let request_id = Arc::clone(&reply.request_id.0);
    let span = tracing::info_span!("socket", request_id = &*request_id);
    let tracked = edge.tasks.token();
    let counted = edge.metrics.socket();
    let mut upgrade = upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(MAX_ANSWER_BYTES + MAX_MESSAGE_BYTES)
        .max_message_size(MAX_MESSAGE_BYTES)
        .max_frame_size(MAX_MESSAGE_BYTES);
    upgrade.set_selected_protocol(HeaderValue::from_static(PROTOCOL));
    upgrade.on_upgrade(move |ws| {
        let talk = async move {
            let shutdown = edge.shutdown.clone();
            let ends = async move {
                shutdown.cancelled().await;
                Close::RESTART
            };
            let mut socket = Socket::new(ws, ends.boxed());
            let end = talk(&mut socket, edge, peer.ip(), request_id, unauthenticated).await;
            socket.close(end).await;
            drop((slot, tracked, counted));
        };
        talk.instrument(span)
    })
}

async fn talk(
    socket: &mut Socket,
    edge: Arc<GraphqlEdge>,
    peer: IpAddr,
    request_id: Arc<str>,
    unauthenticated: OwnedSemaphorePermit,
) -> End {
    let init = timeout(INIT_DEADLINE, initialise(socket, &edge, peer, &request_id, unauthenticated)).await;
    let admission = match init.unwrap_or(Err(Close::INIT_TIMEOUT.into())) {
        Ok(admission) => admission,
        Err(end) => return end,
    };
    socket.ends = ends(&admission, edge.shutdown.clone());
    let mut session = Session { edge, admission, request_id, running: HashMap::new(), operations: SelectAll::new() };
    session.serve(socket).await.unwrap_or_else(|end| end)
}

/// Waits for a good `connection_init` and acknowledges it.
async fn initialise(
    socket: &mut Socket,
    edge: &GraphqlEdge,
    peer: IpAddr,
    request_id: &Arc<str>,
    unauthenticated: OwnedSemaphorePermit,
) -> Result<Admission, End> {
    let payload = loop {
        match socket.receive().await? {
            ClientMessage::ConnectionInit { payload } => break payload.unwrap_or_default(),
            ClientMessage::Subscribe { .. } => return Err(Close::UNAUTHORIZED.into()),
            ClientMessage::Ping {} => socket.send(&ServerMessage::Pong).await?,
            ClientMessage::Pong {} | ClientMessage::Complete { .. } => {}
        }
    };
    let header = payload.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let Some((_, header)) = header else { return Err(Close::UNAUTHORIZED.into()) };
    let Some(token) = header.as_str().and_then(bearer_token) else { return Err(Close::INIT_REFUSED.into()) };
    let credentials = Credentials { token: Some(token), peer, request_id: Arc::clone(request_id) };
    let admission = (edge.authenticate)(credentials).await.map_err(|refused| match refused {
        Refused::Unauthenticated | Refused::Forbidden => Close::INIT_REFUSED,
        Refused::Unavailable => Close::UNAVAILABLE,
    })?;
    // Whoever hears the acknowledgement is counted no more.
    drop(unauthenticated);
    socket.send(&ServerMessage::ConnectionAck).await?;
    Ok(admission)
}

/// Completes when the socket must end though its peer is well.
fn ends(admission: &Admission, shutdown: CancellationToken) -> BoxFuture<'static, Close> {
    let revoked = admission.revoked.clone();
    let expired = match admission.valid_for {
        Some(valid_for) => sleep(valid_for).left_future(),
        None => future::pending().right_future(),
    };
    async move {
        tokio::select! {
            biased;
            () = revoked.cancelled() => Close::SESSION_ENDED,
            () = expired => Close::TOKEN_EXPIRED,
            () = shutdown.cancelled() => Close::RESTART,
        }
    }
    .boxed()
}

/// A socket that was let in.
struct Session {
    edge: Arc<GraphqlEdge>,
    admission: Admission,
    request_id: Arc<str>,
    running: HashMap<Arc<str>, AbortHandle>,
    operations: SelectAll<BoxStream<'static, Event>>,
}

impl Session {
    /// Returns when the socket ends; never `Ok`, but for the type of `?`.
    async fn serve(&mut self, socket: &mut Socket) -> Result<End, End> {
        let mut next_ping = Instant::now() + PING_INTERVAL;
        loop {
            let wake = next_ping.min(socket.dead_at());
            tokio::select! {
                message = socket.receive() => self.obey(socket, message?).await?,
                Some(event) = self.operations.next() => self.report(socket, event).await?,
                () = sleep_until(wake) => {
                    socket.ping().await?;
                    next_ping = Instant::now() + PING_INTERVAL;
                }
            }
        }
    }

    async fn obey(&mut self, socket: &mut Socket, message: ClientMessage) -> Result<(), End> {
        match message {
            ClientMessage::ConnectionInit { .. } => Err(Close::SECOND_INIT.into()),
            ClientMessage::Ping {} => socket.send(&ServerMessage::Pong).await,
            ClientMessage::Pong {} => Ok(()),
            ClientMessage::Complete { id } => {
                if let Some(operation) = self.running.remove(id.as_str()) {
                    operation.abort();
                }
                Ok(())
            }
            ClientMessage::Subscribe { id, payload } => {
                if id.is_empty() || id.len() > MAX_ID_BYTES {
                    return Err(Close::MALFORMED.into());
                }
                let params = Params::deserialize(serde_json::Value::Object(payload)).map_err(|_| Close::MALFORMED)?;
                match self.start(id.into(), params)? {
                    None => Ok(()),
                    Some((id, refusal)) => socket.refuse(&id, &refusal).await,
                }
            }
        }
    }

    /// Starts an operation, or hands back why not.
    fn start(&mut self, id: Arc<str>, params: Params) -> Result<Option<(Arc<str>, Answer)>, End> {
        let running = self.running.len();
        let Entry::Vacant(free) = self.running.entry(Arc::clone(&id)) else {
            return Err(Close::DUPLICATE_ID.into());
        };
        if running >= MAX_OPERATIONS {
            let message = "A socket runs 20 operations at once: complete one first.";
            return Ok(Some((id, Answer::refusal("RATE_LIMITED", message, &self.request_id))));
        }
        let checked = match operation::check(params, &self.request_id) {
            Ok(checked) => checked,
            Err(refusal) => return Ok(Some((id, refusal))),
        };
        let engine = self.edge.engine.clone();
        let answers = operation::execute_stream(engine, self.admission.clone(), checked, Arc::clone(&self.request_id));
        let named = Arc::clone(&id);
        let events = answers
            .map(move |answer| Event::Answer(Arc::clone(&named), answer))
            .chain(stream::once(async move { Event::Done(id) }));
        let (events, handle) = stream::abortable(events);
        free.insert(handle);
        self.operations.push(events.boxed());
        Ok(None)
    }

    async fn report(&mut self, socket: &mut Socket, event: Event) -> Result<(), End> {
        match event {
            Event::Done(id) => {
                self.running.remove(&id);
                socket.send(&ServerMessage::Complete { id: &id }).await
            }
            Event::Answer(id, answer) => {
                if answer.refusal_code().is_some() {
                    return self.give_up(socket, &id, &answer).await;
                }
                let text = ServerMessage::Next { id: &id, payload: &answer }.to_text()?;
                if text.len() <= MAX_ANSWER_BYTES {
                    return socket.send_text(text).await;
                }
                let message = "The answer is larger than 1 MiB: ask for less, or over HTTP.";
                let refusal = Answer::refusal("QUERY_TOO_COMPLEX", message, &self.request_id);
                self.give_up(socket, &id, &refusal).await
            }
        }
    }

    async fn give_up(&mut self, socket: &mut Socket, id: &str, refusal: &Answer) -> Result<(), End> {
        if let Some(operation) = self.running.remove(id) {
            operation.abort();
        }
        socket.refuse(id, refusal).await
    }
}
