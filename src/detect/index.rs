//! Finds where literals may stand: a prefix q-gram filter (as in Wu and Manber, or Hyperscan's FDR).
//!
//! Each literal is known by a key, its first six bytes or as many as it has of fewer. At every position of a text a bitmap
//! says whether any literal may begin there; only then a table is asked which. Unlike in an automaton no step waits for
//! the one before, and a literal takes some fifty bytes in all, so that the indexes of many tenants stay in the
//! processor's caches.

use super::pattern::Anchor;
use super::skeleton::HIDDEN;
use super::view::{PADDING, View};

/// How many bytes a key may have, the longest first. Each length in use costs a walk over the text.
const KEYS: [usize; 5] = [6, 4, 3, 2, 1];
/// Bits of a filter for each literal: about one in so many positions passes it in vain.
const FILTER_BITS: usize = 16;
/// Odd, and otherwise without a pattern: the golden ratio's fraction.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// A literal as the index keeps it.
pub(super) struct Entry {
    /// Where its bytes begin in the arena: those searched for, then those typed unless they are the same.
    at: u32,
    pub(super) searched: u16,
    typed: u16,
    /// Its place in the list the matcher was made from.
    pub(super) literal: u32,
    pub(super) anchor: Anchor,
    /// Whether case and accents matter.
    pub(super) exact: bool,
}

/// A literal to be indexed.
pub(super) struct Item<'a> {
    pub(super) literal: u32,
    pub(super) anchor: Anchor,
    pub(super) exact: bool,
    pub(super) typed: &'a str,
    /// What to search for, in the index's own buffer.
    pub(super) searched: std::ops::Range<usize>,
}

/// The literals of one tenant that are searched for in one kind of view.
#[derive(Default)]
pub(super) struct Index {
    tiers: Vec<Tier>,
    /// In the order of tiers and, in each, of keys.
    entries: Vec<Entry>,
    arena: Vec<u8>,
    /// Whether a literal may begin in the middle of a word.
    inside: bool,
    /// For each byte of a key, in an alphabet of 32, those that follow it and those that go before it, as bits.
    follows: [u32; 32],
    precedes: [u32; 32],
}

/// The literals known by equally many bytes.
struct Tier {
    key: usize,
    /// Keeps of eight bytes, first lowest, those of the key.
    mask: u64,
    filter: Vec<u64>,
    filter_shift: u32,
    /// One more than the place of the first entry with a key, where the key's hash says or in the next free place.
    slots: Vec<u32>,
    slot_shift: u32,
}

impl Index {
    /// Indexes `items`, which search for parts of `buffer`. `None` if they are more than the index can number.
    pub(super) fn new(items: &[Item], buffer: &[u8]) -> Option<Self> {
        let searched = |item: &Item| buffer.get(item.searched.clone()).unwrap_or_default();
        let mut order: Vec<(usize, u64, usize)> = Vec::with_capacity(items.len());
        for (nth, item) in items.iter().enumerate() {
            let bytes = searched(item);
            let tier = KEYS.iter().position(|key| *key <= bytes.len())?;
            order.push((tier, first_bytes(bytes) & mask(KEYS[tier]), nth));
        }
        order.sort_unstable();
        let mut index = Self { inside: items.iter().any(|item| item.anchor.is_free_before()), ..Self::default() };
        index.entries.reserve_exact(items.len());
        let typed = |item: &Item| if searched(item) == item.typed.as_bytes() { 0 } else { item.typed.len() };
        index.arena.reserve_exact(items.iter().map(|item| item.searched.len() + typed(item)).sum::<usize>() + PADDING);
        for item in order.iter().filter_map(|(.., nth)| items.get(*nth)) {
            index.push(item, searched(item))?;
        }
        index.arena.extend([0; PADDING]);
        let mut first = 0;
        for tier in order.chunk_by(|a, b| a.0 == b.0) {
            index.tiers.push(Tier::new(KEYS[tier.first()?.0], tier, first)?);
            first += tier.len();
        }
        Some(index)
    }

    fn push(&mut self, item: &Item, searched: &[u8]) -> Option<()> {
        let at = u32::try_from(self.arena.len()).ok()?;
        self.arena.extend_from_slice(searched);
        let mut typed = 0;
        if searched != item.typed.as_bytes() {
            self.arena.extend_from_slice(item.typed.as_bytes());
            typed = u16::try_from(item.typed.len()).ok()?;
        }
        for (a, b) in searched.iter().zip(searched.iter().skip(1)).take(KEYS[0]) {
            self.follows[usize::from(a % 32)] |= 1 << (b % 32);
            self.precedes[usize::from(b % 32)] |= 1 << (a % 32);
        }
        let Item { literal, anchor, exact, .. } = *item;
        self.entries.push(Entry { at, searched: u16::try_from(searched.len()).ok()?, typed, literal, anchor, exact });
        Some(())
    }

