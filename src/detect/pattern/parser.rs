//! From tokens to a tree, one function a line of the grammar.

use super::error::{Fault, PatternError};
use super::lexer::{Kind, Token};
use super::{Anchor, Literal, MAX_DEPTH, Node};

/// The literals and the tree of `tokens`, which end at scalar `end`. A phrase without stars stands where `anchor` says.
pub(super) fn parse(tokens: &[Token], end: usize, anchor: Anchor) -> Result<(Vec<Literal>, Node), PatternError> {
    if tokens.is_empty() {
        return Err(Fault::Blank.at(end));
    }
    let mut parser = Parser { rest: tokens, end, anchor, depth: 0, literals: Vec::new() };
    let tree = parser.unless()?.positive()?;
    match parser.rest {
        [] => Ok((parser.literals, tree)),
        _ => Err(parser.left_over()),
    }
}

struct Parser<'t> {
    rest: &'t [Token],
    end: usize,
    anchor: Anchor,
    depth: usize,
    literals: Vec<Literal>,
}

/// A node and where it begins.
struct Parsed {
    node: Node,
    position: usize,
}

impl Parsed {
    fn is_not(&self) -> bool {
        matches!(self.node, Node::Not(_))
    }

    /// The node, unless it is a NOT: it may stand in an AND alone.
    fn positive(self) -> Result<Node, PatternError> {
        if self.is_not() { Err(Fault::NothingPositive.at(self.position)) } else { Ok(self.node) }
    }
}

