//! PostgreSQL for tests: one migrated template a process, cloned for each test.

use std::sync::OnceLock;

use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use vigia::clock::random;

/// A database of a test's own.
pub struct TestDatabase {
    /// As the server's role.
    pub url: String,
    /// As the owner of the tables.
    pub owner_url: String,
    name: String,
}

struct Template {
    name: String,
    role: String,
    owner: String,
}

const PASSWORD: &str = "integration";
static TEMPLATE: OnceLock<Template> = OnceLock::new();
/// PostgreSQL clones a template for one at a time.
static CLONING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

fn superuser_url() -> String {
    std::env::var("VIGIA_TEST_POSTGRES_URL").expect("VIGIA_TEST_POSTGRES_URL is not set: run the tests with tests/run")
}

fn url(user: &str, database: &str) -> String {
    let base = superuser_url();
    let (scheme, rest) = base.split_once("://").expect("a URL");
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let host = host.split(['/', '?']).next().expect("a host");
    format!("{scheme}://{user}:{PASSWORD}@{host}/{database}")
}

/// The superuser's URL of a database.
pub fn superuser_at(database: &str) -> String {
    let base = superuser_url();
    let (before, _) = base.rsplit_once('/').expect("a URL with a database");
    format!("{before}/{database}")
}

/// The superuser, in a database.
pub async fn superuser(database: &str) -> DatabaseConnection {
    connect(&superuser_at(database)).await
}

/// One connection, as whoever the URL names.
#[expect(clippy::disallowed_methods, reason = "tests look at the database as outsiders do")]
pub async fn connect(url: &str) -> DatabaseConnection {
    let mut options = sea_orm::ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.expect("PostgreSQL takes connections")
}

fn unique(prefix: &str) -> String {
    let hex: String = random::<6>().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{prefix}_{hex}")
}

async fn template() -> &'static Template {
    if let Some(template) = TEMPLATE.get() {
        return template;
    }
    let template = Template { name: unique("vigia_template"), role: unique("vigia"), owner: unique("vigia_owner") };
    let admin = superuser("postgres").await;
    admin
        .execute_unprepared(&format!("create role {} login createrole password '{PASSWORD}'", template.owner))
        .await
        .expect("owner");
    admin
        .execute_unprepared(&format!("create database {} owner {}", template.name, template.owner))
        .await
        .expect("template");
    admin.close().await.expect("close");
    vigia::db::migrate(&url(&template.owner, &template.name), &template.role, Some(PASSWORD))
        .await
        .expect("migrations");
    TEMPLATE.get_or_init(|| template)
}

impl TestDatabase {
    /// A fresh, migrated database.
    pub async fn new() -> Self {
        let _turn = CLONING.lock().await;
        let template = template().await;
        let name = unique("vigia_it");
        let admin = superuser("postgres").await;
        admin
            .execute_unprepared(&format!("create database {name} template {} owner {}", template.name, template.owner))
            .await
            .expect("a clone of the template");
        admin.close().await.expect("close");
        Self { url: url(&template.role, &name), owner_url: url(&template.owner, &name), name }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}
