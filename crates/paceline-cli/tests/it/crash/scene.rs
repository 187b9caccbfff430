//! A source, a stand-in that judges, and the program between them.

use std::fs::{self, File};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use paceline_cli::journal::{Counts, Digest, JournalError, JournalReader, RecordRef, Standing};
use paceline_cli::platform::{StandIn, serve};
use paceline_cli::records::{self, Record, SourceSpec};
use paceline_sim::platform::{Ban, PlatformConfig};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::time::Instant;

/// The records and the journal of a test, and the platform that its runs send to.
pub(super) struct Scene {
    folder: TempDir,
    pub(super) stand_in: StandIn,
    key_field: Option<&'static str>,
}

impl Scene {
    /// A platform that bans after 20 early returns in a minute, and `records` records with an `id` each.
    pub(super) async fn new(config: PlatformConfig, records: u64, seed: u64) -> Self {
        let minute = Duration::from_secs(60);
        let ban = Ban { early_returns: NonZeroU32::new(20).unwrap(), within: minute, lasts: minute };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = PlatformConfig { ban: Some(ban), ..config };
        let stand_in = serve(listener, config.into(), seed).unwrap();
        let scene = Self { folder: TempDir::new().unwrap(), stand_in, key_field: None };
        scene.write((0..records).map(|number| json!({"id": id(number), "number": number})));
        scene
    }

    /// Records are identified by their `id`, in the journal too.
    pub(super) fn keyed(self) -> Self {
        Self { key_field: Some("id"), ..self }
    }

    /// Replaces the source.
    pub(super) fn write(&self, records: impl IntoIterator<Item = Value>) {
        let lines: Vec<String> = records.into_iter().map(|record| record.to_string()).collect();
        fs::write(self.source(), lines.join("\n")).unwrap();
    }

    pub(super) fn source(&self) -> PathBuf {
        self.folder.path().join("records.jsonl")
    }

    pub(super) fn journal(&self) -> PathBuf {
        self.folder.path().join("records.jsonl.journal")
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// `paceline sync` from the source to `path` on the stand-in.
    pub(super) fn sync(&self, path: &str, flags: &[&str]) -> Life {
        self.sync_to(&format!("{}{path}", self.stand_in.url()), flags)
    }

    /// `paceline sync` from the source to `url`.
    pub(super) fn sync_to(&self, url: &str, flags: &[&str]) -> Life {
        let mut command = self.command(&self.source().to_string_lossy(), url);
        command.args(flags);
        self.live(command)
    }

    /// `paceline sync` from a pipe that holds the source to `url`.
    pub(super) fn sync_piped(&self, url: &str, flags: &[&str]) -> Life {
        let mut command = self.command("-", url);
        command.args(flags).stdin(File::open(self.source()).unwrap());
        self.live(command)
    }

    fn live(&self, mut command: Command) -> Life {
        command.args(self.key_field.iter().flat_map(|field| ["--key", field]));
        Life { child: command.spawn().unwrap(), log: self.log() }
    }

    fn command(&self, source: &str, url: &str) -> Command {
        let log = File::options().create(true).append(true).open(self.log()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_paceline"));
        command.args(["sync", source, "--to", url, "--json"]).stdin(Stdio::null()).stdout(Stdio::piped());
        command.stderr(log).kill_on_drop(true);
        command
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("stderr.log")
    }

    /// What the journal says of each record of the source, by its id; new, where there is no journal yet.
    pub(super) fn standings(&self) -> Vec<(String, Standing)> {
        let reader = match JournalReader::open(&self.journal()) {
            Ok(reader) => Some(reader),
            Err(JournalError::Missing { .. } | JournalError::NotAJournal { .. }) => None,
            Err(error) => panic!("{error}"),
        };
        let records = records::open(&SourceSpec::named(self.source())).unwrap();
        let standing = |record: Record| {
            let id = record.field_text("id").unwrap().into_owned();
            let reference = self.reference(&record);
            let standing =
                reader.as_ref().map_or(Standing::New, |reader| reader.standing(&reference).unwrap());
            (id, standing)
        };
        records.map(|record| standing(record.unwrap())).collect()
    }

    pub(super) fn counts(&self) -> Counts {
        JournalReader::open(&self.journal()).unwrap().counts().unwrap()
    }

    fn reference(&self, record: &Record) -> RecordRef {
        let key = self.key_field.and_then(|field| record.field_text(field)).map(|text| Arc::from(&*text));
        let digest = Digest::from_bytes(record.digest());
        RecordRef { position: record.position, key, digest, line: record.line }
    }
}

/// One run of the program; killed when it is dropped.
pub(super) struct Life {
    child: Child,
    log: PathBuf,
}

/// How a run ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) code: Option<i32>,
    /// The object of `--json`; null when it never came to that.
    pub(super) json: Value,
    /// All that every run so far wrote to its standard error.
    pub(super) stderr: String,
}

impl Ended {
    pub(super) fn count(&self, name: &str) -> u64 {
        self.json[name].as_u64().unwrap_or_else(|| panic!("no count `{name}` in {self:?}"))
    }

