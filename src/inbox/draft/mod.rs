//! One transaction's work on a tenant's dialogue: loaded in a fixed number of statements, changed in memory item by
//! item, written in a fixed number of statements.

mod events;
mod load;
mod messages;
mod write;

use std::collections::{HashMap, HashSet};

use entity::channel::Provider;
use entity::message::Origin;
use entity::{
    BlindIndex, ContactId, HeldId, MessageId, NumberId, Sealed, Timestamp, conversation, delivery, held, media,
    message, message_version, reaction,
};
use uuid::Uuid;

use super::alerts::{Alerts, Place};
use super::contacts::{Desk, People};
use super::rows::{ContentKeys, Slot};
use super::scan::Found;
use super::{Counts, Item};
use crate::core::Core;
use crate::db::TenantTx;
use crate::error::{Error, Result};
use crate::journal::Entry;
use crate::policies::Compiled;
use crate::providers::{Event, IdentityChange, Incoming, Peer};
use crate::vault::{Context, Key, Purpose, TenantKeys};

/// An earlier event that waits for a message of this batch.
struct Waiting {
    id: HeldId,
    items: Vec<Incoming>,
}

/// The work.
pub(super) struct Draft<'a> {
    core: &'a Core,
    tx: TenantTx,
    compiled: &'a Compiled,
    keys: TenantKeys,
    now: Timestamp,
    content: ContentKeys,
    people: People,
    conversations: Vec<Slot<conversation::Model>>,
    messages: HashMap<BlindIndex, Slot<message::Model>>,
    /// Numbers whose owner did not agree to hand the history over.
    without_history: HashSet<NumberId>,
    /// What the edits of the messages at hand say, to know one that comes again.
    edits: HashMap<MessageId, Vec<(Timestamp, Option<String>)>>,
    versions: Vec<message_version::ActiveModel>,
    media: Vec<media::ActiveModel>,
    reactions: HashMap<(MessageId, Option<ContactId>), Slot<reaction::Model>>,
    waiting: HashMap<BlindIndex, Vec<Waiting>>,
    held: Vec<held::ActiveModel>,
    done: Vec<HeldId>,
    alerts: Alerts,
    entries: Vec<Entry>,
    deliveries: Vec<delivery::ActiveModel>,
}

fn message_index(keys: &TenantKeys, number: NumberId, provider_id: &str) -> BlindIndex {
    keys.index.index(Purpose::Message, &[number.0.as_bytes(), provider_id.as_bytes()])
}

fn group_index(keys: &TenantKeys, number: NumberId, group: &str) -> BlindIndex {
    keys.index.index(Purpose::Group, &[number.0.as_bytes(), group.as_bytes()])
}

/// The provider's id of the message that an event makes or is about.
fn about(event: &Event) -> Option<&str> {
    match event {
        Event::Message(message) => Some(&message.id),
        Event::Edit(edit) => Some(&edit.original_id),
        Event::Revoke(revoke) => Some(&revoke.original_id),
        Event::Reaction(reaction) => Some(&reaction.target_id),
        Event::Status(status) => Some(&status.message_id),
        Event::IdentityChange(_) | Event::AddressBookEntry | Event::Parked(_) => None,
    }
}

