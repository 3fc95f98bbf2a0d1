//! One transaction's work on a tenant's dialogue: loaded in a fixed number of statements, changed in memory item by
//! item, written in a fixed number of statements.

use std::collections::{HashMap, HashSet};

use entity::message::{Delivery, Direction, Kind as MessageKind, Origin};
use entity::message_version::Kind as VersionKind;
use entity::{
    BlindIndex, ContactId, ContentKeyId, ConversationId, HeldId, MediaId, MessageId, NumberId, ReactionId, Sealed,
    Timestamp, VersionId, content_key, conversation, delivery, held, media, message, message_version, number, reaction,
};
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::{ColumnTrait, IntoActiveModel};
use serde_json::json;
use uuid::Uuid;

use super::alerts::{Alerts, Place, is_afterwards};
use super::contacts::{Desk, People, nobody};
use super::scan::{self, Found};
use super::{Counts, Item};
use crate::core::Core;
use crate::db::TenantTx;
use crate::detect::Scratch;
use crate::error::{Error, Result};
use crate::journal::{Actor, Entry, Kind};
use crate::keys;
use crate::policies::Compiled;
use crate::providers::{Edit, Event, Incoming, Message, Peer, Reaction, Revoke, Source, Status, meta};
use crate::vault::{Context, Key, Keyring, Purpose, TenantKeys};

/// A row at hand, and what has to be written of it.
pub(super) struct Slot<M> {
    pub row: M,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Loaded,
    Changed,
    New,
}

impl<M> Slot<M> {
    pub(super) fn loaded(row: M) -> Self {
        Self { row, state: State::Loaded }
    }

    pub(super) fn new(row: M) -> Self {
        Self { row, state: State::New }
    }

    pub(super) fn change(&mut self, change: impl FnOnce(&mut M)) {
        change(&mut self.row);
        if self.state == State::Loaded {
            self.state = State::Changed;
        }
    }

    pub(super) fn is_new(&self) -> bool {
        self.state == State::New
    }

    pub(super) fn is_dirty(&self) -> bool {
        self.state != State::Loaded
    }
}

/// Content keys at hand: those that are alive as this transaction sees them, and those it makes.
#[derive(Default)]
pub(super) struct ContentKeys {
    live: HashMap<(ContactId, Option<ConversationId>), Key>,
    by_id: HashMap<Uuid, Key>,
    rows: Vec<content_key::ActiveModel>,
    made: Vec<Key>,
}

impl ContentKeys {
    /// Opens keys as their rows stand now. A key that another node destroyed does not come back out of memory.
    pub(super) fn learn(&mut self, keyring: &Keyring, keys: &TenantKeys, rows: &[content_key::Model]) -> Result<()> {
        for row in rows {
            let Some(key) = keyring.open_content(keys, row)? else { continue };
            self.by_id.insert(row.id.0, key.clone());
            if let Some(contact) = row.contact_id {
                self.live.insert((contact, row.conversation_id), key);
            }
        }
        Ok(())
    }

    /// The live key of a contact, or of the contact's part in a conversation, if it has one.
    pub(super) fn live(&self, contact: ContactId, conversation: Option<ConversationId>) -> Option<&Key> {
        self.live.get(&(contact, conversation))
    }

    /// The same; made if there is none.
    pub(super) fn get(
        &mut self,
        core: &Core,
        keys: &TenantKeys,
        contact: ContactId,
        conversation: Option<ConversationId>,
    ) -> Result<Key> {
        if let Some(key) = self.live(contact, conversation) {
            return Ok(key.clone());
        }
        let kind = if conversation.is_some() { content_key::Kind::Dialogue } else { content_key::Kind::Contact };
        let (key, row) = keys::make(keys, kind, contact, conversation, &core.clock)?;
        self.live.insert((contact, conversation), key.clone());
        self.by_id.insert(key.id(), key.clone());
        self.rows.push(row);
        self.made.push(key.clone());
        Ok(key)
    }
}

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

