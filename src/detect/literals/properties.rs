//! What must hold whatever the text and the literals are, on random ones.

use super::*;
use crate::detect::{Step, work};
use Step::{Accent, Case, Invisible, Leet, Lookalike, Mask, Repeat, Spacing, Width};
use unicode_segmentation::UnicodeSegmentation as _;

/// Xorshift: the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % limit
    }

    fn of<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn text(&mut self, pieces: &[&'static str], longest: usize) -> String {
        (0..=self.below(longest)).map(|_| self.of(pieces)).collect()
    }
}

const ANCHORS: [Anchor; 4] = [Anchor::Word, Anchor::Prefix, Anchor::Suffix, Anchor::Substring];
const STRICTNESSES: [Strictness; 3] = [Strictness::Exact, Strictness::Folded, Strictness::Disguised];

/// All that is odd, on few letters so that literals are found.
const ODD: [&str; 64] = [
    "a", "a", "a", "a", "n", "n", "n", "i", "l", "o", "o", "r", "r", "A", "N", "I", "á", "ã", "Á", "s", "ß", "ss", "İ",
    "ı", "1", "4", "0", "5", "50", "@", "$", "!", "|", "*", "#", "_", "?", ".", "-", ",", "'", " ", " ", " ", "  ",
    "\n", "\u{A0}", "\u{301}", "\u{303}", "\u{AD}", "\u{200B}", "\u{200D}", "\u{FE0F}", "😀", "中", "ﬁ", "각", "ש",
    "\0", "²", "а", "ａ", "ⓝ", "æ",
];

fn literal(random: &mut Random) -> String {
    loop {
        let (pieces, longest): (&[&str], usize) = match random.below(4) {
            0 => (&ODD, 5),
            _ => (&["a", "n", "i", "l", "o", "r", "s", "A", "ã", "rr", " ", "na"], 6),
        };
        let text =
            random.text(pieces, longest).trim_matches(|c: char| c.is_whitespace() || fold::is_mark(c)).to_owned();
        if fold::fold(&text).any(char::is_alphanumeric) {
            return text;
        }
    }
}

/// `literal` with something done to it, and between other things.
fn around(literal: &str, random: &mut Random) -> String {
    let mut text = random.text(&ODD, 4) + random.of(&["", " ", " ", " "]);
    let (change, part) = (1 + random.below(8), 2 + random.below(16));
    for c in literal.chars() {
        let variants: &[&str] = match c.to_ascii_lowercase() {
            'a' => &["A", "á", "4", "@", "а", "aa", "aaa", "ａ", "*"],
            'i' => &["I", "1", "!", "|", "l", "iii", "#", "і"],
            'l' => &["L", "1", "I", "|", "ll", "lll"],
            'n' => &["N", "nn", "nnn", "ⓝ", "_"],
            'o' => &["0", "О", "ooo", "*", "o\u{301}"],
            's' => &["5", "$", "ß", "S", "ss", "sss"],
            ' ' => &["  ", "\n", "-", "", ".", " . "],
            _ => &["*", "rr"],
        };
        match random.below(change) {
            0 => text += random.of(variants),
            _ => text.push(c),
        }
        if random.below(part) == 0 {
            text += random.of(&[" ", " ", ".", "-", "\u{200B}", "!", "@", "*", ", ", "😀", "a"]);
        }
    }
    text + random.of(&["", " ", " ", "."]) + &random.text(&ODD, 4)
}

fn compile(specs: &[(String, Anchor, Strictness)]) -> Literals {
    Literals::new(specs.iter().map(|(text, anchor, strictness)| LiteralSpec {
        text,
        anchor: *anchor,
        strictness: *strictness,
    }))
    .unwrap()
}

