//! Keys, and what is sealed with them. Knows neither database nor business.
//!
//! The master key wraps tenant keys, which wrap content keys, which seal content ([`seal`]). Sealed values are looked
//! up through keyed fingerprints ([`blind`]). Nothing here can be printed.

mod blind;
mod keyring;
mod seal;

pub use blind::{IndexKey, Purpose};
pub use keyring::{Keyring, MasterKeys, TenantKeys};
pub use seal::{Context, Key, SealError};
