//! What came of it: conversations, messages and alerts as a reviewer reads them, parked items as an operator does,
//! and rows counted behind everybody's back.

use std::collections::BTreeMap;
use std::time::Duration;

use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use super::client::sign;
use super::world::{Engine, Tenant, World};

const MESSAGE: &str = "id providerId kind text isScanned direction origin contentState isForwarded errorCodes deliveryStatus \
    sentAt editedAt deletedAt sender { id name phone } replyTo { providerId } reactions { emoji at sender { id phone } } \
    versions { index kind text at } media { mimeType fileName state } \
    conversation { id isGroup notScannedCount contact { id name phone } number { id } }";

const MATCH: &str = "source pattern sourceText steps spans { start end text } term { id } version { index kind text } message { providerId }";

const SCAN: &str = "id state failure pattern mode strictness detector policy { id } scanned notScanned total hits alerts \
    estimatedAlertsPerDay sentAfter sentBefore createdAt finishedAt";

/// A channel's door, with the secret that opens it.
pub struct Door {
    pub url: String,
    pub app_secret: String,
    pub http: reqwest::Client,
}

impl Door {
    pub fn new(url: &str, app_secret: &str) -> Self {
        Self { url: url.to_owned(), app_secret: app_secret.to_owned(), http: reqwest::Client::new() }
    }

    /// The same door of another node.
    pub fn at(&self, node: &str) -> Self {
        let (_, path) = self.url.split_once("/webhooks/").expect("a webhook's address");
        Self::new(&format!("{node}/webhooks/{path}"), &self.app_secret)
    }

    /// Posts a body with these signature headers.
    pub async fn post(&self, body: impl Into<Vec<u8>>, signatures: &[&str]) -> reqwest::Response {
        let mut request = self.http.post(&self.url).header("content-type", "application/json");
        for signature in signatures {
            request = request.header("x-hub-signature-256", *signature);
        }
        request.body(body.into()).send().await.expect("an answer")
    }

    /// Posts a body as Meta would; answers the status.
    pub async fn deliver(&self, body: impl Into<Vec<u8>>) -> u16 {
        let body = body.into();
        let signature = sign(&self.app_secret, &body);
        self.post(body, &[&signature]).await.status().as_u16()
    }
}

impl World {
    /// A channel of the platform's, and its door.
    pub async fn platform_channel(&self, app_secret: &str) -> (String, Door) {
        let input = json!({ "name": "Plataforma", "provider": "META", "appSecret": app_secret, "verifyToken": "ola" });
        let made =
            self.operator.change("createChannel", "CreateChannelInput", &input, "channel { id webhookUrl }").await;
        let channel = &made["channel"];
        let url = channel["webhookUrl"].as_str().expect("a webhook's address");
        (channel["id"].as_str().expect("an id").to_owned(), Door::new(url, app_secret))
    }

    /// Binds a number of the platform's channel to a company; answers its id.
    pub async fn bind(&self, channel: &str, tenant: &Tenant, phone: &str, provider_number_id: &str) -> String {
        let input = json!({
            "channelId": channel, "tenantId": tenant.id, "phone": phone, "label": "Plataforma", "providerNumberId": provider_number_id,
        });
        let made = self.operator.change("registerNumber", "RegisterNumberInput", &input, "number { id }").await;
        made["number"]["id"].as_str().expect("the number's id").to_owned()
    }

    /// What is parked: id and reason, oldest first.
    pub async fn parked(&self) -> Vec<(String, String)> {
        let data = self.operator.read("{ parkedItems(first: 100) { nodes { id reason byteSize parkedAt } } }").await;
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let nodes = data["parkedItems"]["nodes"].as_array().expect("a list").iter();
        nodes.map(|node| (text(&node["id"]), text(&node["reason"]))).rev().collect()
    }

    /// Takes parked items up again; answers how many are parked no more.
    pub async fn replay(&self, ids: &[String]) -> i64 {
        let done = self.operator.attempt("replayParked", "ReplayParkedInput", &json!({ "ids": ids }), "replayed").await;
        done["replayed"].as_i64().expect("a number")
    }

    /// The rows of a table, as the database itself counts them.
    pub async fn count(&self, table: &str) -> i64 {
        self.count_where(table, "1 = 1").await
    }

