//! `vigia import`: an exported chat, through the same inbox as everything else.

use std::path::Path;

use entity::TenantId;
use jiff::tz::TimeZone;
use serde_json::json;

use crate::core::Core;
use crate::db::system::appoint;
use crate::error::{Error, Result};
use crate::inbox::{Counts, Inbox};
use crate::journal::{self, Actor, Chain, Entry, Kind};
use crate::keys;
use crate::numbers;
use crate::providers::chat_export::{self, Chat};

/// Items that one transaction takes.
const BATCH: usize = 500;

/// What to read, and as what.
pub struct Import<'a> {
    /// Whose chat it is.
    pub tenant: TenantId,
    /// The company's number, in any spelling.
    pub number: &'a str,
    /// How the company's side is called in the file; guessed if absent.
    pub me: Option<&'a str>,
    /// Where the phone stood that exported it.
    pub zone: TimeZone,
}

/// What was read of one file.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Messages in the file.
    pub read: u64,
    /// How the company's side is called in it.
    pub company: String,
    /// Whether that was guessed.
    pub guessed: bool,
    /// What became of them.
    pub counts: Counts,
    /// Media that the file names and does not hold.
    pub media_left_out: u64,
}

/// Who speaks in a file.
pub struct Speakers {
    /// Names and how often they speak, most talkative first.
    pub names: Vec<(String, usize)>,
    /// Who the company probably is.
    pub guess: Option<String>,
}

/// Reads who speaks in an export, for asking who of them is the company.
///
/// # Errors
/// When the file is no chat export; nothing is imported then.
pub fn speakers(file: &Path, zone: &TimeZone) -> Result<Speakers> {
    let export = chat_export::read(file).map_err(refused)?;
    let entries = chat_export::parse(&export.text, zone).map_err(refused)?;
    Ok(Speakers {
        names: chat_export::senders(&entries),
        guess: chat_export::guess_company_side(&entries, export.title.as_deref()),
    })
}

fn refused(error: chat_export::ExportError) -> Error {
    Error::input(error.to_string())
}

/// Imports one file. Running it again, or with a longer export of the same chat, adds only what is new.
///
/// # Errors
/// When the file is no chat export, the number is not registered, or nobody can tell who the company is: nothing is
/// imported then. When the database goes away: what was committed is recognised the next time.
pub async fn file(
    core: &Core,
    inbox: &Inbox,
    import: &Import<'_>,
    file: &Path,
    mut progress: impl FnMut(u64, u64),
) -> Result<Summary> {
    let export = chat_export::read(file).map_err(refused)?;
    let entries = chat_export::parse(&export.text, &import.zone).map_err(refused)?;
    let (company, guessed) = match import.me {
        Some(me) => (me.to_owned(), false),
        None => match chat_export::guess_company_side(&entries, export.title.as_deref()) {
            Some(guess) => (guess, true),
            None => return Err(Error::input("It cannot be told who of the chat is the company: name it with --me.")),
        },
    };
    let scope = core.db.scope(&appoint(import.tenant));
    let tx = scope.read().await?;
    let keys = keys::of_tenant(&tx, &core.keyring).await?;
    if tx.head_seen(Chain::Event).await?.suspended_at.is_some() {
        return Err(Error::input("The company is suspended: nothing is imported."));
    }
    let number = numbers::find_by_phone(&tx, &keys, import.number)
        .await?
        .ok_or_else(|| Error::input("This number is not registered for the company: register it first."))?;
    tx.commit().await?;

    let chat = Chat { company: &company, title: export.title.as_deref(), number: &number.id.0.to_string() };
    let mut summary = Summary { company: company.clone(), guessed, read: entries.len() as u64, ..Summary::default() };
    summary.media_left_out =
        entries.iter().filter(|entry| entry.medium.as_ref().is_some_and(|m| m.archive_name.is_none())).count() as u64;
    let mut items = chat_export::to_incoming(&export.text, &entries, &chat).map_err(refused)?.peekable();
    let mut done = 0;
    while items.peek().is_some() {
        let batch: Vec<_> = items.by_ref().take(BATCH).collect();
        done += batch.len() as u64;
        summary.counts.add(inbox.import(&scope, number.channel_id, number.id, batch).await?);
        progress(done, summary.read);
    }
    let mut tx = scope.begin(Chain::Event).await?;
    let detail = json!({ "read": summary.read, "stored": summary.counts.stored, "alerts": summary.counts.alerts });
    let entry = Entry::new(Kind::Imported, Actor::COMMAND_LINE, number.id.0).with(detail);
    journal::append(&mut tx, core.clock.now(), vec![entry]).await?;
    tx.commit().await?;
    Ok(summary)
}
