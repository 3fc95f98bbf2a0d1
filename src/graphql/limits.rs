//! What a GraphQL document may ask for, checked before it is validated or executed.
//!
//! async-graphql expands fragments without remembering what it has already seen: 860 bytes of fragments that spread each
//! other twice keep it busy for more than a minute, whatever its own limits say. So every document passes here
//! first. [`scan`] walks the bytes once, before the recursive parser may see them; [`parse`] then measures the parsed
//! document, each fragment once, with saturating numbers.

use std::collections::HashMap;

use async_graphql::parser::{
    self, parse_query,
    types::{ExecutableDocument, Field, FragmentDefinition, Selection, SelectionSet},
};
use async_graphql::{Name, Pos, Positioned, Value, Variables};

/// A document as text, blanks and comments included, which cost the parser as much as tokens. What is longer (a text to
/// scan) belongs into the variables.
const MAX_BYTES: u64 = 64 * 1024;
/// Lexical tokens in a document. The standard introspection query has about 250.
const MAX_TOKENS: u64 = 2_000;
/// Brackets open at once. The parser recurses once for each.
const MAX_NESTING: u64 = 64;
/// Operations in a document, of which one is executed.
const MAX_OPERATIONS: u64 = 10;
const MAX_FRAGMENTS: u64 = 30;
/// Fragment spreads and inline fragments, as written.
const MAX_SPREADS: u64 = 100;
/// Fields, spreads and inline fragments after all fragments are expanded.
const MAX_SELECTIONS: u64 = 2_000;
const MAX_ALIASES: u64 = 15;
const MAX_DIRECTIVES: u64 = 10;
const MAX_ROOT_FIELDS: u64 = 20;
/// Fields from the root to the deepest leaf.
const MAX_DEPTH: u64 = 10;
/// The same below `__schema` and `__type`: the standard introspection query goes 15 deep.
const MAX_INTROSPECTION_DEPTH: u64 = 15;
/// Lists of fields or types inside one another: beyond it, introspection grows by the size of the schema a level.
const MAX_INTROSPECTION_LISTS: u64 = 2;
/// Objects that the lists of an operation may return, all pages multiplied out.
const MAX_NODES: u64 = 10_000;
/// Entries in any list among the variables.
const MAX_LIST_ENTRIES: u64 = 100;
/// Guesses at a password or a token that one operation may make.
const MAX_CREDENTIAL_FIELDS: u64 = 1;

/// The largest page a connection hands out. More is refused by the resolver, in words about `first`.
const MAX_PAGE: u64 = 100;
/// What an absent `first` stands for.
const DEFAULT_PAGE: u64 = 50;

/// Root fields that compare a secret with a stored one.
const CREDENTIAL_FIELDS: [&str; 3] = ["signIn", "refreshSession", "changePassword"];
/// Fields of the introspection types that lead back to the introspection types.
const INTROSPECTION_LISTS: [&str; 4] = ["fields", "inputFields", "interfaces", "possibleTypes"];

/// Why a document is not executed.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Not a GraphQL document.
    #[error("Syntax error: {reason}.")]
    Syntax {
        /// What the parser expected.
        reason: String,
        /// Where, when the fault has one place.
        at: Option<Pos>,
    },
    /// Fragments that contain themselves.
    #[error("Fragments spread one another in a circle.")]
    Cycle,
    /// More of something than an operation may have.
    #[error("The query has {found} {what}; at most {limit} are allowed.")]
    TooComplex {
        /// What there is too much of.
        what: &'static str,
        /// How much there is; `u64::MAX` when it could not be counted.
        found: u64,
        /// How much there may be.
        limit: u64,
    },
}

impl Refusal {
    /// The `extensions.code` of the answer.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Syntax { .. } | Self::Cycle => "BAD_USER_INPUT",
            Self::TooComplex { .. } => "QUERY_TOO_COMPLEX",
        }
    }
}

