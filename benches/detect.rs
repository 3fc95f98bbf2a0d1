//! How fast folding and matching are, beside `AhoCorasick::new` and the plain Unicode pipeline.
//!
//! `cargo bench --bench detect [-- PART …]` with parts `fold hot tenants edit growth memory worst`; all of them by default.
//! Times are those of this thread's CPU (wall-clock time where `/proc` does not tell), the best of some rounds in which
//! all that is compared takes turns. Corpus and terms are generated, the same each time: `ROUNDS` and `MESSAGES` set
//! their extent.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "figures are printed, and a measurement that cannot go on has failed"
)]

use std::collections::{HashMap, HashSet};
use std::hint::black_box;
use std::time::Instant;
use std::{env, fs};

use aho_corasick::AhoCorasick;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::{canonical_combining_class, is_combining_mark};
use vigia::detect::{Matcher, Mode, Scratch, Strictness, Term, Watched, pattern};

fn main() {
    let parts: Vec<String> = env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let corpus = Corpus::generate(from_env("MESSAGES", 100_000));
    let bytes: usize = corpus.messages.iter().map(String::len).sum();
    println!("{} messages, {:.1} bytes on average", corpus.messages.len(), bytes as f64 / corpus.messages.len() as f64);
    let all: [(&str, Part); 7] = [
        ("fold", fold),
        ("hot", hot),
        ("tenants", tenants),
        ("edit", edit),
        ("growth", growth),
        ("memory", memory),
        ("worst", worst),
    ];
    for (name, part) in all {
        if parts.is_empty() || parts.iter().any(|wanted| wanted == name) {
            println!("\n## {name}");
            part(&corpus);
        }
    }
}

fn from_env(name: &str, otherwise: usize) -> usize {
    env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

/// Seconds this thread has run.
fn cpu() -> f64 {
    let spent = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let spent = spent.and_then(|stat| stat.split(' ').next()?.parse::<f64>().ok());
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    spent.map_or_else(|| START.elapsed().as_secs_f64(), |nanos| nanos * 1e-9)
}

/// A part of the report.
type Part = fn(&Corpus);

/// A piece of work and what it counts.
type Work<'a> = Box<dyn FnMut() -> u64 + 'a>;

/// The best time of each piece of work, taking turns, and what each counted. Work too short for the clock is repeated.
fn race(works: &mut [Work]) -> Vec<(f64, u64)> {
    let mut best = vec![(f64::MAX, 0); works.len()];
    let mut times = vec![1; works.len()];
    for _ in 0..from_env("ROUNDS", 7) {
        for ((work, best), times) in works.iter_mut().zip(&mut best).zip(&mut times) {
            loop {
                let start = cpu();
                let count = (0..*times).map(|_| black_box(work())).last().unwrap_or(0);
                let spent = cpu() - start;
                // The clock ticks every few milliseconds.
                if spent < 0.15 {
                    *times *= 2;
                    continue;
                }
                *best = (best.0.min(spent / f64::from(*times)), count);
                break;
            }
        }
    }
    best
}

fn fold(corpus: &Corpus) {
    let [looks, leet] = plain_maps(corpus);
    let mut scratch = Scratch::default();
    for message in &corpus.messages {
        assert_eq!(scratch.fold(message), plain_fold(message).as_bytes());
        assert_eq!(scratch.skeleton(message), plain_skeleton(message, &looks, &leet).as_bytes(), "{message:?}");
    }
    let (mut a, mut b) = (Scratch::default(), Scratch::default());
    let each = |work: &mut dyn FnMut(&str) -> usize| corpus.messages.iter().map(|m| work(m) as u64).sum::<u64>();
    let times = race(&mut [
        Box::new(|| each(&mut |m| plain_fold(m).len())),
        Box::new(|| each(&mut |m| a.fold(m).len())),
        Box::new(|| each(&mut |m| plain_skeleton(m, &looks, &leet).len())),
        Box::new(|| each(&mut |m| b.skeleton(m).len())),
    ]);
    for (name, pair) in ["FOLDED", "DISGUISED"].iter().zip(times.chunks(2)) {
        assert_eq!(pair[0].1, pair[1].1);
        let nanos = |time: f64| time * 1e9 / corpus.messages.len() as f64;
        let (plain, ours) = (nanos(pair[0].0), nanos(pair[1].0));
        println!("{name:<10} plain {plain:>6.0} ns a message, one pass {ours:>5.0} ns: {:.1} times", plain / ours);
    }
}

/// What FOLDED folding is, a `String` a step.
fn plain_fold(text: &str) -> String {
    let text: String = text.nfd().collect();
    let text: String = text.chars().filter(|c| canonical_combining_class(*c) == 0).collect();
    let text = text.to_lowercase().to_uppercase().to_lowercase();
    one_blank(&text)
}

fn one_blank(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }) {
        if c != ' ' || !out.ends_with(' ') {
            out.push(c);
        }
    }
    out
}

