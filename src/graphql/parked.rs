//! What could not be placed or understood, and waits.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::parked::Reason;
use entity::{ChannelId, ParkedId};

use super::channel::Channel;
use super::context::{InOperation, Moment};
use super::error::{Failure, Result, UserError};
use super::node::Kind;
use super::page::{self, Asked, List, Nodes};
use super::scalar::DateTime;
use crate::auth::policy::Act;
use crate::directory;
use crate::error::Error;
use crate::inbox::Inbox;
use crate::refusal::{Refusal, RefusalCode};

/// Items that are taken up again at once.
const MAX_REPLAYED: usize = 100;

/// A parked item as the schema shows it.
pub struct ParkedItem(pub Arc<directory::ParkedItem>);

/// An authentic item that could not be placed or understood. Facts alone: its content is sealed and shown to nobody.
#[Object]
impl ParkedItem {
    /// Names it for good.
    pub(super) async fn id(&self) -> ID {
        Kind::Parked.id(self.0.id.0)
    }

    /// What it came through. Of a company's own channel, operators see that it is one, and no more.
    async fn channel(&self, ctx: &Context<'_>) -> Result<Channel> {
        let channel = ctx.operation()?.load(CameThrough(self.0.channel)).await?;
        channel.map(Channel).ok_or_else(|| Error::internal("A parked item came through no channel.").into())
    }

    /// Why it was parked, in a sentence.
    async fn reason(&self) -> &'static str {
        match self.0.reason {
            Reason::NotJson => "The body is empty or no JSON.",
            Reason::UnknownShape => "It is JSON of a shape that is not known.",
            Reason::UnknownField => "The provider reports a kind of change that is not read.",
            Reason::ProviderError => "The provider reports an error of its own.",
            Reason::HistoryDeclined => "The phone's owner did not share the history.",
            Reason::Malformed => "It lacks what makes it an item.",
            Reason::UnknownNumber => "Its number is not bound to this channel.",
            Reason::Suspended => "Its company is suspended.",
            Reason::Refused => "The database would not take it.",
        }
    }

    /// How large it is.
    async fn byte_size(&self) -> i32 {
        self.0.byte_size
    }

    /// When it was parked.
    async fn parked_at(&self) -> DateTime {
        self.0.parked_at.into()
    }
}

/// The channel of a parked item, as operators see it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct CameThrough(ChannelId);

impl Loader<CameThrough> for Moment {
    type Value = Arc<directory::Channel>;
    type Error = Failure;

    async fn load(&self, keys: &[CameThrough]) -> Result<HashMap<CameThrough, Arc<directory::Channel>>> {
        let ids: Vec<ChannelId> = keys.iter().map(|key| key.0).collect();
        let channels = directory::channels_of_parked(self.core(), &ids).await?;
        Ok(channels.into_iter().map(|channel| (CameThrough(channel.id), Arc::new(channel))).collect())
    }
}

/// Reading parked items.
#[derive(Default)]
pub struct ParkedQuery;

#[Object]
impl ParkedQuery {
    /// What was parked and not taken up again, newest first. For operators.
    async fn parked_items(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many of the beginning, from 1 to 100; 50 if `last` is absent too.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many of the end, from 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<Nodes<ParkedItem>>> {
        let operation = ctx.operation()?;
        operation.must(Act::ReadParked)?;
        let list = List::root(operation, "parkedItems");
        let args = list.args(&Asked { first, after, last, before })?;
        let page = directory::parked_page(&operation.core, &args).await?;
        let total = page::total(ctx, operation.core.db.count_parked()).await?;
        Ok(Some(list.connection(page, total, |item| item.position(), |item| ParkedItem(Arc::new(item)))))
    }
}

/// Items to be taken up again.
#[derive(InputObject)]
pub struct ReplayParkedInput {
    /// Which, at most 100.
    ids: Vec<ID>,
}

/// What came of taking items up again.
#[derive(SimpleObject)]
pub struct ReplayParkedPayload {
    /// How many are parked no more.
    replayed: i32,
    /// NOT_FOUND where some of the ids name nothing that is parked; the others were tried all the same.
    errors: Vec<UserError>,
}

/// Taking parked items up again.
#[derive(Default)]
pub struct ParkedMutation;

#[Object]
impl ParkedMutation {
    /// Takes items up again, as if they were delivered now. What still cannot be placed stays parked. For operators.
    async fn replay_parked(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which items.")] input: ReplayParkedInput,
    ) -> Result<Option<ReplayParkedPayload>> {
        let operation = ctx.operation()?;
        operation.must(Act::ReplayParked)?;
        let mut ids: Vec<ParkedId> = input.ids.iter().map(|id| ParkedId(Kind::Parked.row(id))).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.len() > MAX_REPLAYED {
            let refusal =
                Refusal::field(RefusalCode::LimitReached, "ids", format!("Take up at most {MAX_REPLAYED} at once."));
            return Ok(Some(ReplayParkedPayload { replayed: 0, errors: vec![refusal.into()] }));
        }
        let found = directory::parked_items(&operation.core, &ids).await?.len();
        let replayed = ctx.part::<Inbox>()?.replay(&ids).await?;
        let errors = if found < ids.len() { vec![Refusal::not_found("ids").into()] } else { Vec::new() };
        Ok(Some(ReplayParkedPayload { replayed: i32::try_from(replayed).unwrap_or(i32::MAX), errors }))
    }
}
