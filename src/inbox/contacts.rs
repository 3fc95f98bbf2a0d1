//! Who is who: a person's aliases, what ties them together, and what tells them apart.
//!
//! A user id decides, also one that was replaced: it never becomes somebody else's. A phone, with or without Brazil's
//! ninth digit, proposes: it is followed to whoever had it when the message was sent, unless that person is known by
//! another user id, which means that the number has a new owner. Contacts that turn out to be one are merged by pointer
//! and never rewritten; an alias is closed, never deleted. Nothing depends on the order in which deliveries come.

use std::collections::{HashMap, HashSet};

use entity::{AliasId, BlindIndex, ContactId, Timestamp, alias, contact, content_key};
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::IntoActiveModel;
use serde_json::json;
use uuid::Uuid;

use super::rows::{ContentKeys, Slot};
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

/// A person's names, user id first, with the fingerprints they are found by.
fn names<'k>(keys: &'k TenantKeys, peer: &'k Peer) -> impl Iterator<Item = (alias::Kind, BlindIndex, &'k str)> {
    let user = peer.user_id.as_deref().map(|id| (alias::Kind::UserId, user_index(keys, id), id));
    let phone = peer.wa_id.as_deref().map(|phone| (alias::Kind::Phone, phone_index(keys, phone), phone));
    user.into_iter().chain(phone)
}

