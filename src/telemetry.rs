//! What is measured, and how the log is written. Neither holds content, names, phones or provider ids.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

type Labelled = Family<Vec<(&'static str, &'static str)>, Counter>;

/// Seconds, from a fraction of a millisecond to ten.
const SECONDS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];

/// The essentials, for `/metrics`.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    deliveries: Labelled,
    items: Labelled,
    commit: Histogram,
    scan: Histogram,
    pool_wait: Histogram,
    lag: Histogram,
    alerts: Counter,
    sockets: Gauge<i64, AtomicI64>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("vigia");
        let histogram = || Histogram::new(SECONDS);
        let metrics = Self {
            registry: Arc::default(),
            deliveries: Labelled::default(),
            items: Labelled::default(),
            commit: histogram(),
            scan: histogram(),
            pool_wait: histogram(),
            lag: histogram(),
            alerts: Counter::default(),
            sockets: Gauge::default(),
        };
        registry.register("deliveries", "Webhook deliveries by outcome", metrics.deliveries.clone());
        registry.register("items", "Items of deliveries and imports by outcome", metrics.items.clone());
        registry.register("alerts_raised", "Alerts raised", metrics.alerts.clone());
        registry.register("sockets", "Open WebSockets", metrics.sockets.clone());
        for (name, help, histogram) in [
            ("commit", "From the begin of a tenant's transaction to its commit", &metrics.commit),
            ("scan", "Folding and matching one batch", &metrics.scan),
            ("pool_wait", "Waiting for a connection and the tenant's head", &metrics.pool_wait),
            ("subscriber_lag", "From an event to its reading for a subscriber", &metrics.lag),
        ] {
            registry.register_with_unit(name, help, Unit::Seconds, histogram.clone());
        }
        Self { registry: Arc::new(registry), ..metrics }
    }
}

impl Metrics {
    /// A delivery was answered.
    pub fn delivery(&self, outcome: &'static str) {
        self.deliveries.get_or_create(&vec![("outcome", outcome)]).inc();
    }

    /// Items were taken.
    pub fn items(&self, outcome: &'static str, count: u64) {
        if count > 0 {
            self.items.get_or_create(&vec![("outcome", outcome)]).inc_by(count);
        }
    }

    /// Alerts were raised.
    pub fn alerts_raised(&self, count: u64) {
        self.alerts.inc_by(count);
    }

    /// A tenant's transaction took so long.
    pub fn commit(&self, took: Duration) {
        self.commit.observe(took.as_secs_f64());
    }

    /// Scanning a batch took so long.
    pub fn scan(&self, took: Duration) {
        self.scan.observe(took.as_secs_f64());
    }

    /// A connection and the head were waited for so long.
    pub fn pool_wait(&self, took: Duration) {
        self.pool_wait.observe(took.as_secs_f64());
    }

    /// An event was read for a subscriber so long after it happened.
    pub fn subscriber_lag(&self, took: Duration) {
        self.lag.observe(took.as_secs_f64());
    }

    /// Counts a socket for as long as the answer lives.
    pub fn socket(&self) -> OpenSocket {
        self.sockets.inc();
        OpenSocket(self.sockets.clone())
    }

    /// Everything, in the OpenMetrics text format.
    ///
    /// # Errors
    /// Never for a string; the library's signature has it.
    pub fn text(&self) -> Result<String, std::fmt::Error> {
        let mut out = String::new();
        encode(&mut out, &self.registry)?;
        Ok(out)
    }
}

/// An open socket.
pub struct OpenSocket(Gauge<i64, AtomicI64>);

impl Drop for OpenSocket {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// How lines of the log are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// Starts the log, on standard error. A second call changes nothing.
pub fn start_log(filter: &str, format: LogFormat) {
    use tracing_subscriber::EnvFilter;
    // The migrations' own lines say nothing that matters every time; whoever wants them names them.
    let filter =
        EnvFilter::try_new(format!("sea_orm_migration=warn,{filter}")).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // It would tell of a line it cannot write on the same standard error, and end the thread when that fails too.
    let builder = builder.with_ansi(std::io::stderr().is_terminal()).log_internal_errors(false);
    let started = match format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if started.is_err() {
        tracing::debug!("the log was started before");
    }
}
