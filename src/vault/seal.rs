//! One sealed value: AES-256-GCM with a random 96-bit nonce, bound to the place it stands in.
//!
//! A value reads `version (1) · key id (16) · nonce (12) · ciphertext · tag (16)`. The additional data names tenant,
//! table, row and column, so that a value moved elsewhere does not open. Random nonces are good for 2^32 values a key
//! (NIST SP 800-38D); a content key belongs to one person in one conversation and stays far below.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use entity::Sealed;
use uuid::Uuid;
use zeroize::Zeroizing;

const VERSION: u8 = 1;
const KEY_ID: std::ops::Range<usize> = 1..17;
const HEADER: usize = 17 + NONCE_LEN;

/// The value does not open: it was changed or moved, or this is not its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("A sealed value does not open with its key in its place.")]
pub struct SealError;

/// The place a sealed value stands in.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// Whose it is; nil for the platform's.
    pub tenant: Uuid,
    /// The table.
    pub table: &'static str,
    /// The row's id.
    pub row: Uuid,
    /// The column.
    pub column: &'static str,
}

impl Context {
    fn bytes(&self) -> Vec<u8> {
        [
            b"vigia value 1".as_slice(),
            self.tenant.as_bytes(),
            self.row.as_bytes(),
            self.table.as_bytes(),
            b"\0",
            self.column.as_bytes(),
        ]
        .concat()
    }
}

/// A key that seals. Clones share it; it cannot be printed or taken out.
#[derive(Clone)]
pub struct Key {
    id: Uuid,
    aead: Arc<LessSafeKey>,
}

impl Key {
    /// A key from its bytes.
    ///
    /// # Errors
    /// Never for 32 bytes; the library's signature has it.
    pub fn new(id: Uuid, bytes: &Zeroizing<[u8; 32]>) -> Result<Self, SealError> {
        let unbound = UnboundKey::new(&AES_256_GCM, bytes.as_slice()).map_err(|_| SealError)?;
        Ok(Self { id, aead: Arc::new(LessSafeKey::new(unbound)) })
    }

    /// Which key it is.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Seals a value for its place.
    ///
    /// # Errors
    /// When the value is too long to seal (64 GiB).
    pub fn seal(&self, context: &Context, value: &[u8]) -> Result<Sealed, SealError> {
        self.seal_with(&context.bytes(), value).map(Sealed)
    }

    /// Opens a value in its place.
    ///
    /// # Errors
    /// When it does not open.
    pub fn open(&self, context: &Context, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, SealError> {
        self.open_with(&context.bytes(), &sealed.0)
    }

    pub(super) fn seal_with(&self, aad: &[u8], value: &[u8]) -> Result<Vec<u8>, SealError> {
        let nonce: [u8; NONCE_LEN] = crate::clock::random();
        let mut out = Vec::with_capacity(HEADER + value.len() + AES_256_GCM.tag_len());
        out.push(VERSION);
        out.extend_from_slice(self.id.as_bytes());
        out.extend_from_slice(&nonce);
        out.extend_from_slice(value);
        let (_, body) = out.split_at_mut(HEADER);
        let tag = self
            .aead
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), body)
            .map_err(|_| SealError)?;
        out.extend_from_slice(tag.as_ref());
        Ok(out)
    }

    pub(super) fn open_with(&self, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        if sealed.first() != Some(&VERSION) || key_id(sealed) != Some(self.id) {
            return Err(SealError);
        }
        let nonce = sealed.get(KEY_ID.end..HEADER).ok_or(SealError)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError)?;
        let mut body = Zeroizing::new(sealed.get(HEADER..).ok_or(SealError)?.to_vec());
        let length = self.aead.open_in_place(nonce, Aad::from(aad), &mut body).map_err(|_| SealError)?.len();
        body.truncate(length);
        Ok(body)
    }
}

/// Which key a sealed value was sealed with.
pub(super) fn key_id(sealed: &[u8]) -> Option<Uuid> {
    Uuid::from_slice(sealed.get(KEY_ID)?).ok()
}

impl Context {
    /// Which key a sealed value was sealed with; `None` where it is no sealed value at all.
    pub fn key_of(sealed: &Sealed) -> Option<Uuid> {
        key_id(&sealed.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u128) -> Key {
        Key::new(Uuid::from_u128(n), &Zeroizing::new([n.to_le_bytes()[0]; 32])).unwrap()
    }

    fn place() -> Context {
        Context { tenant: Uuid::from_u128(1), table: "message_version", row: Uuid::from_u128(2), column: "text" }
    }

    #[test]
    fn what_was_sealed_opens_in_its_place() {
        let sealed = key(7).seal(&place(), b"segredo").unwrap();
        assert_eq!(key(7).open(&place(), &sealed).unwrap().as_slice(), b"segredo");
        assert_eq!(Context::key_of(&sealed), Some(Uuid::from_u128(7)));
    }

    #[test]
    fn a_value_moved_to_another_tenant_table_row_or_column_does_not_open() {
        let sealed = key(7).seal(&place(), b"segredo").unwrap();
        for elsewhere in [
            Context { tenant: Uuid::from_u128(9), ..place() },
            Context { table: "message", ..place() },
            Context { row: Uuid::from_u128(9), ..place() },
            Context { column: "raw", ..place() },
        ] {
            assert_eq!(key(7).open(&elsewhere, &sealed).err(), Some(SealError), "{elsewhere:?}");
        }
    }

    #[test]
    fn a_value_with_any_byte_changed_or_cut_does_not_open() {
        let sealed = key(7).seal(&place(), b"segredo").unwrap();
        for i in 0..sealed.0.len() {
            let mut changed = sealed.clone();
            changed.0[i] ^= 1;
            assert!(key(7).open(&place(), &changed).is_err(), "byte {i}");
            assert!(key(7).open(&place(), &Sealed(sealed.0[..i].to_vec())).is_err(), "cut at {i}");
        }
    }

    #[test]
    fn another_key_opens_nothing() {
        let sealed = key(7).seal(&place(), b"segredo").unwrap();
        assert!(key(8).open(&place(), &sealed).is_err());
    }

    #[test]
    fn a_key_prints_its_id_alone() {
        assert_eq!(format!("{:?}", key(7)), format!("Key({})", Uuid::from_u128(7)));
    }
}
