//! The program itself, and its stand-in of a platform.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::Anything;
use crate::process::{Running, listening};

/// A command of the program, run in `folder`, so that no configuration of anybody is found.
pub(crate) fn command(name: &str, folder: &Path) -> Command {
    let beside = std::env::current_exe().unwrap_or_default().with_file_name("paceline");
    let mut command = Command::new(std::env::var_os("PACELINE").unwrap_or_else(|| beside.into()));
    command.arg(name).current_dir(folder);
    command
}

/// The platform of the founding question: 120 calls a second, 120 at once, and a ban for who comes back early.
pub(crate) struct StandIn {
    _process: Running,
    pub(crate) address: SocketAddr,
}

impl StandIn {
    pub(crate) fn start(folder: &Path) -> Anything<Self> {
        let mut command = command("platform", folder);
        command.args(LIMITS.split(' ')).stdout(Stdio::null());
        let (process, address) = Running::start_until(&mut command, listening)?;
        Ok(Self { _process: process, address })
    }

    /// What it has seen until now.
    pub(crate) fn seen(&self) -> Anything<Seen> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(LONGEST))?;
        stream.write_all(b"GET /stats HTTP/1.1\r\nHost: stand-in\r\nConnection: close\r\n\r\n")?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply)?;
        let (_, body) = reply.split_once("\r\n\r\n").ok_or("the stand-in gave no whole reply")?;
        let stats: Value = serde_json::from_str(body)?;
        let count = |name: &str| stats[name].as_u64().ok_or_else(|| format!("no `{name}` in {stats}"));
        Ok(Seen {
            accepted: count("accepted")?,
            throttled: count("throttled")?,
            early_returns: count("early_returns")?,
            banned: count("banned")?,
            dropped: count("connections_dropped")?,
        })
    }
}

/// Calls, as the platform saw them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) accepted: u64,
    pub(crate) throttled: u64,
    /// Those that came before a wait was over.
    pub(crate) early_returns: u64,
    /// Those refused because their client was banned.
    pub(crate) banned: u64,
    /// Connections that the client closed while a reply was owed.
    pub(crate) dropped: u64,
}

impl Seen {
    /// What was accepted of the most that anybody could have had accepted in so long.
    pub(crate) fn goodput_ratio(&self, span: Duration) -> f64 {
        number(self.accepted) / (AT_ONCE + RATE * span.as_secs_f64())
    }

    /// Refused calls per 1,000 accepted ones.
    pub(crate) fn waste(&self) -> f64 {
        1_000.0 * number(self.throttled + self.banned) / number(self.accepted.max(1))
    }
}

#[expect(clippy::cast_precision_loss, reason = "no run has 2^52 of anything")]
pub(crate) const fn number(count: u64) -> f64 {
    count as f64
}

const LIMITS: &str = "--listen 127.0.0.1:0 --limit 120/s --burst 120 --latency 30ms..80ms --ban 20/60s";
/// For the stand-in's own figures.
const LONGEST: Duration = Duration::from_secs(60);
/// Calls a second, as in the line above.
const RATE: f64 = 120.0;
/// The burst in the line above.
const AT_ONCE: f64 = 120.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_to_the_burst_and_what_the_rate_admits() {
        let seen = Seen { accepted: 660, throttled: 30, banned: 36, ..Seen::default() };
        assert!((seen.goodput_ratio(Duration::from_secs(10)) - 0.5).abs() < 1e-9);
        assert!((seen.waste() - 100.0).abs() < 1e-9);
    }
}
