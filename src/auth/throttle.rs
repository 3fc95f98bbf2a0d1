//! Slows down password guessing, by account and by address.
//!
//! Counts live in this process: they start anew with it, and each node counts for itself. Nothing is ever locked for
//! good: whoever waits as told may try again.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use thiserror::Error;

use super::{Micros, SECOND};

/// Stands for an account or an address. Callers make an account's of the keyed index of what was typed, so that accounts
/// which do not exist are counted like those which do.
pub type Key = [u8; 16];

/// Failures an account in any 15 minutes.
const ACCOUNT: Limit = Limit { failures: 10, window: 15 * 60 * SECOND };
/// Failures an address in any hour.
const ADDRESS: Limit = Limit { failures: 100, window: 60 * 60 * SECOND };

/// From this failure in a row on, an account waits one second, then two, four, eight …
const DELAY_FROM: u32 = 5;
const MAX_DELAY_SECONDS: i64 = 300;

/// Accounts, and addresses, that are remembered. Each costs an attacker a hash, so none is pushed out within its window.
const MAX_ENTRIES: usize = 100_000;

/// The attempt came too early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("There were too many failed attempts to sign in; try again in {seconds} seconds.")]
pub struct Wait {
    /// How long to wait, at least 1.
    pub seconds: u64,
}

/// The failed sign-ins of the last while.
pub struct Throttle {
    // Held for a few map look-ups and never across an await, so it need not be the asynchronous kind.
    counts: Mutex<Counts>,
}

struct Counts {
    accounts: Table,
    addresses: Table,
}

impl Throttle {
    /// Starts with nobody counted.
    #[expect(clippy::new_without_default, reason = "there is one a process, made on purpose")]
    pub fn new() -> Throttle {
        Throttle { counts: Mutex::new(Counts { accounts: Table::new(ACCOUNT), addresses: Table::new(ADDRESS) }) }
    }

    /// Says whether an attempt may be made now. Ask before hashing, and tell the outcome with [`failed`](Self::failed)
    /// or [`succeeded`](Self::succeeded).
    ///
    /// # Errors
    /// [`Wait`], for the longer of the account's and the address's time.
    pub fn check(&self, account: Key, address: Key, now: Micros) -> Result<(), Wait> {
        self.lock().check(account, address, now)
    }

    /// Counts a wrong password.
    ///
    /// # Errors
    /// [`Wait`] when others failed while this one was hashing. Answer with it, as [`check`](Self::check) would have:
    /// an attempt whose outcome stays unknown was no guess and is not counted.
    pub fn failed(&self, account: Key, address: Key, now: Micros) -> Result<(), Wait> {
        let mut counts = self.lock();
        counts.check(account, address, now)?;
        counts.accounts.add(account, now);
        counts.addresses.add(address, now);
        Ok(())
    }

    /// Forgets the account's failures. Not the address's: an attacker with an account of his own could clear those.
    ///
    /// # Errors
    /// [`Wait`] as for [`failed`](Self::failed), or a burst of attempts at once would get past the limits. The right
    /// password must then be answered like a wrong one.
    pub fn succeeded(&self, account: Key, address: Key, now: Micros) -> Result<(), Wait> {
        let mut counts = self.lock();
        counts.check(account, address, now)?;
        counts.accounts.entries.remove(&account);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        // No code between lock and release can leave a count half written.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn check(&mut self, account: Key, address: Key, now: Micros) -> Result<(), Wait> {
        let account = self.accounts.recent(account, now).map_or(0, |entry| {
            let until = entry.free_at(&ACCOUNT).max(entry.delayed_until());
            until.saturating_sub(now).min(ACCOUNT.window)
        });
        let address = self.addresses.recent(address, now).map_or(0, |entry| {
            // Also the bound when the clock is set back.
            entry.free_at(&ADDRESS).saturating_sub(now).min(ADDRESS.window)
        });
        match account.max(address) {
            wait if wait > 0 => Err(Wait { seconds: wait.unsigned_abs().div_ceil(SECOND.unsigned_abs()) }),
            _ => Ok(()),
        }
    }
}

#[derive(Clone, Copy)]
struct Limit {
    failures: usize,
    window: Micros,
}

/// The failures within the window, oldest first, and never none.
struct Entry {
    times: VecDeque<Micros>,
    /// Failures since the last success or the last quiet window, also those that have left the window.
    in_a_row: u32,
}

impl Entry {
    fn last(&self) -> Micros {
        self.times.back().copied().unwrap_or(Micros::MIN)
    }

