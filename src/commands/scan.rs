//! `vigia scan`: the detection engine on lines of JSON or on an exported chat, without a server.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use vigia::detect::{self, Detector, Hit, Matcher, Mode, Scratch, Step, Strictness, Watched, pattern};
use vigia::error::Error;
use vigia::providers::chat_export;

use super::{Done, Output};

/// The longest line of input, in bytes; a longer one is refused without being held.
const MAX_LINE: u64 = 16 * 1024 * 1024;
/// How many lines are read between two looks at the progress bar.
const TOLD_EVERY: u64 = 4_096;

/// What to look for, and where.
#[derive(clap::Args)]
pub struct Args {
    /// The terms: `[{"id":"t1","pattern":"propina","mode":"WORD","strictness":"DISGUISED"},{"id":"d1","detector":"CPF"}]`.
    #[arg(long, value_name = "TERMS.json")]
    terms: PathBuf,
    /// Read a chat exported from WhatsApp (.txt or .zip) instead, and print who wrote what, the hits marked.
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    export: Option<PathBuf>,
    /// The time zone of the phone that exported the chat.
    #[arg(long, value_name = "ZONE", default_value = "America/Sao_Paulo", requires = "export")]
    time_zone: String,
    /// Lines of `{"id":"m1","text":"…"}`; standard input if absent.
    file: Option<PathBuf>,
}

/// A term as the file of terms has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Term {
    id: String,
    pattern: Option<String>,
    detector: Option<DetectorWord>,
    mode: Option<ModeWord>,
    strictness: Option<StrictnessWord>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", remote = "Detector")]
enum DetectorDef {
    Cpf,
    Cnpj,
    PaymentCard,
    PixKey,
    Email,
    Phone,
    BankAccount,
}

#[derive(Clone, Copy, Deserialize)]
struct DetectorWord(#[serde(with = "DetectorDef")] Detector);

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", remote = "Mode")]
enum ModeDef {
    Word,
    Prefix,
    Substring,
}

#[derive(Clone, Copy, Deserialize)]
struct ModeWord(#[serde(with = "ModeDef")] Mode);

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", remote = "Strictness")]
enum StrictnessDef {
    Exact,
    Folded,
    Disguised,
}

#[derive(Clone, Copy, Deserialize)]
struct StrictnessWord(#[serde(with = "StrictnessDef")] Strictness);

impl Term {
    fn watched(&self) -> Result<Watched, Error> {
        match (&self.pattern, self.detector) {
            (Some(text), None) => {
                let mode = self.mode.map_or(Mode::Word, |word| word.0);
                let strictness = self.strictness.map_or(Strictness::Disguised, |word| word.0);
                pattern::check(text, mode, strictness)
                    .map(Watched::Pattern)
                    .map_err(|error| Error::input(format!("Term \"{}\": {error}", self.id)))
            }
            (None, Some(detector)) => Ok(Watched::Detector(detector.0)),
            _ => Err(Error::input(format!("Term \"{}\" needs a pattern or a detector, and not both.", self.id))),
        }
    }
}

/// The terms compiled, and how they are called.
struct Terms {
    names: Vec<Term>,
    matcher: Matcher,
}

impl Terms {
    fn read(file: &Path) -> Result<Self, Error> {
        let fail = |error: &dyn std::fmt::Display| {
            Error::input(format!("The terms in {} cannot be read: {error}.", file.display()))
        };
        let text = std::fs::read_to_string(file).map_err(|error| fail(&error))?;
        let names: Vec<Term> = serde_json::from_str(&text).map_err(|error| fail(&error))?;
        let compiled = names.iter().zip(0..).map(|(term, id)| Ok(detect::Term { id, watched: term.watched()? }));
        let compiled = compiled.collect::<Result<Vec<_>, Error>>()?;
        let matcher = Matcher::new(&compiled).map_err(|error| Error::input(error.to_string()))?;
        Ok(Self { names, matcher })
    }

    fn name(&self, hit: &Hit<'_>) -> &str {
        usize::try_from(hit.term).ok().and_then(|at| self.names.get(at)).map_or("", |term| &term.id)
    }
}

/// Scans.
pub fn run(output: Output, args: Args) -> Done {
    let terms = Terms::read(&args.terms)?;
    if let Some(export) = &args.export {
        let zone = TimeZone::get(&args.time_zone)
            .map_err(|_| Error::input(format!("There is no time zone {}.", args.time_zone)))?;
        return chat(output, &terms, export, &zone);
    }
    let out = BufWriter::new(io::stdout().lock());
    match &args.file {
        None => lines(&terms, BufReader::new(io::stdin().lock()), out, &ProgressBar::hidden()),
        Some(file) => {
            let fail = |error| Error::input(format!("{} cannot be read: {error}.", file.display()));
            let input = File::open(file).map_err(fail)?;
            let size = input.metadata().map_err(fail)?.len();
            lines(&terms, BufReader::with_capacity(1 << 16, input), out, &bar(output, size))
        }
    }
}

fn bar(output: Output, size: u64) -> ProgressBar {
    if output.json || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(size);
    match ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
    text: String,
}

#[derive(Serialize)]
struct Scanned<'a> {
    id: &'a RawValue,
    matches: Vec<Match<'a>>,
}

/// A hit. Of AND and NEAR, whose operands stand apart, the first and last character of all, and each place besides.
#[derive(Serialize)]
struct Match<'a> {
    term: &'a str,
    start: usize,
    end: usize,
    text: &'a str,
    steps: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    spans: Vec<[usize; 2]>,
}

#[derive(Serialize)]
struct Refused<'a> {
    line: u64,
    error: &'a str,
}