impl From<parser::Error> for Refusal {
    fn from(error: parser::Error) -> Self {
        let text = error.to_string();
        // The parser draws the line of the fault over several lines and ends with "= expected …".
        let reason = text.rsplit_once("= ").map_or(text.as_str(), |(_, reason)| reason).trim().trim_end_matches('.');
        Self::Syntax { reason: reason.to_owned(), at: error.positions().next() }
    }
}

/// Parses `query` and measures it. `variables` count where they say how long a page is.
///
/// # Errors
/// [`Refusal`] names the limit and what was found.
pub fn parse(query: &str, variables: &Variables) -> Result<ExecutableDocument, Refusal> {
    at_most(MAX_BYTES, "bytes", query.len() as u64)?;
    let shape = scan(query);
    at_most(MAX_TOKENS, "tokens", shape.tokens)?;
    at_most(MAX_NESTING, "brackets inside one another", shape.nesting)?;
    at_most(MAX_ALIASES, "aliases", shape.aliases)?;
    at_most(MAX_DIRECTIVES, "directives", shape.directives)?;
    at_most(MAX_SPREADS, "fragment spreads", shape.spreads)?;
    for value in variables.values() {
        at_most(MAX_LIST_ENTRIES, "entries in one list of its variables", longest_list(value))?;
    }
    let document = parse_query(query)?;
    measure(&document, variables)?;
    Ok(document)
}

fn at_most(limit: u64, what: &'static str, found: u64) -> Result<(), Refusal> {
    if found > limit { Err(Refusal::TooComplex { what, found, limit }) } else { Ok(()) }
}

/// What the bytes of a document tell before it is parsed.
#[derive(Debug, Default, PartialEq)]
struct Shape {
    tokens: u64,
    nesting: u64,
    aliases: u64,
    directives: u64,
    spreads: u64,
}

/// Counts in one pass. Where the document is no GraphQL the counts mean little, and the parser refuses it.
fn scan(query: &str) -> Shape {
    let mut shape = Shape::default();
    let (mut open, mut parentheses) = (0_u64, 0_u64);
    let mut block_strings_end = true;
    let mut rest = query.as_bytes();
    while let Some(&byte) = rest.first() {
        let (length, is_token) = match byte {
            b' ' | b',' | b'\t' | b'\r' | b'\n' | 0x80.. => (1, false),
            b'#' => (length_while(rest, |byte| !matches!(byte, b'\r' | b'\n')), false),
            b'"' => (string_length(rest, &mut block_strings_end), true),
            b'.' if rest.starts_with(b"...") => (3, true),
            b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => (word_length(rest), true),
            _ => (1, true),
        };
        match byte {
            b'(' | b'[' | b'{' => open += 1,
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            b'@' => shape.directives += 1,
            b'.' if length == 3 => shape.spreads += 1,
            // Outside parentheses, where arguments and variables stand, a colon can only follow an alias.
            b':' if parentheses == 0 => shape.aliases += 1,
            _ => {}
        }
        match byte {
            b'(' => parentheses += 1,
            b')' => parentheses = parentheses.saturating_sub(1),
            _ => {}
        }
        shape.nesting = shape.nesting.max(open);
        shape.tokens += u64::from(is_token);
        rest = rest.get(length..).unwrap_or_default();
    }
    shape
}

/// The length of the name or number at the start of `rest`.
fn word_length(rest: &[u8]) -> usize {
    match rest.first() {
        Some(b'-' | b'0'..=b'9') => {
            length_while(rest, |byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'))
        }
        _ => length_while(rest, |byte| byte == b'_' || byte.is_ascii_alphanumeric()),
    }
}

fn length_while(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|&byte| !belongs(byte)).unwrap_or(bytes.len())
}

/// The length of the string at the start of `rest`, as the parser sees it: a block string that never ends is an empty
/// string and then another. Once one never ends, no later one does (`block_strings_end`), which keeps the scan linear.
fn string_length(rest: &[u8], block_strings_end: &mut bool) -> usize {
    if *block_strings_end && rest.starts_with(b"\"\"\"") {
        let mut at = 3;
        while let Some(tail) = rest.get(at..).filter(|tail| !tail.is_empty()) {
            match tail {
                [b'"', b'"', b'"', ..] => return at + 3,
                [b'\\', b'"', b'"', b'"', ..] => at += 4,
                _ => at += 1,
            }
        }
        *block_strings_end = false;
    }
    let mut at = 1;
    loop {
        match rest.get(at) {
            None => return rest.len(),
            Some(b'\r' | b'\n') => return at,
            Some(b'"') => return at + 1,
            Some(b'\\') => at = (at + 2).min(rest.len()),
            Some(_) => at += 1,
        }
    }
}

