//! Who is who: a person's aliases, what ties them together, and what tells them apart.
//!
//! A user id decides. A phone, with or without Brazil's ninth digit, proposes: it is followed unless the person it
//! leads to is known by another user id, which means that the number has a new owner. Contacts that turn out to be one
//! are merged by pointer and never rewritten; an alias is closed, never deleted.

use std::collections::{HashMap, HashSet};

use entity::{AliasId, BlindIndex, ContactId, Timestamp, alias, contact, content_key};
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::{ColumnTrait, IntoActiveModel};
use serde_json::json;
use uuid::Uuid;

use super::draft::{ContentKeys, Slot};
use crate::core::Core;
use crate::db::TenantTx;
use crate::error::Result;
use crate::journal::{Actor, Entry, Kind};
use crate::keys;
use crate::providers::{IdentityChange, Peer, phone_key};
use crate::vault::{Context, Purpose, TenantKeys};

/// The contacts that a batch is about, as they stand and as they come to stand.
#[derive(Default)]
pub(super) struct People {
    contacts: HashMap<ContactId, Slot<contact::Model>>,
    aliases: Vec<Slot<alias::Model>>,
    names: HashMap<ContactId, String>,
}

/// What people are looked up and written with.
pub(super) struct Desk<'d> {
    pub core: &'d Core,
    pub keys: &'d TenantKeys,
    pub content: &'d mut ContentKeys,
    pub entries: &'d mut Vec<Entry>,
}

fn user_index(keys: &TenantKeys, user_id: &str) -> BlindIndex {
    keys.index.index(Purpose::Alias, &[b"user", user_id.as_bytes()])
}

/// The fingerprint by which a phone is found, however it is spelled.
pub fn phone_index(keys: &TenantKeys, phone: &str) -> BlindIndex {
    keys.index.index(Purpose::Phone, &[phone_key(phone).as_bytes()])
}

fn indexes<'k>(keys: &'k TenantKeys, peer: &'k Peer) -> impl Iterator<Item = BlindIndex> {
    let user = peer.user_id.as_deref().map(|id| user_index(keys, id));
    let phone = peer.wa_id.as_deref().map(|phone| phone_index(keys, phone));
    user.into_iter().chain(phone)
}

impl People {
    /// Loads the contacts that these people may be, and opens their names.
    pub(super) async fn load(
        tx: &TenantTx,
        core: &Core,
        keys: &TenantKeys,
        peers: &[&Peer],
        content: &mut ContentKeys,
    ) -> Result<Self> {
        let wanted: HashSet<BlindIndex> = peers.iter().flat_map(|peer| indexes(keys, peer)).collect();
        let mut people = Self::default();
        if wanted.is_empty() {
            return Ok(people);
        }
        let hits = tx
            .rows::<alias::Entity>()
            .among(alias::Column::ValueIndex, wanted)
            .filter(alias::Column::ValidTo.is_null())
            .all()
            .await?;
        let mut missing: HashSet<ContactId> = hits.iter().map(|row| row.contact_id).collect();
        // A contact may have been merged into one that was merged itself.
        while !missing.is_empty() {
            let rows = tx.rows::<contact::Entity>().among(contact::Column::Id, missing.drain()).all().await?;
            for row in rows {
                if let Some(into) = row.merged_into.filter(|into| !people.contacts.contains_key(into)) {
                    missing.insert(into);
                }
                people.contacts.insert(row.id, Slot::loaded(row));
            }
            missing.retain(|id| !people.contacts.contains_key(id));
        }
        if people.contacts.is_empty() {
            return Ok(people);
        }
        // All live aliases of these contacts: whether one is known by another user id decides who it is.
        people.aliases = tx
            .rows::<alias::Entity>()
            .among(alias::Column::ContactId, people.contacts.keys().copied())
            .filter(alias::Column::ValidTo.is_null())
            .all()
            .await?
            .into_iter()
            .map(Slot::loaded)
            .collect();
        let rows = tx
            .rows::<content_key::Entity>()
            .among(content_key::Column::ContactId, people.contacts.keys().copied())
            .all()
            .await?;
        content.learn(&core.keyring, keys, &rows)?;
        people.open_names(keys, content)?;
        Ok(people)
    }

    fn open_names(&mut self, keys: &TenantKeys, content: &ContentKeys) -> Result<()> {
        for (id, slot) in &self.contacts {
            let Some(sealed) = &slot.row.name else { continue };
            let Some(key) = content.live(*id, None).filter(|key| Context::key_of(sealed) == Some(key.id())) else {
                continue;
            };
            self.names.insert(*id, keys::text(key.open(&name_place(keys, *id), sealed)?)?);
        }
        Ok(())
    }

    /// Every contact at hand.
    pub(super) fn ids(&self) -> impl Iterator<Item = ContactId> {
        self.contacts.keys().copied()
    }

