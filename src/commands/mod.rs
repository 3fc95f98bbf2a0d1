//! What the command line does, one file a command.

pub mod demo;
pub mod import;
pub mod migrate;
pub mod people;
pub mod scan;
pub mod schema;
pub mod serve;
pub mod verify;

use std::io::{IsTerminal, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};
use vigia::clock::Clock;
use vigia::config::Config;
use vigia::core::Core;
use vigia::error::Error;
use vigia::telemetry::start_log;
use vigia::{app, config};
use zeroize::Zeroizing;

/// What a command ends with: its exit code, or a failure that is told in one sentence.
pub type Done = Result<ExitCode, Error>;

/// Where answers go: for people to standard error, for programs as one JSON object to standard output.
#[derive(Clone, Copy)]
pub struct Output {
    /// Whether programs read it.
    pub json: bool,
}

impl Output {
    /// Says what was done.
    pub fn done(self, words: &str, object: &Value) -> ExitCode {
        if self.json {
            self.print(object);
        } else {
            say(words);
        }
        ExitCode::SUCCESS
    }

    /// Says why it was not.
    pub fn failed(self, sentence: &str) -> ExitCode {
        if self.json {
            self.print(&json!({ "error": sentence }));
        }
        say(sentence);
        ExitCode::FAILURE
    }

    /// One JSON object on standard output.
    pub fn print(self, object: &Value) {
        let mut out = std::io::stdout().lock();
        if writeln!(out, "{object}").and_then(|()| out.flush()).is_err() {
            // Whoever was to read it is gone: there is nobody left to tell.
            std::process::exit(1);
        }
    }
}

/// A line for people, on standard error.
pub fn say(words: &str) {
    let mut out = std::io::stderr().lock();
    drop(writeln!(out, "{words}"));
}

/// A failure with its cause, in one line.
pub fn sentence(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error} ({source})"),
        None => error.to_string(),
    }
}

/// The settings; all that is wrong with them is told together.
pub fn settings(file: Option<&Path>) -> Result<Config, Error> {
    config::Config::read(file).map_err(|error| Error::input(error.to_string()))
}

/// The settings and the opened database, for commands that work beside a running server.
pub async fn open(file: Option<&Path>) -> Result<(Config, Core), Error> {
    let config = settings(file)?;
    start_log(&format!("warn,{}", if config.log == "info" { "warn" } else { &config.log }), config.log_format);
    let core = app::open(&config, Clock::default()).await?;
    Ok((config, core))
}

/// A password: from standard input when it is no terminal, asked for without echo when it is.
pub fn read_password(whose: &str) -> Result<Zeroizing<String>, Error> {
    if std::io::stdin().is_terminal() {
        let fail = |error| Error::input("The password could not be read.").because(error);
        let first = Zeroizing::new(rpassword::prompt_password(format!("Password of {whose}: ")).map_err(fail)?);
        let again = Zeroizing::new(rpassword::prompt_password("Once more: ").map_err(fail)?);
        return if first == again { Ok(first) } else { Err(Error::input("The two passwords differ.")) };
    }
    let mut text = Zeroizing::new(String::new());
    std::io::stdin()
        .take(4_096)
        .read_to_string(&mut text)
        .map_err(|error| Error::input("The password could not be read.").because(error))?;
    let password = text.lines().next().unwrap_or_default().to_owned();
    if password.is_empty() {
        return Err(Error::input("The password is read from standard input, and there was none."));
    }
    Ok(Zeroizing::new(password))
}
