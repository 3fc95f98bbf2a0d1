//! The command line: what it says, what it ends with, and how the server comes and goes.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::client::sign;
use crate::support::program::{Ended, Serving, run};
use crate::support::world::PASSWORD;
use crate::support::{Engine, World, postgres, world};

async fn vigia(world: &World, arguments: &[&str], input: &str) -> Ended {
    run(&world.environment(), world.folder.path(), arguments, input).await
}

/// One sentence on standard error, and the same in the object where one is asked for.
fn is_one_sentence(ended: &Ended) {
    assert_eq!(ended.code, 1, "{ended:?}");
    assert_eq!(ended.err.trim_end().lines().count(), 1, "{ended:?}");
    if !ended.out.is_empty() {
        assert_eq!(ended.json(), json!({ "error": ended.err.trim_end() }));
    }
}

async fn get(url: &str, path: &str) -> (u16, String) {
    let answer = reqwest::get(format!("{url}{path}")).await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("a body"))
}

const OPERATOR: [&str; 7] = ["operator", "create", "--json", "--name", "Otto", "--email", "otto@vigia.example"];
const TENANT: [&str; 11] = [
    "tenant",
    "create",
    "--json",
    "--name",
    "Loja",
    "--slug",
    "loja",
    "--owner-name",
    "Lia",
    "--owner-email",
    "lia@loja.example",
];

on_both_engines! {
    async fn people_and_companies_are_made_beside_a_running_server(world: World) {
        let made = vigia(&world, &OPERATOR, &format!("{PASSWORD}\n")).await;
        assert_eq!((made.code, made.err.as_str()), (0, ""), "{made:?}");
        let mut operator = world.anonymous();
        operator.sign_in("otto@vigia.example", PASSWORD).await;
        assert_eq!(operator.read("{ viewer { isOperator } }").await, json!({ "viewer": { "isOperator": true } }));
        assert!(made.json()["operatorId"].is_string(), "{made:?}");

        let made = vigia(&world, &TENANT, PASSWORD).await;
        assert_eq!((made.code, made.err.as_str()), (0, ""), "{made:?}");
        let owner = world.signed_in("lia@loja.example", "loja").await;
        let viewer = owner.read("{ viewer { role user { id } tenant { id slug name } } }").await["viewer"].clone();
        assert_eq!(viewer, json!({ "role": "OWNER", "user": { "id": made.json()["ownerId"] }, "tenant": { "id": made.json()["tenantId"], "slug": "loja", "name": "Loja" } }));

        let words = vigia(&world, &["operator", "create", "--name", "Ana", "--email", "ana@vigia.example"], PASSWORD).await;
        assert_eq!((words.code, words.out.as_str(), words.err.trim_end()), (0, "", "The operator may sign in now."));
        for (arguments, input) in [(&OPERATOR[..], PASSWORD), (&TENANT[..], PASSWORD), (&TENANT[..], "curta"), (&OPERATOR[..], "")] {
            is_one_sentence(&vigia(&world, arguments, input).await);
        }
        let verified = vigia(&world, &["verify", "--json"], "").await;
        assert_eq!((verified.code, &verified.json()["tenants"][0]["tenant"]), (0, &json!("loja")), "{verified:?}");
        is_one_sentence(&vigia(&world, &["verify", "--json", "--tenant", "ninguem"], "").await);
    }

    async fn the_server_says_where_it_listens_and_leaves_in_order(world: World) {
        let mut tenant = world.tenant("saida").await;
        tenant.watch("propina").await;
        let server = Serving::start(&world.environment(), world.folder.path()).await;
        assert!(server.first_line.ends_with(&format!("listening on {}", server.url)), "{:?}", server.first_line);
        assert!(!server.first_line.contains('\u{1b}'), "no colours where nobody sees them: {:?}", server.first_line);
        tenant.move_to(&server.url);
        let mut socket = tenant.manager.socket().await;
        let now = tenant.manager.read("{ alerts { eventCursor } }").await["alerts"]["eventCursor"].clone();
        socket.subscribe("s", "subscription ($now: String) { alertEvents(after: $now) { kind } }", json!({ "now": now })).await;
        tenant.receive("wamid.1", "5511911110001", "a propina").await;
        assert_eq!(socket.event().await["alertEvents"]["kind"], "RAISED");

        let address = server.url.trim_start_matches("http://").to_owned();
        let mut delivery = TcpStream::connect(&address).await.expect("a connection");
        let body = tenant.text("wamid.2", "5511911110002", 1_760_000_000, "outra propina");
        let (half, rest) = body.split_at(body.len() / 2);
        let path = tenant.webhook.trim_start_matches(&server.url);
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\nx-hub-signature-256: {}\r\ncontent-length: {}\r\n\r\n{half}",
            sign(&tenant.app_secret, body.as_bytes()),
            body.len()
        );
        delivery.write_all(head.as_bytes()).await.expect("half of the delivery is sent");
        // An answer on another connection: what was sent before it has been seen.
        assert_eq!(get(&server.url, "/health/ready").await.0, 200);

        let began = Instant::now();
        server.terminate();
        assert_eq!(socket.close_code().await, 1012);
        delivery.write_all(rest.as_bytes()).await.expect("the rest is sent");
        let mut answer = String::new();
        delivery.read_to_string(&mut answer).await.expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer:?}");
        let status = server.ended(Duration::from_secs(10)).await;
        assert_eq!((status.code(), began.elapsed() < Duration::from_secs(10)), (Some(0), true));
        assert!(TcpStream::connect(&address).await.is_err(), "nobody listens any more");
        tenant.move_to(&world.url);
        assert_eq!(tenant.manager.read("{ alerts { totalCount } }").await["alerts"]["totalCount"], 2);
    }

    async fn a_log_that_nobody_reads_costs_no_answer_and_no_end(world: World) {
        let mut tenant = world.tenant("calada").await;
        let mut settings = world.environment();
        settings.insert("VIGIA_LOG".to_owned(), "debug".to_owned());
        let server = Serving::start_unheard(&settings, world.folder.path()).await;
        tenant.move_to(&server.url);
        for number in 0..20 {
            tenant.receive(&format!("wamid.{number}"), "5511911110001", "bom dia").await;
        }
        server.terminate();
        assert_eq!(server.ended(Duration::from_secs(10)).await.code(), Some(0));
    }

    async fn health_and_the_essentials_are_told_without_a_name(world: World) {
        let tenant = world.tenant("medida").await;
        tenant.watch("propina").await;
        let now = tenant.manager.read("{ alerts { eventCursor } }").await["alerts"]["eventCursor"].clone();
        let mut socket = tenant.manager.socket().await;
        socket.subscribe("s", "subscription ($now: String) { alertEvents(after: $now) { kind } }", json!({ "now": now })).await;
        tenant.receive("wamid.segredo", "5511911112222", "a propina").await;
        socket.event().await;
        assert_eq!(tenant.deliver("{}").await, 200);
        assert_eq!(get(&world.url, "/health/live").await, (200, "alive\n".to_owned()));
        let (status, ready) = get(&world.url, "/health/ready").await;
        assert_eq!((status, ready.parse::<Value>().expect("JSON")), (200, json!({ "ready": true, "database": "ready", "server": "ready" })));
        let (_, metrics) = get(&world.url, "/metrics").await;
        for line in [
            "vigia_deliveries_total{outcome=\"taken\"} 2", "vigia_alerts_raised_total 1", "vigia_sockets 1", "vigia_commit_seconds_count",
            "vigia_scan_seconds_count", "vigia_pool_wait_seconds_count", "vigia_subscriber_lag_seconds_count 1", "vigia_items_total{outcome=\"stored\"} 1",
        ] {
            assert!(metrics.contains(line), "{line} in:\n{metrics}");
        }
        for secret in ["segredo", "5511911112222", "propina", "medida", &tenant.channel_id, &tenant.provider_number_id] {
            assert!(!metrics.contains(secret), "{secret} in the metrics");
        }
    }
}