/// Scans line by line; memory does not grow with their number. A line that is no message is answered in its place by why.
fn lines(terms: &Terms, mut input: impl BufRead, mut out: impl Write, bar: &ProgressBar) -> Done {
    let (mut line, mut scratch, mut characters) = (Vec::new(), Scratch::default(), Characters::default());
    let (mut count, mut refused, mut done) = (0_u64, 0_u64, 0_u64);
    let unreadable = |error| Error::input(format!("The lines cannot be read: {error}."));
    let unwritable = |error| Error::input(format!("The answers cannot be written: {error}."));
    loop {
        line.clear();
        let read = input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line).map_err(unreadable)?;
        if read == 0 {
            break;
        }
        count += 1;
        done += read as u64;
        let is_cut = read as u64 == MAX_LINE && !line.ends_with(b"\n");
        if is_cut {
            done += skip_line(&mut input).map_err(unreadable)?;
        }
        let answer = if is_cut {
            Some(Err(format!("It is longer than {MAX_LINE} bytes.")))
        } else if line.iter().all(u8::is_ascii_whitespace) {
            None
        } else {
            Some(serde_json::from_slice::<Line>(&line).map_err(|error| format!("It is no message: {error}.")))
        };
        match answer {
            None => continue,
            Some(Ok(Line { id, text })) => {
                let hits = terms.matcher.scan(&text, &mut scratch);
                if hits.len() > 0 {
                    characters.read(&text);
                }
                let matches = hits.map(|hit| told(terms, &text, &characters, &hit)).collect();
                serde_json::to_writer(&mut out, &Scanned { id, matches })
            }
            Some(Err(error)) => {
                refused += 1;
                serde_json::to_writer(&mut out, &Refused { line: count, error: &error })
            }
        }
        .map_err(|error| unwritable(error.into()))?;
        out.write_all(b"\n").map_err(unwritable)?;
        if count.is_multiple_of(TOLD_EVERY) {
            bar.set_position(done);
        }
    }
    out.flush().map_err(unwritable)?;
    bar.finish_and_clear();
    match refused {
        0 => Ok(ExitCode::SUCCESS),
        _ => Err(Error::input(format!("{refused} of {count} lines are no messages: they are answered by why."))),
    }
}

/// Reads to the end of a line, holding none of it.
fn skip_line(input: &mut impl BufRead) -> io::Result<u64> {
    let mut skipped = 0;
    loop {
        let held = input.fill_buf()?;
        let (used, is_end) = match held.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (held.len(), held.is_empty()),
        };
        input.consume(used);
        skipped += used as u64;
        if is_end {
            return Ok(skipped);
        }
    }
}

/// Where the characters of a text begin, so that each of many hits is cut out at once.
#[derive(Default)]
struct Characters {
    /// In bytes, the end included; empty for a text of ASCII.
    begin: Vec<usize>,
}

impl Characters {
    fn read(&mut self, text: &str) {
        self.begin.clear();
        if !text.is_ascii() {
            self.begin.extend(text.char_indices().map(|(at, _)| at).chain([text.len()]));
        }
    }

