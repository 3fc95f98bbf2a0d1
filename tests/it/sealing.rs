//! What is sealed, what is recorded, and that whoever changes either is found out.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::support::filled::{filled, line};
use crate::support::program::{Ended, Serving, run};
use crate::support::world::{MASTER_KEY, PASSWORD};
use crate::support::{Engine, Tenant, World};

const WORD: &str = "canarinho";
const CONTACT: &str = "5511970001234";

fn hex(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
}

/// A marker in every dress it might have been written in.
fn dresses(marker: &str) -> Vec<(String, Vec<u8>)> {
    let utf16: Vec<u8> = marker.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut dresses = vec![("UTF-8".to_owned(), marker.as_bytes().to_vec()), ("UTF-16".to_owned(), utf16.clone())];
    for bytes in [marker.as_bytes(), &utf16] {
        dresses.extend([
            ("hexadecimal".to_owned(), hex(bytes)),
            ("HEXADECIMAL".to_owned(), hex(bytes).to_ascii_uppercase()),
        ]);
    }
    for shift in 0..3 {
        for (name, engine) in [("base64", &STANDARD), ("base64url", &URL_SAFE)] {
            let written = engine.encode([&[0; 3][..shift], marker.as_bytes()].concat());
            // The characters at both ends also hold bits of what stands beside the marker.
            let whole = &written[(shift * 8).div_ceil(6)..(shift + marker.len()) * 8 / 6];
            dresses.push((format!("{name}, {shift} bytes in"), whole.as_bytes().to_vec()));
        }
    }
    dresses
}

/// The markers that stand somewhere in these bytes, and how.
fn found(markers: &[String], bytes: &[u8]) -> Vec<String> {
    let lower = bytes.to_ascii_lowercase();
    let dresses =
        markers.iter().flat_map(|marker| dresses(marker).into_iter().map(move |(how, dress)| (marker, how, dress)));
    let stands_in = |dress: &[u8], bytes: &[u8]| bytes.windows(dress.len()).any(|window| window == dress);
    dresses
        .filter(|(_, how, dress)| stands_in(dress, if how == "UTF-8" { &lower } else { bytes }))
        .map(|(marker, how, _)| format!("{marker} in {how}"))
        .collect()
}

#[test]
fn a_marker_is_found_in_every_dress() {
    let markers = [WORD.to_owned()];
    let inside = format!("x{WORD}yz");
    for dress in [
        inside.clone().into_bytes(),
        inside.to_uppercase().into_bytes(),
        inside.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        hex(inside.as_bytes()),
        hex(inside.as_bytes()).to_ascii_uppercase(),
        STANDARD.encode(&inside).into_bytes(),
        STANDARD.encode(format!("a{inside}")).into_bytes(),
        URL_SAFE.encode(format!("ab{inside}")).into_bytes(),
    ] {
        assert!(!found(&markers, &dress).is_empty(), "{}", String::from_utf8_lossy(&dress));
    }
    assert!(found(&markers, b"pardal").is_empty());
}

/// Everything in the database: the files, or every row of every table and what its bytes are.
async fn stored(world: &World) -> Vec<u8> {
    let mut bytes = Vec::new();
    if world.engine == Engine::Sqlite {
        for file in ["vigia.db", "vigia.db-wal"] {
            bytes.extend(std::fs::read(world.folder.path().join(file)).expect("the file"));
        }
        return bytes;
    }
    let db = world.raw().await;
    let text = |sql: String| Statement::from_string(db.get_database_backend(), sql);
    let tables = db
        .query_all_raw(text("select tablename::text from pg_tables where schemaname = 'public'".into()))
        .await
        .expect("tables");
    for table in tables {
        let table: String = table.try_get_by_index(0).expect("a name");
        let rows =
            db.query_one_raw(text(format!("select coalesce(string_agg(t::text, ' '), '') from \"{table}\" t"))).await;
        let rows: String = rows.expect("rows").expect("a row").try_get_by_index(0).expect("text");
        for value in rows.split("\\x").skip(1) {
            let digits: Vec<u8> = value.bytes().take_while(u8::is_ascii_hexdigit).collect();
            bytes.extend(
                digits.chunks_exact(2).filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()),
            );
            bytes.push(b'\n');
        }
        bytes.extend(rows.into_bytes());
    }
    bytes
}

