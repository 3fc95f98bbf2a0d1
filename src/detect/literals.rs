//! One index for all literals of a tenant.

use std::cmp::Reverse;

use thiserror::Error;

use super::disguise::{Buffers, Found};
use super::fold;
use super::index::{Entry, Index, Item};
use super::pattern::Anchor;
use super::skeleton::{self, Signs};
use super::spelling;
use super::view::View;
use super::word::Boundaries;
use super::{Steps, Strictness};

impl Anchor {
    /// Whether the literal may begin in the middle of a word.
    pub(super) const fn is_free_before(self) -> bool {
        matches!(self, Self::Suffix | Self::Substring)
    }

    /// Whether the literal may end in the middle of a word.
    pub(super) const fn is_free_after(self) -> bool {
        matches!(self, Self::Prefix | Self::Substring)
    }
}

/// A literal to be compiled. It holds content: no `Debug`.
#[derive(Clone, Copy)]
pub struct LiteralSpec<'a> {
    /// The word or phrase as typed.
    pub text: &'a str,
    /// Where it may stand in words.
    pub anchor: Anchor,
    /// How much may differ from it.
    pub strictness: Strictness,
}

/// One occurrence of a literal in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiteralHit {
    /// The place of its [`LiteralSpec`] in the list the matcher was made from.
    pub literal: u32,
    /// Where the span begins in the original text, in bytes; always a character's beginning.
    pub start: u32,
    /// Where it ends, exclusive.
    pub end: u32,
    /// What had to be taken off before the span equalled the literal, and nothing more.
    pub steps: Steps,
}

/// Buffers for [`Literals::scan`], to be kept between texts so that a scan allocates nothing (but where a letter
/// carries more than four marks). They hold what was made of the last text, so guard them as the text itself, and keep
/// the size of the longest one.
#[derive(Default)]
pub struct Scratch {
    view: View,
    /// Where the skeleton has signs that can be taken in several ways, in bytes of the text.
    unsure: Vec<u32>,
    boundaries: Boundaries,
    disguise: Buffers,
    hits: Vec<LiteralHit>,
}

impl Scratch {
    /// `text` as EXACT and FOLDED literals are searched for: in UTF-8, canonically decomposed, without marks, in one
    /// case, each run of white space one blank.
    pub fn fold(&mut self, text: &str) -> &[u8] {
        fold::read(text, &mut self.view);
        self.view.tail(0)
    }

    /// `text` as DISGUISED literals are looked for first: its letters alone, one byte for all that look alike, runs
    /// once.
    pub fn skeleton(&mut self, text: &str) -> &[u8] {
        skeleton::read(text, Signs::default(), &mut self.view, &mut self.unsure);
        self.view.tail(0)
    }
}

/// The compiled literals of one tenant; immutable and shared between threads. Finds nothing when it has none.
#[derive(Default)]
pub struct Literals {
    /// Literals searched for in folded text: EXACT and FOLDED ones, and DISGUISED ones too short to be told apart in
    /// disguise, or of other letters than Latin ones.
    folded: Index,
    /// Literals searched for in skeletons.
    disguised: Index,
}

