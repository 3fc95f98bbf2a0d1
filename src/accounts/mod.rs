//! Accounts: who may come in, and who is in.
//!
//! A *login* is an e-mail's way in at one tenant or on the platform; a *session* is a signed-in person, from sign-in to
//! sign-out. Access tokens name a session and are worth what the session is worth at that moment.

mod email;
mod sessions;
mod sign_in;
mod signing;
mod users;

pub use sessions::{Authenticated, SignedIn};
pub use sign_in::SignIn;
pub(crate) use users::{Fields, Person};
pub use users::{NewUser, UserChange, UserText, open_user};

use std::time::Duration;

use aws_lc_rs::hmac;
use entity::{Sealed, SessionId, login};
use moka::sync::Cache;
use zeroize::Zeroizing;

use self::email::Email;
use self::sessions::Standing;
use self::signing::Signing;
use crate::auth::password::{HashError, Hasher, Password};
use crate::auth::throttle::Throttle;
use crate::core::Core;
use crate::error::{Error, ErrorCode, Result};
use crate::keys::PlatformKeys;
use crate::vault::Purpose;

/// How long a look-up of a session is good for. What another node ends is refused here after this time at the latest.
const LOOKED_UP: Duration = Duration::from_millis(500);
/// Sessions whose look-up is remembered.
const SESSIONS: u64 = 100_000;

/// Signs people in, knows them again, and keeps their accounts. One for the whole process: it counts failed attempts
/// and bounds how many passwords are hashed at once.
pub struct Accounts {
    core: Core,
    hasher: Hasher,
    throttle: Throttle,
    signing: Signing,
    /// Of refresh tokens.
    refresh_key: Zeroizing<[u8; 32]>,
    live: Cache<SessionId, Standing>,
}

impl Accounts {
    /// Loads the keys that sign access tokens, made where there are none yet.
    ///
    /// # Errors
    /// When the database is away or a key does not open.
    pub async fn load(core: Core) -> Result<Self> {
        let mut refresh_key = Zeroizing::new([0; 32]);
        let mac = hmac::sign(core.platform.index.key(Purpose::Refresh), b"refresh tokens");
        for (to, from) in refresh_key.iter_mut().zip(mac.as_ref()) {
            *to = *from;
        }
        Ok(Self {
            hasher: Hasher::new(std::thread::available_parallelism().map_or(1, usize::from)),
            throttle: Throttle::new(),
            signing: Signing::load(&core).await?,
            refresh_key,
            live: Cache::builder().max_capacity(SESSIONS).time_to_live(LOOKED_UP).build(),
            core,
        })
    }

    /// What the accounts stand on.
    pub fn core(&self) -> &Core {
        &self.core
    }

    /// Forgets every look-up of a session, so that what this node ended is refused by it at once.
    pub(crate) fn forget(&self) {
        self.live.invalidate_all();
    }

    /// The slow hash of a password under its e-mail's salt.
    async fn hash(&self, password: Password, email: &Email) -> Result<Zeroizing<[u8; 32]>> {
        let hash = self.hasher.hash(password, email.salt(&self.core)).await.map_err(|error| match error {
            HashError::Busy => Error::new(ErrorCode::RateLimited, error.to_string()),
            HashError::Stopped | HashError::Argon2(_) => Error::unavailable(error.to_string()).because(error),
        })?;
        Ok(Zeroizing::new(hash))
    }

    fn seal_hash(&self, login: entity::LoginId, hash: &[u8; 32]) -> Result<Sealed> {
        self.core.platform.seal("login", login.0, "password_hash", hash)
    }

    fn stored_hash(&self, row: &login::Model) -> Result<Zeroizing<Vec<u8>>> {
        let place = PlatformKeys::context("login", row.id.0, "password_hash");
        Ok(self.core.platform.content.open(&place, &row.password_hash)?)
    }
}
