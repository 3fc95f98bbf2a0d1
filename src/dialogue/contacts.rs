//! Contacts, across the pointers of those that turned out to be one person.

use std::collections::{HashMap, HashSet};

use entity::{ContactId, alias, contact};
use sea_orm::sea_query::Order;
use sea_orm::{ColumnTrait, Condition};

use crate::db::TenantTx;
use crate::error::Result;
use crate::keys::{self, Opened};
use crate::providers::phone_key;
use crate::vault::{Keyring, Purpose};

/// What is known of a person, opened.
#[derive(Clone, Default)]
pub struct Contact {
    /// As WhatsApp last showed it.
    pub name: Option<String>,
    /// The newest that is still theirs, E.164; none where they are known by user ids alone.
    pub phone: Option<String>,
    /// Whether what was known of them is erased.
    pub is_erased: bool,
}

/// Opens contacts. Those that were merged show the person they turned out to be; what is not the tenant's is absent.
///
/// # Errors
/// What the database says, or when something does not open.
pub async fn contacts(tx: &TenantTx, keyring: &Keyring, ids: &[ContactId]) -> Result<HashMap<ContactId, Contact>> {
    let people = People::load(tx, ids.to_vec()).await?;
    let aliases = tx
        .rows::<alias::Entity>()
        .filter(alias::Column::Kind.eq(alias::Kind::Phone))
        .filter(alias::Column::ValidTo.is_null())
        .among(alias::Column::ContactId, people.rows.keys().copied())
        .order_by(alias::Column::ValidFrom, Order::Desc)
        .order_by(alias::Column::Id, Order::Desc)
        .all()
        .await?;
    let names = people.rows.values().filter_map(|row| row.name.as_ref());
    let opened = keys::open_for(tx, keyring, names.chain(aliases.iter().map(|row| &row.value))).await?;
    let mut known: HashMap<ContactId, Contact> = HashMap::new();
    for root in people.rows.keys().map(|id| people.root(*id)).collect::<HashSet<_>>() {
        known.insert(root, people.show(root, &aliases, &opened)?);
    }
    let shown =
        |id: &ContactId| Some((*id, known.get(&people.rows.contains_key(id).then(|| people.root(*id))?)?.clone()));
    Ok(ids.iter().filter_map(shown).collect())
}

/// Whether the tenant has this contact.
///
/// # Errors
/// What the database says.
pub async fn contact_exists(tx: &TenantTx, id: ContactId) -> Result<bool> {
    Ok(tx.rows::<contact::Entity>().filter(contact::Column::Id.eq(id)).one().await?.is_some())
}

/// Every contact that this phone is or was a name of, and all that were merged with them, either way.
pub(super) async fn of_phone(tx: &TenantTx, keyring: &Keyring, phone: &str) -> Result<Vec<ContactId>> {
    let keys = keys::of_tenant(tx, keyring).await?;
    let index = keys.index.index(Purpose::Phone, &[phone_key(phone).as_bytes()]);
    let aliases = tx
        .rows::<alias::Entity>()
        .filter(alias::Column::Kind.eq(alias::Kind::Phone))
        .filter(alias::Column::ValueIndex.eq(index))
        .all()
        .await?;
    let people = People::load(tx, aliases.into_iter().map(|row| row.contact_id).collect()).await?;
    Ok(people.rows.into_keys().collect())
}

/// Contacts with everybody they were merged with.
struct People {
    rows: HashMap<ContactId, contact::Model>,
}

impl People {
    /// One statement where nobody was merged, one more for each step away from those asked for.
    async fn load(tx: &TenantTx, ids: Vec<ContactId>) -> Result<Self> {
        let mut rows: HashMap<ContactId, contact::Model> = HashMap::new();
        let mut seen: HashSet<ContactId> = HashSet::new();
        let mut next = ids;
        loop {
            next.retain(|id| seen.insert(*id));
            if next.is_empty() {
                return Ok(Self { rows });
            }
            // Padded, so that the statement has a text for each power of two and not for each number.
            let last = next.last().copied();
            let padding = last.into_iter().cycle().take(next.len().next_power_of_two() - next.len());
            let wanted: Vec<ContactId> = next.iter().copied().chain(padding).collect();
            let related = Condition::any()
                .add(contact::Column::Id.is_in(wanted.iter().copied()))
                .add(contact::Column::MergedInto.is_in(wanted.iter().copied()));
            let found = tx.rows::<contact::Entity>().filter(related).all().await?;
            // Those asked for are known with all that point at them; only others lead further.
            next = found.iter().flat_map(|row| [Some(row.id), row.merged_into]).flatten().collect();
            rows.extend(found.into_iter().map(|row| (row.id, row)));
        }
    }

    /// Who a contact turned out to be in the end.
    fn root(&self, id: ContactId) -> ContactId {
        let mut root = id;
        // No longer than there are rows: a circle of pointers, which nobody writes, must not hold a request.
        for _ in 0..self.rows.len() {
            match self.rows.get(&root).and_then(|row| row.merged_into) {
                Some(next) => root = next,
                None => break,
            }
        }
        root
    }

    fn show(&self, root: ContactId, aliases: &[alias::Model], opened: &Opened) -> Result<Contact> {
        let mut family: Vec<&contact::Model> = self.rows.values().filter(|row| self.root(row.id) == root).collect();
        // The person's own name first, then that of whoever joined them last.
        family.sort_unstable_by_key(|row| (row.id == root, row.created_at, row.id));
        let mut contact = Contact::default();
        for row in family.into_iter().rev() {
            if let (None, Some(name)) = (&contact.name, &row.name) {
                contact.name = opened.text("contact", row.id.0, "name", name)?;
                contact.is_erased |= contact.name.is_none();
            }
        }
        for row in aliases.iter().filter(|row| self.root(row.contact_id) == root) {
            if contact.phone.is_none() {
                contact.phone = opened.text("alias", row.id.0, "value", &row.value)?.map(|digits| format!("+{digits}"));
                contact.is_erased |= contact.phone.is_none();
            }
        }
        contact.is_erased &= contact.name.is_none() && contact.phone.is_none();
        Ok(contact)
    }
}
