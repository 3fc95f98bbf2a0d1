//! Deliveries that come many times, in any order, or with poison in them.

use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};

use crate::support::{Door, Tenant};

fn is_full() -> bool {
    std::env::var_os("VIGIA_TEST_FULL").is_some()
}

/// Posts all of these, many at once; each must be answered 200.
async fn flood(door: &Door, bodies: impl IntoIterator<Item = String>) {
    let posts = bodies.into_iter().map(|body| async move { door.deliver(body).await });
    let answers: Vec<u16> = stream::iter(posts).buffer_unordered(50).collect().await;
    assert!(answers.iter().all(|status| *status == 200), "{answers:?}");
}

/// Every order of these.
fn orders(items: &[usize]) -> Vec<Vec<usize>> {
    if items.len() < 2 {
        return vec![items.to_vec()];
    }
    let with_first = |at: usize| {
        let mut rest = items.to_vec();
        let first = rest.remove(at);
        orders(&rest).into_iter().map(move |order| [vec![first], order].concat())
    };
    (0..items.len()).flat_map(with_first).collect()
}

/// What happens to one message of the company's: created, delivered, read, edited twice, deleted.
fn life(id: &str, contact: &str) -> [(&'static str, Value); 6] {
    let echo = |kind: &str, event: &str, at: u64, what: Value| {
        (
            "message_echoes",
            json!({ "from": "5511950000000", "to": contact, "id": event, "timestamp": at.to_string(), "type": kind, kind: what }),
        )
    };
    let edit = |event: String, at: u64, text: &str| {
        echo(
            "edit",
            &event,
            at,
            json!({ "original_message_id": id, "message": { "type": "text", "text": { "body": text } } }),
        )
    };
    let status = |word: &str, at: u64| {
        ("statuses", json!({ "id": id, "status": word, "timestamp": at.to_string(), "recipient_id": contact }))
    };
    [
        echo("text", id, 1_760_000_000, json!({ "body": "a primeira propina" })),
        status("delivered", 1_760_000_001),
        status("read", 1_760_000_002),
        edit(format!("{id}-e1"), 1_760_000_010, "a segunda propina"),
        edit(format!("{id}-e2"), 1_760_000_020, "a terceira propina"),
        echo("revoke", &format!("{id}-r"), 1_760_000_030, json!({ "original_message_id": id })),
    ]
}

/// Which of the six come in one delivery each time, in every order of a few.
fn some_orders() -> Vec<Vec<usize>> {
    let all = orders(&[0, 1, 2, 3, 4, 5]);
    assert_eq!(all.len(), 720);
    // 31 shares no divisor with 720: the short form has orders from all over.
    let step = if is_full() { 1 } else { 31 };
    all.into_iter().step_by(step).collect()
}

fn message_id(order: &[usize]) -> String {
    order.iter().map(ToString::to_string).collect()
}

/// Orders that share a conversation: few enough for one page.
fn contact(at: usize) -> String {
    format!("55119887{:05}", at / 60)
}

/// What is left of a message, but for what names it.
fn state(message: &Value) -> Value {
    let mut state = message.clone();
    for own in ["id", "providerId", "conversation"] {
        state[own].take();
    }
    state
}

async fn check_all_are_equal(tenant: &Tenant, count: usize) {
    let messages = tenant.messages().await;
    assert_eq!(messages.len(), count);
    let first = state(&messages["012345"]);
    for (order, message) in &messages {
        assert_eq!(state(message), first, "{order}");
    }
    assert_eq!(first["text"], "a terceira propina", "what was deleted stays readable");
    assert_eq!(first["deliveryStatus"], "READ");
    assert_eq!(
        (&first["editedAt"], &first["deletedAt"]),
        (&json!("2025-10-09T08:53:40Z"), &json!("2025-10-09T08:53:50Z"))
    );
    let versions: Vec<(&Value, &Value)> = first["versions"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|version| (&version["kind"], &version["text"]))
        .collect();
    assert_eq!(
        versions,
        [
            (&json!("ORIGINAL"), &json!("a primeira propina")),
            (&json!("EDIT"), &json!("a segunda propina")),
            (&json!("EDIT"), &json!("a terceira propina")),
            (&json!("DELETION"), &Value::Null),
        ]
    );
}

on_both_engines! {
    async fn a_delivery_that_comes_fifty_times_at_once_and_again_after_a_restart_is_there_once(world: World) {
        let mut a = world.tenant("alfa").await;
        a.watch("propina").await;
        let door = a.door();
        let body = a.text("wamid.uma", "5511988887777", 1_760_000_000, "a propina de sempre");
        flood(&door, vec![body.clone(); 50]).await;
        let (second, stop) = world.second_node().await;
        let (first_half, second_half) = (vec![body.clone(); 25], vec![body.clone(); 25]);
        let other = door.at(&second);
        tokio::join!(flood(&door, first_half), flood(&other, second_half));
        world.clock.advance(std::time::Duration::from_secs(8 * 86_400));
        flood(&other, vec![body.clone(), body]).await;
        stop.cancel();
        a.reviewer = world.signed_in("revisora@alfa.example", "alfa").await;
        assert_eq!(a.messages().await.len(), 1);
        assert_eq!(a.alerts().await.len(), 1);
        assert_eq!(a.matches().await.len(), 1);
        assert_eq!((world.count("message").await, world.count("contact").await), (1, 1));
        assert_eq!(world.count("parked").await, 0, "a repetition is no fault");
    }

    async fn an_edit_a_deletion_and_a_reaction_that_come_twice_count_once(world: World) {
        let a = world.tenant("alfa").await;
        a.watch("propina").await;
        let door = a.door();
        for _ in 0..3 {
            for (list, event) in life("m", "5511988887777") {
                let field = if list == "statuses" { "messages" } else { "smb_message_echoes" };
                flood(&door, vec![a.change(field, &json!({ list: [event] })); 3]).await;
            }
            let react = |emoji: &str, at: u64| a.value(&json!({ "messages": [{ "from": "5511988887777", "id": format!("r{at}"),
                "timestamp": at.to_string(), "type": "reaction", "reaction": { "message_id": "m", "emoji": emoji } }] }));
            flood(&door, [react("👍", 1_760_000_040), react("❤️", 1_760_000_041), react("👍", 1_760_000_040)]).await;
        }
        let message = a.message("m").await;
        assert_eq!(message["versions"].as_array().map(Vec::len), Some(4));
        assert_eq!(message["reactions"].as_array().map(Vec::len), Some(1));
        assert_eq!(message["reactions"][0]["emoji"], "❤️");
        assert_eq!(a.matches().await.len(), 3, "one in each version that has it");
    }

    async fn a_message_ends_the_same_in_whichever_order_its_life_is_told(world: World) {
        let a = world.tenant("alfa").await;
        let door = a.door();
        let orders = some_orders();
        // The first event of all of them, then the second: each event comes in a delivery of its own.
        for place in 0..6 {
            let event = |(at, order): (usize, &Vec<usize>)| {
                let (list, event) = life(&message_id(order), &contact(at))[order[place]].clone();
                a.change(if list == "statuses" { "messages" } else { "smb_message_echoes" }, &json!({ list: [event] }))
            };
            flood(&door, orders.iter().enumerate().map(event)).await;
        }
        check_all_are_equal(&a, orders.len()).await;
        assert_eq!(world.count("held").await, 0, "nothing waits any more");
    }

    async fn a_message_ends_the_same_in_whichever_order_one_delivery_tells_its_life(world: World) {
        let a = world.tenant("alfa").await;
        let door = a.door();
        let orders = some_orders();
        let body = |(at, order): (usize, &Vec<usize>)| {
            let entries: Vec<Value> = order
                .iter()
                .map(|event| {
                    let (list, event) = life(&message_id(order), &contact(at))[*event].clone();
                    let body = a.change(if list == "statuses" { "messages" } else { "smb_message_echoes" }, &json!({ list: [event] }));
                    serde_json::from_str::<Value>(&body).expect("JSON")["entry"][0].clone()
                })
                .collect();
            json!({ "object": "whatsapp_business_account", "entry": entries }).to_string()
        };
        flood(&door, orders.iter().enumerate().map(body)).await;
        check_all_are_equal(&a, orders.len()).await;
        assert_eq!(world.count("held").await, 0);
    }

    async fn what_waits_for_a_message_that_never_comes_harms_nobody(world: World) {
        let a = world.tenant("alfa").await;
        let door = a.door();
        for (list, event) in life("nunca", "5511988887777").into_iter().skip(1) {
            flood(&door, [a.change(if list == "statuses" { "messages" } else { "smb_message_echoes" }, &json!({ list: [event] }))]).await;
        }
        a.receive("boa", "5511988887777", "boa").await;
        assert_eq!(a.messages().await.keys().collect::<Vec<_>>(), ["boa"]);
        assert_eq!(world.count("held").await, 5);
    }

    async fn poison_is_kept_aside_and_the_next_good_message_is_taken(world: World) {
        let a = world.tenant("alfa").await;
        a.watch("propina").await;
        let door = a.door();
        let good = a.text("boa", "5511988887777", 1_760_000_000, "uma propina");
        let with = |old: &str, new: &str| good.replace("\"boa\"", "\"má\"").replace(old, new);
        let nested = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        // What it is, and whether a message comes of it all the same.
        let poison: Vec<(&str, String, bool)> = vec![
            ("truncated", good[..good.len() - 20].to_owned(), false),
            ("a lone surrogate", with("uma propina", "\\ud800 propina"), false),
            ("a kind nobody knows", with("\"type\":\"text\"", "\"type\":\"holograma\""), true),
            ("numbers as text", with("\"5511988887777\"", "5511988887777").replace("\"1760000000\"", "1760000000"), true),
            ("text as a number", with("\"uma propina\"", "42"), true),
            ("null for an object", with("{\"body\":\"uma propina\"}", "null"), false),
            ("null for the value's contacts", with("\"contacts\":[", "\"contacts\":null,\"outros\":["), true),
            ("nested without end as the text", with("{\"body\":\"uma propina\"}", &nested), false),
            ("nested without end where nobody reads", with("\"timestamp\"", &format!("\"sobra\":{nested},\"timestamp\"")), true),
            ("nested without end as the body", nested.clone(), false),
            ("a time that is none", with("\"1760000000\"", "\"amanhã\""), true),
            ("a time beyond all calendars", with("\"1760000000\"", "\"99999999999999999999\""), true),
            ("an id of 100 000 signs", good.replace("\"boa\"", &format!("\"{}\"", "x".repeat(100_000))), true),
            ("3 MB of text", with("uma propina", &"propina ".repeat(390_000)), true),
        ];
        for (at, (what, body, is_kept)) in poison.iter().enumerate() {
            let began = tokio::time::Instant::now();
            let before = (a.messages().await.len(), world.parked().await.len());
            flood(&door, [body.replace("má", &format!("má-{at}"))]).await;
            flood(&door, [good.replace("boa", &format!("boa-{at}"))]).await;
            let after = (a.messages().await.len(), world.parked().await.len());
            let expected = if *is_kept { (before.0 + 2, before.1) } else { (before.0 + 1, before.1 + 1) };
            assert_eq!(after, expected, "{what}");
            assert!(began.elapsed().as_secs() < 5, "{what} took {:?}", began.elapsed());
        }
        let messages = a.messages().await;
        assert_eq!(messages["má-2"]["kind"], "UNKNOWN");
        assert_eq!(messages["má-3"]["sender"]["phone"], "+5511988887777");
        assert_eq!(messages["má-4"]["text"], "42");
        assert_eq!(messages["má-13"]["text"].as_str().map(str::len), Some(8 * 390_000));
    }
}
