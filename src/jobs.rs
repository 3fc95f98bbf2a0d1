//! Doing what waits to be done: jobs are claimed, run, and tried again with a growing delay when they fail.
//!
//! A job says in its row how far it got, so that whoever takes it over goes on from there. It runs for a turn, then
//! lets the jobs of other tenants have theirs; one of a tenant and kind runs at a time, on all nodes together.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use entity::Timestamp;
use entity::job::Kind;
use futures_util::FutureExt;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::core::Core;
use crate::db::Claimed;
use crate::error::{Error, Result};
use crate::history;
use crate::policies::Matchers;
use crate::telemetry::Metrics;

/// How long a job is its node's without a sign of life: after that, another takes it over.
pub(crate) const LEASE: Duration = Duration::from_secs(60);
/// How often what came due is looked for.
const LOOK: Duration = Duration::from_secs(1);
/// Jobs of one node at once.
const AT_ONCE: usize = 2;
/// How often a job may fail without having got further: with the delays between, half an hour.
const MAX_ATTEMPTS: i32 = 10;
/// How long a job that runs while the server stops may take to end its page.
const GRACE: Duration = Duration::from_secs(7);

/// What is to become of a job that was run and did not fail.
pub(crate) enum Next {
    /// Nothing: it is off the list, or somebody else's by now.
    Done,
    /// It goes on so long from now.
    After(Duration),
}

/// This time, so much later.
pub(crate) fn after(now: Timestamp, delay: Duration) -> Timestamp {
    Timestamp(now.0.saturating_add(i64::try_from(delay.as_micros()).unwrap_or(i64::MAX)))
}

/// Doubles with every attempt, from two seconds on.
fn delay(attempts: i32) -> Duration {
    Duration::from_secs(1 << attempts.clamp(1, MAX_ATTEMPTS))
}

/// The jobs of one node.
pub struct Jobs {
    core: Core,
    matchers: Arc<Matchers>,
    metrics: Metrics,
    told: Notify,
}

impl Jobs {
    /// The jobs in this database.
    pub fn new(core: Core, matchers: Arc<Matchers>, metrics: Metrics) -> Arc<Self> {
        Arc::new(Self { core, matchers, metrics, told: Notify::new() })
    }

    /// Says that something was enqueued. Other nodes notice within a second.
    pub fn tell(&self) {
        self.told.notify_one();
    }

    /// Does jobs until `stop`, and then what was begun up to where it can be left.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut running = JoinSet::new();
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                _ = running.join_next(), if !running.is_empty() => {}
                () = self.told.notified() => {}
                _ = looks.tick() => {}
            }
            for claimed in self.claim(AT_ONCE - running.len().min(AT_ONCE)).await {
                running.spawn(Arc::clone(&self).take(claimed, stop.clone()));
            }
        }
        let ends = async { while running.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, ends).await.is_err() {
            tracing::warn!(open = running.len(), "left with jobs still busy: another node goes on with them");
        }
    }

    async fn claim(&self, limit: usize) -> Vec<Claimed> {
        if limit == 0 {
            return Vec::new();
        }
        let now = self.core.clock.now();
        match self.core.db.claim_jobs(now, after(now, LEASE), limit as u64).await {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::warn!("jobs could not be looked for: {error}");
                Vec::new()
            }
        }
    }

    /// Runs a job, and lets it go as is due.
    async fn take(self: Arc<Self>, mut claimed: Claimed, stop: CancellationToken) {
        let ran = AssertUnwindSafe(self.work(&mut claimed, &stop)).catch_unwind().await;
        let ran = ran.unwrap_or_else(|_| Err(Error::internal("A job panicked.")));
        let now = self.core.clock.now();
        let attempts = claimed.attempts();
        let released = match ran {
            Ok(Next::Done) => Ok(()),
            Ok(Next::After(pause)) => self.core.db.release_job(claimed, after(now, pause), 0).await,
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(kind = ?claimed.kind(), attempts, cause, "a job failed: {error}");
                self.core.db.release_job(claimed, after(now, delay(attempts)), attempts).await
            }
        };
        if let Err(error) = released {
            tracing::warn!("a job could not be let go: it is taken up again when its lease ends: {error}");
        }
    }

    async fn work(&self, claimed: &mut Claimed, stop: &CancellationToken) -> Result<Next> {
        let gives_up = claimed.attempts() > MAX_ATTEMPTS;
        if gives_up {
            tracing::error!(kind = ?claimed.kind(), "a job failed {MAX_ATTEMPTS} times and is given up");
        }
        match claimed.kind() {
            Kind::HistoryScan if gives_up => history::give_up(&self.core, claimed).await.map(|()| Next::Done),
            Kind::HistoryScan => {
                history::walk(&self.core, &self.matchers, &self.metrics, claimed, || stop.is_cancelled()).await
            }
        }
    }
}