#[test]
fn a_server_whose_database_is_away_is_not_ready_and_says_so() {
    world::run(Engine::Postgres, async |world: World| {
        let name = world.database.as_ref().expect("a database").name().to_owned();
        let admin = postgres::superuser("postgres").await;
        let allow = async |yes: bool| {
            admin.execute_unprepared(&format!("alter database {name} allow_connections {yes}")).await.expect("altered")
        };
        allow(false).await;
        admin
            .execute_unprepared(&format!(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
            ))
            .await
            .expect("cut off");
        let (status, body) = get(&world.url, "/health/ready").await;
        let told: Value = body.parse().expect("JSON");
        assert_eq!((status, &told["ready"], &told["server"]), (503, &json!(false), &json!("ready")), "{told}");
        assert_ne!(told["database"], "ready");
        assert_eq!(get(&world.url, "/health/live").await.0, 200, "it lives all the same");
        allow(true).await;
        let until = Instant::now() + Duration::from_secs(10);
        while get(&world.url, "/health/ready").await.0 != 200 {
            assert!(Instant::now() < until, "it comes back without a restart");
        }
    });
}

#[tokio::test]
async fn the_schema_in_the_repository_is_what_is_served() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let checked = run(&BTreeMap::new(), root, &["schema", "--check", "--json"], "").await;
    assert_eq!((checked.code, checked.json()), (0, json!({ "same": true })), "{checked:?}");
    let folder = tempfile::tempdir().expect("a folder");
    is_one_sentence(&run(&BTreeMap::new(), folder.path(), &["schema", "--check"], "").await);
    std::fs::write(folder.path().join("schema.graphql"), "type Query { a: Int }").expect("a file");
    is_one_sentence(&run(&BTreeMap::new(), folder.path(), &["schema", "--check"], "").await);
    let printed = run(&BTreeMap::new(), folder.path(), &["schema"], "").await;
    assert_eq!(printed.out, std::fs::read_to_string(root.join("schema.graphql")).expect("the schema"));
}

