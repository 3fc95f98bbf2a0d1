mod random;

use super::*;
use Mode::{Prefix, Substring, Word};
use Strictness::{Disguised, Exact, Folded};

/// The tree of a pattern with its literals: `(and a (not b*))`.
fn shape(pattern: &Pattern) -> String {
    fn show(node: &Node, pattern: &Pattern) -> String {
        let all = |nodes: &[Node]| nodes.iter().map(|node| show(node, pattern)).collect::<Vec<_>>().join(" ");
        match node {
            Node::Literal(place) => {
                let literal = &pattern.literals()[*place];
                match literal.anchor() {
                    Anchor::Word => format!("[{}]", literal.text()),
                    Anchor::Prefix => format!("[{}]*", literal.text()),
                    Anchor::Suffix => format!("*[{}]", literal.text()),
                    Anchor::Substring => format!("*[{}]*", literal.text()),
                }
            }
            Node::And(operands) => format!("(and {})", all(operands)),
            Node::Or(operands) => format!("(or {})", all(operands)),
            Node::Not(unwanted) => format!("(not {})", show(unwanted, pattern)),
            Node::Near { words, left, right } => {
                format!("(near {words} {} {})", show(left, pattern), show(right, pattern))
            }
            Node::Unless { wanted, unwanted, within } => {
                let within = within.map_or_else(String::new, |words| format!(" {words}"));
                format!("(unless {} {}{within})", show(wanted, pattern), show(unwanted, pattern))
            }
        }
    }
    show(pattern.tree(), pattern)
}

fn parsed(text: &str, mode: Mode) -> String {
    check(text, mode, Folded).map_or_else(|error| format!("{error}"), |pattern| shape(&pattern))
}

fn refusal(text: &str) -> Option<(Fault, usize)> {
    check(text, Word, Folded).err().map(|error| (error.fault, error.position))
}

fn canonical(text: &str, mode: Mode, strictness: Strictness) -> String {
    check(text, mode, strictness).map(|pattern| pattern.canonical()).unwrap()
}

#[test]
fn bare_words_alone_are_one_phrase_byte_for_byte() {
    for plain in [
        "propina",
        "Caixa  Dóis",
        "caixa\n\u{A0}dois",
        "and or not near unless a near/5 b",
        "E OU NÃO SAND ORAR NEARBY AND, d'água R$ 5 C++ a/b a\\b",
        "ca\u{301}ixa",
    ] {
        let pattern = check(&format!("\t\u{301} {plain} \n"), Word, Folded).unwrap();
        assert_eq!(pattern.text(), plain);
        assert_eq!(shape(&pattern), format!("[{plain}]"));
    }
}

#[test]
fn operators_bind_in_the_order_of_the_grammar() {
    for (pattern, tree) in [
        ("caixa dois AND nota  fria", "(and [caixa dois] [nota  fria])"),
        ("a OR b AND c", "(or [a] (and [b] [c]))"),
        ("(a OR b) AND c", "(and (or [a] [b]) [c])"),
        ("a AND NOT b NEAR/5 c", "(and [a] (not (near 5 [b] [c])))"),
        ("NOT a AND b", "(and (not [a]) [b])"),
        ("a AND (NOT b)", "(and [a] (not [b]))"),
        ("a AND NOT (b OR c)", "(and [a] (not (or [b] [c])))"),
        ("a UNLESS b OR c", "(unless [a] (or [b] [c]))"),
        ("a OR b UNLESS c AND d", "(unless (or [a] [b]) (and [c] [d]))"),
        ("a UNLESS b UNLESS c", "(unless (unless [a] [b]) [c])"),
        ("a UNLESS (b UNLESS c)", "(unless [a] (unless [b] [c]))"),
        ("a AND b AND c", "(and [a] [b] [c])"),
        ("a AND (b AND (c AND d))", "(and [a] [b] [c] [d])"),
        ("(a OR b) OR (c OR d)", "(or [a] [b] [c] [d])"),
        ("((a))", "[a]"),
        ("a(b", "Unexpected ( at character 2: expected AND, OR, NEAR/5 or UNLESS between two phrases."),
        ("a AND(b OR c)OR d", "(or (and [a] (or [b] [c])) [d])"),
        ("a\nUNLESS\u{A0}b", "(unless [a] [b])"),
        ("a NEAR/05 b", "(near 5 [a] [b])"),
        ("(a OR b) NEAR/50 (c OR (d OR e))", "(near 50 (or [a] [b]) (or [c] [d] [e]))"),
        ("a NEAR/5 b AND b NEAR/5 c", "(and (near 5 [a] [b]) (near 5 [b] [c]))"),
    ] {
        assert_eq!(parsed(pattern, Word), tree, "{pattern}");
    }
}

