//! What happens to alerts: as a list of each alert's, and as a subscription to all.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, Enum, ID, InputObject, Object, Subscription};
use entity::{ConversationId, NumberId, PolicyId};
use futures_util::Stream;
use uuid::Uuid;

use super::alert::{Alert, Verdict};
use super::context::{InOperation, Moment, Operation};
use super::conversation::shared;
use super::error::{Failure, Result};
use super::node::Kind;
use super::page::{Asked, List};
use super::scalar::DateTime;
use super::user::User;
use crate::alerts::{self, Event, EventFilter, EventKind, Feed};
use crate::auth::policy::Act;
use crate::db::{Page, Position};
use crate::dialogue::Window;
use crate::error::Error;
use crate::telemetry::Metrics;

/// What happened to an alert.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertEventKind {
    /// Its first matches raised it.
    Raised,
    /// Further matches joined it.
    Matched,
    /// Somebody took it.
    Claimed,
    /// It was given to somebody.
    Assigned,
    /// It was handed up.
    Escalated,
    /// Somebody wrote a comment.
    Commented,
    /// It was judged.
    Closed,
    /// It was taken up again.
    Reopened,
    /// Somebody was notified of it.
    Notified,
    /// Somebody stepped into the conversation.
    Intervened,
}

impl From<EventKind> for AlertEventKind {
    fn from(kind: EventKind) -> Self {
        match kind {
            EventKind::Raised => Self::Raised,
            EventKind::Matched => Self::Matched,
        }
    }
}

impl AlertEventKind {
    /// As the feed has it; none for what does not happen yet.
    fn read(self) -> Option<EventKind> {
        match self {
            Self::Raised => Some(EventKind::Raised),
            Self::Matched => Some(EventKind::Matched),
            Self::Claimed
            | Self::Assigned
            | Self::Escalated
            | Self::Commented
            | Self::Closed
            | Self::Reopened
            | Self::Notified
            | Self::Intervened => None,
        }
    }
}

/// The company's events: one list, whichever alert they are of.
pub(super) fn list(operation: &Operation) -> List<'_> {
    List::root(operation, "alertEvents")
}

/// A place in the company's events as clients hold it.
pub(super) fn cursor(operation: &Operation, seq: i64) -> String {
    list(operation).cursor(Position { at: seq, id: Uuid::nil() })
}

/// A page of an alert's events.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct EventsOf(pub Window);

impl Loader<EventsOf> for Moment {
    type Value = Arc<Page<Arc<Event>>>;
    type Error = Failure;

    async fn load(&self, keys: &[EventsOf]) -> Result<HashMap<EventsOf, Self::Value>> {
        let windows: Vec<Window> = keys.iter().map(|key| key.0).collect();
        let pages = alerts::events_of(self.tx().await?, &windows).await?;
        Ok(keys.iter().cloned().zip(pages.into_iter().map(shared)).collect())
    }
}

/// Something that happened to an alert.
pub struct AlertEvent(pub Arc<Event>);

/// Something that happened to an alert. It never changes; the alert that it shows may.
#[Object]
impl AlertEvent {
    /// Its place among the company's events: subscribe with it as `after` to go on from here.
    async fn cursor(&self, ctx: &Context<'_>) -> Result<String> {
        Ok(cursor(ctx.operation()?, self.0.seq))
    }

    /// What happened.
    async fn kind(&self) -> AlertEventKind {
        self.0.kind.into()
    }

    /// When.
    async fn at(&self) -> DateTime {
        self.0.at.into()
    }

    /// Who did it; null for Vigia itself.
    async fn actor(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let Some(actor) = self.0.actor else { return Ok(None) };
        Ok(ctx.operation()?.load(actor).await?.map(User))
    }

    /// To which alert, also when that is gone.
    async fn alert_id(&self) -> ID {
        Kind::Alert.id(self.0.alert.0)
    }

    /// The alert as it stands now; null when it is gone.
    async fn alert(&self, ctx: &Context<'_>) -> Result<Option<Alert>> {
        Ok(ctx.operation()?.load(self.0.alert).await?.map(Alert))
    }

    /// The comment or reason that was written; null where none was.
    async fn text(&self) -> Option<String> {
        // Comments and reasons come with the mutations that take them; what the feed tells of yet has none.
        None
    }

    /// How the alert was judged, when it was closed.
    async fn verdict(&self) -> Option<Verdict> {
        None
    }
}

/// Which events; what is left out narrows nothing, and an empty list lets nothing through.
#[derive(InputObject, Default)]
pub struct AlertEventFilter {
    /// Only those of these kinds.
    kinds: Option<Vec<AlertEventKind>>,
    /// Only those of alerts of this policy.
    policy_id: Option<ID>,
    /// Only those of alerts on this number.
    number_id: Option<ID>,
    /// Only those of alerts in this conversation.
    conversation_id: Option<ID>,
}

impl AlertEventFilter {
    fn read(self) -> EventFilter {
        EventFilter {
            kinds: self.kinds.map(|kinds| kinds.into_iter().filter_map(AlertEventKind::read).collect()),
            policy: self.policy_id.map(|id| PolicyId(Kind::Policy.row(&id))),
            number: self.number_id.map(|id| NumberId(Kind::Number.row(&id))),
            conversation: self.conversation_id.map(|id| ConversationId(Kind::Conversation.row(&id))),
        }
    }
}

/// What can be followed.
#[derive(Default)]
pub struct AlertSubscription;

/// What can be followed as it happens, over `graphql-transport-ws`.
#[Subscription(name = "Subscription")]
impl AlertSubscription {
    /// Everything that happened to alerts after a cursor, in order and without a gap, then what happens. To miss
    /// nothing, query `alerts { eventCursor }` and subscribe with it; to go on after a break, with the cursor of the last
    /// event.
    async fn alert_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Where to begin: the cursor of an event or a list's eventCursor; from now on if left out.")]
        after: Option<String>,
        #[graphql(desc = "Which events; all if left out.")] filter: Option<AlertEventFilter>,
    ) -> Result<impl Stream<Item = Result<AlertEvent>>> {
        let operation = ctx.data_opt::<Arc<Operation>>().cloned();
        let operation = operation.ok_or_else(|| Error::internal("A request carries no operation."))?;
        let scope = operation.core.db.scope(&operation.tenant(Act::SubscribeAlerts)?);
        let asked = Asked { first: None, after, last: None, before: None };
        let after = list(&operation).args(&asked)?.after.map(|position| position.at);
        let feed = Feed::open(&operation.core, scope, after, filter.unwrap_or_default().read()).await?;
        Ok(follow(operation, feed, ctx.part::<Metrics>()?.clone()))
    }
}

/// Hands out one event after the other, each to be resolved in a moment of its own.
fn follow(operation: Arc<Operation>, mut feed: Feed, metrics: Metrics) -> impl Stream<Item = Result<AlertEvent>> {
    let clock = operation.core.clock.clone();
    let opened = clock.now();
    async_stream::try_stream! {
        loop {
            let event = feed.next().await?;
            // What is caught up on tells nothing about how fast news arrive.
            if event.at >= opened {
                let lag = u64::try_from(clock.now().0 - event.at.0).unwrap_or_default();
                metrics.subscriber_lag(Duration::from_micros(lag));
            }
            // The next event is asked for when this one is resolved: nobody else is in this moment.
            operation.fresh();
            yield AlertEvent(Arc::new(event));
        }
    }
}