    /// The rows of a table that meet a condition, as the database itself counts them.
    #[expect(clippy::disallowed_methods, reason = "tests look at the database as outsiders do")]
    pub async fn count_where(&self, table: &str, condition: &str) -> i64 {
        let database = match (&self.engine, &self.database) {
            (Engine::Postgres, Some(database)) => super::postgres::superuser(database.name()).await,
            _ => {
                let file = self.folder.path().join("vigia.db");
                sea_orm::Database::connect(format!("sqlite://{}?mode=ro", file.display()))
                    .await
                    .expect("the database opens")
            }
        };
        let statement = Statement::from_string(
            database.get_database_backend(),
            format!("select count(*) as n from {table} where {condition}"),
        );
        let row = database.query_one_raw(statement).await.expect("an answer").expect("a row");
        let count = row.try_get("", "n").expect("a number");
        database.close().await.expect("close");
        count
    }

    /// The rows that a delivery may leave.
    pub async fn traces(&self) -> BTreeMap<&'static str, i64> {
        let mut counts = BTreeMap::new();
        for table in
            ["delivery", "parked", "message", "message_version", "contact", "alias", "conversation", "held", "journal"]
        {
            counts.insert(table, self.count(table).await);
        }
        counts
    }
}

impl Tenant {
    /// The door of the company's own channel.
    pub fn door(&self) -> Door {
        Door::new(&self.webhook, &self.app_secret)
    }

    /// The company's conversations.
    pub async fn conversations(&self) -> Vec<Value> {
        let data = self
            .reviewer
            .read("{ conversations(first: 100) { nodes { id isGroup contact { id name phone } } } }")
            .await;
        data["conversations"]["nodes"].as_array().expect("a list").clone()
    }

    /// Every message of the company's by the provider's id; one that is there twice fails the test.
    pub async fn messages(&self) -> BTreeMap<String, Value> {
        let mut messages = BTreeMap::new();
        for conversation in self.conversations().await {
            let query = format!(
                "query ($id: ID!) {{ node(id: $id) {{ ... on Conversation {{ messages(first: 100) {{ nodes {{ {MESSAGE} }} }} }} }} }}"
            );
            let data = self.reviewer.send(&query, json!({ "id": conversation["id"] })).await.data();
            for message in data["node"]["messages"]["nodes"].as_array().expect("a list") {
                let id = message["providerId"].as_str().expect("the provider's id").to_owned();
                assert!(messages.insert(id.clone(), message.clone()).is_none(), "{id} is there twice");
            }
        }
        messages
    }

    /// One message.
    pub async fn message(&self, provider_id: &str) -> Value {
        self.messages().await.remove(provider_id).unwrap_or_else(|| panic!("no message {provider_id}"))
    }

    /// The company's alerts with their matches, oldest first.
    pub async fn alerts(&self) -> Vec<Value> {
        let query = format!(
            "{{ alerts(first: 50) {{ nodes {{ id sequence status severity foundAfterwards policyVersion lastMatchAt \
             policy {{ id }} conversation {{ id }} matches(first: 100) {{ nodes {{ {MATCH} }} }} }} }} }}"
        );
        let data = self.reviewer.read(&query).await;
        data["alerts"]["nodes"].as_array().expect("a list").iter().rev().cloned().collect()
    }

    /// A run over history, once it has ended.
    pub async fn scan_ended(&self, id: &Value) -> Value {
        let ended = |scan: &Value| !["WAITING", "RUNNING"].contains(&scan["state"].as_str().expect("a state"));
        self.scan_once(id, ended).await
    }

    /// A run over history, once it stands as is wanted.
    pub async fn scan_once(&self, id: &Value, is_wanted: impl Fn(&Value) -> bool) -> Value {
        let query = format!("query ($id: ID!) {{ node(id: $id) {{ ... on HistoryScan {{ {SCAN} }} }} }}");
        let look = async {
            loop {
                let scan = self.manager.send(&query, json!({ "id": id })).await.data()["node"].clone();
                if is_wanted(&scan) {
                    return scan;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(60), look).await.expect("a run that gets there")
    }

    /// Every match of the company's, in the order of the alerts.
    pub async fn matches(&self) -> Vec<Value> {
        let alerts = self.alerts().await;
        alerts.iter().flat_map(|alert| alert["matches"]["nodes"].as_array().expect("a list").clone()).collect()
    }
}
