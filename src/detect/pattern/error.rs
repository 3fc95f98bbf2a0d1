//! Why a pattern cannot be watched for.

use std::error::Error;
use std::fmt;

use super::{MAX_CHARS, MAX_DEPTH, MAX_DISTANCE, MAX_OPERATORS};

/// Why a pattern cannot be watched for, and where. Names no part of it but reserved syntax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PatternError {
    /// What is wrong.
    pub fault: Fault,
    /// Where, in Unicode scalar values of the pattern as given, the first being 0. The message counts from 1.
    pub position: usize,
}

/// What may be wrong with a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// More than [`MAX_CHARS`] characters; the position is that of the first one too many.
    TooLong,
    /// More than [`MAX_OPERATORS`] operators.
    TooManyOperators,
    /// Parentheses more than [`MAX_DEPTH`] deep.
    TooDeep,
    /// A phrase of which no letter or digit is left once it is folded.
    Blank,
    /// A phrase so short and open that nearly every message has it.
    TooCommon,
    /// NOT where nothing must be found beside it.
    NothingPositive,
    /// A quote without its second sign.
    UnclosedQuote,
    /// A parenthesis without its second sign.
    UnclosedParenthesis,
    /// NEAR without a distance from 1 to [`MAX_DISTANCE`].
    Distance,
    /// NEAR beside something that has no distance.
    NearOperand,
    /// A star that touches no end of a phrase.
    Star,
    /// Something where something else must stand.
    Unexpected {
        /// What stands there.
        found: &'static str,
        /// What may stand there.
        expected: &'static str,
    },
}

impl Fault {
    pub(super) const fn at(self, position: usize) -> PatternError {
        PatternError { fault: self, position }
    }
}

impl PatternError {
    /// What would be lawful, to be read after "expected".
    pub fn expected(&self) -> String {
        match self.fault {
            Fault::TooLong => format!("at most {MAX_CHARS} characters"),
            Fault::TooManyOperators => format!("at most {MAX_OPERATORS} operators"),
            Fault::TooDeep => format!("at most {MAX_DEPTH} parentheses inside each other"),
            Fault::Blank => "at least one letter or digit".into(),
            Fault::TooCommon => {
                "at least two letters or digits with * or mode PREFIX, three with * on both sides or mode SUBSTRING"
                    .into()
            }
            Fault::NothingPositive => "something that must be found beside it, as in A AND NOT B".into(),
            Fault::UnclosedQuote => "a second quote".into(),
            Fault::UnclosedParenthesis => "a )".into(),
            Fault::Distance => format!("a number of words from 1 to {MAX_DISTANCE}, as in NEAR/5"),
            Fault::NearOperand => {
                "a word, a phrase or (A OR B) on each side; for three of them A NEAR/5 B AND B NEAR/5 C".into()
            }
            Fault::Star => "* to touch the beginning or end of a word or phrase".into(),
            Fault::Unexpected { expected, .. } => expected.into(),
        }
    }
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.position.saturating_add(1);
        match self.fault {
            Fault::TooLong => write!(f, "The term is too long from character {at} on"),
            Fault::TooManyOperators => write!(f, "The operator at character {at} is one too many"),
            Fault::TooDeep => write!(f, "The parenthesis at character {at} is nested too deeply"),
            Fault::Blank => write!(f, "There is nothing to look for at character {at}"),
            Fault::TooCommon => write!(f, "What stands at character {at} is in nearly every message"),
            Fault::NothingPositive => write!(f, "NOT at character {at} is true of nearly every message"),
            Fault::UnclosedQuote => write!(f, "The quote at character {at} is never closed"),
            Fault::UnclosedParenthesis => write!(f, "The parenthesis at character {at} is never closed"),
            Fault::Distance => write!(f, "NEAR at character {at} has no lawful distance"),
            Fault::NearOperand => write!(f, "NEAR at character {at} joins more than words"),
            Fault::Star => write!(f, "The * at character {at} means nothing there"),
            Fault::Unexpected { found, .. } => write!(f, "Unexpected {found} at character {at}"),
        }?;
        write!(f, ": expected {}.", self.expected())
    }
}

impl Error for PatternError {}
