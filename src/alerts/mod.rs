//! Alerts and their matches, read; and the feed of what happens to them.

mod feed;

pub use feed::{Event, EventFilter, EventKind, Feed, count_events, event_position, events_of, head};

use std::collections::HashMap;

use entity::alert::Status;
use entity::policy_version::Severity;
use entity::{AlertId, ConversationId, MatchId, NumberId, PolicyId, Timestamp, UserId, alert, r#match};
use sea_orm::ColumnTrait;

use crate::db::{Page, PageArgs, Position, Rows, SortKey, TenantTx, page, position};
use crate::dialogue::Window;
use crate::dialogue::windows::{self, Key, List};
use crate::error::{Error, Result};

/// Newest first.
const BY_RAISED: SortKey<alert::Column> =
    SortKey { at: alert::Column::RaisedAt, id: Some(alert::Column::Id), descending: true };
const OF_ALERT: List<r#match::Column> =
    List { parent: r#match::Column::AlertId, key: Key::Id(r#match::Column::Id), only: None };

/// Which alerts are asked for; what is absent narrows nothing, and an empty list lets nothing through.
#[derive(Clone, Default)]
pub struct AlertFilter {
    /// Where their handling stands.
    pub status: Option<Vec<Status>>,
    /// How grave they are.
    pub severity: Option<Vec<Severity>>,
    /// Those of this policy, in whichever version.
    pub policy: Option<PolicyId>,
    /// Those on this number.
    pub number: Option<NumberId>,
    /// Those in this conversation.
    pub conversation: Option<ConversationId>,
    /// Those that this person has taken or was given.
    pub assignee: Option<UserId>,
    /// Those raised then or later.
    pub raised_after: Option<Timestamp>,
    /// Those raised earlier.
    pub raised_before: Option<Timestamp>,
}

fn narrowed<'t>(tx: &'t TenantTx, filter: &AlertFilter) -> Rows<'t, alert::Entity> {
    use alert::Column;
    let mut rows = tx.rows::<alert::Entity>();
    if let Some(status) = &filter.status {
        rows = rows.among(Column::Status, status.iter().copied());
    }
    if let Some(severity) = &filter.severity {
        rows = rows.among(Column::Severity, severity.iter().copied());
    }
    let conditions = [
        filter.policy.map(|id| Column::PolicyId.eq(id)),
        filter.number.map(|id| Column::NumberId.eq(id)),
        filter.conversation.map(|id| Column::ConversationId.eq(id)),
        filter.assignee.map(|id| Column::AssigneeId.eq(id)),
        filter.raised_after.map(|at| Column::RaisedAt.gte(at)),
        filter.raised_before.map(|at| Column::RaisedAt.lt(at)),
    ];
    conditions.into_iter().flatten().fold(rows, Rows::filter)
}

/// A page of alerts, the newest first.
///
/// # Errors
/// What the database says.
pub async fn alerts(tx: &TenantTx, filter: &AlertFilter, args: &PageArgs) -> Result<Page<alert::Model>> {
    page(narrowed(tx, filter), BY_RAISED, args).await
}

/// How many alerts there are.
///
/// # Errors
/// What the database says.
pub async fn count_alerts(tx: &TenantTx, filter: &AlertFilter) -> Result<u64> {
    narrowed(tx, filter).count().await
}

/// An alert's place in [`alerts`].
pub fn alert_position(row: &alert::Model) -> Position {
    position(row, &BY_RAISED)
}

/// Alerts by id; what is not the tenant's is absent.
///
/// # Errors
/// What the database says.
pub async fn alerts_by_id(tx: &TenantTx, ids: &[AlertId]) -> Result<HashMap<AlertId, alert::Model>> {
    let rows = tx.rows::<alert::Entity>().among(alert::Column::Id, ids.iter().copied()).all().await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// A page of each alert's matches, in the order they were found; the windows' parents are alerts.
///
/// # Errors
/// What the database says.
pub async fn matches_of(tx: &TenantTx, windows: &[Window]) -> Result<Vec<Page<r#match::Model>>> {
    windows::fetch::<r#match::Entity>(tx, &OF_ALERT, windows).await
}

/// How many matches an alert has.
///
/// # Errors
/// What the database says.
pub async fn count_matches(tx: &TenantTx, alert: AlertId) -> Result<u64> {
    tx.rows::<r#match::Entity>().filter(r#match::Column::AlertId.eq(alert)).count().await
}

/// A match's place in [`matches_of`].
pub fn match_position(row: &r#match::Model) -> Position {
    windows::position(row, OF_ALERT.key)
}

/// Matches by id; what is not the tenant's is absent.
///
/// # Errors
/// What the database says.
pub async fn matches_by_id(tx: &TenantTx, ids: &[MatchId]) -> Result<HashMap<MatchId, r#match::Model>> {
    let rows = tx.rows::<r#match::Entity>().among(r#match::Column::Id, ids.iter().copied()).all().await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// Where in its text a match lies: start and end in Unicode scalars, the end exclusive.
///
/// # Errors
/// When the column holds no pairs: a fault of ours.
pub fn spans(row: &r#match::Model) -> Result<Vec<(u32, u32)>> {
    let (pairs, rest) = row.spans.as_chunks::<8>();
    if !rest.is_empty() {
        return Err(Error::internal("The spans of a match are no pairs of numbers."));
    }
    let half =
        |pair: &[u8; 8], from| pair.iter().skip(from).take(4).rev().fold(0, |n, byte| (n << 8) | u32::from(*byte));
    Ok(pairs.iter().map(|pair| (half(pair, 0), half(pair, 4))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::message_version::Source;
    use entity::{MessageId, TenantId, TermId, TermVersionId, VersionId};
    use uuid::Uuid;

    fn found(spans: Vec<u8>) -> r#match::Model {
        let nil = Uuid::nil();
        r#match::Model {
            tenant_id: TenantId(nil),
            id: MatchId(nil),
            alert_id: AlertId(nil),
            term_id: TermId(nil),
            term_version_id: TermVersionId(nil),
            message_id: MessageId(nil),
            version_id: VersionId(nil),
            source: Source::Text,
            spans,
            steps: 0,
        }
    }

    #[test]
    fn spans_are_pairs_of_little_endian_numbers() {
        let bytes = [9_u32, 16, 70_000, 70_001].into_iter().flat_map(u32::to_le_bytes).collect();
        assert_eq!(spans(&found(bytes)).unwrap(), [(9, 16), (70_000, 70_001)]);
        assert_eq!(spans(&found(Vec::new())).unwrap(), []);
    }

    #[test]
    fn half_a_span_is_a_fault_and_no_panic() {
        assert!(spans(&found(vec![1, 2, 3, 4])).is_err());
    }
}
