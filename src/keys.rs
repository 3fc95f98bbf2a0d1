//! A tenant's keys as rows: loading, opening, making.

use std::collections::{HashMap, HashSet};

use entity::{
    ContactId, ContentKeyId, ConversationId, PlatformKeyId, Sealed, TenantKeyId, Timestamp, content_key, platform_key,
    tenant_key,
};
use sea_orm::ActiveValue::Set;
use sea_orm::ColumnTrait;
use sea_orm::sea_query::Order;
use uuid::Uuid;
use zeroize::{Zeroize, Zeroizing};

use crate::clock::{Clock, random};
use crate::db::{Db, TenantTx};
use crate::error::{Error, Result};
use crate::vault::{Context, IndexKey, Key, Keyring, SealError, TenantKeys};

impl From<SealError> for Error {
    fn from(error: SealError) -> Self {
        Self::internal("A sealed value or key does not open.").because(error)
    }
}

/// The platform's own keys.
pub struct PlatformKeys {
    /// Seals the platform's own values.
    pub content: Key,
    /// Blind indexes over the platform's own values.
    pub index: IndexKey,
}

impl PlatformKeys {
    /// The place of a platform's value.
    pub fn context(table: &'static str, row: Uuid, column: &'static str) -> Context {
        Context { tenant: Uuid::nil(), table, row, column }
    }

    /// Seals text of the platform's.
    ///
    /// # Errors
    /// As [`Key::seal`].
    pub fn seal(&self, table: &'static str, row: Uuid, column: &'static str, value: &[u8]) -> Result<Sealed> {
        Ok(self.content.seal(&Self::context(table, row, column), value)?)
    }

    /// Opens text of the platform's.
    ///
    /// # Errors
    /// When it does not open.
    pub fn open_text(&self, table: &'static str, row: Uuid, column: &'static str, sealed: &Sealed) -> Result<String> {
        text(self.content.open(&Self::context(table, row, column), sealed)?)
    }

    /// Loads the platform's keys; makes them where there are none yet.
    ///
    /// # Errors
    /// When they do not open with the master keys that are here.
    pub async fn load(db: &Db, keyring: &Keyring, clock: &Clock) -> Result<Self> {
        let mut rows = db.platform_keys().await?;
        if rows.is_empty() {
            let fresh = [platform_key::Kind::Content, platform_key::Kind::Index]
                .into_iter()
                .map(|kind| {
                    let id = clock.id();
                    let (wrapped, wrapped_by) = keyring.wrap_platform(id, &Zeroizing::new(random()))?;
                    Ok(platform_key::ActiveModel {
                        id: Set(PlatformKeyId(id)),
                        kind: Set(kind),
                        wrapped: Set(wrapped),
                        wrapped_by: Set(wrapped_by),
                        created_at: Set(clock.now()),
                    })
                })
                .collect::<Result<Vec<_>>>()?;
            db.keep_platform_keys(fresh).await?;
            rows = db.platform_keys().await?;
        }
        let find = |kind| {
            rows.iter()
                .find(|row| row.kind == kind)
                .ok_or_else(|| Error::internal("The platform has no keys of its own."))
        };
        let open = |row: &platform_key::Model| {
            if !keyring.knows_master(&row.wrapped_by) {
                return Err(Error::internal(
                    "The master key that is set is not the one this database was sealed with: set VIGIA_MASTER_KEY_FILE to \
                     the right one.",
                ));
            }
            Ok(keyring.unwrap_platform(row)?)
        };
        let content = find(platform_key::Kind::Content)?;
        Ok(Self {
            content: Key::new(content.id.0, &open(content)?)?,
            index: IndexKey::new(&open(find(platform_key::Kind::Index)?)?),
        })
    }
}

/// The tenant's keys, from memory or opened anew.
///
/// # Errors
/// When they do not open.
pub async fn of_tenant(tx: &TenantTx, keyring: &Keyring) -> Result<TenantKeys> {
    if let Some(keys) = keyring.tenant(tx.tenant()) {
        return Ok(keys);
    }
    let wrapping = tx
        .rows::<tenant_key::Entity>()
        .order_by(tenant_key::Column::Version, Order::Desc)
        .one()
        .await?
        .ok_or_else(|| Error::internal("A tenant has no key."))?;
    let own = tx
        .rows::<content_key::Entity>()
        .filter(content_key::Column::Kind.is_in([content_key::Kind::Index, content_key::Kind::Company]))
        .filter(content_key::Column::ContactId.is_null())
        .all()
        .await?;
    Ok(keyring.open_tenant(&wrapping, &own)?)
}

/// What a tenant's founding stores of its keys.
pub struct FoundedKeys {
    /// The opened keys.
    pub keys: TenantKeys,
    /// The wrapping key's row.
    pub wrapping: tenant_key::ActiveModel,
    /// The index and company keys' rows.
    pub own: Vec<content_key::ActiveModel>,
}

