//! From the literals found in a text to the matches of a term.
//!
//! # Laws
//!
//! - **A literal** alone matches wherever it is found. **OR** matches wherever one of its operands does.
//! - **AND** matches a text once, with the leftmost match of each operand, the longer of two that begin together. With
//!   only one operand that is no NOT it keeps all matches of that one: `A AND NOT B` is `A UNLESS B`.
//! - **NEAR** pairs each occurrence on the left with the nearest on the right, before or after it: the one before where
//!   both are as far in words, the longer of two that end or begin together. The two may not overlap, and a pair found
//!   from both its ends is one match. So an occurrence on the left has a match exactly if it has a partner at all.
//! - **UNLESS** has the matches of what is wanted, and none if what is unwanted stands anywhere in the text. With a
//!   distance, occurrences of wanted literals that overlap an unwanted one or stand near it do not count, and matches
//!   are made of the others; a NOT or another UNLESS within the wanted side still looks for its own words everywhere.
//! - **Distance.** From one occurrence to another it is one more than the number of whole words between them, by the
//!   word boundaries of UAX #29 on the original text: `NEAR/1` asks for neighbours. `1.500,00` and `d'água` are one
//!   word, `guarda-chuva` is two, signs and emoji are none.
//! - **Spans** of a match are in order and none lies inside another. Matches of one term are in the order of their
//!   spans, no two have the same, and a match of one span inside a span of another match is dropped. The steps of a
//!   match are those of all its spans; where a span is found in several ways, the one with the fewest counts.
//!
//! # Limits
//!
//! n hits cost O(n log n) for each node of the tree. At most 2^32 - 1 bytes of text and spans.

#[cfg(test)]
mod tests;

use std::cmp::{Ordering, Reverse};
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;

use super::Steps;
use super::literals::LiteralHit;
use super::pattern::Node;

/// A part of the text, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The first byte after it.
    pub end: u32,
}

impl Span {
    fn leftmost(&self) -> (u32, Reverse<u32>) {
        (self.start, Reverse(self.end))
    }
}

/// The matches of a term, in buffers to be kept between texts: they grow to the most hits met and stay so.
#[derive(Default)]
pub struct Matches {
    matches: Vec<Match>,
    spans: Vec<Span>,
    occurrences: Vec<Occurrence>,
    /// For each span where it stands, and which match of one span it is, if of such.
    sweep: Vec<(u32, Reverse<u32>, Option<usize>)>,
}

#[derive(Clone, Copy)]
struct Match {
    /// Its place in `spans`, and how many they are.
    first: usize,
    count: usize,
    steps: Steps,
}

#[derive(Clone, Copy)]
struct Occurrence {
    span: Span,
    steps: Steps,
}

impl Matches {
    /// The spans and steps of each match.
    pub fn iter(&self) -> impl Iterator<Item = (&[Span], Steps)> {
        self.matches.iter().map(|found| (spans_of(&self.spans, found), found.steps))
    }

    fn push(&mut self, spans: &[Span], steps: Steps) {
        self.matches.push(Match { first: self.spans.len(), count: spans.len(), steps });
        self.spans.extend_from_slice(spans);
    }

    /// Orders the matches, and drops those that say nothing new.
    fn settle(&mut self) {
        let Self { matches, spans, sweep, .. } = self;
        matches.sort_unstable_by(|a, b| {
            spans_of(spans, a).cmp(spans_of(spans, b)).then_with(|| a.steps.cost().cmp(&b.steps.cost()))
        });
        matches.dedup_by(|later, earlier| spans_of(spans, later) == spans_of(spans, earlier));
        sweep.clear();
        for (place, found) in matches.iter().enumerate() {
            let single = (found.count == 1).then_some(place);
            sweep.extend(spans_of(spans, found).iter().map(|span| (span.start, Reverse(span.end), single)));
        }
        // `None` sorts before `Some`: a span of several comes before the same one alone.
        sweep.sort_unstable();
        let mut reached = 0;
        for &(_, Reverse(end), single) in sweep.iter() {
            if end <= reached
                && let Some(found) = single.and_then(|place| matches.get_mut(place))
            {
                found.count = 0;
            }
            reached = reached.max(end);
        }
        matches.retain(|found| found.count > 0);
    }
}

fn spans_of<'s>(spans: &'s [Span], found: &Match) -> &'s [Span] {
    spans.get(found.first..found.first + found.count).unwrap_or_default()
}

/// The words of one text, looked up once the first distance is asked for.
#[derive(Default)]
pub struct WordCounter {
    words: Vec<Span>,
    read: bool,
}

impl WordCounter {
    /// Forgets the text before.
    pub fn clear(&mut self) {
        self.words.clear();
        self.read = false;
    }

