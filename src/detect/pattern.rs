//! The pattern language: what a term may look for.
//!
//! ```text
//! pattern = or { "UNLESS" or [ "NEAR/" n ] }
//! or      = and { "OR" and }
//! and     = not { "AND" not }
//! not     = [ "NOT" ] near
//! near    = primary [ "NEAR/" n primary ]
//! primary = "(" pattern ")" | [ "*" ] phrase [ "*" ]
//! phrase  = word { word } | quote { any character } quote
//! ```
//!
//! # Laws
//!
//! - **Operators** are bare words in upper case; `and`, `E`, `NEARBY` and `AND,` are words like others. UNLESS binds
//!   loosest, then OR, AND, NOT, NEAR. UNLESS is read from left to right; with AND and OR it makes no difference.
//! - **Phrases.** Adjacent bare words are one phrase, kept byte for byte. In quotes everything is literal, operators,
//!   `*` and parentheses too; `\` before a quote sign or another `\` stands for that sign. `"` is closed by `"`, the
//!   typographic signs `“ ” „ « »` by any of themselves. White space at the ends of a phrase means nothing.
//! - **Stars** touch the beginning or the end of a phrase and open it: `word*`, `*word`, `*word*`, `"two words"*`. They
//!   win over the term's [`Mode`], which says where a phrase without a star may stand.
//! - **NEAR** and the words after UNLESS … NEAR stand between phrases, or several of them joined by OR.
//!   Three close to each other are `A NEAR/5 B AND B NEAR/5 C`.
//! - **Refused** is what would match nearly every message: NOT with nothing positive beside it in an AND, and a phrase
//!   of fewer than two letters or digits with one end open or three with both, whether by a star or by the mode.
//!
//! What a match of each node is stands in [`super::evaluate`].

mod error;
mod lexer;
mod parser;
#[cfg(test)]
mod tests;

use unicode_normalization::UnicodeNormalization as _;

use super::{Mode, Strictness, fold};

pub use error::{Fault, PatternError};

/// The longest pattern, in Unicode scalar values, after trimming.
pub const MAX_CHARS: usize = 512;

/// The most operators in a pattern; parentheses, quotes and stars are none.
pub const MAX_OPERATORS: usize = 64;

/// How deep parentheses may stand inside each other: parsing and evaluation recurse.
pub const MAX_DEPTH: usize = 32;

/// The largest number of words in NEAR.
pub const MAX_DISTANCE: u32 = 50;

/// Where a literal may stand in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Anchor {
    /// As whole words: `word`.
    Word,
    /// From the beginning of a word on: `word*`.
    Prefix,
    /// Up to the end of a word: `*word`.
    Suffix,
    /// Anywhere: `*word*`.
    Substring,
}

impl From<Mode> for Anchor {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Word => Self::Word,
            Mode::Prefix => Self::Prefix,
            Mode::Substring => Self::Substring,
        }
    }
}

/// A word or phrase to be found. It is content: no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Literal {
    text: String,
    anchor: Anchor,
}

impl Literal {
    /// The phrase as typed, without quotes, escapes, stars and the white space around it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where it may stand.
    pub fn anchor(&self) -> Anchor {
        self.anchor
    }

    fn new(typed: &str, anchor: Anchor) -> Result<Self, Fault> {
        let text = trim(typed);
        let letters = fold::fold(text).filter(|c| c.is_alphanumeric()).count();
        let fewest = match anchor {
            Anchor::Word => 1,
            Anchor::Prefix | Anchor::Suffix => 2,
            Anchor::Substring => 3,
        };
        match letters {
            0 => Err(Fault::Blank),
            _ if letters < fewest => Err(Fault::TooCommon),
            _ => Ok(Self { text: text.to_owned(), anchor }),
        }
    }
}

/// What a pattern asks for. [`check`] makes only trees in which AND and OR have two operands or more, none of them of
/// the same kind; NOT stands directly in an AND with a positive operand; and NEAR has literals, or OR of them, on both
/// sides, as does the unwanted side of an UNLESS with a distance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// The literal of this place in [`Pattern::literals`].
    Literal(usize),
    /// All of them.
    And(Vec<Node>),
    /// Any of them.
    Or(Vec<Node>),
    /// Nowhere in the text.
    Not(Box<Node>),
    /// Both, in either order.
    Near {
        /// From one to the other, in words: 1 is the next word.
        words: u32,
        /// The side each of whose occurrences looks for a partner.
        left: Box<Node>,
        /// The side the partners come from.
        right: Box<Node>,
    },
    /// One without the other.
    Unless {
        /// What is looked for.
        wanted: Box<Node>,
        /// What speaks against it.
        unwanted: Box<Node>,
        /// How many words away it does so; anywhere in the text when absent.
        within: Option<u32>,
    },
}

impl Node {
    /// Whether this is a literal or a choice between literals, the only things that have a distance.
    fn is_choice(&self) -> bool {
        match self {
            Self::Literal(_) => true,
            Self::Or(operands) => operands.iter().all(|operand| matches!(operand, Self::Literal(_))),
            _ => false,
        }
    }

