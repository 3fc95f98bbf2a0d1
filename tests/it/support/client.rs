//! Callers: GraphQL over HTTP and over a socket, as a front end would.

use std::time::Duration;

use aws_lc_rs::hmac;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Nothing that is waited for takes longer. The pings that come every 20 seconds are not waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// The header Meta would send with a body.
pub fn sign(app_secret: &str, body: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, app_secret.as_bytes()), body);
    format!("sha256={}", tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// Somebody who sends operations.
#[derive(Clone)]
pub struct Caller {
    pub url: String,
    pub token: Option<String>,
    pub refresh_token: Option<String>,
    http: reqwest::Client,
}

/// What an operation was answered.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    /// Its data; an error fails the test.
    pub fn data(self) -> Value {
        assert!(self.body["errors"].is_null(), "errors: {}", self.body["errors"]);
        self.body["data"].clone()
    }

    /// The code of its first error; none fails the test.
    pub fn code(&self) -> &str {
        self.body["errors"][0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("no error in {}", self.body))
    }
}

impl Caller {
    /// Somebody who is not signed in.
    pub fn anonymous(url: &str) -> Self {
        Self { url: url.to_owned(), token: None, refresh_token: None, http: reqwest::Client::new() }
    }

    /// The same person at another address (a second node).
    pub fn at(&self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self.clone() }
    }

    /// The same address with another token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// Sends an operation.
    pub async fn send(&self, query: &str, variables: Value) -> Answer {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let mut request = self
            .http
            .post(format!("{}/graphql", self.url))
            .header("content-type", "application/json")
            .header("accept", "application/graphql-response+json")
            .body(body);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.expect("a body");
        let body =
            serde_json::from_slice(&bytes).unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&bytes)));
        Answer { status, body }
    }

    /// Sends a query; answers its data.
    pub async fn read(&self, query: &str) -> Value {
        self.send(query, json!({})).await.data()
    }

    /// Sends one mutation; answers its payload, errors and all.
    pub async fn attempt(&self, name: &str, input_type: &str, input: &Value, fields: &str) -> Value {
        let query = format!(
            "mutation ($input: {input_type}!) {{ {name}(input: $input) {{ {fields} errors {{ code message path }} }} }}"
        );
        self.send(&query, json!({ "input": input })).await.data()[name].clone()
    }

    /// Sends one mutation that must succeed; answers its payload.
    pub async fn change(&self, name: &str, input_type: &str, input: &Value, fields: &str) -> Value {
        let payload = self.attempt(name, input_type, input, fields).await;
        assert_eq!(payload["errors"], json!([]), "{name} is done");
        payload
    }

    /// Signs in, and is somebody from now on.
    pub async fn sign_in(&mut self, email: &str, password: &str) {
        self.sign_in_with(json!({ "email": email, "password": password })).await;
    }

    /// Signs in at a company.
    pub async fn sign_in_at(&mut self, email: &str, password: &str, slug: &str) {
        self.sign_in_with(json!({ "email": email, "password": password, "tenantSlug": slug })).await;
    }

    async fn sign_in_with(&mut self, input: Value) {
        let payload = self.change("signIn", "SignInInput", &input, "accessToken refreshToken").await;
        self.token = payload["accessToken"].as_str().map(str::to_owned);
        self.refresh_token = payload["refreshToken"].as_str().map(str::to_owned);
    }

    /// Opens a socket and signs in on it.
    pub async fn socket(&self) -> Socket {
        let mut socket = Socket::open(&self.url).await;
        let authorization = self.token.as_ref().map(|token| format!("Bearer {token}"));
        socket.say(&json!({ "type": "connection_init", "payload": { "authorization": authorization } })).await;
        assert_eq!(socket.hear().await["type"], "connection_ack");
        socket
    }
}

/// A WebSocket that speaks graphql-transport-ws.
pub struct Socket(pub WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Opens a socket, and says nothing yet.
    pub async fn open(url: &str) -> Self {
        let mut request =
            format!("{}/graphql", url.replacen("http", "ws", 1)).into_client_request().expect("a request");
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().expect("a header"));
        Self(connect_async(request).await.expect("a socket").0)
    }

    /// Sends a message.
    pub async fn say(&mut self, message: &Value) {
        self.0.send(Message::text(message.to_string())).await.expect("the message is sent");
    }

    /// The next frame; a server that is silent for too long fails the test.
    pub async fn frame(&mut self) -> Option<Result<Message, Error>> {
        tokio::time::timeout(PATIENCE, self.0.next()).await.expect("a server that says something")
    }

    /// The next message; a close fails the test.
    pub async fn hear(&mut self) -> Value {
        let heard = async {
            loop {
                match self.frame().await.expect("an open socket").expect("a frame") {
                    Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                    Message::Close(frame) => panic!("closed: {frame:?}"),
                    _ => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, heard).await.expect("a message")
    }

    /// The code the server closes with; a message before it fails the test.
    pub async fn close_code(&mut self) -> u16 {
        let closed = async {
            loop {
                match self.frame().await {
                    Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                    Some(Ok(Message::Text(text))) => panic!("said {text} instead of closing"),
                    Some(Ok(_)) => {}
                    other => panic!("ended without a code: {other:?}"),
                }
            }
        };
        tokio::time::timeout(PATIENCE, closed).await.expect("a close")
    }

    /// Subscribes under an id.
    pub async fn subscribe(&mut self, id: &str, query: &str, variables: Value) {
        self.say(&json!({ "id": id, "type": "subscribe", "payload": { "query": query, "variables": variables } }))
            .await;
    }

    /// The data of the next event.
    pub async fn event(&mut self) -> Value {
        let message = self.hear().await;
        assert_eq!(message["type"], "next", "{message}");
        assert!(message["payload"]["errors"].is_null(), "{message}");
        message["payload"]["data"].clone()
    }
}
