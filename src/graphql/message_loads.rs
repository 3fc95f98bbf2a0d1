//! How messages and what belongs to them are loaded, each in one statement whatever the number of messages.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use entity::{BlindIndex, MessageId, message};

use super::context::Moment;
use super::error::{Failure, Result};
use crate::dialogue::{self, Content, Reaction, Version};

impl Loader<MessageId> for Moment {
    type Value = Arc<message::Model>;
    type Error = Failure;

    async fn load(&self, ids: &[MessageId]) -> Result<HashMap<MessageId, Arc<message::Model>>> {
        let found = dialogue::messages(self.tx().await?, ids).await?;
        Ok(found.into_iter().map(|(id, row)| (id, Arc::new(row))).collect())
    }
}

/// The message that a reply answers.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct ReplyTo(pub BlindIndex);

impl Loader<ReplyTo> for Moment {
    type Value = Arc<message::Model>;
    type Error = Failure;

    async fn load(&self, keys: &[ReplyTo]) -> Result<HashMap<ReplyTo, Arc<message::Model>>> {
        let indexes: Vec<BlindIndex> = keys.iter().map(|key| key.0.clone()).collect();
        let found = dialogue::messages_at(self.tx().await?, &indexes).await?;
        Ok(found.into_iter().map(|(index, row)| (ReplyTo(index), Arc::new(row))).collect())
    }
}

/// What a message says, opened: only for who may read it.
#[derive(Clone)]
pub(super) struct ContentOf(pub Arc<message::Model>);

impl PartialEq for ContentOf {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for ContentOf {}

impl Hash for ContentOf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.id.hash(state);
    }
}

impl Loader<ContentOf> for Moment {
    type Value = Arc<Content>;
    type Error = Failure;

    async fn load(&self, keys: &[ContentOf]) -> Result<HashMap<ContentOf, Arc<Content>>> {
        let rows: Vec<&message::Model> = keys.iter().map(|key| &*key.0).collect();
        let mut found = dialogue::contents(self.tx().await?, &self.core().keyring, &rows).await?;
        Ok(keys.iter().filter_map(|key| Some((key.clone(), Arc::new(found.remove(&key.0.id)?)))).collect())
    }
}

/// The versions of a message, unopened: for who may not read what they say.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct VersionsOf(pub MessageId);

impl Loader<VersionsOf> for Moment {
    type Value = Arc<[Version]>;
    type Error = Failure;

    async fn load(&self, keys: &[VersionsOf]) -> Result<HashMap<VersionsOf, Arc<[Version]>>> {
        let messages: Vec<MessageId> = keys.iter().map(|key| key.0).collect();
        let found = dialogue::versions(self.tx().await?, &messages).await?;
        Ok(found.into_iter().map(|(message, versions)| (VersionsOf(message), versions.into())).collect())
    }
}

/// The reactions that stand on a message, opened: only for who may read them.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct ReactionsOf(pub MessageId);

impl Loader<ReactionsOf> for Moment {
    type Value = Arc<[Reaction]>;
    type Error = Failure;

    async fn load(&self, keys: &[ReactionsOf]) -> Result<HashMap<ReactionsOf, Arc<[Reaction]>>> {
        let messages: Vec<MessageId> = keys.iter().map(|key| key.0).collect();
        let found = dialogue::reactions(self.tx().await?, &self.core().keyring, &messages).await?;
        Ok(found.into_iter().map(|(message, reactions)| (ReactionsOf(message), reactions.into())).collect())
    }
}

/// A message with its neighbours.
#[derive(Clone)]
pub(super) struct Around {
    pub message: Arc<message::Model>,
    pub before: u64,
    pub after: u64,
}

impl Around {
    fn key(&self) -> (MessageId, u64, u64) {
        (self.message.id, self.before, self.after)
    }
}

impl PartialEq for Around {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Around {}

impl Hash for Around {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl Loader<Around> for Moment {
    type Value = Arc<[Arc<message::Model>]>;
    type Error = Failure;

    async fn load(&self, keys: &[Around]) -> Result<HashMap<Around, Arc<[Arc<message::Model>]>>> {
        let asked: Vec<(&message::Model, u64, u64)> =
            keys.iter().map(|key| (&*key.message, key.before, key.after)).collect();
        let found = dialogue::around(self.tx().await?, &asked).await?;
        let rows = |rows: Vec<message::Model>| rows.into_iter().map(Arc::new).collect();
        Ok(keys.iter().cloned().zip(found.into_iter().map(rows)).collect())
    }
}
