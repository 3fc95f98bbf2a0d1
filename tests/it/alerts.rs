//! What is found, where in the text, and from when to when a term is in force.

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::support::{Engine, Tenant};

const T: u64 = 1_760_000_000;
const FROM: &str = "5511988887777";

/// What a match says: source, pattern, offsets, and the words that stand there.
fn told(found: &Value) -> (String, String, i64, i64, String) {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let span = &found["spans"][0];
    assert_eq!(found["spans"].as_array().map(Vec::len), Some(1), "{found}");
    let (start, end) = (span["start"].as_i64().expect("a number"), span["end"].as_i64().expect("a number"));
    (text(&found["source"]), text(&found["pattern"]), start, end, text(&span["text"]))
}

/// The words that were found in a message, in the order they were found.
async fn found_in(tenant: &Tenant, id: &str) -> Vec<String> {
    let matches = tenant.matches().await;
    let of_message = matches.iter().filter(|found| found["message"]["providerId"] == id);
    of_message.map(|found| told(found).4).collect()
}

async fn post(tenant: &Tenant, message: Value) {
    let mut message = message;
    message["from"] = json!(FROM);
    message["timestamp"] = json!(T.to_string());
    assert_eq!(tenant.deliver(tenant.value(&json!({ "messages": [message] }))).await, 200);
}

/// The company's policy for terms that name none.
async fn default_policy(tenant: &Tenant) -> Value {
    let data = tenant
        .manager
        .read("{ policies(first: 50) { nodes { id name state version severity groupingMinutes } } }")
        .await;
    let policies = data["policies"]["nodes"].as_array().expect("a list").clone();
    policies.into_iter().find(|policy| policy["state"] == "ACTIVE").expect("an active policy")
}

