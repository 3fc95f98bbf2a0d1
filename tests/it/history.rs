//! What terms and policies find in what is stored: tried before they are watched for, and run over it afterwards.

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::support::Tenant;

const T: u64 = 1_760_000_000;
const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;
const ANA: &str = "5511988880001";
const BIA: &str = "5511988880002";

const PREVIEW: &str = "matches { spans { start end text } steps } warning historyHits historyScanned historyNotScanned historyTotal \
    estimatedAlertsPerDay isComplete examples { message { providerId text } source sourceText spans { start end text } steps } \
    errors { code message path }";

async fn preview(tenant: &Tenant, input: Value) -> Value {
    let query = format!("query ($input: PreviewTermInput!) {{ previewTerm(input: $input) {{ {PREVIEW} }} }}");
    tenant.manager.send(&query, json!({ "input": input })).await.data()["previewTerm"].clone()
}

async fn post(tenant: &Tenant, message: Value) {
    assert_eq!(tenant.deliver(tenant.value(&json!({ "messages": [message] }))).await, 200);
}

async fn say(tenant: &Tenant, id: &str, from: &str, at: u64, text: &str) {
    assert_eq!(tenant.deliver(tenant.text(id, from, at, text)).await, 200, "{id}");
}

async fn voice(tenant: &Tenant, id: &str, at: u64) {
    let audio = json!({ "id": "7001", "mime_type": "audio/ogg", "voice": true });
    post(tenant, json!({ "from": ANA, "id": id, "timestamp": at.to_string(), "type": "audio", "audio": audio })).await;
}

/// Many texts of one contact, an hour apart.
pub async fn flood(tenant: &Tenant, count: u64, text: &str) {
    let people = json!([{ "wa_id": ANA, "profile": { "name": "Ana" } }]);
    for start in (0..count).step_by(500) {
        let message = |at: u64| {
            let sent = (T + at * HOUR).to_string();
            json!({ "from": ANA, "id": format!("wamid.{at:05}"), "timestamp": sent, "type": "text", "text": { "body": text } })
        };
        let messages: Vec<Value> = (start..count.min(start + 500)).map(message).collect();
        let body = tenant.value(&json!({ "contacts": people, "messages": messages }));
        assert_eq!(tenant.deliver(body).await, 200);
    }
}

/// A policy with one term; answers its id.
async fn policy(tenant: &Tenant, pattern: &str) -> Value {
    let input =
        json!({ "name": format!("Procura {pattern}"), "purpose": "Testar", "legalBasis": "LEGITIMATE_INTEREST" });
    let made = tenant.manager.change("createPolicy", "CreatePolicyInput", &input, "policy { id }").await;
    let policy = made["policy"]["id"].clone();
    let term = json!({ "pattern": pattern, "policyId": policy });
    tenant.manager.change("createTerm", "CreateTermInput", &term, "term { id }").await;
    policy
}

/// Runs a policy over history; answers the run once it has ended.
async fn scan(tenant: &Tenant, input: Value) -> Value {
    let made = tenant.manager.change("scanHistory", "ScanHistoryInput", &input, "scan { id state }").await;
    tenant.scan_ended(&made["scan"]["id"]).await
}

/// The facts of a run that are numbers.
fn told(scan: &Value) -> (&str, [i64; 5]) {
    let numbers = ["scanned", "notScanned", "total", "hits", "alerts"];
    (scan["state"].as_str().expect("a state"), numbers.map(|name| scan[name].as_i64().expect("a number")))
}

/// The messages of each alert, with whether it was found afterwards; oldest alert first.
async fn groups(tenant: &Tenant) -> Vec<(bool, Vec<String>)> {
    let group = |alert: &Value| {
        let matches = alert["matches"]["nodes"].as_array().expect("a list").iter();
        let ids = matches.map(|found| found["message"]["providerId"].as_str().expect("an id").to_owned()).collect();
        (alert["foundAfterwards"] == true, ids)
    };
    tenant.alerts().await.iter().map(group).collect()
}

fn is_near(value: &Value, expected: f64) {
    let value = value.as_f64().expect("a number");
    assert!((value - expected).abs() < 0.001, "{value} instead of {expected}");
}

