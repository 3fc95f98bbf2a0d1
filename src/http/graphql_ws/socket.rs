//! One end of a socket: its messages, its pace, and how it ends.

use std::{error::Error, time::Duration};

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite;

use crate::graphql::operation::{Answer, Errors};

/// A peer that says nothing for so long, not even a pong, is dead.
const SILENCE: Duration = Duration::from_secs(60);
/// A message that the peer does not read within this time ends the socket.
const WRITE_DEADLINE: Duration = Duration::from_secs(30);
/// How long the peer gets to take leave.
const CLOSE_DEADLINE: Duration = Duration::from_secs(1);
/// Messages, pings and pongs included, that a client may send in a [`RATE_WINDOW`].
const MAX_MESSAGES: u32 = 50;
const RATE_WINDOW: Duration = Duration::from_secs(10);

/// Why the server closes a socket: the code, and a constant reason (at most 123 bytes, RFC 6455 section 5.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Close(u16, &'static str);

impl Close {
    pub(super) const TOO_BIG: Self = Self(1009, "message too big");
    pub(super) const NOT_TEXT: Self = Self(1007, "invalid UTF-8");
    pub(super) const INTERNAL: Self = Self(1011, "internal error");
    pub(super) const RESTART: Self = Self(1012, "service restart");
    pub(super) const UNAVAILABLE: Self = Self(1013, "try again later");
    pub(super) const MALFORMED: Self = Self(4400, "malformed message");
    pub(super) const UNAUTHORIZED: Self = Self(4401, "unauthorized");
    pub(super) const SESSION_ENDED: Self = Self(4401, "session ended");
    pub(super) const TOKEN_EXPIRED: Self = Self(4403, "access token expired");
    pub(super) const INIT_REFUSED: Self = Self(4403, "connection init refused");
    pub(super) const INIT_TIMEOUT: Self = Self(4408, "connection initialisation timeout");
    pub(super) const DUPLICATE_ID: Self = Self(4409, "subscriber id already in use");
    /// Ours, like HTTP's 413: not among the protocol's codes. The events can be had again with `after`.
    pub(super) const SLOW_READER: Self = Self(4413, "messages are not read fast enough");
    pub(super) const SECOND_INIT: Self = Self(4429, "too many initialisation requests");
    pub(super) const TOO_MANY: Self = Self(4429, "too many messages");
}

/// How a socket ends.
#[derive(Debug)]
pub(super) enum End {
    Close(Close),
    /// The peer has closed or vanished: there is nobody to tell.
    Gone,
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::Close(close)
    }
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ClientMessage {
    ConnectionInit {
        #[serde(default)]
        payload: Option<serde_json::Map<String, serde_json::Value>>,
    },
    Ping {},
    Pong {},
    Subscribe {
        id: String,
        payload: serde_json::Map<String, serde_json::Value>,
    },
    Complete {
        id: String,
    },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ServerMessage<'a> {
    ConnectionAck,
    Pong,
    Next { id: &'a str, payload: &'a Answer },
    Error { id: &'a str, payload: Errors<'a> },
    Complete { id: &'a str },
}

/// The connection itself: reads, writes, and watches for what ends it.
pub(super) struct Socket {
    ws: WebSocket,
    /// Completes with the reason when the server has to close.
    pub(super) ends: BoxFuture<'static, Close>,
    /// When the peer was last heard.
    heard: Instant,
    /// When the current [`RATE_WINDOW`] began.
    window: Instant,
    /// What came within it.
    messages: u32,
}

impl Socket {
    pub(super) fn new(ws: WebSocket, ends: BoxFuture<'static, Close>) -> Self {
        let now = Instant::now();
        Self { ws, ends, heard: now, window: now, messages: 0 }
    }

    /// The next message. Nothing is lost when it is dropped before it completes.
    pub(super) async fn receive(&mut self) -> Result<ClientMessage, End> {
        loop {
            let frame = tokio::select! {
                biased;
                close = &mut self.ends => return Err(close.into()),
                frame = self.ws.recv() => frame.ok_or(End::Gone)?.map_err(|error| unreadable(&error))?,
            };
            self.heard = Instant::now();
            self.count()?;
            match frame {
                Message::Text(text) => return parse(&text).ok_or(Close::MALFORMED.into()),
                Message::Binary(_) => return Err(Close::MALFORMED.into()),
                // A ping is answered by the library with the next read or write.
                Message::Ping(_) | Message::Pong(_) => {}
                Message::Close(_) => return Err(End::Gone),
            }
        }
    }

    fn count(&mut self) -> Result<(), Close> {
        if self.window.elapsed() >= RATE_WINDOW {
            (self.window, self.messages) = (Instant::now(), 0);
        }
        self.messages += 1;
        if self.messages > MAX_MESSAGES { Err(Close::TOO_MANY) } else { Ok(()) }
    }

    pub(super) async fn send(&mut self, message: &ServerMessage<'_>) -> Result<(), End> {
        self.send_text(message.to_text()?).await
    }

    pub(super) async fn send_text(&mut self, text: String) -> Result<(), End> {
        self.write(Message::Text(text.into())).await
    }

    pub(super) async fn refuse(&mut self, id: &str, refusal: &Answer) -> Result<(), End> {
        self.send(&ServerMessage::Error { id, payload: refusal.errors() }).await
    }

    /// When the peer counts as dead unless it is heard before.
    pub(super) fn dead_at(&self) -> Instant {
        self.heard + SILENCE
    }

    pub(super) async fn ping(&mut self) -> Result<(), End> {
        if Instant::now() >= self.dead_at() {
            return Err(End::Gone);
        }
        self.write(Message::Ping(Bytes::new())).await
    }

    async fn write(&mut self, message: Message) -> Result<(), End> {
        tokio::select! {
            biased;
            close = &mut self.ends => Err(close.into()),
            written = timeout(WRITE_DEADLINE, self.ws.send(message)) => match written {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_broken)) => Err(End::Gone),
                Err(_elapsed) => Err(Close::SLOW_READER.into()),
            },
        }
    }

    /// Says why, and reads on for a moment: a connection dropped with unread bytes takes the close frame with it.
    pub(super) async fn close(mut self, end: End) {
        if let End::Close(Close(code, reason)) = end {
            tracing::debug!(code, reason, "socket closed");
            let frame = CloseFrame { code, reason: reason.into() };
            let leave = async {
                if self.ws.send(Message::Close(Some(frame))).await.is_ok() {
                    while let Some(Ok(_)) = self.ws.recv().await {}
                }
            };
            if timeout(CLOSE_DEADLINE, leave).await.is_err() {
                tracing::debug!("the peer did not close its side");
            }
        }
    }
}

