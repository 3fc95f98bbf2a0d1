//! Rows and content keys at hand, and what has to be written of them.

use std::collections::HashMap;

use entity::{ContactId, ConversationId, content_key};
use uuid::Uuid;

use crate::core::Core;
use crate::error::Result;
use crate::keys;
use crate::vault::{Key, Keyring, TenantKeys};

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
    pub(super) by_id: HashMap<Uuid, Key>,
    pub(super) rows: Vec<content_key::ActiveModel>,
    pub(super) made: Vec<Key>,
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
