use std::collections::BTreeMap;

use super::super::pattern::{self, Anchor, Literal};
use super::super::{Mode, Step, Strictness};
use super::*;

/// Where `literal` stands in `text`, letter by letter, between white space or signs.
fn occurrences(literal: &Literal, text: &str) -> Vec<LiteralHit> {
    let joins = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let stands = |start: usize, end: usize| {
        let begins = !joins(text[..start].chars().next_back());
        let ends = !joins(text[end..].chars().next());
        match literal.anchor() {
            Anchor::Word => begins && ends,
            Anchor::Prefix => begins,
            Anchor::Suffix => ends,
            Anchor::Substring => true,
        }
    };
    let places = text.match_indices(literal.text()).map(|(start, found)| (start, start + found.len()));
    let hit = |(start, end)| LiteralHit { literal: 0, start, end, steps: Steps::default() };
    places.filter(|(start, end)| stands(*start, *end)).map(|(a, b)| hit((a as u32, b as u32))).collect()
}

/// The texts of the spans of each match of `pattern` in `text`, with their places.
fn found(pattern: &str, text: &str) -> Vec<Vec<String>> {
    let pattern = pattern::check(pattern, Mode::Word, Strictness::Folded).unwrap_or_else(|error| panic!("{error}"));
    let hits: Vec<_> = pattern.literals().iter().map(|literal| occurrences(literal, text)).collect();
    let mut matches = Matches::default();
    evaluate(pattern.tree(), |place| hits[place].as_slice(), text, &mut WordCounter::default(), &mut matches);
    let show = |span: &Span| format!("{}@{}", &text[span.start as usize..span.end as usize], span.start);
    matches.iter().map(|(spans, _)| spans.iter().map(show).collect()).collect()
}

#[track_caller]
fn assert_found(pattern: &str, text: &str, expected: &[&[&str]]) {
    assert_eq!(found(pattern, text), expected, "{pattern} in {text}");
}

#[test]
fn a_literal_and_an_or_match_wherever_they_stand() {
    assert_found("pix", "pix e pix", &[&["pix@0"], &["pix@6"]]);
    assert_found("pix OR nota", "nota pix pix", &[&["nota@0"], &["pix@5"], &["pix@9"]]);
    assert_found("nota OR \"nota fria\" OR not*", "nota fria, notas", &[&["nota fria@0"], &["not@11"]]);
    assert_found("pix OR nota", "semana", &[]);
}

#[test]
fn and_matches_once_with_the_leftmost_of_each() {
    assert_found("pix AND nota", "nota pix nota pix", &[&["nota@0", "pix@5"]]);
    assert_found("pix AND (nota OR caixa)", "pix caixa nota", &[&["pix@0", "caixa@4"]]);
    assert_found("pix AND (nota OR \"nota fria\")", "nota fria pix", &[&["nota fria@0", "pix@10"]]);
    assert_found("nota AND \"nota fria\"", "nota fria", &[&["nota fria@0"]]);
    assert_found("pix AND nota NEAR/2 fria", "nota x nota fria pix", &[&["nota@7", "fria@12", "pix@17"]]);
    assert_found("pix AND nota", "pix pix", &[]);
}

#[test]
fn not_asks_for_absence_and_leaves_a_single_operand_all_its_matches() {
    assert_found("pix AND NOT nota", "pix e pix", &[&["pix@0"], &["pix@6"]]);
    assert_found("pix AND NOT nota", "pix e pix, nota", &[]);
    assert_found("pix AND NOT (nota AND fria)", "pix, nota", &[&["pix@0"]]);
    assert_found("pix AND NOT nota NEAR/2 fria", "pix, nota, a b fria", &[&["pix@0"]]);
    assert_found("pix AND caixa AND NOT nota", "caixa pix pix", &[&["caixa@0", "pix@6"]]);
}

#[test]
fn near_pairs_within_so_many_words_in_either_order() {
    assert_found("pix NEAR/1 nota", "pix nota", &[&["pix@0", "nota@4"]]);
    assert_found("pix NEAR/1 nota", "nota, pix", &[&["nota@0", "pix@6"]]);
    assert_found("pix NEAR/1 nota", "pix da nota", &[]);
    assert_found("pix NEAR/2 nota", "pix 😀 - da: nota", &[&["pix@0", "nota@15"]]);
    assert_found("pix NEAR/5 nota", "pix a b c d nota", &[&["pix@0", "nota@12"]]);
    assert_found("pix NEAR/5 nota", "pix a b c d e nota", &[]);
    assert_found("pix NEAR/2 nota", "pix R$1.500,00 nota", &[]);
    assert_found("pix NEAR/3 nota", "pix R$1.500,00 nota", &[&["pix@0", "nota@15"]]);
    assert_found("pi* NEAR/1 *ta", "pixando notata", &[&["pi@0", "ta@12"]]);
}

