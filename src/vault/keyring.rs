//! Who wraps whom: master key → tenant key → content key. Opened keys live in bounded caches, for minutes.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entity::{ContentKeyId, TenantId, content_key, platform_key, tenant_key};
use moka::sync::Cache;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::blind::IndexKey;
use super::seal::{Key, SealError};

/// How long an opened key stays in memory after it was opened.
const KEY_LIFE: Duration = Duration::from_secs(300);
const TENANTS: u64 = 10_000;
const CONTENT_KEYS: u64 = 200_000;

/// The master keys: the first wraps, all unwrap.
#[derive(Clone)]
pub struct MasterKeys(Arc<[(String, Key)]>);

impl MasterKeys {
    /// Reads keys of 32 bytes in base64, one a line.
    ///
    /// # Errors
    /// A sentence saying which line is wrong.
    pub fn parse(lines: &str) -> Result<Self, String> {
        let mut keys = Vec::new();
        for (number, line) in lines.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty()) {
            let bytes = Zeroizing::new(STANDARD.decode(line).unwrap_or_default());
            let Ok(bytes) = <[u8; 32]>::try_from(bytes.as_slice()).map(Zeroizing::new) else {
                return Err(format!("Line {} of the master key is not 32 bytes in base64.", number + 1));
            };
            // The id tells keys apart without telling anything of them.
            let id: Vec<u8> =
                digest::digest(&digest::SHA256, &[b"vigia master key id".as_slice(), bytes.as_slice()].concat())
                    .as_ref()
                    .iter()
                    .copied()
                    .take(16)
                    .collect();
            let id = Uuid::from_slice(&id).unwrap_or_default();
            let key = Key::new(id, &bytes).map_err(|error| error.to_string())?;
            keys.push((id.simple().to_string(), key));
        }
        if keys.is_empty() {
            return Err("There is no master key in it: 32 bytes in base64, one key a line.".into());
        }
        Ok(Self(keys.into()))
    }

    /// Makes a new key, as a line of a key file.
    pub fn generate() -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(Zeroizing::new(crate::clock::random::<32>()).as_slice()))
    }

    fn first(&self) -> Result<&(String, Key), SealError> {
        self.0.first().ok_or(SealError)
    }

    fn get(&self, id: &str) -> Option<&Key> {
        self.0.iter().find(|(own, _)| own == id).map(|(_, key)| key)
    }
}

/// A tenant's opened keys: the one that wraps, the one for what is the company's own, and the one for look-ups.
#[derive(Clone)]
pub struct TenantKeys {
    /// Whose they are.
    pub tenant: TenantId,
    /// Blind indexes.
    pub index: Arc<IndexKey>,
    /// Seals what belongs to the company itself.
    pub company: Key,
    wrapping: Key,
}

/// Opens keys, and remembers the opened ones for a short time.
pub struct Keyring {
    masters: RwLock<MasterKeys>,
    tenants: Cache<TenantId, TenantKeys>,
    content: Cache<(TenantId, Uuid), Key>,
}

impl Keyring {
    /// A keyring under these master keys.
    pub fn new(masters: MasterKeys) -> Self {
        Self {
            masters: RwLock::new(masters),
            tenants: Cache::builder().max_capacity(TENANTS).time_to_live(KEY_LIFE).build(),
            content: Cache::builder().max_capacity(CONTENT_KEYS).time_to_live(KEY_LIFE).build(),
        }
    }