/// Makes the keys a tenant begins with.
///
/// # Errors
/// When the master key does not wrap them.
pub fn found(tenant: entity::TenantId, keyring: &Keyring, clock: &Clock) -> Result<FoundedKeys> {
    let (id, index, company) = (clock.id(), clock.id(), clock.id());
    let bytes = Zeroizing::new(random());
    let (wrapped, wrapped_by) = keyring.wrap_tenant(tenant, id, &bytes)?;
    let (keys, [wrapped_index, wrapped_company]) = TenantKeys::found(tenant, id, &bytes, index, company)?;
    let now = clock.now();
    let wrapping = tenant_key::ActiveModel {
        tenant_id: Set(tenant),
        id: Set(TenantKeyId(id)),
        version: Set(1),
        wrapped: Set(wrapped),
        wrapped_by: Set(wrapped_by),
        created_at: Set(now),
    };
    let row = |id, kind, wrapped| content_key_row(id, kind, None, None, wrapped, wrapping_id(&wrapping), now);
    let own = vec![
        row(index, content_key::Kind::Index, wrapped_index),
        row(company, content_key::Kind::Company, wrapped_company),
    ];
    Ok(FoundedKeys { keys, wrapping, own })
}

fn wrapping_id(row: &tenant_key::ActiveModel) -> Uuid {
    row.id.try_as_ref().map(|id| id.0).unwrap_or_default()
}

fn content_key_row(
    id: Uuid,
    kind: content_key::Kind,
    contact: Option<ContactId>,
    conversation: Option<ConversationId>,
    wrapped: Vec<u8>,
    wrapped_by: Uuid,
    now: Timestamp,
) -> content_key::ActiveModel {
    content_key::ActiveModel {
        tenant_id: Set(entity::TenantId(Uuid::nil())),
        id: Set(ContentKeyId(id)),
        kind: Set(kind),
        contact_id: Set(contact),
        conversation_id: Set(conversation),
        wrapped: Set(Some(wrapped)),
        wrapped_by: Set(TenantKeyId(wrapped_by)),
        created_at: Set(now),
        destroyed_at: Set(None),
    }
}

/// Makes a content key for a contact, or for a contact's part in a conversation.
///
/// # Errors
/// When the tenant's key does not wrap it.
pub fn make(
    keys: &TenantKeys,
    kind: content_key::Kind,
    contact: ContactId,
    conversation: Option<ConversationId>,
    clock: &Clock,
) -> Result<(Key, content_key::ActiveModel)> {
    let id = clock.id();
    let (key, wrapped, wrapped_by) = keys.make_content(ContentKeyId(id))?;
    Ok((key, content_key_row(id, kind, Some(contact), conversation, wrapped, wrapped_by, clock.now())))
}

/// Content keys opened for a set of values. A destroyed one is there as such.
pub struct Opened {
    tenant: Uuid,
    keys: HashMap<Uuid, Option<Key>>,
}

/// Opens the keys of these sealed values: those not in memory in one statement.
///
/// # Errors
/// When a key does not open.
pub async fn open_for<'a>(
    tx: &TenantTx,
    keyring: &Keyring,
    values: impl IntoIterator<Item = &'a Sealed>,
) -> Result<Opened> {
    let tenant = tx.tenant();
    let keys = of_tenant(tx, keyring).await?;
    let mut opened = HashMap::new();
    let mut missing = HashSet::new();
    for id in values.into_iter().filter_map(Context::key_of) {
        match keyring.content(tenant, id) {
            Some(key) => {
                opened.insert(id, Some(key));
            }
            None => {
                missing.insert(id);
            }
        }
    }
    // A key that was destroyed has left a row. One without a row is no key of this tenant: what it sealed does not open.
    if !missing.is_empty() {
        for row in tx.rows::<content_key::Entity>().among(content_key::Column::Id, missing).all().await? {
            let key = keyring.open_content(&keys, &row)?;
            opened.insert(row.id.0, key);
        }
    }
    Ok(Opened { tenant: tenant.0, keys: opened })
}

impl Opened {
    /// Opens a value in its place; `None` when its key is destroyed: the content is erased.
    ///
    /// # Errors
    /// When it does not open though its key is there.
    pub fn bytes(
        &self,
        table: &'static str,
        row: Uuid,
        column: &'static str,
        sealed: &Sealed,
    ) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let id = Context::key_of(sealed).ok_or(SealError)?;
        match self.keys.get(&id) {
            Some(Some(key)) => Ok(Some(key.open(&Context { tenant: self.tenant, table, row, column }, sealed)?)),
            Some(None) => Ok(None),
            None => Err(SealError.into()),
        }
    }

    /// The same, as text.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    pub fn text(
        &self,
        table: &'static str,
        row: Uuid,
        column: &'static str,
        sealed: &Sealed,
    ) -> Result<Option<String>> {
        self.bytes(table, row, column, sealed)?.map(text).transpose()
    }
}

/// Text out of an opened value.
///
/// # Errors
/// When it is no UTF-8: a fault of ours.
pub fn text(mut bytes: Zeroizing<Vec<u8>>) -> Result<String> {
    String::from_utf8(std::mem::take(&mut *bytes)).map_err(|error| {
        error.into_bytes().zeroize();
        Error::internal("A sealed text is no UTF-8.")
    })
}
