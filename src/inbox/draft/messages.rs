//! Messages: new ones, placeholders that are completed, and the conversations they stand in.

use entity::channel::Provider;
use entity::message::{Direction, Kind as MessageKind};
use entity::message_version::Kind as VersionKind;
use entity::{
    BlindIndex, ContactId, ConversationId, MediaId, MessageId, NumberId, Timestamp, VersionId, conversation, media,
    message, message_version,
};
use sea_orm::ActiveValue::Set;
use serde_json::json;

use super::{Draft, Taken, codes, group_index, message_index};
use crate::detect::Scratch;
use crate::dialogue;
use crate::error::Result;
use crate::inbox::Counts;
use crate::inbox::alerts::{Place, is_afterwards};
use crate::inbox::contacts::nobody;
use crate::inbox::rows::Slot;
use crate::inbox::scan::{self, Found};
use crate::journal::{Actor, Entry, Kind};
use crate::providers::{Media, Message, Source};
use crate::vault::Key;

impl Draft<'_> {
    pub(super) fn message(
        &mut self,
        number: NumberId,
        provider: Provider,
        received_at: Timestamp,
        message: &Message,
        raw: &[u8],
        found: &[Found],
    ) -> Result<Counts> {
        let index = message_index(&self.keys, number, &message.id);
        let sent_at = message.sent_at.map_or(received_at, Timestamp);
        if self.messages.contains_key(&index) {
            return self.complete(&index, number, message, raw, found, received_at);
        }
        let nobody = nobody(&index);
        let is_known = message.peer.wa_id.is_some() || message.peer.user_id.is_some();
        let peer = if is_known || message.group.is_some() { &message.peer } else { &nobody };
        let contact = if is_known || message.group.is_none() { Some(self.contact(peer, sent_at)?) } else { None };
        let conversation = self.conversation(number, message.group.as_deref(), contact, sent_at)?;
        let sender = contact.filter(|_| message.direction == Direction::Inbound);
        // In a group, what staff write is the company's; in a dialogue, it belongs to the contact's.
        let key = match contact.filter(|_| sender.is_some() || message.group.is_none()) {
            Some(contact) => self.content.get(self.core, &self.keys, contact, Some(conversation))?,
            None => self.keys.company.clone(),
        };
        let id = MessageId(self.core.clock.id());
        let (text, referral) = (message.text.as_ref(), message.referral.as_deref());
        let version = self.version(&key, id, 0, VersionKind::Original, sent_at, text, referral, raw)?;
        let place = Place {
            conversation,
            number,
            message: id,
            version,
            sent_at,
            found_afterwards: is_afterwards(message.origin),
        };
        let row = self.row(&key, &index, place, sender, received_at, message)?;
        if let Some(medium) = &message.media {
            self.medium(&key, id, medium)?;
        }
        self.messages.insert(index.clone(), Slot::new(row));
        let detail = json!({
            "conversation": conversation.0,
            "number": number.0,
            "inbound": message.direction == Direction::Inbound,
        });
        self.entries.push(Entry::new(Kind::MessageReceived, Actor::SYSTEM, id.0).with(detail));
        let mut counts = self.found(place, found)?;
        counts.stored = 1;
        counts.not_scanned = u64::from(!dialogue::is_scanned(message.kind));
        if let Some(change) = &message.identity_change {
            self.rename(change, sent_at)?;
        }
        counts.add(self.take_up(&index, number, provider, received_at)?);
        Ok(counts)
    }

    /// The events that waited for this message.
    fn take_up(
        &mut self,
        index: &BlindIndex,
        number: NumberId,
        provider: Provider,
        received_at: Timestamp,
    ) -> Result<Counts> {
        let mut counts = Counts::default();
        for held in self.waiting.remove(index).unwrap_or_default() {
            for item in &held.items {
                let found = scan::event(self.compiled, &item.event, &mut Scratch::default());
                counts.add(self.event(number, provider, received_at, item, &found)?);
            }
            self.done.push(held.id);
        }
        Ok(counts)
    }

    fn row(
        &self,
        key: &Key,
        index: &BlindIndex,
        place: Place,
        sender: Option<ContactId>,
        received_at: Timestamp,
        message: &Message,
    ) -> Result<message::Model> {
        let Place { conversation, number, message: id, sent_at, .. } = place;
        Ok(message::Model {
            tenant_id: self.keys.tenant,
            id,
            conversation_id: conversation,
            provider_index: index.clone(),
            provider_id: self.seal(key, "message", id.0, "provider_id", message.id.as_bytes())?,
            sender_id: sender,
            direction: message.direction,
            origin: message.origin,
            kind: message.kind,
            sent_at,
            received_at,
            reply_index: message.reply_to.as_deref().map(|id| message_index(&self.keys, number, id)),
            is_forwarded: message.is_forwarded,
            delivery: message.delivery.filter(|_| message.direction == Direction::Outbound),
            error_codes: codes(&message.error_codes),
            edited_at: message.was_edited.then_some(sent_at),
            deleted_at: message.was_deleted.then_some(sent_at),
            version_count: 1,
        })
    }

    /// A message that is there already. Only a placeholder is completed: history brings media in a second delivery.
    fn complete(
        &mut self,
        index: &BlindIndex,
        number: NumberId,
        message: &Message,
        raw: &[u8],
        found: &[Found],
        received_at: Timestamp,
    ) -> Result<Counts> {
        let Some(slot) = self.messages.get(index) else { return Ok(Counts::default()) };
        let row = slot.row.clone();
        let was_placeholder =
            row.kind == MessageKind::Unsupported && row.error_codes.is_none() && row.version_count == 1;
        let Some(medium) = message.media.as_ref().filter(|_| was_placeholder) else {
            return Ok(Taken::Duplicate.counts());
        };
        let Some(key) = self.key_of(&row.provider_id) else { return Ok(Taken::Duplicate.counts()) };
        let version =
            self.version(&key, row.id, 1, VersionKind::Original, row.sent_at, message.text.as_ref(), None, raw)?;
        self.medium(&key, row.id, medium)?;
        let kind = message.kind;
        self.change(index, |row| {
            row.kind = kind;
            row.version_count = 2;
        });
        let detail = json!({ "conversation": row.conversation_id.0, "completed": true });
        self.entries.push(Entry::new(Kind::MessageEdited, Actor::SYSTEM, row.id.0).with(detail));
        let place = Place {
            conversation: row.conversation_id,
            number,
            message: row.id,
            version,
            sent_at: row.sent_at.min(received_at),
            found_afterwards: is_afterwards(row.origin),
        };
        let mut counts = self.found(place, found)?;
        counts.applied = 1;
        Ok(counts)
    }

    fn conversation(
        &mut self,
        number: NumberId,
        group: Option<&str>,
        contact: Option<ContactId>,
        sent_at: Timestamp,
    ) -> Result<ConversationId> {
        let group = group.map(|group| (group_index(&self.keys, number, group), group));
        let people = &self.people;
        let is_it = |slot: &&mut Slot<conversation::Model>| {
            slot.row.number_id == number
                && match &group {
                    Some((index, _)) => slot.row.group_index.as_ref() == Some(index),
                    None => slot.row.contact_id.is_some_and(|own| Some(people.root(own)) == contact),
                }
        };
        // Contacts that turned out to be one may have a conversation each: it goes on in one of them.
        let found = self
            .conversations
            .iter_mut()
            .filter(is_it)
            .min_by_key(|slot| (slot.row.contact_id != contact, slot.row.id));
        if let Some(slot) = found {
            if sent_at > slot.row.last_message_at {
                slot.change(|row| row.last_message_at = sent_at);
            }
            return Ok(slot.row.id);
        }
        let id = ConversationId(self.core.clock.id());
        let (group_index, group_provider_id) = match group {
            Some((index, group)) => {
                let sealed =
                    self.seal(&self.keys.company, "conversation", id.0, "group_provider_id", group.as_bytes())?;
                (Some(index), Some(sealed))
            }
            None => (None, None),
        };
        self.conversations.push(Slot::new(conversation::Model {
            tenant_id: self.keys.tenant,
            id,
            number_id: number,
            contact_id: contact.filter(|_| group_index.is_none()),
            group_index,
            group_provider_id,
            last_message_at: sent_at,
            created_at: self.now,
        }));
        Ok(id)
    }

    #[expect(clippy::too_many_arguments, reason = "one argument a column")]
    pub(super) fn version(
        &mut self,
        key: &Key,
        message: MessageId,
        number: i32,
        kind: VersionKind,
        at: Timestamp,
        text: Option<&(Source, String)>,
        referral: Option<&str>,
        raw: &[u8],
    ) -> Result<VersionId> {
        let id = VersionId(self.core.clock.id());
        let seal = |column, value: &[u8]| self.seal(key, "message_version", id.0, column, value);
        let row = message_version::ActiveModel {
            tenant_id: Set(self.keys.tenant),
            id: Set(id),
            message_id: Set(message),
            number: Set(number),
            kind: Set(kind),
            at: Set(at),
            source: Set(text.map(|(source, _)| *source)),
            text: Set(text.map(|(_, text)| seal("text", text.as_bytes())).transpose()?),
            referral: Set(referral.map(|text| seal("referral", text.as_bytes())).transpose()?),
            raw: Set(seal("raw", raw)?),
        };
        self.versions.push(row);
        Ok(id)
    }

    fn medium(&mut self, key: &Key, message: MessageId, medium: &Media) -> Result<()> {
        let id = MediaId(self.core.clock.id());
        let seal = |column, value: Option<&str>| {
            value.map(|value| self.seal(key, "media", id.0, column, value.as_bytes())).transpose()
        };
        self.media.push(media::ActiveModel {
            tenant_id: Set(self.keys.tenant),
            id: Set(id),
            message_id: Set(message),
            state: Set(media::State::Pending),
            mime_type: Set(medium.mime_type.clone()),
            byte_size: Set(medium.byte_size),
            sha256: Set(seal("sha256", medium.sha256.as_deref())?),
            provider_media_id: Set(seal("provider_media_id", medium.provider_id.as_deref())?),
            file_name: Set(seal("file_name", medium.file_name.as_deref())?),
            created_at: Set(self.now),
        });
        Ok(())
    }
}