    /// Delivered, dead, in doubt, remaining; they must add up to the records.
    pub(super) fn counts(&self) -> [u64; 4] {
        let counts = ["delivered", "dead", "in_doubt", "remaining"].map(|name| self.count(name));
        assert_eq!(counts.iter().sum::<u64>(), self.count("records"), "the counts add up: {self:?}");
        counts
    }
}

impl Life {
    pub(super) fn id(&self) -> u32 {
        self.child.id().expect("it was not waited for")
    }

    /// Waits until it has ended by itself.
    pub(super) async fn ended(&mut self) -> Ended {
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let status = status.unwrap_or_else(|_| panic!("the run does not end: {}", self.stderr())).unwrap();
        self.report(status).await
    }

    /// Waits until `is_time` says so, and kills it; Some when it ended by itself before that.
    pub(super) async fn killed_when(&mut self, mut is_time: impl FnMut() -> bool) -> Option<Ended> {
        let deadline = Instant::now() + PATIENCE;
        let mut look = tokio::time::interval(Duration::from_millis(2));
        loop {
            look.tick().await;
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(self.report(status).await);
            }
            if is_time() {
                self.child.kill().await.unwrap();
                return None;
            }
            assert!(Instant::now() < deadline, "what the kill waits for does not happen: {}", self.stderr());
        }
    }

    /// Waits until `is_time` says so, and leaves it alive.
    pub(super) async fn until(&mut self, mut is_time: impl FnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let mut look = tokio::time::interval(Duration::from_millis(2));
        while !is_time() {
            look.tick().await;
            assert!(self.child.try_wait().unwrap().is_none(), "it ended too early: {}", self.stderr());
            assert!(Instant::now() < deadline, "what is waited for does not happen: {}", self.stderr());
        }
    }

    /// Waits until a run of this scene has written `words`.
    pub(super) async fn says(&mut self, words: &str) {
        let log = self.log.clone();
        self.until(|| fs::read_to_string(&log).is_ok_and(|text| text.contains(words))).await;
    }

    pub(super) async fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.id().to_string()]).status().await;
        assert!(sent.unwrap().success());
    }

    /// Stops it where it is: what it is told from here on, it does not hear.
    pub(super) async fn freeze(&self) {
        self.signal("STOP").await;
    }

    async fn report(&mut self, status: ExitStatus) -> Ended {
        let mut text = String::new();
        self.child.stdout.as_mut().expect("it is piped").read_to_string(&mut text).await.unwrap();
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ended { code: status.code(), json, stderr: self.stderr() }
    }

    fn stderr(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

pub(super) fn id(number: u64) -> String {
    format!("r{number}")
}

/// Far beyond what anything here takes on a busy machine; reached only when a run hangs.
const PATIENCE: Duration = Duration::from_secs(150);