/// What a skeleton is, a `String` a step.
fn plain_skeleton(text: &str, looks: &HashMap<char, char>, leet: &HashMap<char, char>) -> String {
    let text: String = text.nfkd().collect();
    let text: String = text.chars().filter(|c| !is_combining_mark(*c) && !c.is_control()).collect();
    let text = text.to_lowercase();
    let text: String = text.chars().map(|c| *looks.get(&c).unwrap_or(&c)).collect();
    let text: String = text.chars().map(|c| *leet.get(&c).unwrap_or(&c)).collect();
    let text: String = text.chars().filter(|c| c.is_ascii_lowercase()).collect();
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if !out.ends_with(c) {
            out.push(c);
        }
    }
    out
}

/// The maps of the plain pipeline for the characters the corpus holds: letters that look like others, and l33t.
fn plain_maps(corpus: &Corpus) -> [HashMap<char, char>; 2] {
    let mut scratch = Scratch::default();
    let all = corpus.messages.iter().flat_map(|message| message.nfkd()).flat_map(char::to_lowercase);
    let all: HashSet<char> = all.filter(|c| !is_combining_mark(*c)).collect();
    let image = |c: char| Some((c, *scratch.skeleton(&c.to_string()).first()? as char)).filter(|(from, to)| from != to);
    let (looks, leet) = all.into_iter().filter_map(image).partition(|(c, _)| c.is_alphabetic());
    [looks, leet]
}

/// A tenant of each kind beside the automaton over text that is folded already.
fn hot(corpus: &Corpus) {
    let terms = corpus.terms(10_000, 0);
    for (name, terms) in [("dense", terms.clone()), ("rare", corpus.rare(&terms))] {
        let [bare, folded, disguised] = sides(corpus, &terms);
        let hits = bare.1 as f64 / corpus.messages.len() as f64;
        assert_eq!(bare.1, folded.1, "FOLDED finds what the automaton finds");
        let nanos = |time: f64| time * 1e9 / corpus.messages.len() as f64;
        println!(
            "{} terms, {name}: {hits:.3} hits a message; bare AhoCorasick {:.0} ns a message",
            terms.len(),
            nanos(bare.0)
        );
        println!("  FOLDED    {:>5.0} ns: {:.2} times", nanos(folded.0), folded.0 / bare.0);
        let more = disguised.1 - bare.1;
        println!("  DISGUISED {:>5.0} ns: {:.2} times ({more} hits more)", nanos(disguised.0), disguised.0 / bare.0);
    }
}

/// Times and hits of the bare automaton, FOLDED and DISGUISED over the whole corpus.
fn sides(corpus: &Corpus, terms: &[String]) -> [(f64, u64); 3] {
    let mut scratch = Scratch::default();
    let pre: Vec<Vec<u8>> = corpus.messages.iter().map(|message| scratch.fold(message).to_vec()).collect();
    let bare = AhoCorasick::new(terms.iter().map(|term| scratch.fold(term).to_vec())).unwrap();
    let (folded, disguised) = (compile(terms, Strictness::Folded), compile(terms, Strictness::Disguised));
    let (mut a, mut b) = (Scratch::default(), Scratch::default());
    let times = race(&mut [
        Box::new(|| pre.iter().map(|text| bare.find_overlapping_iter(text).count() as u64).sum()),
        Box::new(|| corpus.messages.iter().map(|text| folded.scan(text, &mut a).len() as u64).sum()),
        Box::new(|| corpus.messages.iter().map(|text| disguised.scan(text, &mut b).len() as u64).sum()),
    ]);
    [times[0], times[1], times[2]]
}

fn compile(terms: &[String], strictness: Strictness) -> Matcher {
    Matcher::new(&(0..).zip(terms).map(|(id, text)| term(id, text, strictness)).collect::<Vec<_>>()).unwrap()
}