/// EXACT and FOLDED, word for word and slowly: every span of the text.
fn folded_reference(
    text: &str,
    (typed, anchor, strictness): &(String, Anchor, Strictness),
) -> Vec<(usize, usize, Steps)> {
    let chars: Vec<(usize, char)> = text.char_indices().chain([(text.len(), 'x')]).collect();
    let bounds: Vec<usize> = text.split_word_bound_indices().map(|(at, _)| at).collect();
    let seen = |c: char| !crate::detect::word::is_looked_through(c);
    let bounded = |at: usize| {
        let before = text[..at].chars().rev().find(|c| seen(*c));
        let after = text[at..].char_indices().find(|(_, c)| seen(*c));
        let (Some(before), Some((skipped, after))) = (before, after) else { return true };
        !before.is_alphanumeric() || !after.is_alphanumeric() || bounds.contains(&(at + skipped))
    };
    let folded: String = fold::fold(typed).collect();
    let ends = |at: usize| text[at..].chars().next().is_none_or(|c| !fold::is_mark(c));
    let mut found = Vec::new();
    for (nth, (start, _)) in chars.iter().enumerate().filter(|(_, (start, _))| ends(*start)) {
        for (end, _) in chars[nth + 1..].iter().filter(|(end, _)| ends(*end)) {
            let span = &text[*start..*end];
            let stands = (anchor.is_free_before() || bounded(*start)) && (anchor.is_free_after() || bounded(*end));
            if stands && fold::fold(span).eq(folded.chars()) {
                let steps = fold::steps_between(typed, span);
                if *strictness != Strictness::Exact || steps.is_empty() {
                    found.push((*start, *end, steps));
                }
            }
        }
    }
    found
}

/// Those that hold no other.
fn innermost(mut found: Vec<(usize, usize, Steps)>) -> Vec<(usize, usize, Steps)> {
    let all = found.clone();
    found.retain(|a| {
        let inside = |b: &(usize, usize, Steps)| a.0 <= b.0 && b.1 <= a.1 && (a.0, a.1) != (b.0, b.1);
        let cheaper = |b: &(usize, usize, Steps)| (a.0, a.1) == (b.0, b.1) && b.2.cost() < a.2.cost();
        !all.iter().any(|b| inside(b) || cheaper(b))
    });
    found.sort_by_key(|found| (found.0, found.1));
    found.dedup();
    found
}

#[test]
fn the_matcher_agrees_with_slow_references_on_random_texts() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut scratch = Scratch::default();
    let (mut plain, mut disguised) = (0, 0);
    for round in 0..400 {
        let count = if round % 100 == 0 { 100 } else { 1 + random.below(8) };
        let specs: Vec<_> =
            (0..count).map(|_| (literal(&mut random), random.of(&ANCHORS), random.of(&STRICTNESSES))).collect();
        let matcher = compile(&specs);
        for _ in 0..10 {
            let near = &specs[random.below(specs.len())].0;
            let text = if random.below(3) == 0 { random.text(&ODD, 24) } else { around(near, &mut random) };
            let hits = matcher.scan(&text, &mut scratch).to_vec();
            assert!(hits.is_sorted_by_key(|hit| (hit.literal, hit.start, hit.end)));
            for (nth, spec) in specs.iter().enumerate() {
                let found = hits.iter().filter(|hit| hit.literal as usize == nth);
                let found: Vec<_> = found.map(|hit| (hit.start as usize, hit.end as usize, hit.steps)).collect();
                let folded = folded_reference(&text, spec);
                if spec.2 == Strictness::Disguised && in_disguise(&spec.0) {
                    let all = innermost(Buffers::default().ask_everywhere(&text, &spec.0, spec.1));
                    assert_eq!(found, all, "{spec:?} in {text:?}");
                    let covered = |(start, end, _): &Found| found.iter().any(|(a, b, _)| start <= a && b <= end);
                    assert!(folded.iter().all(covered), "{spec:?} in {text:?}: {folded:?} {found:?}");
                    let same = |a: &Found| folded.iter().all(|b| (a.0, a.1) != (b.0, b.1) || a.2 == b.2);
                    assert!(found.iter().all(same), "{spec:?} in {text:?}: {folded:?} {found:?}");
                    disguised += found.len();
                } else {
                    assert_eq!(found, innermost(folded), "{spec:?} in {text:?}");
                    plain += found.len();
                }
            }
        }
    }
    assert!(plain > 500 && disguised > 100, "too few to tell anything: {plain}, {disguised}");
}

/// Whether a literal is looked for in skeletons.
fn in_disguise(typed: &str) -> bool {
    spelling::can_be_disguised(typed) && codes(typed) > 1
}

fn codes(typed: &str) -> usize {
    Scratch::default().skeleton(typed).len()
}

