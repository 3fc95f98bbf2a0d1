//! Every document here is refused or let through by the check alone: no schema is involved.

use std::fmt::Write;

use super::*;

fn check(query: &str) -> Result<(), Refusal> {
    parse(query, &Variables::default()).map(drop)
}

/// What there was too much of, how much of it, and the limit.
fn excess(query: &str) -> (&'static str, u64, u64) {
    excess_with(query, serde_json::json!({}))
}

fn excess_with(query: &str, variables: serde_json::Value) -> (&'static str, u64, u64) {
    match parse(query, &Variables::from_json(variables)).map(drop) {
        Err(Refusal::TooComplex { what, found, limit }) => (what, found, limit),
        Err(other) => panic!("refused for another reason: {other}"),
        Ok(()) => panic!("was let through"),
    }
}

fn syntax(query: &str) -> bool {
    matches!(check(query), Err(Refusal::Syntax { .. }))
}

/// `fragment F0 { ...F1 ...F1 } …`: each level doubles what an expansion has to visit.
fn bomb(levels: usize) -> String {
    let mut query = String::from("{ ...F0 }");
    for level in 0..levels {
        let next = level + 1;
        write!(query, " fragment F{level} on Query {{ ...F{next} ...F{next} }}").unwrap();
    }
    write!(query, " fragment F{levels} on Query {{ viewer {{ role }} }}").unwrap();
    query
}

#[test]
fn a_doubling_chain_of_fragments_is_refused_without_being_expanded() {
    let (what, found, limit) = excess(&bomb(28));
    assert_eq!((what, limit), ("selections, fragments expanded", 2_000));
    assert!(found > 2_000);
    check(&bomb(4)).unwrap();
}

#[test]
fn more_levels_than_numbers_can_count_do_not_overflow() {
    let mut query = String::from("{ ...F0 }");
    for level in 0..29 {
        let spreads = format!("...F{} ", level + 1).repeat(3);
        write!(query, " fragment F{level} on Query {{ {spreads} }}").unwrap();
    }
    query.push_str(" fragment F29 on Query { a(first: 100) { nodes { id } } }");
    assert_eq!(excess(&query).0, "selections, fragments expanded");
    assert_eq!(Extent { selections: u64::MAX, ..Extent::default() }.behind_a_spread().selections, u64::MAX);
}

#[test]
fn a_bomb_in_a_fragment_that_nothing_spreads_is_refused_too() {
    let query = bomb(20).replacen("{ ...F0 }", "{ viewer { role } }", 1);
    assert_eq!(excess(&query).0, "selections, fragments expanded");
}

#[test]
fn fragments_in_a_circle_are_refused() {
    for query in [
        "{ ...A } fragment A on Query { ...A }",
        "{ ...A } fragment A on Query { ...B } fragment B on Query { viewer { role } ...C } fragment C on Query { ...A }",
        "{ viewer { role } } fragment A on Query { node(id: 1) { ...A } }",
    ] {
        assert!(matches!(check(query), Err(Refusal::Cycle)), "{query}");
    }
}

#[test]
fn a_spread_of_no_fragment_is_left_to_validation() {
    check("{ ...Missing }").unwrap();
}

#[test]
fn deep_nesting_is_refused_before_the_parser_recurses() {
    let fields = format!("{}a{}", "{a".repeat(10_000), "}".repeat(10_000));
    assert_eq!(excess(&fields), ("tokens", 30_000, 2_000));
    for (open, close) in [("{a", "}"), ("{a(b:", ")}"), ("{... ", "}")] {
        let query = format!("{}{}", open.repeat(65), close.repeat(65));
        assert_eq!(excess(&query), ("brackets inside one another", if open.contains('(') { 130 } else { 65 }, 64));
    }
    let list = format!("{{ a(b: {}{}) }}", "[".repeat(80), "]".repeat(80));
    assert_eq!(excess(&list), ("brackets inside one another", 82, 64));
}

