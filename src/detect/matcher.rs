//! All that a tenant watches for, compiled together.

use super::Steps;
use super::detector::{Detector, Reading};
use super::evaluate::{self, Matches, WordCounter, evaluate};
use super::literals::{self, LiteralHit, LiteralSpec, Literals, LiteralsError};
use super::pattern::{Node, Pattern};

/// A term to be compiled. It holds content: no `Debug`.
pub struct Term {
    /// What [`Hit::term`] answers.
    pub id: u32,
    /// What is watched for.
    pub watched: Watched,
}

/// What is watched for. It is content: no `Debug`.
pub enum Watched {
    /// Words, as [`super::pattern::check`] read them.
    Pattern(Pattern),
    /// Numbers or addresses of a kind.
    Detector(Detector),
}

/// A part of a text, in Unicode scalar values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its first character.
    pub start: usize,
    /// The first one after it.
    pub end: usize,
}

/// A term found in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit<'s> {
    /// The [`Term`]'s id.
    pub term: u32,
    /// Where: one span for a word, a phrase or a detector, one for each operand of AND and NEAR.
    pub spans: &'s [Span],
    /// What had to be folded away to see it.
    pub steps: Steps,
}

/// Buffers for [`Matcher::scan`], to be kept between texts: a scan allocates nothing once they have grown. They hold what
/// was made of the last text, so guard them as the text itself, and keep the size of the longest one.
#[derive(Default)]
pub struct Scratch {
    literals: literals::Scratch,
    words: WordCounter,
    matches: Matches,
    reading: Reading,
    places: Vec<(usize, usize)>,
    hits: Vec<Found>,
    /// The hits' spans, in bytes until [`Scratch::count_in_scalars`].
    spans: Vec<Span>,
    bounds: Vec<(usize, usize)>,
}

#[derive(Clone, Copy)]
struct Found {
    term: u32,
    /// In bytes, for the order.
    start: usize,
    end: usize,
    /// Its place in `spans`, and how many they are.
    first: usize,
    count: usize,
    steps: Steps,
}

/// The compiled terms of one tenant; immutable and shared between threads. Finds nothing when it has none.
#[derive(Default)]
pub struct Matcher {
    literals: Literals,
    /// In the order of their literals.
    patterns: Vec<Compiled>,
    detectors: Vec<(Detector, u32)>,
}

struct Compiled {
    id: u32,
    /// The first of its literals; the others follow it.
    first: u32,
    /// What is asked of them, when it is more than one phrase.
    tree: Option<Box<Node>>,
}

impl Matcher {
    /// Compiles `terms`: some milliseconds for 10,000 of them.
    ///
    /// # Errors
    ///
    /// More of them than can be numbered.
    pub fn new(terms: &[Term]) -> Result<Self, LiteralsError> {
        Self::compile(Vec::new(), Vec::new(), Vec::new(), terms)
    }

