//! Deliveries and messages a second through the real door, beside a raw group commit of the same rows.
//!
//! `cargo bench --bench ingest`: starts the release binary on each engine, posts signed deliveries over loopback from
//! connections that each wait for their answer, and then, into the same PostgreSQL tables, has as many producers wait for
//! one writer that commits their rows with one UNNEST a table. Rounds of door and raw alternate; the ratio is the median
//! of the rounds'. PostgreSQL is started by `tests/run --bench`, with fsync on.
//!
//! Environment: `BENCH_SECONDS` a measurement (4), `BENCH_ROUNDS` (5).

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "figures are printed")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use serde_json::{Value, json};
use sqlx::postgres::PgPoolOptions;
use uuid::Uuid;
use vigia::clock::random;

const PASSWORD: &str = "uma senha bem comprida 7";
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const SECRET: &str = "segredo-do-banco-de-provas";
const CONTACTS: u64 = 500;
const TERMS: usize = 500;
const WORDS: [&str; 24] = [
    "bom",
    "dia",
    "pedido",
    "entrega",
    "amanhã",
    "cliente",
    "boleto",
    "nota",
    "fiscal",
    "contrato",
    "reunião",
    "proposta",
    "valor",
    "prazo",
    "obrigada",
    "enviei",
    "segue",
    "anexo",
    "preço",
    "desconto",
    "caminhão",
    "estoque",
    "endereço",
    "confirmo",
];

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

struct Server {
    process: Child,
    address: String,
    webhook: String,
    tenant: Uuid,
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.process.kill().and_then(|()| self.process.wait()).is_err() {
            eprintln!("the server could not be stopped");
        }
    }
}

fn vigia(settings: &[(&str, &str)], arguments: &[&str], input: &str) -> Result<String, Failure> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_vigia"))
        .args(arguments)
        .envs(settings.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    child.stdin.take().ok_or("no input")?.write_all(input.as_bytes())?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(format!("vigia {} failed", arguments.join(" ")).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// One request over a connection of its own; answers the JSON.
fn graphql(address: &str, token: Option<&str>, query: &str, variables: &Value) -> Result<Value, Failure> {
    let body = json!({ "query": query, "variables": variables }).to_string();
    let authorization = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "POST /graphql HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\n{authorization}content-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let start = answer.find("\r\n\r\n").ok_or("no body")? + 4;
    let answer: Value = serde_json::from_str(&answer[start..])?;
    if answer["errors"].is_array() { Err(answer["errors"].to_string().into()) } else { Ok(answer["data"].clone()) }
}

fn sign_in(address: &str, email: &str) -> Result<String, Failure> {
    let query = "mutation ($i: SignInInput!) { signIn(input: $i) { accessToken } }";
    let data = graphql(address, None, query, &json!({ "i": { "email": email, "password": PASSWORD } }))?;
    Ok(data["signIn"]["accessToken"].as_str().ok_or("no token")?.to_owned())
}

/// Starts the server and founds a company with one number and 500 terms, some of which are found now and then.
fn start(folder: &Path, database: Option<&str>) -> Result<Server, Failure> {
    let data = folder.display().to_string();
    let mut settings = vec![
        ("VIGIA_DATA_DIR", data.as_str()),
        ("VIGIA_LISTEN", "127.0.0.1:0"),
        ("VIGIA_MASTER_KEY", MASTER_KEY),
        ("VIGIA_LOG", "vigia::app=info"),
    ];
    settings.extend(database.map(|url| ("VIGIA_DATABASE_URL", url)));
    let founded = vigia(
        &settings,
        &[
            "tenant",
            "create",
            "--json",
            "--name",
            "Banco de Provas",
            "--slug",
            "provas",
            "--owner-name",
            "Dona",
            "--owner-email",
            "dona@provas.example",
        ],
        PASSWORD,
    )?;
    let founded: Value = serde_json::from_str(&founded)?;
    let tenant = Uuid::parse_str(founded["tenantId"].as_str().and_then(|id| id.split(':').nth(1)).ok_or("no tenant")?)?;
    let mut process =
        Command::new(env!("CARGO_BIN_EXE_vigia")).arg("serve").envs(settings).stderr(Stdio::piped()).spawn()?;
    let mut log = BufReader::new(process.stderr.take().ok_or("no log")?);
    let mut line = String::new();
    let address = loop {
        line.clear();
        if log.read_line(&mut line)? == 0 {
            return Err("the server ended".into());
        }
        if let Some((_, address)) = line.split_once("listening on http://") {
            break address.trim().to_owned();
        }
    };
    std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    let owner = sign_in(&address, "dona@provas.example")?;
    let change = |token: &str, name: &str, kind: &str, input: Value, fields: &str| -> Result<Value, Failure> {
        let query = format!("mutation ($i: {kind}!) {{ {name}(input: $i) {{ {fields} errors {{ message }} }} }}");
        Ok(graphql(&address, Some(token), &query, &json!({ "i": input }))?[name].clone())
    };
    let manager =
        json!({ "name": "Gestora", "email": "gestora@provas.example", "password": PASSWORD, "role": "DATA_MANAGER" });
    change(&owner, "createUser", "CreateUserInput", manager, "user { id }")?;
    let channel = json!({ "name": "Canal", "provider": "META", "appSecret": SECRET, "verifyToken": "ola" });
    let channel = change(&owner, "createChannel", "CreateChannelInput", channel, "channel { id webhookUrl }")?;
    let number = json!({ "channelId": channel["channel"]["id"], "phone": "+5511950000000", "label": "Provas", "providerNumberId": "510" });
    change(&owner, "registerNumber", "RegisterNumberInput", number, "number { id }")?;
    let manager = sign_in(&address, "gestora@provas.example")?;
    for term in 0..TERMS {
        let pattern = if term == 0 { "propina".to_owned() } else { format!("termo raro {term}") };
        change(&manager, "createTerm", "CreateTermInput", json!({ "pattern": pattern }), "term { id }")?;
    }
    let webhook = channel["channel"]["webhookUrl"].as_str().ok_or("no address")?;
    let webhook = webhook.splitn(4, '/').nth(3).map(|path| format!("/{path}")).ok_or("no path")?;
    Ok(Server { process, address, webhook, tenant })
}

fn xorshift(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// A signed request with `messages` new messages; one in a hundred holds a watched term.
fn request(server: &Server, key: &hmac::Key, messages: usize, state: &mut u64) -> Vec<u8> {
    let messages: Vec<Value> = (0..messages)
        .map(|_| {
            let mut text: Vec<&str> = (0..9).map(|_| WORDS[usize::try_from(xorshift(state) % 24).unwrap_or(0)]).collect();
            if xorshift(state).is_multiple_of(100) {
                text.push("propina");
            }
            json!({
                "from": format!("55119{:08}", 10_000_000 + xorshift(state) % CONTACTS),
                "id": format!("wamid.HBgNNTUxMTkxMDAxMDAwMBUCABIYFDN{:016X}{:08X}", xorshift(state), xorshift(state) as u32),
                "timestamp": "1760000000", "type": "text", "text": { "body": text.join(" ") },
            })
        })
        .collect();
    let body = json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{ "field": "messages", "value": {
        "messaging_product": "whatsapp", "metadata": { "display_phone_number": "5511950000000", "phone_number_id": "510" }, "messages": messages,
    } }] }] })
    .to_string();
    let signature: String =
        hmac::sign(key, body.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "POST {} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\nx-hub-signature-256: sha256={signature}\r\ncontent-length: {}\r\n\r\n{body}",
        server.webhook,
        server.address,
        body.len()
    )
    .into_bytes()
}