on_both_engines! {
    async fn whole_words_and_phrases_are_found_whatever_their_case_and_accents(world: World) {
        let a = world.tenant("alfa").await;
        for pattern in ["propina", "Caixa Dois", "ação"] {
            a.watch(pattern).await;
        }
        for (id, text, found) in [
            ("1", "sem PROPINA nenhuma", vec!["PROPINA"]),
            ("2", "Própina, propína e propina!", vec!["Própina", "propína", "propina"]),
            ("3", "propinas, apropina, propinado", vec![]),
            ("4", "no caixa  dois\ndo caixa\tDOIS", vec!["caixa  dois", "caixa\tDOIS"]),
            ("5", "no caixa, dois; caixa doisx", vec![]),
            ("6", "a ACAO e a ac\u{327}a\u{303}o", vec!["ACAO", "ac\u{327}a\u{303}o"]),
            ("7", "nada", vec![]),
        ] {
            a.receive(id, FROM, text).await;
            assert_eq!(found_in(&a, id).await, found, "{text:?}");
        }
    }

    async fn offsets_count_unicode_scalars_of_the_text_as_it_was_written(world: World) {
        let a = world.tenant("alfa").await;
        a.watch("propina").await;
        let text = "👩‍👩‍👧‍👦 🇧🇷 e\u{301} própina 🤝 PROPINA";
        a.receive("m", FROM, text).await;
        let matches = a.matches().await;
        assert_eq!(matches.len(), 2);
        let scalars: Vec<char> = text.chars().collect();
        for (found, word) in matches.iter().zip(["própina", "PROPINA"]) {
            let (source, pattern, start, end, cut) = told(found);
            assert_eq!((source.as_str(), pattern.as_str(), cut.as_str()), ("TEXT", "propina", word));
            let there: String = scalars[usize::try_from(start).expect("an index")..usize::try_from(end).expect("an index")].iter().collect();
            assert_eq!(there, word);
            assert_eq!(found["sourceText"], text);
        }
        assert_eq!(matches[0]["steps"], json!(["ACCENT"]));
        assert_eq!(matches[1]["steps"], json!(["CASE"]));
    }

    async fn a_term_is_in_force_from_the_first_message_after_the_answer_and_until_it_is_deleted(world: World) {
        let a = world.tenant("alfa").await;
        a.receive("antes", FROM, "propina e suborno").await;
        // Each change is in force at once, on every message, and on a node that did not make it.
        let (node, stop) = world.second_node().await;
        let other = a.door().at(&node);
        for round in 0..3 {
            let term = a.watch("propina").await;
            a.receive(&format!("criado {round}"), FROM, "propina e suborno").await;
            assert_eq!(other.deliver(a.text(&format!("criado lá {round}"), FROM, T, "propina")).await, 200);
            a.manager.change("updateTerm", "UpdateTermInput", &json!({ "id": term, "pattern": "suborno" }), "term { pattern }").await;
            assert_eq!(other.deliver(a.text(&format!("mudado lá {round}"), FROM, T, "propina e suborno")).await, 200);
            a.receive(&format!("mudado {round}"), FROM, "propina e suborno").await;
            a.manager.change("deleteTerm", "DeleteTermInput", &json!({ "id": term }), "deletedId").await;
            a.receive(&format!("apagado {round}"), FROM, "propina e suborno").await;
            assert_eq!(other.deliver(a.text(&format!("apagado lá {round}"), FROM, T, "propina e suborno")).await, 200);
            for (id, found) in [("criado", "propina"), ("criado lá", "propina"), ("mudado", "suborno"), ("mudado lá", "suborno")] {
                assert_eq!(found_in(&a, &format!("{id} {round}")).await, [found], "{id} {round}");
            }
        }
        stop.cancel();
        let matches = a.matches().await;
        assert_eq!(matches.len(), 12, "nothing before, nothing after");
        // What a deleted term found keeps its term, and the pattern it had then.
        let patterns: Vec<&str> = matches.iter().take(4).map(|found| found["pattern"].as_str().expect("a pattern")).collect();
        assert_eq!(patterns, ["propina", "propina", "suborno", "suborno"]);
        assert!(matches.iter().all(|found| found["term"]["id"].is_string()));
    }

    async fn every_change_of_a_term_is_in_force_for_the_very_next_message(world: World) {
        let a = world.tenant("alfa").await;
        a.watch("sempre").await;
        a.receive("antes", FROM, "sempre").await;
        let change = async |name: &str, kind: &str, input: Value, fields: &str| a.manager.change(name, kind, &input, fields).await;
        let mut terms: Vec<String> = Vec::new();
        // Each change is put into the matcher in memory on its own: the others must stay what they are.
        for round in 0..6 {
            let made = change("createTerm", "CreateTermInput", json!({ "pattern": format!("feita{round} OR criada{round}") }), "term { id }").await;
            terms.push(made["term"]["id"].as_str().expect("an id").to_owned());
            a.receive(&format!("f{round}"), FROM, &format!("sempre criada{round}")).await;
            assert_eq!(found_in(&a, &format!("f{round}")).await, ["sempre".to_owned(), format!("criada{round}")]);
            if round % 2 == 1 {
                change("updateTerm", "UpdateTermInput", json!({ "id": terms[round - 1], "pattern": format!("outra{round}") }), "term { id }").await;
                change("deleteTerm", "DeleteTermInput", json!({ "id": terms[round] }), "deletedId").await;
                a.receive(&format!("g{round}"), FROM, &format!("sempre outra{round} feita{round} criada{}", round - 1)).await;
                assert_eq!(found_in(&a, &format!("g{round}")).await, ["sempre".to_owned(), format!("outra{round}")]);
            }
        }
        change("createTerm", "CreateTermInput", json!({ "detector": "CPF" }), "term { id }").await;
        a.receive("cpf", FROM, "529.982.247-25 sempre").await;
        let matches = a.matches().await;
        let of_message = matches.iter().filter(|found| found["message"]["providerId"] == "cpf");
        assert_eq!(of_message.map(|found| found["spans"][0]["text"].clone()).collect::<Vec<_>>(), ["529.982.247-25", "sempre"]);
    }

    async fn a_paused_policy_finds_nothing_until_it_is_active_again(world: World) {
        let a = world.tenant("alfa").await;
        a.watch("propina").await;
        let policy = default_policy(&a).await;
        let set = async |state: &str| {
            a.manager.change("updatePolicy", "UpdatePolicyInput", &json!({ "id": policy["id"], "state": state }), "policy { state version }").await
        };
        let made = json!({ "name": "Rascunho", "purpose": "Testar", "legalBasis": "LEGITIMATE_INTEREST", "state": "DRAFT" });
        let draft = a.manager.change("createPolicy", "CreatePolicyInput", &made, "policy { id }").await;
        a.manager.change("createTerm", "CreateTermInput", &json!({ "pattern": "suborno", "policyId": draft["policy"]["id"] }), "term { id }").await;
        set("PAUSED").await;
        a.receive("parada", FROM, "propina e suborno").await;
        set("ACTIVE").await;
        a.receive("ativa", FROM, "propina e suborno").await;
        assert_eq!(found_in(&a, "parada").await, Vec::<String>::new());
        assert_eq!(found_in(&a, "ativa").await, ["propina"]);
    }

    async fn a_refused_term_says_which_field_and_leaves_everything_as_it_was(world: World) {
        let a = world.tenant("alfa").await;
        let term = a.watch("propina").await;
        a.watch("suborno").await;
        let long = "a".repeat(513);
        let before = (world.count("term").await, world.count("term_version").await, world.count("journal").await);
        for (pattern, code) in [
            ("", "INVALID"), ("  \n", "INVALID"), ("\u{301}", "INVALID"), ("?!", "INVALID"),
            ("Própina ", "DUPLICATE"), ("SUBORNO", "DUPLICATE"), (long.as_str(), "TOO_LONG"),
            ("(((\"propina\")))", "DUPLICATE"), ("propina AND", "INVALID"), ("NOT propina", "INVALID"), ("a*", "INVALID"), ("pro*pina", "INVALID"),
        ] {
            let refused = a.manager.attempt("createTerm", "CreateTermInput", &json!({ "pattern": pattern }), "term { id }").await;
            assert_eq!((&refused["errors"][0]["code"], &refused["errors"][0]["path"]), (&json!(code), &json!(["pattern"])), "{pattern:?}");
            assert_eq!(refused["term"], Value::Null, "{pattern:?}");
            if !["Própina ", "(((\"propina\")))"].contains(&pattern) {
                let refused = a.manager.attempt("updateTerm", "UpdateTermInput", &json!({ "id": term, "pattern": pattern }), "term { id }").await;
                assert_eq!(refused["errors"][0]["code"], code, "{pattern:?}");
            }
        }
        let after = (world.count("term").await, world.count("term_version").await, world.count("journal").await);
        assert_eq!(before, after);
        a.receive("m", FROM, "propina, suborno, caixa dois").await;
        assert_eq!(found_in(&a, "m").await, ["propina", "suborno"]);
        assert_eq!(a.alerts().await.len(), 1);
    }

    async fn a_broken_pattern_is_told_where_and_what_was_expected(world: World) {
        let a = world.tenant("alfa").await;
        let before = world.count("term").await;
        for (pattern, at, expected) in [
            ("(a AND", 7, "a word"), ("propina NEAR/0 nota", 9, "NEAR/5"), ("\"caixa dois", 1, "a second quote"), ("propina )", 9, "a ("),
            ("(propina", 1, "a )"), ("NOT propina", 1, "A AND NOT B"), ("ção AND OR b", 9, "a word"),
        ] {
            let refused = a.manager.attempt("createTerm", "CreateTermInput", &json!({ "pattern": pattern }), "term { id }").await;
            let error = &refused["errors"][0];
            let message = error["message"].as_str().expect("a sentence");
            assert_eq!((&error["code"], &error["path"]), (&json!("INVALID"), &json!(["pattern"])), "{pattern}");
            assert!(message.contains(&format!("character {at}")) && message.contains(expected), "{pattern}: {message}");
        }
        let common = a.manager.attempt("createTerm", "CreateTermInput", &json!({ "pattern": "a OR e OR o OR de OR que" }), "term { id }").await;
        assert!(common["errors"][0]["message"].as_str().is_some_and(|words| words.contains("% of ordinary chat lines")), "{common}");
        assert_eq!(world.count("term").await, before);
    }

    async fn a_policy_that_stays_as_it_is_keeps_its_version(world: World) {
        let a = world.tenant("alfa").await;
        let policy = default_policy(&a).await;
        let update = async |input: Value| a.manager.change("updatePolicy", "UpdatePolicyInput", &input, "policy { version }").await["policy"]["version"].clone();
        let before = world.count("journal").await;
        assert_eq!(update(json!({ "id": policy["id"], "state": "ACTIVE", "name": policy["name"] })).await, policy["version"]);
        assert_eq!(world.count("journal").await, before);
        assert_eq!(update(json!({ "id": policy["id"], "severity": "LOW" })).await, 2);
    }

    async fn a_pattern_says_what_must_stand_beside_what(world: World) {
        let a = world.tenant("alfa").await;
        for pattern in ["propin*", "(\"nota fria\" OR recibo) NEAR/3 faço", "desconto UNLESS cupom NEAR/2"] {
            a.watch(pattern).await;
        }
        for (id, text, expected) in [
            ("a", "as propinas", vec!["propin"]),
            ("b", "faço sim uma nota\nfria", vec!["faço", "nota\nfria"]),
            ("c", "faço questão de que me mande logo o recibo", vec![]),
            ("d", "desconto à vista", vec!["desconto"]),
            ("e", "o desconto do cupom acabou", vec![]),
        ] {
            a.receive(id, FROM, text).await;
            let matches = a.matches().await;
            let spans = matches.iter().filter(|found| found["message"]["providerId"] == id).flat_map(|found| found["spans"].as_array().expect("spans"));
            let texts: Vec<&str> = spans.map(|span| span["text"].as_str().expect("text")).collect();
            assert_eq!(texts, expected, "{id}");
        }
    }

    async fn a_detector_is_watched_like_a_word(world: World) {
        let a = world.tenant("alfa").await;
        let made = a.manager.change("createTerm", "CreateTermInput", &json!({ "detector": "CPF" }), "term { id pattern detector }").await;
        assert_eq!((&made["term"]["pattern"], &made["term"]["detector"]), (&Value::Null, &json!("CPF")));
        for (input, code, path) in [
            (json!({ "detector": "CPF" }), "DUPLICATE", json!(["detector"])),
            (json!({ "detector": "CPF", "pattern": "cpf" }), "INVALID", json!(["detector"])),
            (json!({}), "INVALID", json!(["pattern"])),
        ] {
            let refused = a.manager.attempt("createTerm", "CreateTermInput", &input, "term { id }").await;
            assert_eq!((&refused["errors"][0]["code"], &refused["errors"][0]["path"]), (&json!(code), &path), "{input}");
        }
        let changed = json!({ "id": made["term"]["id"], "pattern": "cpf" });
        let refused = a.manager.attempt("updateTerm", "UpdateTermInput", &changed, "term { id }").await;
        assert_eq!(refused["errors"][0]["code"], "INVALID");
        a.receive("sem", FROM, "meu CPF é 111.111.111-11 e o pedido 52998224726").await;
        a.receive("com", FROM, "é meu: 529.982.247-25 ✓").await;
        let matches = a.matches().await;
        assert_eq!(matches.len(), 1);
        assert_eq!((&matches[0]["pattern"], &matches[0]["steps"]), (&Value::Null, &json!([])));
        assert_eq!(matches[0]["spans"], json!([{ "start": 7, "end": 21, "text": "529.982.247-25" }]));
    }

    async fn the_hundred_thousand_and_first_term_is_refused_with_the_limit_named(world: World) {
        let a = world.tenant("alfa").await;
        a.watch("propina").await;
        let (made, wanted) = (world.count("term").await, 100_000);
        let (numbers, id, index) = match world.engine {
            Engine::Sqlite => ("with recursive n(i) as (select 1 union all select i + 1 from n where i < LIMIT)", "randomblob(16)", "randomblob(32)"),
            Engine::Postgres => ("with n(i) as (select generate_series(1, LIMIT))", "gen_random_uuid()", "sha256(i::text::bytea)"),
        };
        let fill = format!(
            "{} insert into term (tenant_id, id, policy_id, version, canonical_index, created_at) \
             select t.tenant_id, {id}, t.policy_id, 1, {index}, 0 from n, (select * from term limit 1) t",
            numbers.replace("LIMIT", &(wanted - made).to_string())
        );
        let filled = world.raw().await.execute_unprepared(&fill).await.expect("filled");
        assert_eq!(filled.rows_affected(), u64::try_from(wanted - made).expect("a number"));
        let refused = a.manager.attempt("createTerm", "CreateTermInput", &json!({ "pattern": "suborno" }), "term { id }").await;
        let error = &refused["errors"][0];
        assert_eq!((&refused["term"], &error["code"]), (&Value::Null, &json!("LIMIT_REACHED")));
        assert!(error["message"].as_str().is_some_and(|words| words.contains("100000")), "{error}");
        assert_eq!(world.count("term").await, wanted);
    }

    async fn an_edited_text_is_scanned_and_matched_at_its_version(world: World) {
        let a = world.tenant("alfa").await;
        a.watch("propina").await;
        a.receive("m", FROM, "nada demais").await;
        let edit = |at: u64, text: &str| a.value(&json!({ "messages": [{ "from": FROM, "id": format!("e{at}"), "timestamp": at.to_string(),
            "type": "edit", "edit": { "original_message_id": "m", "message": { "type": "text", "text": { "body": text } } } }] }));
        assert_eq!(a.deliver(edit(T + 10, "agora com propina")).await, 200);
        assert_eq!(a.deliver(edit(T + 20, "limpo outra vez")).await, 200);
        assert_eq!(a.deliver(edit(T + 10, "agora com propina")).await, 200);
        let matches = a.matches().await;
        assert_eq!(matches.len(), 1);
        assert_eq!(matches[0]["version"], json!({ "index": 1, "kind": "EDIT", "text": "agora com propina" }));
        assert_eq!(matches[0]["sourceText"], "agora com propina");
        assert_eq!(told(&matches[0]), ("TEXT".into(), "propina".into(), 10, 17, "propina".into()));
        assert_eq!(a.message("m").await["text"], "limpo outra vez");
        // An edit that waits for its message is scanned when it comes.
        let waiting = edit(T + 30, "uma propina antes da hora").replace("\"m\"", "\"depois\"");
        assert_eq!(a.deliver(waiting).await, 200);
        assert_eq!(a.matches().await.len(), 1);
        a.receive("depois", FROM, "texto").await;
        assert_eq!(found_in(&a, "depois").await, ["propina"]);
    }

    async fn every_part_of_a_message_that_people_wrote_is_scanned(world: World) {
        let a = world.tenant("alfa").await;
        a.watch("propina").await;
        let cases = [
            ("CAPTION", json!({ "type": "image", "image": { "id": "1", "mime_type": "image/jpeg", "caption": "foto da propina" } }), "foto da propina"),
            ("FILE_NAME", json!({ "type": "document", "document": { "id": "2", "mime_type": "application/pdf", "filename": "tabela_propina_v3.pdf" } }), "tabela_propina_v3.pdf"),
            ("LOCATION", json!({ "type": "location", "location": { "latitude": 1, "longitude": 2, "name": "Bar", "address": "Rua Propina, 1" } }), "Bar\nRua Propina, 1"),
            ("CONTACT_CARD", json!({ "type": "contacts", "contacts": [{ "name": { "formatted_name": "Zé Propina" }, "phones": [{ "phone": "+55 11 1" }] }] }), "Zé Propina\n+55 11 1"),
            ("INTERACTIVE", json!({ "type": "interactive", "interactive": { "type": "list_reply", "list_reply": { "title": "Sim", "description": "quero propina" } } }), "Sim\nquero propina"),
            ("INTERACTIVE", json!({ "type": "interactive", "interactive": { "type": "nfm_reply", "nfm_reply": { "body": "Sent", "response_json": "{\"a\":{\"b\":[\"propina\"]}}" } } }), "Sent\npropina"),
            ("INTERACTIVE", json!({ "type": "button", "button": { "text": "Propina" } }), "Propina"),
            ("ORDER", json!({ "type": "order", "order": { "text": "com propina", "product_items": [] } }), "com propina"),
            ("REFERRAL", json!({ "type": "text", "text": { "body": "oi" }, "referral": { "headline": "Propina", "body": "aqui" } }), "Propina\naqui"),
            ("TEXT", json!({ "type": "text", "text": { "body": "propina" }, "context": { "id": "x" } }), "propina"),
        ];
        for (at, (source, message, text)) in cases.iter().enumerate() {
            let mut message = message.clone();
            message["id"] = json!(format!("m{at}"));
            post(&a, message).await;
            let matches = a.matches().await;
            let last = matches.iter().find(|found| found["message"]["providerId"] == format!("m{at}")).expect(source);
            assert_eq!((&last["source"], &last["sourceText"]), (&json!(source), &json!(text)), "m{at}");
            assert_eq!(told(last).4.to_lowercase(), "propina", "m{at}");
            assert_eq!(matches.len(), at + 1);
        }
        // What the company writes is scanned as well.
        let echo = json!({ "message_echoes": [{ "from": "5511950000000", "to": FROM, "id": "eco", "timestamp": T.to_string(), "type": "text", "text": { "body": "propina paga" } }] });
        assert_eq!(a.deliver(a.change("smb_message_echoes", &echo)).await, 200);
        assert_eq!(found_in(&a, "eco").await, ["propina"]);
    }

    async fn a_term_repeated_without_end_hides_no_other(world: World) {
        let tenant = world.tenant("repete").await;
        tenant.watch("ok").await;
        tenant.watch("suborno").await;
        tenant.receive("wamid.repete", "5511910010000", &format!("{}suborno", "ok ".repeat(1_001))).await;
        let found = found_in(&tenant, "wamid.repete").await;
        assert!(found.iter().any(|found| found.contains("suborno")), "the last word is found");
        assert_eq!(found.len(), 51, "fifty of the one, and the other");
    }
}
