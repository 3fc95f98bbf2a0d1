//! Group commit: what comes for a tenant while its transaction commits goes together in the next one.
//!
//! Batches form under load by themselves, with no timer; a tenant alone waits for nobody. Each tenant has at most one
//! transaction under way, so that on an engine with one writer the tenants take turns.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use entity::TenantId;
use futures_util::future::BoxFuture;
use tokio::sync::oneshot;
use tracing::Instrument;

/// More is waiting than may: come again later.
#[derive(Debug)]
pub struct Overloaded;

/// What one transaction of a lane does with what gathered.
type Work<T, R> = dyn Fn(TenantId, Vec<T>) -> BoxFuture<'static, Vec<R>> + Send + Sync;

struct Waiting<T, R> {
    item: T,
    done: oneshot::Sender<R>,
}

struct State<T, R> {
    /// A tenant stands here while its lane runs.
    lanes: HashMap<TenantId, Vec<Waiting<T, R>>>,
    waiting: usize,
}

/// One lane a tenant.
pub struct Lanes<T, R> {
    state: Mutex<State<T, R>>,
    work: Box<Work<T, R>>,
    weigh: fn(&T) -> usize,
    batch: usize,
    capacity: usize,
}

impl<T: Send + 'static, R: Send + 'static> Lanes<T, R> {
    /// Lanes that do `work`, which answers each item in order, on items of about the weight `batch` at once, and let
    /// items of at most the weight `capacity` wait.
    pub fn new<F, Fut>(batch: usize, capacity: usize, weigh: fn(&T) -> usize, work: F) -> Arc<Self>
    where
        F: Fn(TenantId, Vec<T>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Vec<R>> + Send + 'static,
    {
        Arc::new(Self {
            state: Mutex::new(State { lanes: HashMap::new(), waiting: 0 }),
            work: Box::new(move |tenant, items| Box::pin(work(tenant, items))),
            weigh,
            batch,
            capacity,
        })
    }

    /// Has an item done; answers when its batch is.
    ///
    /// # Errors
    /// When too much is waiting, or the batch ended without an answer.
    pub async fn submit(self: &Arc<Self>, tenant: TenantId, item: T) -> Result<R, Overloaded> {
        let (done, answer) = oneshot::channel();
        let starts = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if state.waiting >= self.capacity {
                return Err(Overloaded);
            }
            state.waiting += (self.weigh)(&item);
            let waiting = Waiting { item, done };
            match state.lanes.get_mut(&tenant) {
                Some(lane) => {
                    lane.push(waiting);
                    false
                }
                None => {
                    state.lanes.insert(tenant, vec![waiting]);
                    true
                }
            }
        };
        if starts {
            // A task of its own: a client that hangs up must not take down the batch its neighbours are in.
            let lane = Lane { lanes: Arc::clone(self), tenant, gave_up_its_place: false };
            tokio::spawn(lane.run().in_current_span());
        }
        answer.await.map_err(|_| Overloaded)
    }
}

impl<T, R> Lanes<T, R> {
    fn weight(&self, waiting: &[Waiting<T, R>]) -> usize {
        waiting.iter().map(|waiting| (self.weigh)(&waiting.item)).sum()
    }
}

struct Lane<T: Send + 'static, R: Send + 'static> {
    lanes: Arc<Lanes<T, R>>,
    tenant: TenantId,
    gave_up_its_place: bool,
}

impl<T: Send + 'static, R: Send + 'static> Lane<T, R> {
    async fn run(mut self) {
        while let Some(batch) = self.next() {
            let (items, answers): (Vec<_>, Vec<_>) = batch.into_iter().map(|w| (w.item, w.done)).unzip();
            let results = (self.lanes.work)(self.tenant, items).await;
            for (done, result) in answers.into_iter().zip(results) {
                // Whoever asked may have hung up; what was committed stays.
                drop(done.send(result));
            }
        }
    }

    fn next(&mut self) -> Option<Vec<Waiting<T, R>>> {
        let mut state = self.lanes.state.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = state.lanes.get_mut(&self.tenant)?;
        if waiting.is_empty() {
            state.lanes.remove(&self.tenant);
            self.gave_up_its_place = true;
            return None;
        }
        let mut weight = 0;
        let fits = waiting.iter().take_while(|waiting| {
            let is_room = weight < self.lanes.batch;
            weight += (self.lanes.weigh)(&waiting.item);
            is_room
        });
        let count = fits.count().max(1);
        let batch: Vec<_> = waiting.drain(..count).collect();
        state.waiting -= self.lanes.weight(&batch);
        Some(batch)
    }
}

/// A lane that ends before its time (a panic in its work) gives its place up, so that the next item starts a new one.
impl<T: Send + 'static, R: Send + 'static> Drop for Lane<T, R> {
    fn drop(&mut self) {
        if self.gave_up_its_place {
            return;
        }
        let mut state = self.lanes.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(left) = state.lanes.remove(&self.tenant) {
            state.waiting -= self.lanes.weight(&left);
        }
    }
}
