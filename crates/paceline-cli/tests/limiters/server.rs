//! A server that ends with the test that started it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// A process that serves; dropped, it is ended.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
}

/// Where a server says that it is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    OnStdout,
    OnStderr,
}

impl Server {
    /// Starts it, and waits until it prints a line that `is_ready` takes; returns that line. Else all that it said before it
    /// ended, or before it took too long.
    pub(crate) fn start(
        mut command: Command,
        says: Says,
        is_ready: impl Fn(&str) -> bool,
    ) -> Result<(Self, String), String> {
        command.stdin(Stdio::piped());
        match says {
            Says::OnStdout => command.stdout(Stdio::piped()),
            Says::OnStderr => command.stdout(Stdio::null()).stderr(Stdio::piped()),
        };
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command.spawn().map_err(|error| format!("{program} cannot be started: {error}"))?;
        let output: Box<dyn Read + Send> = match says {
            Says::OnStdout => Box::new(child.stdout.take().unwrap()),
            Says::OnStderr => Box::new(child.stderr.take().unwrap()),
        };
        let server = Self { child };
        let lines = lines_of(output);
        let mut said = String::new();
        loop {
            match lines.recv_timeout(LONGEST) {
                Ok(line) if is_ready(&line) => return Ok((server, line)),
                Ok(line) => said.push_str(&(line + "\n")),
                Err(_) => return Err(format!("{program} did not become ready:\n{said}")),
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines, read to the end whether or not somebody listens, so that whoever writes them is never held up.
fn lines_of(output: Box<dyn Read + Send>) -> mpsc::Receiver<String> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            // After the one that was waited for, nobody listens.
            let _ = tell.send(line);
        }
    });
    told
}

/// Between two lines of a server that starts.
const LONGEST: Duration = Duration::from_secs(60);