    /// Adds `terms` to what is at hand.
    fn compile<'a>(
        mut patterns: Vec<Compiled>,
        mut specs: Vec<LiteralSpec<'a>>,
        mut detectors: Vec<(Detector, u32)>,
        terms: &'a [Term],
    ) -> Result<Self, LiteralsError> {
        for Term { id, watched } in terms {
            match watched {
                Watched::Detector(detector) => detectors.push((*detector, *id)),
                Watched::Pattern(pattern) => {
                    let first = u32::try_from(specs.len()).map_err(|_| LiteralsError::TooMany)?;
                    let tree = pattern.tree();
                    let tree = (!matches!(tree, Node::Literal(_))).then(|| Box::new(tree.clone()));
                    patterns.push(Compiled { id: *id, first, tree });
                    specs.extend(pattern.literals().iter().map(|literal| LiteralSpec {
                        text: literal.text(),
                        anchor: literal.anchor(),
                        strictness: pattern.strictness(),
                    }));
                }
            }
        }
        detectors.sort_unstable_by_key(|(detector, id)| (*detector as u8, *id));
        patterns.shrink_to_fit();
        Ok(Self { literals: Literals::new(specs)?, patterns, detectors })
    }

    /// These terms without some of them, renumbered, and with others. `renumbered` answers the new id of a term that
    /// stays. Costs what compiling them all does, but for reading their patterns.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn changed(&self, renumbered: impl Fn(u32) -> Option<u32>, with: &[Term]) -> Result<Self, LiteralsError> {
        let (mut patterns, mut specs) = (Vec::with_capacity(self.patterns.len() + with.len()), Vec::new());
        let known = self.literals.specs();
        let ends = self.patterns.iter().skip(1).map(|next| next.first as usize).chain([known.len()]);
        for (Compiled { id, first, tree }, end) in self.patterns.iter().zip(ends) {
            let Some(id) = renumbered(*id) else { continue };
            let own = known.get(*first as usize..end).unwrap_or_default();
            patterns.push(Compiled { id, first: u32::try_from(specs.len()).unwrap_or(u32::MAX), tree: tree.clone() });
            specs.extend_from_slice(own);
        }
        let stay = self.detectors.iter().filter_map(|(detector, id)| Some((*detector, renumbered(*id)?)));
        Self::compile(patterns, specs, stay.collect(), with)
    }

    /// Every match of every term in `text`, by start, end and term, as the laws of [`super`] say.
    pub fn scan<'s>(&self, text: &str, scratch: &'s mut Scratch) -> impl ExactSizeIterator<Item = Hit<'s>> + use<'s> {
        scratch.hits.clear();
        scratch.spans.clear();
        self.find_patterns(text, scratch);
        self.find_numbers(text, scratch);
        if !scratch.hits.is_empty() {
            scratch.hits.sort_unstable_by_key(|hit| (hit.start, hit.end, hit.term, hit.first));
            scratch.count_in_scalars(text);
        }
        let Scratch { hits, spans, .. } = &*scratch;
        hits.iter().map(|hit| Hit {
            term: hit.term,
            spans: spans.get(hit.first..hit.first + hit.count).unwrap_or_default(),
            steps: hit.steps,
        })
    }

    /// About how much memory the matcher holds, in bytes. Trees of operators are counted by their root alone.
    pub fn bytes(&self) -> usize {
        self.literals.bytes()
            + self.patterns.capacity() * size_of::<Compiled>()
            + self.patterns.iter().filter(|pattern| pattern.tree.is_some()).count() * size_of::<Node>()
            + self.detectors.capacity() * size_of::<(Detector, u32)>()
    }

    fn find_patterns(&self, text: &str, scratch: &mut Scratch) {
        let Scratch { literals, words, matches, hits, spans, .. } = scratch;
        words.clear();
        let mut rest = self.literals.scan(text, literals);
        while let Some(hit) = rest.first() {
            let after = self.patterns.partition_point(|pattern| pattern.first <= hit.literal);
            let end = self.patterns.get(after).map_or(u32::MAX, |next| next.first);
            let (own, others) = rest.split_at(rest.partition_point(|hit| hit.literal < end));
            rest = others;
            let Some(pattern) = after.checked_sub(1).and_then(|place| self.patterns.get(place)) else { continue };
            let Some(tree) = &pattern.tree else {
                for hit in own {
                    push(hits, spans, pattern.id, &[evaluate::Span { start: hit.start, end: hit.end }], hit.steps);
                }
                continue;
            };
            evaluate(tree, |place| of_literal(own, pattern.first, place), text, words, matches);
            for (found, steps) in matches.iter() {
                push(hits, spans, pattern.id, found, steps);
            }
        }
    }

    fn find_numbers(&self, text: &str, scratch: &mut Scratch) {
        if self.detectors.is_empty() {
            return;
        }
        let Scratch { reading, places, hits, spans, .. } = scratch;
        reading.read(text);
        let mut found = None;
        for (detector, id) in &self.detectors {
            if found.replace(*detector) != Some(*detector) {
                detector.find(reading, places);
            }
            for (start, end) in &*places {
                hits.push(Found {
                    term: *id,
                    start: *start,
                    end: *end,
                    first: spans.len(),
                    count: 1,
                    steps: Steps::default(),
                });
                spans.push(Span { start: *start, end: *end });
            }
        }
    }
}

/// The hits of one of a pattern's literals.
fn of_literal(own: &[LiteralHit], first: u32, place: usize) -> &[LiteralHit] {
    let Some(literal) = u32::try_from(place).ok().and_then(|place| first.checked_add(place)) else { return &[] };
    let from = own.partition_point(|hit| hit.literal < literal);
    let to = own.partition_point(|hit| hit.literal <= literal);
    own.get(from..to).unwrap_or_default()
}

fn push(hits: &mut Vec<Found>, spans: &mut Vec<Span>, term: u32, found: &[evaluate::Span], steps: Steps) {
    let first = spans.len();
    spans.extend(found.iter().map(|span| Span { start: span.start as usize, end: span.end as usize }));
    let own = spans.get(first..).unwrap_or_default();
    let start = own.iter().map(|span| span.start).min().unwrap_or_default();
    let end = own.iter().map(|span| span.end).max().unwrap_or_default();
    hits.push(Found { term, start, end, first, count: found.len(), steps });
}

impl Scratch {
    /// `text` as EXACT and FOLDED terms are searched for: in UTF-8, canonically decomposed, without marks, in one case,
    /// each run of white space one blank.
    pub fn fold(&mut self, text: &str) -> &[u8] {
        self.literals.fold(text)
    }

    /// `text` as DISGUISED terms are looked for first: its letters alone, one byte for all that look alike, runs once.
    pub fn skeleton(&mut self, text: &str) -> &[u8] {
        self.literals.skeleton(text)
    }

    /// Turns the byte offsets of the spans into scalar offsets, in one walk over the text.
    fn count_in_scalars(&mut self, text: &str) {
        if text.is_ascii() {
            return;
        }
        let Self { spans, bounds, .. } = self;
        bounds.clear();
        bounds.extend(spans.iter().flat_map(|span| [(span.start, 0), (span.end, 0)]));
        bounds.sort_unstable();
        bounds.dedup();
        let (mut byte, mut scalar) = (0, 0);
        for bound in bounds.iter_mut() {
            scalar += text.get(byte..bound.0).map_or(0, |part| part.chars().count());
            byte = bound.0;
            bound.1 = scalar;
        }
        let scalar_of = |byte: usize| {
            let place = bounds.partition_point(|bound| bound.0 < byte);
            bounds.get(place).map_or(scalar, |bound| bound.1)
        };
        for span in spans {
            *span = Span { start: scalar_of(span.start), end: scalar_of(span.end) };
        }
    }
}