fn longest_list(value: &Value) -> u64 {
    match value {
        Value::List(entries) => entries.iter().map(longest_list).fold(entries.len() as u64, u64::max),
        Value::Object(fields) => fields.values().map(longest_list).max().unwrap_or(0),
        _ => 0,
    }
}

/// Refuses a parsed document that asks for too much.
fn measure(document: &ExecutableDocument, variables: &Variables) -> Result<(), Refusal> {
    at_most(MAX_OPERATIONS, "operations", document.operations.iter().len() as u64)?;
    at_most(MAX_FRAGMENTS, "fragments", document.fragments.len() as u64)?;
    let mut sizes: HashMap<&str, u64> = HashMap::new();
    for (_, operation) in document.operations.iter() {
        for definition in &operation.node.variable_definitions {
            let name = definition.node.name.node.as_str();
            let default = definition.node.default_value.as_ref().map(|value| &value.node);
            if let Some(size) = variables.get(name).or(default).and_then(size_of) {
                sizes.entry(name).and_modify(|known| *known = size.max(*known)).or_insert(size);
            }
        }
    }
    let mut measurer = Measurer { sizes, known: &document.fragments, measured: HashMap::new() };
    measurer.measure_fragments()?;
    let mut selections = 0_u64;
    for (_, operation) in document.operations.iter() {
        let Some(extent) = measurer.extent(&operation.node.selection_set.node) else { return Err(Refusal::Cycle) };
        selections = selections.saturating_add(extent.selections);
        at_most(MAX_SELECTIONS, "selections, fragments expanded", selections)?;
        at_most(MAX_ROOT_FIELDS, "root fields", extent.width)?;
        at_most(MAX_CREDENTIAL_FIELDS, "fields that take a password or a refresh token", extent.credentials)?;
        at_most(MAX_DEPTH, "levels of fields", extent.depth)?;
        at_most(MAX_INTROSPECTION_DEPTH, "levels of introspection", extent.introspection_depth)?;
        at_most(MAX_INTROSPECTION_LISTS, "lists of fields or types inside one another", extent.introspection_lists)?;
        at_most(MAX_NODES, "nodes at most, all pages multiplied", extent.nodes)?;
    }
    Ok(())
}

/// How far a selection set reaches, its fragments expanded.
#[derive(Clone, Copy, Default)]
struct Extent {
    selections: u64,
    /// Fields on this level.
    width: u64,
    depth: u64,
    /// Lists of [`INTROSPECTION_LISTS`] inside one another.
    lists: u64,
    introspection_depth: u64,
    introspection_lists: u64,
    nodes: u64,
    /// [`CREDENTIAL_FIELDS`] on this level.
    credentials: u64,
    /// Whether this is a page: it selects `edges` or `nodes`.
    is_page: bool,
}

impl Extent {
    /// Takes up what is selected beside it.
    fn add(&mut self, beside: Self) {
        self.selections = self.selections.saturating_add(beside.selections);
        self.width = self.width.saturating_add(beside.width);
        self.nodes = self.nodes.saturating_add(beside.nodes);
        self.credentials = self.credentials.saturating_add(beside.credentials);
        self.depth = self.depth.max(beside.depth);
        self.lists = self.lists.max(beside.lists);
        self.introspection_depth = self.introspection_depth.max(beside.introspection_depth);
        self.introspection_lists = self.introspection_lists.max(beside.introspection_lists);
        self.is_page |= beside.is_page;
    }

    fn behind_a_spread(self) -> Self {
        Self { selections: self.selections.saturating_add(1), ..self }
    }
}