#[test]
fn whom_postgresql_turns_away_is_told_what_to_do() {
    world::run(Engine::Postgres, async |world: World| {
        let mut settings = world.environment();
        let url = settings["VIGIA_DATABASE_URL"].clone();
        let (role, rest) = url.split_once('@').expect("a role");
        let (host, database) = rest.split_once('/').expect("a database");
        for (url, words) in [
            (format!("postgres://no_such_role:password@{host}/{database}"), "vigia migrate"),
            (format!("{role}@{host}/no_such_database"), "does not exist"),
        ] {
            settings.insert("VIGIA_DATABASE_URL".to_owned(), url);
            let ended = run(&settings, world.folder.path(), &["verify"], "").await;
            is_one_sentence(&ended);
            assert!(ended.err.contains(words), "{ended:?}");
        }
    });
}

#[tokio::test]
async fn wrong_usage_ends_with_two() {
    let folder = tempfile::tempdir().expect("a folder");
    for arguments in
        [&["sreve"][..], &[], &["serve", "--port", "1"], &["import", "--tenant", "x"], &["operator", "create"]]
    {
        let ended = run(&BTreeMap::new(), folder.path(), arguments, "").await;
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{arguments:?}: {ended:?}");
        assert!(!ended.err.is_empty());
    }
    let version = run(&BTreeMap::new(), folder.path(), &["--version"], "").await;
    assert_eq!((version.code, version.out.trim()), (0, concat!("vigia ", env!("CARGO_PKG_VERSION"))));
}

#[tokio::test]
async fn all_that_is_wrong_with_the_settings_is_told_together() {
    let folder = tempfile::tempdir().expect("a folder");
    let wrong = [
        ("VIGIA_LISTEN", "aqui"),
        ("VIGIA_LOG_FORMAT", "xml"),
        ("VIGIA_LISTENN", "x"),
        ("VIGIA_DATABASE_URL", "mysql://x"),
        ("VIGIA_CORS_ORIGINS", "*"),
    ];
    let settings: BTreeMap<String, String> =
        wrong.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let ended = run(&settings, folder.path(), &["serve"], "").await;
    assert_eq!((ended.code, ended.err.trim_end().lines().count()), (1, wrong.len()), "{ended:?}");
    assert!(wrong.iter().all(|(name, _)| ended.err.contains(name)), "{}", ended.err);
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0, "nothing was begun");
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_in_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let settings =
        BTreeMap::from([("VIGIA_LISTEN".to_owned(), address.clone()), ("VIGIA_LOG".to_owned(), "error".to_owned())]);
    let ended = run(&settings, folder.path(), &["serve"], "").await;
    is_one_sentence(&ended);
    assert!(ended.err.contains(&address), "{}", ended.err);
}

#[tokio::test]
async fn the_demonstration_shows_every_alert_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let shown = run(&BTreeMap::new(), folder.path(), &["demo", "--once"], "").await;
    assert_eq!(shown.code, 0, "{shown:?}");
    assert!(shown.err.contains("expected alerts arrived, and no other was raised."), "{}", shown.err);
    assert!(!shown.err.contains("MISSING"));
    assert_eq!(shown.out, "", "standard output is for programs");
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0, "no directory stays");
}

#[tokio::test]
async fn a_lost_master_key_is_asked_for_and_never_made_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = BTreeMap::from([("VIGIA_DATA_DIR".to_owned(), folder.path().display().to_string())]);
    assert_eq!(run(&settings, folder.path(), &OPERATOR, PASSWORD).await.code, 0);
    let key = folder.path().join("master.key");
    std::fs::remove_file(&key).expect("the key goes");
    let ended = run(&settings, folder.path(), &["verify"], "").await;
    is_one_sentence(&ended);
    assert!(ended.err.contains("put it back"), "{}", ended.err);
    assert!(!key.exists(), "no other key stands in its place");
}

#[tokio::test]
async fn what_is_kept_on_disk_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let settings = BTreeMap::from([
        ("VIGIA_DATA_DIR".to_owned(), folder.path().join("dados").display().to_string()),
        ("VIGIA_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
    ]);
    let server = Serving::start(&settings, folder.path()).await;
    let data = folder.path().join("dados");
    let entries = std::fs::read_dir(&data).expect("the data directory");
    for path in entries.map(|entry| entry.expect("an entry").path()).chain([data]) {
        assert_eq!(path.metadata().expect("its mode").permissions().mode() & 0o077, 0, "{}", path.display());
    }
    server.kill();
}
