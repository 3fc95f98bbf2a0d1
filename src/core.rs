//! What every verb of the business stands on.

use std::sync::Arc;

use crate::clock::Clock;
use crate::db::Db;
use crate::doorbell::Doorbell;
use crate::keys::PlatformKeys;
use crate::vault::Keyring;

/// The database, the keys, the clock and the bell. Clones share them.
#[derive(Clone)]
pub struct Core {
    /// The database.
    pub db: Db,
    /// Opens keys.
    pub keyring: Arc<Keyring>,
    /// The platform's own keys.
    pub platform: Arc<PlatformKeys>,
    /// Time and ids.
    pub clock: Clock,
    /// Says that a journal has grown.
    pub doorbell: Doorbell,
}
