//! Builds everything from the settings, serves, and stops in order.

use std::collections::HashMap;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderValue, Method, header};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::Response;
use futures_util::FutureExt;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_http::cors::{AllowOrigin, CorsLayer};
use zeroize::Zeroizing;

use crate::accounts::{Accounts, Authenticated};
use crate::caller::Caller;
use crate::clock::Clock;
use crate::config::{Config, DatabaseAt, MasterKeyAt};
use crate::core::Core;
use crate::db::{Db, needs_migration};
use crate::doorbell::Doorbell;
use crate::error::{Error, ErrorCode, Result};
use crate::graphql;
use crate::graphql::admission::Admissions;
use crate::graphql::operation::{Admission, Authenticate, Credentials, Engine as GraphqlEngine, Refused};
use crate::http;
use crate::inbox::Inbox;
use crate::jobs::Jobs;
use crate::journal::AccessJournal;
use crate::keys::PlatformKeys;
use crate::numbers::channels::Channels;
use crate::policies::Matchers;
use crate::telemetry::Metrics;
use crate::vault::{Keyring, MasterKeys};

/// Connections served at once.
const MAX_CONNECTIONS: usize = 4_096;
/// How often journals that somebody waits for are looked at, in case another node wrote.
const SLOW_POLL: Duration = Duration::from_secs(1);
/// How often open sockets' sessions are looked at.
const SESSION_POLL: Duration = Duration::from_secs(1);
/// How often what is kept too long is deleted.
const PURGE: Duration = Duration::from_secs(3_600);

/// The server, built.
pub struct App {
    /// What the business stands on.
    pub core: Core,
    /// People and sessions.
    pub accounts: Arc<Accounts>,
    /// Channels' secrets.
    pub channels: Arc<Channels>,
    /// The way in.
    pub inbox: Arc<Inbox>,
    /// What tenants watch for, compiled.
    pub matchers: Arc<Matchers>,
    /// What waits to be done.
    pub jobs: Arc<Jobs>,
    /// What is measured.
    pub metrics: Metrics,
    /// What whoever runs it should know, said once it listens.
    pub notes: Vec<String>,
    cors_origins: Vec<String>,
    trusted_proxies: Arc<[IpAddr]>,
    public_url: Option<String>,
    sockets: Arc<Sockets>,
}

/// Opens the database that the settings name, and its keys. On PostgreSQL the schema must be there; the embedded one is
/// brought up to date.
///
/// # Errors
/// A sentence that says what to do.
pub async fn open(config: &Config, clock: Clock) -> Result<Core> {
    let masters = master_keys(config)?;
    let db = match &config.database {
        DatabaseAt::File(file) => {
            if let Some(folder) = file.parent() {
                make_private_folder(folder)?;
            }
            let db = Db::open_sqlite(file).await?;
            db.migrate_embedded().await?;
            db
        }
        DatabaseAt::Postgres(url) => {
            let db = Db::open_postgres(url).await?;
            if needs_migration(&db).await? {
                return Err(Error::internal(
                    "The database's schema is older than this program: run `vigia migrate` first.",
                ));
            }
            db
        }
    };
    let keyring = Keyring::new(masters);
    let platform = PlatformKeys::load(&db, &keyring, &clock).await?;
    Ok(Core { db, keyring: Arc::new(keyring), platform: Arc::new(platform), clock, doorbell: Doorbell::default() })
}

fn make_private_folder(folder: &Path) -> Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| {
        Error::internal(format!("The data directory {} cannot be made.", folder.display())).because(error)
    })
}

fn master_keys(config: &Config) -> Result<MasterKeys> {
    let lines = match &config.master_key {
        MasterKeyAt::Lines(lines) => lines.clone(),
        MasterKeyAt::File(file) => read_key(file)?,
        MasterKeyAt::Generated(file) => {
            if makes_key(config) {
                if let Some(folder) = file.parent() {
                    make_private_folder(folder)?;
                }
                generate_key(file)?;
            } else if !file.exists() {
                let message = format!(
                    "The master key {} is missing, and the database beside it was sealed with it: put it back.",
                    file.display()
                );
                return Err(Error::internal(message));
            }
            read_key(file)?
        }
    };
    MasterKeys::parse(&lines).map_err(Error::internal)
}

/// Whether this start makes the master key: nothing was sealed yet.
pub fn makes_key(config: &Config) -> bool {
    match (&config.master_key, &config.database) {
        (MasterKeyAt::Generated(key), DatabaseAt::File(database)) => !key.exists() && !database.exists(),
        _ => false,
    }
}

fn read_key(file: &Path) -> Result<Zeroizing<String>> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Error::internal(format!("The master key {} cannot be read.", file.display())).because(error)
    })?;
    Ok(Zeroizing::new(text))
}