async fn verify(world: &World) -> Ended {
    run(&world.environment(), world.folder.path(), &["verify", "--json"], "").await
}

fn faults(ended: &Ended) -> Vec<String> {
    let tenants = ended.json()["tenants"].as_array().unwrap_or_else(|| panic!("{ended:?}")).clone();
    let faults = tenants.iter().flat_map(|tenant| tenant["faults"].as_array().expect("faults").clone());
    faults.map(|fault| fault.as_str().expect("words").to_owned()).collect()
}

/// Uses the server as people and providers do, rightly and wrongly.
async fn use_everything(server: &str, tenant: &Tenant) -> Vec<String> {
    let mut secrets = Vec::new();
    for (who, slug) in [("dona", WORD), ("gestora", WORD)] {
        let mut caller = tenant.owner.clone();
        caller.token = None;
        caller.sign_in_at(&format!("{who}@{WORD}.example"), PASSWORD, slug).await;
        secrets.extend([caller.token.clone().expect("a token"), caller.refresh_token.clone().expect("a token")]);
        let wrong = json!({ "email": format!("{who}@{WORD}.example"), "password": format!("{WORD} errada") });
        caller.attempt("signIn", "SignInInput", &wrong, "viewer { role }").await;
        caller
            .attempt(
                "refreshSession",
                "RefreshSessionInput",
                &json!({ "refreshToken": caller.refresh_token }),
                "accessToken",
            )
            .await;
        caller.with_token(&format!("{WORD}.x.y")).send("{ viewer { isOperator } }", json!({})).await;
    }
    let person = json!({ "name": format!("Nova {WORD}"), "email": format!("nova@{WORD}.example"), "password": format!("{WORD} bem comprida"), "role": "AUDITOR" });
    tenant.owner.change("createUser", "CreateUserInput", &person, "user { id }").await;
    let channel = json!({ "name": WORD, "provider": "META", "appSecret": format!("segredo {WORD}"), "verifyToken": format!("ola {WORD}"), "accessToken": format!("EAA {WORD}") });
    tenant.owner.change("createChannel", "CreateChannelInput", &channel, "channel { id webhookUrl }").await;
    tenant
        .manager
        .attempt("createTerm", "CreateTermInput", &json!({ "pattern": format!("{WORD} AND x") }), "term { id }")
        .await;
    let policy = json!({ "name": WORD, "purpose": WORD, "legalBasis": "CONTRACT" });
    tenant.manager.change("createPolicy", "CreatePolicyInput", &policy, "policy { id }").await;
    tenant.manager.send(&format!("{{ {WORD}(x: \"{WORD}\") }}"), json!({})).await;
    tenant.manager.send(&format!("{{ node(id: \"{WORD}\") {{ id }} }}"), json!({})).await;
    let after = tenant.manager.read("{ alerts { eventCursor } }").await["alerts"]["eventCursor"].clone();
    let mut socket = tenant.manager.socket().await;
    socket
        .subscribe(
            WORD,
            "subscription ($a: String) { alertEvents(after: $a) { alert { matches { nodes { sourceText } } } } }",
            json!({ "a": after }),
        )
        .await;
    tenant.receive(&format!("wamid.{WORD}.9"), CONTACT, &format!("de novo {WORD}")).await;
    assert!(socket.event().await.to_string().contains(WORD));
    assert_eq!(tenant.deliver(format!("{{ \"nao\": \"{WORD}\"")).await, 200);
    let unsigned =
        reqwest::Client::new().post(&tenant.webhook).body(tenant.text("wamid.1", CONTACT, 1, WORD)).send().await;
    assert_eq!(unsigned.expect("an answer").status().as_u16(), 401);
    let greeting = format!("{}?hub.mode=subscribe&hub.verify_token={WORD}&hub.challenge={WORD}", tenant.webhook);
    reqwest::get(greeting).await.expect("an answer");
    reqwest::get(format!("{server}/{WORD}?token={WORD}")).await.expect("an answer");
    tenant.manager.read("{ conversations(filter: { contactPhone: \"+5511970001234\" }) { nodes { messages { nodes { text providerId sender { name phone } media { fileName } } } } } }").await;
    secrets
}

