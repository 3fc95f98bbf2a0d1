//! What happens to alerts, in order and without a gap: read out of the journal, then live.
//!
//! Whoever follows holds a position and nothing else. What comes next is read from the database when it is asked for:
//! one who reads slowly costs no memory, and one who comes back with a position misses nothing and gets nothing twice.
//! The doorbell says when to look again.

use std::collections::VecDeque;

use entity::journal::{self, ActorKind, Chain, Kind};
use entity::{AlertId, ConversationId, NumberId, PolicyId, Timestamp, UserId};
use sea_orm::ColumnTrait;
use sea_orm::sea_query::{Expr, Order};
use serde::Deserialize;
use tokio::sync::watch;
use uuid::Uuid;

use crate::core::Core;
use crate::db::{Page, Position, TenantScope, TenantTx};
use crate::dialogue::Window;
use crate::dialogue::windows::{self, Key, List};
use crate::error::{Error, ErrorCode, Result};

/// Events read at once.
const BATCH: u64 = 100;
/// As the partial indexes over the journal spell it: with literals, or they are not used.
const ALERTS_ALONE: &str = "chain = 0 AND kind BETWEEN 100 AND 199";

const OF_ALERT: List<journal::Column> =
    List { parent: journal::Column::SubjectId, key: Key::Number(journal::Column::Seq), only: Some(ALERTS_ALONE) };

/// What happened to an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// It was raised by its first matches.
    Raised,
    /// Further matches joined it.
    Matched,
}

/// Something that happened to an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place in the tenant's journal.
    pub seq: i64,
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub at: Timestamp,
    /// Who did it; none for Vigia itself.
    pub actor: Option<UserId>,
    /// To which alert.
    pub alert: AlertId,
    policy: Option<PolicyId>,
    number: Option<NumberId>,
    conversation: Option<ConversationId>,
}

/// The facts by which events are chosen.
#[derive(Deserialize)]
struct Detail {
    policy: Option<Uuid>,
    number: Option<Uuid>,
    conversation: Option<Uuid>,
}

impl Event {
    fn of(row: &journal::Model) -> Result<Self> {
        let unreadable = || Error::internal("An entry of the journal about an alert cannot be read.");
        let detail: Detail = serde_json::from_slice(&row.detail).map_err(|error| unreadable().because(error))?;
        Ok(Self {
            seq: row.seq,
            kind: match row.kind {
                Kind::AlertRaised => EventKind::Raised,
                Kind::AlertMatched => EventKind::Matched,
                _ => return Err(unreadable()),
            },
            at: row.at,
            actor: row.actor_id.filter(|_| row.actor_kind == ActorKind::User).map(UserId),
            alert: AlertId(row.subject_id.ok_or_else(unreadable)?),
            policy: detail.policy.map(PolicyId),
            number: detail.number.map(NumberId),
            conversation: detail.conversation.map(ConversationId),
        })
    }
}

/// An event's place in the list of its alert's events, and in the feed.
pub fn event_position(event: &Event) -> Position {
    Position { at: event.seq, id: Uuid::nil() }
}

/// Which events are wanted; what is absent narrows nothing, and an empty list lets nothing through.
#[derive(Clone, Default)]
pub struct EventFilter {
    /// Of these kinds.
    pub kinds: Option<Vec<EventKind>>,
    /// Of alerts of this policy.
    pub policy: Option<PolicyId>,
    /// Of alerts on this number.
    pub number: Option<NumberId>,
    /// Of alerts in this conversation.
    pub conversation: Option<ConversationId>,
}

impl EventFilter {
    fn wants(&self, event: &Event) -> bool {
        self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&event.kind))
            && self.policy.is_none_or(|id| event.policy == Some(id))
            && self.number.is_none_or(|id| event.number == Some(id))
            && self.conversation.is_none_or(|id| event.conversation == Some(id))
    }
}

/// A page of each alert's events, oldest first; the windows' parents are alerts.
///
/// # Errors
/// What the database says.
pub async fn events_of(tx: &TenantTx, windows: &[Window]) -> Result<Vec<Page<Event>>> {
    let pages = windows::fetch::<journal::Entity>(tx, &OF_ALERT, windows).await?;
    pages
        .into_iter()
        .map(|page| {
            let rows = page.rows.iter().map(Event::of).collect::<Result<_>>()?;
            Ok(Page { rows, has_next: page.has_next, has_previous: page.has_previous })
        })
        .collect()
}

/// How many events an alert has.
///
/// # Errors
/// What the database says.
pub async fn count_events(tx: &TenantTx, alert: AlertId) -> Result<u64> {
    let rows = tx.rows::<journal::Entity>().filter(Expr::cust(ALERTS_ALONE));
    rows.filter(journal::Column::SubjectId.eq(alert)).count().await
}

/// How far the journal of events reaches, as the transaction sees it.
///
/// # Errors
/// What the database says.
pub async fn head(tx: &TenantTx) -> Result<i64> {
    Ok(tx.head_seen(Chain::Event).await?.seq)
}

/// The events after a place, oldest first.
async fn events_after(tx: &TenantTx, seq: i64, limit: u64) -> Result<Vec<Event>> {
    let rows = tx
        .rows::<journal::Entity>()
        .filter(Expr::cust(ALERTS_ALONE))
        .filter(journal::Column::Seq.gt(seq))
        .order_by(journal::Column::Seq, Order::Asc)
        .limit(limit)
        .all()
        .await?;
    rows.iter().map(Event::of).collect()
}