    /// When the window has room for another failure.
    fn free_at(&self, limit: &Limit) -> Micros {
        let oldest_that_counts = self.times.len().checked_sub(limit.failures).and_then(|at| self.times.get(at));
        oldest_that_counts.map_or(Micros::MIN, |time| time.saturating_add(limit.window))
    }

    /// When the growing delay is over.
    fn delayed_until(&self) -> Micros {
        let Some(doublings) = self.in_a_row.checked_sub(DELAY_FROM) else { return Micros::MIN };
        let seconds = 2_i64.saturating_pow(doublings).min(MAX_DELAY_SECONDS);
        self.last().saturating_add(seconds * SECOND)
    }
}

struct Table {
    limit: Limit,
    entries: HashMap<Key, Entry>,
}

impl Table {
    fn new(limit: Limit) -> Table {
        Table { limit, entries: HashMap::new() }
    }

    /// The entry without what has left the window. After a quiet window there is none.
    fn recent(&mut self, key: Key, now: Micros) -> Option<&mut Entry> {
        let since = now.saturating_sub(self.limit.window);
        let entry = self.entries.get_mut(&key)?;
        entry.times.retain(|&time| time > since);
        if entry.times.is_empty() {
            self.entries.remove(&key);
        }
        self.entries.get_mut(&key)
    }

    fn add(&mut self, key: Key, now: Micros) {
        if let Some(entry) = self.recent(key, now) {
            entry.times.push_back(now);
            entry.in_a_row = entry.in_a_row.saturating_add(1);
            return;
        }
        if self.entries.len() >= MAX_ENTRIES {
            self.make_room(now);
        }
        self.entries.insert(key, Entry { times: VecDeque::from([now]), in_a_row: 1 });
    }

    /// Drops what is over, and the older half of the rest when that is not enough.
    fn make_room(&mut self, now: Micros) {
        let since = now.saturating_sub(self.limit.window);
        self.entries.retain(|_, entry| entry.last() > since);
        if self.entries.len() >= MAX_ENTRIES {
            let mut ages: Vec<Micros> = self.entries.values().map(Entry::last).collect();
            let (_, &mut median, _) = ages.select_nth_unstable(MAX_ENTRIES / 2);
            self.entries.retain(|_, entry| entry.last() > median);
        }
    }
}