#[test]
fn near_without_a_partner_is_the_distance_of_unless() {
    for (pattern, tree) in [
        ("a UNLESS b NEAR/5", "(unless [a] [b] 5)"),
        ("a UNLESS b OR c NEAR/5", "(unless [a] (or [b] [c]) 5)"),
        ("a UNLESS b NEAR/5 c", "(unless [a] (near 5 [b] [c]))"),
        ("a AND c UNLESS (b OR d) NEAR/1", "(unless (and [a] [c]) (or [b] [d]) 1)"),
        ("a UNLESS b NEAR/5 UNLESS c NEAR/6", "(unless (unless [a] [b] 5) [c] 6)"),
        ("(a UNLESS b NEAR/5) AND c", "(and (unless [a] [b] 5) [c])"),
    ] {
        assert_eq!(parsed(pattern, Word), tree, "{pattern}");
    }
}

#[test]
fn stars_open_an_end_and_win_over_the_mode() {
    for (pattern, mode, tree) in [
        ("propin*", Word, "[propin]*"),
        ("*pina", Word, "*[pina]"),
        ("*pin*", Word, "*[pin]*"),
        ("caixa doi*", Word, "[caixa doi]*"),
        ("*ixa dois AND nota*", Word, "(and *[ixa dois] [nota]*)"),
        ("\"caixa dois\"*", Word, "[caixa dois]*"),
        ("*\"a*b (c)\" OR *“dois”*", Word, "(or *[a*b (c)] *[dois]*)"),
        ("AND* OR *NOT", Word, "(or [AND]* *[NOT])"),
        ("propin*)", Word, "Unexpected ) at character 8: expected a ( before it."),
        ("propina", Prefix, "[propina]*"),
        ("propina", Substring, "*[propina]*"),
        ("propina* OR \"caixa\" OR *dois", Substring, "(or [propina]* *[caixa]* *[dois])"),
        ("*propina", Prefix, "*[propina]"),
    ] {
        assert_eq!(parsed(pattern, mode), tree, "{pattern}");
    }
}