    /// The literals, in no order that means anything.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// About how much memory the index holds, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let tier = |tier: &Tier| size_of::<Tier>() + tier.filter.capacity() * 8 + tier.slots.capacity() * 4;
        let entries = self.entries.capacity() * size_of::<Entry>();
        entries + self.arena.capacity() + self.tiers.iter().map(tier).sum::<usize>()
    }

    /// The literal as typed.
    pub(super) fn typed(&self, entry: &Entry) -> &str {
        let (at, searched) = (entry.at as usize, usize::from(entry.searched));
        let range = match usize::from(entry.typed) {
            0 => at..at + searched,
            typed => at + searched..at + searched + typed,
        };
        self.arena.get(range).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    /// Calls `found` with every literal whose bytes stand in `view`, and where.
    pub(super) fn find(&self, view: &View, mut found: impl FnMut(&Entry, usize)) {
        self.find_keys(view, |entry, at| {
            if view.tail(at).starts_with(self.searched(entry)) {
                found(entry, at);
            }
        });
    }

    /// Calls `found` with every literal of whose key the bytes stand in `view`, and where.
    fn find_keys(&self, view: &View, mut found: impl FnMut(&Entry, usize)) {
        for (at, window) in view.padded().windows(PADDING).enumerate() {
            let bytes = first_bytes(window);
            for tier in &self.tiers {
                let key = bytes & tier.mask;
                if tier.may_hold(key) {
                    super::work::count();
                    self.with_key(tier, key).for_each(|entry| found(entry, at));
                }
            }
        }
    }

    /// Like [`Index::find`] in a view that holds [`HIDDEN`] bytes, each of which stands for any letter; the bytes need
    /// fit only up to the first hidden one behind the key. `begins` says whether a word begins at a place.
    pub(super) fn find_hidden(
        &self,
        view: &View,
        begins: impl Fn(usize) -> bool,
        mut found: impl FnMut(&Entry, usize),
    ) {
        self.find_keys(view, |entry, at| {
            if self.agrees(entry, &Guess::default(), view.tail(at)) {
                found(entry, at);
            }
        });
        let hidden = |window: &[u8], len| window.iter().take(len).filter(|byte| **byte == HIDDEN).count();
        for at in (0..view.tail(0).len()).filter(|at| self.inside || begins(*at)) {
            let window = view.tail(at);
            if window.first() == Some(&HIDDEN) || hidden(window, PADDING) == 0 {
                continue;
            }
            for tier in self.tiers.iter().filter(|tier| tier.key > 2) {
                let most = if tier.key > 3 { 2 } else { 1 };
                if hidden(window, tier.key) <= most {
                    self.guess(tier, window, Guess { most, ..Guess::default() }, &mut |entry| found(entry, at));
                }
            }
        }
    }

    /// Tries for each of the first hidden bytes of `window` every letter that stands there in any key.
    fn guess(&self, tier: &Tier, window: &[u8], mut guess: Guess, found: &mut impl FnMut(&Entry)) {
        super::work::count();
        let mut end = window.len();
        for (at, byte) in window.iter().enumerate() {
            if guess.len == tier.key {
                end = at;
                break;
            }
            if *byte == HIDDEN {
                if guess.most > 0 {
                    let rest = window.get(at + 1..).unwrap_or_default();
                    let next = rest.first().filter(|next| **next != HIDDEN);
                    let mut letters =
                        around(guess.last, &self.follows) & next.map_or(u32::MAX, |next| around(*next, &self.precedes));
                    while letters != 0 {
                        let letter = b'a' - 1 + letters.trailing_zeros() as u8;
                        letters &= letters - 1;
                        let Some(guess) = guess.with(letter, &self.follows) else { continue };
                        self.guess(tier, rest, Guess { most: guess.most - 1, ..guess }, found);
                    }
                }
                return;
            }
            match guess.with(*byte, &self.follows) {
                Some(longer) => guess = longer,
                None => return,
            }
        }
        if guess.len == tier.key && tier.may_hold(guess.key) {
            let rest = window.get(end..).unwrap_or_default();
            self.with_key(tier, guess.key).filter(|entry| self.agrees(entry, &guess, rest)).for_each(found);
        }
    }

    /// Whether the bytes of `entry` behind those guessed are those of `rest`, up to the first hidden one.
    fn agrees(&self, entry: &Entry, guess: &Guess, rest: &[u8]) -> bool {
        let wanted = self.searched(entry).get(guess.len..).unwrap_or_default();
        let again = rest.first().is_some_and(|byte| *byte == guess.last);
        let mut rest = rest.iter().skip(usize::from(again));
        wanted
            .iter()
            .map_while(|byte| rest.next().filter(|seen| **seen != HIDDEN).map(|seen| byte == seen))
            .all(|same| same)
    }

    fn searched(&self, entry: &Entry) -> &[u8] {
        let at = entry.at as usize;
        self.arena.get(at..at + usize::from(entry.searched)).unwrap_or_default()
    }

    /// The entries known by `key`.
    fn with_key(&self, tier: &Tier, key: u64) -> impl Iterator<Item = &Entry> {
        let has_key = move |entry: &&Entry| {
            let bytes = self.arena.get(entry.at as usize..).unwrap_or_default();
            usize::from(entry.searched) >= tier.key && first_bytes(bytes) & tier.mask == key
        };
        let mut at = tier.slot(key);
        let first = loop {
            let Some(first) = tier.slots.get(at).and_then(|slot| (*slot as usize).checked_sub(1)) else { break None };
            if self.entries.get(first).is_some_and(|entry| has_key(&entry)) {
                break Some(first);
            }
            at = (at + 1) % tier.slots.len();
        };
        let group = first.and_then(|first| self.entries.get(first..)).unwrap_or_default();
        group.iter().take_while(has_key)
    }
}

