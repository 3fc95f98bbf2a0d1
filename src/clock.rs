//! Time, ids and randomness: the one place they come from.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use entity::Timestamp;
use uuid::Uuid;

/// What the time is, and new ids and random bytes. Clones share one clock.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// Microseconds added to the system's time, so that a test can let ten minutes pass.
    ahead: Arc<AtomicI64>,
    /// Millisecond and count of the last id.
    last_id: Arc<AtomicU64>,
}

impl Clock {
    /// Now, cut to microseconds.
    #[expect(clippy::disallowed_methods, reason = "the one place where the system's clock is read")]
    pub fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let micros = i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX);
        Timestamp(micros.saturating_add(self.ahead.load(Ordering::Relaxed)))
    }

    /// Lets time pass at once, for everyone who holds this clock.
    pub fn advance(&self, by: Duration) {
        self.ahead.fetch_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    /// A new id: UUID version 7 (RFC 9562, method 1). Ids of one process are in the order they were made: within one
    /// millisecond the twelve bits after it count, and run ahead of the time where they overflow.
    pub fn id(&self) -> Uuid {
        let millis = u64::try_from(self.now().0 / 1000).unwrap_or_default();
        let next = |last: u64| Some((millis << 12).max(last + 1));
        let last = self.last_id.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap_or_default();
        let place = (millis << 12).max(last + 1);
        let mut rest: [u8; 10] = random();
        let [.., high, low] = (place & 0xfff).to_be_bytes();
        rest[0] = high;
        rest[1] = low;
        uuid::Builder::from_unix_timestamp_millis(place >> 12, &rest).into_uuid()
    }
}

/// Random bytes from the operating system, good for keys.
///
/// Ends the process where the system has none: nothing here may go on without.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if aws_lc_rs::rand::fill(&mut bytes).is_err() {
        tracing::error!("the operating system gives no random bytes");
        std::process::abort();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_the_order_they_were_made() {
        let clock = Clock::default();
        let ids: Vec<Uuid> = (0..10_000).map(|_| clock.id()).collect();
        assert!(ids.is_sorted_by(|earlier, later| earlier < later));
        assert!(ids.iter().all(|id| id.get_version_num() == 7));
    }
}
