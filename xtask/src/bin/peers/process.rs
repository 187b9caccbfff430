//! A process that ends with the benchmark that started it, and what it has used.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::Anything;

/// A running process; dropped, it is ended.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
}

impl Running {
    /// Starts it and goes on at once. What it says on its standard error is shown.
    pub(crate) fn start(command: &mut Command) -> Anything<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command.spawn().map_err(|error| format!("{program} cannot be started: {error}"))?;
        Ok(Self { child })
    }

    /// Starts it and waits until it says a line on its standard error that `ready` takes.
    ///
    /// # Errors
    /// With all that it said, when it ends or is silent for a minute before.
    pub(crate) fn start_until<T>(
        command: &mut Command,
        ready: impl Fn(&str) -> Option<T>,
    ) -> Anything<(Self, T)> {
        let program = command.get_program().to_string_lossy().into_owned();
        let mut running = Self::start(command.stdin(Stdio::null()).stderr(Stdio::piped()))?;
        let lines = lines_of(running.child.stderr.take().expect("it is piped"));
        let mut said = String::new();
        while let Ok(line) = lines.recv_timeout(LONGEST_SILENCE) {
            if let Some(found) = ready(&line) {
                return Ok((running, found));
            }
            said.push_str(&(line + "\n"));
        }
        Err(format!("{program} did not become ready:\n{said}").into())
    }

    /// CPU time and greatest memory until now, of it and its children.
    pub(crate) fn used(&self) -> Anything<Used> {
        let id = self.child.id();
        let mut used = Used::default();
        for entry in fs::read_dir("/proc")? {
            let folder = entry?.path();
            // Others may end while we look.
            let Ok(stat) = fs::read_to_string(folder.join("stat")) else { continue };
            let Some(cpu) = cpu_of_family(&stat, id) else { continue };
            let status = fs::read_to_string(folder.join("status"))?;
            used.cpu += cpu;
            used.peak_kib += peak_kib(&status).ok_or("no VmHWM in /proc: this needs Linux")?;
        }
        Ok(used)
    }

    /// Waits for its end and returns what it wrote to its piped standard output.
    ///
    /// # Errors
    /// When it takes longer; then it is killed.
    pub(crate) fn output(&mut self, at_most: Duration) -> Anything<String> {
        let mut stdout = self.child.stdout.take().expect("it is piped");
        let (tell, told) = mpsc::channel();
        thread::spawn(move || {
            let mut text = String::new();
            // Nobody hears it when it was too late.
            let _ = tell.send(stdout.read_to_string(&mut text).map(|_| text));
        });
        Ok(told.recv_timeout(at_most).map_err(|_| format!("a process did not end within {at_most:?}"))??)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a process has used since it started.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    /// User and system time.
    pub(crate) cpu: Duration,
    /// The most memory that it had at once, in KiB.
    pub(crate) peak_kib: u64,
}

/// The address in a line like `listening on http://127.0.0.1:8080`.
pub(crate) fn listening(line: &str) -> Option<SocketAddr> {
    line.trim().strip_prefix("listening on http://")?.trim_end_matches('/').parse().ok()
}

/// The lines, read to the end whether or not somebody listens, so that whoever writes them is never held up.
fn lines_of(output: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            // After the one that was waited for, nobody listens.
            let _ = tell.send(line);
        }
    });
    told
}

/// The CPU time of a process, when it is `id` or a child of it. proc_pid_stat(5): behind the name, the parent is the second
/// field; utime and stime are the 12th and 13th, in hundredths of a second.
fn cpu_of_family(stat: &str, id: u32) -> Option<Duration> {
    let (before, after) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = after.split_whitespace().collect();
    let own: u32 = before.split_once(' ')?.0.parse().ok()?;
    let parent: u32 = fields.get(1)?.parse().ok()?;
    let ticks = |index: usize| fields.get(index)?.parse::<u64>().ok();
    (own == id || parent == id).then_some(())?;
    Some(Duration::from_millis(10 * (ticks(11)? + ticks(12)?)))
}

fn peak_kib(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Of a server that starts.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_and_memory_are_read_as_the_kernel_writes_them() {
        let stat = "7 (a) b) S 3 7 7 0 -1 4194560 1 0 0 0 12 30 0 0 20 0 1 0 99";
        assert_eq!(cpu_of_family(stat, 7), Some(Duration::from_millis(420)));
        assert_eq!(cpu_of_family(stat, 3), Some(Duration::from_millis(420)), "a child of it");
        assert_eq!(cpu_of_family(stat, 9), None);
        assert_eq!(peak_kib("Name:\ta\nVmHWM:\t   24600 kB\n"), Some(24_600));
    }

    #[test]
    fn the_address_is_in_the_line_of_a_server_that_listens() {
        assert_eq!(listening("listening on http://127.0.0.1:80\n"), Some(([127, 0, 0, 1], 80).into()));
        assert_eq!(listening("admin on http://127.0.0.1:80"), None);
    }

    #[test]
    fn a_process_that_ends_before_it_is_ready_is_an_error_with_its_words() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo no such thing >&2"]);
        let error = Running::start_until(&mut command, listening).unwrap_err().to_string();
        assert!(error.contains("no such thing"), "{error}");
    }

    #[test]
    fn what_does_not_end_in_time_is_an_error() {
        let mut running = Running::start(Command::new("sleep").arg("60").stdout(Stdio::piped())).unwrap();
        assert!(running.output(Duration::from_millis(1)).is_err());
    }

    #[test]
    fn the_memory_of_a_running_process_is_known() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo ready >&2; exec sleep 60"]);
        let (running, ()) =
            Running::start_until(&mut command, |line| (line == "ready").then_some(())).unwrap();
        assert!(running.used().unwrap().peak_kib > 0);
    }
}