fn peers(event: &Event) -> Vec<&Peer> {
    match event {
        Event::Message(message) => {
            let change = message.identity_change.iter().flat_map(|change| [&change.previous, &change.current]);
            std::iter::once(&message.peer).chain(change).collect()
        }
        Event::Reaction(reaction) => reaction.sender.iter().collect(),
        Event::IdentityChange(change) => vec![&change.previous, &change.current],
        Event::Edit(_) | Event::Revoke(_) | Event::Status(_) | Event::AddressBookEntry | Event::Parked(_) => Vec::new(),
    }
}

impl<'a> Draft<'a> {
    /// Loads what the items are about.
    pub(super) async fn load(core: &'a Core, tx: TenantTx, compiled: &'a Compiled, items: &[&Item]) -> Result<Self> {
        let keys = keys::of_tenant(&tx, &core.keyring).await?;
        let index = |item: &&Item| Some(message_index(&keys, item.number, about(&item.incoming.event)?));
        let wanted: HashSet<BlindIndex> = items.iter().filter_map(index).collect();
        let messages: HashMap<BlindIndex, Slot<message::Model>> = tx
            .rows::<message::Entity>()
            .among(message::Column::ProviderIndex, wanted.iter().cloned())
            .all()
            .await?
            .into_iter()
            .map(|row| (row.provider_index.clone(), Slot::loaded(row)))
            .collect();
        let unknown = items
            .iter()
            .filter(|item| matches!(item.incoming.event, Event::Message(_)))
            .filter_map(index)
            .filter(|index| !messages.contains_key(index));
        let waiting = load_waiting(&tx, &keys, unknown.collect()).await?;

        let late = waiting.values().flatten().flat_map(|held| &held.items).map(|item| &item.event);
        let events: Vec<&Event> = items.iter().map(|item| &item.incoming.event).chain(late).collect();
        let peers: Vec<&Peer> = events.iter().flat_map(|event| peers(event)).collect();
        let mut content = ContentKeys::default();
        let people = People::load(&tx, core, &keys, &peers, &mut content).await?;
        let conversations = load_conversations(&tx, &keys, &people, items, &messages).await?;
        load_keys_of(&tx, core, &keys, &messages, &mut content).await?;
        let edited = |event: &Event| matches!(event, Event::Edit(_));
        let edits = if events.iter().any(|event| edited(event)) {
            load_edits(&tx, &keys, &messages, &content).await?
        } else {
            HashMap::new()
        };
        let without_history = load_without_history(&tx, items).await?;
        let reacted = events.iter().any(|event| matches!(event, Event::Reaction(_)));
        let reactions = if reacted { load_reactions(&tx, &messages).await? } else { HashMap::new() };
        Ok(Self {
            core,
            tx,
            compiled,
            keys,
            now: core.clock.now(),
            content,
            people,
            conversations,
            messages,
            without_history,
            edits,
            versions: Vec::new(),
            media: Vec::new(),
            reactions,
            waiting,
            held: Vec::new(),
            done: Vec::new(),
            alerts: Alerts::default(),
            entries: Vec::new(),
            deliveries: Vec::new(),
        })
    }

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
        provider: entity::channel::Provider,
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
                let mut desk =
                    Desk { core: self.core, keys: &self.keys, content: &mut self.content, entries: &mut self.entries };
                self.people.rename(&mut desk, change, at)?;
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

    // ── messages ──

