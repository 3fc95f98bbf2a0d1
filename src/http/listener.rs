//! The accept loop: HTTP/1.1 with deadlines, a cap on connections, and an orderly end.
//!
//! `axum::serve` keeps connections that never finish their headers (50 of 50 still open after 45 seconds).

use std::{convert::Infallible, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo, response::Response};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

/// From the first byte a connection waits for to the end of the headers; so also how long it may idle between requests.
const HEADER_DEADLINE: Duration = Duration::from_secs(10);
/// The request line and all headers. Beyond: 431, as beyond hyper's own 100 headers.
const MAX_HEADER_BYTES: usize = 16 * 1024;
/// What is read ahead of a body that nobody has asked for yet.
const READ_BUFFER_BYTES: usize = 64 * 1024;
/// How long requests and sockets get to finish once the server stops.
const GRACE: Duration = Duration::from_secs(8);
/// Pause after the system refused a connection, which mostly means that it is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A connection's share of the cap, among the extensions of its requests. Whoever keeps the connection after the request
/// (a WebSocket) keeps a clone.
#[derive(Clone)]
pub struct ConnectionSlot(#[expect(dead_code, reason = "held, never read")] Arc<OwnedSemaphorePermit>);

/// Serves `router` until `shutdown` is cancelled, then lets what is in flight finish, for eight seconds at most. Every
/// request carries [`ConnectInfo<SocketAddr>`] and a [`ConnectionSlot`].
///
/// `tasks` counts the connections; whoever upgrades one tracks its own task there, listens to the same `shutdown`, and is
/// waited for too. Connections beyond `max_connections` are accepted and closed at once, so that a full server
/// says so instead of letting clients wait.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    max_connections: usize,
    tasks: TaskTracker,
    shutdown: CancellationToken,
) {
    let slots = Arc::new(Semaphore::new(max_connections));
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => match Arc::clone(&slots).try_acquire_owned() {
                Ok(slot) => {
                    let slot = ConnectionSlot(Arc::new(slot));
                    tasks.spawn(connection(stream, peer, slot, router.clone(), shutdown.clone()));
                }
                Err(_full) => tracing::warn!(max_connections, "connection refused: all are taken"),
            },
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    tasks.close();
    if tokio::time::timeout(GRACE, tasks.wait()).await.is_err() {
        tracing::warn!(open = tasks.len(), "left with connections still busy");
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    slot: ConnectionSlot,
    router: Router,
    shutdown: CancellationToken,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY was refused");
    }
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(slot.clone());
        let answer = router.clone().oneshot(request);
        async move { Ok::<Response, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_DEADLINE)
        .max_header_size(MAX_HEADER_BYTES)
        .max_buf_size(READ_BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // The client went away or spoke no HTTP; hyper has answered what could be answered.
        tracing::debug!(%error, "connection ended early");
    }
}

fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
