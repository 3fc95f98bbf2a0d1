//! From text to tokens.

use super::error::{Fault, PatternError};
use super::{MAX_DISTANCE, MAX_OPERATORS};

pub(super) struct Token {
    /// Where it begins, in scalar values of the pattern as given.
    pub(super) position: usize,
    pub(super) kind: Kind,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Open,
    Close,
    And,
    Or,
    Not,
    Unless,
    Near(u32),
    Phrase {
        /// Without quotes, escapes and stars.
        text: String,
        star_before: bool,
        star_after: bool,
    },
}

/// The tokens of `text`, which begins at scalar `offset` of the pattern as given.
pub(super) fn tokens(text: &str, offset: usize) -> Result<Vec<Token>, PatternError> {
    let mut lexer = Lexer { text, at: 0, position: offset, run: None, operators: 0, tokens: Vec::new() };
    while let Some(c) = lexer.next_visible() {
        match c {
            '(' => lexer.parenthesis(Kind::Open)?,
            ')' => lexer.parenthesis(Kind::Close)?,
            c if is_quote(c) => lexer.quoted(c)?,
            _ => lexer.word()?,
        }
    }
    lexer.end_run()?;
    Ok(lexer.tokens)
}

struct Lexer<'t> {
    text: &'t str,
    /// How far it is read, in bytes.
    at: usize,
    /// The same in scalar values, from the beginning of the pattern as given.
    position: usize,
    /// The bare words read last, while nothing but white space follows them.
    run: Option<Run>,
    operators: usize,
    tokens: Vec<Token>,
}

/// Bare words with nothing but white space between them; `start` and `end` in bytes.
struct Run {
    start: usize,
    end: usize,
    position: usize,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn next_visible(&mut self) -> Option<char> {
        let rest = self.rest();
        self.advance(rest.len() - rest.trim_start().len());
        self.rest().chars().next()
    }

    fn advance(&mut self, bytes: usize) {
        self.position += self.rest().get(..bytes).map_or(0, |read| read.chars().count());
        self.at += bytes;
    }

    fn push(&mut self, position: usize, kind: Kind) {
        self.tokens.push(Token { position, kind });
    }

    fn parenthesis(&mut self, kind: Kind) -> Result<(), PatternError> {
        self.end_run()?;
        self.push(self.position, kind);
        self.advance(1);
        Ok(())
    }

    fn word(&mut self) -> Result<(), PatternError> {
        let (start, position, rest) = (self.at, self.position, self.rest());
        let ends_word = |c: char| c.is_whitespace() || c == '(' || c == ')' || is_quote(c);
        let len = rest.find(ends_word).unwrap_or(rest.len());
        let operator = operator(rest.get(..len).unwrap_or_default()).map_err(|fault| fault.at(position))?;
        if let Some(kind) = operator {
            self.end_run()?;
            self.operators += 1;
            if self.operators > MAX_OPERATORS {
                return Err(Fault::TooManyOperators.at(position));
            }
            self.push(position, kind);
        } else {
            self.run.get_or_insert(Run { start, end: start, position }).end = start + len;
        }
        self.advance(len);
        Ok(())
    }

    /// Turns the bare words read last into a phrase.
    fn end_run(&mut self) -> Result<(), PatternError> {
        let Some(Run { start, end, position }) = self.run.take() else { return Ok(()) };
        let typed = self.text.get(start..end).unwrap_or_default();
        let (star_before, text) = typed.strip_prefix('*').map_or((false, typed), |text| (true, text));
        let (star_after, text) = text.strip_suffix('*').map_or((false, text), |text| (true, text));
        let inside = text.chars().position(|c| c == '*').map(|chars| chars + usize::from(star_before));
        // A star must touch a word: `* a` and a star alone do not.
        let loose_before = star_before && text.trim_start().len() < text.len().max(1);
        let loose_after = star_after && text.trim_end().len() < text.len();
        let stray =
            if loose_before { Some(0) } else { inside.or_else(|| loose_after.then(|| typed.chars().count() - 1)) };
        if let Some(chars) = stray {
            return Err(Fault::Star.at(position + chars));
        }
        self.push(position, Kind::Phrase { text: text.to_owned(), star_before, star_after });
        Ok(())
    }

    fn quoted(&mut self, opening: char) -> Result<(), PatternError> {
        let at = self.at;
        let star = self.run.take_if(|run| self.text.get(run.start..at) == Some("*"));
        self.end_run()?;
        let opened = self.position;
        let closes = |c| if opening == '"' { c == '"' } else { c != '"' && is_quote(c) };
        let mut chars = self.rest().chars();
        let mut text = String::new();
        chars.next();
        loop {
            match chars.next() {
                None => return Err(Fault::UnclosedQuote.at(opened)),
                Some(c) if closes(c) => break,
                Some('\\') => {
                    let escaped = chars.clone().next().filter(|c| *c == '\\' || is_quote(*c));
                    text.push(escaped.and_then(|_| chars.next()).unwrap_or('\\'));
                }
                Some(c) => text.push(c),
            }
        }
        let star_after = chars.as_str().starts_with('*');
        let read = self.rest().len() - chars.as_str().len() + usize::from(star_after);
        let position = star.as_ref().map_or(opened, |run| run.position);
        self.push(position, Kind::Phrase { text, star_before: star.is_some(), star_after });
        self.advance(read);
        Ok(())
    }
}

/// Phones put the typographic ones in place of `"`.
fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '«' | '»')
}

fn operator(word: &str) -> Result<Option<Kind>, Fault> {
    Ok(Some(match word {
        "AND" => Kind::And,
        "OR" => Kind::Or,
        "NOT" => Kind::Not,
        "UNLESS" => Kind::Unless,
        "NEAR" => return Err(Fault::Distance),
        _ => match word.strip_prefix("NEAR/") {
            Some(digits) => Kind::Near(distance(digits).ok_or(Fault::Distance)?),
            None => return Ok(None),
        },
    }))
}

fn distance(digits: &str) -> Option<u32> {
    let only_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|words| only_digits && (1..=MAX_DISTANCE).contains(words))
}