/// What may stand beside `byte`: those it stands beside in keys, and itself, as a run is one byte.
fn around(byte: u8, beside: &[u32; 32]) -> u32 {
    beside[usize::from(byte % 32)] | 1 << (byte % 32)
}

/// The beginning of a key while letters are tried for what is hidden.
#[derive(Clone, Copy, Default)]
struct Guess {
    key: u64,
    len: usize,
    last: u8,
    /// How many more letters may be hidden.
    most: usize,
}

impl Guess {
    /// One byte longer, if any key has it there. Runs are one byte, as in any skeleton.
    fn with(self, byte: u8, follows: &[u32; 32]) -> Option<Self> {
        if byte == self.last {
            return Some(self);
        }
        let known = self.len == 0 || follows[usize::from(self.last % 32)] >> (byte % 32) & 1 != 0;
        known.then(|| Self { key: self.key | u64::from(byte) << (8 * self.len), len: self.len + 1, last: byte, ..self })
    }
}

impl Tier {
    /// `sorted` holds the tier's keys, the first of which belongs to the entry in place `first`.
    fn new(key: usize, sorted: &[(usize, u64, usize)], first: usize) -> Option<Self> {
        let bits = (sorted.len() * FILTER_BITS).next_power_of_two().max(64);
        let slots = (sorted.len() * 3 / 2).next_power_of_two().max(2);
        let mut tier = Self {
            key,
            mask: mask(key),
            filter: vec![0; bits / 64],
            filter_shift: 64 - bits.trailing_zeros(),
            slots: vec![0; slots],
            slot_shift: 64 - slots.trailing_zeros(),
        };
        let mut nth = first;
        for group in sorted.chunk_by(|a, b| a.1 == b.1) {
            let key = group.first()?.1;
            let bit = tier.bit(key);
            *tier.filter.get_mut(bit / 64)? |= 1 << (bit % 64);
            let free =
                (0..slots).map(|step| (tier.slot(key) + step) % slots).find(|at| tier.slots.get(*at) == Some(&0));
            *tier.slots.get_mut(free?)? = u32::try_from(nth + 1).ok()?;
            nth += group.len();
        }
        Some(tier)
    }

    #[inline]
    fn may_hold(&self, key: u64) -> bool {
        let bit = self.bit(key);
        self.filter.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 != 0)
    }

    #[inline]
    fn bit(&self, key: u64) -> usize {
        (key.wrapping_mul(SPREAD) >> self.filter_shift) as usize
    }

    fn slot(&self, key: u64) -> usize {
        ((key ^ key >> 29).wrapping_mul(SPREAD).rotate_left(17).wrapping_mul(SPREAD) >> self.slot_shift) as usize
    }
}

const fn mask(key: usize) -> u64 {
    u64::MAX >> (64 - 8 * key)
}

/// The first eight bytes, the first lowest; zeros for those that lack.
#[inline]
fn first_bytes(bytes: &[u8]) -> u64 {
    match bytes.first_chunk() {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => bytes.iter().rev().fold(0, |key, byte| key << 8 | u64::from(*byte)),
    }
}