impl Draft<'_> {
    /// Facts of deliveries, to be written along.
    pub(super) fn keep_deliveries(&mut self, rows: Vec<delivery::ActiveModel>) {
        self.deliveries = rows;
    }

    /// Whether anything may be found: in the items, or in an edit that waits for one of them.
    pub(super) fn may_match(&self, found: &[Vec<Found>]) -> bool {
        found.iter().any(|found| !found.is_empty()) || !self.waiting.is_empty()
    }

    /// Loads the alerts that what was found may join.
    pub(super) async fn load_alerts(&mut self) -> Result<()> {
        let conversations = self.conversations.iter().filter(|slot| !slot.is_new()).map(|slot| slot.row.id).collect();
        self.alerts = Alerts::load(&self.tx, conversations).await?;
        Ok(())
    }

    /// Takes one item.
    pub(super) fn apply(&mut self, item: &Item, found: &[Found]) -> Result<Counts> {
        self.event(item.number, item.provider, item.received_at, &item.incoming, found)
    }

    fn event(
        &mut self,
        number: NumberId,
        provider: Provider,
        received_at: Timestamp,
        incoming: &Incoming,
        found: &[Found],
    ) -> Result<Counts> {
        let one = |done: Taken| done.counts();
        match &incoming.event {
            Event::Message(message) if message.origin == Origin::History && self.without_history.contains(&number) => {
                Ok(Counts { skipped: 1, ..Counts::default() })
            }
            Event::Message(message) => self.message(number, provider, received_at, message, &incoming.raw, found),
            Event::AddressBookEntry => Ok(Counts { skipped: 1, ..Counts::default() }),
            Event::Parked(_) => Err(Error::internal("A parked item reached a tenant's transaction.")),
            Event::IdentityChange(change) => {
                let at = change.at.map_or(received_at, Timestamp);
                self.rename(change, at)?;
                Ok(one(Taken::Applied))
            }
            Event::Edit(_) | Event::Revoke(_) | Event::Reaction(_) | Event::Status(_) => {
                let Some(target) = about(&incoming.event).map(|id| message_index(&self.keys, number, id)) else {
                    return Ok(Counts::default());
                };
                if !self.messages.contains_key(&target) {
                    self.hold(number, provider, target, incoming)?;
                    return Ok(one(Taken::Held));
                }
                match &incoming.event {
                    Event::Edit(edit) => self.edit(&target, number, edit, received_at, &incoming.raw, found),
                    Event::Revoke(revoke) => self.revoke(&target, revoke, received_at, &incoming.raw).map(one),
                    Event::Reaction(reaction) => self.reaction(&target, reaction, received_at).map(one),
                    Event::Status(status) => Ok(one(self.status(&target, status))),
                    _ => Ok(Counts::default()),
                }
            }
        }
    }

    fn contact(&mut self, peer: &Peer, at: Timestamp) -> Result<ContactId> {
        let mut desk =
            Desk { core: self.core, keys: &self.keys, content: &mut self.content, entries: &mut self.entries };
        self.people.resolve(&mut desk, peer, at)
    }

    fn rename(&mut self, change: &IdentityChange, at: Timestamp) -> Result<()> {
        let mut desk =
            Desk { core: self.core, keys: &self.keys, content: &mut self.content, entries: &mut self.entries };
        self.people.rename(&mut desk, change, at)?;
        Ok(())
    }

    fn found(&mut self, place: Place, found: &[Found]) -> Result<Counts> {
        let before = self.alerts.matches();
        let alerts = self.alerts.add(self.core, &mut self.tx, self.compiled, place, found, &mut self.entries)?;
        Ok(Counts { matches: self.alerts.matches() - before, alerts, ..Counts::default() })
    }

    fn change(&mut self, index: &BlindIndex, change: impl FnOnce(&mut message::Model)) {
        if let Some(slot) = self.messages.get_mut(index) {
            slot.change(change);
        }
    }

    fn key_of(&self, sealed: &Sealed) -> Option<Key> {
        let id = Context::key_of(sealed)?;
        if id == self.keys.company.id() {
            Some(self.keys.company.clone())
        } else {
            self.content.by_id.get(&id).cloned()
        }
    }

    fn seal(&self, key: &Key, table: &'static str, row: Uuid, column: &'static str, value: &[u8]) -> Result<Sealed> {
        Ok(key.seal(&Context { tenant: self.keys.tenant.0, table, row, column }, value)?)
    }
}

/// What became of an event that makes no message.
#[derive(Clone, Copy)]
enum Taken {
    Applied,
    Duplicate,
    Held,
}

impl Taken {
    fn counts(self) -> Counts {
        match self {
            Self::Applied => Counts { applied: 1, ..Counts::default() },
            Self::Duplicate => Counts { duplicates: 1, ..Counts::default() },
            Self::Held => Counts { held: 1, ..Counts::default() },
        }
    }
}

fn codes(codes: &[i64]) -> Option<String> {
    (!codes.is_empty()).then(|| codes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
}