    fn read(&mut self, text: &str) {
        if !std::mem::replace(&mut self.read, true) {
            let span = |(at, word): (usize, &str)| Span { start: at as u32, end: (at + word.len()) as u32 };
            self.words.extend(text.unicode_word_indices().map(span));
        }
    }

    /// How many whole words stand between two bytes; none if `to` comes first.
    fn between(&self, from: u32, to: u32) -> usize {
        let begun = self.words.partition_point(|word| word.start < from);
        let ended = self.words.partition_point(|word| word.end <= to);
        ended.saturating_sub(begun)
    }
}

/// Puts the matches of a term in place of what `found` held. `hits` answers the hits of each of the pattern's literals,
/// ordered by start and end, none inside another; `words` is kept for the same `text` and cleared for the next.
///
/// Allocates nothing once the buffers have grown; a plain literal costs a copy of its hits. A tree made by
/// [`super::pattern::check`] has no match without a hit, so terms that have none need not be evaluated.
pub fn evaluate<'h>(
    tree: &Node,
    hits: impl Fn(usize) -> &'h [LiteralHit],
    text: &str,
    words: &mut WordCounter,
    found: &mut Matches,
) {
    found.matches.clear();
    found.spans.clear();
    found.occurrences.clear();
    Evaluation { text, hits, words, found }.node(tree, None);
    if !matches!(tree, Node::Literal(_)) {
        found.settle();
    }
}

struct Evaluation<'a, H> {
    text: &'a str,
    hits: H,
    words: &'a mut WordCounter,
    /// `matches` and `occurrences` serve as stacks: a node leaves its own on top.
    found: &'a mut Matches,
}

/// The unwanted occurrences of an UNLESS with a distance, and those of the ones around it.
struct Exclusion<'a> {
    /// By start; each `end` is the furthest of all up to it.
    unwanted: Range<usize>,
    within: usize,
    outer: Option<&'a Exclusion<'a>>,
}

