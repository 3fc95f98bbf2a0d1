//! Finds watched terms in text. Pure: no I/O, no clock, no async; usable as a library of its own.
//!
//! [`pattern::check`] reads what a person wrote, [`Matcher::new`] compiles a tenant's terms together, [`Matcher::scan`]
//! reads a text once and says where each term stands, and [`slice()`] cuts a hit out again.
//!
//! ```
//! use vigia::detect::{Matcher, Mode, Scratch, Strictness, Term, Watched, pattern, slice};
//!
//! let pattern = pattern::check("propina", Mode::Word, Strictness::Disguised)?;
//! let matcher = Matcher::new(&[Term { id: 7, watched: Watched::Pattern(pattern) }])?;
//! let mut scratch = Scratch::default();
//! let text = "rola uma pr0pina";
//! let hit = matcher.scan(text, &mut scratch).next().ok_or("nothing found")?;
//! assert_eq!((hit.term, hit.spans[0].start, hit.spans[0].end), (7, 9, 16));
//! assert_eq!(slice(text, 9, 16), Some("pr0pina"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How it works
//!
//! A text is read into at most two views, each in one pass: *folded* (case, accents, white space) for EXACT and FOLDED,
//! and its *skeleton* (every disguise off) for DISGUISED. An index of the literals' first bytes says where in a view one
//! may begin. What folded text says is exact. A skeleton says too much: each place is walked on the original text, which
//! decides, finds the tightest span, and counts the steps. The literals found then decide the operators of a pattern
//! (`evaluate.rs`); detectors read the text once more (`detector.rs`). An automaton (`aho-corasick`) was measured beside the index:
//! as fast for one tenant, three to four times as slow for a thousand, three times the memory, ten times the time to build.
//!
//! # Laws
//!
//! - **Offsets** are Unicode scalar values of the text as it was given, end exclusive, and the span is the tightest one that holds the
//!   match. A span begins and ends at whole characters: marks that sit on its last letter belong to it, invisible
//!   characters around it do not, and half of a `ß`, which folds to `ss`, is no match.
//! - **Equality.** EXACT compares what was typed; FOLDED compares after case and accents are folded away; DISGUISED finds
//!   all that FOLDED finds, and what is disguised. Canonically equivalent texts (NFC and NFD) are the same text at every
//!   strictness.
//! - **White space.** Every run of it, line breaks and no-break spaces included, equals one space of a literal. All other
//!   punctuation inside a literal has to be there.
//! - **Words.** A word ends where Unicode does not continue it (UAX #29), looked up on the original text. Stricter than
//!   UAX #29, any character that is neither letter, number, mark nor invisible format character also ends a word:
//!   `propina` is found in `propina.pdf`, `pix:propina`, `Contrato_propina_v3` and `água` in `d'água`, which UAX #29
//!   takes for one word each. A sign read as a letter ends none: `ana@x` holds no `anaa`.
//! - **Overlaps.** Every occurrence of every literal is reported, overlapping ones too, ordered by start, end and term. One
//!   literal and span is reported once, with the fewest steps; of readings inside each other the innermost.
//! - **Never a panic**, whatever the text holds: NUL, marks with no letter, joined emoji, right-to-left runs; and never
//!   more than a bounded time for each character.
//!
//! And for DISGUISED:
//!
//! - **Which literals.** Those that begin and end with a letter or digit and hold three or more, one of them a letter, all
//!   of them Latin; in others chance sees too much, and they are matched as FOLDED.
//! - **Look-alikes** are those of UTS #39, with small capitals and Greek and Cyrillic shapes added. `I` is an l between
//!   small letters, `l` an i between capitals.
//! - **Numbers.** A digit is a letter only in a word that shows two letters or signs as well, and not where it belongs to a
//!   number that goes on outside. `1`, `!` and `|` are i or l; `!` at the end of a word is a `!`.
//! - **Runs.** Three or more of a letter are one or two of it; two are two: `carro` is not `caro`.
//! - **Parted letters**, in literals of four or more. By a sign that sentences do not put between words (`-`, `_`, `/`, an
//!   emoji; one full stop unless a sentence may begin behind it) a word may be parted anywhere. By white space, line breaks
//!   and a sentence's punctuation only where each of its letters stands alone. Words of a phrase may be parted by such a
//!   sign or by nothing, if both have three letters or one is a number.
//! - **Masks** (`*`, `#`, `_`, `%`, `&`, `?`, and blots) hide one letter each between two others, one in a literal of four
//!   letters, two from five on.
//! - **Signs** (`@`, `$`, `!`, `|` …) stand for letters or part them, each kind the same way throughout a match.
//!
//! # Limits
//!
//! Not found: typing errors, phonetic spellings, two letters drawn as one (`rn` for m), words upside down or backwards, `l`
//! for i among small letters, a mask where signs part letters too, more than some thirty steps aside within one literal.
//! Marks are folded in every script, which merges some letters of Hebrew, Thai, Devanagari and Japanese. Hits are not
//! capped: a text of n characters can hold n hits of each literal of one letter, so callers bound the length of what they
//! scan. The tables are made at the first use, in some tens of milliseconds.