/// The key of a client's address. An IPv6 client is known by its first 64 bits, since it may choose the rest at will.
pub fn address_key(address: IpAddr) -> Key {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => (u128::from(address) >> 64 << 64).to_be_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Micros = 1_764_000_000_000_000;
    const MINUTE: Micros = 60 * SECOND;
    const ACCOUNT_KEY: Key = [1; 16];

    /// An address that fails only once.
    fn fresh(n: i64) -> Key {
        u128::from(n.unsigned_abs()).to_be_bytes()
    }

    fn wait(throttle: &Throttle, account: Key, address: Key, now: Micros) -> u64 {
        throttle.check(account, address, now).map_or_else(|wait| wait.seconds, |()| 0)
    }

    /// Fails as fast as is allowed, each time from another address, and returns the waits told after each failure.
    fn hammer(throttle: &Throttle, times: i64, now: &mut Micros) -> Vec<u64> {
        let mut waits = Vec::new();
        for n in 0..times {
            throttle.failed(ACCOUNT_KEY, fresh(*now + n), *now).unwrap();
            let seconds = wait(throttle, ACCOUNT_KEY, fresh(0), *now);
            waits.push(seconds);
            *now += i64::try_from(seconds).unwrap() * SECOND;
        }
        waits
    }

    #[test]
    fn the_delay_of_an_account_doubles_from_the_fifth_failure_and_ten_fill_a_quarter_of_an_hour() {
        let throttle = Throttle::new();
        let mut now = START;
        assert_eq!(hammer(&throttle, 9, &mut now), [0, 0, 0, 0, 1, 2, 4, 8, 16]);
        assert_eq!(hammer(&throttle, 1, &mut now), [15 * 60 - 31]);
        assert_eq!(now, START + 15 * MINUTE);
        // The first four failures came at once, so they leave the window at once.
        assert_eq!(hammer(&throttle, 6, &mut now), [64, 128, 256, 300, 300, 300]);
    }

    #[test]
    fn a_waiting_account_is_told_how_long_and_is_free_on_the_second() {
        let throttle = Throttle::new();
        let mut now = START;
        hammer(&throttle, 6, &mut now);
        let free = START + 3 * SECOND;
        assert_eq!(now, free);
        assert_eq!(wait(&throttle, ACCOUNT_KEY, fresh(0), free - 1), 1);
        assert_eq!(wait(&throttle, ACCOUNT_KEY, fresh(0), free - SECOND - 1), 2);
        assert_eq!(wait(&throttle, ACCOUNT_KEY, fresh(0), free), 0);
        assert_eq!(wait(&throttle, [2; 16], fresh(0), START), 0);
        let told = Wait { seconds: 2 }.to_string();
        assert_eq!(told, "There were too many failed attempts to sign in; try again in 2 seconds.");
    }

    #[test]
    fn no_lock_outlasts_a_quiet_quarter_of_an_hour() {
        let throttle = Throttle::new();
        let mut now = START;
        let longest = hammer(&throttle, 100, &mut now).into_iter().max();
        assert!(longest < Some(15 * 60));
        now += 15 * MINUTE;
        assert_eq!(hammer(&throttle, 5, &mut now), [0, 0, 0, 0, 1]);
    }

    #[test]
    fn a_success_clears_the_account_but_not_the_address() {
        let throttle = Throttle::new();
        for n in 0..99 {
            throttle.failed(fresh(n), [7; 16], START).unwrap();
        }
        let mut now = START;
        hammer(&throttle, 4, &mut now);
        throttle.succeeded(ACCOUNT_KEY, [7; 16], now).unwrap();
        assert_eq!(hammer(&throttle, 4, &mut now), [0, 0, 0, 0]);
        throttle.failed(fresh(1000), [7; 16], now).unwrap();
        assert_eq!(wait(&throttle, fresh(1001), [7; 16], now), 3600);
    }

    #[test]
    fn an_address_has_a_hundred_failures_in_any_hour_whatever_the_accounts() {
        let throttle = Throttle::new();
        for n in 0..100 {
            throttle.failed(fresh(n), [7; 16], START + n * MINUTE / 2).unwrap();
        }
        let now = START + 50 * MINUTE;
        assert_eq!(wait(&throttle, fresh(1000), [7; 16], now), 600);
        assert_eq!(wait(&throttle, fresh(1000), [8; 16], now), 0);
        assert_eq!(wait(&throttle, fresh(1000), [7; 16], START + 60 * MINUTE), 0);
        throttle.failed(fresh(1000), [7; 16], START + 60 * MINUTE).unwrap();
        assert_eq!(wait(&throttle, fresh(1001), [7; 16], START + 60 * MINUTE), 30);
    }

    #[test]
    fn a_burst_that_was_let_in_together_learns_no_more_than_one_by_one() {
        let throttle = Throttle::new();
        for n in 0..50 {
            assert_eq!(throttle.check(ACCOUNT_KEY, fresh(n), START), Ok(()));
        }
        let outcomes = (0..50).filter(|&n| throttle.failed(ACCOUNT_KEY, fresh(n), START).is_ok()).count();
        assert_eq!(outcomes, 5);
        assert_eq!(throttle.succeeded(ACCOUNT_KEY, fresh(50), START), Err(Wait { seconds: 1 }));
        assert_eq!(throttle.succeeded(ACCOUNT_KEY, fresh(50), START + SECOND), Ok(()));
    }

    #[test]
    fn a_clock_set_back_makes_nobody_wait_longer_than_the_window() {
        let throttle = Throttle::new();
        let mut now = START;
        hammer(&throttle, 10, &mut now);
        assert_eq!(wait(&throttle, ACCOUNT_KEY, fresh(0), START - 600 * MINUTE), 15 * 60);
        assert_eq!(wait(&throttle, ACCOUNT_KEY, fresh(0), i64::MIN), 15 * 60);
        assert_eq!(wait(&throttle, ACCOUNT_KEY, fresh(0), i64::MAX), 0);
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_go_first() {
        let mut table = Table::new(ACCOUNT);
        let full = i64::try_from(MAX_ENTRIES).unwrap();
        for n in 0..full {
            table.add(fresh(n), START + n);
        }
        assert_eq!(table.entries.len(), MAX_ENTRIES);
        table.add(fresh(full), START + full);
        assert_eq!(table.entries.len(), MAX_ENTRIES / 2);
        assert!(table.recent(fresh(0), START + full).is_none());
        assert!(table.recent(fresh(full - 1), START + full).is_some());
        for n in 0..full {
            table.add(fresh(n), START + 15 * MINUTE + full + n);
        }
        assert_eq!(table.entries.len(), MAX_ENTRIES);
    }

    #[test]
    fn an_address_is_known_by_what_its_owner_cannot_choose() {
        let key = |text: &str| address_key(text.parse().unwrap());
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
        assert_eq!(key("192.0.2.1"), key("::ffff:192.0.2.1"));
    }
}
