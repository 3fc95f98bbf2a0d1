//! Alerts, and the list of them.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::connection::{Connection, Edge};
use async_graphql::dataloader::Loader;
use async_graphql::{Context, Enum, ID, InputObject, Object};
use entity::{AlertId, ConversationId, NumberId, PolicyId, UserId, alert, r#match};

use super::alert_events::{self, AlertEvent, EventsOf};
use super::context::{InOperation, Moment, Operation};
use super::conversation::{Conversation, own, shared, there};
use super::error::{Failure, Result};
use super::matched::Match;
use super::node::Kind;
use super::page::{self, Asked, List, Nodes};
use super::policy::{Policy, Severity};
use super::scalar::DateTime;
use super::user::User;
use crate::alerts;
use crate::auth::policy::Act;
use crate::db::{Page, PageArgs};
use crate::dialogue::Window;

/// Where the handling of an alert stands.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "alert::Status")]
pub enum AlertStatus {
    /// Nobody took it.
    Open,
    /// Somebody looks at it.
    InReview,
    /// It was handed up.
    Escalated,
    /// It was judged; `verdict` says how.
    Closed,
}

/// How an alert was judged.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "alert::Verdict")]
pub enum Verdict {
    /// It is what it looked like.
    Confirmed,
    /// It was right to look, and nothing was wrong.
    Cleared,
    /// The term was not meant.
    FalsePositive,
}

/// An alert.
pub struct Alert(pub Arc<alert::Model>);

impl Loader<AlertId> for Moment {
    type Value = Arc<alert::Model>;
    type Error = Failure;

    async fn load(&self, ids: &[AlertId]) -> Result<HashMap<AlertId, Arc<alert::Model>>> {
        let found = alerts::alerts_by_id(self.tx().await?, ids).await?;
        Ok(found.into_iter().map(|(id, row)| (id, Arc::new(row))).collect())
    }
}

/// A page of an alert's matches.
#[derive(Clone, PartialEq, Eq, Hash)]
struct MatchesOf(Window);

impl Loader<MatchesOf> for Moment {
    type Value = Arc<Page<Arc<r#match::Model>>>;
    type Error = Failure;

    async fn load(&self, keys: &[MatchesOf]) -> Result<HashMap<MatchesOf, Self::Value>> {
        let windows: Vec<Window> = keys.iter().map(|key| key.0).collect();
        let pages = alerts::matches_of(self.tx().await?, &windows).await?;
        Ok(keys.iter().cloned().zip(pages.into_iter().map(shared)).collect())
    }
}

impl Alert {
    fn window(&self, list: &List<'_>, asked: &Asked) -> Result<Window> {
        Ok(Window::new(self.0.id.0, &list.args(asked)?))
    }
}

/// The matches of one version of a policy in one conversation that belong together.
#[Object]
impl Alert {
    /// Names the alert for good.
    pub(super) async fn id(&self) -> ID {
        Kind::Alert.id(self.0.id.0)
    }

    /// Counts the company's alerts from 1: a short name for people.
    async fn sequence(&self) -> i32 {
        self.0.sequence
    }

    /// Where its handling stands.
    async fn status(&self) -> AlertStatus {
        self.0.status.into()
    }

    /// How it was judged; null until it is closed.
    async fn verdict(&self) -> Option<Verdict> {
        self.0.verdict.map(Into::into)
    }

    /// How grave it is: what its policy said when it was raised.
    async fn severity(&self) -> Severity {
        self.0.severity.into()
    }

    /// The policy whose terms were found, as it is now.
    async fn policy(&self, ctx: &Context<'_>) -> Result<Policy> {
        Ok(Policy(there(ctx.operation()?.load(self.0.policy_id).await?)?))
    }

    /// Which version of the policy was in force when they were found.
    async fn policy_version(&self, ctx: &Context<'_>) -> Result<i32> {
        Ok(there(ctx.operation()?.load(self.0.policy_version_id).await?)?.version)
    }

    /// Where they were found.
    async fn conversation(&self, ctx: &Context<'_>) -> Result<Conversation> {
        Ok(Conversation(there(ctx.operation()?.load(self.0.conversation_id).await?)?))
    }

    /// What was found, in the order it was found.
    async fn matches(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, from 1 to 100; 50 if neither is given.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, from 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Nodes<Match>> {
        let operation = ctx.operation()?;
        let list = List::new(operation, "matches", self.0.id.0);
        let window = self.window(&list, &Asked { first, after, last, before })?;
        let page = own(operation.load(MatchesOf(window)).await?)?;
        let loads = operation.loads();
        let total = page::total(ctx, alerts::count_matches(loads.moment().tx().await?, self.0.id)).await?;
        Ok(list.connection(page, total, |row| alerts::match_position(row), Match))
    }

    /// When it was raised.
    async fn raised_at(&self) -> DateTime {
        self.0.raised_at.into()
    }

    /// When the newest message with a match was sent.
    async fn last_match_at(&self) -> DateTime {
        self.0.last_match_at.into()
    }

    /// Whether it was found in history or an import: nobody was notified of it.
    async fn found_afterwards(&self) -> bool {
        self.0.found_afterwards
    }

    /// Moves with every change of its handling: give it as `expectedVersion` to change nothing that somebody else has
    /// changed meanwhile.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// Who handles it.
    async fn assignee(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let Some(assignee) = self.0.assignee_id else { return Ok(None) };
        Ok(ctx.operation()?.load(assignee).await?.map(User))
    }

    /// What happened to it, the oldest first. The cursors are those of `alertEvents`.
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many of the oldest, from 1 to 100; 50 if neither is given.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many of the newest, from 1 to 100, still the oldest of them first.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Nodes<AlertEvent>> {
        let operation = ctx.operation()?;
        let list = alert_events::list(operation);
        let window = self.window(&list, &Asked { first, after, last, before })?;
        let page = own(operation.load(EventsOf(window)).await?)?;
        let loads = operation.loads();
        let total = page::total(ctx, alerts::count_events(loads.moment().tx().await?, self.0.id)).await?;
        Ok(list.connection(page, total, |event| alerts::event_position(event), AlertEvent))
    }
}

/// Which alerts; what is left out narrows nothing, and an empty list lets nothing through.
#[derive(InputObject, Default)]
pub struct AlertFilter {
    /// Only those whose handling stands at one of these.
    status: Option<Vec<AlertStatus>>,
    /// Only those of one of these severities.
    severity: Option<Vec<Severity>>,
    /// Only those of this policy, in whichever version.
    policy_id: Option<ID>,
    /// Only those on this number.
    number_id: Option<ID>,
    /// Only those in this conversation.
    conversation_id: Option<ID>,
    /// Only those that this person handles.
    assignee_id: Option<ID>,
    /// Only those raised at this time or later.
    raised_after: Option<DateTime>,
    /// Only those raised before this time.
    raised_before: Option<DateTime>,
}

impl AlertFilter {
    fn read(self) -> alerts::AlertFilter {
        alerts::AlertFilter {
            status: self.status.map(|all| all.into_iter().map(Into::into).collect()),
            severity: self.severity.map(|all| all.into_iter().map(Into::into).collect()),
            policy: self.policy_id.map(|id| PolicyId(Kind::Policy.row(&id))),
            number: self.number_id.map(|id| NumberId(Kind::Number.row(&id))),
            conversation: self.conversation_id.map(|id| ConversationId(Kind::Conversation.row(&id))),
            assignee: self.assignee_id.map(|id| UserId(Kind::User.row(&id))),
            raised_after: self.raised_after.map(|at| at.0),
            raised_before: self.raised_before.map(|at| at.0),
        }
    }
}

/// A page of alerts.
pub type Alerts = Connection<String, Alert, OfAlerts>;

/// What a list of alerts says beside its alerts.
pub struct OfAlerts {
    filter: alerts::AlertFilter,
}

#[Object]
impl OfAlerts {
    /// How many there are on all pages; counted only when it is asked for.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<Option<i32>> {
        let loads = ctx.operation()?.loads();
        let count = alerts::count_alerts(loads.moment().tx().await?, &self.filter).await?;
        Ok(Some(i32::try_from(count).unwrap_or(i32::MAX)))
    }

    /// The moment this list was read at, as a cursor of events: subscribe to `alertEvents` with it as `after`, and
    /// nothing between the list and the subscription is missed.
    async fn event_cursor(&self, ctx: &Context<'_>) -> Result<String> {
        let operation = ctx.operation()?;
        let head = alerts::head(operation.loads().moment().tx().await?).await?;
        Ok(alert_events::cursor(operation, head))
    }
}

/// The alerts of the company.
#[derive(Default)]
pub struct AlertQuery;

#[Object]
impl AlertQuery {
    /// The company's alerts, the newest first.
    async fn alerts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, from 1 to 100; 50 if neither is given.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, from 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which ones; all if left out.")] filter: Option<AlertFilter>,
    ) -> Result<Option<Alerts>> {
        let operation = ctx.operation()?;
        operation.tenant(Act::ReadAlerts)?;
        let list = List::root(operation, "alerts");
        let args = list.args(&Asked { first, after, last, before })?;
        list_alerts(operation, &list, filter.unwrap_or_default().read(), &args).await.map(Some)
    }
}

async fn list_alerts(
    operation: &Operation,
    list: &List<'_>,
    filter: alerts::AlertFilter,
    args: &PageArgs,
) -> Result<Alerts> {
    let page = alerts::alerts(operation.loads().moment().tx().await?, &filter, args).await?;
    let mut connection = Connection::with_additional_fields(page.has_previous, page.has_next, OfAlerts { filter });
    let edge = |row| Edge::new(list.cursor(alerts::alert_position(&row)), Alert(Arc::new(row)));
    connection.edges = page.rows.into_iter().map(edge).collect();
    Ok(connection)
}
