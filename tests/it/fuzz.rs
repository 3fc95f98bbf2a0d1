//! Detection on whatever text and pattern there may be: nothing panics, spans are cut where they may be, and the same text
//! finds the same twice. Texts are put together from the corpus, from disguises and from what breaks parsers; a run is
//! bounded by time and can be repeated by its seed.

use std::time::{Duration, Instant};

use vigia::detect::detector::Reading;
use vigia::detect::{Detector, Matcher, Mode, Scratch, Strictness, Term, Watched, pattern};

use crate::support::seeded::Seeded;

const SEED: u64 = 0x5EED_0001;

/// How long: a few seconds every day, and longer in the full run.
fn budget() -> Duration {
    Duration::from_secs(if std::env::var_os("VIGIA_TEST_FULL").is_some() { 60 } else { 3 })
}

/// What stands in texts.
const PIECES: [&str; 48] = [
    "propina",
    "Propina",
    "caixa",
    "dois",
    "p r o p i n a",
    "pr0p1n4",
    "p*opina",
    "рropina",
    "ｐｒｏｐｉｎａ",
    "🅿🆁🅾",
    "𝐏𝐫𝐨",
    "p\u{200b}ro",
    "\u{202e}anip",
    "ß",
    "ﬁm",
    "İ",
    "ǆ",
    "e\u{301}\u{301}\u{301}",
    "\u{301}",
    "\u{fe0f}",
    "\u{0}",
    "\u{7f}",
    "\u{ad}",
    "\r\n",
    "\u{2028}",
    "👩‍👩‍👧",
    "🇧🇷",
    "עברית",
    "ประเทศ",
    "1",
    "0",
    "11",
    "529.982.247-25",
    "52998224725",
    "4111 1111 1111 1111",
    "@",
    ".",
    "-",
    "/",
    " ",
    "ag 1234 cc 56789-0",
    "a@b.co",
    "+55 11 98765-4321",
    "00020126",
    "12.ABC.345/01DE-35",
    "!",
    "|",
    "\u{10ffff}",
];

/// What stands in patterns.
const TOKENS: [&str; 24] = [
    "AND",
    "OR",
    "NOT",
    "NEAR/5",
    "NEAR/0",
    "NEAR",
    "UNLESS",
    "(",
    ")",
    "((",
    "\"",
    "“",
    "*",
    "\\",
    "propina",
    "caixa dois",
    "a*",
    "*b",
    "ção",
    " ",
    "\u{0}",
    "NEAR/999999999999999999999",
    "👍",
    "\u{301}",
];

fn soup(seeded: &mut Seeded, pieces: &[&str], most: u64) -> String {
    let joint = *seeded.pick(&["", " ", "", "."]);
    (0..=seeded.below(most)).map(|_| *seeded.pick(pieces)).collect::<Vec<_>>().join(joint)
}

/// A text with some of its characters changed, doubled or left out.
fn bent(seeded: &mut Seeded, text: &str) -> String {
    let mut bent = String::new();
    for c in text.chars() {
        match seeded.below(12) {
            0 => bent.extend(u32::try_from(seeded.below(0x11_0000)).ok().and_then(char::from_u32)),
            1 => bent.extend([c, c, c]),
            2 => bent.push_str(seeded.pick::<&str>(&PIECES)),
            3 => {}
            _ => bent.push(c),
        }
    }
    bent
}

fn terms(seeded: &mut Seeded, patterns: &[String]) -> Matcher {
    let mut terms: Vec<Term> =
        Detector::ALL.map(|detector| Term { id: 1_000, watched: Watched::Detector(detector) }).into();
    for (id, text) in (0..).zip(patterns) {
        let mode = *seeded.pick(&[Mode::Word, Mode::Prefix, Mode::Substring]);
        let strictness = *seeded.pick(&[Strictness::Exact, Strictness::Folded, Strictness::Disguised]);
        match pattern::check(text, mode, strictness) {
            Ok(pattern) => {
                let again = pattern::check(pattern.text(), mode, strictness)
                    .unwrap_or_else(|error| panic!("{text:?}: {error}"));
                assert_eq!(again.canonical(), pattern.canonical(), "{text:?}");
                terms.push(Term { id, watched: Watched::Pattern(pattern) });
            }
            Err(error) => {
                assert!(error.position <= text.chars().count(), "{text:?}: {error:?}");
                assert!(error.to_string().ends_with('.'), "{text:?}");
            }
        }
    }
    Matcher::new(&terms).expect("checked terms compile")
}

/// A hit: the term, its spans, its steps.
type Seen = (u32, Vec<(usize, usize)>, u16);

/// What is found, after it was looked whether it may be.
fn scanned(matcher: &Matcher, text: &str, scratch: &mut Scratch) -> Vec<Seen> {
    let length = text.chars().count();
    let hits: Vec<Seen> = matcher
        .scan(text, scratch)
        .map(|hit| {
            (hit.term, hit.spans.iter().map(|span| (span.start, span.end)).collect::<Vec<_>>(), hit.steps.bits())
        })
        .collect();
    for (_, spans, _) in &hits {
        assert!(
            !spans.is_empty() && spans.iter().all(|(start, end)| start < end && *end <= length),
            "{spans:?} in {text:?}"
        );
    }
    let places = hits.iter().map(|(_, spans, _)| spans.iter().map(|span| span.0).min());
    assert!(places.is_sorted(), "{hits:?} in {text:?}");
    hits
}

#[test]
fn no_text_and_no_pattern_breaks_detection() {
    let corpus =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/ordinary.txt")).expect("the corpus");
    let lines: Vec<&str> = corpus.lines().collect();
    let (mut seeded, mut scratch, began, mut runs) = (Seeded(SEED), Scratch::default(), Instant::now(), 0_u32);
    let mut found = 0;
    while began.elapsed() < budget() {
        let words: Vec<String> = (0..6).map(|_| soup(&mut seeded, &PIECES, 4)).collect();
        let mut patterns: Vec<String> = (0..6).map(|_| soup(&mut seeded, &TOKENS, 12)).collect();
        patterns.extend(words.iter().cloned());
        let matcher = terms(&mut seeded, &patterns);
        for _ in 0..40 {
            let text = match seeded.below(4) {
                0 => soup(&mut seeded, &PIECES, 60),
                1 => {
                    let line = *seeded.pick(&lines);
                    bent(&mut seeded, line)
                }
                2 => {
                    let words = seeded.pick(&words).clone();
                    bent(&mut seeded, &words)
                }
                _ => soup(&mut seeded, &TOKENS, 60),
            };
            let hits = scanned(&matcher, &text, &mut scratch);
            assert_eq!(hits, scanned(&matcher, &text, &mut Scratch::default()), "{text:?}");
            found += hits.len();
            let mut reading = Reading::default();
            reading.read(&text);
            for detector in Detector::ALL {
                let mut places = Vec::new();
                detector.find(&reading, &mut places);
                assert!(places.iter().all(|(start, end)| start < end && text.get(*start..*end).is_some()), "{text:?}");
            }
        }
        runs += 1;
    }
    assert!(runs > 10 && found > 100, "{runs} runs found {found}");
}