#[test]
fn near_takes_the_nearest_partner_and_no_pair_twice() {
    assert_found("pix NEAR/5 nota", "nota a pix nota", &[&["pix@7", "nota@11"]]);
    assert_found("pix NEAR/5 nota", "nota a pix a nota", &[&["nota@0", "pix@7"]]);
    assert_found("pix NEAR/5 nota", "pix nota pix", &[&["pix@0", "nota@4"], &["nota@4", "pix@9"]]);
    assert_found("pix NEAR/5 pix", "pix", &[]);
    assert_found("pix NEAR/5 pix", "pix pix", &[&["pix@0", "pix@4"]]);
    assert_found("nota NEAR/5 \"nota fria\"", "nota fria", &[]);
    assert_found("(nota OR \"nota fria\") NEAR/1 fria", "nota fria", &[&["nota@0", "fria@5"]]);
    assert_found("pix NEAR/2 (nota OR \"nota fria\")", "pix nota fria", &[&["pix@0", "nota fria@4"]]);
    assert_found("pix NEAR/2 nota OR pix", "pix nota a b pix", &[&["pix@0", "nota@4"], &["pix@13"]]);
}

#[test]
fn unless_excludes_anywhere_or_near() {
    assert_found("pix UNLESS nota", "pix e pix", &[&["pix@0"], &["pix@6"]]);
    assert_found("pix UNLESS nota", "pix a b c d e f nota", &[]);
    assert_found("pix UNLESS nota NEAR/2", "nota a pix b pix", &[&["pix@13"]]);
    assert_found("pix UNLESS (nota OR fria) NEAR/1", "pix nota pix a pix", &[&["pix@15"]]);
    assert_found("nota UNLESS \"nota fria\" NEAR/1", "nota fria e a nota", &[&["nota@14"]]);
    assert_found("nota UNLESS \"a nota\" NEAR/1", "a nota", &[]);
    assert_found("pix UNLESS nota NEAR/1 UNLESS fria NEAR/1", "nota pix a pix fria pix a pix", &[&["pix@26"]]);
}

#[test]
fn excluded_occurrences_do_not_count_but_others_still_do() {
    assert_found("pix AND nota UNLESS sem NEAR/1", "sem pix, nota com pix", &[&["nota@9", "pix@18"]]);
    assert_found("pix NEAR/9 nota UNLESS sem NEAR/1", "nota sem pix a pix", &[]);
    assert_found("pix NEAR/9 nota UNLESS sem NEAR/1", "nota a sem pix a pix", &[&["nota@0", "pix@17"]]);
    // The NOT inside is about the whole text.
    assert_found("(pix AND NOT nota) UNLESS sem NEAR/1", "sem nota pix", &[]);
}

#[test]
fn a_match_has_the_steps_of_all_its_spans_and_of_the_simplest_way_to_them() {
    let [case, mask] = [Step::Case, Step::Mask].map(|step| Steps::from_iter([step]));
    let both = Steps::from_iter([Step::Case, Step::Leet]);
    let hit = |start, end, steps| LiteralHit { literal: 0, start, end, steps };
    let hits = [vec![hit(0, 3, both)], vec![hit(0, 3, mask)], vec![hit(4, 7, case)], vec![hit(4, 7, mask)]];
    let literal = |place| Node::Literal(place);
    let choice = Node::Or(vec![literal(0), literal(1)]);
    let near = |left: &Node, right| Node::Near { words: 1, left: left.clone().into(), right: Box::new(right) };
    for (tree, expected) in [
        (choice.clone(), mask),
        (Node::And(vec![literal(0), literal(2)]), both),
        (Node::And(vec![choice.clone(), literal(2)]), Steps::from_iter([Step::Case, Step::Mask])),
        (near(&choice, literal(3)), mask),
        (near(&literal(3), choice.clone()), mask),
    ] {
        let mut matches = Matches::default();
        evaluate(&tree, |place| hits[place].as_slice(), "pix pix", &mut WordCounter::default(), &mut matches);
        assert_eq!(matches.iter().map(|(_, steps)| steps).collect::<Vec<_>>(), [expected], "{tree:?}");
    }
}

