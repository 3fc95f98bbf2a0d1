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

impl Purpose {
    const ALL: [Self; 12] = [
        Self::Email,
        Self::Salt,
        Self::Slug,
        Self::Number,
        Self::Phone,
        Self::Alias,
        Self::Message,
        Self::Group,
        Self::Term,
        Self::ChannelPath,
        Self::Refresh,
        Self::Cursor,
    ];
}

/// Makes blind indexes.
pub struct IndexKey([hmac::Key; Purpose::ALL.len()]);

impl IndexKey {
    /// An index key from its bytes. Each purpose's key is the HMAC-SHA-256 over its name.
    pub fn new(bytes: &Zeroizing<[u8; 32]>) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, bytes.as_slice());
        Self(Purpose::ALL.map(|purpose| {
            let name = format!("vigia index {purpose:?}");
            hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, name.as_bytes()).as_ref())
        }))
    }

    /// The key of one purpose.
    pub fn key(&self, purpose: Purpose) -> &hmac::Key {
        // `Purpose` is declared in the order of `ALL`; a test holds it to that.
        &self.0[purpose as usize]
    }

    /// The fingerprint of a value in its canonical form: 128 bits.
    ///
    /// The parts are told apart by their lengths, so that (`ab`, `c`) is not (`a`, `bc`).
    pub fn index(&self, purpose: Purpose, parts: &[&[u8]]) -> BlindIndex {
        let mut context = hmac::Context::with_key(self.key(purpose));
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
    fn every_purpose_stands_at_its_own_place() {
        for (place, purpose) in Purpose::ALL.into_iter().enumerate() {
            assert_eq!(purpose as usize, place);
        }
    }

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
