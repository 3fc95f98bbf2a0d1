//! A term that is only tried: compiled alone, watched by nobody.

use entity::term_version::{Detector, Mode, Strictness};

use super::terms;
use crate::detect::{Matcher, Scratch, Term, Watched};
use crate::error::{Error, Result};
use crate::refusal::{Outcome, lawful};

/// A term in more than this share of ordinary lines is found nearly everywhere.
pub const TOO_COMMON: f64 = 0.2;

/// Chat lines as everybody writes them, one a line: what no company watches for. Written for this purpose.
const ORDINARY: &str = include_str!("ordinary.txt");

/// A term to be tried. Its pattern is content: no `Debug`.
pub struct TrialTerm {
    /// The words.
    pub pattern: Option<String>,
    /// Or a built-in detector.
    pub detector: Option<Detector>,
    /// Where in a word it may stand.
    pub mode: Mode,
    /// How much is folded away.
    pub strictness: Strictness,
}

impl TrialTerm {
    /// Compiles the term alone: what it finds has the id 0.
    ///
    /// # Errors
    /// When a term that may be watched does not compile: a fault of ours.
    pub fn compile(&self) -> Outcome<Matcher> {
        let watched = terms::watched(self.pattern.as_deref(), self.detector, self.mode, self.strictness);
        Ok(Ok(compile_alone(lawful!(watched))?))
    }
}

/// Compiles what is watched for alone: what it finds has the id 0.
pub(super) fn compile_alone(watched: Watched) -> Result<Matcher> {
    Matcher::new(&[Term { id: 0, watched }]).map_err(|error| Error::internal("A term does not compile.").because(error))
}

/// The share of ordinary chat lines, from 0 to 1, in which something is found.
pub fn ordinary_share(matcher: &Matcher) -> f64 {
    let mut scratch = Scratch::default();
    let (mut lines, mut found) = (0_u32, 0_u32);
    for line in ORDINARY.lines() {
        lines += 1;
        found += u32::from(matcher.scan(line, &mut scratch).len() > 0);
    }
    f64::from(found) / f64::from(lines.max(1))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn share(pattern: &str, mode: Mode) -> f64 {
        let term =
            TrialTerm { pattern: Some(pattern.to_owned()), detector: None, mode, strictness: Strictness::Disguised };
        ordinary_share(&term.compile().unwrap().unwrap())
    }

    #[test]
    fn the_ordinary_lines_are_many_and_all_different() {
        let lines: BTreeSet<&str> = ORDINARY.lines().collect();
        assert_eq!(lines.len(), ORDINARY.lines().count());
        assert!(lines.len() >= 150 && lines.iter().all(|line| !line.trim().is_empty()));
    }

    #[test]
    fn what_people_watch_for_is_in_no_ordinary_line_and_a_letter_is_in_nearly_all() {
        for rare in ["propina", "caixa dois", "suborno", "telegram", "aposta"] {
            assert!(share(rare, Mode::Word) == 0.0, "{rare}");
        }
        assert!((0.001..0.1).contains(&share("obrigado", Mode::Word)));
        let beginnings = "ca* OR pa* OR de* OR do* OR ma* OR na* OR se* OR te* OR qu* OR vo* OR to* OR co* OR po* OR me* OR ob* OR bo* OR es* OR am* OR fo*";
        assert!(share(beginnings, Mode::Word) > 0.8);
        assert!(share("o", Mode::Word) > 0.1);
    }
}