#[test]
fn quotes_take_everything_literally() {
    for (pattern, tree) in [
        ("\"caixa dois\"", "[caixa dois]"),
        ("\" caixa\n dois \"", "[caixa\n dois]"),
        ("“caixa dois”", "[caixa dois]"),
        ("„caixa“ OR «dois» OR ”três”", "(or [caixa] [dois] [três])"),
        ("\"a AND (b* OR “c”\"", "[a AND (b* OR “c”]"),
        ("“a \"b\" c”", "[a \"b\" c]"),
        (r#""a \"b\" \\ \c""#, r#"[a "b" \ \c]"#),
        (r#""a\\""#, r"[a\]"),
        ("\"NOT\"AND\"OR\"", "(and [NOT] [OR])"),
    ] {
        assert_eq!(parsed(pattern, Word), tree, "{pattern}");
    }
}

#[test]
fn a_literal_typed_twice_is_one() {
    let pattern = check("a NEAR/5 \"a\" OR a b OR b", Word, Folded).unwrap();
    assert!(pattern.literals().iter().map(Literal::text).eq(["a", "a b", "b"]));
    let near = Node::Near { words: 5, left: Node::Literal(0).into(), right: Node::Literal(0).into() };
    assert_eq!(*pattern.tree(), Node::Or(vec![near, Node::Literal(1), Node::Literal(2)]));
}

#[test]
fn each_fault_is_named_at_its_place() {
    let operand = |found| Fault::Unexpected { found, expected: "a word, a quoted phrase or (" };
    let operator = |found| Fault::Unexpected { found, expected: "AND, OR, NEAR/5 or UNLESS between two phrases" };
    let parentheses = |found| Fault::Unexpected { found, expected: "parentheses around what comes before it" };
    for (pattern, fault, position) in [
        ("", Fault::Blank, 0),
        (" \n\u{301}", Fault::Blank, 3),
        ("?!", Fault::Blank, 0),
        ("🤝 \0", Fault::Blank, 0),
        ("\"\"", Fault::Blank, 0),
        ("ação AND \"?\"", Fault::Blank, 9),
        ("a OR ´", Fault::Blank, 5),
        ("(a AND", operand("end of the term"), 6),
        ("  (a AND b  ", Fault::UnclosedParenthesis, 2),
        ("(a", Fault::UnclosedParenthesis, 0),
        ("(a \"b\"", operator("word or phrase"), 3),
        ("a)", Fault::Unexpected { found: ")", expected: "a ( before it" }, 1),
        ("()", operand(")"), 1),
        ("\u{301}AND a", operand("AND"), 1),
        ("OR", operand("OR"), 0),
        ("ç AND AND b", operand("AND"), 6),
        ("a AND NOT NOT b", operand("NOT"), 10),
        ("a NEAR/5 NOT b", operand("NOT"), 9),
        ("a NEAR/5", operand("end of the term"), 8),
        ("(a NEAR/5)", operand(")"), 9),
        ("NEAR/5 a", operand("NEAR"), 0),
        ("a \"b\"", operator("word or phrase"), 2),
        ("5\" tubo\"", operator("word or phrase"), 1),
        ("a UNLESS b NEAR/5 OR c", parentheses("OR"), 18),
        ("a NEAR/0 b", Fault::Distance, 2),
        ("a NEAR/51 b", Fault::Distance, 2),
        ("a NEAR b", Fault::Distance, 2),
        ("a NEAR/ 5 b", Fault::Distance, 2),
        ("a NEAR/+5 b", Fault::Distance, 2),
        ("a NEAR/99999999999999999999 b", Fault::Distance, 2),
        ("a NEAR/5* b", Fault::Distance, 2),
        ("a NEAR/5 b NEAR/5 c", Fault::NearOperand, 11),
        ("(a AND b) NEAR/5 c", Fault::NearOperand, 10),
        ("a NEAR/5 (b UNLESS c)", Fault::NearOperand, 2),
        ("a NEAR/5 (b OR c AND d)", Fault::NearOperand, 2),
        ("a UNLESS b AND c NEAR/5", Fault::NearOperand, 17),
        ("\"open quote", Fault::UnclosedQuote, 0),
        ("ção AND “aspas\"", Fault::UnclosedQuote, 8),
        ("\"fim\\\"", Fault::UnclosedQuote, 0),
        ("*", Fault::Star, 0),
        ("**", Fault::Star, 0),
        ("* propina", Fault::Star, 0),
        ("caixa *", Fault::Star, 6),
        ("pro*pina", Fault::Star, 3),
        ("çã** AND b", Fault::Star, 2),
        ("caixa* dois", Fault::Star, 5),
        ("caixa *dois", Fault::Star, 6),
        ("abc OR *de*f*", Fault::Star, 10),
        ("\"abc\"**", Fault::Star, 6),
        ("abc *\"def\"", Fault::Star, 4),
        ("* \"abc\"", Fault::Star, 0),
        ("NOT a", Fault::NothingPositive, 0),
        ("a OR NOT b", Fault::NothingPositive, 5),
        ("(NOT a) OR b", Fault::NothingPositive, 1),
        ("a OR NOT b AND NOT c", Fault::NothingPositive, 5),
        ("a UNLESS NOT b", Fault::NothingPositive, 9),
        ("a AND NOT (NOT b)", Fault::NothingPositive, 11),
        ("NOT a UNLESS b", Fault::NothingPositive, 0),
        ("a*", Fault::TooCommon, 0),
        ("b AND *a", Fault::TooCommon, 6),
        ("*ão*", Fault::TooCommon, 0),
        ("*\"a! \"*", Fault::TooCommon, 0),
    ] {
        assert_eq!(refusal(pattern), Some((fault, position)), "{pattern:?}");
    }
}

#[test]
fn an_open_end_asks_for_more_letters() {
    for (pattern, mode, lawful) in [
        ("a", Word, true),
        ("a", Prefix, false),
        ("R$ 5", Prefix, true),
        ("pi", Prefix, true),
        ("pi", Substring, false),
        ("pi*", Substring, true),
        ("*pi*", Prefix, false),
        ("pix", Substring, true),
        ("a OR pix", Substring, false),
    ] {
        assert_eq!(check(pattern, mode, Folded).is_ok(), lawful, "{pattern} {mode:?}");
    }
}

#[test]
fn length_operators_and_depth_are_bounded() {
    let long = "ç".repeat(MAX_CHARS);
    assert_eq!(refusal(&format!("  {long}  ")), None);
    assert_eq!(refusal(&format!("  {long}ç  ")), Some((Fault::TooLong, 2 + MAX_CHARS)));
    let operators = vec!["a"; MAX_OPERATORS + 1].join(" OR ");
    assert_eq!(refusal(&operators), None);
    assert_eq!(refusal(&format!("{operators} AND a")), Some((Fault::TooManyOperators, operators.len() + 1)));
    let nested = |depth| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(refusal(&nested(MAX_DEPTH)), None);
    assert_eq!(refusal(&nested(MAX_DEPTH + 1)), Some((Fault::TooDeep, MAX_DEPTH)));
    assert_eq!(refusal(&vec!["(a)"; MAX_DEPTH + 2].join(" OR ")), None);
    for sign in ["(", "NOT ", "\"", "*", "a UNLESS ", "\u{301}", "\\"] {
        assert!(check(&sign.repeat(MAX_CHARS / sign.len()), Word, Folded).is_err(), "{sign}");
        assert!(check(&sign.repeat(1_000_000), Word, Folded).is_err(), "{sign}");
    }
}

#[test]
fn messages_say_where_and_what_is_expected_but_nothing_of_the_pattern() {
    for pattern in [
        "(segredo AND",
        "(segredo",
        "segredo)",
        "segredo \"segredo\"",
        "\"segredo",
        "segre*do",
        "NOT segredo",
        "segredo NEAR segredo",
        "segredo NEAR/0 segredo",
        "segredo NEAR/2 segredo NEAR/3 segredo",
        "segredo OR s*",
        "segredo OR ?",
    ] {
        let error = check(pattern, Word, Folded).err().unwrap();
        let message = error.to_string();
        assert!(message.contains(&format!("at character {}", error.position + 1)), "{message}");
        assert!(message.ends_with(&format!("expected {}.", error.expected())), "{message}");
        assert!(!message.contains("segr") && message.lines().count() == 1, "{message}");
    }
    let message = refusal("(a AND").map(|(fault, position)| fault.at(position).to_string());
    let expected = "Unexpected end of the term at character 7: expected a word, a quoted phrase or (.";
    assert_eq!(message.as_deref(), Some(expected));
}

#[test]
fn a_plain_phrase_has_its_folded_words_as_canonical_form() {
    for same in [" Caixa Dois", "CAIXA\n\u{A0}DOIS", "\u{301}cáixa dois", "\"Caixa dois\"", "((«caixa  DOIS»))"] {
        assert_eq!(canonical(same, Word, Folded), "caixa dois");
        assert_eq!(canonical(same, Substring, Disguised), "caixa dois");
    }
    assert_eq!(canonical("\"E AND (*ou)\"", Word, Folded), "e and (*ou)");
    assert_eq!(canonical("a\\b", Word, Folded), "a\\b");
    assert_eq!(canonical(r#"“a\\” OR “b"c”"#, Word, Folded), r#""a\\" OR "b\"c""#);
    assert_eq!(canonical("Ac\u{327}a\u{303}o  X", Word, Exact), "Ação X");
    assert_ne!(canonical("ação X", Word, Exact), "Ação X");
    assert_ne!(canonical("carro", Word, Folded), canonical("caro", Word, Folded));
}

#[test]
fn patterns_that_mean_the_same_have_one_canonical_form() {
    for (one, other, mode) in [
        ("Propina AND (caixa  DOIS)", "(própina)AND\"Caixa\ndois\"", Word),
        ("a OR (b OR (c))", "(A OR B) OR C", Word),
        ("a AND (NOT b)", "A AND NOT \"b\"", Word),
        ("fraud*", "\"FRAUD\"*", Word),
        ("fraud*", "fraud", Prefix),
        ("*fraud*", "fraud", Substring),
        ("(a UNLESS b) UNLESS c NEAR/05", "a UNLESS b UNLESS (c) NEAR/5", Word),
    ] {
        assert_eq!(canonical(one, mode, Folded), canonical(other, mode, Folded), "{one}");
    }
    for (one, other, mode) in [
        ("fraud*", "fraud", Word),
        ("a OR b AND c", "(a OR b) AND c", Word),
        ("a UNLESS b NEAR/5", "a UNLESS b", Word),
        ("a UNLESS (b UNLESS c)", "a UNLESS b UNLESS c", Word),
        ("\"a OR b\"", "a OR b", Word),
        (r#""\"a\" OR \"b\"""#, "a OR b", Word),
        ("fraud*", "*fraud", Substring),
    ] {
        assert_ne!(canonical(one, mode, Exact), canonical(other, mode, Exact), "{one}");
    }
}
