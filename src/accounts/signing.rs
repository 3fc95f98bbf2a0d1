//! The keys that sign access tokens: kept sealed in the database, shared by all nodes.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use entity::{SigningKeyId, Timestamp, signing_key};
use sea_orm::ActiveValue::Set;
use zeroize::Zeroizing;

use crate::auth::token::{Claims, KeyError, Keyring, SigningKey};
use crate::clock::random;
use crate::core::Core;
use crate::error::{Error, Result};
use crate::keys::PlatformKeys;
use crate::vault::SealError;

/// Microseconds between two looks for keys of other nodes: whoever sends bad tokens costs no more than that.
const LOOK_AGAIN: u64 = 1_000_000;

/// The ring of signing keys as last seen in the database.
pub(super) struct Signing {
    ring: RwLock<Arc<Keyring>>,
    looked_at: AtomicI64,
}

impl Signing {
    /// Loads the keys; makes the first where there is none.
    pub async fn load(core: &Core) -> Result<Self> {
        let now = core.clock.now();
        let mut rows = core.db.signing_keys().await?;
        if rows.is_empty() {
            core.db.keep_first_signing_key(fresh(core, now)?).await?;
            rows = core.db.signing_keys().await?;
        }
        Ok(Self { ring: RwLock::new(Arc::new(ring(core, &rows)?)), looked_at: AtomicI64::new(now.0) })
    }

    fn ring(&self) -> Arc<Keyring> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Signs a token.
    pub fn issue(&self, claims: &Claims) -> Result<String> {
        self.ring().issue(claims).map_err(unusable)
    }

    /// What a token says; `None` when it is not accepted, whatever the cause. It may be signed by a key that another
    /// node made since: before it is refused, the keys are looked at again.
    pub async fn verify(&self, core: &Core, token: &str) -> Result<Option<Claims>> {
        let now = core.clock.now();
        if let Ok(claims) = self.ring().verify(token, now.0) {
            return Ok(Some(claims));
        }
        let looked_at = self.looked_at.load(Ordering::Relaxed);
        let is_time = now.0.abs_diff(looked_at) >= LOOK_AGAIN
            && self.looked_at.compare_exchange(looked_at, now.0, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if !is_time {
            return Ok(None);
        }
        let ring = Arc::new(ring(core, &core.db.signing_keys().await?)?);
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&ring);
        Ok(ring.verify(token, now.0).ok())
    }
}

fn fresh(core: &Core, now: Timestamp) -> Result<signing_key::ActiveModel> {
    let id = core.clock.id();
    let seed = Zeroizing::new(random::<32>());
    let key = SigningKey::from_seed(&seed).map_err(unusable)?;
    Ok(signing_key::ActiveModel {
        id: Set(SigningKeyId(id)),
        private: Set(core.platform.seal("signing_key", id, "private", seed.as_slice())?),
        public: Set(key.public().to_vec()),
        created_at: Set(now),
        retired_at: Set(None),
    })
}

/// The newest key signs; all that are not retired are accepted.
fn ring(core: &Core, rows: &[signing_key::Model]) -> Result<Keyring> {
    let mut rows = rows.iter().filter(|row| row.retired_at.is_none());
    let newest = rows.next().ok_or_else(|| Error::internal("There is no key to sign access tokens with."))?;
    let place = PlatformKeys::context("signing_key", newest.id.0, "private");
    let seed = core.platform.content.open(&place, &newest.private)?;
    let seed = Zeroizing::new(<[u8; 32]>::try_from(seed.as_slice()).map_err(|_| SealError)?);
    let others = rows
        .map(|row| Ok((row.id.0.to_string(), <[u8; 32]>::try_from(row.public.as_slice()).map_err(|_| SealError)?)))
        .collect::<Result<Vec<_>>>()?;
    Keyring::new(newest.id.0.to_string(), &SigningKey::from_seed(&seed).map_err(unusable)?, others).map_err(unusable)
}

fn unusable(error: KeyError) -> Error {
    Error::internal("Access tokens cannot be signed.").because(error)
}