#[test]
fn a_block_string_that_never_ends_hides_no_brackets() {
    let hidden = format!("{{ a(b: [\"\"\"x\" {}{}]) }}", "[".repeat(90), "]".repeat(90));
    assert_eq!(excess(&hidden), ("brackets inside one another", 93, 64));
}

#[test]
fn brackets_in_strings_and_comments_do_not_count() {
    let query = format!(
        "{{ a(b: \"\\\"{open}\", c: \"\"\"{open} \\\"\"\" {open}\"\"\", d: \"\") # {open} @ : ...\n }}",
        open = "[({".repeat(60)
    );
    assert_eq!(scan(&query), Shape { tokens: 14, nesting: 2, ..Shape::default() });
    check(&query).unwrap();
}

#[test]
fn the_scan_counts_what_the_parser_sees() {
    let query = "\u{feff}query A($a: Int @x(b: 1) = 3, $c: [In!]! = [{d: 1}]) @y { e: f(g: {h: $a}, i: -1.5e+3) @include(if: true)
        ... on J { k } ...L ... @skip(if: false) { m : n } } fragment L on J { o(p: \"q:@...\") }";
    assert_eq!(scan(query), Shape { tokens: 93, nesting: 3, aliases: 2, directives: 4, spreads: 3 });
    check(query).unwrap();
}

#[test]
fn strings_that_never_end_are_scanned_once() {
    let query = "\"\"\"\\\"\"\"\"\\\"\"".repeat(60_000);
    assert!(scan(&query).tokens > 60_000);
}

#[test]
fn bytes_are_limited_whatever_they_are() {
    let filled = |filling: &str| format!("{{ a }} {}", filling.repeat((65_536 - 6) / filling.len()));
    for filling in [" ", "#x\n", "\u{feff}", ",", "#"] {
        check(&filled(filling)).unwrap();
    }
    let too_long = format!("{} ", filled(" "));
    assert_eq!(excess(&too_long), ("bytes", 65_537, 65_536));
}

#[test]
fn tokens_are_limited() {
    check(&format!("{{ a {{ {} }} }}", "b ".repeat(1_995))).unwrap();
    assert_eq!(excess(&format!("{{ a {{ {} }} }}", "b ".repeat(1_996))), ("tokens", 2_001, 2_000));
    let variables = |count| (0..count).map(|n| format!("$v{n}: Int ")).collect::<String>();
    assert_eq!(excess(&format!("query ({}) {{ a }}", variables(1_000))), ("tokens", 4_006, 2_000));
    assert_eq!(excess(&format!("query ({}) {{ a }}", variables(20_000))).0, "bytes");
    let operations = |count| (0..count).map(|n| format!("query q{n} {{ a }} ")).collect::<String>();
    assert_eq!(excess(&operations(1_000)), ("tokens", 5_000, 2_000));
    assert_eq!(excess(&operations(20_000)).0, "bytes");
}

#[test]
fn aliases_are_limited_wherever_they_stand() {
    let aliases = |count: usize| (0..count).map(|n| format!("a{n}: __typename ")).collect::<String>();
    check(&format!("{{ {} }}", aliases(15))).unwrap();
    assert_eq!(excess(&format!("{{ {} }}", aliases(101))), ("aliases", 101, 15));
    let spread = format!("{{ ...A }} fragment A on Query {{ {} }}", aliases(16));
    assert_eq!(excess(&spread), ("aliases", 16, 15));
}

#[test]
fn directives_are_limited_over_the_whole_document() {
    let on_one_field = |count| format!("{{ a {} }}", "@include(if: true) ".repeat(count));
    assert_eq!(excess(&on_one_field(5_000)).0, "bytes");
    assert_eq!(excess(&on_one_field(2_000)).0, "tokens");
    assert_eq!(excess(&on_one_field(11)), ("directives", 11, 10));
    assert_eq!(excess(&format!("{{ a {} }}", "@b ".repeat(11))), ("directives", 11, 10));
    assert_eq!(excess(&format!("{{ {} }}", "a @b ".repeat(11))), ("directives", 11, 10));
    check(&format!("{{ a {} }}", "@b ".repeat(10))).unwrap();
}

#[test]
fn operations_fragments_and_spreads_are_limited() {
    let operations = |count: usize| (0..count).map(|n| format!("query q{n} {{ a }} ")).collect::<String>();
    check(&operations(10)).unwrap();
    assert_eq!(excess(&operations(11)), ("operations", 11, 10));
    let fragments: String = (0..31).map(|n| format!("fragment f{n} on A {{ a }} ")).collect();
    assert_eq!(excess(&format!("{{ a }} {fragments}")), ("fragments", 31, 30));
    assert_eq!(excess(&format!("{{ {} }}", "...{a} ".repeat(101))), ("fragment spreads", 101, 100));
}

#[test]
fn root_fields_are_limited_through_fragments() {
    let fields = |count: usize| (0..count).map(|n| format!("f{n} ")).collect::<String>();
    check(&format!("{{ {} }}", fields(20))).unwrap();
    assert_eq!(excess(&format!("{{ {} }}", fields(21))), ("root fields", 21, 20));
    let spread = format!("{{ ...A ... {{ ...A }} b }} fragment A on Query {{ {} }}", fields(10));
    assert_eq!(excess(&spread), ("root fields", 21, 20));
}

#[test]
fn depth_is_limited_through_fragments() {
    let nested = |depth: usize| format!("{}{}", "{a".repeat(depth), "}".repeat(depth));
    check(&nested(10)).unwrap();
    assert_eq!(excess(&nested(11)), ("levels of fields", 11, 10));
    let spread = "{a{a{a{a{a{...A}}}}}} fragment A on T {a{a{...B}}} fragment B on T {a{a{a{a}}}}";
    assert_eq!(excess(spread), ("levels of fields", 11, 10));
}

#[test]
fn the_standard_introspection_query_passes_and_its_loops_do_not() {
    check(include_str!("introspection.graphql")).unwrap();
    let looped = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }";
    assert_eq!(excess(looped), ("lists of fields or types inside one another", 3, 2));
    let through_a_fragment = "{ ...R } fragment R on Query { __type(name: \"A\") { ...T } } fragment T on __Type { interfaces { fields { type { possibleTypes { name } } } } }";
    assert_eq!(excess(through_a_fragment), ("lists of fields or types inside one another", 3, 2));
    let deep = format!("{{ __type {} {} }}", "{ofType".repeat(15), "}".repeat(15));
    assert_eq!(excess(&deep), ("levels of introspection", 16, 15));
    check("{ a { fields { fields { fields { id } } } } }").unwrap();
}

