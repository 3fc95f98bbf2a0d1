//! The program itself, as a shell runs it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::oneshot;

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ended {
    /// The one JSON object on standard output.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("no JSON object: {self:?}"))
    }
}

/// A program with these settings, and nothing else of ours in its environment.
fn program(name: &str, settings: &BTreeMap<String, String>, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.env_clear().env("TMPDIR", folder).envs(settings).current_dir(folder).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs a command in a folder to its end, with words on its standard input. One that goes on for a minute is ended, with
/// the code 124.
pub async fn run(settings: &BTreeMap<String, String>, folder: &Path, arguments: &[&str], input: &str) -> Ended {
    let limited = [&["60", env!("CARGO_BIN_EXE_vigia")], arguments].concat();
    let (mut command, input) = (program("timeout", settings, folder, &limited), input.to_owned());
    let output = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().expect("the program starts");
        // A command that does not want its input has closed it, which is no fault.
        drop(child.stdin.take().expect("standard input").write_all(input.as_bytes()));
        child.wait_with_output().expect("the program ends")
    });
    let output = output.await.expect("the program ran");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ended { code: output.status.code().expect("an exit code"), out: text(output.stdout), err: text(output.stderr) }
}

/// `vigia serve`, a process of its own.
pub struct Serving {
    /// Its address.
    pub url: String,
    /// The first line it logged.
    pub first_line: String,
    child: Ours,
    log: Arc<Mutex<String>>,
}

/// A process that does not outlive its test.
struct Ours(Child);

impl Drop for Ours {
    fn drop(&mut self) {
        // One that is over already cannot be ended, which is no fault.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Serving {
    /// Starts it, and waits until it says where it listens.
    pub async fn start(settings: &BTreeMap<String, String>, folder: &Path) -> Self {
        Self::spawn(program(env!("CARGO_BIN_EXE_vigia"), settings, folder, &["serve"])).await
    }

    /// Starts it so that a write beyond [`limit_files`](Self::limit_files) fails as on a full disk, instead of ending it.
    pub async fn start_on_a_small_disk(settings: &BTreeMap<String, String>, folder: &Path) -> Self {
        let ignoring = "trap '' XFSZ; exec \"$0\" \"$@\"";
        Self::spawn(program("sh", settings, folder, &["-c", ignoring, env!("CARGO_BIN_EXE_vigia"), "serve"])).await
    }

    /// Starts it with a log that nobody reads any more once it said where it listens.
    pub async fn start_unheard(settings: &BTreeMap<String, String>, folder: &Path) -> Self {
        let hushed = "exec \"$0\" \"$@\" 2> >(head -n 1 >&2)";
        Self::spawn(program("bash", settings, folder, &["-c", hushed, env!("CARGO_BIN_EXE_vigia"), "serve"])).await
    }

    async fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).spawn().expect("the program starts");
        let log = BufReader::new(child.stderr.take().expect("standard error"));
        let (tell, told) = oneshot::channel();
        let written = Arc::<Mutex<String>>::default();
        let kept = Arc::clone(&written);
        // Reads on to the end: a full pipe would hold the server up.
        std::thread::spawn(move || {
            let mut lines = log.lines().map_while(Result::ok);
            drop(tell.send(lines.next()));
            for line in lines {
                let mut log = kept.lock().expect("the log");
                log.push_str(&line);
                log.push('\n');
            }
        });
        let first_line = told.await.expect("a log").expect("a line before the end of the log");
        let address = first_line.split("http://").nth(1).unwrap_or_else(|| panic!("no address in {first_line:?}"));
        Self { url: format!("http://{}", address.trim()), first_line, child: Ours(child), log: written }
    }

    /// No file of its own may grow beyond so many bytes; `None` lifts the limit.
    pub fn limit_files(&self, bytes: Option<u64>) {
        let limit = bytes.map_or_else(|| "unlimited".to_owned(), |bytes| bytes.to_string());
        let set = Command::new("prlimit")
            .args(["--pid", &self.child.0.id().to_string(), &format!("--fsize={limit}:unlimited")])
            .status()
            .expect("prlimit runs");
        assert!(set.success(), "the limit is set");
    }

    /// What it has logged after its first line.
    pub fn log(&self) -> String {
        self.log.lock().expect("the log").clone()
    }

    /// Ends it at once, without a word.
    pub fn kill(mut self) {
        self.child.0.kill().expect("SIGKILL is sent");
        self.child.0.wait().expect("it ends");
    }

    /// Asks it to end.
    pub fn terminate(&self) {
        let sent = Command::new("kill").args(["-TERM", &self.child.0.id().to_string()]).status().expect("kill runs");
        assert!(sent.success(), "SIGTERM is sent");
    }

    /// Waits for its end, for so long at most.
    pub async fn ended(mut self, within: Duration) -> ExitStatus {
        let ended = tokio::task::spawn_blocking(move || self.child.0.wait().expect("it ends"));
        tokio::time::timeout(within, ended).await.expect("it ends in time").expect("it was waited for")
    }
}
