//! Real deliveries of Meta's, byte for byte, and what must come of each: `tests/payloads/expected.json` says it in Meta's
//! words, and stands beside them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::client::sign;
use crate::support::{Door, Tenant, World};

const NUMBER_A: &str = "510000000000001";
const NUMBER_B: &str = "520000000000002";
/// They say who Ana is from then on: posted last where the order is told.
const IDENTITY: [&str; 2] = ["meta_system_number_change.json", "meta_user_id_update.json"];

fn read(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/payloads/{name}", env!("CARGO_MANIFEST_DIR"))).expect("a payload")
}

struct Payloads {
    app_secret: String,
    files: BTreeMap<String, Value>,
}

impl Payloads {
    fn load() -> Self {
        let all: Value = serde_json::from_slice(&read("expected.json")).expect("JSON");
        let files: BTreeMap<String, Value> = serde_json::from_value(all["files"].clone()).expect("files");
        assert_eq!(files.len(), 35);
        Self { app_secret: all["app_secret"].as_str().expect("the secret").to_owned(), files }
    }

    /// What is expected of one sort, over all files.
    fn expected(&self, sort: &str) -> Vec<&Value> {
        self.files.values().filter_map(|file| file["expect"][sort].as_array()).flatten().collect()
    }

    /// Deliveries of the messages that others answer, edit, delete, react to or report on.
    fn targets(&self) -> Vec<Vec<u8>> {
        let ids = |sort: &str, key: &str| -> Vec<String> {
            self.expected(sort).iter().filter_map(|item| item[key].as_str()).map(str::to_owned).collect()
        };
        let sent = [ids("messages", "reply_to"), ids("reactions", "target_id"), ids("statuses", "id")].concat();
        let said = [ids("edits", "original_id"), ids("revokes", "original_id")].concat();
        let echo = |id: &String| {
            json!({ "field": "smb_message_echoes", "value": { "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "5511950000000", "phone_number_id": NUMBER_A },
            "contacts": [{ "wa_id": "5511910010000", "user_id": "BR.1810010000000001" }],
            "message_echoes": [{ "from": "5511950000000", "to": "5511910010000", "to_user_id": "BR.1810010000000001", "id": id,
                "timestamp": "1759999000", "type": "text", "text": { "body": "da empresa" } }] } })
        };
        let text = |id: &String| {
            json!({ "field": "messages", "value": { "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "5511950000000", "phone_number_id": NUMBER_A },
            "messages": [{ "from": "5511910010000", "from_user_id": "BR.1810010000000001", "id": id,
                "timestamp": "1759999000", "type": "text", "text": { "body": "da Ana" } }] } })
        };
        let delivery = |change: Value| {
            json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [change] }] })
                .to_string()
                .into_bytes()
        };
        sent.iter().map(echo).chain(said.iter().map(text)).map(delivery).collect()
    }

    fn bodies(&self, but: &[&str]) -> Vec<Vec<u8>> {
        self.files.keys().filter(|name| !but.contains(&name.as_str())).map(|name| read(name)).collect()
    }
}

fn kind(provider: &str) -> String {
    match provider {
        "request_welcome" => "SYSTEM".to_owned(),
        "media_placeholder" => "UNSUPPORTED".to_owned(),
        other => other.to_uppercase(),
    }
}

/// Everything that the payloads say is there, and nothing besides.
async fn check(payloads: &Payloads, a: &Tenant, b: &Tenant) {
    let (of_a, of_b) = (a.messages().await, b.messages().await);
    for expected in payloads.expected("messages") {
        let id = expected["id"].as_str().expect("an id");
        let theirs = if expected["tenant"] == NUMBER_A { &of_a } else { &of_b };
        let message = theirs.get(id).unwrap_or_else(|| panic!("no message {id}"));
        check_message(id, expected, message);
    }
    let by = |message: &Value, key: &str| of_a[message[key].as_str().expect("an id")].clone();
    for edit in payloads.expected("edits") {
        let message = by(edit, "original_id");
        assert_eq!((&message["text"], &message["versions"][0]["text"]), (&edit["new_text"], &json!("da Ana")));
        assert_eq!(message["versions"].as_array().map(Vec::len), Some(2));
        assert_eq!((&message["versions"][1]["kind"], &message["deletedAt"]), (&json!("EDIT"), &Value::Null));
    }
    for revoke in payloads.expected("revokes") {
        let message = by(revoke, "original_id");
        assert_eq!(message["deletedAt"], "2025-10-09T08:53:42Z");
        assert_eq!(message["versions"].as_array().map(Vec::len), Some(2));
        assert_eq!(message["versions"][1]["kind"], "DELETION");
    }
    for reaction in payloads.expected("reactions") {
        let message = by(reaction, "target_id");
        assert_eq!(message["reactions"].as_array().map(Vec::len), Some(1), "{message}");
        assert_eq!(message["reactions"][0]["emoji"], reaction["emoji"]);
    }
    for status in payloads.expected("statuses") {
        let message = by(status, "id");
        assert_eq!(message["deliveryStatus"], status["status"].as_str().expect("a word").to_uppercase());
        assert_eq!(message["errorCodes"], *status.get("error_codes").unwrap_or(&json!([])));
    }
    let system = &of_a[payloads.expected("identity_changes")[0]["id"].as_str().expect("an id")];
    assert_eq!((&system["kind"], &system["direction"]), (&json!("SYSTEM"), &json!("INBOUND")));
    let mut not_scanned: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for message in of_a.values() {
        let conversation = &message["conversation"];
        let counted = not_scanned.entry(conversation["id"].as_str().expect("an id")).or_default();
        counted.0 += i64::from(message["isScanned"] == false);
        counted.1 = conversation["notScannedCount"].as_i64().expect("a number");
    }
    assert!(
        not_scanned.values().all(|(seen, told)| seen == told) && not_scanned.values().any(|(seen, _)| *seen > 0),
        "{not_scanned:?}"
    );
    let total = payloads.expected("messages").len() + payloads.targets().len() + 1;
    assert_eq!(of_a.len() + of_b.len(), total, "nothing besides");
    for message in of_b.values() {
        assert_eq!(message["sender"]["name"], "Bruno Carvalho");
        assert_eq!(message["sender"]["phone"], "+553180020000");
    }
}

