//! Loading many things at once: what the fields of one operation ask for in the same breath costs one statement.
//!
//! async-graphql's loader waits for a time before it loads, in a task of its own: too short, and a batch is torn apart by
//! chance; too long, and every level of a query pays for it. Here nothing waits and nothing is spawned: a batch is
//! loaded by the operation itself, when all its fields have been asked and none can go on without it.

use std::any::TypeId;
use std::future::poll_fn;
use std::hash::Hash;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use async_graphql::dataloader::{DataLoader, HashMapCache, Loader};
use async_graphql::{Data, Executor, Request, Response};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, FuturesUnordered, StreamExt};

use super::Schema;
use super::context::{Moment, Operation};
use super::error::{Failure, Result};

/// What is loaded of one moment; each thing once.
pub struct Loads(DataLoader<Moment, HashMapCache>);

impl Loads {
    pub(super) fn begin(moment: Moment, queue: &Arc<Queue>) -> Arc<Self> {
        let queue = Arc::clone(queue);
        let loader = DataLoader::with_cache(moment, move |batch| queue.push(batch), HashMapCache::default());
        Arc::new(Self(loader.delay(Duration::ZERO)))
    }

    /// The moment.
    pub fn moment(&self) -> &Moment {
        self.0.loader()
    }

    /// One thing, if it exists.
    ///
    /// # Errors
    /// What the loader fails with.
    pub async fn load<K>(&self, key: K) -> Result<Option<<Moment as Loader<K>>::Value>>
    where
        K: Send + Sync + Hash + Eq + Clone + 'static,
        Moment: Loader<K, Error = Failure>,
    {
        self.0.load_one(key).await
    }
}

/// Batches that wait for the fields to come to rest.
#[derive(Default)]
pub(super) struct Queue(Mutex<Vec<BoxFuture<'static, ()>>>);

impl Queue {
    fn push(&self, batch: BoxFuture<'static, ()>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(batch);
    }

    fn take(&self) -> Vec<BoxFuture<'static, ()>> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Polls the fields, and only when they can do no more, the batches they wait for.
struct Driver {
    queue: Arc<Queue>,
    loading: FuturesUnordered<BoxFuture<'static, ()>>,
}

impl Driver {
    fn of(request: &Request) -> Self {
        let operation = request.data.get(&TypeId::of::<Arc<Operation>>());
        let operation = operation.and_then(|value| value.downcast_ref::<Arc<Operation>>());
        let queue = operation.map(|operation| operation.queue()).unwrap_or_default();
        Self { queue, loading: FuturesUnordered::new() }
    }

    /// Polls the fields as far as they come, loading what they ask for.
    fn poll<T>(&mut self, cx: &mut Context<'_>, mut fields: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
        let unrest = Arc::new(Unrest { woken: AtomicBool::new(false), task: cx.waker().clone() });
        let waker = Waker::from(Arc::clone(&unrest));
        loop {
            unrest.woken.store(false, Ordering::Release);
            if let Poll::Ready(value) = fields(&mut Context::from_waker(&waker)) {
                return Poll::Ready(value);
            }
            // Long lists pause in the middle and wake themselves: what they have yet to ask belongs in the same batch.
            if !unrest.woken.load(Ordering::Acquire) {
                self.loading.extend(self.queue.take());
            }
            // A batch that ended has woken fields, which may have more to ask.
            match self.loading.poll_next_unpin(cx) {
                Poll::Ready(Some(())) => {}
                Poll::Ready(None) | Poll::Pending => return Poll::Pending,
            }
        }
    }
}

/// Knows whether the fields were woken since they were polled.
struct Unrest {
    woken: AtomicBool,
    task: Waker,
}

impl Wake for Unrest {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.task.wake_by_ref();
    }
}

/// The schema, with the batches of each operation driven by the operation.
#[derive(Clone)]
pub struct Driven(pub(super) Schema);

impl Executor for Driven {
    async fn execute(&self, request: Request) -> Response {
        let mut driver = Driver::of(&request);
        let mut fields = pin!(self.0.execute(request));
        poll_fn(|cx| driver.poll(cx, |cx| fields.as_mut().poll(cx))).await
    }

    fn execute_stream(&self, request: Request, session_data: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        let mut driver = Driver::of(&request);
        let mut events = self.0.execute_stream_with_session_data(request, session_data.unwrap_or_default());
        stream::poll_fn(move |cx| driver.poll(cx, |cx| events.poll_next_unpin(cx))).boxed()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    /// Fields that ask one after the other, pausing in between as long lists do.
    #[tokio::test]
    async fn a_batch_waits_until_every_field_has_asked() {
        const FIELDS: usize = 5;
        let queue = Arc::<Queue>::default();
        let (asked, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut driver = Driver { queue: Arc::clone(&queue), loading: FuturesUnordered::new() };
        let fields = |cx: &mut Context<'_>| {
            if seen.load(Ordering::SeqCst) > 0 {
                return Poll::Ready(());
            }
            if asked.fetch_add(1, Ordering::SeqCst) == 0 {
                let (asked, seen) = (Arc::clone(&asked), Arc::clone(&seen));
                queue.push(Box::pin(async move { seen.store(asked.load(Ordering::SeqCst), Ordering::SeqCst) }));
            }
            if asked.load(Ordering::SeqCst) < FIELDS {
                cx.waker().wake_by_ref();
            }
            Poll::Pending
        };
        poll_fn(|cx| driver.poll(cx, fields)).await;
        assert_eq!(seen.load(Ordering::SeqCst), FIELDS);
    }
}
