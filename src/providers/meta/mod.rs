//! WhatsApp Cloud API, as Meta delivers it.
//!
//! A delivery is `entry[] → changes[] → value`, and a value holds lists of items: messages, echoes of what staff typed
//! on the phone, statuses, chunks of history. One delivery may carry up to 1000 of them, of several numbers and, where
//! one app serves many, of several tenants; [`parse`] reads each on its own. Order and uniqueness are not promised.
//!
//! Source: Meta, WhatsApp Business Platform, "Webhooks" (overview and reference), read in 2026.

mod content;
mod envelope;
mod message;
mod object;
mod signature;
#[cfg(test)]
mod tests;
mod wrap;

pub use envelope::parse;
pub use signature::{signature_is_valid, verify_handshake};
pub use wrap::wrap;
