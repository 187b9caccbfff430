//! Room for sockets: both ends of each are in this process, and each end takes a file descriptor.

use std::io;

use paceline_sim::scenario::{Arrivals, Scenario};

/// Lets this process open as many files as a run of `scenario` with so many WebSockets needs; many systems allow 1,024 until
/// they are asked for more.
///
/// # Errors
/// When the system allows no more than are too few, with what to do.
pub(super) fn make_room(scenario: &Scenario, websockets: u32) -> io::Result<()> {
    let connections = match scenario.arrivals {
        Arrivals::Closed { users, .. } => u64::from(users.get()),
        Arrivals::Open { .. } => scenario.records.min(OPEN_ARRIVALS),
    };
    allow(2 * (connections + u64::from(websockets)) + SPARE)
}

#[cfg(unix)]
fn allow(files: u64) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= files) {
        return Ok(());
    }
    let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(files), maximum: limit.maximum });
    raised.map_err(|error| {
        let what = format!("a real run with so many users needs {files} open files");
        io::Error::other(format!("{what}, and the system allows fewer: raise `ulimit -Hn` ({error})"))
    })
}

/// Where there are no such limits, there is room.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
const fn allow(_files: u64) -> io::Result<()> {
    Ok(())
}

/// How many of the users who come by chance have a call in flight at once; more would find no connection.
const OPEN_ARRIVALS: u64 = 1_000;
/// Timers, pipes, the strangers, and what the program has open besides.
const SPARE: u64 = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_already_is_not_asked_for() {
        allow(1).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn more_than_the_system_allows_is_an_error_that_says_what_to_do() {
        // Linux refuses more than `fs.nr_open` even to root, macOS more than `kern.maxfilesperproc`.
        let error = allow(1 << 40).unwrap_err().to_string();
        assert!(error.contains("ulimit -Hn"), "{error}");
    }
}