/// Messages a second through the door, with so many connections that each wait for their answer.
async fn door(server: &Server, connections: usize, messages: usize, seconds: u64) -> Result<f64, Failure> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    // Signed beforehand: the generator shares the cores with what it measures.
    let mut state = u64::from_le_bytes(random());
    let per_connection = if messages == 1 {
        4_000 * seconds as usize / connections.max(1) + 200
    } else {
        800 * seconds as usize / connections + 40
    };
    let mut stacks: Vec<Vec<Vec<u8>>> = (0..connections)
        .map(|_| (0..per_connection).map(|_| request(server, &key, messages, &mut state)).collect())
        .collect();
    let done = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let until = began + Duration::from_secs(seconds);
    let mut tasks = Vec::new();
    for stack in stacks.drain(..) {
        let mut stream = tokio::net::TcpStream::connect(&server.address).await?;
        stream.set_nodelay(true)?;
        let done = Arc::clone(&done);
        tasks.push(tokio::spawn(async move {
            let mut buffer = [0; 1_024];
            for request in stack {
                if Instant::now() >= until {
                    return Ok::<_, Failure>(true);
                }
                stream.write_all(&request).await?;
                let mut read = 0;
                while !buffer[..read].windows(4).any(|end| end == b"\r\n\r\n") {
                    let more = stream.read(&mut buffer[read..]).await?;
                    if more == 0 {
                        return Err("the server hung up".into());
                    }
                    read += more;
                }
                if !buffer.starts_with(b"HTTP/1.1 200") {
                    return Err(String::from_utf8_lossy(&buffer[..read]).into_owned().into());
                }
                done.fetch_add(messages as u64, Ordering::Relaxed);
            }
            Ok(false)
        }));
    }
    let mut lasted = true;
    for task in tasks {
        lasted &= task.await??;
    }
    if !lasted {
        eprintln!("  (a connection ran out of prepared requests: the figure is a lower bound)");
    }
    Ok(done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64())
}

