//! What is found in disguise and what is left in peace: measured on the corpus of `tests/corpus`, which was not made from
//! the engine's tables. The README quotes the figures; a test keeps the two the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use serde::Deserialize;
use vigia::detect::detector::Reading;
use vigia::detect::{Detector, Matcher, Mode, Scratch, Strictness, Term, Watched, pattern};

/// The promises: of disguised terms found, and of ordinary lines with a false alarm.
const LEAST_FOUND: f64 = 0.98;
const MOST_ALARMS: f64 = 0.001;

#[derive(Deserialize)]
struct Line {
    text: String,
    term: String,
    /// Absent where the text only looks like the term.
    start: Option<usize>,
    end: Option<usize>,
    trick: Option<String>,
}

#[derive(Deserialize)]
struct TrueLine {
    text: String,
    terms: BTreeSet<String>,
}

fn corpus(name: &str) -> String {
    let file: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name);
    std::fs::read_to_string(file).expect("a file of the corpus")
}

fn lines<T: for<'a> Deserialize<'a>>(name: &str) -> Vec<T> {
    corpus(name).lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

/// Patterns as whole words in any disguise.
fn matcher(patterns: &[&str]) -> Matcher {
    let term = |(id, text): (u32, &&str)| {
        let pattern = pattern::check(text, Mode::Word, Strictness::Disguised);
        Term { id, watched: Watched::Pattern(pattern.unwrap_or_else(|error| panic!("{text}: {error}"))) }
    };
    Matcher::new(&(0..).zip(patterns).map(term).collect::<Vec<_>>()).expect("the terms compile")
}

fn watched() -> Vec<String> {
    serde_json::from_str(&corpus("watched.json")).expect("the list of patterns")
}

/// What is found in one text: the places of patterns in their list, and their spans.
fn found(matcher: &Matcher, text: &str, scratch: &mut Scratch) -> Vec<(usize, usize, usize)> {
    let hits = matcher.scan(text, scratch);
    hits.flat_map(|hit| hit.spans.iter().map(move |span| (hit.term as usize, span.start, span.end))).collect()
}

/// Of each trick how many messages there are and in how many the term was found at its exact span; those that were not.
fn recall() -> (BTreeMap<String, (usize, usize)>, Vec<String>) {
    let watched = watched();
    let patterns: Vec<&str> = watched.iter().map(String::as_str).collect();
    let (matcher, mut scratch) = (matcher(&patterns), Scratch::default());
    let (mut by_trick, mut missed) = (BTreeMap::<String, (usize, usize)>::new(), Vec::new());
    for line in lines::<Line>("disguised.jsonl") {
        let (Some(start), Some(end), Some(trick)) = (line.start, line.end, line.trick) else { continue };
        let term = patterns.iter().position(|pattern| *pattern == line.term).expect("a watched term");
        let group = if trick.contains('+') { "several together".to_owned() } else { trick.clone() };
        let counts = by_trick.entry(group).or_default();
        counts.0 += 1;
        let hits = found(&matcher, &line.text, &mut scratch);
        if hits.contains(&(term, start, end)) {
            counts.1 += 1;
        } else {
            let near: Vec<_> = hits.into_iter().filter(|hit| hit.0 == term).collect();
            missed.push(format!("{trick}: {:?} in {:?} at {start}..{end}, found {near:?}", line.term, line.text));
        }
    }
    (by_trick, missed)
}

/// Ordinary lines, and those in which something was found that is not there.
fn alarms() -> (usize, Vec<String>) {
    let watched = watched();
    let patterns: Vec<&str> = watched.iter().map(String::as_str).collect();
    let (matcher, mut scratch) = (matcher(&patterns), Scratch::default());
    let (mut count, mut alarms) = (0, Vec::new());
    let mut see = |text: &str, lawful: &BTreeSet<String>| {
        count += 1;
        let hits = found(&matcher, text, &mut scratch);
        if let Some(hit) = hits.iter().find(|hit| !lawful.contains(patterns[hit.0])) {
            alarms.push(format!("{:?} in {text:?}", patterns[hit.0]));
        }
    };
    corpus("ordinary.txt").lines().for_each(|line| see(line, &BTreeSet::new()));
    lines::<TrueLine>("ordinary_true.jsonl").iter().for_each(|line| see(&line.text, &line.terms));
    (count, alarms)
}

#[test]
fn at_least_98_of_100_disguised_terms_are_found_at_their_exact_span() {
    let (by_trick, missed) = recall();
    let (all, seen) = by_trick.values().fold((0, 0), |sum, counts| (sum.0 + counts.0, sum.1 + counts.1));
    assert!(all >= 1_000, "{all} messages");
    assert!(seen as f64 >= LEAST_FOUND * all as f64, "{seen} of {all} found. Missed:\n{}", missed.join("\n"));
}

#[test]
fn at_most_one_ordinary_line_in_a_thousand_raises_a_false_alarm() {
    let (count, alarms) = alarms();
    assert!(count >= 10_000, "{count} lines");
    assert!(alarms.len() as f64 <= MOST_ALARMS * count as f64, "{} of {count}:\n{}", alarms.len(), alarms.join("\n"));
}

#[test]
fn what_only_looks_like_a_term_is_not_found() {
    let mut wrong = Vec::new();
    for line in lines::<Line>("disguised.jsonl").into_iter().filter(|line| line.start.is_none()) {
        if !found(&matcher(&[&line.term]), &line.text, &mut Scratch::default()).is_empty() {
            wrong.push(format!("{:?} in {:?}", line.term, line.text));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_readme_quotes_what_is_measured_here() {
    let (by_trick, _) = recall();
    let (count, alarms) = alarms();
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("the README");
    let share = |(all, seen): (usize, usize)| format!("{seen} of {all}");
    let sum = by_trick.values().fold((0, 0), |sum, counts| (sum.0 + counts.0, sum.1 + counts.1));
    let mut quoted: Vec<String> =
        by_trick.iter().map(|(trick, counts)| format!("`{trick}` {}", share(*counts))).collect();
    quoted.push(format!("**{} disguised terms found**", share(sum)));
    quoted.push(format!("**{} false alarms in {count} ordinary lines**", alarms.len()));
    let missing: Vec<&String> = quoted.iter().filter(|words| !readme.contains(words.as_str())).collect();
    assert!(missing.is_empty(), "the README says otherwise than this:\n{missing:#?}");
}

#[test]
fn a_scan_allocates_nothing_once_its_buffers_have_grown() {
    let watched = watched();
    let patterns: Vec<&str> = watched.iter().map(String::as_str).collect();
    let mut scratch = Scratch::default();
    let mut terms: Vec<Term> = (0..)
        .zip(&patterns)
        .flat_map(|(id, text)| {
            [Strictness::Exact, Strictness::Folded, Strictness::Disguised].map(|strictness| {
                let pattern = pattern::check(text, Mode::Word, strictness).expect("a lawful pattern");
                Term { id, watched: Watched::Pattern(pattern) }
            })
        })
        .collect();
    terms.extend(Detector::ALL.map(|detector| Term { id: 9_999, watched: Watched::Detector(detector) }));
    let matcher = Matcher::new(&terms).expect("the terms compile");
    let texts: Vec<String> = lines::<Line>("disguised.jsonl").into_iter().map(|line| line.text).collect();
    let mut scan_all = || texts.iter().map(|text| matcher.scan(text, &mut scratch).len()).sum::<usize>();
    let before = scan_all();
    let mut again = 0;
    let allocated = allocation_counter::measure(|| again = scan_all());
    assert!(before > 1_000 && again == before, "{before} and {again} hits");
    assert_eq!(allocated.count_total, 0);
}

/// What the worst texts are repeats of.
const WORST: &[&str] = &[
    "1",
    "1 ",
    "1.",
    "@",
    "a@",
    "a.",
    "a.a@",
    "-",
    "1-",
    "000201",
    "0002010002",
    "1234567-",
    "ag 1234 ",
    "conta 1.1",
    "c/c",
    "ag:",
    "(11)",
    "+55",
    "52998224725 ",
    "cpf 529.982.247-25",
    "arroba ",
    "(at)",
    "x",
    "$",
    "\u{200B}",
    "\u{301}",
    "é",
    "😀",
    "https://a.b/1",
    "12AB",
    "A1",
    "4111 ",
    "98765-4321 ",
    "a@gmail com ",
];

/// How long this thread has run; the time of the clock where the system does not tell. Others' load does not count.
fn spent() -> Duration {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|told| told.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| BEGAN.elapsed(), Duration::from_nanos)
}

/// One text against eight of an eighth of its length: a search that is not linear would take eight times as long.
#[test]
fn detectors_take_time_in_proportion_to_the_length_of_the_worst_texts() {
    let (mut reading, mut spans) = (Reading::default(), Vec::new());
    let mut time = |text: &str, times: usize| {
        let runs = (0..3).map(|_| {
            let began = spent();
            for _ in 0..times {
                reading.read(text);
                Detector::ALL.iter().for_each(|detector| detector.find(&reading, &mut spans));
            }
            spent() - began
        });
        runs.min().expect("three runs")
    };
    // The system counts in ticks.
    let tick = Duration::from_millis(20);
    for part in WORST {
        let (short, long) = (part.repeat(8 * 1024 / part.len()), part.repeat(64 * 1024 / part.len()));
        let (short, long) = (time(&short, 8), time(&long, 1));
        assert!(long < short * 3 + tick, "{part:?}: {short:?} and {long:?}");
    }
}