    fn message(
        &mut self,
        number: NumberId,
        provider: entity::channel::Provider,
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
        let row = message::Model {
            tenant_id: self.keys.tenant,
            id,
            conversation_id: conversation,
            provider_index: index.clone(),
            provider_id: self.seal(&key, "message", id.0, "provider_id", message.id.as_bytes())?,
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
        };
        let version = self.version(
            &key,
            id,
            0,
            VersionKind::Original,
            sent_at,
            message.text.as_ref(),
            message.referral.as_deref(),
            raw,
        )?;
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
        let place = Place {
            conversation,
            number,
            message: id,
            version,
            sent_at,
            found_afterwards: is_afterwards(message.origin),
        };
        let mut counts = self.found(place, found)?;
        counts.stored = 1;
        if let Some(change) = &message.identity_change {
            let mut desk =
                Desk { core: self.core, keys: &self.keys, content: &mut self.content, entries: &mut self.entries };
            self.people.rename(&mut desk, change, sent_at)?;
        }
        for held in self.waiting.remove(&index).unwrap_or_default() {
            for item in &held.items {
                let found = scan::event(self.compiled, &item.event, &mut Scratch::default());
                counts.add(self.event(number, provider, received_at, item, &found)?);
            }
            self.done.push(held.id);
        }
        Ok(counts)
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

    fn contact(&mut self, peer: &Peer, at: Timestamp) -> Result<ContactId> {
        let mut desk =
            Desk { core: self.core, keys: &self.keys, content: &mut self.content, entries: &mut self.entries };
        self.people.resolve(&mut desk, peer, at)
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
        let found = self.conversations.iter_mut().find(|slot| {
            slot.row.number_id == number
                && match &group {
                    Some((index, _)) => slot.row.group_index.as_ref() == Some(index),
                    None => slot.row.contact_id.is_some_and(|own| Some(people.root(own)) == contact),
                }
        });
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
    fn version(
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

    fn medium(&mut self, key: &Key, message: MessageId, medium: &crate::providers::Media) -> Result<()> {
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

    fn found(&mut self, place: Place, found: &[Found]) -> Result<Counts> {
        let before = self.alerts.matches();
        let alerts = self.alerts.add(self.core, &mut self.tx, self.compiled, place, found, &mut self.entries)?;
        Ok(Counts { matches: self.alerts.matches() - before, alerts, ..Counts::default() })
    }

    // ── what happens to a message later ──

    fn edit(
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

    fn revoke(&mut self, target: &BlindIndex, revoke: &Revoke, received_at: Timestamp, raw: &[u8]) -> Result<Taken> {
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

    fn reaction(&mut self, target: &BlindIndex, reaction: &Reaction, received_at: Timestamp) -> Result<Taken> {
        let at = reaction.at.map_or(received_at, Timestamp);
        let Some(row) = self.messages.get(target).map(|slot| slot.row.clone()) else { return Ok(Taken::Held) };
        let sender = match &reaction.sender {
            Some(peer) if peer.wa_id.is_some() || peer.user_id.is_some() => Some(self.contact(peer, at)?),
            Some(_) => return Ok(Taken::Duplicate),
            None => None,
        };
        let standing = self.reactions.get(&(row.id, sender));
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
        let new = reaction::Model { tenant_id: self.keys.tenant, id, message_id: row.id, sender_id: sender, emoji, at };
        match self.reactions.get_mut(&(row.id, sender)) {
            Some(slot) => slot.change(|row| *row = new),
            None => drop(self.reactions.insert((row.id, sender), Slot::new(new))),
        }
        let detail = json!({ "conversation": row.conversation_id.0 });
        self.entries.push(Entry::new(Kind::ReactionChanged, Actor::SYSTEM, row.id.0).with(detail));
        Ok(Taken::Applied)
    }

    fn status(&mut self, target: &BlindIndex, status: &Status) -> Taken {
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
    fn hold(
        &mut self,
        number: NumberId,
        provider: entity::channel::Provider,
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

    // ── writing ──

    /// Writes everything, what is pointed at first. Gives back the transaction, to be journaled and committed, and the
    /// keys that were made, to be remembered once it is.
    pub(super) async fn write(self) -> Result<(TenantTx, Vec<Entry>, Vec<Key>)> {
        let tx = self.tx;
        self.people.write(&tx).await?;
        let (new, changed): (Vec<_>, Vec<_>) =
            self.conversations.into_iter().filter(Slot::is_dirty).partition(Slot::is_new);
        tx.insert::<conversation::Entity>(new.into_iter().map(|slot| slot.row.into_active_model()).collect()).await?;
        let latest = changed.into_iter().map(|slot| (slot.row.id.0, slot.row.last_message_at.0)).collect();
        tx.raise::<conversation::Entity>(conversation::Column::Id, conversation::Column::LastMessageAt, latest).await?;
        tx.insert::<content_key::Entity>(self.content.rows).await?;
        let (new, changed): (Vec<_>, Vec<_>) =
            self.messages.into_values().filter(Slot::is_dirty).partition(Slot::is_new);
        tx.insert::<message::Entity>(new.into_iter().map(|slot| slot.row.into_active_model()).collect()).await?;
        for slot in changed {
            let row = message::ActiveModel {
                id: Unchanged(slot.row.id),
                kind: Set(slot.row.kind),
                delivery: Set(slot.row.delivery),
                error_codes: Set(slot.row.error_codes),
                edited_at: Set(slot.row.edited_at),
                deleted_at: Set(slot.row.deleted_at),
                version_count: Set(slot.row.version_count),
                ..Default::default()
            };
            tx.update::<message::Entity>(row).await?;
        }
        tx.insert::<message_version::Entity>(self.versions).await?;
        tx.insert::<media::Entity>(self.media).await?;
        let (new, changed): (Vec<_>, Vec<_>) =
            self.reactions.into_values().filter(Slot::is_dirty).partition(Slot::is_new);
        tx.insert::<reaction::Entity>(new.into_iter().map(|slot| slot.row.into_active_model()).collect()).await?;
        for slot in changed {
            let row = reaction::ActiveModel {
                id: Unchanged(slot.row.id),
                emoji: Set(slot.row.emoji),
                at: Set(slot.row.at),
                ..Default::default()
            };
            tx.update::<reaction::Entity>(row).await?;
        }
        self.alerts.write(&tx).await?;
        tx.insert::<held::Entity>(self.held).await?;
        if !self.done.is_empty() {
            tx.delete::<held::Entity>(held::Column::Id.is_in(self.done)).await?;
        }
        tx.keep_deliveries(self.deliveries).await?;
        Ok((tx, self.entries, self.content.made))
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

// ── loading ──

async fn load_waiting(
    tx: &TenantTx,
    keys: &TenantKeys,
    targets: Vec<BlindIndex>,
) -> Result<HashMap<BlindIndex, Vec<Waiting>>> {
    let mut waiting: HashMap<BlindIndex, Vec<Waiting>> = HashMap::new();
    if targets.is_empty() {
        return Ok(waiting);
    }
    for row in tx
        .rows::<held::Entity>()
        .among(held::Column::TargetIndex, targets)
        .order_by(held::Column::Id, sea_orm::Order::Asc)
        .all()
        .await?
    {
        let place = Context { tenant: keys.tenant.0, table: "held", row: row.id.0, column: "item" };
        let items = meta::parse(&keys.company.open(&place, &row.item)?);
        waiting.entry(row.target_index).or_default().push(Waiting { id: row.id, items });
    }
    Ok(waiting)
}

async fn load_without_history(tx: &TenantTx, items: &[&Item]) -> Result<HashSet<NumberId>> {
    let numbers: HashSet<NumberId> = items
        .iter()
        .filter(|item| matches!(&item.incoming.event, Event::Message(message) if message.origin == Origin::History))
        .map(|item| item.number)
        .collect();
    if numbers.is_empty() {
        return Ok(numbers);
    }
    let rows = tx
        .rows::<number::Entity>()
        .among(number::Column::Id, numbers)
        .filter(number::Column::CaptureHistory.eq(false))
        .all()
        .await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

async fn load_conversations(
    tx: &TenantTx,
    keys: &TenantKeys,
    people: &People,
    items: &[&Item],
    messages: &HashMap<BlindIndex, Slot<message::Model>>,
) -> Result<Vec<Slot<conversation::Model>>> {
    let mut rows = Vec::new();
    let contacts: Vec<ContactId> = people.ids().collect();
    if !contacts.is_empty() {
        rows = tx.rows::<conversation::Entity>().among(conversation::Column::ContactId, contacts).all().await?;
    }
    let groups: HashSet<BlindIndex> = items
        .iter()
        .filter_map(|item| match &item.incoming.event {
            Event::Message(message) => Some(group_index(keys, item.number, message.group.as_deref()?)),
            _ => None,
        })
        .collect();
    if !groups.is_empty() {
        rows.extend(tx.rows::<conversation::Entity>().among(conversation::Column::GroupIndex, groups).all().await?);
    }
    // The conversations of messages that are edited: an edit may be matched, and its alert stands in one of these.
    let missing: HashSet<ConversationId> = messages
        .values()
        .map(|slot| slot.row.conversation_id)
        .filter(|id| !rows.iter().any(|row| row.id == *id))
        .collect();
    if !missing.is_empty() {
        rows.extend(tx.rows::<conversation::Entity>().among(conversation::Column::Id, missing).all().await?);
    }
    Ok(rows.into_iter().map(Slot::loaded).collect())
}

async fn load_keys_of(
    tx: &TenantTx,
    core: &Core,
    keys: &TenantKeys,
    messages: &HashMap<BlindIndex, Slot<message::Model>>,
    content: &mut ContentKeys,
) -> Result<()> {
    let missing: HashSet<ContentKeyId> = messages
        .values()
        .filter_map(|slot| Context::key_of(&slot.row.provider_id))
        .filter(|id| *id != keys.company.id() && !content.by_id.contains_key(id))
        .map(ContentKeyId)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let rows = tx.rows::<content_key::Entity>().among(content_key::Column::Id, missing).all().await?;
    content.learn(&core.keyring, keys, &rows)
}

async fn load_edits(
    tx: &TenantTx,
    keys: &TenantKeys,
    messages: &HashMap<BlindIndex, Slot<message::Model>>,
    content: &ContentKeys,
) -> Result<HashMap<MessageId, Vec<(Timestamp, Option<String>)>>> {
    let edited: Vec<MessageId> =
        messages.values().filter(|slot| slot.row.version_count > 1).map(|slot| slot.row.id).collect();
    let mut edits: HashMap<MessageId, Vec<(Timestamp, Option<String>)>> = HashMap::new();
    if edited.is_empty() {
        return Ok(edits);
    }
    let versions = tx
        .rows::<message_version::Entity>()
        .among(message_version::Column::MessageId, edited)
        .filter(message_version::Column::Kind.eq(VersionKind::Edit))
        .all()
        .await?;
    for row in versions {
        let text = match &row.text {
            Some(sealed) => {
                let id = Context::key_of(sealed);
                let key = if id == Some(keys.company.id()) {
                    Some(&keys.company)
                } else {
                    id.and_then(|id| content.by_id.get(&id))
                };
                let Some(key) = key else { continue };
                let place = Context { tenant: keys.tenant.0, table: "message_version", row: row.id.0, column: "text" };
                Some(keys::text(key.open(&place, sealed)?)?)
            }
            None => None,
        };
        edits.entry(row.message_id).or_default().push((row.at, text));
    }
    Ok(edits)
}

async fn load_reactions(
    tx: &TenantTx,
    messages: &HashMap<BlindIndex, Slot<message::Model>>,
) -> Result<HashMap<(MessageId, Option<ContactId>), Slot<reaction::Model>>> {
    let targets: Vec<MessageId> = messages.values().map(|slot| slot.row.id).collect();
    if targets.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = tx.rows::<reaction::Entity>().among(reaction::Column::MessageId, targets).all().await?;
    Ok(rows.into_iter().map(|row| ((row.message_id, row.sender_id), Slot::loaded(row))).collect())
}