#[test]
fn offsets_cut_any_text_at_characters() {
    let mut random = Random(0xD1B5_4A32_D192_ED03);
    let mut scratch = Scratch::default();
    for _ in 0..200 {
        let specs: Vec<_> =
            (0..20).map(|_| (literal(&mut random), random.of(&ANCHORS), random.of(&STRICTNESSES))).collect();
        let matcher = compile(&specs);
        let any = |random: &mut Random| loop {
            if let Some(c) = char::from_u32(random.below(0x11_0000) as u32) {
                break c;
            }
        };
        let text: String = (0..60)
            .map(|_| if random.below(3) == 0 { any(&mut random).to_string() } else { random.of(&ODD).to_owned() })
            .collect();
        for hit in matcher.scan(&text, &mut scratch) {
            assert!(hit.start < hit.end && text.get(hit.start as usize..hit.end as usize).is_some());
        }
    }
}

#[test]
fn folding_what_is_folded_changes_nothing() {
    let mut random = Random(7);
    let (mut once, mut twice) = (Scratch::default(), Scratch::default());
    for _ in 0..2_000 {
        let text = random.text(&ODD, 30);
        let folded = std::str::from_utf8(once.fold(&text)).unwrap();
        assert_eq!(twice.fold(folded), folded.as_bytes(), "{text:?}");
        let skeleton = String::from_utf8_lossy(once.skeleton(&text)).into_owned();
        let letters: String = skeleton.chars().filter(char::is_ascii_alphabetic).collect();
        if letters.len() == skeleton.len() {
            assert_eq!(twice.skeleton(&skeleton), skeleton.as_bytes(), "{text:?}");
        }
    }
}

#[test]
fn a_text_without_the_letters_of_a_term_never_matches() {
    const OTHERS: [&str; 14] = ["b", "v", "x", "q", "f", "h", "j", "w", "k", " ", ".", "*", "é", "2"];
    let mut random = Random(11);
    let mut scratch = Scratch::default();
    let words = ["propina", "suborno", "caixa dois", "lavagem", "pix"];
    let specs: Vec<_> = words
        .into_iter()
        .flat_map(|word| ANCHORS.map(|anchor| (word.to_owned(), anchor, Strictness::Disguised)))
        .collect();
    let matcher = compile(&specs);
    for _ in 0..2_000 {
        let text = random.text(&OTHERS, 60);
        assert_eq!(matcher.scan(&text, &mut scratch), [], "{text:?}");
    }
}

/// A letter in disguise, and the step that takes it off.
fn disguised(letter: char, random: &mut Random) -> (String, Vec<Step>) {
    let nth = letter as u32 - 'a' as u32;
    let from = |first: u32| char::from_u32(first + nth).unwrap().to_string();
    let looks: &[&str] = match letter {
        'a' => &["а", "α", "ɑ", "ᴀ"],
        'c' => &["с", "ϲ", "ᴄ"],
        'e' => &["е", "ҽ", "ᴇ"],
        'i' => &["і", "ι", "ɪ"],
        'n' => &["ո", "ɴ", "η"],
        'o' => &["о", "ο", "օ", "ᴏ", "ø"],
        'p' => &["р", "ρ", "ᴘ"],
        'r' => &["ʀ", "г"],
        's' => &["ѕ", "ꜱ"],
        'u' => &["υ", "ս", "ᴜ"],
        'x' => &["х", "χ"],
        _ => &[],
    };
    let leet: &[&str] = match letter {
        'a' => &["4", "@"],
        'e' => &["3", "€"],
        'i' => &["1", "|"],
        'l' => &["1"],
        'o' => &["0"],
        's' => &["5", "$"],
        't' => &["7"],
        _ => &[],
    };
    match random.below(8) {
        0 => (letter.to_uppercase().to_string(), vec![Case]),
        1 => (format!("{letter}{}", random.of(&["\u{301}", "\u{303}", "\u{336}"])), vec![Accent]),
        2 => (from(0xFF41), vec![Width]),
        3 => (random.of(&[from(0x1D41A).as_str(), from(0x24D0).as_str()]).to_owned(), vec![Width]),
        4 => (from(0x1F170), vec![Case, Width]),
        5 if !looks.is_empty() => (random.of(looks).to_owned(), vec![Lookalike]),
        6 if !leet.is_empty() => (random.of(leet).to_owned(), vec![Leet]),
        _ => (letter.to_string(), vec![]),
    }
}

