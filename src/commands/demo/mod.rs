//! `vigia demo`: the product at work, through its public doors alone.
//!
//! Everything below is done as outsiders do it: over GraphQL, the providers' door and a subscription.

mod client;
mod script;

use std::collections::BTreeMap;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use vigia::app::{self, App};
use vigia::clock::{Clock, random};
use vigia::config::Config;
use vigia::error::Error;
use vigia::telemetry::{LogFormat, start_log};

use super::{Done, Output, say};
use client::{Client, Subscription};

/// An alert that takes longer is missing.
const PATIENCE: Duration = Duration::from_secs(20);
const PASSWORD: &str = "jabuticaba-azul-42";
const OPERATOR: &str = "operadora@vigia.example";
const OWNER: &str = "dona@aurora.example";
const MANAGER: &str = "encarregada@aurora.example";

const EVENTS: &str = "subscription { alertEvents { kind alert { sequence severity
  conversation { number { phone label } contact { name phone } }
  matches(last: 1) { nodes { pattern spans { start end text } sourceText message { direction sender { name } } } } } } }";
const READY_QUERY: &str = "{
  alerts(first: 10) {
    totalCount
    nodes {
      sequence severity raisedAt
      conversation { contact { name phone } number { phone label } }
      matches(first: 5) { nodes { pattern spans { text } message { text sentAt } } }
    }
  }
}";

/// A directory of this run's own, gone when it ends.
struct Folder(PathBuf);

impl Folder {
    fn make() -> Result<Self, Error> {
        let name: String = random::<8>().iter().map(|byte| format!("{byte:02x}")).collect();
        let path = std::env::temp_dir().join(format!("vigia-demo-{name}"));
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(|error| Error::internal("The temporary directory cannot be made.").because(error))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            say(&format!("{} could not be removed: {error}", self.0.display()));
        }
    }
}