pub mod detector;
mod disguise;
mod evaluate;
mod fold;
mod glyph;
mod index;
mod literals;
mod matcher;
pub mod pattern;
mod skeleton;
mod spelling;
mod suspect;
mod view;
mod word;
mod work;

pub use detector::Detector;
pub use literals::LiteralsError;
pub use matcher::{Hit, Matcher, Scratch, Span, Term, Watched};

/// How much may differ between a pattern and the text it is found in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Strictness {
    /// As typed: case and accents matter.
    Exact,
    /// Case and accents do not matter.
    Folded,
    /// At least all that [`Strictness::Folded`] does.
    Disguised,
}

/// Where a term may stand in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Only as whole words: `ana` is not in `semana`.
    Word,
    /// From the beginning of a word on: `fraud` is in `fraudes`.
    Prefix,
    /// Anywhere.
    Substring,
}

/// One thing that had to be folded away before a text equalled its pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Step {
    /// Upper or lower case.
    Case,
    /// Accents and other marks.
    Accent,
    /// Full-width, mathematical, circled or squared letters.
    Width,
    /// Letters of another script that look alike.
    Lookalike,
    /// Digits and signs in place of letters.
    Leet,
    /// Repeated letters.
    Repeat,
    /// Letters spaced out or separated by punctuation.
    Spacing,
    /// Invisible characters.
    Invisible,
    /// A letter masked by a sign.
    Mask,
}

impl Step {
    /// Every step, in the order in which [`Steps::iter`] names them.
    pub const ALL: [Self; 9] = [
        Self::Case,
        Self::Accent,
        Self::Width,
        Self::Lookalike,
        Self::Leet,
        Self::Repeat,
        Self::Spacing,
        Self::Invisible,
        Self::Mask,
    ];

    /// Its name in the outside world.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Case => "CASE",
            Self::Accent => "ACCENT",
            Self::Width => "WIDTH",
            Self::Lookalike => "LOOKALIKE",
            Self::Leet => "LEET",
            Self::Repeat => "REPEAT",
            Self::Spacing => "SPACING",
            Self::Invisible => "INVISIBLE",
            Self::Mask => "MASK",
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u8
    }
}

/// A set of [`Step`]s. Its bits are stored with matches: a step's place in [`Step::ALL`] never changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Steps(u16);

impl Steps {
    /// The set as bits, the first of [`Step::ALL`] lowest.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// The set with these bits. Bits that name no step are dropped.
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits & ((1 << Step::ALL.len()) - 1))
    }

    /// Whether nothing had to be folded.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `step` is in the set.
    pub const fn contains(self, step: Step) -> bool {
        self.0 & step.bit() != 0
    }

    /// The set with `step` in it.
    pub(crate) const fn with(self, step: Step) -> Self {
        Self(self.0 | step.bit())
    }

    /// What of several sets is the smallest, in an order without ties.
    pub(crate) const fn cost(self) -> (u32, u16) {
        (self.0.count_ones(), self.0)
    }

    /// The steps of the set, in the order of [`Step::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Step> {
        Step::ALL.into_iter().filter(move |step| self.contains(*step))
    }
}

impl FromIterator<Step> for Steps {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> Self {
        Self(steps.into_iter().fold(0, |bits, step| bits | step.bit()))
    }
}

/// The part of `text` between two Unicode scalar offsets, end exclusive; `None` where they do not lie in it in order.
pub fn slice(text: &str, start: usize, end: usize) -> Option<&str> {
    let mut offsets = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    let from = offsets.nth(start)?;
    let to = match end.checked_sub(start)? {
        0 => from,
        chars => offsets.nth(chars - 1)?,
    };
    text.get(from..to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_come_back_from_their_bits_in_order() {
        let steps: Steps = [Step::Mask, Step::Case, Step::Leet].into_iter().collect();
        assert_eq!(Steps::from_bits(steps.bits()), steps);
        assert!(steps.iter().eq([Step::Case, Step::Leet, Step::Mask]));
        assert!(Step::ALL.into_iter().collect::<Steps>().iter().eq(Step::ALL));
        assert!(Steps::from_bits(1 << 9).is_empty());
        assert!(!steps.contains(Step::Accent));
    }

    #[test]
    fn a_slice_is_cut_by_characters_and_only_inside_the_text() {
        assert_eq!(slice("a😀ção", 1, 4), Some("😀çã"));
        assert_eq!(slice("a😀", 0, 2), Some("a😀"));
        assert_eq!(slice("a😀", 2, 2), Some(""));
        assert_eq!(slice("", 0, 0), Some(""));
        assert_eq!(slice("a😀", 1, 3), None);
        assert_eq!(slice("a😀", 3, 3), None);
        assert_eq!(slice("a😀", 2, 1), None);
        assert_eq!(slice("a😀", 0, usize::MAX), None);
    }
}