    /// The contact that this one turned out to be.
    pub(super) fn root(&self, mut id: ContactId) -> ContactId {
        while let Some(into) = self.contacts.get(&id).and_then(|slot| slot.row.merged_into) {
            id = into;
        }
        id
    }

    fn find(&self, index: &BlindIndex) -> Option<ContactId> {
        let alias =
            self.aliases.iter().rev().find(|slot| slot.row.valid_to.is_none() && slot.row.value_index == *index)?;
        Some(self.root(alias.row.contact_id))
    }

    /// Live aliases of a contact and of those merged into it.
    fn live_of(&self, id: ContactId, kind: alias::Kind) -> impl Iterator<Item = usize> {
        (0..self.aliases.len()).filter(move |at| {
            self.aliases.get(*at).is_some_and(|slot| {
                slot.row.kind == kind && slot.row.valid_to.is_none() && self.root(slot.row.contact_id) == id
            })
        })
    }

    fn is_someone_else(&self, id: ContactId, user: Option<&BlindIndex>) -> bool {
        let Some(user) = user else { return false };
        let mut known = self.live_of(id, alias::Kind::UserId).peekable();
        known.peek().is_some()
            && !known.any(|at| self.aliases.get(at).is_some_and(|slot| slot.row.value_index == *user))
    }

    /// The contact that this person is; a new one if nobody is known by these names. Learns what is new about it.
    pub(super) fn resolve(&mut self, desk: &mut Desk<'_>, peer: &Peer, at: Timestamp) -> Result<ContactId> {
        let user = peer.user_id.as_deref().map(|id| user_index(desk.keys, id));
        let phone = peer.wa_id.as_deref().map(|phone| phone_index(desk.keys, phone));
        let by_user = user.as_ref().and_then(|index| self.find(index));
        let by_phone = phone.as_ref().and_then(|index| self.find(index));
        let id = match (by_user, by_phone) {
            (Some(by_user), Some(by_phone)) if by_user != by_phone => {
                if self.is_someone_else(by_phone, user.as_ref()) {
                    self.close_phone(by_phone, phone.as_ref(), at);
                } else {
                    self.merge(desk, by_phone, by_user);
                }
                by_user
            }
            (Some(id), _) => id,
            (None, Some(id)) if self.is_someone_else(id, user.as_ref()) => {
                self.close_phone(id, phone.as_ref(), at);
                self.create(desk)
            }
            (None, Some(id)) => id,
            (None, None) => self.create(desk),
        };
        self.learn(desk, id, peer, at)?;
        Ok(id)
    }

    fn create(&mut self, desk: &Desk<'_>) -> ContactId {
        let id = ContactId(desk.core.clock.id());
        let row = contact::Model {
            tenant_id: desk.keys.tenant,
            id,
            merged_into: None,
            name: None,
            created_at: desk.core.clock.now(),
        };
        self.contacts.insert(id, Slot::new(row));
        id
    }

    fn merge(&mut self, desk: &mut Desk<'_>, from: ContactId, into: ContactId) {
        if let Some(slot) = self.contacts.get_mut(&from) {
            slot.change(|row| row.merged_into = Some(into));
            desk.entries.push(Entry::new(Kind::ContactsMerged, Actor::SYSTEM, from.0).with(json!({ "into": into.0 })));
        }
    }

    /// The number has a new owner: its old one is known by it no more.
    fn close_phone(&mut self, id: ContactId, phone: Option<&BlindIndex>, at: Timestamp) {
        for place in self.live_of(id, alias::Kind::Phone).collect::<Vec<_>>() {
            if let Some(slot) = self.aliases.get_mut(place).filter(|slot| Some(&slot.row.value_index) == phone) {
                slot.change(|row| row.valid_to = Some(at));
            }
        }
    }

    /// Keeps the names, of either kind, that the contact was not known by.
    fn learn(&mut self, desk: &mut Desk<'_>, id: ContactId, peer: &Peer, at: Timestamp) -> Result<()> {
        let is_new = self.contacts.get(&id).is_some_and(|slot| slot.is_new());
        let aliases = [
            (alias::Kind::UserId, peer.user_id.as_deref().map(|value| (user_index(desk.keys, value), value))),
            (alias::Kind::Phone, peer.wa_id.as_deref().map(|value| (phone_index(desk.keys, value), value))),
        ];
        for (kind, alias) in aliases {
            let Some((index, value)) = alias else { continue };
            let known =
                self.live_of(id, kind).any(|at| self.aliases.get(at).is_some_and(|slot| slot.row.value_index == index));
            if known {
                continue;
            }
            let row = alias::Model {
                tenant_id: desk.keys.tenant,
                id: AliasId(desk.core.clock.id()),
                contact_id: id,
                kind,
                value_index: index,
                value: entity::Sealed(Vec::new()),
                valid_from: at,
                valid_to: None,
            };
            let place = Context { tenant: desk.keys.tenant.0, table: "alias", row: row.id.0, column: "value" };
            let sealed = desk.content.get(desk.core, desk.keys, id, None)?.seal(&place, value.as_bytes())?;
            if !is_new {
                let detail = json!({ "alias": row.id.0 });
                desk.entries.push(Entry::new(Kind::AliasLearnt, Actor::SYSTEM, id.0).with(detail));
            }
            self.aliases.push(Slot::new(alias::Model { value: sealed, ..row }));
        }
        if let Some(name) = peer.name.as_deref().filter(|name| !name.trim().is_empty())
            && self.names.get(&id).map(String::as_str) != Some(name)
        {
            let sealed =
                desk.content.get(desk.core, desk.keys, id, None)?.seal(&name_place(desk.keys, id), name.as_bytes())?;
            self.names.insert(id, name.to_owned());
            if let Some(slot) = self.contacts.get_mut(&id) {
                slot.change(|row| row.name = Some(sealed));
            }
        }
        Ok(())
    }

