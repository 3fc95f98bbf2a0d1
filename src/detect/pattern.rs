//! Which patterns a term may hold.
//!
//! A pattern is a word or a phrase. What the pattern language will give a meaning to (quotes, `*`, parentheses, bare
//! upper-case operators) is refused until it has one, so that no stored term ever changes its meaning.

use std::error::Error;
use std::fmt;

use unicode_normalization::UnicodeNormalization as _;

use super::{Strictness, fold};

/// The longest pattern, in Unicode scalar values, after trimming.
pub const MAX_CHARS: usize = 512;

/// A pattern that may be stored and compiled. It is content: no `Debug`.
pub struct Pattern {
    text: String,
    folded: String,
    strictness: Strictness,
}

impl Pattern {
    /// The pattern as typed, without the white space around it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// One form for all patterns that mean the same, to find duplicates by: the folded words; for EXACT, where case and
    /// accents tell patterns apart, the typed words composed (NFC). Equal forms of different strictness or mode are
    /// not duplicates of each other.
    pub fn canonical(&self) -> String {
        match self.strictness {
            Strictness::Exact => fold::decomposed(&self.text).nfc().collect(),
            Strictness::Folded | Strictness::Disguised => self.folded.clone(),
        }
    }

    pub(super) fn folded(&self) -> &str {
        &self.folded
    }
}

/// Trims `pattern` and says whether it may be watched for.
///
/// # Errors
///
/// Longer than [`MAX_CHARS`], reserved syntax, or no letter or digit left once folded; asked in this order.
pub fn check(pattern: &str, strictness: Strictness) -> Result<Pattern, PatternError> {
    // A mark at the very beginning sits on nothing and could never be found again.
    let text = pattern.trim_start_matches(|c: char| c.is_whitespace() || fold::is_mark(c)).trim_end();
    if text.chars().nth(MAX_CHARS).is_some() {
        return Err(PatternError::TooLong { max: MAX_CHARS });
    }
    if let Some(what) = reserved(text) {
        return Err(PatternError::Reserved { what });
    }
    let folded: String = fold::fold(text).collect();
    if !folded.contains(char::is_alphanumeric) {
        return Err(PatternError::Blank);
    }
    Ok(Pattern { text: text.to_owned(), folded, strictness })
}

fn reserved(text: &str) -> Option<&'static str> {
    const SIGNS: [&str; 4] = ["\"", "*", "(", ")"];
    const WORDS: [&str; 5] = ["AND", "OR", "NOT", "NEAR", "UNLESS"];
    let sign = SIGNS.into_iter().find(|sign| text.contains(sign));
    let word = || {
        text.split_whitespace().find_map(|token| match token.split_once('/') {
            Some(("NEAR", _)) => Some("NEAR"),
            _ => WORDS.into_iter().find(|word| *word == token),
        })
    };
    sign.or_else(word)
}

/// Why a pattern cannot be watched for. Names no part of it but reserved syntax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternError {
    /// More than `max` Unicode scalar values.
    TooLong {
        /// How many are allowed.
        max: usize,
    },
    /// No letter or digit is left once the pattern is folded.
    Blank,
    /// It holds syntax the pattern language keeps for itself.
    Reserved {
        /// The sign or word.
        what: &'static str,
    },
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { max } => write!(f, "A term holds at most {max} characters."),
            Self::Blank => f.write_str("A term needs at least one letter or digit."),
            Self::Reserved { what } => write!(f, "{what} is reserved for search operators: leave it out of the term."),
        }
    }
}

impl Error for PatternError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(pattern: &str) -> Option<PatternError> {
        check(pattern, Strictness::Folded).err()
    }

    fn canonical(pattern: &str, strictness: Strictness) -> String {
        check(pattern, strictness).map(|pattern| pattern.canonical()).unwrap_or_default()
    }

    #[test]
    fn reserved_syntax_is_refused_and_named() {
        for (pattern, what) in [
            ("\"caixa dois\"", "\""),
            ("propin*", "*"),
            ("*", "*"),
            ("(propina", "("),
            ("propina)", ")"),
            ("propina AND pix", "AND"),
            ("OR", "OR"),
            ("NOT propina", "NOT"),
            ("a NEAR b", "NEAR"),
            ("a NEAR/5 b", "NEAR"),
            ("a\nUNLESS\u{A0}b", "UNLESS"),
        ] {
            assert_eq!(refusal(pattern), Some(PatternError::Reserved { what }), "{pattern}");
        }
    }

    #[test]
    fn what_only_looks_reserved_stays_plain() {
        for pattern in
            ["and or not near unless", "E OU NÃO", "SAND ORAR NEARBY", "“caixa dois”", "d'água", "R$ 5", "C++"]
        {
            assert_eq!(refusal(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn a_pattern_without_letter_or_digit_is_blank() {
        for pattern in ["", " \n", "\u{301}", "´", "?!", "🤝", "\0"] {
            assert_eq!(refusal(pattern), Some(PatternError::Blank), "{pattern:?}");
        }
    }

    #[test]
    fn length_counts_characters_of_the_trimmed_pattern() {
        assert_eq!(refusal(&format!("  {}  ", "ç".repeat(512))), None);
        assert_eq!(refusal(&"ç".repeat(513)), Some(PatternError::TooLong { max: 512 }));
    }

    #[test]
    fn the_same_folded_words_have_the_same_canonical_form() {
        for same in [" Caixa Dois", "CAIXA\n\u{A0}DOIS", "ca\u{301}ixa dois", "\u{301}cáixa dois"] {
            assert_eq!(canonical(same, Strictness::Folded), "caixa dois");
            assert_eq!(canonical(same, Strictness::Disguised), "caixa dois");
        }
        assert_ne!(canonical("carro", Strictness::Folded), canonical("caro", Strictness::Folded));
    }

    #[test]
    fn exact_patterns_differ_by_case_and_accent_but_not_by_composition() {
        assert_eq!(canonical("Ac\u{327}a\u{303}o  X", Strictness::Exact), "Ação X");
        assert_eq!(canonical("Ação X", Strictness::Exact), "Ação X");
        assert_ne!(canonical("ação X", Strictness::Exact), "Ação X");
    }

    #[test]
    fn the_text_is_kept_as_typed_but_for_its_ends_and_marks_on_nothing() {
        let text = check("\t\u{301} Caixa  Dóis \n", Strictness::Folded).map(|pattern| pattern.text().to_owned());
        assert_eq!(text.as_deref(), Ok("Caixa  Dóis"));
    }
}
