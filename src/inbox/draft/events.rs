//! What happens to a message later: edits, deletions, reactions, statuses, and the wait for one that has not come.

use entity::channel::Provider;
use entity::message::Delivery;
use entity::message_version::Kind as VersionKind;
use entity::{BlindIndex, ContactId, HeldId, MessageId, NumberId, ReactionId, Timestamp, held, reaction};
use sea_orm::ActiveValue::Set;
use serde_json::json;

use super::{Draft, Taken, codes};
use crate::error::Result;
use crate::inbox::Counts;
use crate::inbox::alerts::{Place, is_afterwards};
use crate::inbox::rows::Slot;
use crate::inbox::scan::Found;
use crate::journal::{Actor, Entry, Kind};
use crate::providers::{Edit, Incoming, Reaction, Revoke, Status, meta};

impl Draft<'_> {
    pub(super) fn edit(
        &mut self,
        target: &BlindIndex,
        number: NumberId,
        edit: &Edit,
        received_at: Timestamp,
        raw: &[u8],
        found: &[Found],
    ) -> Result<Counts> {
        let at = edit.at.map_or(received_at, Timestamp);
        let Some(row) = self.messages.get(target).map(|slot| slot.row.clone()) else { return Ok(Counts::default()) };
        let says = (at, edit.text.as_ref().map(|(_, text)| text.clone()));
        let known = self.edits.entry(row.id).or_default();
        if known.contains(&says) {
            return Ok(Taken::Duplicate.counts());
        }
        known.push(says);
        // The message's key is destroyed: its person was erased, and an edit brings nothing back.
        let Some(key) = self.key_of(&row.provider_id) else { return Ok(Taken::Duplicate.counts()) };
        let version =
            self.version(&key, row.id, row.version_count, VersionKind::Edit, at, edit.text.as_ref(), None, raw)?;
        self.change(target, |row| {
            row.version_count += 1;
            row.edited_at = row.edited_at.max(Some(at));
        });
        let detail = json!({ "conversation": row.conversation_id.0, "version": version.0 });
        self.entries.push(Entry::new(Kind::MessageEdited, Actor::SYSTEM, row.id.0).with(detail));
        let place = Place {
            conversation: row.conversation_id,
            number,
            message: row.id,
            version,
            sent_at: row.sent_at,
            found_afterwards: is_afterwards(row.origin),
        };
        let mut counts = self.found(place, found)?;
        counts.applied = 1;
        Ok(counts)
    }

    pub(super) fn revoke(
        &mut self,
        target: &BlindIndex,
        revoke: &Revoke,
        received_at: Timestamp,
        raw: &[u8],
    ) -> Result<Taken> {
        let at = revoke.at.map_or(received_at, Timestamp);
        let Some(row) = self.messages.get(target).map(|slot| slot.row.clone()) else { return Ok(Taken::Held) };
        if row.deleted_at.is_some() {
            return Ok(Taken::Duplicate);
        }
        let Some(key) = self.key_of(&row.provider_id) else { return Ok(Taken::Duplicate) };
        self.version(&key, row.id, row.version_count, VersionKind::Deletion, at, None, None, raw)?;
        self.change(target, |row| {
            row.version_count += 1;
            row.deleted_at = Some(at);
        });
        let detail = json!({ "conversation": row.conversation_id.0 });
        self.entries.push(Entry::new(Kind::MessageDeleted, Actor::SYSTEM, row.id.0).with(detail));
        Ok(Taken::Applied)
    }

    pub(super) fn reaction(
        &mut self,
        target: &BlindIndex,
        reaction: &Reaction,
        received_at: Timestamp,
    ) -> Result<Taken> {
        let at = reaction.at.map_or(received_at, Timestamp);
        let Some(row) = self.messages.get(target).map(|slot| slot.row.clone()) else { return Ok(Taken::Held) };
        let sender = match &reaction.sender {
            Some(peer) if peer.wa_id.is_some() || peer.user_id.is_some() => Some(self.contact(peer, at)?),
            Some(_) => return Ok(Taken::Duplicate),
            None => None,
        };
        let of_sender = |(message, by): &&(MessageId, Option<ContactId>)| {
            *message == row.id && by.map(|by| self.people.root(by)) == sender
        };
        let place = self.reactions.keys().find(of_sender).copied().unwrap_or((row.id, sender));
        let standing = self.reactions.get(&place);
        if standing.is_some_and(|slot| slot.row.at >= at) {
            return Ok(Taken::Duplicate);
        }
        let id = standing.map_or_else(|| ReactionId(self.core.clock.id()), |slot| slot.row.id);
        let key = match sender {
            Some(contact) => self.content.get(self.core, &self.keys, contact, Some(row.conversation_id))?,
            None => match self.key_of(&row.provider_id) {
                Some(key) => key,
                None => return Ok(Taken::Duplicate),
            },
        };
        let emoji = reaction
            .emoji
            .as_deref()
            .map(|emoji| self.seal(&key, "reaction", id.0, "emoji", emoji.as_bytes()))
            .transpose()?;
        let new =
            reaction::Model { tenant_id: self.keys.tenant, id, message_id: row.id, sender_id: place.1, emoji, at };
        match self.reactions.get_mut(&place) {
            Some(slot) => slot.change(|row| *row = new),
            None => drop(self.reactions.insert(place, Slot::new(new))),
        }
        let detail = json!({ "conversation": row.conversation_id.0 });
        self.entries.push(Entry::new(Kind::ReactionChanged, Actor::SYSTEM, row.id.0).with(detail));
        Ok(Taken::Applied)
    }

    pub(super) fn status(&mut self, target: &BlindIndex, status: &Status) -> Taken {
        let Some(row) = self.messages.get(target).map(|slot| slot.row.clone()) else { return Taken::Held };
        if row.delivery >= Some(status.delivery) {
            return Taken::Duplicate;
        }
        let codes = if status.delivery == Delivery::Failed { codes(&status.error_codes) } else { None };
        self.change(target, |row| {
            row.delivery = Some(status.delivery);
            if codes.is_some() {
                row.error_codes = codes;
            }
        });
        let detail =
            json!({ "conversation": row.conversation_id.0, "status": format!("{:?}", status.delivery).to_uppercase() });
        self.entries.push(Entry::new(Kind::StatusChanged, Actor::SYSTEM, row.id.0).with(detail));
        Taken::Applied
    }

    /// Keeps an event until its message comes.
    pub(super) fn hold(
        &mut self,
        number: NumberId,
        provider: Provider,
        target: BlindIndex,
        incoming: &Incoming,
    ) -> Result<()> {
        let id = HeldId(self.core.clock.id());
        let item = self.seal(&self.keys.company, "held", id.0, "item", &meta::wrap(incoming))?;
        self.held.push(held::ActiveModel {
            tenant_id: Set(self.keys.tenant),
            id: Set(id),
            number_id: Set(number),
            target_index: Set(target.clone()),
            provider: Set(provider),
            item: Set(item),
            held_at: Set(self.now),
        });
        Ok(())
    }
}