fn term(id: u32, text: &str, strictness: Strictness) -> Term {
    Term { id, watched: Watched::Pattern(pattern::check(text, Mode::Substring, strictness).unwrap()) }
}

/// A term more in a set of ten thousand, as after a mutation.
fn edit(corpus: &Corpus) {
    let terms = corpus.terms(10_001, 0);
    for (name, strictness) in [("FOLDED", Strictness::Folded), ("DISGUISED", Strictness::Disguised)] {
        let (matcher, added) = (compile(&terms[..10_000], strictness), [term(10_000, &terms[10_000], strictness)]);
        let time = race(&mut [Box::new(|| black_box(matcher.changed(Some, &added).unwrap()).bytes() as u64)])[0].0;
        println!("{name:<10} a term more in a set of 10,000: {:.2} ms", time * 1e3);
    }
}

/// A thousand tenants of a thousand terms, messages in random order.
fn tenants(corpus: &Corpus) {
    let sets: Vec<Vec<String>> = (0..1_000).map(|tenant| corpus.terms(1_000, tenant * 7_919)).collect();
    let mut random = Random(88_172_645_463_325_252);
    let order: Vec<usize> = corpus.messages.iter().map(|_| random.below(sets.len())).collect();
    let mut scratch = Scratch::default();
    let pre: Vec<Vec<u8>> = corpus.messages.iter().map(|message| scratch.fold(message).to_vec()).collect();
    let bare: Vec<AhoCorasick> = sets.iter().map(|set| AhoCorasick::new(folded_all(set)).unwrap()).collect();
    let ours = |strictness| sets.iter().map(|set| compile(set, strictness)).collect::<Vec<_>>();
    let (folded, disguised) = (ours(Strictness::Folded), ours(Strictness::Disguised));
    let scan = |matchers: &[Matcher], scratch: &mut Scratch| {
        let texts = corpus.messages.iter().zip(&order);
        texts.map(|(text, tenant)| matchers[*tenant].scan(text, scratch).len() as u64).sum()
    };
    let (mut a, mut b) = (Scratch::default(), Scratch::default());
    let times = race(&mut [
        Box::new(|| pre.iter().zip(&order).map(|(text, t)| bare[*t].find_overlapping_iter(text).count() as u64).sum()),
        Box::new(|| scan(&folded, &mut a)),
        Box::new(|| scan(&disguised, &mut b)),
    ]);
    assert_eq!(times[0].1, times[1].1);
    let terms: usize = sets.iter().map(Vec::len).sum();
    let a_term = |bytes: usize| bytes as f64 / terms as f64;
    let names = ["bare AhoCorasick", "FOLDED", "DISGUISED"];
    let sizes = [
        bare.iter().map(AhoCorasick::memory_usage).sum(),
        folded.iter().map(Matcher::bytes).sum(),
        disguised.iter().map(Matcher::bytes).sum(),
    ];
    for ((name, time), size) in names.iter().zip(&times).zip(sizes) {
        let nanos = time.0 * 1e9 / corpus.messages.len() as f64;
        let faster = times[0].0 / time.0;
        println!("{name:<17}{nanos:>6.0} ns a message, {faster:.1} times as fast, {:.0} bytes a term", a_term(size));
    }
}

fn folded_all(terms: &[String]) -> Vec<Vec<u8>> {
    let mut scratch = Scratch::default();
    terms.iter().map(|term| scratch.fold(term).to_vec()).collect()
}

fn growth(corpus: &Corpus) {
    for (name, hits_all) in [("dense", true), ("rare", false)] {
        println!("{name}: ns a message (growth from 100 terms), bytes a term, build ms");
        let mut first: Option<[f64; 3]> = None;
        let all = corpus.terms(100_000, 0);
        let all = if hits_all { all } else { corpus.rare(&all) };
        for count in [100, 1_000, 10_000, 100_000] {
            let terms: Vec<String> = all.iter().take(count).cloned().collect();
            let times = sides(corpus, &terms);
            let nanos = times.map(|(time, _)| time * 1e9 / corpus.messages.len() as f64);
            let first = first.get_or_insert(nanos);
            let grown: Vec<f64> = nanos.iter().zip(&*first).map(|(now, then)| now / then).collect();
            let built = [Strictness::Folded, Strictness::Disguised].map(|strictness| {
                let time = race(&mut [Box::new(|| black_box(compile(&terms, strictness)).bytes() as u64)])[0];
                (time.0 * 1e3, time.1 as f64 / terms.len() as f64)
            });
            println!(
                "{:>7}: bare {:.0} ({:.1}), FOLDED {:.0} ({:.1}) {:.0} B {:.2} ms, DISGUISED {:.0} ({:.1}) {:.0} B {:.2} ms",
                terms.len(),
                nanos[0],
                grown[0],
                nanos[1],
                grown[1],
                built[0].1,
                built[0].0,
                nanos[2],
                grown[2],
                built[1].1,
                built[1].0
            );
        }
    }
}