#[test]
fn one_operation_makes_one_guess_at_a_secret() {
    check("mutation { signIn(input: {}) { accessToken } }").unwrap();
    check("mutation A { signIn { a } } mutation B { refreshSession { a } }").unwrap();
    let limit = ("fields that take a password or a refresh token", 2, 1);
    assert_eq!(excess("mutation { signIn { a } b: signIn { a } }"), limit);
    assert_eq!(excess("mutation { signIn { a } ...{ changePassword { a } } }"), limit);
    assert_eq!(excess("mutation { ...A ...A } fragment A on Mutation { refreshSession { a } }"), limit);
}

#[test]
fn pages_inside_pages_multiply() {
    let nodes = "nodes at most, all pages multiplied";
    check("{ a(first: 100) { nodes { b(last: 99) { nodes { id } } } } }").unwrap();
    assert_eq!(
        excess("{ a(first: 100) { nodes { b(first: 100) { edges { node { id } } } } } }"),
        (nodes, 10_100, 10_000)
    );
    assert_eq!(
        excess("{ a(last: 100) { nodes { b(first: 1, last: 100) { nodes { id } } } } }"),
        (nodes, 10_100, 10_000)
    );
    assert_eq!(excess("{ a(first: 9999) { nodes { b(first: 101) { nodes { id } } } } }"), (nodes, 10_100, 10_000));
    let bomb = "{ a(first:79){edges{node{b { a(first:79){edges{node{b{ a(first:79){ totalCount }}}}}}}}} }";
    assert_eq!(excess(bomb), (nodes, 79 + 79 * 79 + 79 * 79 * 79, 10_000));
    assert_eq!(
        excess("{ a { nodes { b { edges { node { c { nodes { id } } } } } } } }"),
        (nodes, 50 * (1 + 50 * 51), 10_000)
    );
    assert_eq!(excess("{ a { ...P } } fragment P on A { nodes { b { nodes { c { nodes { id } } } } } }").0, nodes);
    assert_eq!(
        excess("{ nodes(ids: [1, 2, 3, 4]) { a(first: 100) { nodes { b(first: 30) { nodes { id } } } } } }").0,
        nodes
    );
    let contexts = "{ a(first: 10) { nodes { context { context(before: 20, after: 99) { context { id } } } } } }";
    assert_eq!(excess(contexts), (nodes, 10 * (1 + 11 * (1 + 41 * (1 + 11))), 10_000));
}