/// There is no default key: the embedded mode makes one of its own, readable by its owner alone.
fn generate_key(file: &Path) -> Result<()> {
    let write = || -> std::io::Result<()> {
        // Written whole under another name first: a key file cut short by a crash would lock everything for good.
        let draft = file.with_extension("new");
        let mut out = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        out.write_all(MasterKeys::generate().as_bytes())?;
        out.write_all(b"\n")?;
        out.sync_all()?;
        // A second process that starts at the same moment keeps the first one's key.
        match std::fs::hard_link(&draft, file) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error),
            _ => std::fs::remove_file(&draft)?,
        }
        Ok(())
    };
    write().map_err(|error| Error::internal("The master key cannot be written.").because(error))?;
    Ok(())
}

impl App {
    /// Builds the server on an opened database.
    ///
    /// # Errors
    /// When the keys that sign tokens cannot be had.
    pub async fn build(config: &Config, core: Core) -> Result<Self> {
        let accounts = Arc::new(Accounts::load(core.clone()).await?);
        let metrics = Metrics::default();
        let matchers = Arc::new(Matchers::default());
        let inbox = Inbox::new(core.clone(), Arc::clone(&matchers), metrics.clone());
        let jobs = Jobs::new(core.clone(), Arc::clone(&matchers), metrics.clone());
        Ok(Self {
            accounts,
            channels: Arc::new(Channels::new()),
            inbox,
            matchers,
            jobs,
            metrics,
            notes: config
                .without_effect
                .iter()
                .map(|setting| format!("{setting} is set and has no effect yet"))
                .collect(),
            cors_origins: config.cors_origins.clone(),
            trusted_proxies: config.trusted_proxies.clone().into(),
            public_url: config.public_url.clone(),
            sockets: Arc::default(),
            core,
        })
    }

    /// Serves on a listener until `shutdown` is cancelled, and then until what was begun is done, for eight seconds at
    /// most.
    ///
    /// # Errors
    /// When the listener has no address.
    pub async fn run(self, listener: TcpListener, shutdown: CancellationToken) -> Result<()> {
        let address =
            listener.local_addr().map_err(|error| Error::internal("The listener has no address.").because(error))?;
        let tasks = TaskTracker::new();
        let router = self.router(address, &shutdown, &tasks);
        let background = CancellationToken::new();
        let polls = [
            tokio::spawn(every(SLOW_POLL, background.clone(), {
                let core = self.core.clone();
                move || poll_heads(core.clone()).boxed()
            })),
            tokio::spawn(every(SESSION_POLL, background.clone(), {
                let (sockets, accounts) = (Arc::clone(&self.sockets), Arc::clone(&self.accounts));
                move || Arc::clone(&sockets).sweep(Arc::clone(&accounts)).boxed()
            })),
            tokio::spawn(every(PURGE, background.clone(), {
                let inbox = Arc::clone(&self.inbox);
                move || purge(Arc::clone(&inbox)).boxed()
            })),
        ];
        let jobs = tokio::spawn(Arc::clone(&self.jobs).run(shutdown.clone()));
        tracing::info!("listening on http://{address}");
        for note in &self.notes {
            tracing::warn!("{note}");
        }
        http::listener::serve(listener, router, MAX_CONNECTIONS, tasks, shutdown).await;
        background.cancel();
        for poll in polls.into_iter().chain([jobs]) {
            if poll.await.is_err() {
                tracing::warn!("a background task ended before its time");
            }
        }
        tracing::info!("stopped");
        Ok(())
    }

    /// Every path there is.
    fn router(&self, address: SocketAddr, shutdown: &CancellationToken, tasks: &TaskTracker) -> Router {
        let public_url = self.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
        let schema = graphql::schema(
            Arc::clone(&self.accounts),
            Arc::clone(&self.channels),
            Arc::clone(&self.inbox),
            Arc::clone(&self.matchers),
            Arc::clone(&self.jobs),
            self.metrics.clone(),
        );
        let edge = http::graphql::GraphqlEdge::new(
            GraphqlEngine::new(schema),
            self.authenticate(&public_url),
            shutdown.clone(),
            tasks.clone(),
            self.metrics.clone(),
        );
        let next_id: http::request_id::NewRequestId = {
            let clock = self.core.clock.clone();
            Arc::new(move || clock.id().simple().to_string())
        };
        Router::new()
            .merge(http::graphql::routes(edge).layer(self.cors()))
            .merge(http::graphiql::routes())
            .merge(http::webhook::routes(
                self.core.clone(),
                Arc::clone(&self.inbox),
                Arc::clone(&self.channels),
                self.metrics.clone(),
            ))
            .merge(http::health::routes(self.core.db.clone(), self.metrics.clone(), shutdown.clone()))
            .layer(from_fn_with_state(Arc::clone(&self.trusted_proxies), http::client_address::resolve))
            .layer(map_response(harden))
            .layer(from_fn_with_state(next_id, http::request_id::identify))
    }