impl Parser<'_> {
    fn unless(&mut self) -> Result<Parsed, PatternError> {
        let mut parsed = self.or()?;
        while self.take(&Kind::Unless) {
            let position = parsed.position;
            let wanted = Box::new(parsed.positive()?);
            let unwanted = Box::new(self.or()?.positive()?);
            let within = self.distance_alone(&unwanted)?;
            parsed = Parsed { node: Node::Unless { wanted, unwanted, within }, position };
        }
        Ok(parsed)
    }

    /// The NEAR/n of `A UNLESS B NEAR/n`.
    fn distance_alone(&mut self, unwanted: &Node) -> Result<Option<u32>, PatternError> {
        let [Token { position, kind: Kind::Near(words) }, rest @ ..] = self.rest else { return Ok(None) };
        if !unwanted.is_choice() {
            return Err(Fault::NearOperand.at(*position));
        }
        self.rest = rest;
        Ok(Some(*words))
    }

    fn or(&mut self) -> Result<Parsed, PatternError> {
        let first = self.and()?;
        if !self.next_is(&Kind::Or) {
            return Ok(first);
        }
        let position = first.position;
        let mut operands = vec![first.positive()?];
        while self.take(&Kind::Or) {
            operands.push(self.and()?.positive()?);
        }
        let flat = operands.into_iter().flat_map(|operand| match operand {
            Node::Or(inner) => inner,
            other => vec![other],
        });
        Ok(Parsed { node: Node::Or(flat.collect()), position })
    }

    fn and(&mut self) -> Result<Parsed, PatternError> {
        let first = self.not()?;
        if !self.next_is(&Kind::And) {
            return Ok(first);
        }
        let position = first.position;
        let mut operands = vec![first];
        while self.take(&Kind::And) {
            operands.push(self.not()?);
        }
        if operands.iter().all(Parsed::is_not) {
            return Err(Fault::NothingPositive.at(position));
        }
        let flat = operands.into_iter().flat_map(|operand| match operand.node {
            Node::And(inner) => inner,
            other => vec![other],
        });
        Ok(Parsed { node: Node::And(flat.collect()), position })
    }

    fn not(&mut self) -> Result<Parsed, PatternError> {
        let position = self.position();
        if !self.take(&Kind::Not) {
            return self.near();
        }
        Ok(Parsed { node: Node::Not(Box::new(self.near()?.positive()?)), position })
    }

    fn near(&mut self) -> Result<Parsed, PatternError> {
        let mut parsed = self.primary()?;
        // Without an operand after it, NEAR may belong to the UNLESS before.
        while let [Token { position: at, kind: Kind::Near(words) }, rest @ ..] = self.rest
            && let [Token { kind: Kind::Phrase { .. } | Kind::Open, .. }, ..] = rest
        {
            self.rest = rest;
            let Parsed { node: left, position } = parsed;
            let right = self.primary()?.node;
            if !left.is_choice() || !right.is_choice() {
                return Err(Fault::NearOperand.at(*at));
            }
            parsed = Parsed { node: Node::Near { words: *words, left: left.into(), right: right.into() }, position };
        }
        Ok(parsed)
    }

    fn primary(&mut self) -> Result<Parsed, PatternError> {
        let [Token { position, kind }, rest @ ..] = self.rest else { return Err(self.unexpected(OPERAND)) };
        match kind {
            Kind::Phrase { text, star_before, star_after } => {
                self.rest = rest;
                let anchor = match (star_before, star_after) {
                    (false, false) => self.anchor,
                    (false, true) => Anchor::Prefix,
                    (true, false) => Anchor::Suffix,
                    (true, true) => Anchor::Substring,
                };
                let literal = Literal::new(text, anchor).map_err(|fault| fault.at(*position))?;
                Ok(Parsed { node: Node::Literal(self.place(literal)), position: *position })
            }
            Kind::Open => {
                self.rest = rest;
                self.enclosed(*position)
            }
            _ => Err(self.unexpected(OPERAND)),
        }
    }

    fn enclosed(&mut self, opened: usize) -> Result<Parsed, PatternError> {
        if self.depth == MAX_DEPTH {
            return Err(Fault::TooDeep.at(opened));
        }
        self.depth += 1;
        let inner = self.unless()?;
        self.depth -= 1;
        if self.take(&Kind::Close) {
            return Ok(inner);
        }
        Err(if self.rest.is_empty() { Fault::UnclosedParenthesis.at(opened) } else { self.left_over() })
    }

    /// Where `literal` stands among the literals, once however often it is typed.
    fn place(&mut self, literal: Literal) -> usize {
        self.literals.iter().position(|known| *known == literal).unwrap_or_else(|| {
            self.literals.push(literal);
            self.literals.len() - 1
        })
    }

    fn next_is(&self, kind: &Kind) -> bool {
        self.rest.first().is_some_and(|token| token.kind == *kind)
    }

    fn take(&mut self, kind: &Kind) -> bool {
        match self.rest {
            [token, rest @ ..] if token.kind == *kind => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn position(&self) -> usize {
        self.rest.first().map_or(self.end, |token| token.position)
    }

    fn unexpected(&self, expected: &'static str) -> PatternError {
        let found = match self.rest.first().map(|token| &token.kind) {
            None => "end of the term",
            Some(Kind::Open) => "(",
            Some(Kind::Close) => ")",
            Some(Kind::And) => "AND",
            Some(Kind::Or) => "OR",
            Some(Kind::Not) => "NOT",
            Some(Kind::Unless) => "UNLESS",
            Some(Kind::Near(_)) => "NEAR",
            Some(Kind::Phrase { .. }) => "word or phrase",
        };
        Fault::Unexpected { found, expected }.at(self.position())
    }

    /// The fault of the first token that nothing could take.
    fn left_over(&mut self) -> PatternError {
        match self.rest {
            [Token { kind: Kind::Near(_), .. }, rest @ ..] => {
                self.rest = rest;
                self.unexpected(OPERAND)
            }
            [Token { kind: Kind::Close, .. }, ..] => self.unexpected("a ( before it"),
            // Only `A UNLESS B NEAR/5 OR C` comes here: what C belongs to is anyone's guess.
            [Token { kind: Kind::And | Kind::Or, .. }, ..] => {
                self.unexpected("parentheses around what comes before it")
            }
            _ => self.unexpected("AND, OR, NEAR/5 or UNLESS between two phrases"),
        }
    }
}

const OPERAND: &str = "a word, a quoted phrase or (";