struct Row {
    id: Uuid,
    version: Uuid,
    index: [u8; 16],
    sealed: Vec<u8>,
    raw: Vec<u8>,
}

/// Messages a second of a bare group commit: producers that wait for one writer, which puts what gathered meanwhile into
/// `message`, `message_version`, `delivery` and `journal` with one UNNEST each, moves the head, and commits.
async fn raw(url: &str, tenant: Uuid, producers: usize, messages: usize, seconds: u64) -> Result<f64, Failure> {
    let pool = PgPoolOptions::new().max_connections(1).connect(url).await?;
    let mut setup = pool.begin().await?;
    sqlx::query("select set_config('vigia.tenant', $1, true)").bind(tenant.to_string()).execute(&mut *setup).await?;
    let conversation: Uuid = sqlx::query_scalar("select id from conversation limit 1").fetch_one(&mut *setup).await?;
    let channel: Uuid = sqlx::query_scalar("select channel_id from route limit 1").fetch_one(&mut *setup).await?;
    let (sealed, raw): (i32, i32) = sqlx::query_as(
        "select coalesce(avg(length(text)), 80)::int, coalesce(avg(length(raw)), 200)::int from message_version",
    )
    .fetch_one(&mut *setup)
    .await?;
    setup.commit().await?;
    let (send, mut receive) = tokio::sync::mpsc::channel::<(Vec<Row>, tokio::sync::oneshot::Sender<()>)>(producers * 2);
    let began = Instant::now();
    let until = began + Duration::from_secs(seconds);
    let done = Arc::new(AtomicU64::new(0));
    for _ in 0..producers {
        let (send, done) = (send.clone(), Arc::clone(&done));
        tokio::spawn(async move {
            while Instant::now() < until {
                let rows = (0..messages)
                    .map(|_| Row {
                        id: Uuid::from_bytes(random()),
                        version: Uuid::from_bytes(random()),
                        index: random(),
                        sealed: vec![7; usize::try_from(sealed).unwrap_or(80)],
                        raw: vec![7; usize::try_from(raw).unwrap_or(200)],
                    })
                    .collect();
                let (answer, answered) = tokio::sync::oneshot::channel();
                if send.send((rows, answer)).await.is_err() || answered.await.is_err() {
                    return;
                }
                done.fetch_add(messages as u64, Ordering::Relaxed);
            }
        });
    }
    drop(send);
    let mut waiting = Vec::new();
    while receive.recv_many(&mut waiting, 256).await > 0 {
        let (batches, answers): (Vec<_>, Vec<_>) = waiting.drain(..).unzip();
        let deliveries = batches.len();
        let rows: Vec<Row> = batches.into_iter().flatten().collect();
        let count = rows.len();
        let mut tx = pool.begin().await?;
        let (seq, _): (i64, String) = sqlx::query_as(
            "select seq, set_config('vigia.tenant', $2, true) from head where tenant_id = $1 and chain = 0 for update",
        )
        .bind(tenant)
        .bind(tenant.to_string())
        .fetch_one(&mut *tx)
        .await?;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let versions: Vec<Uuid> = rows.iter().map(|row| row.version).collect();
        let indexes: Vec<&[u8]> = rows.iter().map(|row| row.index.as_slice()).collect();
        let sealed: Vec<&[u8]> = rows.iter().map(|row| row.sealed.as_slice()).collect();
        let raws: Vec<&[u8]> = rows.iter().map(|row| row.raw.as_slice()).collect();
        sqlx::query(
            "insert into message (tenant_id, id, conversation_id, provider_index, provider_id, sender_id, direction, origin, kind, sent_at, received_at, reply_index, is_forwarded, delivery, error_codes, edited_at, deleted_at, version_count)
             select $1, id, $2, index, sealed, null, 0, 0, 0, 1760000000000000, 1760000000000000, null, false, null, null, null, null, 1 from unnest($3::uuid[], $4::bytea[], $5::bytea[]) as u (id, index, sealed)",
        )
        .bind(tenant).bind(conversation).bind(&ids).bind(&indexes).bind(&sealed)
        .execute(&mut *tx).await?;
        sqlx::query(
            "insert into message_version (tenant_id, id, message_id, number, kind, at, source, text, referral, raw)
             select $1, id, message, 0, 0, 1760000000000000, 0, sealed, null, raw from unnest($2::uuid[], $3::uuid[], $4::bytea[], $5::bytea[]) as u (id, message, sealed, raw)",
        )
        .bind(tenant).bind(&versions).bind(&ids).bind(&sealed).bind(&raws)
        .execute(&mut *tx).await?;
        let delivery_ids: Vec<Uuid> = (0..deliveries).map(|_| Uuid::from_bytes(random())).collect();
        sqlx::query("insert into delivery (id, channel_id, received_at, sha256, byte_size, item_count) select id, $1, 1760000000000000, $2, 700, 1 from unnest($3::uuid[]) as u (id)")
            .bind(channel).bind(vec![7_u8; 32]).bind(&delivery_ids)
            .execute(&mut *tx).await?;
        let seqs: Vec<i64> = (1..=i64::try_from(count)?).map(|n| seq + n).collect();
        sqlx::query(
            "insert into journal (tenant_id, chain, seq, at, kind, actor_kind, actor_id, subject_id, detail, prev_hash, hash)
             select $1, 0, seq, 1760000000000000, 50, 0, null, id, $2, $3, $3 from unnest($4::bigint[], $5::uuid[]) as u (seq, id)",
        )
        .bind(tenant).bind(vec![b'x'; 120]).bind(vec![7_u8; 32]).bind(&seqs).bind(&ids)
        .execute(&mut *tx).await?;
        sqlx::query("update head set seq = $1 where tenant_id = $2 and chain = 0")
            .bind(seq + i64::try_from(count)?)
            .bind(tenant)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        for answer in answers {
            if answer.send(()).is_err() {
                return Err("a producer ended before its answer".into());
            }
        }
    }
    Ok(done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() -> Result<(), Failure> {
    // `cargo test` builds benchmarks too and runs them with this flag: there is nothing to measure then.
    if std::env::args().any(|argument| argument == "--test") {
        return Ok(());
    }
    let (seconds, rounds) = (number("BENCH_SECONDS", 4), number("BENCH_ROUNDS", 5));
    let base = std::env::var("VIGIA_TEST_POSTGRES_URL")
        .map_err(|_| "run this with tests/run --bench: it starts PostgreSQL")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (before, _) = base.rsplit_once('/').ok_or("no database in the URL")?;
    let host = before.rsplit_once('@').map_or(before, |(_, host)| host);
    let name: String = random::<6>().iter().map(|byte| format!("{byte:02x}")).collect();
    let (database, role) = (format!("vigia_bench_{name}"), format!("vigia_bench_role_{name}"));
    let url = format!("postgres://{role}:bench@{host}/{database}");
    runtime.block_on(async {
        let admin = PgPoolOptions::new().max_connections(1).connect(&base).await?;
        sqlx::query(sqlx::AssertSqlSafe(format!("create database {database}"))).execute(&admin).await?;
        Ok::<_, Failure>(())
    })?;
    let owner = format!("{before}/{database}");
    vigia(
        &[("VIGIA_DATABASE_URL", &url), ("VIGIA_MIGRATION_URL", &owner), ("VIGIA_MASTER_KEY", MASTER_KEY)],
        &["migrate"],
        "",
    )?;
    let (folder, sqlite_folder) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let postgres = start(folder.path(), Some(&url))?;
    let sqlite = start(sqlite_folder.path(), None)?;

    println!("{seconds} s a measurement, {rounds} rounds, medians; {TERMS} terms, {CONTACTS} contacts\n");
    println!(
        "| in flight | messages a delivery | raw, PostgreSQL | door, PostgreSQL | ratio | door, SQLite | to PostgreSQL |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (connections, messages) in [(64, 1), (256, 1), (64, 10), (256, 10)] {
        let (mut raws, mut doors, mut sqlites, mut ratios, mut embedded) = (vec![], vec![], vec![], vec![], vec![]);
        for _ in 0..rounds {
            let through = runtime.block_on(door(&postgres, connections, messages, seconds))?;
            let bare = runtime.block_on(raw(&url, postgres.tenant, connections, messages, seconds))?;
            let through_sqlite = runtime.block_on(door(&sqlite, connections, messages, seconds))?;
            ratios.push(through / bare);
            embedded.push(through_sqlite / through);
            doors.push(through);
            raws.push(bare);
            sqlites.push(through_sqlite);
        }
        println!(
            "| {connections} | {messages} | {:.0} | {:.0} | {:.2} | {:.0} | {:.2} |",
            median(raws),
            median(doors),
            median(ratios),
            median(sqlites),
            median(embedded)
        );
    }
    drop((postgres, sqlite));
    runtime.block_on(async {
        let admin = PgPoolOptions::new().max_connections(1).connect(&base).await?;
        sqlx::query(sqlx::AssertSqlSafe(format!("drop database {database} with (force)"))).execute(&admin).await?;
        sqlx::query(sqlx::AssertSqlSafe(format!("drop role {role}"))).execute(&admin).await?;
        Ok::<_, Failure>(())
    })
}
