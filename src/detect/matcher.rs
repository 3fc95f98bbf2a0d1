//! One automaton for all terms of a tenant.

use std::error::Error;
use std::{fmt, mem};

use aho_corasick::{AhoCorasick, AhoCorasickKind, BuildError};

use super::fold::{self, Folded};
use super::pattern::{self, PatternError};
use super::word::Boundaries;
use super::{Mode, Step, Steps, Strictness};

/// Up to this many terms are compiled to a DFA, more to a contiguous NFA. A DFA of 100 terms is five times as fast and
/// takes some 150 KiB; at 1,000 it takes ten times the memory of the NFA, and ten thousand tenants must fit.
/// `AhoCorasick`'s own choice is not used: it depends on more than we can promise.
const DFA_MAX_TERMS: usize = 100;

/// A DFA grows by up to 256 bytes with each byte of pattern: few but long terms are compiled to the NFA as well.
const DFA_MAX_BYTES: usize = 4_096;

/// A term to be compiled. It holds content: no `Debug`.
#[derive(Clone, Copy)]
pub struct TermSpec<'a> {
    /// What [`Hit::term`] answers. Patterns that share an id are one term.
    pub id: u32,
    /// The pattern as stored; checked again by [`Matcher::new`].
    pub pattern: &'a str,
    /// Where the term may stand in a word.
    pub mode: Mode,
    /// How much may differ from the pattern.
    pub strictness: Strictness,
}

/// One occurrence of a term in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The id of the [`TermSpec`].
    pub term: u32,
    /// The first Unicode scalar value of the span in the original text.
    pub start: usize,
    /// The first one after the span.
    pub end: usize,
    /// What had to be folded away: CASE and ACCENT only where the spans differ without it.
    pub steps: Steps,
}

/// Buffers for [`Matcher::scan`], to be kept between texts so that a scan without a hit allocates nothing. They hold
/// the last text folded, so guard them as the text itself, and keep the size of the longest one.
#[derive(Default)]
pub struct Scratch {
    folded: Folded,
    boundaries: Boundaries,
}

/// The compiled terms of one tenant; immutable and shared between threads. Finds nothing when it has no terms.
pub struct Matcher {
    automaton: AhoCorasick,
    /// In the order of the automaton's patterns.
    terms: Vec<Term>,
}

struct Term {
    id: u32,
    mode: Mode,
    strictness: Strictness,
    typed: Box<str>,
}

impl Matcher {
    /// Compiles `terms`: some 2 ms for 1,000 of them, so off the request path.
    ///
    /// # Errors
    ///
    /// A pattern that [`pattern::check`] refuses, or more of them than an automaton can hold.
    pub fn new<'a>(terms: impl IntoIterator<Item = TermSpec<'a>>) -> Result<Self, MatcherError> {
        let mut compiled = Vec::new();
        let mut folded = Vec::new();
        for TermSpec { id, pattern, mode, strictness } in terms {
            let pattern = pattern::check(pattern, strictness).map_err(|source| MatcherError::Pattern { id, source })?;
            folded.push(pattern.folded().to_owned());
            compiled.push(Term { id, mode, strictness, typed: pattern.text().into() });
        }
        let small = folded.len() <= DFA_MAX_TERMS && folded.iter().map(String::len).sum::<usize>() <= DFA_MAX_BYTES;
        let kind = if small { AhoCorasickKind::DFA } else { AhoCorasickKind::ContiguousNFA };
        // An overlapping search never asks the prefilter.
        let automaton =
            AhoCorasick::builder().kind(Some(kind)).prefilter(false).build(&folded).map_err(MatcherError::Automaton)?;
        Ok(Self { automaton, terms: compiled })
    }

    /// Every occurrence of every term in `text`, in the order and with the spans the module's laws say.
    pub fn scan(&self, text: &str, scratch: &mut Scratch) -> Vec<Hit> {
        let mut hits = Vec::new();
        if self.terms.is_empty() {
            return hits;
        }
        let Scratch { folded, boundaries } = scratch;
        folded.read(text);
        boundaries.clear();
        for found in self.automaton.find_overlapping_iter(folded.bytes()) {
            let Some(term) = self.terms.get(found.pattern().as_usize()) else { continue };
            let Some((start, end)) = folded.original(found.start(), found.end()) else { continue };
            let mut bounded = |at| boundaries.has(text, at);
            let stands = match term.mode {
                Mode::Word => bounded(start) && bounded(end),
                Mode::Prefix => bounded(start),
                Mode::Substring => true,
            };
            let Some(seen) = text.get(start..end).filter(|_| stands) else { continue };
            let steps = steps_between(&term.typed, seen);
            if steps.is_empty() || term.strictness != Strictness::Exact {
                hits.push(Hit { term: term.id, start, end, steps });
            }
        }
        settle(&mut hits);
        count_in_scalars(&mut hits, text);
        hits
    }

    /// About how much memory the matcher holds, in bytes.
    pub fn bytes(&self) -> usize {
        let typed: usize = self.terms.iter().map(|term| term.typed.len()).sum();
        self.automaton.memory_usage() + self.terms.capacity() * mem::size_of::<Term>() + typed
    }
}