    fn masters(&self) -> MasterKeys {
        self.masters.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Puts other master keys in place (the file was read again).
    pub fn replace_masters(&self, masters: MasterKeys) {
        *self.masters.write().unwrap_or_else(std::sync::PoisonError::into_inner) = masters;
    }

    /// Whether a key wrapped by this master key can be opened.
    pub fn knows_master(&self, id: &str) -> bool {
        self.masters().get(id).is_some()
    }

    /// Wraps a new key of the platform's: what is stored, and by which master key.
    ///
    /// # Errors
    /// Never for a key; the library's signature has it.
    pub fn wrap_platform(&self, id: Uuid, bytes: &Zeroizing<[u8; 32]>) -> Result<(Vec<u8>, String), SealError> {
        let masters = self.masters();
        let (master, key) = masters.first()?;
        Ok((key.seal_with(&wrap_context("platform", Uuid::nil(), id), bytes.as_slice())?, master.clone()))
    }

    /// Opens a key of the platform's.
    ///
    /// # Errors
    /// When its master key is not here, or it was changed.
    pub fn unwrap_platform(&self, row: &platform_key::Model) -> Result<Zeroizing<[u8; 32]>, SealError> {
        let masters = self.masters();
        let master = masters.get(&row.wrapped_by).ok_or(SealError)?;
        thirty_two(&master.open_with(&wrap_context("platform", Uuid::nil(), row.id.0), &row.wrapped)?)
    }

    /// Wraps a new key of a tenant's.
    ///
    /// # Errors
    /// Never for a key; the library's signature has it.
    pub fn wrap_tenant(
        &self,
        tenant: TenantId,
        id: Uuid,
        bytes: &Zeroizing<[u8; 32]>,
    ) -> Result<(Vec<u8>, String), SealError> {
        let masters = self.masters();
        let (master, key) = masters.first()?;
        Ok((key.seal_with(&wrap_context("tenant", tenant.0, id), bytes.as_slice())?, master.clone()))
    }

    fn unwrap_tenant(&self, row: &tenant_key::Model) -> Result<Key, SealError> {
        let masters = self.masters();
        let master = masters.get(&row.wrapped_by).ok_or(SealError)?;
        let bytes = thirty_two(&master.open_with(&wrap_context("tenant", row.tenant_id.0, row.id.0), &row.wrapped)?)?;
        Key::new(row.id.0, &bytes)
    }

    /// The tenant's opened keys, if they are in memory.
    pub fn tenant(&self, tenant: TenantId) -> Option<TenantKeys> {
        self.tenants.get(&tenant)
    }

    /// Opens a tenant's keys: its wrapping key, and with it the index and company keys.
    ///
    /// # Errors
    /// When a key is missing, was changed, or its master key is not here.
    pub fn open_tenant(
        &self,
        wrapping: &tenant_key::Model,
        own: &[content_key::Model],
    ) -> Result<TenantKeys, SealError> {
        let wrapping_key = self.unwrap_tenant(wrapping)?;
        let find = |kind| own.iter().find(|row| row.kind == kind).ok_or(SealError);
        let index = find(content_key::Kind::Index)?;
        let company = find(content_key::Kind::Company)?;
        let keys = TenantKeys {
            tenant: wrapping.tenant_id,
            index: Arc::new(IndexKey::new(&unwrap_content(&wrapping_key, index)?)),
            company: Key::new(company.id.0, &unwrap_content(&wrapping_key, company)?)?,
            wrapping: wrapping_key,
        };
        self.tenants.insert(wrapping.tenant_id, keys.clone());
        self.content.insert((wrapping.tenant_id, company.id.0), keys.company.clone());
        Ok(keys)
    }

    /// An opened content key, if it is in memory.
    pub fn content(&self, tenant: TenantId, id: Uuid) -> Option<Key> {
        self.content.get(&(tenant, id))
    }

    /// Opens a content key; `None` when it is destroyed.
    ///
    /// # Errors
    /// When it was changed, or is wrapped by another key than the tenant's.
    pub fn open_content(&self, keys: &TenantKeys, row: &content_key::Model) -> Result<Option<Key>, SealError> {
        if row.destroyed_at.is_some() {
            self.content.invalidate(&(keys.tenant, row.id.0));
            return Ok(None);
        }
        if let Some(key) = self.content(keys.tenant, row.id.0) {
            return Ok(Some(key));
        }
        let key = Key::new(row.id.0, &unwrap_content(&keys.wrapping, row)?)?;
        self.content.insert((keys.tenant, row.id.0), key.clone());
        Ok(Some(key))
    }

    /// Remembers a content key that was made and committed.
    pub fn remember(&self, tenant: TenantId, key: &Key) {
        self.content.insert((tenant, key.id()), key.clone());
    }
}

impl TenantKeys {
    /// Makes a content key: the opened key, what is stored, and which key wrapped it.
    ///
    /// # Errors
    /// Never for a key; the library's signature has it.
    pub fn make_content(&self, id: ContentKeyId) -> Result<(Key, Vec<u8>, Uuid), SealError> {
        let bytes = Zeroizing::new(crate::clock::random::<32>());
        let wrapped = self.wrapping.seal_with(&wrap_context("content", self.tenant.0, id.0), bytes.as_slice())?;
        Ok((Key::new(id.0, &bytes)?, wrapped, self.wrapping.id()))
    }

    /// The keys a tenant begins with, before any are stored: what is stored are the index and the company key.
    ///
    /// # Errors
    /// Never for keys; the library's signature has it.
    pub fn found(
        tenant: TenantId,
        wrapping: Uuid,
        bytes: &Zeroizing<[u8; 32]>,
        index: Uuid,
        company: Uuid,
    ) -> Result<(Self, [Vec<u8>; 2]), SealError> {
        let wrapping = Key::new(wrapping, bytes)?;
        let wrap = |id: Uuid, bytes: &Zeroizing<[u8; 32]>| {
            wrapping.seal_with(&wrap_context("content", tenant.0, id), bytes.as_slice())
        };
        let index_bytes = Zeroizing::new(crate::clock::random::<32>());
        let company_bytes = Zeroizing::new(crate::clock::random::<32>());
        let wrapped = [wrap(index, &index_bytes)?, wrap(company, &company_bytes)?];
        let keys = Self {
            tenant,
            index: Arc::new(IndexKey::new(&index_bytes)),
            company: Key::new(company, &company_bytes)?,
            wrapping,
        };
        Ok((keys, wrapped))
    }
}

fn unwrap_content(wrapping: &Key, row: &content_key::Model) -> Result<Zeroizing<[u8; 32]>, SealError> {
    let wrapped = row.wrapped.as_ref().ok_or(SealError)?;
    thirty_two(&wrapping.open_with(&wrap_context("content", row.tenant_id.0, row.id.0), wrapped)?)
}

fn wrap_context(what: &str, tenant: Uuid, id: Uuid) -> Vec<u8> {
    [b"vigia key 1 ".as_slice(), what.as_bytes(), tenant.as_bytes(), id.as_bytes()].concat()
}

fn thirty_two(bytes: &[u8]) -> Result<Zeroizing<[u8; 32]>, SealError> {
    <[u8; 32]>::try_from(bytes).map(Zeroizing::new).map_err(|_| SealError)
}