fn check_message(id: &str, expected: &Value, message: &Value) {
    let word = expected["type"].as_str().expect("a type");
    let text = if word == "document" { json!("Segue o contrato assinado") } else { expected["text"].clone() };
    assert_eq!(message["text"], text, "{id}");
    assert_eq!(message["kind"], kind(word), "{id}");
    let (direction, origin) = match expected["source"].as_str() {
        Some("echo") => ("OUTBOUND", "ECHO"),
        Some("history") => (if expected["direction"] == "out" { "OUTBOUND" } else { "INBOUND" }, "HISTORY"),
        _ => ("INBOUND", "LIVE"),
    };
    assert_eq!((&message["direction"], &message["origin"]), (&json!(direction), &json!(origin)), "{id}");
    let is_captured = !["unsupported", "media_placeholder"].contains(&word);
    assert_eq!(message["contentState"], if is_captured { "AVAILABLE" } else { "NOT_CAPTURED" }, "{id}");
    assert_eq!(message["isScanned"], is_captured && message["media"].is_null(), "{id}");
    assert_eq!(message["isForwarded"], *expected.get("forwarded").unwrap_or(&json!(false)), "{id}");
    assert_eq!(message["errorCodes"], *expected.get("error_codes").unwrap_or(&json!([])), "{id}");
    assert_eq!(message["replyTo"]["providerId"], expected["reply_to"], "{id}");
    assert_eq!(message["media"].is_object(), expected.get("media_id").is_some(), "{id}");
    let file = if word == "document" { json!("Contrato_Prestação_de_Serviços_v3.pdf") } else { Value::Null };
    assert_eq!(message["media"]["fileName"], file, "{id}");
    assert_eq!(message["sender"].is_null(), direction == "OUTBOUND", "{id}");
    assert_eq!(message["conversation"]["isGroup"], expected["peer"]["group_id"].is_string(), "{id}");
    let status = expected["history_status"].as_str().filter(|_| direction == "OUTBOUND");
    assert_eq!(message["deliveryStatus"].as_str(), status, "{id}");
}

/// The companies, and the doors their numbers are behind.
async fn on_the_platform(world: &World, payloads: &Payloads) -> (Tenant, Tenant, Door, Door) {
    let (a, b) = (world.tenant("alfa").await, world.tenant("beta").await);
    let (channel, door) = world.platform_channel(&payloads.app_secret).await;
    world.bind(&channel, &a, "+5511950000000", NUMBER_A).await;
    world.bind(&channel, &b, "+552160000000", NUMBER_B).await;
    let same = Door::new(&door.url, &door.app_secret);
    (a, b, door, same)
}

/// Which numbers a delivery names decides through which of the two doors it comes.
async fn post(a: &Door, b: &Door, body: &[u8]) {
    let is_b = String::from_utf8_lossy(body).contains(NUMBER_B);
    assert_eq!(if is_b { b } else { a }.deliver(body).await, 200);
}

/// What was parked: the provider's own errors, and what is not read. `times` as often as it came.
async fn check_parked(world: &World, times: usize) {
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for (_, reason) in world.parked().await {
        *reasons.entry(reason).or_default() += 1;
    }
    assert_eq!(
        reasons.remove("The provider reports a kind of change that is not read."),
        Some(2 * times),
        "calls, account_update"
    );
    assert_eq!(reasons.remove("The provider reports an error of its own."), Some(times));
    assert_eq!(reasons.remove("The phone's owner did not share the history."), Some(times));
    assert!(reasons.is_empty(), "{reasons:?}");
}