struct Measurer<'d> {
    /// Variables that hold a number or a list, the largest of their values in any operation.
    sizes: HashMap<&'d str, u64>,
    known: &'d HashMap<Name, Positioned<FragmentDefinition>>,
    measured: HashMap<&'d str, Extent>,
}

impl<'d> Measurer<'d> {
    /// Measures every fragment after those it spreads, so that the recursion stays within one definition. At most
    /// [`MAX_FRAGMENTS`] rounds over a document of at most [`MAX_TOKENS`] tokens.
    fn measure_fragments(&mut self) -> Result<(), Refusal> {
        while self.measured.len() < self.known.len() {
            let before = self.measured.len();
            for (name, fragment) in self.known {
                if self.measured.contains_key(name.as_str()) {
                    continue;
                }
                if let Some(extent) = self.extent(&fragment.node.selection_set.node) {
                    at_most(MAX_SELECTIONS, "selections, fragments expanded", extent.selections)?;
                    self.measured.insert(name, extent);
                }
            }
            if self.measured.len() == before {
                return Err(Refusal::Cycle);
            }
        }
        Ok(())
    }

    /// `None` while the set spreads a fragment that is not measured yet.
    fn extent(&self, set: &SelectionSet) -> Option<Extent> {
        let mut whole = Extent::default();
        for selection in &set.items {
            let part = match &selection.node {
                Selection::Field(field) => self.field(&field.node)?,
                Selection::InlineFragment(inline) => self.extent(&inline.node.selection_set.node)?.behind_a_spread(),
                Selection::FragmentSpread(spread) => {
                    let name = spread.node.fragment_name.node.as_str();
                    match self.measured.get(name) {
                        Some(extent) => extent.behind_a_spread(),
                        None if self.known.contains_key(name) => return None,
                        // Validation names the missing fragment.
                        None => Extent::default().behind_a_spread(),
                    }
                }
            };
            whole.add(part);
        }
        Some(whole)
    }

    fn field(&self, field: &Field) -> Option<Extent> {
        let inner = self.extent(&field.selection_set.node)?;
        let name = field.name.node.as_str();
        let nodes = match self.entries(field, inner.is_page) {
            Some(entries) => entries.saturating_mul(inner.nodes.saturating_add(1)),
            None => inner.nodes,
        };
        let mut extent = Extent {
            selections: inner.selections.saturating_add(1),
            width: 1,
            nodes,
            credentials: u64::from(CREDENTIAL_FIELDS.contains(&name)),
            is_page: matches!(name, "edges" | "nodes"),
            ..Extent::default()
        };
        if matches!(name, "__schema" | "__type") {
            extent.depth = 1;
            extent.introspection_depth = inner.depth.max(inner.introspection_depth).saturating_add(1);
            extent.introspection_lists = inner.lists.max(inner.introspection_lists);
        } else {
            extent.depth = inner.depth.saturating_add(1);
            extent.lists = inner.lists.saturating_add(u64::from(INTROSPECTION_LISTS.contains(&name)));
            extent.introspection_depth = inner.introspection_depth;
            extent.introspection_lists = inner.introspection_lists;
        }
        Some(extent)
    }

    /// How many nodes the field may return, when it returns a list of nodes: a connection, `nodes(ids:)` or `context`.
    /// A new list of nodes that is no connection must be added here, or it is counted as one node.
    fn entries(&self, field: &Field, is_page: bool) -> Option<u64> {
        let variable = |name: Name| self.sizes.get(name.as_str()).map(|size| Value::from(*size)).ok_or(());
        let argument = |name| size_of(&field.get_argument(name)?.node.clone().into_const_with(variable).ok()?);
        if field.name.node == "context" {
            let around = |name| argument(name).unwrap_or(5).min(20);
            return Some(1 + around("before") + around("after"));
        }
        argument("ids")
            .or_else(|| argument("first").max(argument("last")).map(|page| page.min(MAX_PAGE)))
            .or(is_page.then_some(DEFAULT_PAGE))
    }
}

/// The number, or the length of the list.
fn size_of(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_i64().map(|number| number.max(0) as u64),
        Value::List(entries) => Some(entries.len() as u64),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
