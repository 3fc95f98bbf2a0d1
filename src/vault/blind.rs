//! Keyed fingerprints: equal values of one tenant and purpose are found, and nothing else is told.

use aws_lc_rs::hmac;
use entity::BlindIndex;
use zeroize::Zeroizing;

/// What is looked up. Each purpose has a key of its own, derived from the index key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A sign-in's e-mail.
    Email,
    /// The salt of an e-mail's password hash.
    Salt,
    /// A tenant's slug.
    Slug,
    /// A number, by its provider's id on a channel.
    Number,
    /// A phone, by the key that ignores Brazil's ninth digit.
    Phone,
    /// Any other name of a contact.
    Alias,
    /// A provider's message id on a number.
    Message,
    /// A group on a number.
    Group,
    /// What a term folds to.
    Term,
    /// The unguessable part of a channel's webhook path.
    ChannelPath,
    /// Refresh tokens.
    Refresh,
    /// Cursors that clients hold.
    Cursor,
}

/// Makes blind indexes.
pub struct IndexKey(hmac::Key);

impl IndexKey {
    /// An index key from its bytes.
    pub fn new(bytes: &Zeroizing<[u8; 32]>) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes.as_slice()))
    }

    /// The key of one purpose: HMAC-SHA-256 over its name.
    pub fn derive(&self, purpose: Purpose) -> hmac::Key {
        let name = format!("vigia index {purpose:?}");
        hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&self.0, name.as_bytes()).as_ref())
    }

    /// The fingerprint of a value in its canonical form: 128 bits.
    ///
    /// The parts are told apart by their lengths, so that (`ab`, `c`) is not (`a`, `bc`).
    pub fn index(&self, purpose: Purpose, parts: &[&[u8]]) -> BlindIndex {
        let mut context = hmac::Context::with_key(&self.derive(purpose));
        for part in parts {
            context.update(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            context.update(part);
        }
        BlindIndex(context.sign().as_ref().iter().copied().take(16).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_meet_and_others_purposes_or_keys_do_not() {
        let key = IndexKey::new(&Zeroizing::new([1; 32]));
        let other = IndexKey::new(&Zeroizing::new([2; 32]));
        let index = key.index(Purpose::Phone, &[b"5511987650000"]);
        assert_eq!(index, key.index(Purpose::Phone, &[b"5511987650000"]));
        assert_ne!(index, key.index(Purpose::Alias, &[b"5511987650000"]));
        assert_ne!(index, other.index(Purpose::Phone, &[b"5511987650000"]));
        assert_ne!(key.index(Purpose::Phone, &[b"ab", b"c"]), key.index(Purpose::Phone, &[b"a", b"bc"]));
    }
}
