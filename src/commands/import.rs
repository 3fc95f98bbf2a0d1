//! `vigia import`.

use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use vigia::error::Error;
use vigia::import::{self, Import, Summary};
use vigia::inbox::Inbox;
use vigia::policies::Matchers;
use vigia::telemetry::Metrics;
use vigia::tenants;

use super::{Done, Output, open, say};

/// What to read, and as whose.
#[derive(clap::Args)]
pub struct Args {
    /// The company's short name.
    #[arg(long, value_name = "SLUG")]
    tenant: String,
    /// The company's registered number, like +5511987650000.
    #[arg(long)]
    number: String,
    /// How the company's side is called in the file; asked for or guessed if absent.
    #[arg(long, value_name = "NAME")]
    me: Option<String>,
    /// Where the phone stood that exported the chat.
    #[arg(long, default_value = "America/Sao_Paulo")]
    time_zone: String,
    /// The exported files: .txt, or .zip with media.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// Imports each file, with a progress bar on a terminal.
pub async fn run(config: Option<&Path>, output: Output, args: Args) -> Done {
    let (_, core) = open(config).await?;
    let zone = jiff::tz::TimeZone::get(&args.time_zone)
        .map_err(|error| Error::input("There is no such time zone.").because(error))?;
    let tenant =
        tenants::by_slug(&core, &args.tenant).await?.ok_or_else(|| Error::input("There is no such company."))?;
    let inbox = Inbox::new(core.clone(), Arc::new(Matchers::default()), Metrics::default());
    // All are read before any is taken in: a file that is no export leaves nothing imported.
    for file in &args.files {
        import::speakers(file, &zone)?;
    }
    let mut told = Vec::new();
    for file in &args.files {
        let me = match &args.me {
            Some(me) => Some(me.clone()),
            None => ask(file, &zone)?,
        };
        let import = Import { tenant: tenant.id, number: &args.number, me: me.as_deref(), zone: zone.clone() };
        let bar = progress_bar(output);
        let summary = import::file(&core, &inbox, &import, file, |done, all| {
            bar.set_length(all);
            bar.set_position(done);
        })
        .await?;
        bar.finish_and_clear();
        if !output.json {
            tell(file, &summary);
        }
        let counts = summary.counts;
        told.push(json!({
            "file": file, "company": summary.company, "read": summary.read, "imported": counts.stored,
            "known": counts.duplicates, "parked": counts.parked, "mediaLeftOut": summary.media_left_out,
            "notScanned": counts.not_scanned,
            "matches": counts.matches, "alerts": counts.alerts,
        }));
    }
    if output.json {
        output.print(&json!({ "files": told }));
    }
    Ok(std::process::ExitCode::SUCCESS)
}

fn progress_bar(output: Output) -> ProgressBar {
    if output.json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} messages, {per_sec}");
    let bar = ProgressBar::new(0);
    if let Ok(style) = style { bar.with_style(style) } else { bar }
}

fn tell(file: &Path, summary: &Summary) {
    let counts = summary.counts;
    let guessed = if summary.guessed { " (guessed from the file's title)" } else { "" };
    say(&format!("{}: the company's side is \"{}\"{guessed}.", file.display(), summary.company));
    say(&format!(
        "  {} messages read: {} new, {} known already, {} not understood; {} media left out of the export.",
        summary.read, counts.stored, counts.duplicates, counts.parked, summary.media_left_out
    ));
    say(&format!(
        "  {} matches found, {} alerts raised; {} of the new messages hold a sound, a picture or a file, which is not scanned.",
        counts.matches, counts.alerts, counts.not_scanned
    ));
}

/// Who the company is in the file: asked for on a terminal where it cannot be guessed.
fn ask(file: &Path, zone: &jiff::tz::TimeZone) -> Result<Option<String>, Error> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(None);
    }
    let speakers = import::speakers(file, zone)?;
    if speakers.guess.is_some() || speakers.names.is_empty() {
        return Ok(None);
    }
    say(&format!("Who is the company in {}?", file.display()));
    for (number, (name, count)) in speakers.names.iter().enumerate() {
        say(&format!("  {}  {name} ({count} messages)", number + 1));
    }
    let mut out = std::io::stderr();
    let fail = |error| Error::input("The answer could not be read.").because(error);
    write!(out, "Number: ").and_then(|()| out.flush()).map_err(fail)?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(fail)?;
    let chosen = line.trim().parse::<usize>().ok().and_then(|number| speakers.names.get(number.checked_sub(1)?));
    chosen.map(|(name, _)| Some(name.clone())).ok_or_else(|| Error::input("There is no such number in the list."))
}