/// Somebody's place in a tenant's events.
pub struct Feed {
    scope: TenantScope,
    bell: watch::Receiver<i64>,
    filter: EventFilter,
    /// The last entry that was looked at.
    reached: i64,
    /// Read, and not yet handed out.
    ahead: VecDeque<Event>,
}

impl Feed {
    /// Follows a tenant's events from `after` on, or from now.
    ///
    /// # Errors
    /// BAD_USER_INPUT when there is no such place yet, CURSOR_EXPIRED when the journal no longer reaches back to it.
    pub async fn open(core: &Core, scope: TenantScope, after: Option<i64>, filter: EventFilter) -> Result<Self> {
        // The bell first: what is committed after the look at the head has rung it.
        let bell = core.doorbell.listen(scope.tenant());
        let tx = scope.read().await?;
        let head = head(&tx).await?;
        let reached = match after {
            None => head,
            Some(seq) if !(0..=head).contains(&seq) => {
                return Err(Error::input("\"after\" is no cursor of this company's events."));
            }
            Some(seq) => {
                if seq + 1 < first_kept(&tx, head).await? {
                    let message = "The journal no longer reaches back to this cursor: query the alerts, then subscribe with their eventCursor.";
                    return Err(Error::new(ErrorCode::CursorExpired, message));
                }
                seq
            }
        };
        tx.commit().await?;
        Ok(Self { scope, bell, filter, reached, ahead: VecDeque::new() })
    }

    /// The next event; waits until there is one.
    ///
    /// Nothing is lost when it is dropped before it completes.
    ///
    /// # Errors
    /// What the database says.
    pub async fn next(&mut self) -> Result<Event> {
        loop {
            if let Some(event) = self.ahead.pop_front() {
                return Ok(event);
            }
            // Marked as heard before the look: a ring during it is not missed.
            self.bell.mark_unchanged();
            if !self.read().await? {
                // This node's commits ring it; for those of others, the slow poll of the journals' heads does.
                self.bell.changed().await.map_err(|_| Error::unavailable("The server is stopping."))?;
            }
        }
    }

    /// Reads on; answers whether there may be more.
    async fn read(&mut self) -> Result<bool> {
        let tx = self.scope.read().await?;
        let events = events_after(&tx, self.reached, BATCH).await?;
        tx.commit().await?;
        let is_full = events.len() as u64 == BATCH;
        if let Some(last) = events.last() {
            self.reached = last.seq;
        }
        self.ahead.extend(events.into_iter().filter(|event| self.filter.wants(event)));
        Ok(is_full || !self.ahead.is_empty())
    }
}

/// The oldest entry that is kept; the one to come where there is none.
async fn first_kept(tx: &TenantTx, head: i64) -> Result<i64> {
    let first = tx
        .rows::<journal::Entity>()
        .filter(journal::Column::Chain.eq(Chain::Event))
        .order_by(journal::Column::Seq, Order::Asc)
        .one()
        .await?;
    Ok(first.map_or(head + 1, |row| row.seq))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(detail: &str) -> journal::Model {
        journal::Model {
            tenant_id: entity::TenantId(Uuid::nil()),
            chain: Chain::Event,
            seq: 7,
            at: Timestamp(1),
            kind: Kind::AlertRaised,
            actor_kind: ActorKind::System,
            actor_id: None,
            subject_id: Some(Uuid::from_u128(1)),
            detail: detail.as_bytes().to_vec(),
            prev_hash: Vec::new(),
            hash: Vec::new(),
        }
    }

    fn event() -> Event {
        let id = |n| Uuid::from_u128(n).to_string();
        let detail = serde_json::json!({ "policy": id(2), "number": id(3), "conversation": id(4), "matches": [id(5)] });
        Event::of(&row(&detail.to_string())).unwrap()
    }

    #[test]
    fn a_filter_lets_through_what_meets_all_of_it() {
        let everything = EventFilter::default();
        assert!(everything.wants(&event()));
        let exact = EventFilter {
            kinds: Some(vec![EventKind::Raised]),
            policy: Some(PolicyId(Uuid::from_u128(2))),
            number: Some(NumberId(Uuid::from_u128(3))),
            conversation: Some(ConversationId(Uuid::from_u128(4))),
        };
        assert!(exact.wants(&event()));
        let elsewhere = NumberId(Uuid::from_u128(9));
        assert!(!EventFilter { number: Some(elsewhere), ..exact.clone() }.wants(&event()));
        assert!(!EventFilter { kinds: Some(vec![EventKind::Matched]), ..exact.clone() }.wants(&event()));
        assert!(!EventFilter { kinds: Some(Vec::new()), ..exact }.wants(&event()));
    }

    #[test]
    fn an_entry_that_tells_of_no_alert_is_a_fault_and_no_event() {
        assert!(Event::of(&row("not json")).is_err());
        assert!(Event::of(&journal::Model { kind: Kind::MessageReceived, ..row("{}") }).is_err());
        assert!(Event::of(&journal::Model { subject_id: None, ..row("{}") }).is_err());
    }
}
