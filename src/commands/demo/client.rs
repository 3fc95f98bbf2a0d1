//! An outsider: speaks GraphQL, graphql-transport-ws, and signs deliveries as Meta does.

use aws_lc_rs::hmac;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use vigia::clock::Clock;
use vigia::error::Error;

/// A client of one server.
pub struct Client {
    http: reqwest::Client,
    url: String,
    clock: Clock,
}

fn broken(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::internal("The server did not answer as it should.").because(error)
}

impl Client {
    /// A client of the server at this address.
    pub fn new(url: &str) -> Self {
        Self { http: reqwest::Client::new(), url: url.to_owned(), clock: Clock::default() }
    }

    /// Where the server is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Seconds since the epoch.
    pub fn now(&self) -> u64 {
        u64::try_from(self.clock.now().0 / 1_000_000).unwrap_or_default()
    }

    async fn graphql(&self, token: Option<&str>, query: &str, variables: Value) -> Result<Value, Error> {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let mut request =
            self.http.post(format!("{}/graphql", self.url)).header("content-type", "application/json").body(body);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer = request.send().await.map_err(broken)?.bytes().await.map_err(broken)?;
        let mut answer: Value = serde_json::from_slice(&answer).map_err(broken)?;
        match answer["errors"][0]["message"].as_str() {
            Some(message) => Err(Error::internal(message.to_owned())),
            None => Ok(answer["data"].take()),
        }
    }

    /// Signs in; answers the access token.
    pub async fn sign_in(&self, email: &str, password: &str) -> Result<String, Error> {
        let input = json!({ "email": email, "password": password });
        let query = "mutation ($input: SignInInput!) { signIn(input: $input) { accessToken errors { message } } }";
        let data = self.graphql(None, query, json!({ "input": input })).await?;
        let token = data["signIn"]["accessToken"].as_str().map(str::to_owned);
        token.ok_or_else(|| Error::internal("The sign-in was refused."))
    }

    /// Sends one mutation; a refusal is an error here.
    pub async fn change(
        &self,
        token: &str,
        name: &str,
        input_type: &str,
        input: &Value,
        fields: &str,
    ) -> Result<Value, Error> {
        let query =
            format!("mutation ($input: {input_type}!) {{ {name}(input: $input) {{ {fields} errors {{ message }} }} }}");
        let mut data = self.graphql(Some(token), &query, json!({ "input": input })).await?;
        match data[name]["errors"][0]["message"].as_str() {
            Some(message) => Err(Error::internal(format!("{name}: {message}"))),
            None => Ok(data[name].take()),
        }
    }

    /// How many alerts there are.
    pub async fn count_alerts(&self, token: &str) -> Result<u64, Error> {
        let data = self.graphql(Some(token), "{ alerts(first: 1) { totalCount } }", json!({})).await?;
        data["alerts"]["totalCount"].as_u64().ok_or_else(|| Error::internal("There is no count."))
    }

    /// Posts a delivery, signed; anything but 200 is an error.
    pub async fn deliver(&self, webhook: &str, app_secret: &str, body: &[u8]) -> Result<(), Error> {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, app_secret.as_bytes()), body);
        let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let request = self.http.post(webhook).header("content-type", "application/json");
        let answer = request
            .header("x-hub-signature-256", format!("sha256={hex}"))
            .body(body.to_vec())
            .send()
            .await
            .map_err(broken)?;
        match answer.status().as_u16() {
            200 => Ok(()),
            status => Err(Error::internal(format!("A delivery was answered {status}."))),
        }
    }
}

/// A subscription over a socket of its own.
pub struct Subscription(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Subscription {
    /// Opens the socket, signs in, and subscribes. What happens after this answers is seen.
    pub async fn open(client: &Client, token: &str, query: &str) -> Result<Self, Error> {
        let mut request =
            format!("{}/graphql", client.url.replacen("http", "ws", 1)).into_client_request().map_err(broken)?;
        request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("graphql-transport-ws"));
        let (socket, _) = connect_async(request).await.map_err(broken)?;
        let mut own = Self(socket);
        own.send(&json!({ "type": "connection_init", "payload": { "authorization": format!("Bearer {token}") } }))
            .await?;
        own.receive("connection_ack").await?;
        // From now on: a cursor is taken first, so that nothing between the two is missed.
        let data = client.graphql(Some(token), "{ alerts(first: 1) { eventCursor } }", json!({})).await?;
        let after = data["alerts"]["eventCursor"].as_str().ok_or_else(|| Error::internal("There is no cursor."))?;
        let query = query.replacen("alertEvents", &format!("alertEvents(after: \"{after}\")"), 1);
        own.send(&json!({ "id": "1", "type": "subscribe", "payload": { "query": query } })).await?;
        Ok(own)
    }

    async fn send(&mut self, message: &Value) -> Result<(), Error> {
        self.0.send(Message::text(message.to_string())).await.map_err(broken)
    }

    async fn receive(&mut self, wanted: &str) -> Result<Value, Error> {
        while let Some(frame) = self.0.next().await {
            if let Message::Text(text) = frame.map_err(broken)? {
                let mut message: Value = serde_json::from_str(&text).map_err(broken)?;
                if message["type"] == wanted {
                    return Ok(message["payload"].take());
                }
                return Err(Error::internal("The subscription was refused."));
            }
        }
        Err(Error::internal("The socket was closed."))
    }

    /// The next event.
    pub async fn next(&mut self) -> Result<Value, Error> {
        let mut payload = self.receive("next").await?;
        match payload["errors"][0]["message"].as_str() {
            Some(message) => Err(Error::internal(message.to_owned())),
            None => Ok(payload["data"].take()),
        }
    }

    /// Closes the socket.
    pub async fn close(mut self) {
        drop(self.0.close(None).await);
    }
}