impl Literals {
    /// Compiles `literals`: some milliseconds for 10,000 of them.
    ///
    /// # Errors
    ///
    /// A literal without anything to search for, one of more than 64 KiB, or more of them than can be numbered.
    pub fn new<'a>(literals: impl IntoIterator<Item = LiteralSpec<'a>>) -> Result<Self, LiteralsError> {
        let (mut folded, mut disguised) = (Vec::new(), Vec::new());
        let (mut buffer, mut view, mut unsure) = (Vec::new(), View::default(), Vec::new());
        for (literal, LiteralSpec { text, anchor, strictness }) in (0..).zip(literals) {
            let in_disguise = strictness == Strictness::Disguised && spelling::can_be_disguised(text) && {
                skeleton::read(text, Signs::default(), &mut view, &mut unsure);
                view.tail(0).len() > 1
            };
            if !in_disguise {
                fold::read(text, &mut view);
            }
            let from = buffer.len();
            buffer.extend_from_slice(view.tail(0));
            let searched = from..buffer.len();
            if searched.is_empty() {
                return Err(LiteralsError::Blank { literal });
            }
            if searched.len().max(text.len()) > usize::from(u16::MAX) {
                return Err(LiteralsError::TooLong { literal });
            }
            let exact = strictness == Strictness::Exact;
            let index = if in_disguise { &mut disguised } else { &mut folded };
            index.push(Item { literal, anchor, exact, typed: text, searched });
        }
        let index = |items: &[Item]| Index::new(items, &buffer).ok_or(LiteralsError::TooMany);
        Ok(Self { folded: index(&folded)?, disguised: index(&disguised)? })
    }

    /// Every occurrence of every literal in `text`, in the order of literals and, for each, of spans. Of a text of more
    /// than 4 GiB the first 4 GiB are read.
    pub fn scan<'s>(&self, text: &str, scratch: &'s mut Scratch) -> &'s [LiteralHit] {
        let text = text.get(..text.floor_char_boundary(u32::MAX as usize)).unwrap_or_default();
        scratch.hits.clear();
        scratch.boundaries.clear();
        scratch.disguise.clear();
        if !self.folded.is_empty() {
            self.scan_folded(text, scratch);
        }
        if !self.disguised.is_empty() {
            self.scan_disguised(text, scratch);
        }
        settle(&mut scratch.hits);
        &scratch.hits
    }

    /// The literals as they were given, but that one which cannot be disguised may be FOLDED here.
    pub(super) fn specs(&self) -> Vec<LiteralSpec<'_>> {
        let folded = self.folded.entries().iter().map(|entry| {
            let strictness = if entry.exact { Strictness::Exact } else { Strictness::Folded };
            (entry.literal, LiteralSpec { text: self.folded.typed(entry), anchor: entry.anchor, strictness })
        });
        let disguised = self.disguised.entries().iter().map(|entry| {
            let text = self.disguised.typed(entry);
            (entry.literal, LiteralSpec { text, anchor: entry.anchor, strictness: Strictness::Disguised })
        });
        let mut specs: Vec<(u32, LiteralSpec<'_>)> = folded.chain(disguised).collect();
        specs.sort_unstable_by_key(|(literal, _)| *literal);
        specs.into_iter().map(|(_, spec)| spec).collect()
    }

    /// About how much memory the matcher holds, in bytes.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.folded.bytes() + self.disguised.bytes()
    }

    fn scan_folded(&self, text: &str, scratch: &mut Scratch) {
        let Scratch { view, boundaries, hits, .. } = scratch;
        fold::read(text, view);
        self.folded.find(view, |entry, at| {
            let Some((start, end)) = view.original(at, at + usize::from(entry.searched)) else { return };
            let typed = self.folded.typed(entry);
            let Some(seen) = text.get(start..end).filter(|_| stands(entry, text, (start, end), boundaries)) else {
                return;
            };
            let steps = if seen == typed { Steps::default() } else { fold::steps_between(typed, seen) };
            if steps.is_empty() || !entry.exact {
                hits.push(hit(entry, (start, end, steps)));
            }
        });
    }

    fn scan_disguised(&self, text: &str, scratch: &mut Scratch) {
        let Scratch { view, unsure, boundaries, disguise, hits } = scratch;
        skeleton::read(text, Signs::default(), view, unsure);
        let readings = skeleton::other_readings(text, unsure);
        self.disguised.find(view, |entry, at| {
            let (typed, from, to) = (self.disguised.typed(entry), view.origin(at), view.origin(at + 1));
            let mut found = |found| hits.push(hit(entry, found));
            match plainly(text, from, typed) {
                Some((end, steps)) if stands(entry, text, (from, end), boundaries) => found((from, end, steps)),
                _ if cannot_spell(text, view, at, entry, typed) => {}
                _ => disguise.ask((text, from, to), (typed, entry.anchor), boundaries, found),
            }
        });
        for signs in readings {
            skeleton::read(text, signs, view, unsure);
            let mut ask = |entry: &Entry, at: usize| {
                let (typed, place) = (self.disguised.typed(entry), (text, view.origin(at), view.origin(at + 1)));
                if !cannot_spell(text, view, at, entry, typed) {
                    disguise.ask(place, (typed, entry.anchor), boundaries, |found| hits.push(hit(entry, found)));
                }
            };
            if signs.masks {
                let begins = |at| skeleton::begins_among(text, view.origin(at), view.origin(at + 1));
                self.disguised.find_hidden(view, begins, ask);
            } else {
                self.disguised.find(view, &mut ask);
            }
        }
    }
}