/// Why terms could not be compiled.
#[derive(Debug)]
pub enum MatcherError {
    /// A term's pattern may not be watched for.
    Pattern {
        /// The term's [`TermSpec::id`].
        id: u32,
        /// What is wrong with it.
        source: PatternError,
    },
    /// The terms together are more than an automaton can hold.
    Automaton(BuildError),
}

impl fmt::Display for MatcherError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pattern { id, .. } => write!(f, "The pattern of term {id} cannot be watched for."),
            Self::Automaton(_) => f.write_str("The terms are too many or too long to be compiled together."),
        }
    }
}

impl Error for MatcherError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Pattern { source, .. } => Some(source),
            Self::Automaton(source) => Some(source),
        }
    }
}

/// The fewest steps after which `typed` and `seen`, equal once folded, are equal.
fn steps_between(typed: &str, seen: &str) -> Steps {
    if typed == seen || fold::decomposed(typed).eq(fold::decomposed(seen)) {
        Steps::default()
    } else if fold::without_marks(typed).eq(fold::without_marks(seen)) {
        Steps::from_iter([Step::Accent])
    } else if fold::without_case(typed).eq(fold::without_case(seen)) {
        Steps::from_iter([Step::Case])
    } else {
        Steps::from_iter([Step::Case, Step::Accent])
    }
}

/// Keeps one hit of each term and span, the one with the fewest steps, drops those wholly inside a longer one of the
/// same term, and puts the rest in order.
fn settle(hits: &mut Vec<Hit>) {
    let fewest = |steps: Steps| (steps.bits().count_ones(), steps.bits());
    hits.sort_unstable_by_key(|hit| (hit.term, hit.start, usize::MAX - hit.end, fewest(hit.steps)));
    let mut reached = None;
    hits.retain(|hit| {
        let further = reached.is_none_or(|(term, end)| term != hit.term || end < hit.end);
        if further {
            reached = Some((hit.term, hit.end));
        }
        further
    });
    hits.sort_unstable_by_key(|hit| (hit.start, hit.end, hit.term));
}

/// Turns the byte offsets of `hits`, which are in order, into scalar offsets.
fn count_in_scalars(hits: &mut [Hit], text: &str) {
    let chars = |from, to| text.get(from..to).map_or(0, |part: &str| part.chars().count());
    let (mut byte, mut scalar) = (0, 0);
    for hit in hits {
        scalar += chars(byte, hit.start);
        byte = hit.start;
        hit.start = scalar;
        hit.end = scalar + chars(byte, hit.end);
    }
}

#[cfg(test)]
mod tests {
    use unicode_segmentation::UnicodeSegmentation as _;

    use super::super::{slice, word};
    use super::*;
    use Mode::{Prefix, Substring, Word};
    use Strictness::{Disguised, Exact, Folded as Fold};