impl ServerMessage<'_> {
    pub(super) fn to_text(&self) -> Result<String, End> {
        serde_json::to_string(self).map_err(|_| Close::INTERNAL.into())
    }
}

/// `None` for anything that is no message of the protocol. An array would pass for a message too.
fn parse(text: &str) -> Option<ClientMessage> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    serde_json::from_str(text).ok()
}

/// axum must be built on the same tungstenite as we are, or everything unreadable is taken for a vanished peer.
fn unreadable(error: &axum::Error) -> End {
    match error.source().and_then(|source| source.downcast_ref::<tungstenite::Error>()) {
        Some(tungstenite::Error::Capacity(_)) => Close::TOO_BIG.into(),
        Some(tungstenite::Error::Utf8(_)) => Close::NOT_TEXT.into(),
        _ => End::Gone,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_fits_into_a_close_frame() {
        let all = [
            Close::TOO_BIG,
            Close::NOT_TEXT,
            Close::INTERNAL,
            Close::RESTART,
            Close::UNAVAILABLE,
            Close::MALFORMED,
            Close::UNAUTHORIZED,
            Close::SESSION_ENDED,
            Close::TOKEN_EXPIRED,
            Close::INIT_REFUSED,
            Close::INIT_TIMEOUT,
            Close::DUPLICATE_ID,
            Close::SLOW_READER,
            Close::SECOND_INIT,
            Close::TOO_MANY,
        ];
        for Close(code, reason) in all {
            assert!(reason.len() <= 123, "{code}");
            assert!(matches!(code, 1007 | 1009 | 1011..=1013 | 4400..=4499), "{code}");
        }
    }

    #[test]
    fn only_objects_of_the_protocol_are_messages() {
        assert!(matches!(
            parse(r#"{"type":"connection_init"}"#),
            Some(ClientMessage::ConnectionInit { payload: None })
        ));
        assert!(matches!(parse(r#" {"type":"ping","payload":{"a":1}}"#), Some(ClientMessage::Ping {})));
        assert!(matches!(parse(r#"{"id":"1","type":"complete"}"#), Some(ClientMessage::Complete { id }) if id == "1"));
        for text in [
            "",
            "null",
            r#"["ping"]"#,
            r#"{"type":"start","id":"1"}"#,
            r#"{"type":"subscribe","payload":{"query":"{a}"}}"#,
            r#"{"type":"subscribe","id":1,"payload":{"query":"{a}"}}"#,
            r#"{"type":"subscribe","id":"1","payload":["{a}"]}"#,
            r#"{"type":"connection_init","payload":"x"}"#,
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn messages_are_written_as_the_protocol_names_them() {
        let answer = Answer::refusal("INTERNAL", "x", "r");
        let error = ServerMessage::Error { id: "1", payload: answer.errors() };
        assert_eq!(
            error.to_text().unwrap(),
            r#"{"type":"error","id":"1","payload":[{"message":"x","extensions":{"code":"INTERNAL","requestId":"r"}}]}"#
        );
        assert_eq!(ServerMessage::ConnectionAck.to_text().unwrap(), r#"{"type":"connection_ack"}"#);
        assert_eq!(ServerMessage::Pong.to_text().unwrap(), r#"{"type":"pong"}"#);
        assert_eq!(ServerMessage::Complete { id: "1" }.to_text().unwrap(), r#"{"type":"complete","id":"1"}"#);
    }
}