fn memory(corpus: &Corpus) {
    let resident = || {
        let pages = fs::read_to_string("/proc/self/statm").ok()?.split(' ').nth(1)?.parse::<usize>().ok()?;
        Some(pages * 4_096)
    };
    let before = resident();
    let tenants: Vec<Matcher> =
        (0..10_000).map(|tenant| compile(&corpus.terms(500, tenant * 7_919), Strictness::Disguised)).collect();
    let counted: usize = tenants.iter().map(Matcher::bytes).sum();
    let mib = |bytes: usize| bytes as f64 / 1_048_576.0;
    let grown = before.zip(resident()).map_or(0, |(before, after)| after.saturating_sub(before));
    println!("10,000 tenants of 500 DISGUISED terms: {:.0} MiB counted, {:.0} MiB resident", mib(counted), mib(grown));
}

/// 64 KiB of the worst, and twice as much.
fn worst(corpus: &Corpus) {
    let terms = corpus.terms(10_000, 0);
    let matcher = compile(&terms, Strictness::Disguised);
    let word = terms.iter().find(|term| term.len() == 8 && term.is_ascii()).map_or("vigiadas", String::as_str);
    let spaced: String = word.chars().flat_map(|c| [c, ' ']).collect();
    let masked: String =
        word.chars().enumerate().map(|(nth, c)| if nth % 3 == 1 { '*' } else { c }).collect::<String>() + " ";
    let mut scratch = Scratch::default();
    for (name, piece) in [
        ("ordinary text", corpus.messages[..200].join(" ").as_str()),
        ("separators", "."),
        ("blanks", " "),
        ("emoji", "🙂"),
        ("repeats", "a"),
        ("signs", "@$!|"),
        ("look-alikes", "рrорі"),
        ("invisible", "a\u{200B}"),
        ("marks", "a\u{301}\u{301}"),
        ("masks", "a*b*c"),
        ("only masks", "*#"),
        ("digits", "50"),
        ("one term spaced", spaced.as_str()),
        ("one term masked", masked.as_str()),
        ("two masks", "c*n*d a*a*i "),
        ("leet", "4n4 "),
        ("strokes", "i1l|"),
    ] {
        let text = |len: usize| {
            piece
                .chars()
                .cycle()
                .scan(0, |at, c| {
                    *at += c.len_utf8();
                    (*at <= len).then_some(c)
                })
                .collect::<String>()
        };
        let (once, twice) = (text(65_536), text(131_072));
        let mut scratch_2 = Scratch::default();
        let times = race(&mut [
            Box::new(|| matcher.scan(&once, &mut scratch).len() as u64),
            Box::new(|| matcher.scan(&twice, &mut scratch_2).len() as u64),
        ]);
        println!(
            "{name:<16}{:>9.2} ms, twice as long {:.2} times, {} hits",
            times[0].0 * 1e3,
            times[1].0 / times[0].0,
            times[0].1
        );
    }
}

/// Xorshift, so that every run sees the same.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % limit
    }

    /// Small numbers more often than large ones, as words are.
    fn skewed(&mut self, limit: usize) -> usize {
        let unit = (self.0 >> 11) as f64 / (1_u64 << 53) as f64;
        self.below(2);
        (20.0 * ((1.0 + limit as f64 / 20.0).powf(unit) - 1.0)) as usize % limit
    }
}

