//! Only what Meta signed is taken, and of what it did not sign nothing is kept.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::Door;
use crate::support::client::sign;

async fn connect(door: &Door) -> (TcpStream, String) {
    let (host, path) = door.url.trim_start_matches("http://").split_once('/').expect("an address");
    let socket = TcpStream::connect(host).await.expect("a connection");
    (socket, format!("POST /{path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n"))
}

/// The status of the answer, which must come while the body is still on its way.
async fn status(socket: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut answer = vec![0; 4_096];
    let read = tokio::time::timeout(Duration::from_secs(10), socket.read(&mut answer))
        .await
        .expect("in time")
        .expect("an answer");
    String::from_utf8_lossy(&answer[..read]).lines().next().unwrap_or_default().to_owned()
}

on_both_engines! {
    async fn nothing_is_kept_of_a_delivery_that_meta_did_not_sign(world: World) {
        let (a, b) = (world.tenant("alfa").await, world.tenant("beta").await);
        let door = a.door();
        // As Meta writes: escaped slashes and letters, which another writer of JSON would not repeat.
        let body = a.text("wamid.assinada", "5511988887777", 1_760_000_000, "oi").replace("oi", "ol\\u00e1 1\\/2");
        let parsed: Value = serde_json::from_str(&body).expect("JSON");
        let right = sign(&a.app_secret, body.as_bytes());
        let hex = &right["sha256=".len()..];
        let sha1 = format!("sha1={}", &hex[..40]);
        let upper = format!("sha256={}", hex.to_uppercase());
        let of = |text: &str| sign(&a.app_secret, text.as_bytes());
        let before = world.traces().await;
        let cases: Vec<(&str, Vec<String>)> = vec![
            ("missing", vec![]),
            ("empty", vec![String::new()]),
            ("prefix alone", vec!["sha256=".to_owned()]),
            ("sha1", vec![sha1]),
            ("no prefix", vec![hex.to_owned()]),
            ("upper-case hex", vec![upper]),
            ("63 digits", vec![right[..right.len() - 1].to_owned()]),
            ("65 digits", vec![format!("{right}0")]),
            ("no hex", vec![format!("sha256={}", "g".repeat(64))]),
            ("of the body written anew", vec![of(&parsed.to_string())]),
            ("of the body with spaces", vec![of(&serde_json::to_string_pretty(&parsed).expect("JSON"))]),
            ("of the body and a newline", vec![of(&format!("{body}\n"))]),
            ("with another company's secret", vec![sign(&b.app_secret, body.as_bytes())]),
            ("with an empty secret", vec![sign("", body.as_bytes())]),
            ("twice", vec![right.clone(), right.clone()]),
        ];
        for (what, signatures) in &cases {
            let signatures: Vec<&str> = signatures.iter().map(String::as_str).collect();
            let answer = door.post(body.clone(), &signatures).await;
            assert_eq!(answer.status().as_u16(), 401, "{what}");
            assert!(answer.text().await.expect("a body").len() < 200, "{what}");
        }
        assert_eq!(door.post(format!("{body} "), &[&right]).await.status().as_u16(), 401, "another body");
        assert_eq!(b.door().post(body.clone(), &[&right]).await.status().as_u16(), 401, "another channel");
        assert_eq!(world.traces().await, before);
        assert!(world.parked().await.is_empty());
        assert!(a.messages().await.is_empty());

        assert_eq!(door.post(body, &[&right]).await.status().as_u16(), 200, "the untouched twin");
        assert_eq!(a.message("wamid.assinada").await["text"], "olá 1/2");
    }

    async fn a_body_over_the_limit_is_refused_before_it_is_read(world: World) {
        let a = world.tenant("alfa").await;
        let door = a.door();
        let (mut socket, head) = connect(&door).await;
        socket.write_all(format!("{head}content-length: 10000000000\r\n\r\n").as_bytes()).await.expect("sent");
        assert_eq!(status(&mut socket).await, "HTTP/1.1 413 Payload Too Large", "announced");

        let (socket, head) = connect(&door).await;
        let (mut reading, mut writing) = socket.into_split();
        writing.write_all(format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes()).await.expect("sent");
        let chunk = format!("{:x}\r\n{}\r\n", 65_536, " ".repeat(65_536));
        let mut sent = 0;
        let endless = async {
            // Until the door is shut.
            while writing.write_all(chunk.as_bytes()).await.is_ok() {
                sent += 65_536;
            }
        };
        let (answer, ()) = tokio::join!(status(&mut reading), endless);
        assert_eq!(answer, "HTTP/1.1 413 Payload Too Large", "streamed");
        // The limit and what the kernel holds on both sides.
        assert!(sent < 4 * 1024 * 1024 + 24 * 1024 * 1024, "{sent} bytes were taken");
        assert_eq!(world.count("delivery").await, 0);
        a.receive("wamid.depois", "5511988887777", "ainda aqui").await;
    }
}