on_both_engines! {
    async fn a_term_is_tried_on_a_text_and_history_is_left_alone(world: World) {
        let a = world.tenant("alfa").await;
        say(&a, "1", ANA, T, "a propina").await;
        let query = "query ($input: PreviewTermInput!) { previewTerm(input: $input) { matches { spans { start end text } steps } errors { code } } }";
        let input = json!({ "pattern": "propina", "sampleText": "É própina, PROPINA e propina." });
        let found = a.manager.send(query, json!({ "input": input })).await.data()["previewTerm"].clone();
        let seen = |start: u64, text: &str, steps: Value| json!({ "spans": [{ "start": start, "end": start + 7, "text": text }], "steps": steps });
        let expected = [seen(2, "própina", json!(["ACCENT"])), seen(11, "PROPINA", json!(["CASE"])), seen(21, "propina", json!([]))];
        assert_eq!(found, json!({ "matches": expected, "errors": [] }));
        assert_eq!(world.count_where("journal", "chain = 1").await, 0, "nobody read anything");
        let many = preview(&a, json!({ "pattern": "x", "sampleText": "x ".repeat(200) })).await;
        assert_eq!(many["matches"].as_array().map(Vec::len), Some(50));
        let long = preview(&a, json!({ "pattern": "x", "sampleText": "x".repeat(65_537) })).await;
        assert_eq!((&long["errors"][0]["code"], &long["errors"][0]["path"]), (&json!("TOO_LONG"), &json!(["sampleText"])));
    }

    async fn a_term_is_tried_on_history_with_examples_and_an_estimate(world: World) {
        let a = world.tenant("alfa").await;
        say(&a, "a1", ANA, T, "a propina").await;
        say(&a, "a2", ANA, T + HOUR, "Propina e mais propina").await;
        say(&a, "a3", ANA, T + 2 * DAY, "a propina de novo").await;
        say(&a, "b1", BIA, T + DAY, "bom dia").await;
        say(&a, "b2", BIA, T + 4 * DAY, "a própina").await;
        voice(&a, "v1", T + DAY).await;
        let found = preview(&a, json!({ "pattern": "propina" })).await;
        let numbers = ["historyHits", "historyScanned", "historyNotScanned", "historyTotal"].map(|name| found[name].as_i64().expect("a number"));
        assert_eq!(numbers, [5, 5, 1, 6]);
        assert_eq!((&found["warning"], &found["isComplete"], &found["errors"]), (&json!(null), &json!(true), &json!([])));
        // Two alerts of Ana's and one of Bia's, in four days.
        is_near(&found["estimatedAlertsPerDay"], 0.75);
        let examples = found["examples"].as_array().expect("a list");
        let ids: Vec<&Value> = examples.iter().map(|example| &example["message"]["providerId"]).collect();
        assert_eq!(ids, ["b2", "a3", "a2", "a1"], "the newest first, each message once");
        let newest = json!({ "message": { "providerId": "b2", "text": "a própina" }, "source": "TEXT", "sourceText": "a própina",
            "spans": [{ "start": 2, "end": 9, "text": "própina" }], "steps": ["ACCENT"] });
        assert_eq!(examples[0], newest);
        assert_eq!(world.count_where("journal", "chain = 1 and kind = 201").await, 1, "it is on record that a term was tried");
        assert_eq!(world.count_where("journal", "chain = 1 and kind = 200").await, 1, "and which messages were shown");
        for day in 0..12 {
            say(&a, &format!("c{day}"), BIA, T + (10 + day) * DAY, "propina").await;
        }
        assert_eq!(preview(&a, json!({ "pattern": "propina" })).await["examples"].as_array().map(Vec::len), Some(10));
        assert_eq!(a.alerts().await, Vec::<Value>::new(), "nobody watches for it");
    }

    async fn a_text_that_was_tampered_with_hides_no_other(world: World) {
        let a = world.tenant("alfa").await;
        for (id, at) in [("1", T), ("2", T + HOUR), ("3", T + 2 * HOUR)] {
            say(&a, id, ANA, at, "a propina").await;
        }
        let tamper = "update message_version set text = raw where id = (select id from message_version order by id limit 1)";
        let tampered = world.raw().await.execute_unprepared(tamper).await.expect("changed");
        assert_eq!(tampered.rows_affected(), 1);
        let found = preview(&a, json!({ "pattern": "propina" })).await;
        assert_eq!(json!([found["historyHits"], found["historyScanned"], found["historyNotScanned"]]), json!([2, 2, 1]));
        let made = a.manager.change("previewHistory", "PreviewTermInput", &json!({ "pattern": "propina" }), "scan { id }").await;
        assert_eq!(told(&a.scan_ended(&made["scan"]["id"]).await), ("DONE", [2, 1, 3, 2, 1]));
    }

    async fn a_term_that_may_not_be_watched_for_is_refused_alike_everywhere(world: World) {
        let a = world.tenant("alfa").await;
        for input in [
            json!({ "pattern": "" }),
            json!({ "pattern": "!!!" }),
            json!({ "pattern": "(a AND" }),
            json!({ "pattern": "x".repeat(513) }),
            json!({ "detector": "CPF", "pattern": "cpf" }),
            json!({}),
        ] {
            let refused = a.manager.attempt("createTerm", "CreateTermInput", &input, "term { id }").await["errors"].clone();
            assert_eq!(refused.as_array().map(Vec::len), Some(1), "{input}");
            let tried = preview(&a, input.clone()).await;
            assert_eq!((&tried["errors"], &tried["historyScanned"]), (&refused, &json!(0)), "{input}");
            let run = a.manager.attempt("previewHistory", "PreviewTermInput", &input, "scan { id }").await;
            assert_eq!(run, json!({ "scan": null, "errors": refused }), "{input}");
        }
        assert_eq!(world.count("history_scan").await, 0);
    }

    async fn a_detector_is_tried_like_a_word(world: World) {
        let a = world.tenant("alfa").await;
        say(&a, "1", ANA, T, "meu CPF: 529.982.247-25").await;
        let found = preview(&a, json!({ "detector": "CPF", "sampleText": "CPF 111.111.111-11 ou 529.982.247-25?" })).await;
        assert_eq!(found["matches"][0]["spans"], json!([{ "start": 22, "end": 36, "text": "529.982.247-25" }]), "{found}");
        assert_eq!(json!([found["matches"].as_array().map(Vec::len), found["historyHits"]]), json!([1, 1]));
    }

    async fn a_term_that_is_found_nearly_everywhere_is_told_so_before_any_scan(world: World) {
        let a = world.tenant("alfa").await;
        let beginnings = "ca* OR pa* OR de* OR do* OR ma* OR na* OR se* OR te* OR qu* OR vo* OR to* OR co* OR po* OR me* OR ob* OR bo* OR es* OR am* OR fo*";
        let input = json!({ "pattern": beginnings, "sampleText": "casa cama" });
        let warning = |found: &Value| found["warning"].as_str().expect("a warning").to_owned();
        let empty = preview(&a, input.clone()).await;
        assert!(warning(&empty).contains('%') && !warning(&empty).contains("a day"), "{empty}");
        // Two conversations in two days, each of which would raise an alert nearly for sure.
        for (id, from, at) in [("1", ANA, T), ("2", ANA, T + HOUR), ("3", BIA, T + 2 * DAY), ("4", BIA, T + 2 * DAY)] {
            say(&a, id, from, at, "bom").await;
        }
        let found = preview(&a, input.clone()).await;
        assert!(warning(&found).contains("about 1.0 alerts a day"), "{found}");
        let rate = found["estimatedAlertsPerDay"].as_f64().expect("a number");
        assert!((0.9..=1.0).contains(&rate), "{found}");
        let nothing = json!([0, 0, 0, false, []]);
        assert_eq!(json!([found["historyHits"], found["historyScanned"], found["historyNotScanned"], found["isComplete"], found["examples"]]), nothing);
        assert_eq!(found["matches"].as_array().map(Vec::len), Some(2), "the given text was looked at");
        let run = a.manager.attempt("previewHistory", "PreviewTermInput", &input, "scan { id }").await;
        assert_eq!((&run["scan"], &run["errors"][0]["code"], &run["errors"][0]["message"]), (&json!(null), &json!("INVALID"), &found["warning"]));
        assert_eq!(world.count_where("journal", "chain = 1").await, 0, "no message was opened");
    }

    async fn a_preview_keeps_its_budget(world: World) {
        let a = world.tenant("alfa").await;
        flood(&a, 2_100, "bom dia").await;
        let found = preview(&a, json!({ "pattern": "propina" })).await;
        let scanned = found["historyScanned"].as_u64().expect("a number");
        assert!((250..=2_000).contains(&scanned) && scanned.is_multiple_of(250), "{found}");
        assert_eq!((&found["isComplete"], &found["historyTotal"]), (&json!(false), &json!(2_100)));
    }

    async fn a_term_is_tried_on_everything_that_is_stored(world: World) {
        let a = world.tenant("alfa").await;
        flood(&a, 600, "a propina").await;
        say(&a, "b1", BIA, T, "propina").await;
        say(&a, "b2", BIA, T + 2 * DAY, "propina, propina").await;
        voice(&a, "v1", T + 700 * HOUR).await;
        let made = a.manager.change("previewHistory", "PreviewTermInput", &json!({ "pattern": "Propina" }), "scan { id state total }").await;
        assert_eq!(made["scan"]["total"], 603);
        let run = a.scan_ended(&made["scan"]["id"]).await;
        // Ana's 600, an hour apart, are one alert over three pages; Bia's are two.
        assert_eq!(told(&run), ("DONE", [602, 1, 603, 603, 3]));
        is_near(&run["estimatedAlertsPerDay"], 3.0 * 24.0 / 700.0);
        assert_eq!(json!([run["pattern"], run["mode"], run["strictness"], run["policy"], run["failure"]]), json!(["Propina", "WORD", "DISGUISED", null, null]));
        assert!(run["finishedAt"].as_str() > run["createdAt"].as_str());
        assert_eq!(a.alerts().await, Vec::<Value>::new(), "it is only tried");
        assert_eq!(world.count("job").await, 0);
        let list = a.auditor.read("{ historyScans { totalCount nodes { id } } }").await;
        assert_eq!(list, json!({ "historyScans": { "totalCount": 1, "nodes": [{ "id": run["id"] }] } }));
    }

    async fn a_policy_finds_in_history_what_it_had_not_found_live_and_finds_it_once(world: World) {
        let a = world.tenant("alfa").await;
        say(&a, "a1", ANA, T, "a propina").await;
        say(&a, "a2", ANA, T + HOUR, "outra propina").await;
        say(&a, "a3", ANA, T + 3 * DAY, "mais propina").await;
        say(&a, "b1", BIA, T, "bom dia").await;
        voice(&a, "v1", T).await;
        let policy = policy(&a, "propina").await;
        say(&a, "live", ANA, T + 3 * DAY + HOUR, "propina agora").await;
        let run = scan(&a, json!({ "policyId": policy })).await;
        assert_eq!((told(&run), &run["policy"]["id"]), (("DONE", [5, 1, 6, 3, 2]), &policy));
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        let expected = [(false, ids(&["live"])), (true, ids(&["a1", "a2"])), (true, ids(&["a3"]))];
        assert_eq!(groups(&a).await, expected);
        let events = a.reviewer.read("{ alerts(last: 2) { nodes { events { nodes { kind actor { id } } } } } }").await;
        let told_of = |at: usize| events["alerts"]["nodes"][at]["events"]["nodes"].clone();
        let event = |kind: &str| json!({ "kind": kind, "actor": null });
        assert_eq!(told_of(0), json!([event("RAISED"), event("MATCHED")]), "the older of the two, as live ones have");
        assert_eq!(told(&scan(&a, json!({ "policyId": policy })).await), ("DONE", [5, 1, 6, 0, 0]), "nothing new");
        assert_eq!(groups(&a).await, expected);
        // A further term of the same version is found where the first one was, and in the same alerts.
        a.manager.change("createTerm", "CreateTermInput", &json!({ "pattern": "outra", "policyId": policy }), "term { id }").await;
        assert_eq!(told(&scan(&a, json!({ "policyId": policy })).await), ("DONE", [5, 1, 6, 1, 0]));
        assert_eq!(groups(&a).await[1].1, ["a1", "a2", "a2"]);
        // A new version is another policy to its alerts.
        a.manager.change("updatePolicy", "UpdatePolicyInput", &json!({ "id": policy, "severity": "HIGH" }), "policy { id }").await;
        assert_eq!(told(&scan(&a, json!({ "policyId": policy })).await), ("DONE", [5, 1, 6, 5, 2]));
    }

    async fn every_version_and_part_of_a_message_is_scanned_as_it_is_live(world: World) {
        let a = world.tenant("alfa").await;
        let texts = |id: &str| json!({ "from": ANA, "id": id, "timestamp": T.to_string() });
        let with = |id: &str, kind: &str, content: Value| {
            let mut message = texts(id);
            message["type"] = json!(kind);
            message[kind] = content;
            message
        };
        let messages = |live: &str| {
            let id = |name: &str| format!("{live}{name}");
            let mut referred = with(&id("referral"), "text", json!({ "body": "quero" }));
            referred["referral"] = json!({ "source_url": "https://fb.me/x", "source_type": "ad", "body": "sem propina", "headline": "x" });
            [
                with(&id("file"), "document", json!({ "id": "7", "mime_type": "application/pdf", "filename": "propina.pdf", "caption": "da propina" })),
                with(&id("place"), "location", json!({ "latitude": -23.5, "longitude": -46.6, "name": "Bar Propina", "address": "Rua 1" })),
                referred,
                with(&id("edited"), "text", json!({ "body": "propina ontem" })),
                with(&id("edit"), "edit", json!({ "original_message_id": id("edited"), "message": { "type": "text", "text": { "body": "hoje propina" } } })),
                with(&id("gone"), "text", json!({ "body": "propina apagada" })),
                with(&id("revoke"), "revoke", json!({ "original_message_id": id("gone") })),
            ]
        };
        for message in messages("") {
            post(&a, message).await;
        }
        let policy = policy(&a, "propina").await;
        for message in messages("live ") {
            post(&a, message).await;
        }
        let found = |matches: Vec<Value>, live: bool| {
            let mut told: Vec<Value> = matches
                .iter()
                .filter(|found| found["message"]["providerId"].as_str().expect("an id").starts_with("live ") == live)
                .map(|found| {
                    let id = found["message"]["providerId"].as_str().expect("an id").trim_start_matches("live ");
                    json!([id, found["source"], found["version"]["index"], found["sourceText"], found["spans"]])
                })
                .collect();
            told.sort_by_key(Value::to_string);
            told
        };
        let live = found(a.matches().await, true);
        assert!(live.len() >= 7, "{live:?}");
        let run = scan(&a, json!({ "policyId": policy })).await;
        assert_eq!((&run["state"], run["hits"].as_u64()), (&json!("DONE"), Some(live.len() as u64)));
        assert_eq!(found(a.matches().await, false), live, "the same is found afterwards as live");
    }

    async fn a_policy_is_run_over_the_messages_of_a_time_and_only_while_it_is_active(world: World) {
        let a = world.tenant("alfa").await;
        for day in 0..5 {
            say(&a, &format!("d{day}"), ANA, T + day * 2 * DAY, "a propina").await;
        }
        let policy = policy(&a, "propina").await;
        let day = |day: u64| format!("2025-10-{:02}T08:53:20Z", 9 + day);
        let run = scan(&a, json!({ "policyId": policy, "sentAfter": day(2), "sentBefore": day(6) })).await;
        assert_eq!(told(&run), ("DONE", [2, 0, 2, 2, 2]));
        assert_eq!(groups(&a).await.into_iter().flat_map(|group| group.1).collect::<Vec<_>>(), ["d1", "d2"]);
        assert_eq!((&run["sentAfter"], &run["sentBefore"]), (&json!(day(2)), &json!(day(6))));
        let refused = async |input: Value| {
            let payload = a.manager.attempt("scanHistory", "ScanHistoryInput", &input, "scan { id }").await;
            assert_eq!(payload["scan"], json!(null));
            (payload["errors"][0]["code"].as_str().expect("a code").to_owned(), payload["errors"][0]["path"][0].clone())
        };
        assert_eq!(refused(json!({ "policyId": policy, "sentAfter": day(2), "sentBefore": day(2) })).await, ("INVALID".into(), json!("sentBefore")));
        assert_eq!(refused(json!({ "policyId": "policy:x" })).await, ("NOT_FOUND".into(), json!("policyId")));
        a.manager.change("updatePolicy", "UpdatePolicyInput", &json!({ "id": policy, "state": "PAUSED" }), "policy { id }").await;
        assert_eq!(refused(json!({ "policyId": policy })).await, ("CONFLICT".into(), json!("policyId")));
        let empty = a.manager.read("{ policies { nodes { id state } } }").await["policies"]["nodes"].clone();
        let empty = empty.as_array().expect("a list").iter().find(|policy| policy["state"] == "ACTIVE").expect("the default one").clone();
        assert_eq!(refused(json!({ "policyId": empty["id"] })).await, ("CONFLICT".into(), json!("policyId")));
    }

    async fn a_policy_that_is_paused_finds_no_more_from_the_next_page_on(world: World) {
        let a = world.tenant("alfa").await;
        flood(&a, 1_500, "a propina").await;
        let policy = policy(&a, "propina").await;
        let made = a.manager.change("scanHistory", "ScanHistoryInput", &json!({ "policyId": policy }), "scan { id }").await;
        let id = &made["scan"]["id"];
        a.scan_once(id, |scan| scan["scanned"].as_i64() > Some(0)).await;
        a.manager.change("updatePolicy", "UpdatePolicyInput", &json!({ "id": policy, "state": "PAUSED" }), "policy { id }").await;
        let (found, run) = (world.count("\"match\"").await, a.scan_ended(id).await);
        assert_eq!(run["state"], "FAILED");
        assert!(run["failure"].as_str().expect("words").contains("not active") && run["hits"].as_i64() < Some(1_500), "{run}");
        assert_eq!((run["hits"].as_i64(), world.count("\"match\"").await), (Some(found), found), "what it found stays");
    }

    async fn a_run_is_cancelled_while_it_waits_and_while_it_runs(world: World) {
        let a = world.tenant("alfa").await;
        flood(&a, 1_500, "a propina").await;
        let start = async |pattern: &str| {
            let input = json!({ "pattern": pattern });
            a.manager.change("previewHistory", "PreviewTermInput", &input, "scan { id }").await["scan"]["id"].clone()
        };
        let (running, waiting) = (start("propina").await, start("suborno").await);
        let cancel = async |id: &Value| a.manager.attempt("cancelHistoryScan", "CancelHistoryScanInput", &json!({ "id": id }), "scan { id state }").await;
        let cancelled = |id: &Value| json!({ "scan": { "id": id, "state": "CANCELLED" }, "errors": [] });
        assert_eq!(cancel(&waiting).await, cancelled(&waiting));
        a.scan_once(&running, |scan| scan["scanned"].as_i64() > Some(0)).await;
        assert_eq!(cancel(&running).await, cancelled(&running));
        for (id, beginning) in [(&waiting, 0), (&running, 250)] {
            let again = cancel(id).await;
            assert_eq!((&again["scan"], &again["errors"][0]["code"]), (&json!(null), &json!("CONFLICT")));
            let run = a.scan_ended(id).await;
            let scanned = run["scanned"].as_i64().expect("a number");
            assert!(run["state"] == "CANCELLED" && scanned >= beginning && scanned < 1_500, "{run}");
        }
        assert_eq!(world.count("job").await, 0);
        // The next one has its turn, and those before it wrote nothing more.
        let before = a.scan_ended(&running).await;
        let run = a.scan_ended(&start("propina").await).await;
        assert_eq!(told(&run), ("DONE", [1_500, 0, 1_500, 1_500, 1]));
        assert_eq!(a.scan_ended(&running).await, before);
        let reviewer = a.reviewer.send("mutation ($id: ID!) { cancelHistoryScan(input: { id: $id }) { errors { code } } }", json!({ "id": running })).await;
        assert_eq!(reviewer.code(), "FORBIDDEN");
    }
}
