//! How each thing of the company's books is loaded by its key; the other subjects have theirs beside them.
//!
//! A loader is an implementation of [`Loader`] on [`Moment`] for a type of key: `operation.load(UserId(…))` then finds it
//! by that type. It costs one statement whatever the number of keys, and answers opened values, shared by `Arc`. A
//! second thing that is found by the same id needs a key of its own, a newtype round the id.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use entity::{ChannelId, NumberId, ParkedId, PolicyId, PolicyVersionId, TenantId, TermId, TermVersionId, UserId};

use super::context::Moment;
use super::error::{Failure, Result};
use crate::directory::{self, Channel, Number, ParkedItem, Policy, PolicyVersion, Tenant, Term, TermVersion, User};

/// What was loaded, by its id.
type Loaded<K, V> = Result<HashMap<K, Arc<V>>>;

macro_rules! loaders {
    ($($key:ident => $value:ident, |$moment:ident, $keys:ident| $load:expr;)+) => {$(
        impl Loader<$key> for Moment {
            type Value = Arc<$value>;
            type Error = Failure;

            async fn load(&self, $keys: &[$key]) -> Loaded<$key, $value> {
                let $moment = self;
                let found = $load.await?;
                Ok(found.into_iter().map(|value| (value.id, Arc::new(value))).collect())
            }
        }
    )+};
}

loaders! {
    TenantId => Tenant, |moment, ids| directory::tenants(moment.core(), ids);
    UserId => User, |moment, ids| directory::users(moment.core(), moment.tx().await?, ids);
    NumberId => Number, |moment, ids| directory::numbers(moment.core(), moment.tx().await?, ids);
    PolicyId => Policy, |moment, ids| directory::policies(moment.core(), moment.tx().await?, ids);
    PolicyVersionId => PolicyVersion, |moment, ids| directory::policy_versions(moment.core(), moment.tx().await?, ids);
    TermId => Term, |moment, ids| directory::terms(moment.core(), moment.tx().await?, ids);
    TermVersionId => TermVersion, |moment, ids| directory::term_versions(moment.core(), moment.tx().await?, ids);
    ParkedId => ParkedItem, |moment, ids| directory::parked_items(moment.core(), ids);
}

/// Operators see the platform's channels; a tenant its own, and the platform's that its numbers are on.
impl Loader<ChannelId> for Moment {
    type Value = Arc<Channel>;
    type Error = Failure;

    async fn load(&self, ids: &[ChannelId]) -> Loaded<ChannelId, Channel> {
        let found = if self.is_operators() {
            directory::platform_channels(self.core(), ids).await?
        } else {
            directory::channels(self.core(), self.tx().await?, ids).await?
        };
        Ok(found.into_iter().map(|channel| (channel.id, Arc::new(channel))).collect())
    }
}
