//! Where a test sits that runs the program: a folder of its own, and a platform to send to.

use std::path::PathBuf;
use std::process::Stdio;

use paceline_cli::journal::{JournalReader, State};
use paceline_cli::platform::{StandIn, StandInConfig, serve};
use paceline_sim::platform::PlatformConfig;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

/// A folder with the files of one test; the program runs in it.
pub(crate) struct Desk {
    folder: TempDir,
}

impl Desk {
    /// An empty one.
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// One with `count` records in `records.csv`, their `id` from 0 on.
    pub(crate) fn with_records(count: usize) -> Self {
        let desk = Self::empty();
        let rows: String = (0..count).map(|id| format!("{id},name {id}\n")).collect();
        desk.put("records.csv", format!("id,name\n{rows}"));
        desk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    /// The names of all files, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// `paceline sync` with these arguments.
    pub(crate) fn sync(&self, arguments: &[&str]) -> Run {
        self.program(&[&["sync"], arguments].concat())
    }

    /// `paceline` with these arguments.
    pub(crate) fn program(&self, arguments: &[&str]) -> Run {
        self.command(env!("CARGO_BIN_EXE_paceline"), arguments)
    }

    /// Any program in this folder.
    pub(crate) fn command(&self, program: &str, arguments: &[&str]) -> Run {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.folder.path()).env_remove("COLUMNS").kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Run { command, input: Vec::new() }
    }

    /// The verdicts of the letters in `state`, in the order of the records.
    pub(crate) fn letters(&self, journal: &str, state: State) -> Vec<Told> {
        let reader = JournalReader::open(&self.path(journal)).unwrap();
        let letters = reader.letters(state).map(|letter| {
            let letter = letter.unwrap();
            let id = letter.content.as_deref().and_then(|text| {
                let record: Value = serde_json::from_str(text).unwrap();
                record["id"].as_str().map(str::to_owned)
            });
            Told {
                id: id.unwrap_or_default(),
                verdict: letter.verdict.into_owned(),
                status: letter.status,
                body: letter.body.unwrap_or_default(),
            }
        });
        letters.collect()
    }

    pub(crate) fn dead(&self) -> Vec<Told> {
        self.letters("records.csv.journal", State::Dead)
    }

    pub(crate) fn in_doubt(&self) -> Vec<Told> {
        self.letters("records.csv.journal", State::InDoubt)
    }

    /// Every byte that the journal and its companions hold.
    pub(crate) fn journal_bytes(&self) -> Vec<u8> {
        let names = self.names().into_iter().filter(|name| name.contains(".journal"));
        names.flat_map(|name| std::fs::read(self.path(&name)).unwrap()).collect()
    }
}

/// What a letter says of its record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) id: String,
    pub(crate) verdict: String,
    pub(crate) status: Option<u16>,
    pub(crate) body: String,
}

/// The program, about to run.
pub(crate) struct Run {
    command: Command,
    input: Vec<u8>,
}

impl Run {
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self.command.stdin(Stdio::piped());
        self
    }

    /// Starts it; whoever asks writes its input.
    pub(crate) fn spawn(mut self) -> Child {
        self.command.spawn().unwrap()
    }

    /// Runs it to its end.
    pub(crate) async fn ended(self) -> Ended {
        let input = self.input.clone();
        let mut child = self.spawn();
        if let Some(mut stdin) = child.stdin.take() {
            // It may end without having read all of it.
            let _ = stdin.write_all(&input).await;
        }
        Ended::of(child).await
    }
}

/// The program, over.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) async fn of(child: Child) -> Self {
        let output = child.wait_with_output().await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// The object that `--json` prints.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Delivered, dead, in doubt, still to do.
    pub(crate) fn counts(&self) -> [u64; 4] {
        let json = self.json();
        ["delivered", "dead", "in_doubt", "remaining"].map(|name| json[name].as_u64().unwrap())
    }

    /// Expects this exit code.
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stderr, self.stdout);
        self
    }
}

/// A stand-in on a port of its own.
pub(crate) async fn stand_in(platform: PlatformConfig) -> StandIn {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    serve(listener, StandInConfig::from(platform), 7).unwrap()
}