#[test]
fn page_sizes_are_read_from_variables_and_their_defaults() {
    let query = "query ($n: Int = 100, $m: Int) { a(first: $n) { nodes { b(first: $m) { nodes { id } } } } }";
    assert_eq!(excess_with(query, serde_json::json!({"m": 100})).1, 10_100);
    parse(query, &Variables::from_json(serde_json::json!({"n": 20, "m": 100}))).unwrap();
    parse(query, &Variables::from_json(serde_json::json!({"m": null}))).unwrap();
    let nodes = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on A { b(first: 100) { nodes { id } } } } }";
    let ids: Vec<usize> = (0..100).collect();
    assert_eq!(excess_with(nodes, serde_json::json!({"ids": ids})).1, 10_100);
}

#[test]
fn a_page_that_no_connection_hands_out_is_left_to_the_resolver() {
    for first in ["0", "-1", "101", "2147483647", "99999999999999999999", "\"x\"", "1.5", "null"] {
        check(&format!("{{ a(first: {first}) {{ nodes {{ id }} }} }}")).unwrap();
    }
}

#[test]
fn lists_among_the_variables_are_limited() {
    let long: Vec<usize> = (0..101).collect();
    let entries = ("entries in one list of its variables", 101, 100);
    assert_eq!(excess_with("{ a }", serde_json::json!({"ids": long})), entries);
    assert_eq!(excess_with("{ a }", serde_json::json!({"input": {"of": [{"ids": long}]}})), entries);
}

#[test]
fn selections_of_all_operations_are_counted_together() {
    let fragment = format!("fragment A on Query {{ a {{ {} }} }}", "b ".repeat(150));
    let operations: String = (0..10).map(|n| format!("query q{n} {{ ...A x {{ ...A }} }} ")).collect();
    assert_eq!(excess(&format!("{operations} {fragment}")).0, "selections, fragments expanded");
}

#[test]
fn a_fault_of_syntax_says_what_was_expected_and_where() {
    match check("{ a(") {
        Err(Refusal::Syntax { reason, at: Some(at) }) => {
            assert!(reason.starts_with("expected "), "{reason}");
            assert!(!reason.contains('\n'), "{reason}");
            assert_eq!((at.line, at.column), (1, 5));
        }
        _ => panic!("not refused as it should"),
    }
    assert!(
        syntax("") && syntax("{") && syntax("# only a comment") && syntax("{ a(b: \"unclosed) }") && syntax("fragment")
    );
    assert!(syntax("{ a } { b }") && syntax("query a { a } query a { a }") && syntax("{ a }\0"));
}

#[test]
fn a_refusal_names_the_limit_and_what_was_found() {
    let refusal = check(&format!("{{ {} }}", "a @b ".repeat(11))).unwrap_err();
    assert_eq!(refusal.to_string(), "The query has 11 directives; at most 10 are allowed.");
    assert_eq!(refusal.code(), "QUERY_TOO_COMPLEX");
    assert_eq!(check("{").unwrap_err().code(), "BAD_USER_INPUT");
}
