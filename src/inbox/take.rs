//! Taking a tenant's parcels: one transaction, or by bisection as many as it takes to find the item at fault.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use entity::parked::Reason;
use entity::{TenantId, delivery};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::draft::Draft;
use super::{Counts, Inbox, Item, Parcel, scan};
use crate::db::TenantScope;
use crate::error::{Error, ErrorCode, Result};
use crate::journal::{self, Chain};

/// How often policies may change under one batch before it is given up for now.
const MAX_EPOCHS: usize = 5;

enum Commit {
    Done(Vec<Counts>),
    Suspended,
}

impl Inbox {
    /// The work of a lane.
    pub(super) async fn take(&self, tenant: TenantId, mut parcels: Vec<Parcel>) -> Vec<Result<Counts>> {
        let deliveries: Vec<delivery::ActiveModel> =
            parcels.iter_mut().filter_map(|parcel| parcel.delivery.take()).collect();
        let items: Vec<&Item> = parcels.iter().flat_map(|parcel| &parcel.items).collect();
        let Some(scope) = parcels.first().map(|parcel| parcel.scope.clone()) else { return Vec::new() };
        match self.halve(tenant, &scope, &items, deliveries).await {
            Ok(counts) => {
                let mut counts = counts.into_iter();
                let of_parcel = |parcel: &Parcel| {
                    let mut sum = Counts::default();
                    counts.by_ref().take(parcel.items.len()).for_each(|count| sum.add(count));
                    Ok(sum)
                };
                parcels.iter().map(of_parcel).collect()
            }
            Err(error) => {
                tracing::warn!(code = error.code.as_str(), cause = ?std::error::Error::source(&error).map(ToString::to_string), "a batch could not be taken");
                parcels.iter().map(|_| Err(Error::new(error.code, error.message.clone()))).collect()
            }
        }
    }

    /// Commits the items, or each half of them, down to the one that cannot be taken, which is parked.
    fn halve<'a>(
        &'a self,
        tenant: TenantId,
        scope: &'a TenantScope,
        items: &'a [&'a Item],
        deliveries: Vec<delivery::ActiveModel>,
    ) -> BoxFuture<'a, Result<Vec<Counts>>> {
        async move {
            let attempt = AssertUnwindSafe(self.commit(scope, items, &deliveries)).catch_unwind().await;
            let error = match attempt {
                Ok(Ok(Commit::Done(counts))) => return Ok(counts),
                Ok(Ok(Commit::Suspended)) => {
                    self.park_items(tenant, Reason::Suspended, items, deliveries).await?;
                    return Ok(parked(items.len()));
                }
                Ok(Err(error)) => error,
                Err(_) => Error::internal("Taking an item panicked."),
            };
            if error.code == ErrorCode::Unavailable {
                return Err(error);
            }
            if items.len() <= 1 {
                tracing::error!(cause = ?std::error::Error::source(&error).map(ToString::to_string), "an item was parked: {error}");
                self.park_items(tenant, Reason::Refused, items, deliveries).await?;
                return Ok(parked(items.len()));
            }
            let (left, right) = items.split_at(items.len() / 2);
            let mut counts = self.halve(tenant, scope, left, deliveries).await?;
            counts.extend(self.halve(tenant, scope, right, Vec::new()).await?);
            Ok(counts)
        }
        .boxed()
    }

    async fn commit(
        &self,
        scope: &TenantScope,
        items: &[&Item],
        deliveries: &[delivery::ActiveModel],
    ) -> Result<Commit> {
        let mut epoch = None;
        for _ in 0..MAX_EPOCHS {
            let compiled = self.matchers.get(&self.core, scope, epoch).await?;
            let began = Instant::now();
            let found = scan::batch(&compiled, items);
            self.metrics.scan(began.elapsed());

            let began = Instant::now();
            let tx = scope.begin(Chain::Event).await?;
            self.metrics.pool_wait(began.elapsed());
            let head = tx.head()?;
            if head.suspended_at.is_some() {
                tx.rollback().await?;
                return Ok(Commit::Suspended);
            }
            if head.policy_epoch != compiled.epoch {
                // A term changed since the scan: the few messages are scanned again, with the head released.
                epoch = Some(head.policy_epoch);
                tx.rollback().await?;
                continue;
            }
            let mut draft = Draft::load(&self.core, tx, &compiled, items).await?;
            if draft.may_match(&found) {
                draft.load_alerts().await?;
            }
            let mut counts = vec![Counts::default(); items.len()];
            // What happened to a message may stand before it in the batch.
            for late in [false, true] {
                let work = items.iter().zip(&found).zip(&mut counts);
                for ((item, found), count) in
                    work.filter(|((item, _), _)| item.incoming.event.is_about_another() == late)
                {
                    *count = draft.apply(item, found)?;
                }
            }
            draft.keep_deliveries(deliveries.to_vec());
            let (mut tx, entries, keys) = draft.write().await?;
            journal::append(&mut tx, self.core.clock.now(), entries).await?;
            let (tenant, seq) = (tx.tenant(), tx.head()?.seq);
            tx.commit().await?;
            self.metrics.commit(began.elapsed());
            for key in &keys {
                self.core.keyring.remember(tenant, key);
            }
            self.core.doorbell.ring(tenant, seq);
            return Ok(Commit::Done(counts));
        }
        Err(Error::unavailable("The company's terms change too fast. Try again in a moment."))
    }
}

fn parked(count: usize) -> Vec<Counts> {
    vec![Counts { parked: 1, ..Counts::default() }; count]
}