/// Everything once, who Ana is told last, and then everything again.
async fn in_order(world: &World, payloads: &Payloads, a: &Tenant, b: &Tenant, doors: (&Door, &Door)) {
    for body in payloads.targets().iter().chain(&payloads.bodies(&IDENTITY)) {
        post(doors.0, doors.1, body).await;
    }
    let before = a.messages().await;
    let ana =
        before[payloads.files["meta_text.json"]["expect"]["messages"][0]["id"].as_str().expect("an id")]["sender"]
            .clone();
    assert_eq!((&ana["name"], &ana["phone"]), (&json!("Ana Beatriz Souza"), &json!("+5511910010000")));
    for expected in payloads.expected("messages").iter().filter(|m| m["direction"] == "in" && m["tenant"] == NUMBER_A) {
        let sender = &before[expected["id"].as_str().expect("an id")]["sender"];
        if expected["peer"]["wa_id"].is_null() {
            assert_eq!((&sender["name"], &sender["phone"]), (&json!("Marina"), &Value::Null));
        } else {
            assert_eq!(*sender, ana, "one person");
        }
    }
    for name in IDENTITY {
        post(doors.0, doors.1, &read(name)).await;
        let known =
            a.message(payloads.files["meta_text.json"]["expect"]["messages"][0]["id"].as_str().expect("an id")).await;
        assert_eq!(
            (&known["sender"]["id"], &known["sender"]["phone"]),
            (&ana["id"], &json!("+5511910990000")),
            "{name}"
        );
    }
    check(payloads, a, b).await;
    check_parked(world, 1).await;
    let conversations = (a.conversations().await.len(), b.conversations().await.len());
    assert_eq!(conversations, (2, 2), "Ana and Marina; Bruno and his group");
    for body in payloads.bodies(&[]) {
        post(doors.0, doors.1, &body).await;
    }
    check(payloads, a, b).await;
    assert_eq!((a.conversations().await.len(), b.conversations().await.len()), conversations);
    check_parked(world, 2).await;
    // The phone's address book is never kept: Ana is called what she calls herself.
    assert!(a.conversations().await.iter().all(|row| row["contact"]["name"] != "Ana Souza (cliente)"));
}

on_both_engines! {
    async fn every_payload_comes_out_as_expected_once_and_twice_on_the_platforms_channel(world: World) {
        let payloads = Payloads::load();
        let (a, b, door, same) = on_the_platform(&world, &payloads).await;
        for (name, file) in &payloads.files {
            assert_eq!(file["signature"], sign(&payloads.app_secret, &read(name)), "{name} is as it was sent");
        }
        in_order(&world, &payloads, &a, &b, (&door, &same)).await;
    }

    async fn every_payload_comes_out_as_expected_on_the_companies_own_channels(world: World) {
        let payloads = Payloads::load();
        let (a, b) = (world.tenant("alfa").await, world.tenant("beta").await);
        a.register("+5511950000000", NUMBER_A).await;
        b.register("+552160000000", NUMBER_B).await;
        // A delivery that names no number comes through whichever channel it was sent to.
        in_order(&world, &payloads, &a, &b, (&a.door(), &b.door())).await;
    }

    async fn every_payload_comes_out_as_expected_in_any_order(world: World) {
        let rounds = if std::env::var_os("VIGIA_TEST_FULL").is_some() { 25 } else { 2 };
        let payloads = Payloads::load();
        let (channel, door) = world.platform_channel(&payloads.app_secret).await;
        for seed in 1..=rounds {
            let (a, b) = (world.tenant(&format!("a{seed}")).await, world.tenant(&format!("b{seed}")).await);
            // Each round has numbers of its own, told apart by their last digits.
            let (number_a, number_b) = (format!("5100000000{seed:05}"), format!("5200000000{seed:05}"));
            world.bind(&channel, &a, "+5511950000000", &number_a).await;
            world.bind(&channel, &b, "+552160000000", &number_b).await;
            let mut bodies = [payloads.targets(), payloads.bodies(&[])].concat();
            shuffle(&mut bodies, seed);
            for body in &bodies {
                let body = String::from_utf8(body.clone()).expect("text");
                let body = body.replace(NUMBER_A, &number_a).replace(NUMBER_B, &number_b);
                assert_eq!(door.deliver(body).await, 200, "seed {seed}");
            }
            eprintln!("seed {seed}");
            check(&payloads, &a, &b).await;
            // Ana is one person, whatever was heard of her first.
            let messages = a.messages().await;
            let senders: std::collections::BTreeSet<String> = payloads
                .expected("messages").iter().filter(|m| m["direction"] == "in" && m["peer"]["user_id"] == "BR.1810010000000001")
                .map(|m| messages[m["id"].as_str().expect("an id")]["sender"]["phone"].to_string()).collect();
            assert_eq!(senders.len(), 1, "seed {seed}: {senders:?}");
        }
    }
}

/// Fisher and Yates, with a generator of Marsaglia's: the same order for the same seed.
fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    for last in (1..items.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        items.swap(last, usize::try_from(state % (last as u64 + 1)).expect("an index"));
    }
}