#[test]
fn nothing_grows_on_the_second_reading() {
    let text = "pix nota a pix, nota fria e pix ".repeat(50);
    let pattern = "(pix OR nota) NEAR/5 (fria OR nota) OR (pix AND nota UNLESS fria NEAR/1)";
    let pattern = pattern::check(pattern, Mode::Word, Strictness::Folded).unwrap();
    let hits: Vec<_> = pattern.literals().iter().map(|literal| occurrences(literal, &text)).collect();
    let (mut words, mut matches) = (WordCounter::default(), Matches::default());
    let mut read = || {
        words.clear();
        evaluate(pattern.tree(), |place| hits[place].as_slice(), &text, &mut words, &mut matches);
        assert!(matches.iter().count() > 100);
        let Matches { matches, spans, occurrences, sweep } = &matches;
        assert!(occurrences.is_empty());
        [matches.capacity(), spans.capacity(), occurrences.capacity(), sweep.capacity(), words.words.capacity()]
    };
    assert_eq!(read(), read());
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

const LITERALS: usize = 5;

fn choice(random: &mut Random) -> Node {
    let literal = |random: &mut Random| Node::Literal(random.below(LITERALS));
    if random.below(2) == 0 { literal(random) } else { Node::Or(vec![literal(random), literal(random)]) }
}

fn tree(random: &mut Random, depth: usize) -> Node {
    let kind = if depth == 0 { 0 } else { random.below(6) };
    let inner = |random: &mut Random| tree(random, depth.saturating_sub(1));
    let words = 1 + random.below(4) as u32;
    match kind {
        0 => Node::Literal(random.below(LITERALS)),
        1 => Node::Or(vec![inner(random), inner(random)]),
        2 => Node::And(vec![inner(random), inner(random)]),
        3 => Node::And(vec![inner(random), Node::Not(inner(random).into()), Node::Not(inner(random).into())]),
        4 => Node::Near { words, left: choice(random).into(), right: choice(random).into() },
        _ if random.below(2) == 0 => {
            Node::Unless { wanted: inner(random).into(), unwanted: inner(random).into(), within: None }
        }
        _ => Node::Unless { wanted: inner(random).into(), unwanted: choice(random).into(), within: Some(words) },
    }
}

/// The laws of the module once more, as plainly and slowly as they can be said.
struct Reference<'a> {
    hits: &'a [Vec<LiteralHit>],
    words: Vec<Span>,
}

type Found = Vec<(Vec<Span>, Steps)>;
type Excluded<'a> = &'a [(Vec<Span>, u32)];

