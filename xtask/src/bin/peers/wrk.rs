//! wrk: as many calls as come back, over so many connections that are kept alive.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::Anything;
use crate::peer::named;
use crate::process::Running;

/// Whether replies are counted by status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Count {
    Calls,
    Statuses,
}

/// Sends calls of 2 KB for so many seconds, each as soon as the one before on its connection is answered.
pub(crate) fn run(
    folder: &Path,
    to: SocketAddr,
    connections: u32,
    seconds: u32,
    count: Count,
) -> Anything<Told> {
    let script = folder.join("wrk.lua");
    fs::write(&script, include_str!("wrk.lua"))?;
    let mut command = named("WRK", "wrk");
    // Its own limit of 2 s would give up on calls that only wait for their turn.
    command.args(["-t1", "--timeout", "60s", "-c", &connections.to_string(), "-d", &format!("{seconds}s")]);
    command.arg("-s").arg(script).arg(format!("http://{to}"));
    if count == Count::Statuses {
        command.args(["--", "statuses"]);
    }
    let mut wrk = Running::start(command.stdout(Stdio::piped()).stderr(Stdio::null()))?;
    let output = wrk.output(Duration::from_secs(u64::from(seconds)) + GRACE)?;
    Told::read(&output).ok_or_else(|| format!("wrk did not count its calls:\n{output}").into())
}

/// What wrk counted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// Calls that were answered.
    pub(crate) calls: u64,
    /// Those among them whose status was 400 or more.
    pub(crate) refused: u64,
    /// Connections that failed, and calls that were not answered in time.
    pub(crate) broken: u64,
    /// How long it took.
    pub(crate) span: Duration,
    /// How long half of the calls took at most.
    pub(crate) p50: Duration,
    /// How long 99 of 100 calls took at most.
    pub(crate) p99: Duration,
    /// Calls by status, where that was asked for.
    pub(crate) statuses: BTreeMap<u16, u64>,
}

impl Told {
    /// The line that `wrk.lua` writes.
    fn read(output: &str) -> Option<Self> {
        let line = output.lines().find_map(|line| line.strip_prefix("counted: "))?;
        let words: Vec<&str> = line.split(' ').collect();
        let after = |name: &str| {
            let at = words.iter().position(|word| *word == name)?;
            words.get(at + 1)?.parse::<u64>().ok()
        };
        let of_status = |three: &[&str]| match three {
            ["status", status, count] => Some((status.parse().ok()?, count.parse().ok()?)),
            _ => None,
        };
        Some(Self {
            calls: after("calls")?,
            refused: after("refused")?,
            broken: after("broken")?,
            span: Duration::from_micros(after("us")?),
            p50: Duration::from_micros(after("p50")?),
            p99: Duration::from_micros(after("p99")?),
            statuses: words.windows(3).filter_map(of_status).collect(),
        })
    }
}

/// Beyond its time, until it is thought to hang.
const GRACE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_read_from_its_line() {
        let line = "Running\ncounted: calls 12 refused 3 broken 1 us 2500000 p50 40 p99 900 status 201 9 status 429 3\n";
        let told = Told::read(line).unwrap();
        assert_eq!((told.calls, told.refused, told.broken), (12, 3, 1));
        assert_eq!(told.span, Duration::from_millis(2_500));
        assert_eq!((told.p50.as_micros(), told.p99.as_micros()), (40, 900));
        assert_eq!(told.statuses, BTreeMap::from([(201, 9), (429, 3)]));
        assert_eq!(Told::read("Running\n"), None);
    }
}