    fn cut<'t>(&self, text: &'t str, start: usize, end: usize) -> &'t str {
        let byte = |at: usize| if self.begin.is_empty() { Some(at) } else { self.begin.get(at).copied() };
        byte(start).zip(byte(end)).and_then(|(start, end)| text.get(start..end)).unwrap_or_default()
    }
}

fn told<'a>(terms: &'a Terms, text: &'a str, characters: &Characters, hit: &Hit<'_>) -> Match<'a> {
    let start = hit.spans.iter().map(|span| span.start).min().unwrap_or_default();
    let end = hit.spans.iter().map(|span| span.end).max().unwrap_or_default();
    Match {
        term: terms.name(hit),
        start,
        end,
        text: characters.cut(text, start, end),
        steps: hit.steps.iter().map(Step::name).collect(),
        spans: match hit.spans {
            [_] => Vec::new(),
            several => several.iter().map(|span| [span.start, span.end]).collect(),
        },
    }
}

/// What is found in a chat, for people: who, when, the words with the hits marked, and which terms saw what.
fn chat(output: Output, terms: &Terms, file: &Path, zone: &TimeZone) -> Done {
    let fail = |error: chat_export::ExportError| Error::input(error.to_string());
    let export = chat_export::read(file).map_err(fail)?;
    let entries = chat_export::parse(&export.text, zone).map_err(fail)?;
    let marks = if io::stdout().is_terminal() { ("\u{1b}[1;7m", "\u{1b}[0m") } else { ("[", "]") };
    let mut out = BufWriter::new(io::stdout().lock());
    let unwritable = |error| Error::input(format!("The answers cannot be written: {error}."));
    let (mut scratch, mut characters) = (Scratch::default(), Characters::default());
    let (mut messages, mut hits, mut not_scanned) = (0_u64, 0_u64, 0_u64);
    for entry in entries.iter().filter(|entry| entry.sender.is_some()) {
        messages += 1;
        not_scanned += u64::from(entry.medium.is_some());
        let found = terms.matcher.scan(&entry.text, &mut scratch);
        characters.read(&entry.text);
        let found: Vec<Match<'_>> = found.map(|hit| told(terms, &entry.text, &characters, &hit)).collect();
        if found.is_empty() {
            continue;
        }
        hits += found.len() as u64;
        if output.json {
            continue;
        }
        let when = Timestamp::from_microsecond(entry.at).map(|at| at.to_zoned_datetime(zone.clone()));
        let when = when.map_or_else(|_| String::new(), |at| at.strftime("%d/%m/%Y %H:%M ").to_string());
        let sender = visible(entry.sender.unwrap_or_default());
        writeln!(out, "{when}{sender}: {}", marked(&entry.text, &characters, &found, marks)).map_err(unwritable)?;
        for hit in &found {
            let steps = if hit.steps.is_empty() { String::new() } else { format!(" ({})", hit.steps.join(", ")) };
            writeln!(out, "    {}: {}{steps}", visible(hit.term), visible(hit.text)).map_err(unwritable)?;
        }
    }
    out.flush().map_err(unwritable)?;
    let words = format!(
        "{messages} messages read, {hits} hits; {not_scanned} hold a sound, a picture or a file, which is not scanned."
    );
    drop(out);
    Ok(output.done(&words, &json!({ "messages": messages, "hits": hits, "notScanned": not_scanned })))
}

/// The text with each place that was found between marks; places that overlap are marked as one.
fn marked(text: &str, characters: &Characters, found: &[Match<'_>], (open, close): (&str, &str)) -> String {
    let single = found.iter().filter(|hit| hit.spans.is_empty()).map(|hit| [hit.start, hit.end]);
    let mut places: Vec<[usize; 2]> = single.chain(found.iter().flat_map(|hit| hit.spans.iter().copied())).collect();
    places.sort_unstable();
    let mut shown = String::with_capacity(text.len() + places.len() * (open.len() + close.len()));
    let mut reached = 0;
    let mut places = places.into_iter().peekable();
    while let Some([start, mut end]) = places.next() {
        while let Some([_, next]) = places.next_if(|[next, _]| *next < end) {
            end = end.max(next);
        }
        shown.push_str(&visible(characters.cut(text, reached, start)));
        shown.push_str(open);
        shown.push_str(&visible(characters.cut(text, start, end)));
        shown.push_str(close);
        reached = end;
    }
    shown.push_str(&visible(characters.cut(text, reached, text.chars().count())));
    shown
}

/// Without control characters: a message must not steer the terminal it is shown on.
fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
