//! The server under test, and companies in it.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use vigia::app::{self, App};
use vigia::clock::Clock;
use vigia::config::Config;
use vigia::core::Core;

use super::client::{Caller, sign};
use super::postgres::TestDatabase;

pub const PASSWORD: &str = "uma senha bem comprida 7";
pub const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// The storage engine of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// A server of the test's own.
pub struct World {
    pub engine: Engine,
    pub core: Core,
    pub clock: Clock,
    pub folder: tempfile::TempDir,
    pub database: Option<TestDatabase>,
    pub url: String,
    pub operator: Caller,
    shutdown: CancellationToken,
    server: tokio::task::JoinHandle<vigia::error::Result<()>>,
}

/// Runs what needs no world.
pub fn block_on(test: impl Future<Output = ()>) {
    tokio::runtime::Runtime::new().expect("a runtime").block_on(test);
}

/// Runs a test in a world of its own, and takes the world down whatever happens.
pub fn run<F, Fut>(engine: Engine, test: F)
where
    F: FnOnce(World) -> Fut,
    Fut: Future<Output = ()>,
{
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let world = World::new(engine).await;
        let (shutdown, database) = (world.shutdown.clone(), world.database.as_ref().map(|d| d.name().to_owned()));
        let folder = world.folder.path().to_owned();
        let outcome = futures_util::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(test(world))).await;
        shutdown.cancel();
        if let Some(name) = database {
            use sea_orm::ConnectionTrait;
            let admin = super::postgres::superuser("postgres").await;
            admin.execute_unprepared(&format!("drop database if exists {name} with (force)")).await.expect("drop");
        }
        if let Err(panic) = outcome {
            eprintln!("the world was in {}", folder.display());
            std::panic::resume_unwind(panic);
        }
    });
    runtime.shutdown_timeout(Duration::from_secs(5));
}

impl World {
    /// A fresh server with one operator.
    pub async fn new(engine: Engine) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let database = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(TestDatabase::new().await),
        };
        let config = config(folder.path().to_owned(), database.as_ref(), &[]);
        let clock = Clock::default();
        let core = app::open(&config, clock.clone()).await.expect("the database opens");
        let app = App::build(&config, core.clone()).await.expect("the server builds");
        app.accounts
            .create_operator("Olga Operadora", "operadora@vigia.example", PASSWORD.to_owned())
            .await
            .expect("the database answers")
            .expect("the operator is made");
        let (url, shutdown, server) = serve(app, &config).await;
        let mut operator = Caller::anonymous(&url);
        operator.sign_in("operadora@vigia.example", PASSWORD).await;
        Self { engine, core, clock, folder, database, url, operator, shutdown, server }
    }

    /// The settings of this world's server, for a second node or a command beside it, as environment variables.
    pub fn environment(&self) -> BTreeMap<String, String> {
        values(self.folder.path().to_owned(), self.database.as_ref(), &[])
    }

    /// A second node on the same database: its address, and what stops it.
    pub async fn second_node(&self) -> (String, CancellationToken) {
        let config = config(self.folder.path().to_owned(), self.database.as_ref(), &[]);
        let core = app::open(&config, self.clock.clone()).await.expect("the database opens");
        let app = App::build(&config, core).await.expect("the server builds");
        let (url, shutdown, _server) = serve(app, &config).await;
        (url, shutdown)
    }

    /// The database, with no wall in the way: the file, or PostgreSQL as its superuser.
    pub async fn raw(&self) -> sea_orm::DatabaseConnection {
        match &self.database {
            Some(database) => super::postgres::superuser(database.name()).await,
            None => {
                super::postgres::connect(&format!("sqlite://{}", self.folder.path().join("vigia.db").display())).await
            }
        }
    }

    /// Somebody who is not signed in.
    pub fn anonymous(&self) -> Caller {
        Caller::anonymous(&self.url)
    }

    /// Stops the server in order; the rest of the world goes on. Answers how long that took.
    pub async fn close(&mut self) -> Duration {
        let began = tokio::time::Instant::now();
        self.shutdown.cancel();
        (&mut self.server).await.expect("the server ends").expect("in order");
        began.elapsed()
    }

    /// Stops the server in order; answers how long that took.
    pub async fn stop(self) -> (Duration, Option<TestDatabase>, tempfile::TempDir) {
        let began = tokio::time::Instant::now();
        self.shutdown.cancel();
        self.server.await.expect("the server ends").expect("in order");
        (began.elapsed(), self.database, self.folder)
    }

    /// A company with people of every role, a channel of its own and a number on it.
    pub async fn tenant(&self, slug: &str) -> Tenant {
        let email = |who: &str| format!("{who}@{slug}.example");
        let input = json!({
            "name": format!("Empresa {slug}"), "slug": slug,
            "ownerName": format!("Dona de {slug}"), "ownerEmail": email("dona"), "ownerPassword": PASSWORD,
        });
        let made = self.operator.change("createTenant", "CreateTenantInput", &input, "tenant { id }").await;
        let id = made["tenant"]["id"].as_str().expect("the tenant's id").to_owned();
        let owner = self.signed_in(&email("dona"), slug).await;
        for (who, role) in [("gestora", "DATA_MANAGER"), ("revisora", "REVIEWER"), ("auditora", "AUDITOR")] {
            let input =
                json!({ "name": format!("{who} de {slug}"), "email": email(who), "password": PASSWORD, "role": role });
            owner.change("createUser", "CreateUserInput", &input, "user { id }").await;
        }
        let app_secret = format!("segredo-do-app-{slug}");
        let input = json!({ "name": format!("Canal {slug}"), "provider": "META", "appSecret": app_secret, "verifyToken": format!("ola-{slug}") });
        let channel = owner.change("createChannel", "CreateChannelInput", &input, "channel { id webhookUrl }").await;
        let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
        let (channel_id, webhook) = (text(&channel["channel"]["id"]), text(&channel["channel"]["webhookUrl"]));
        let provider_number_id = format!("51{}", slug.bytes().map(|b| b.to_string()).collect::<String>());
        let mut tenant = Tenant {
            id,
            slug: slug.to_owned(),
            manager: self.signed_in(&email("gestora"), slug).await,
            reviewer: self.signed_in(&email("revisora"), slug).await,
            auditor: self.signed_in(&email("auditora"), slug).await,
            owner,
            channel_id,
            webhook,
            app_secret,
            number_id: String::new(),
            provider_number_id: provider_number_id.clone(),
            http: reqwest::Client::new(),
        };
        tenant.number_id = tenant.register("+5511950000000", &provider_number_id).await;
        tenant
    }

    /// A caller signed in at a company.
    pub async fn signed_in(&self, email: &str, slug: &str) -> Caller {
        let mut caller = self.anonymous();
        caller.sign_in_at(email, PASSWORD, slug).await;
        caller
    }
}