impl<'h, H: Fn(usize) -> &'h [LiteralHit]> Evaluation<'_, H> {
    /// Pushes the matches of `node`.
    fn node(&mut self, node: &Node, exclusion: Option<&Exclusion<'_>>) {
        match node {
            Node::Literal(literal) => {
                for hit in (self.hits)(*literal) {
                    let span = Span { start: hit.start, end: hit.end };
                    if !self.is_excluded(span, exclusion) {
                        self.found.push(&[span], hit.steps);
                    }
                }
            }
            Node::Or(operands) => operands.iter().for_each(|operand| self.node(operand, exclusion)),
            Node::And(operands) => self.and(operands, exclusion),
            Node::Near { words, left, right } => self.near(*words as usize, left, right, exclusion),
            Node::Unless { wanted, unwanted, within: None } => {
                if !self.stands(unwanted) {
                    self.node(wanted, exclusion);
                }
            }
            Node::Unless { wanted, unwanted, within: Some(words) } => {
                let unwanted = self.occurrences(unwanted, None);
                let mut reached = 0;
                for occurrence in self.found.occurrences.get_mut(unwanted.clone()).unwrap_or_default() {
                    reached = occurrence.span.end.max(reached);
                    occurrence.span.end = reached;
                }
                let begin = unwanted.start;
                self.words.read(self.text);
                self.node(wanted, Some(&Exclusion { unwanted, within: *words as usize, outer: exclusion }));
                self.found.occurrences.truncate(begin);
            }
            // The parser lets it stand in an AND alone, which asks [`Self::stands`] instead.
            Node::Not(_) => {}
        }
    }

    fn and(&mut self, operands: &[Node], exclusion: Option<&Exclusion<'_>>) {
        for operand in operands {
            if let Node::Not(unwanted) = operand
                && self.stands(unwanted)
            {
                return;
            }
        }
        let mut wanted = operands.iter().filter(|operand| !matches!(operand, Node::Not(_)));
        if let (Some(only), None) = (wanted.next(), wanted.next()) {
            return self.node(only, exclusion);
        }
        let begin = self.found.matches.len();
        for operand in operands.iter().filter(|operand| !matches!(operand, Node::Not(_))) {
            let own = self.found.matches.len();
            self.node(operand, exclusion);
            let leftmost = self.found.matches.get(own..).unwrap_or_default().iter().min_by(|a, b| self.leftmost(a, b));
            let Some(leftmost) = leftmost.copied() else { return self.found.matches.truncate(begin) };
            self.found.matches.truncate(own);
            self.found.matches.push(leftmost);
        }
        self.merge(begin);
    }

    fn leftmost(&self, a: &Match, b: &Match) -> Ordering {
        let order = |found| spans_of(&self.found.spans, found).iter().map(Span::leftmost);
        order(a).cmp(order(b)).then_with(|| a.steps.cost().cmp(&b.steps.cost()))
    }

    /// Makes one match of those from `begin` on.
    fn merge(&mut self, begin: usize) {
        let Matches { matches, spans, .. } = &mut *self.found;
        let first = spans.len();
        let mut steps = Steps::default();
        for part in matches.drain(begin..) {
            spans.extend_from_within(part.first..part.first + part.count);
            steps = Steps::from_bits(steps.bits() | part.steps.bits());
        }
        let own = spans.get_mut(first..).unwrap_or_default();
        own.sort_unstable_by_key(Span::leftmost);
        let (mut count, mut reached) = (0, 0);
        for place in 0..own.len() {
            if let Some(span) = own.get(place).copied().filter(|span| span.end > reached) {
                reached = span.end;
                own.swap(count, place);
                count += 1;
            }
        }
        matches.push(Match { first, count, steps });
    }

    fn near(&mut self, words: usize, left: &Node, right: &Node, exclusion: Option<&Exclusion<'_>>) {
        self.words.read(self.text);
        let left = self.occurrences(left, exclusion);
        let right = self.occurrences(right, exclusion);
        let all = &mut self.found.occurrences;
        all.extend_from_within(right.clone());
        let by_end = right.end..all.len();
        let key = |found: &Occurrence| (found.span.end, Reverse(found.span.start), Reverse(found.steps.cost()));
        all.get_mut(by_end.clone()).unwrap_or_default().sort_unstable_by_key(key);
        for place in left.clone() {
            let all = self.found.occurrences.as_slice();
            let Some(one) = all.get(place).copied() else { break };
            let (right, by_end) = (all.get(right.clone()), all.get(by_end.clone()));
            let Some(other) = self.nearest(one.span, right.unwrap_or_default(), by_end.unwrap_or_default(), words)
            else {
                continue;
            };
            let (first, second) = (one.span.min(other.span), one.span.max(other.span));
            self.found.push(&[first, second], Steps::from_bits(one.steps.bits() | other.steps.bits()));
        }
        self.found.occurrences.truncate(left.start);
    }

    /// The occurrence nearest to `one` that does not overlap it, at most `words` away.
    fn nearest(&self, one: Span, by_start: &[Occurrence], by_end: &[Occurrence], words: usize) -> Option<Occurrence> {
        let ended = by_end.partition_point(|other| other.span.end <= one.start);
        let begun = by_start.partition_point(|other| other.span.start < one.end);
        let before = ended.checked_sub(1).and_then(|place| by_end.get(place));
        let before = before.map(|other| (self.words.between(other.span.end, one.start), other));
        let after = by_start.get(begun).map(|other| (self.words.between(one.end, other.span.start), other));
        // Of two as near `min_by_key` takes the first.
        let nearest = [before, after].into_iter().flatten().min_by_key(|(between, _)| *between);
        nearest.filter(|(between, _)| *between < words).map(|(_, other)| *other)
    }

    /// Pushes the occurrences of a literal or of a choice between literals, leftmost first, the longer before the
    /// shorter, and says where they lie.
    fn occurrences(&mut self, node: &Node, exclusion: Option<&Exclusion<'_>>) -> Range<usize> {
        let begin = self.found.occurrences.len();
        let literals = match node {
            Node::Or(operands) => operands.as_slice(),
            one => std::slice::from_ref(one),
        };
        for literal in literals {
            // The parser lets nothing else stand here.
            let Node::Literal(literal) = literal else { continue };
            for hit in (self.hits)(*literal) {
                let span = Span { start: hit.start, end: hit.end };
                if !self.is_excluded(span, exclusion) {
                    self.found.occurrences.push(Occurrence { span, steps: hit.steps });
                }
            }
        }
        let own = self.found.occurrences.get_mut(begin..).unwrap_or_default();
        own.sort_unstable_by_key(|found| (found.span.leftmost(), found.steps.cost()));
        begin..self.found.occurrences.len()
    }

    /// Whether `node` has a match anywhere in the text.
    fn stands(&mut self, node: &Node) -> bool {
        let begin = self.found.matches.len();
        self.node(node, None);
        let stands = self.found.matches.len() > begin;
        self.found.matches.truncate(begin);
        stands
    }

    /// Whether something unwanted overlaps `span` or is near it.
    fn is_excluded(&self, span: Span, exclusion: Option<&Exclusion<'_>>) -> bool {
        std::iter::successors(exclusion, |exclusion| exclusion.outer).any(|Exclusion { unwanted, within, .. }| {
            let unwanted = self.found.occurrences.get(unwanted.clone()).unwrap_or_default();
            let begin_near = |other: &Occurrence| self.words.between(span.end, other.span.start) < *within;
            let furthest = unwanted.partition_point(begin_near).checked_sub(1).and_then(|place| unwanted.get(place));
            furthest.is_some_and(|other| self.words.between(other.span.end, span.start) < *within)
        })
    }
}