    /// A person is known by new names from now on, and by the old ones no more.
    pub(super) fn rename(&mut self, desk: &mut Desk<'_>, change: &IdentityChange, at: Timestamp) -> Result<ContactId> {
        let known = indexes(desk.keys, &change.previous).find_map(|index| self.find(&index));
        let id = match known {
            Some(id) => id,
            // Nothing was said with this person yet under the old names: only the new ones are of use.
            None => return self.resolve(desk, &change.current, at),
        };
        for index in indexes(desk.keys, &change.current).collect::<Vec<_>>() {
            let Some(other) = self.find(&index).filter(|other| *other != id) else { continue };
            let is_user_id = change.current.user_id.as_deref().is_some_and(|user| user_index(desk.keys, user) == index);
            if is_user_id || self.live_of(other, alias::Kind::UserId).next().is_none() {
                self.merge(desk, other, id);
            } else {
                self.close_phone(other, Some(&index), at);
            }
        }
        let replaced = [
            (
                alias::Kind::UserId,
                change.current.user_id.is_some(),
                change.previous.user_id.as_deref().map(|v| user_index(desk.keys, v)),
            ),
            (
                alias::Kind::Phone,
                change.current.wa_id.is_some(),
                change.previous.wa_id.as_deref().map(|v| phone_index(desk.keys, v)),
            ),
        ];
        for (kind, is_replaced, index) in replaced {
            let Some(index) = index.filter(|_| is_replaced) else { continue };
            for place in self.live_of(id, kind).collect::<Vec<_>>() {
                if let Some(slot) = self.aliases.get_mut(place).filter(|slot| slot.row.value_index == index) {
                    slot.change(|row| row.valid_to = Some(at));
                }
            }
        }
        self.learn(desk, id, &change.current, at)?;
        Ok(id)
    }

    /// Writes what is new and what changed: contacts before what points at them.
    pub(super) async fn write(self, tx: &TenantTx) -> Result<()> {
        let (new, changed): (Vec<_>, Vec<_>) =
            self.contacts.into_values().filter(Slot::is_dirty).partition(Slot::is_new);
        // A new contact may already be merged into another new one.
        let mut pointers = Vec::new();
        let rows = new.into_iter().map(|slot| {
            if let Some(into) = slot.row.merged_into {
                pointers.push((slot.row.id, into));
            }
            contact::Model { merged_into: None, ..slot.row }.into_active_model()
        });
        tx.insert::<contact::Entity>(rows.collect()).await?;
        for (id, into) in pointers {
            let row = contact::ActiveModel { id: Unchanged(id), merged_into: Set(Some(into)), ..Default::default() };
            tx.update::<contact::Entity>(row).await?;
        }
        for slot in changed {
            let row = contact::ActiveModel {
                id: Unchanged(slot.row.id),
                merged_into: Set(slot.row.merged_into),
                name: Set(slot.row.name),
                ..Default::default()
            };
            tx.update::<contact::Entity>(row).await?;
        }
        let (new, changed): (Vec<_>, Vec<_>) = self.aliases.into_iter().filter(Slot::is_dirty).partition(Slot::is_new);
        tx.insert::<alias::Entity>(new.into_iter().map(|slot| slot.row.into_active_model()).collect()).await?;
        for slot in changed {
            let row = alias::ActiveModel {
                id: Unchanged(slot.row.id),
                valid_to: Set(slot.row.valid_to),
                ..Default::default()
            };
            tx.update::<alias::Entity>(row).await?;
        }
        Ok(())
    }
}

fn name_place(keys: &TenantKeys, id: ContactId) -> Context {
    Context { tenant: keys.tenant.0, table: "contact", row: id.0, column: "name" }
}

/// A person of whom the provider tells nothing: known by the message alone.
pub(super) fn nobody(message: &BlindIndex) -> Peer {
    let id = Uuid::from_slice(&message.0).unwrap_or_default();
    Peer { user_id: Some(format!("unknown:{id}")), ..Peer::default() }
}