/// Runs the demonstration; `once` ends it when every expected alert was seen.
pub async fn run(once: bool, output: Output) -> Done {
    start_log("error", LogFormat::Text);
    let folder = Folder::make()?;
    let settings = BTreeMap::from([
        ("VIGIA_DATA_DIR".to_owned(), folder.0.display().to_string()),
        ("VIGIA_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
    ]);
    let config = Config::from_values(settings, Vec::new()).map_err(|error| Error::internal(error.to_string()))?;
    let core = app::open(&config, Clock::default()).await?;
    let app = App::build(&config, core).await?;
    app.accounts
        .create_operator("Olívia Operadora", OPERATOR, PASSWORD.to_owned())
        .await?
        .map_err(|refusal| Error::internal(refusal.message))?;
    let fail = |error| Error::internal("No free port can be listened on.").because(error);
    let listener = TcpListener::bind(config.listen).await.map_err(fail)?;
    let address = listener.local_addr().map_err(fail)?;
    let shutdown = CancellationToken::new();
    let server = tokio::spawn(app.run(listener, shutdown.clone()));
    let signals = tokio::spawn(app::stop_on_signal(shutdown.clone()));

    let client = Client::new(&format!("http://{address}"));
    let played = tokio::select! {
        played = play(&client) => played,
        () = shutdown.cancelled() => Ok(false),
    };
    let code = match played {
        Ok(complete) => {
            if output.json {
                output.print(&json!({ "complete": complete, "url": client.url() }));
            }
            if !once && complete {
                invite(client.url());
                shutdown.cancelled().await;
            }
            if complete { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            say(&format!("The demonstration broke off: {}", super::sentence(&error)));
            ExitCode::FAILURE
        }
    };
    shutdown.cancel();
    signals.abort();
    server.await.map_err(|error| Error::internal("The server ended before its time.").because(error))??;
    drop(folder);
    Ok(code)
}

/// Founds the company, sends it messages, and watches the alerts arrive; answers whether all did.
async fn play(client: &Client) -> Result<bool, Error> {
    say(&format!("Vigia runs on {} with a database of its own, in a temporary directory.", client.url()));
    let (secret, manager) = found(client).await?;
    let mut events = Subscription::open(client, &manager, EVENTS).await?;
    say("Watching for: propina · caixa 2 · me chama no telegram");
    say("");
    let mut expected = Vec::new();
    for (line, said) in script::LINES.iter().enumerate() {
        let body = script::delivery(line, said, client.now());
        client.deliver(&secret.webhook, &secret.app_secret, &body).await?;
        say(&format!("  message   {}: {}", said.who, one_line(said.text)));
        if let Some(term) = said.raises {
            expected.push(term);
            let arrived = tokio::time::timeout(PATIENCE, events.next()).await;
            match arrived {
                Ok(Ok(event)) if tell(&event, term) => {}
                Ok(Err(error)) => return Err(error),
                _ => {
                    say(&format!("  MISSING   the alert for \"{term}\" did not arrive."));
                    return Ok(false);
                }
            }
        }
    }
    events.close().await;
    say("");
    let raised = client.count_alerts(&manager).await?;
    if raised != expected.len() as u64 {
        say(&format!("{} alerts were expected, and {raised} were raised.", expected.len()));
        return Ok(false);
    }
    say(&format!("All {raised} expected alerts arrived, and no other was raised."));
    Ok(true)
}

struct Door {
    webhook: String,
    app_secret: String,
}

/// The company, its people, its number and its terms, over GraphQL.
async fn found(client: &Client) -> Result<(Door, String), Error> {
    let operator = client.sign_in(OPERATOR, PASSWORD).await?;
    let tenant = json!({ "name": "Padaria Aurora", "slug": "aurora", "ownerName": "Dora Dona", "ownerEmail": OWNER, "ownerPassword": PASSWORD });
    client.change(&operator, "createTenant", "CreateTenantInput", &tenant, "tenant { id }").await?;
    let owner = client.sign_in(OWNER, PASSWORD).await?;
    let manager = json!({ "name": "Edna Encarregada", "email": MANAGER, "password": PASSWORD, "role": "DATA_MANAGER" });
    client.change(&owner, "createUser", "CreateUserInput", &manager, "user { id }").await?;
    let app_secret: String = random::<16>().iter().map(|byte| format!("{byte:02x}")).collect();
    let channel = json!({ "name": "WhatsApp da loja", "provider": "META", "appSecret": app_secret, "verifyToken": "demonstracao" });
    let channel =
        client.change(&owner, "createChannel", "CreateChannelInput", &channel, "channel { id webhookUrl }").await?;
    let text =
        |value: &Value| value.as_str().map(str::to_owned).ok_or_else(|| Error::internal("An answer lacks a field."));
    let (id, webhook) = (text(&channel["channel"]["id"])?, text(&channel["channel"]["webhookUrl"])?);
    let number =
        json!({ "channelId": id, "phone": script::PHONE, "label": "Balcão", "providerNumberId": script::NUMBER_ID });
    client.change(&owner, "registerNumber", "RegisterNumberInput", &number, "number { id }").await?;
    let manager = client.sign_in(MANAGER, PASSWORD).await?;
    for term in script::TERMS {
        client.change(&manager, "createTerm", "CreateTermInput", &json!({ "pattern": term }), "term { id }").await?;
    }
    say("A company was founded: Padaria Aurora, with an owner, a data manager, one number and three watched terms.");
    Ok((Door { webhook, app_secret }, manager))
}

/// Shows an event; answers whether it is of the expected term.
fn tell(event: &Value, term: &str) -> bool {
    let event = &event["alertEvents"];
    let alert = &event["alert"];
    let found = &alert["matches"]["nodes"][0];
    let span = &found["spans"][0];
    let who = alert["conversation"]["contact"]["name"].as_str().unwrap_or("?");
    let number = &alert["conversation"]["number"];
    let (source, words) = (found["sourceText"].as_str().unwrap_or_default(), span["text"].as_str().unwrap_or_default());
    let around = words_around(source, span["start"].as_u64().unwrap_or(0), span["end"].as_u64().unwrap_or(0));
    say(&format!(
        "  ALERT {:<3} {} · {} ({}) · with {who} · \"{}\" in: {}",
        alert["sequence"],
        alert["severity"].as_str().unwrap_or_default(),
        number["label"].as_str().unwrap_or_default(),
        number["phone"].as_str().unwrap_or_default(),
        one_line(words),
        one_line(&around),
    ));
    found["pattern"].as_str() == Some(term)
}

/// The words around a span, the span itself in brackets.
fn words_around(text: &str, start: u64, end: u64) -> String {
    const AROUND: usize = 24;
    let chars: Vec<char> = text.chars().collect();
    let at = |place: u64| usize::try_from(place).unwrap_or(usize::MAX).min(chars.len());
    let (start, end) = (at(start), at(end).max(at(start)));
    let (from, to) = (start.saturating_sub(AROUND), end.saturating_add(AROUND).min(chars.len()));
    let part = |from: usize, to: usize| chars.get(from..to).unwrap_or_default().iter().collect::<String>();
    let (left, right) = (if from > 0 { "…" } else { "" }, if to < chars.len() { "…" } else { "" });
    format!("{left}{}[{}]{}{right}", part(from, start), part(start, end), part(end, to))
}

/// A line break would tear the table.
fn one_line(text: &str) -> String {
    text.replace('\n', " ⏎ ")
}

/// What to try next.
fn invite(url: &str) {
    let encode =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    say("");
    say("Look around, signed in as one of them (all with the same password):");
    say(&format!("  data manager  {MANAGER}   reads and judges"));
    say(&format!("  owner         {OWNER}          administers, reads no content"));
    say(&format!("  operator      {OPERATOR}       platform staff, sees no conversation"));
    say(&format!("  password      {PASSWORD}"));
    say("");
    say(&format!("A page to try queries on, with one that is ready:\n  {url}/graphiql#query={}", encode(READY_QUERY)));
    say(&format!("The API: {url}/graphql"));
    say("Everything is gone when you press Ctrl-C.");
}
