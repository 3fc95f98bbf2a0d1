//! From what was found to matches and alerts.
//!
//! A match joins the newest alert of its policy version and conversation that is not closed and whose last match was
//! sent within the policy's grouping time of it, before or after. Live matches and those found afterwards never share
//! an alert. The tenant's head is locked meanwhile: two nodes never raise what should have been one.

use std::collections::BTreeMap;

use entity::{
    AlertId, ConversationId, MatchId, MessageId, NumberId, PolicyVersionId, Timestamp, VersionId, alert, r#match,
};
use sea_orm::{ColumnTrait, IntoActiveModel};
use serde_json::json;

use super::rows::Slot;
use super::scan::Found;
use crate::core::Core;
use crate::db::TenantTx;
use crate::detect::Span;
use crate::error::Result;
use crate::journal::{Actor, Entry, Kind};
use crate::policies::{Compiled, TermMeta};

/// The alerts that a batch's matches may join, and the new ones.
#[derive(Default)]
pub(crate) struct Alerts {
    alerts: Vec<Slot<alert::Model>>,
    matches: Vec<r#match::Model>,
}

/// Where something was found.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub conversation: ConversationId,
    pub number: NumberId,
    pub message: MessageId,
    pub version: VersionId,
    pub sent_at: Timestamp,
    pub found_afterwards: bool,
}

impl Alerts {
    /// Loads the alerts of these conversations that are not closed.
    pub(crate) async fn load(tx: &TenantTx, conversations: Vec<ConversationId>) -> Result<Self> {
        if conversations.is_empty() {
            return Ok(Self::default());
        }
        let mut rows = tx
            .rows::<alert::Entity>()
            .among(alert::Column::ConversationId, conversations)
            .filter(alert::Column::Status.ne(alert::Status::Closed))
            .all()
            .await?;
        rows.sort_unstable_by_key(|row| row.sequence);
        Ok(Self { alerts: rows.into_iter().map(Slot::loaded).collect(), matches: Vec::new() })
    }

    fn joinable(&mut self, place: &Place, term: &TermMeta) -> Option<&mut Slot<alert::Model>> {
        let reach = i64::from(term.grouping_minutes) * 60_000_000;
        self.alerts.iter_mut().rev().find(|slot| {
            let alert = &slot.row;
            alert.policy_version_id == term.policy_version
                && alert.conversation_id == place.conversation
                && alert.found_afterwards == place.found_afterwards
                && alert.last_match_at.0.abs_diff(place.sent_at.0) <= reach.unsigned_abs()
        })
    }

    /// Writes down what was found in one version of a message; answers how many alerts were raised.
    pub(crate) fn add(
        &mut self,
        core: &Core,
        tx: &mut TenantTx,
        compiled: &Compiled,
        place: Place,
        found: &[Found],
        entries: &mut Vec<Entry>,
    ) -> Result<u64> {
        let mut by_policy: BTreeMap<PolicyVersionId, Vec<(TermMeta, &Found)>> = BTreeMap::new();
        for found in found {
            let Some(term) = usize::try_from(found.term).ok().and_then(|at| compiled.terms.get(at)) else {
                continue;
            };
            by_policy.entry(term.policy_version).or_default().push((*term, found));
        }
        let mut raised = 0;
        for hits in by_policy.into_values() {
            let Some((term, _)) = hits.first().copied() else { continue };
            let (alert, sequence, is_raised) = self.join_or_raise(core, tx, &place, &term)?;
            let matches: Vec<r#match::Model> = hits
                .into_iter()
                .map(|(term, found)| r#match::Model {
                    tenant_id: tx.tenant(),
                    id: MatchId(core.clock.id()),
                    alert_id: alert,
                    term_id: term.term,
                    term_version_id: term.version,
                    message_id: place.message,
                    version_id: place.version,
                    source: found.source,
                    spans: spans(&found.spans),
                    steps: i16::from_le_bytes(found.steps.bits().to_le_bytes()),
                })
                .collect();
            let kind = if is_raised { Kind::AlertRaised } else { Kind::AlertMatched };
            raised += u64::from(is_raised);
            entries.push(Entry::new(kind, Actor::SYSTEM, alert.0).with(json!({
                "alert": alert.0,
                "sequence": sequence,
                "policy": term.policy.0,
                "policyVersion": term.policy_version.0,
                "number": place.number.0,
                "conversation": place.conversation.0,
                "message": place.message.0,
                "matches": matches.iter().map(|row| row.id.0).collect::<Vec<_>>(),
                "foundAfterwards": place.found_afterwards,
            })));
            self.matches.extend(matches);
        }
        Ok(raised)
    }

    fn join_or_raise(
        &mut self,
        core: &Core,
        tx: &mut TenantTx,
        place: &Place,
        term: &TermMeta,
    ) -> Result<(AlertId, i32, bool)> {
        if let Some(slot) = self.joinable(place, term) {
            if place.sent_at > slot.row.last_match_at {
                slot.change(|row| row.last_match_at = place.sent_at);
            }
            return Ok((slot.row.id, slot.row.sequence, false));
        }
        let head = tx.head_mut()?;
        head.alert_sequence += 1;
        let row = alert::Model {
            tenant_id: head.tenant_id,
            id: AlertId(core.clock.id()),
            sequence: head.alert_sequence,
            policy_id: term.policy,
            policy_version_id: term.policy_version,
            conversation_id: place.conversation,
            number_id: place.number,
            status: alert::Status::Open,
            verdict: None,
            severity: term.severity,
            found_afterwards: place.found_afterwards,
            raised_at: core.clock.now(),
            last_match_at: place.sent_at,
            version: 1,
            assignee_id: None,
        };
        let told = (row.id, row.sequence, true);
        self.alerts.push(Slot::new(row));
        Ok(told)
    }

    /// How many matches there are so far.
    pub(crate) fn matches(&self) -> u64 {
        self.matches.len() as u64
    }

    /// Writes what is new and what changed.
    pub(crate) async fn write(self, tx: &TenantTx) -> Result<()> {
        let (new, changed): (Vec<_>, Vec<_>) = self.alerts.into_iter().filter(Slot::is_dirty).partition(Slot::is_new);
        tx.insert::<alert::Entity>(new.into_iter().map(|slot| slot.row.into_active_model()).collect()).await?;
        let raised = changed.into_iter().map(|slot| (slot.row.id.0, slot.row.last_match_at.0)).collect();
        tx.raise::<alert::Entity>(alert::Column::Id, alert::Column::LastMatchAt, raised).await?;
        tx.insert::<r#match::Entity>(self.matches.into_iter().map(IntoActiveModel::into_active_model).collect()).await
    }
}

/// Spans as the column keeps them.
pub(crate) fn spans(spans: &[Span]) -> Vec<u8> {
    let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX).to_le_bytes();
    spans.iter().flat_map(|span| [number(span.start), number(span.end)]).flatten().collect()
}

/// Whether what is found in messages of this origin is found afterwards: nobody is notified of it.
pub(crate) fn is_afterwards(origin: entity::message::Origin) -> bool {
    matches!(origin, entity::message::Origin::History | entity::message::Origin::Import)
}