/// A term in disguise and what it takes to see it. Its first two letters stay letters, as a word that is all digits is
/// none; what repeats stands between others, so that there is one tightest span.
fn disguise(word: &str, random: &mut Random) -> (String, Steps) {
    let apart = random.of(&["", "", " ", ".", "-", "🙂", "\n", ", ", " - "]);
    let (mut text, mut steps) = (String::new(), Steps::default());
    let letters: Vec<char> = word.chars().collect();
    let hidden =
        if apart.is_empty() && random.below(4) == 0 { 2 + random.below(letters.len() - 4) } else { usize::MAX };
    for (nth, letter) in letters.iter().enumerate() {
        let beside_hidden = nth + 1 == hidden || nth == hidden.wrapping_add(1);
        let (mut seen, mut needed) =
            if nth < 2 || beside_hidden { (letter.to_string(), vec![]) } else { disguised(*letter, random) };
        if nth == hidden {
            (seen, needed) = (random.of(&["*", "#", "_"]).to_owned(), vec![Mask]);
        } else if 0 < nth && nth + 1 < letters.len() && !beside_hidden && random.below(10) == 0 {
            let again = format!("{apart}{letter}");
            seen += &again.repeat(3 + random.below(3));
            needed.push(Repeat);
        }
        if nth > 0 {
            text += apart;
            if !apart.is_empty() {
                steps = steps.with(Spacing);
            }
            if hidden == usize::MAX && random.below(10) == 0 {
                text += random.of(&["\u{200B}", "\u{AD}", "\u{202E}", "\u{2060}"]);
                steps = steps.with(Invisible);
            }
        }
        text += &seen;
        steps = needed.into_iter().fold(steps, Steps::with);
    }
    (text, steps)
}

#[test]
fn a_term_in_any_combination_of_disguises_is_found_at_its_span_with_its_steps() {
    let words =
        ["propina", "suborno", "carro", "assessor", "lavagem", "milhares", "transferencia", "caixinha", "esquema"];
    let specs: Vec<_> = words.map(|word| (word.to_owned(), Anchor::Word, Strictness::Disguised)).into();
    let matcher = compile(&specs);
    let mut scratch = Scratch::default();
    let mut random = Random(0x1234_5678_9ABC_DEF1);
    for _ in 0..5_000 {
        let nth = random.below(words.len());
        let (seen, steps) = disguise(words[nth], &mut random);
        let before = random.of(&["", "olha ", "é… ", "R$ 50 ", "(", "o "]);
        let text = format!("{before}{seen}{}", random.of(&["", " sim", "!", ") ", " 50", "."]));
        let hits = matcher.scan(&text, &mut scratch);
        let (start, end) = (before.len() as u32, (before.len() + seen.len()) as u32);
        let hit = hits.iter().find(|hit| (hit.literal as usize, hit.start, hit.end) == (nth, start, end));
        let hit = hit.unwrap_or_else(|| panic!("{text:?}: {hits:?}"));
        // A sign in place of a letter can also be passed over, where another of the letter stands beside it.
        let signs = seen.contains(['@', '$', '€', '|']);
        assert!(hit.steps == steps || signs && hit.steps.bits() & !steps.bits() == 0, "{text:?}: {steps:?} {hits:?}");
    }
}

#[test]
fn twice_as_much_of_the_worst_text_is_twice_the_work() {
    let mut random = Random(5);
    let specs: Vec<_> = (0..500)
        .map(|_| {
            let word: String = (0..2 + random.below(3))
                .map(|_| random.of(&["ca", "a", "na", "pro", "pi", "so", "li", "rra"]))
                .collect();
            (word, random.of(&ANCHORS), Strictness::Disguised)
        })
        .collect();
    let matcher = compile(&specs);
    let mut scratch = Scratch::default();
    let mut work = |text: &str| {
        work::done();
        matcher.scan(text, &mut scratch);
        work::done() + text.len() as u64
    };
    for piece in [
        ".",
        " ",
        "🙂",
        "a",
        "@$!|",
        "рrорі",
        "a\u{200B}",
        "a\u{301}",
        "a*n*a",
        "c*n* ",
        "*",
        "50",
        "c a n a ",
        "c4n4 ",
        "i1l|",
        "a ",
        "a.",
        "aaab",
        "p.r-o@",
        "a!|",
    ] {
        let text = |len: usize| piece.chars().cycle().take(len).collect::<String>();
        let (once, twice) = (work(&text(4_096)), work(&text(8_192)));
        assert!(twice <= once * 21 / 10 + 100, "{piece:?}: {once} then {twice}");
        assert!(once < 4_096 * 600, "{piece:?}: {once}");
    }
}