fn indexes<'k>(keys: &'k TenantKeys, peer: &'k Peer) -> impl Iterator<Item = BlindIndex> {
    names(keys, peer).map(|(_, index, _)| index)
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
        let hits = tx.rows::<alias::Entity>().among(alias::Column::ValueIndex, wanted).all().await?;
        people.load_families(tx, hits.iter().map(|row| row.contact_id).collect()).await?;
        if people.contacts.is_empty() {
            return Ok(people);
        }
        // All aliases of these contacts: whether one is known by another user id decides who it is.
        people.aliases = tx
            .rows::<alias::Entity>()
            .among(alias::Column::ContactId, people.contacts.keys().copied())
            .order_by(alias::Column::Id, sea_orm::Order::Asc)
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

    /// Loads these contacts, what they were merged into and what was merged into them, as far as it goes.
    async fn load_families(&mut self, tx: &TenantTx, mut next: HashSet<ContactId>) -> Result<()> {
        while !next.is_empty() {
            let contacts = || tx.rows::<contact::Entity>();
            let mut rows = contacts().among(contact::Column::Id, next.iter().copied()).all().await?;
            rows.extend(contacts().among(contact::Column::MergedInto, next.iter().copied()).all().await?);
            let seen = std::mem::take(&mut next);
            for row in rows {
                // Those that were asked for are here with all that point at them; only others lead further.
                let related = [Some(row.id), row.merged_into].into_iter().flatten();
                next.extend(related.filter(|id| !seen.contains(id) && !self.contacts.contains_key(id)));
                self.contacts.insert(row.id, Slot::loaded(row));
            }
        }
        Ok(())
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

    /// The contact that this alias named at that time: of those that had it, the one who gave it up next.
    fn find(&self, index: &BlindIndex, at: Timestamp) -> Option<ContactId> {
        let names = self.aliases.iter().map(|slot| &slot.row).filter(|row| row.value_index == *index);
        let end = |row: &alias::Model| row.valid_to.map_or(i64::MAX, |end| end.0);
        let alias =
            names.filter(|row| row.kind == alias::Kind::UserId || end(row) > at.0).min_by_key(|row| end(row))?;
        Some(self.root(alias.contact_id))
    }

    /// Aliases of a contact and of those merged into it.
    fn aliases_of(&self, id: ContactId, kind: alias::Kind) -> impl Iterator<Item = &alias::Model> {
        self.aliases.iter().map(|slot| &slot.row).filter(move |row| row.kind == kind && self.root(row.contact_id) == id)
    }

    fn is_someone_else(&self, id: ContactId, user: Option<&BlindIndex>) -> bool {
        let Some(user) = user else { return false };
        let mut known = self.aliases_of(id, alias::Kind::UserId).peekable();
        known.peek().is_some() && !known.any(|row| row.value_index == *user)
    }

    /// The contact that this person is; a new one if nobody is known by these names. Learns what is new about it.
    pub(super) fn resolve(&mut self, desk: &mut Desk<'_>, peer: &Peer, at: Timestamp) -> Result<ContactId> {
        let user = peer.user_id.as_deref().map(|id| user_index(desk.keys, id));
        let phone = peer.wa_id.as_deref().map(|phone| phone_index(desk.keys, phone));
        let by_user = user.as_ref().and_then(|index| self.find(index, at));
        let by_phone = phone.as_ref().and_then(|index| self.find(index, at));
        let id = match (by_user, by_phone) {
            (Some(by_user), Some(by_phone)) if by_user != by_phone => {
                if self.is_someone_else(by_phone, user.as_ref()) {
                    self.close(by_phone, phone.as_ref(), at);
                } else {
                    self.merge(desk, by_phone, by_user);
                }
                by_user
            }
            (Some(id), _) => id,
            (None, Some(id)) if self.is_someone_else(id, user.as_ref()) => {
                self.close(id, phone.as_ref(), at);
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

    /// A contact is known by this alias no more: a number has a new owner, or a person new names. What was learnt later
    /// than that stays.
    fn close(&mut self, id: ContactId, index: Option<&BlindIndex>, at: Timestamp) {
        let places: Vec<AliasId> = [alias::Kind::Phone, alias::Kind::UserId]
            .into_iter()
            .flat_map(|kind| self.aliases_of(id, kind))
            .filter(|row| Some(&row.value_index) == index && row.valid_to.is_none() && row.valid_from <= at)
            .map(|row| row.id)
            .collect();
        for slot in self.aliases.iter_mut().filter(|slot| places.contains(&slot.row.id)) {
            slot.change(|row| row.valid_to = Some(at));
        }
    }

    /// Keeps the names, of either kind, that the contact was not known by.
    fn learn(&mut self, desk: &mut Desk<'_>, id: ContactId, peer: &Peer, at: Timestamp) -> Result<()> {
        let is_new = self.contacts.get(&id).is_some_and(|slot| slot.is_new());
        for (kind, index, value) in names(desk.keys, peer) {
            let is_valid = |row: &alias::Model| kind == alias::Kind::UserId || row.valid_to.is_none_or(|end| end > at);
            if self.aliases_of(id, kind).any(|row| row.value_index == index && is_valid(row)) {
                continue;
            }
            // Said before the number had the owner we know: it was this person's until then.
            let others = self.aliases.iter().map(|slot| &slot.row).filter(|row| row.value_index == index);
            let until = others.filter(|row| row.valid_from > at && self.root(row.contact_id) != id);
            let until = until.map(|row| row.valid_from).min();
            self.add(desk, id, kind, index, value, (at, until))?;
            if let Some(alias) = self.aliases.last().filter(|_| !is_new) {
                let detail = json!({ "alias": alias.row.id.0 });
                desk.entries.push(Entry::new(Kind::AliasLearnt, Actor::SYSTEM, id.0).with(detail));
            }
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

    fn add(
        &mut self,
        desk: &mut Desk<'_>,
        contact_id: ContactId,
        kind: alias::Kind,
        value_index: BlindIndex,
        value: &str,
        (valid_from, valid_to): (Timestamp, Option<Timestamp>),
    ) -> Result<()> {
        let id = AliasId(desk.core.clock.id());
        let place = Context { tenant: desk.keys.tenant.0, table: "alias", row: id.0, column: "value" };
        let value = desk.content.get(desk.core, desk.keys, contact_id, None)?.seal(&place, value.as_bytes())?;
        let tenant_id = desk.keys.tenant;
        let row = alias::Model { tenant_id, id, contact_id, kind, value_index, value, valid_from, valid_to };
        self.aliases.push(Slot::new(row));
        Ok(())
    }

    /// A person is known by new names from now on, and by the old ones no more.
    pub(super) fn rename(&mut self, desk: &mut Desk<'_>, change: &IdentityChange, at: Timestamp) -> Result<ContactId> {
        let known = indexes(desk.keys, &change.previous).find_map(|index| self.find(&index, at));
        let id = match known {
            Some(id) => id,
            None => self.resolve(desk, &change.current, at)?,
        };
        for index in indexes(desk.keys, &change.current).collect::<Vec<_>>() {
            let Some(other) = self.find(&index, at).filter(|other| *other != id) else { continue };
            let is_user_id = change.current.user_id.as_deref().is_some_and(|user| user_index(desk.keys, user) == index);
            if is_user_id || self.aliases_of(other, alias::Kind::UserId).next().is_none() {
                self.merge(desk, other, id);
            } else {
                self.close(other, Some(&index), at);
            }
        }
        let current: Vec<alias::Kind> = names(desk.keys, &change.current).map(|(kind, _, _)| kind).collect();
        for (kind, index, value) in names(desk.keys, &change.previous).filter(|(kind, _, _)| current.contains(kind)) {
            self.close(id, Some(&index), at);
            // What was said under the old name may still be on its way.
            if !self.aliases_of(id, kind).any(|row| row.value_index == index) {
                self.add(desk, id, kind, index, value, (at, Some(at)))?;
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