fn hit(entry: &Entry, (start, end, steps): Found) -> LiteralHit {
    LiteralHit { literal: entry.literal, start: start as u32, end: end as u32, steps }
}

fn stands(entry: &Entry, text: &str, (start, end): (usize, usize), boundaries: &mut Boundaries) -> bool {
    (entry.anchor.is_free_before() || boundaries.has(text, start))
        && (entry.anchor.is_free_after() || boundaries.has(text, end))
}

/// Where `typed` ends if it stands at `from` as it is, or in ASCII and in another case: what most occurrences are.
fn plainly(text: &str, from: usize, typed: &str) -> Option<(usize, Steps)> {
    let end = from + typed.len();
    let seen = text.get(from..end)?;
    let marked =
        text.get(end..).and_then(|rest| rest.chars().next()).is_some_and(|c| !c.is_ascii() && fold::is_mark(c));
    let steps = match seen == typed {
        true => Steps::default(),
        false if typed.is_ascii() && seen.eq_ignore_ascii_case(typed) => Steps::from_iter([super::Step::Case]),
        false => return None,
    };
    (!marked).then_some((end, steps))
}

/// Whether `entry`, whose codes stand at `at`, is one word but a blank stands among the inner ones and there is no room
/// for every letter to stand alone, in two bytes at least. Spares most places where words meet by chance.
fn cannot_spell(text: &str, view: &View, at: usize, entry: &Entry, typed: &str) -> bool {
    let codes = usize::from(entry.searched);
    let inner = text.get(view.origin(at + 1)..view.origin(at + codes - 1)).unwrap_or_default();
    inner.len() + 4 < 2 * codes && inner.contains(' ') && !typed.contains(char::is_whitespace)
}

/// Puts hits in order and keeps, of those of one literal that lie inside each other, the innermost, and of one span the
/// reading with the fewest steps.
fn settle(hits: &mut Vec<LiteralHit>) {
    if hits.len() < 2 {
        return;
    }
    hits.sort_unstable_by_key(|hit| (Reverse(hit.literal), Reverse(hit.start), hit.end, hit.steps.cost()));
    let mut inner = None;
    hits.retain(|hit| {
        let kept = inner.is_none_or(|(literal, end)| literal != hit.literal || hit.end < end);
        if kept {
            inner = Some((hit.literal, hit.end));
        }
        kept
    });
    hits.reverse();
}

/// Why literals could not be compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LiteralsError {
    /// Nothing is left of a literal once it is folded.
    #[error("Literal {literal} holds nothing to search for.")]
    Blank {
        /// Its place in the list.
        literal: u32,
    },
    /// A literal is longer than 64 KiB, typed or folded.
    #[error("Literal {literal} is too long.")]
    TooLong {
        /// Its place in the list.
        literal: u32,
    },
    /// The literals together are more than can be numbered.
    #[error("The terms are too many or too long to be compiled together.")]
    TooMany,
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