    fn matcher(specs: &[(u32, &str, Mode, Strictness)]) -> Matcher {
        let specs = specs.iter().map(|&(id, pattern, mode, strictness)| TermSpec { id, pattern, mode, strictness });
        Matcher::new(specs).unwrap()
    }

    /// What one term finds: the text of each span.
    fn seen<'t>(pattern: &str, mode: Mode, strictness: Strictness, text: &'t str) -> Vec<&'t str> {
        let hits = matcher(&[(0, pattern, mode, strictness)]).scan(text, &mut Scratch::default());
        hits.iter().map(|hit| slice(text, hit.start, hit.end).unwrap()).collect()
    }

    /// The steps of the one hit of one term.
    fn steps(pattern: &str, text: &str) -> Vec<Step> {
        let hits = matcher(&[(0, pattern, Word, Fold)]).scan(text, &mut Scratch::default());
        assert_eq!(hits.len(), 1, "{pattern} in {text}");
        hits[0].steps.iter().collect()
    }

    #[test]
    fn a_word_is_not_found_inside_another() {
        assert!(seen("ana", Word, Disguised, "semana banana anais").is_empty());
        assert_eq!(seen("ana", Word, Disguised, "a Ana, semana"), ["Ana"]);
        assert_eq!(seen("ana", Prefix, Disguised, "semana Anais"), ["Ana"]);
        assert_eq!(seen("ana", Substring, Disguised, "semana banana"), ["ana", "ana", "ana"]);
        assert!(seen("coração", Word, Fold, "coraçãozinho cora\u{E7}a\u{303}ozinho").is_empty());
        assert!(seen("carro", Substring, Disguised, "caro").is_empty());
        assert!(seen("caro", Substring, Disguised, "carro").is_empty());
    }

    #[test]
    fn case_and_accents_fold_and_exact_minds_them() {
        let text = "AÇÃO acao ac\u{327}a\u{303}o ação";
        assert_eq!(seen("ação", Word, Fold, text), ["AÇÃO", "acao", "ac\u{327}a\u{303}o", "ação"]);
        assert_eq!(seen("acao", Word, Disguised, text).len(), 4);
        assert_eq!(seen("ação", Word, Exact, text), ["ac\u{327}a\u{303}o", "ação"]);
        assert_eq!(seen("acao", Word, Exact, text), ["acao"]);
        assert_eq!(seen("strasse", Word, Fold, "Straße STRASSE"), ["Straße", "STRASSE"]);
        assert_eq!(seen("straße", Word, Fold, "STRASSE"), ["STRASSE"]);
        assert!(seen("s", Substring, Fold, "ß").is_empty());
    }

    #[test]
    fn steps_name_only_what_was_needed() {
        assert_eq!(steps("ação", "ação"), []);
        assert_eq!(steps("ação", "ac\u{327}a\u{303}o"), []);
        assert_eq!(steps("caixa dois", "caixa \n dois"), []);
        assert_eq!(steps("ação", "AÇÃO"), [Step::Case]);
        assert_eq!(steps("AÇÃO", "Ac\u{327}a\u{303}o"), [Step::Case]);
        assert_eq!(steps("ação", "acao"), [Step::Accent]);
        assert_eq!(steps("acao", "açao"), [Step::Accent]);
        assert_eq!(steps("ação", "ACAO"), [Step::Case, Step::Accent]);
        assert_eq!(steps("strasse", "straße"), [Step::Case]);
    }

    #[test]
    fn a_phrase_goes_across_any_white_space_and_its_punctuation_is_literal() {
        let text = "caixa dois, Caixa\r\n\tDois; caixa\u{A0}\u{2003}dois caixadois caixa, dois";
        assert_eq!(seen("caixa  dois", Word, Exact, text), ["caixa dois", "caixa\u{A0}\u{2003}dois"]);
        assert_eq!(seen("caixa dois", Word, Fold, text).len(), 3);
        assert_eq!(seen("caixa, dois", Word, Fold, text), ["caixa, dois"]);
        assert_eq!(seen("a.b", Word, Fold, "a.b a-b"), ["a.b"]);
    }

    #[test]
    fn offsets_are_scalars_of_the_original() {
        let found = |text: &str| matcher(&[(7, "ação", Word, Fold)]).scan(text, &mut Scratch::default());
        let hit = |start, end, steps| vec![Hit { term: 7, start, end, steps: Steps::from_iter(steps) }];
        assert_eq!(found("👩‍👩‍👧 \u{301} AÇÃO!"), hit(8, 12, vec![Step::Case]));
        assert_eq!(found("😀ac\u{327}a\u{303}o\u{336}\u{301}."), hit(1, 9, vec![Step::Accent]));
        let far = format!("{} ação", "ç ".repeat(2_045) + "x");
        assert_eq!(far.chars().count(), 4_096);
        assert_eq!(found(&far), hit(4_092, 4_096, vec![]));
    }

    #[test]
    fn overlapping_terms_are_all_found_in_order() {
        let terms = [(3, "nota fiscal", Word, Fold), (1, "fiscal", Word, Fold), (2, "fiscal falsa", Word, Fold)];
        let hits = matcher(&terms).scan("Nota fiscal falsa", &mut Scratch::default());
        let places: Vec<_> = hits.iter().map(|hit| (hit.term, hit.start, hit.end)).collect();
        assert_eq!(places, [(3, 0, 11), (1, 5, 11), (2, 5, 17)]);
        assert_eq!(seen("ana", Substring, Fold, "anana"), ["ana", "ana"]);
    }

    #[test]
    fn patterns_of_one_term_give_one_hit_a_place_the_longest_with_fewest_steps() {
        let terms = [(1, "acao", Word, Fold), (1, "ação", Word, Fold), (1, "ação penal", Word, Fold)];
        let hits = matcher(&terms).scan("ação, ação penal", &mut Scratch::default());
        let places: Vec<_> = hits.iter().map(|hit| (hit.start, hit.end, hit.steps.bits())).collect();
        assert_eq!(places, [(0, 4, 0), (6, 16, 0)]);
    }

    #[test]
    fn a_refused_pattern_names_its_term_and_no_terms_find_nothing() {
        let spec = TermSpec { id: 9, pattern: "a*", mode: Word, strictness: Fold };
        let error = Matcher::new([spec]).err().unwrap();
        assert!(matches!(error, MatcherError::Pattern { id: 9, source: PatternError::Reserved { what: "*" } }));
        let none = Matcher::new([]).unwrap();
        assert!(none.scan("propina", &mut Scratch::default()).is_empty());
    }

    #[test]
    fn memory_stays_within_what_ten_thousand_tenants_can_share() {
        let bytes = |count: usize, tail: &str| {
            let words: Vec<String> = (0..count).map(|n| format!("palavra{n} {tail}")).collect();
            let spec = |pattern| TermSpec { id: 0, pattern, mode: Word, strictness: Fold };
            Matcher::new(words.iter().map(|word| spec(word.as_str()))).unwrap().bytes()
        };
        assert!((20_000..200_000).contains(&bytes(500, "vigiada")));
        assert!((20_000..400_000).contains(&bytes(100, "vigiada")));
        assert!(bytes(DFA_MAX_TERMS + 1, "") < bytes(DFA_MAX_TERMS, "") / 2);
        assert!((50_000..1_000_000).contains(&bytes(100, &"vigiada ".repeat(60))));
    }

    /// The laws, word for word and slowly: every span of the text against every term.
    fn reference(specs: &[(u32, &str, Mode, Strictness)], text: &str) -> Vec<Hit> {
        let chars: Vec<char> = text.chars().collect();
        let bounds: Vec<usize> = text.split_word_bound_indices().map(|(at, _)| text[..at].chars().count()).collect();
        let visible = |c: &char| !word::is_looked_through(*c);
        let bounded = |at: usize| {
            let before = chars[..at].iter().rev().find(|c| visible(c));
            let after = (at..chars.len()).find(|i| visible(&chars[*i]));
            let (Some(before), Some(after)) = (before, after) else { return true };
            !before.is_alphanumeric() || !chars[after].is_alphanumeric() || bounds.contains(&after)
        };
        let folded: Vec<String> = specs.iter().map(|(_, pattern, ..)| fold::fold(pattern).collect()).collect();
        let same = |a: &str, b: &str| fold::decomposed(a).eq(fold::decomposed(b));
        let mut hits: Vec<Hit> = Vec::new();
        for start in (0..chars.len()).filter(|at| !fold::is_mark(chars[*at])) {
            for end in (start + 1..=chars.len()).filter(|at| chars.get(*at).is_none_or(|c| !fold::is_mark(*c))) {
                let span: String = chars[start..end].iter().collect();
                let folded_span: String = fold::fold(&span).collect();
                for (&(term, pattern, mode, strictness), folded) in specs.iter().zip(&folded) {
                    let stands = || match mode {
                        Word => bounded(start) && bounded(end),
                        Prefix => bounded(start),
                        Substring => true,
                    };
                    if folded_span == *folded && stands() && (strictness != Exact || same(pattern, &span)) {
                        hits.push(Hit { term, start, end, steps: steps_between(pattern, &span) });
                    }
                }
            }
        }
        let all = hits.clone();
        let beaten = |hit: &Hit| {
            all.iter().any(|other| {
                let longer = other.end - other.start > hit.end - hit.start;
                let cost = |hit: &Hit| (hit.steps.iter().count(), hit.steps.bits());
                let fewer = (other.start, other.end) == (hit.start, hit.end) && cost(other) < cost(hit);
                let inside = other.start <= hit.start && hit.end <= other.end;
                other.term == hit.term && inside && (longer || fewer)
            })
        };
        hits.retain(|hit| !beaten(hit));
        hits.sort_by_key(|hit| (hit.start, hit.end, hit.term));
        hits.dedup();
        hits
    }

    fn xorshift(state: &mut u64) -> usize {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        (*state >> 33) as usize
    }

    fn any_text(state: &mut u64, longest: usize) -> String {
        const PIECES: [&str; 40] = [
            "a", "a", "a", "n", "n", "A", "N", "á", "ã", "Á", "s", "ß", "ss", "i", "İ", "ı", "1", " ", " ", " ", "\n",
            "\u{A0}", "\u{301}", "\u{303}", "\u{336}", ".", "_", "'", "\u{AD}", "\u{200B}", "\u{200D}", "\u{FE0F}",
            "😀", "中", "ア", "ﬁ", "각", "ש", "\0", "²",
        ];
        (0..=xorshift(state) % longest).map(|_| PIECES[xorshift(state) % PIECES.len()]).collect()
    }

    #[test]
    fn the_matcher_agrees_with_the_slow_reference_on_random_texts() {
        let mut state = 0x9E37_79B9_7F4A_7C15;
        let mut scratch = Scratch::default();
        let mut found = 0;
        for round in 0..200 {
            // A few rounds have enough terms for the automaton of large tenants.
            let count = if round % 40 == 0 { DFA_MAX_TERMS + 20 } else { 1 + xorshift(&mut state) % 12 };
            let mut specs = Vec::new();
            while specs.len() < count {
                let mode = [Word, Prefix, Substring][xorshift(&mut state) % 3];
                let strictness = [Exact, Fold, Disguised][xorshift(&mut state) % 3];
                if let Ok(pattern) = pattern::check(&any_text(&mut state, 4), strictness) {
                    specs.push((xorshift(&mut state) as u32 % 100, pattern.text().to_owned(), mode, strictness));
                }
            }
            let specs: Vec<_> =
                specs.iter().map(|(id, text, mode, strict)| (*id, text.as_str(), *mode, *strict)).collect();
            let matcher = matcher(&specs);
            for _ in 0..15 {
                let text = any_text(&mut state, 24);
                let hits = matcher.scan(&text, &mut scratch);
                assert_eq!(hits, reference(&specs, &text), "{specs:?} in {text:?}");
                found += hits.len();
            }
        }
        assert!(found > 2_000, "too few hits to tell anything: {found}");
    }
}