fn values(folder: PathBuf, database: Option<&TestDatabase>, more: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut values = BTreeMap::from([
        ("VIGIA_DATA_DIR".to_owned(), folder.display().to_string()),
        ("VIGIA_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
        ("VIGIA_MASTER_KEY".to_owned(), MASTER_KEY.to_owned()),
    ]);
    if let Some(database) = database {
        values.insert("VIGIA_DATABASE_URL".to_owned(), database.url.clone());
    }
    values.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    values
}

fn config(folder: PathBuf, database: Option<&TestDatabase>, more: &[(&str, &str)]) -> Config {
    Config::from_values(values(folder, database, more), Vec::new()).expect("good settings")
}

async fn serve(
    app: App,
    config: &Config,
) -> (String, CancellationToken, tokio::task::JoinHandle<vigia::error::Result<()>>) {
    let listener = TcpListener::bind(config.listen).await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let shutdown = CancellationToken::new();
    let server = tokio::spawn(app.run(listener, shutdown.clone()));
    (url, shutdown, server)
}

/// A company.
pub struct Tenant {
    pub id: String,
    pub slug: String,
    pub owner: Caller,
    pub manager: Caller,
    pub reviewer: Caller,
    pub auditor: Caller,
    pub channel_id: String,
    pub webhook: String,
    pub app_secret: String,
    pub number_id: String,
    /// As the provider calls the first number.
    pub provider_number_id: String,
    http: reqwest::Client,
}

impl Tenant {
    /// Posts the company's deliveries to another address (another node, or the same after a restart).
    pub fn move_to(&mut self, url: &str) {
        let path = self.webhook.split("/webhooks/").nth(1).expect("a path");
        self.webhook = format!("{url}/webhooks/{path}");
        for caller in [&mut self.owner, &mut self.manager, &mut self.reviewer, &mut self.auditor] {
            url.clone_into(&mut caller.url);
        }
    }

    /// Registers a number on the company's channel; answers its id.
    pub async fn register(&self, phone: &str, provider_number_id: &str) -> String {
        let input = json!({ "channelId": self.channel_id, "phone": phone, "label": "Vendas", "providerNumberId": provider_number_id });
        let made = self.owner.change("registerNumber", "RegisterNumberInput", &input, "number { id }").await;
        made["number"]["id"].as_str().expect("the number's id").to_owned()
    }

    /// Watches a term; answers its id.
    pub async fn watch(&self, pattern: &str) -> String {
        let made =
            self.manager.change("createTerm", "CreateTermInput", &json!({ "pattern": pattern }), "term { id }").await;
        made["term"]["id"].as_str().expect("the term's id").to_owned()
    }

    /// Posts a body to the company's door, signed; answers the status.
    pub async fn deliver(&self, body: impl Into<Vec<u8>>) -> u16 {
        self.try_deliver(body).await.expect("an answer")
    }

    /// The same, where the server may be gone.
    pub async fn try_deliver(&self, body: impl Into<Vec<u8>>) -> Option<u16> {
        let body = body.into();
        let signature = sign(&self.app_secret, &body);
        let request = self
            .http
            .post(&self.webhook)
            .header("content-type", "application/json")
            .header("x-hub-signature-256", signature);
        request.body(body).send().await.ok().map(|answer| answer.status().as_u16())
    }

    /// A contact's text arrives; it must be answered 200.
    pub async fn receive(&self, id: &str, from: &str, text: &str) {
        assert_eq!(self.deliver(self.text(id, from, 1_760_000_000, text)).await, 200, "the delivery of {id}");
    }

    /// The delivery of one text.
    pub fn text(&self, id: &str, from: &str, at: u64, text: &str) -> String {
        let message =
            json!({ "from": from, "id": id, "timestamp": at.to_string(), "type": "text", "text": { "body": text } });
        self.value(&json!({ "contacts": [{ "wa_id": from, "profile": { "name": format!("Contato {from}") } }], "messages": [message] }))
    }

    /// The delivery of one value of the field `messages`, for the company's first number.
    pub fn value(&self, lists: &serde_json::Value) -> String {
        self.change("messages", lists)
    }

    /// The delivery of one value of a field.
    pub fn change(&self, field: &str, lists: &serde_json::Value) -> String {
        let mut value = lists.clone();
        value["messaging_product"] = json!("whatsapp");
        value["metadata"] =
            json!({ "display_phone_number": "5511950000000", "phone_number_id": self.provider_number_id });
        json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{ "field": field, "value": value }] }] }).to_string()
    }
}