on_both_engines! {
    async fn nothing_of_anybody_stands_in_clear_in_the_database_the_log_or_the_metrics(world: World) {
        let mut tenant = filled(&world, WORD, WORD, CONTACT).await;
        let mut settings = world.environment();
        settings.insert("VIGIA_LOG".to_owned(), "trace".to_owned());
        let server = Serving::start(&settings, world.folder.path()).await;
        tenant.move_to(&server.url);
        let mut markers: Vec<String> = [WORD, CONTACT, &line(CONTACT)[1..], PASSWORD, MASTER_KEY, &tenant.provider_number_id]
            .map(|marker| marker.to_lowercase()).to_vec();
        // As phones are looked up: without the ninth digit.
        markers.extend([CONTACT, &line(CONTACT)[1..]].map(|phone| phone.replacen("119", "11", 1)));
        let secrets = use_everything(&server.url, &tenant).await;
        markers.extend(secrets.iter().map(|secret| secret.to_lowercase()));
        let webhook = tenant.webhook.rsplit('/').next().expect("a secret part").to_owned();
        let metrics = reqwest::get(format!("{}/metrics", server.url)).await.expect("an answer").text().await.expect("a body");
        assert_eq!(found(&markers, metrics.as_bytes()), Vec::<String>::new(), "in the metrics");
        let stored = stored(&world).await;
        assert!(stored.len() > 10_000, "the database was read");
        assert_eq!(found(&markers, &stored), Vec::<String>::new(), "in the database");
        let verified = verify(&world).await;
        assert_eq!((verified.code, &verified.json()["whole"]), (0, &json!(true)), "{verified:?}");
        assert!(verified.json()["tenants"][0]["sealed"].as_u64() > Some(30), "{verified:?}");
        let log = server.log();
        server.kill();
        assert!(log.contains("answered") && log.lines().count() > 15, "the log was kept: {log}");
        markers.push(webhook);
        assert_eq!(found(&markers, log.as_bytes()), Vec::<String>::new(), "in the log:\n{log}");
    }

    async fn a_sealed_value_opens_nowhere_but_in_its_place(world: World) {
        let tenant = filled(&world, WORD, WORD, CONTACT).await;
        let other = filled(&world, "pardal", "pardal", "5511970009999").await;
        assert_eq!(verify(&world).await.code, 0);
        let db = world.raw().await;
        let person = async |tenant: &Tenant, place: usize| {
            let users = tenant.owner.read("{ users { nodes { id } } }").await;
            users["users"]["nodes"][place]["id"].as_str().expect("an id").split_once(':').expect("a kind").1.to_owned()
        };
        let (first, second, foreign) = (person(&tenant, 0).await, person(&tenant, 1).await, person(&other, 0).await);
        let literal = |id: &str| if world.engine == Engine::Sqlite { format!("x'{}'", id.replace('-', "")) } else { format!("'{id}'") };
        for (what, value) in [
            ("another row", format!("(select name from \"user\" where id = {})", literal(&second))),
            ("another company", format!("(select name from \"user\" where id = {})", literal(&foreign))),
            ("another column", "email".to_owned()),
            ("nowhere", "email_index".to_owned()),
        ] {
            db.execute_unprepared("create table kept as select id, name from \"user\"").await.expect("kept");
            let moved = format!("update \"user\" set name = {value} where id = {}", literal(&first));
            assert_eq!(db.execute_unprepared(&moved).await.expect("moved").rows_affected(), 1, "{what}");
            let verified = verify(&world).await;
            assert_eq!((verified.code, faults(&verified)), (1, vec![format!("user.name of {first} does not open.")]), "from {what}");
            let back = format!("update \"user\" set name = (select k.name from kept k where k.id = {0}) where id = {0}", literal(&first));
            db.execute_unprepared(&back).await.expect("restored");
            db.execute_unprepared("drop table kept").await.expect("dropped");
        }
        assert_eq!(verify(&world).await.code, 0);
    }

    async fn a_company_whose_keys_are_broken_leaves_the_others_to_be_verified(world: World) {
        for slug in ["alfa", "beta", "gama"] {
            world.tenant(slug).await;
        }
        let db = world.raw().await;
        let swapped = "update tenant_key set wrapped = (select wrapped from tenant_key order by tenant_id limit 1)";
        assert_eq!(db.execute_unprepared(swapped).await.expect("swapped").rows_affected(), 3);
        let verified = verify(&world).await;
        assert_eq!((verified.code, faults(&verified).len()), (1, 2), "{verified:?}");
        let whole = |tenant: &&Value| tenant["whole"] == true;
        let tenants = verified.json()["tenants"].as_array().expect("companies").clone();
        assert_eq!((tenants.len(), tenants.iter().filter(whole).count()), (3, 1));
    }

    async fn whoever_changes_the_journal_is_found_out_at_the_first_changed_entry(world: World) {
        let tenant = filled(&world, WORD, WORD, CONTACT).await;
        tenant.manager.read("{ conversations { nodes { messages { nodes { text } } } } }").await;
        let db = world.raw().await;
        let columns = "tenant_id, at, kind, actor_kind, actor_id, subject_id, detail, prev_hash, hash";
        let top = "(select max(seq) from journal j where j.chain = 0)";
        let head = async || {
            let sql = Statement::from_string(db.get_database_backend(), "select max(seq) from journal where chain = 0");
            db.query_one_raw(sql).await.expect("rows").expect("a row").try_get_by_index::<i64>(0).expect("a number")
        };
        for (statement, chain, at, how) in [
            ("update journal set at = at + 1 where chain = 0 and seq = 3".to_owned(), "event", Some(3), "the entry was changed"),
            ("update journal set detail = hash where chain = 0 and seq = 3".to_owned(), "event", Some(3), "the entry was changed"),
            ("update journal set actor_id = null where chain = 1 and seq = 1".to_owned(), "access", Some(1), "the entry was changed"),
            ("delete from journal where chain = 0 and seq = 4".to_owned(), "event", Some(4), "the entry is missing"),
            ("delete from journal where chain = 0 and seq = 1".to_owned(), "event", Some(1), "the entry is missing"),
            (format!("delete from journal where chain = 0 and seq = {top}"), "event", None, "the entry is missing"),
            (format!("insert into journal (chain, seq, {columns}) select 0, {top} + 1, {columns} from journal where chain = 0 and seq = 2"), "event", None, "the entry was put in"),
            (format!("insert into journal (chain, seq, {columns}) select 0, 0, {columns} from journal where chain = 0 and seq = 2"), "event", Some(0), "the entry was put in"),
            ("update journal set hash = prev_hash where chain = 0 and seq = 5".to_owned(), "event", Some(5), "the entry was changed"),
            ("update head set hash = (select prev_hash from journal where chain = 0 and seq = 2) where chain = 0".to_owned(), "event", None, "the head does not follow the last entry"),
        ] {
            let before = head().await;
            for table in ["journal", "head"] {
                db.execute_unprepared(&format!("create table kept_{table} as select * from {table}")).await.expect("kept");
            }
            assert_eq!(db.execute_unprepared(&statement).await.expect("changed").rows_affected(), 1, "{statement}");
            let verified = verify(&world).await;
            let is_after_the_head = at.is_none() && how == "the entry was put in";
            let at = at.unwrap_or(if is_after_the_head { before + 1 } else { before });
            let mut expected = vec![format!("The {chain} journal breaks at entry {at}: {how}.")];
            if is_after_the_head {
                expected.push("This walk could not be entered into the event journal.".to_owned());
            }
            assert_eq!((verified.code, faults(&verified)), (1, expected), "{statement}");
            for table in ["journal", "head"] {
                let back = format!("delete from {table}; insert into {table} select * from kept_{table}; drop table kept_{table}");
                db.execute_unprepared(&back).await.expect("restored");
            }
        }
        assert_eq!(verify(&world).await.code, 0);
    }

    async fn the_access_journal_has_an_entry_for_each_operation_that_showed_content_and_for_no_other(world: World) {
        let tenant = filled(&world, WORD, WORD, CONTACT).await;
        let db = world.raw().await;
        let entries = async || {
            let text = if world.engine == Engine::Sqlite { "cast(detail as text)" } else { "convert_from(detail, 'UTF8')" };
            let sql = Statement::from_string(db.get_database_backend(), format!("select {text} from journal where chain = 1 order by seq"));
            let rows = db.query_all_raw(sql).await.expect("rows");
            rows.iter().map(|row| row.try_get_by_index::<String>(0).expect("text")).collect::<Vec<_>>()
        };
        assert_eq!(entries().await, Vec::<String>::new());
        let all = "{ conversations { nodes { contact { name phone } messages { nodes { text providerId media { fileName } } } } } alerts { nodes { matches { nodes { sourceText } } } } }";
        for document in [
            "{ viewer { user { name } } terms { nodes { pattern } } numbers { nodes { phone } } }",
            "{ conversations { nodes { id lastMessageAt contact { id contentState } messages { nodes { id kind contentState media { mimeType } versions { at } } } } } }",
            "{ alerts { totalCount nodes { id matches { nodes { pattern steps spans { start end } } } } } }",
        ] {
            tenant.manager.read(document).await;
        }
        for caller in [&tenant.owner, &tenant.auditor] {
            caller.read(all).await;
        }
        assert_eq!(entries().await, Vec::<String>::new(), "no content was shown");
        let mut count = 0;
        for document in [
            all,
            "{ conversations { nodes { contact { name } } } }",
            "{ conversations { nodes { contact { phone } } } }",
            "{ conversations { nodes { messages { nodes { text } } } } }",
            "{ conversations { nodes { messages { nodes { providerId } } } } }",
            "{ conversations { nodes { messages { nodes { versions { text } } } } } }",
            "{ conversations { nodes { messages { nodes { reactions { emoji } } } } } }",
            "{ conversations { nodes { messages { nodes { media { fileName } } } } } }",
            "{ conversations { nodes { messages { nodes { media { sha256 } } } } } }",
            "{ alerts { nodes { matches { nodes { sourceText } } } } }",
            "{ alerts { nodes { matches { nodes { spans { text } } } } } }",
        ] {
            let shown = tenant.reviewer.read(document).await;
            count += 1;
            let entries = entries().await;
            assert_eq!(entries.len(), count, "{document}");
            assert!(!entries[count - 1].contains(WORD), "{}", entries[count - 1]);
            let detail: Value = entries[count - 1].parse().expect("JSON");
            let ids = detail.as_object().expect("kinds").values().flat_map(|ids| ids.as_array().expect("ids").clone());
            assert!(ids.count() > 0 && !shown.is_null(), "{document}: {detail}");
        }
        let mut socket = tenant.manager.socket().await;
        let now = tenant.manager.read("{ alerts { eventCursor } }").await["alerts"]["eventCursor"].clone();
        let document = "subscription ($a: String) { alertEvents(after: $a) { alert { matches(last: 1) { nodes { sourceText } } } } }";
        socket.subscribe("s", document, json!({ "a": now })).await;
        tenant.receive("wamid.outro", "5511970004321", &format!("mais um {WORD}")).await;
        socket.event().await;
        assert_eq!(entries().await.len(), count + 1, "an event that showed content");
    }
}