impl Reference<'_> {
    fn distance(&self, a: Span, b: Span) -> u32 {
        let between = |from, to| self.words.iter().filter(|word| word.start >= from && word.end <= to).count() as u32;
        1 + between(a.end, b.start).max(between(b.end, a.start))
    }

    fn matches(&self, node: &Node, excluded: Excluded<'_>) -> Found {
        match node {
            Node::Literal(place) => {
                let spans = self.hits[*place].iter().map(|hit| (Span { start: hit.start, end: hit.end }, hit.steps));
                let counts = |span: &Span| {
                    excluded.iter().all(|(unwanted, n)| unwanted.iter().all(|other| self.distance(*span, *other) > *n))
                };
                spans.filter(|(span, _)| counts(span)).map(|(span, steps)| (vec![span], steps)).collect()
            }
            Node::Or(operands) => operands.iter().flat_map(|operand| self.matches(operand, excluded)).collect(),
            Node::And(operands) => self.and(operands, excluded),
            Node::Near { words, left, right } => {
                let right = self.matches(right, excluded);
                let pair = |(one, steps): (Vec<Span>, Steps)| {
                    let span = one[0];
                    let apart =
                        |(other, _): &&(Vec<Span>, Steps)| other[0].end <= span.start || other[0].start >= span.end;
                    let order = |(other, steps): &&(Vec<Span>, Steps)| {
                        let other = other[0];
                        let after = other.start >= span.end;
                        let gap = if after { other.start - span.end } else { span.start - other.end };
                        let length = Reverse(other.end - other.start);
                        (self.distance(span, other), after, gap, length, steps.cost())
                    };
                    let (other, others) = right.iter().filter(apart).min_by_key(order)?;
                    let near = self.distance(span, other[0]) <= *words;
                    near.then(|| (vec![span.min(other[0]), span.max(other[0])], union(&[steps, *others])))
                };
                self.matches(left, excluded).into_iter().filter_map(pair).collect()
            }
            Node::Unless { wanted, unwanted, within: None } => {
                if self.matches(unwanted, &[]).is_empty() {
                    self.matches(wanted, excluded)
                } else {
                    Vec::new()
                }
            }
            Node::Unless { wanted, unwanted, within: Some(words) } => {
                let unwanted = self.matches(unwanted, &[]).into_iter().map(|(spans, _)| spans[0]).collect();
                self.matches(wanted, &[excluded, &[(unwanted, *words)]].concat())
            }
            Node::Not(_) => Vec::new(),
        }
    }

    fn and(&self, operands: &[Node], excluded: Excluded<'_>) -> Found {
        let mut parts = Vec::new();
        for operand in operands {
            match operand {
                Node::Not(unwanted) if !self.matches(unwanted, &[]).is_empty() => return Vec::new(),
                Node::Not(_) => {}
                wanted => parts.push(self.matches(wanted, excluded)),
            }
        }
        if let [_] = parts.as_slice() {
            return parts.remove(0);
        }
        let order = |(spans, steps): &(Vec<Span>, Steps)| {
            (spans.iter().map(|span| (span.start, Reverse(span.end))).collect::<Vec<_>>(), steps.cost())
        };
        let leftmost = parts.into_iter().map(|part| part.into_iter().min_by_key(order));
        let Some(leftmost) = leftmost.collect::<Option<Vec<_>>>() else { return Vec::new() };
        let steps: Vec<Steps> = leftmost.iter().map(|(_, steps)| *steps).collect();
        let mut spans: Vec<Span> = leftmost.into_iter().flat_map(|(spans, _)| spans).collect();
        spans.sort();
        spans.dedup();
        let all = spans.clone();
        spans.retain(|span| !all.iter().any(|other| other != span && holds(*other, *span)));
        vec![(spans, union(&steps))]
    }

    fn evaluate(&self, tree: &Node) -> Found {
        let mut settled: BTreeMap<Vec<Span>, Steps> = BTreeMap::new();
        for (spans, steps) in self.matches(tree, &[]) {
            let kept = settled.entry(spans).or_insert(steps);
            *kept = [*kept, steps].into_iter().min_by_key(|steps| steps.cost()).unwrap();
        }
        let inside = |spans: &Vec<Span>| {
            let others = settled.keys().filter(|other| *other != spans);
            spans.len() == 1 && others.flatten().any(|other| holds(*other, spans[0]))
        };
        settled.iter().filter(|(spans, _)| !inside(spans)).map(|(spans, steps)| (spans.clone(), *steps)).collect()
    }
}

fn holds(outer: Span, inner: Span) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

fn union(steps: &[Steps]) -> Steps {
    steps.iter().copied().flat_map(Steps::iter).collect()
}

#[test]
fn any_tree_over_any_hits_matches_what_the_laws_say() {
    let mut random = Random(3);
    let (mut words, mut matches, mut several) = (WordCounter::default(), Matches::default(), 0);
    for _ in 0..30_000 {
        let pieces = ["a", "bc", "d", " ", " ", ", ", "\n", "-", "'", "1", "."];
        let text: String = (0..random.below(24)).map(|_| pieces[random.below(pieces.len())]).collect();
        let mut hits: Vec<Vec<LiteralHit>> = vec![Vec::new(); LITERALS];
        for _ in 0..random.below(14) {
            let start = random.below(text.len() + 1);
            let end = (start + 1 + random.below(3)).min(text.len());
            let steps = Steps::from_bits(random.below(8) as u16);
            if start < end {
                let hit = LiteralHit { literal: 0, start: start as u32, end: end as u32, steps };
                hits[random.below(LITERALS)].push(hit);
            }
        }
        let tree = match tree(&mut random, 3) {
            // The hits of a plain literal are settled by the matcher.
            Node::Literal(place) => Node::Or(vec![Node::Literal(place)]),
            tree => tree,
        };
        let span = |(at, word): (usize, &str)| Span { start: at as u32, end: (at + word.len()) as u32 };
        let reference = Reference { hits: &hits, words: text.unicode_word_indices().map(span).collect() };
        words.clear();
        evaluate(&tree, |place| hits[place].as_slice(), &text, &mut words, &mut matches);
        let found: Found = matches.iter().map(|(spans, steps)| (spans.to_vec(), steps)).collect();
        assert_eq!(found, reference.evaluate(&tree), "{tree:?} in {text:?} with {hits:?}");
        several += usize::from(found.len() > 1);
    }
    assert!(several > 2_000, "{several}");
}
