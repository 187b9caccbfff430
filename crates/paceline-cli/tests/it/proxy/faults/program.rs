//! The program `paceline proxy`, as whoever starts it sees it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};

use super::caller::Caller;
use super::stage::PATIENCE;

/// A folder in which proxies run one after the other.
pub(super) struct Desk {
    folder: TempDir,
}

/// A running proxy; killed when it is dropped.
pub(super) struct Program {
    child: Child,
    lines: BufReader<ChildStderr>,
    said: String,
    address: SocketAddr,
}

/// How it ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Desk {
    pub(super) fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn put(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// `paceline proxy` with these arguments, which runs until it is told to stop.
    pub(super) async fn start(&self, arguments: &[&str]) -> Program {
        self.start_with(arguments, &[]).await
    }

    /// The same with a command behind it.
    pub(super) async fn start_with(&self, arguments: &[&str], behind: &[&str]) -> Program {
        let mut command = self.command(arguments);
        command.args(["--listen", "127.0.0.1:0"]).args((!behind.is_empty()).then_some("--")).args(behind);
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap());
        let mut program = Program { child, lines, said: String::new(), address: ([0, 0, 0, 0], 0).into() };
        let line = program.says("listening on http://").await;
        program.address = line.trim().rsplit('/').next().unwrap().parse().unwrap();
        program
    }

    /// `paceline proxy` with these arguments, which ends by itself.
    pub(super) async fn run(&self, arguments: &[&str]) -> Ended {
        let output = self.command(arguments).output();
        let output = tokio::time::timeout(PATIENCE, output).await.expect("it does not end").unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_paceline"));
        command.arg("proxy").args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }
}

impl Program {
    pub(super) fn id(&self) -> u32 {
        self.child.id().expect("it was not waited for")
    }

    pub(super) async fn caller(&self) -> Caller {
        Caller::connect(self.address).await
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until it has written a line with `words`, and returns that.
    pub(super) async fn says(&mut self, words: &str) -> String {
        loop {
            let mut line = String::new();
            let read = tokio::time::timeout(PATIENCE, self.lines.read_line(&mut line)).await;
            let read = read.unwrap_or_else(|_| panic!("it does not say {words:?}: {}", self.said)).unwrap();
            assert!(read > 0, "it ended without saying {words:?}: {}", self.said);
            self.said += &line;
            if line.contains(words) {
                return line;
            }
        }
    }

    pub(super) async fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.id().to_string()]).status().await;
        assert!(sent.unwrap().success());
    }

    /// `kill -9`.
    pub(super) async fn killed(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Waits until it has ended by itself.
    pub(super) async fn ended(mut self) -> Ended {
        let ending = async {
            self.lines.read_to_string(&mut self.said).await.unwrap();
            let mut stdout = String::new();
            self.child.stdout.as_mut().unwrap().read_to_string(&mut stdout).await.unwrap();
            Ended { code: self.child.wait().await.unwrap().code(), stdout, stderr: self.said.clone() }
        };
        tokio::time::timeout(PATIENCE, ending).await.expect("it does not end")
    }
}