    /// How tightly it binds, loosest first.
    fn precedence(&self) -> u8 {
        match self {
            Self::Unless { .. } => 0,
            Self::Or(_) => 1,
            Self::And(_) => 2,
            Self::Not(_) => 3,
            Self::Near { .. } => 4,
            Self::Literal(_) => 5,
        }
    }
}

/// A pattern that may be stored and compiled. It is content: no `Debug`.
pub struct Pattern {
    text: String,
    literals: Vec<Literal>,
    tree: Node,
    mode: Mode,
    strictness: Strictness,
}

impl Pattern {
    /// The pattern as typed, without the white space around it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The different literals, in the order in which they first stand in the pattern.
    pub fn literals(&self) -> &[Literal] {
        &self.literals
    }

    /// How much may differ from the literals.
    pub fn strictness(&self) -> Strictness {
        self.strictness
    }

    /// What is asked of them.
    pub fn tree(&self) -> &Node {
        &self.tree
    }

    /// One form for all patterns that differ only in case, accents, white space, kind of quote, needless quotes or
    /// parentheses, to find duplicates by; for EXACT, where case and accents tell patterns apart, the words are
    /// composed (NFC). A single phrase without stars is its folded words alone, and anything else a pattern itself.
    /// Equal forms of different strictness or mode are not duplicates of each other.
    pub fn canonical(&self) -> String {
        if let (Node::Literal(_), [literal]) = (&self.tree, self.literals.as_slice()) {
            let words = self.canonical_words(literal);
            if literal.anchor == self.mode.into() && !words.contains('"') {
                return words;
            }
        }
        let mut out = String::new();
        self.write(&self.tree, 0, &mut out);
        out
    }

    fn canonical_words(&self, literal: &Literal) -> String {
        match self.strictness {
            Strictness::Exact => fold::decomposed(&literal.text).nfc().collect(),
            Strictness::Folded | Strictness::Disguised => fold::fold(&literal.text).collect(),
        }
    }

    /// Writes `node`, in parentheses where it binds looser than `tightness`.
    fn write(&self, node: &Node, tightness: u8, out: &mut String) {
        let enclosed = node.precedence() < tightness;
        out.push_str(if enclosed { "(" } else { "" });
        match node {
            Node::Literal(place) => self.literals.get(*place).into_iter().for_each(|l| self.write_literal(l, out)),
            Node::And(operands) => self.write_all(operands, " AND ", 3, out),
            Node::Or(operands) => self.write_all(operands, " OR ", 2, out),
            Node::Not(unwanted) => {
                out.push_str("NOT ");
                self.write(unwanted, 4, out);
            }
            Node::Near { words, left, right } => {
                self.write(left, 5, out);
                out.push_str(&format!(" NEAR/{words} "));
                self.write(right, 5, out);
            }
            Node::Unless { wanted, unwanted, within } => {
                self.write(wanted, 0, out);
                out.push_str(" UNLESS ");
                self.write(unwanted, 1, out);
                within.iter().for_each(|words| out.push_str(&format!(" NEAR/{words}")));
            }
        }
        out.push_str(if enclosed { ")" } else { "" });
    }

    fn write_all(&self, operands: &[Node], operator: &str, tightness: u8, out: &mut String) {
        for (place, operand) in operands.iter().enumerate() {
            out.push_str(if place > 0 { operator } else { "" });
            self.write(operand, tightness, out);
        }
    }

    fn write_literal(&self, literal: &Literal, out: &mut String) {
        let (before, after) = match literal.anchor {
            anchor if anchor == self.mode.into() => ("", ""),
            Anchor::Word => ("", ""),
            Anchor::Prefix => ("", "*"),
            Anchor::Suffix => ("*", ""),
            Anchor::Substring => ("*", "*"),
        };
        let words = self.canonical_words(literal).replace('\\', "\\\\").replace('"', "\\\"");
        out.push_str(&format!("{before}\"{words}\"{after}"));
    }
}

/// Trims `text` and says whether it may be watched for. `mode` says where phrases without a star may stand.
///
/// # Errors
///
/// The first [`Fault`] met, with its place: length first, then signs and operators, then how they are joined.
pub fn check(text: &str, mode: Mode, strictness: Strictness) -> Result<Pattern, PatternError> {
    let trimmed = trim(text);
    let offset = text.chars().take_while(|c| means_nothing_first(*c)).count();
    if trimmed.chars().nth(MAX_CHARS).is_some() {
        return Err(Fault::TooLong.at(offset + MAX_CHARS));
    }
    let tokens = lexer::tokens(trimmed, offset)?;
    let (literals, tree) = parser::parse(&tokens, offset + trimmed.chars().count(), mode.into())?;
    Ok(Pattern { text: trimmed.to_owned(), literals, tree, mode, strictness })
}

/// A mark at the very beginning sits on nothing and could never be found again.
fn means_nothing_first(c: char) -> bool {
    c.is_whitespace() || fold::is_mark(c)
}

fn trim(text: &str) -> &str {
    text.trim_start_matches(means_nothing_first).trim_end()
}
