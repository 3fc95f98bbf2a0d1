use sea_orm::DeriveValueType;

/// Microseconds since the Unix epoch, UTC: exact, ordered and the same bytes in both engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, DeriveValueType)]
pub struct Timestamp(pub i64);

/// A value sealed with AES-256-GCM; it names its key and opens only in its tenant, table, row and column.
///
/// Shows its length and nothing else.
#[derive(Clone, PartialEq, Eq, DeriveValueType)]
pub struct Sealed(pub Vec<u8>);

/// A keyed fingerprint to look a sealed value up by.
#[derive(Clone, PartialEq, Eq, Hash, DeriveValueType)]
pub struct BlindIndex(pub Vec<u8>);

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

impl std::fmt::Debug for BlindIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BlindIndex")
    }
}
