//! Patterns made at random.

use super::*;

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

/// A random pattern as typed, and its tree as [`shape`] shows it.
type Drawn = (String, String);

fn phrase(random: &mut Random) -> Drawn {
    let words = random.of(&["caixa", "caixa dois", "nota fria", "é isso"]);
    let typed = match random.below(4) {
        0 => format!("\"{words}\""),
        1 => format!("“ {words}\n”"),
        2 if !words.contains(' ') => format!("({words})"),
        _ => words.to_owned(),
    };
    match random.below(6) {
        0 if !typed.starts_with('(') => (format!("{typed}*"), format!("[{words}]*")),
        1 if !typed.starts_with('(') => (format!("*{typed}"), format!("*[{words}]")),
        2 if !typed.starts_with('(') => (format!("*{typed}*"), format!("*[{words}]*")),
        _ => (typed, format!("[{words}]")),
    }
}

fn joined(random: &mut Random, operator: &str, name: &str, mut draw: impl FnMut(&mut Random) -> Drawn) -> Drawn {
    let operands: Vec<Drawn> = (0..2 + random.below(2)).map(|_| draw(random)).collect();
    let space = random.of(&[" ", "\n", "  \u{A0}"]);
    let typed: Vec<&str> = operands.iter().map(|(typed, _)| typed.as_str()).collect();
    let trees: Vec<&str> = operands.iter().map(|(_, tree)| tree.as_str()).collect();
    (typed.join(&format!("{space}{operator}{space}")), format!("({name} {})", trees.join(" ")))
}

fn choice(random: &mut Random) -> Drawn {
    if random.below(2) == 0 {
        return phrase(random);
    }
    let (typed, tree) = joined(random, "OR", "or", phrase);
    (format!("({typed})"), tree)
}

fn near(random: &mut Random) -> Drawn {
    let ((left, left_tree), (right, right_tree)) = (choice(random), choice(random));
    let words = 1 + random.below(50);
    (format!("{left} NEAR/{words} {right}"), format!("(near {words} {left_tree} {right_tree})"))
}

/// Draws one of the kinds of node that bind at least as tightly as `tightness`, or any other in parentheses. AND and
/// OR never draw their own kind, which the parser would flatten.
fn node(random: &mut Random, tightness: usize, not_this: usize, depth: usize) -> Drawn {
    let kind = if depth == 0 { 3 + random.below(2) } else { random.below(5) };
    if kind == not_this {
        return phrase(random);
    }
    let (typed, tree) = match kind {
        0 => {
            let (wanted, wanted_tree) = node(random, 0, 5, depth - 1);
            let near_end = random.below(3) == 0;
            let (unwanted, unwanted_tree) = if near_end { choice(random) } else { node(random, 1, 5, depth - 1) };
            let within = 1 + random.below(50);
            if near_end {
                let typed = format!("{wanted} UNLESS {unwanted} NEAR/{within}");
                (typed, format!("(unless {wanted_tree} {unwanted_tree} {within})"))
            } else {
                (format!("{wanted} UNLESS {unwanted}"), format!("(unless {wanted_tree} {unwanted_tree})"))
            }
        }
        1 => joined(random, "OR", "or", |random| node(random, 2, 1, depth - 1)),
        2 => {
            let (first, first_tree) = node(random, 3, 2, depth - 1);
            let (second, second_tree) = node(random, 4, 5, depth - 1);
            // Plainly joined, an AND in parentheses would be flattened.
            let not = random.below(2) == 0 || second_tree.starts_with("(and");
            if not {
                (format!("{first} AND NOT {second}"), format!("(and {first_tree} (not {second_tree}))"))
            } else {
                (format!("{first} AND {second}"), format!("(and {first_tree} {second_tree})"))
            }
        }
        3 => near(random),
        _ => phrase(random),
    };
    let binds = [0, 1, 2, 4, 5][kind];
    if binds < tightness || random.below(8) == 0 { (format!("({typed})"), tree) } else { (typed, tree) }
}

#[test]
fn a_random_tree_typed_out_is_read_back_the_same_and_so_is_its_canonical_form() {
    let mut random = Random(7);
    let mut read = 0;
    for _ in 0..5_000 {
        let (typed, tree) = node(&mut random, 0, 5, 3);
        let pattern = match check(&typed, Word, Exact) {
            Ok(pattern) => pattern,
            Err(PatternError { fault: Fault::TooLong, .. }) => continue,
            Err(error) => panic!("{typed}: {error}"),
        };
        assert_eq!(shape(&pattern), tree, "{typed}");
        let canonical = pattern.canonical();
        if let Ok(again) = check(&canonical, Word, Exact) {
            assert_eq!(shape(&again), tree, "{typed} as {canonical}");
            assert_eq!(again.canonical(), canonical);
            read += 1;
        }
    }
    assert!(read > 4_000, "{read}");
}

#[test]
fn token_soup_never_panics_and_a_fault_lies_inside_the_pattern() {
    let tokens = [
        "a", "caixa", "ção", " ", " ", " ", "\n", "(", ")", "\"", "“", "”", "\\", "*", "AND", "OR", "NOT", "NEAR",
        "NEAR/5", "NEAR/0", "UNLESS", "\u{301}", "\u{200D}", "😀", "\0", "ß", "/", " AND ", " OR ", " UNLESS ",
        "« x »",
    ];
    let mut random = Random(11);
    let mut lawful = 0;
    for _ in 0..20_000 {
        let soup: String = (0..random.below(14)).map(|_| random.of(&tokens)).collect();
        match check(&soup, [Word, Prefix, Substring][random.below(3)], Folded) {
            Ok(pattern) => {
                lawful += 1;
                assert!(!pattern.literals().is_empty() && !pattern.canonical().is_empty(), "{soup:?}");
            }
            Err(error) => assert!(error.position <= soup.chars().count(), "{soup:?}"),
        }
    }
    assert!(lawful > 500, "{lawful}");
}