const CHAT: &str = "oi olá bom dia boa tarde noite tudo bem você vc tb também não sim pra para por que porque de do da dos das no \
    na nos nas um uma uns umas o a os as e é mas se eu ele ela nós eles elas meu minha seu sua nosso nossa muito mais menos já \
    ainda hoje amanhã ontem agora depois antes quando onde como quem qual quanto preço valor pagar pagamento boleto pix entrega \
    pedido produto cliente atendimento suporte problema ajuda favor obrigado obrigada valeu ok certo beleza então aí lá aqui \
    isso esse essa este esta fazer faz feito ver viu pode posso quero queria preciso mandar enviei recebi chegou comprar vender \
    loja endereço rua número telefone nota fiscal conta banco cartão crédito débito reunião horário segunda terça quarta";
const ONSETS: [&str; 24] = [
    "b", "c", "d", "f", "g", "l", "m", "n", "p", "r", "s", "t", "v", "j", "z", "br", "cr", "pr", "tr", "ch", "lh",
    "nh", "qu", "",
];
const VOWELS: [&str; 28] = [
    "a", "e", "i", "o", "u", "a", "e", "o", "ã", "é", "a", "e", "i", "o", "u", "a", "e", "o", "a", "ei", "ou", "ão",
    "a", "o", "i", "e", "a", "o",
];
const CODAS: [&str; 8] = ["", "", "", "", "r", "s", "n", "l"];

struct Corpus {
    messages: Vec<String>,
    words: Vec<String>,
    chat: Vec<&'static str>,
}

impl Corpus {
    fn generate(count: usize) -> Self {
        let mut random = Random(0x9E37_79B9_7F4A_7C15);
        let mut seen = HashSet::new();
        let mut words = Vec::new();
        while words.len() < 120_000 {
            let syllables = 2 + random.below(3);
            let mut word = String::new();
            for _ in 0..syllables {
                word += ONSETS[random.below(ONSETS.len())];
                word += VOWELS[random.below(VOWELS.len())];
                word += CODAS[random.below(CODAS.len())];
            }
            if (4..=14).contains(&word.chars().count()) && seen.insert(word.clone()) {
                words.push(word);
            }
        }
        let mut corpus = Self { messages: Vec::new(), words, chat: CHAT.split_whitespace().collect() };
        corpus.messages = (0..count).map(|_| corpus.message(&mut random)).collect();
        corpus
    }

    fn message(&self, random: &mut Random) -> String {
        let mut text = String::new();
        for nth in 0..2 + random.below(11) {
            let word = if random.below(100) < 58 {
                self.chat[random.below(self.chat.len())]
            } else {
                &self.words[random.skewed(self.words.len())]
            };
            let mut first = word.chars();
            match (nth, random.below(100)) {
                (0, 0..60) => text.extend(first.next().into_iter().flat_map(char::to_uppercase).chain(first)),
                (_, 0) => text.extend(first.flat_map(char::to_uppercase)),
                _ => text += word,
            }
            text += if random.below(20) == 0 { ", " } else { " " };
        }
        text + ["", ".", "?", "!!!", "😀", "👍", "R$ 50", "❤️"][random.below(8)]
    }

    /// Terms as companies have them: two of three are words, the others phrases.
    fn terms(&self, count: usize, from: usize) -> Vec<String> {
        let mut random = Random(0xD1B5_4A32_D192_ED03 ^ from as u64);
        let mut seen = HashSet::new();
        let mut terms = Vec::with_capacity(count);
        while terms.len() < count {
            let word = |random: &mut Random| self.words[random.below(self.words.len())].as_str();
            let mut term = word(&mut random).to_owned();
            if random.below(100) >= 65 {
                for _ in 0..1 + random.below(3) {
                    let chat = random.below(100) < 35;
                    term += " ";
                    term += if chat { self.chat[random.below(self.chat.len())] } else { word(&mut random) };
                }
            }
            if seen.insert(String::from_utf8_lossy(Scratch::default().fold(&term)).into_owned()) {
                terms.push(term);
            }
        }
        terms
    }

    /// Those of `terms` that stand in two messages at most, as most terms of a company do.
    fn rare(&self, terms: &[String]) -> Vec<String> {
        let matcher = compile(terms, Strictness::Folded);
        let mut scratch = Scratch::default();
        let mut counts = vec![0; terms.len()];
        for message in &self.messages {
            matcher.scan(message, &mut scratch).for_each(|hit| counts[hit.term as usize] += 1);
        }
        terms.iter().zip(counts).filter(|(_, count)| *count <= 2).map(|(term, _)| term.clone()).collect()
    }
}