    fn cors(&self) -> CorsLayer {
        let origins: Vec<HeaderValue> = self.cors_origins.iter().filter_map(|origin| origin.parse().ok()).collect();
        CorsLayer::new()
            .allow_origin(AllowOrigin::list(origins))
            .allow_methods([Method::GET, Method::POST])
            .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::ACCEPT])
            .expose_headers([header::HeaderName::from_static("x-request-id"), header::RETRY_AFTER])
            .max_age(Duration::from_secs(7_200))
    }

    fn authenticate(&self, public_url: &str) -> Authenticate {
        let accounts = Arc::clone(&self.accounts);
        let sockets = Arc::clone(&self.sockets);
        let admissions = Arc::new(Admissions {
            core: self.core.clone(),
            access: AccessJournal::new(self.core.clock.clone()),
            public_url: public_url.into(),
        });
        Arc::new(move |credentials: Credentials| {
            let (accounts, sockets, admissions) =
                (Arc::clone(&accounts), Arc::clone(&sockets), Arc::clone(&admissions));
            async move {
                let authenticated = match &credentials.token {
                    None => None,
                    Some(token) => Some(accounts.authenticate(token).await.map_err(refused)?),
                };
                Ok(admit(&admissions, &sockets, credentials, authenticated))
            }
            .boxed()
        })
    }
}

fn refused(error: Error) -> Refused {
    match error.code {
        ErrorCode::Unauthenticated => Refused::Unauthenticated,
        ErrorCode::Forbidden => Refused::Forbidden,
        _ => {
            tracing::warn!("a session could not be looked up: {error}");
            Refused::Unavailable
        }
    }
}

fn admit(
    admissions: &Arc<Admissions>,
    sockets: &Sockets,
    credentials: Credentials,
    authenticated: Option<Authenticated>,
) -> Admission {
    let revoked = CancellationToken::new();
    let valid_for = authenticated.as_ref().map(|authenticated| {
        let left = authenticated.expires_at.0.saturating_sub(admissions.core.clock.now().0);
        Duration::from_micros(u64::try_from(left).unwrap_or(0))
    });
    let caller = authenticated.map(|authenticated| authenticated.caller);
    // The admission lives as long as its request or socket; when it is gone, nobody looks after the session any more.
    let alive = Arc::new(());
    if let Some(caller) = caller {
        sockets.watch(caller, &alive, revoked.clone());
    }
    Admission { begin: admissions.begin(caller, credentials, alive), valid_for, revoked }
}

/// The sessions that open requests and sockets run under.
#[derive(Default)]
struct Sockets {
    watched: Mutex<HashMap<u64, Watched>>,
    next: std::sync::atomic::AtomicU64,
}

struct Watched {
    caller: Caller,
    alive: Weak<()>,
    revoked: CancellationToken,
}

impl Sockets {
    fn watch(&self, caller: Caller, alive: &Arc<()>, revoked: CancellationToken) {
        let id = self.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let watched = Watched { caller, alive: Arc::downgrade(alive), revoked };
        self.watched.lock().unwrap_or_else(PoisonError::into_inner).insert(id, watched);
    }

    /// Ends what runs under a session that is over.
    async fn sweep(self: Arc<Self>, accounts: Arc<Accounts>) {
        let open: Vec<(Caller, CancellationToken)> = {
            let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
            watched.retain(|_, watched| watched.alive.strong_count() > 0 && !watched.revoked.is_cancelled());
            watched.values().map(|watched| (watched.caller, watched.revoked.clone())).collect()
        };
        for (caller, revoked) in open {
            match accounts.is_live(&caller).await {
                Ok(true) => {}
                Ok(false) => revoked.cancel(),
                // The database is away: nobody is thrown out for that, and nothing can be read meanwhile either.
                Err(error) => tracing::warn!("a session could not be looked up: {error}"),
            }
        }
    }
}

/// Rings for what other nodes wrote.
async fn poll_heads(core: Core) {
    let awaited = core.doorbell.awaited();
    if awaited.is_empty() {
        return;
    }
    match core.db.heads(awaited).await {
        Ok(heads) => heads.into_iter().for_each(|(tenant, seq)| core.doorbell.ring(tenant, seq)),
        Err(error) => tracing::warn!("the journals' heads could not be read: {error}"),
    }
}

async fn purge(inbox: Arc<Inbox>) {
    match inbox.purge().await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "purged what was kept long enough"),
        Err(error) => tracing::warn!("what was kept long enough could not be purged: {error}"),
    }
}

async fn every<F>(period: Duration, stop: CancellationToken, work: F)
where
    F: Fn() -> futures_util::future::BoxFuture<'static, ()>,
{
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => work().await,
        }
    }
}

/// Headers that every answer carries.
async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    response
}

/// Cancels `shutdown` on SIGTERM or Ctrl-C.
///
/// # Errors
/// When the system does not let signals be listened for.
pub async fn stop_on_signal(shutdown: CancellationToken) -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let fail = |error| Error::internal("Signals cannot be listened for.").because(error);
    let mut terminate = signal(SignalKind::terminate()).map_err(fail)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(fail)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping: what was begun is finished first");
    shutdown.cancel();
    Ok(())
}
