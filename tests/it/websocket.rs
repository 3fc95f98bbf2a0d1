//! GraphQL over a socket: the protocol graphql-transport-ws, kept and broken.

use std::time::{Duration, Instant};

use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::support::{Caller, Socket, World};

const LISTEN: &str = "subscription { alertEvents { kind } }";
const VIEWER: &str = "{ viewer { isOperator } }";

async fn handshake(world: &World, protocol: Option<&str>) -> Result<String, u16> {
    let mut request =
        format!("{}/graphql", world.url.replacen("http", "ws", 1)).into_client_request().expect("a request");
    if let Some(protocol) = protocol {
        request.headers_mut().insert("sec-websocket-protocol", protocol.parse().expect("a header"));
    }
    match connect_async(request).await {
        Ok((_, answer)) => Ok(answer.headers()["sec-websocket-protocol"].to_str().expect("text").to_owned()),
        Err(Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

async fn greeted(world: &World, message: &Value) -> Socket {
    let mut socket = Socket::open(&world.url).await;
    socket.say(message).await;
    socket
}

async fn closes(mut socket: Socket, code: u16) {
    assert_eq!(socket.close_code().await, code);
}

/// The code of the `error` message that comes next.
async fn refusal(socket: &mut Socket, id: &str) -> String {
    let message = socket.hear().await;
    assert_eq!((message["type"].as_str(), message["id"].as_str()), (Some("error"), Some(id)), "{message}");
    message["payload"][0]["extensions"]["code"].as_str().expect("a code").to_owned()
}

/// An operation of one answer: the answer, and then the end.
async fn answered(socket: &mut Socket, id: &str, query: &str) -> Value {
    socket.subscribe(id, query, json!({})).await;
    let event = socket.event().await;
    assert_eq!(socket.hear().await, json!({ "type": "complete", "id": id }));
    event
}

fn authorization(caller: &Caller) -> String {
    format!("Bearer {}", caller.token.as_deref().expect("a token"))
}

on_both_engines! {
    async fn a_socket_that_says_who_it_is_is_acknowledged_and_others_are_told_why_not(world: World) {
        let tenant = world.tenant("porta").await;
        drop(tenant.manager.socket().await);
        let init = |payload: Value| json!({ "type": "connection_init", "payload": payload });
        drop(greeted(&world, &init(json!({ "Authorization": authorization(&tenant.manager) }))).await.hear().await);
        let silent = Socket::open(&world.url).await;
        let began = Instant::now();
        closes(silent, 4408).await;
        assert!((Duration::from_millis(4_900)..Duration::from_secs(7)).contains(&began.elapsed()), "after {:?}", began.elapsed());
        for authorization in [json!("Bearer x"), json!("x"), json!(7), json!(null)] {
            closes(greeted(&world, &init(json!({ "authorization": authorization }))).await, 4403).await;
        }
        for payload in [json!({}), json!(null)] {
            closes(greeted(&world, &init(payload)).await, 4401).await;
        }
        closes(greeted(&world, &json!({ "type": "connection_init" })).await, 4401).await;
        closes(greeted(&world, &json!({ "type": "subscribe", "id": "1", "payload": { "query": VIEWER } })).await, 4401).await;
        let mut twice = tenant.manager.socket().await;
        twice.say(&init(json!({ "authorization": authorization(&tenant.manager) }))).await;
        closes(twice, 4429).await;
    }

    async fn only_the_protocol_is_spoken(world: World) {
        for protocol in [None, Some("graphql-ws"), Some("nope")] {
            assert_eq!(handshake(&world, protocol).await, Err(400), "{protocol:?}");
        }
        for protocol in ["graphql-transport-ws", "graphql-ws, graphql-transport-ws"] {
            assert_eq!(handshake(&world, Some(protocol)).await.as_deref(), Ok("graphql-transport-ws"));
        }
    }

    async fn what_is_no_message_closes_the_socket(world: World) {
        let tenant = world.tenant("ruido").await;
        let malformed = [
            "{", "[]", "[\"ping\"]", "null", "", r#"{"type":"nope"}"#, r#"{"type":"start","id":"1","payload":{"query":"{a}"}}"#, r#"{"id":"1"}"#, r#"{"type":"complete"}"#,
            r#"{"type":"subscribe","payload":{"query":"{a}"}}"#, r#"{"type":"subscribe","id":"","payload":{"query":"{a}"}}"#,
            r#"{"type":"subscribe","id":7,"payload":{"query":"{a}"}}"#, r#"{"type":"subscribe","id":"1"}"#,
            r#"{"type":"subscribe","id":"1","payload":["{a}"]}"#, r#"{"type":"subscribe","id":"1","payload":{"query":3}}"#,
        ];
        for text in malformed {
            let mut socket = tenant.manager.socket().await;
            socket.0.send(Message::text(text)).await.expect("the message is sent");
            assert_eq!(socket.close_code().await, 4400, "{text}");
        }
        let mut socket = tenant.manager.socket().await;
        socket.0.send(Message::binary(r#"{"type":"ping"}"#)).await.expect("the message is sent");
        closes(socket, 4400).await;
        let mut socket = tenant.manager.socket().await;
        // The server may close before all of it is sent.
        drop(socket.0.send(Message::text("x".repeat(1 << 20))).await);
        closes(socket, 1009).await;
        let mut socket = tenant.manager.socket().await;
        socket.subscribe("1", LISTEN, json!({})).await;
        socket.subscribe("1", VIEWER, json!({})).await;
        closes(socket, 4409).await;
    }

    async fn operations_of_every_kind_run_over_a_socket(world: World) {
        let tenant = world.tenant("tomada").await;
        let mut socket = tenant.manager.socket().await;
        for (id, query, code) in [
            ("1", "subscription { nope }", "BAD_USER_INPUT"), ("2", "{", "BAD_USER_INPUT"), ("3", "{ viewer", "BAD_USER_INPUT"),
            ("4", &*format!("{{ {} }}", "a @b ".repeat(11)), "QUERY_TOO_COMPLEX"),
        ] {
            socket.subscribe(id, query, json!({})).await;
            assert_eq!(refusal(&mut socket, id).await, code, "{query}");
        }
        assert_eq!(answered(&mut socket, "1", VIEWER).await["viewer"]["isOperator"], false, "the id is free again");
        let made = answered(&mut socket, "1", "mutation { createTerm(input: { pattern: \"propina\" }) { term { pattern } errors { code } } }").await;
        assert_eq!(made["createTerm"]["term"]["pattern"], "propina");
        for ping in [json!({ "type": "ping" }), json!({ "type": "ping", "payload": { "a": 1 } })] {
            socket.say(&ping).await;
            assert_eq!(socket.hear().await, json!({ "type": "pong" }));
        }
        socket.say(&json!({ "type": "pong" })).await;
        socket.0.send(Message::Ping("x".into())).await.expect("the ping is sent");
        assert!(matches!(socket.frame().await, Some(Ok(Message::Pong(payload))) if payload == "x"));
        let now = tenant.manager.read("{ alerts { eventCursor } }").await["alerts"]["eventCursor"].clone();
        let listen = "subscription ($now: String) { alertEvents(after: $now) { kind } }";
        socket.subscribe("s", listen, json!({ "now": now })).await;
        tenant.receive("wamid.1", "5511911110001", "cadê a propina?").await;
        assert_eq!(socket.event().await["alertEvents"]["kind"], "RAISED");
        socket.say(&json!({ "type": "complete", "id": "s" })).await;
        socket.say(&json!({ "type": "complete", "id": "unknown" })).await;
        assert_eq!(answered(&mut socket, "s", VIEWER).await["viewer"]["isOperator"], false, "the id is free again");
        // What another subscription hears shows when the one that was completed would have spoken.
        socket.subscribe("t", listen, json!({ "now": now })).await;
        assert_eq!(socket.hear().await["id"], "t");
        for number in 2..6 {
            tenant.receive(&format!("wamid.{number}"), &format!("551191111000{number}"), "propina outra vez").await;
            assert_eq!(socket.hear().await["id"], "t", "no event comes after complete");
        }
    }

    async fn a_socket_runs_twenty_operations_and_says_fifty_things_in_ten_seconds(world: World) {
        let tenant = world.tenant("muitos").await;
        let mut socket = tenant.manager.socket().await;
        for n in 0..20 {
            socket.subscribe(&n.to_string(), LISTEN, json!({})).await;
        }
        socket.subscribe("20", LISTEN, json!({})).await;
        assert_eq!(refusal(&mut socket, "20").await, "RATE_LIMITED");
        socket.say(&json!({ "type": "complete", "id": "3" })).await;
        assert_eq!(answered(&mut socket, "20", VIEWER).await["viewer"]["isOperator"], false, "one was freed");
        // To sign in is the first thing said.
        let mut socket = tenant.manager.socket().await;
        for _ in 2..50 {
            socket.say(&json!({ "type": "pong" })).await;
        }
        socket.say(&json!({ "type": "ping" })).await;
        assert_eq!(socket.hear().await["type"], "pong", "the fiftieth is heard");
        socket.say(&json!({ "type": "pong" })).await;
        closes(socket, 4429).await;
    }

    async fn sockets_that_do_not_sign_in_are_few(world: World) {
        let tenant = world.tenant("fila").await;
        let mut waiting = Vec::new();
        for _ in 0..100 {
            waiting.push(Socket::open(&world.url).await);
        }
        assert_eq!(handshake(&world, Some("graphql-transport-ws")).await, Err(503));
        let mut first = waiting.swap_remove(0);
        first.say(&json!({ "type": "connection_init", "payload": { "authorization": authorization(&tenant.manager) } })).await;
        assert_eq!(first.hear().await["type"], "connection_ack");
        // Once it obeys, it waits no more.
        first.say(&json!({ "type": "ping" })).await;
        assert_eq!(first.hear().await["type"], "pong");
        assert!(handshake(&world, Some("graphql-transport-ws")).await.is_ok(), "whoever signed in is counted no more");
    }
}
