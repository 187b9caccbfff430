//! Room for sockets: many systems allow 1,024 open files until they are asked for more.

/// Asks for room for `connections` of clients, and returns how many there is room for. Without room a connection would be neither
/// served nor refused.
pub(super) fn make_room(connections: u64) -> u64 {
    fitting(connections, allowed(connections.saturating_add(SPARE)))
}

/// Of `connections`, those that fit into so many open files.
fn fitting(connections: u64, files: u64) -> u64 {
    connections.min(files.saturating_sub(SPARE).max(files / 2))
}

/// How many files may be open once `wanted` was asked for.
#[cfg(unix)]
fn allowed(wanted: u64) -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let current = limit.current.unwrap_or(u64::MAX);
    if current >= wanted {
        return current;
    }
    let more = limit.maximum.map_or(wanted, |most| most.min(wanted));
    let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(more), maximum: limit.maximum });
    if raised.is_ok() { more } else { current }
}

/// Where there are no such limits, there is room.
#[cfg(not(unix))]
const fn allowed(_wanted: u64) -> u64 {
    u64::MAX
}

/// Connections to the platform that are kept for each origin, and what the program has open besides.
const SPARE: u64 = 1_024 + 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_are_taken_than_there_is_room_for() {
        assert_eq!(fitting(10_000, 20_000), 10_000);
        assert_eq!(fitting(10_000, 5_000), 5_000 - SPARE);
        assert_eq!(fitting(10_000, 1_024), 512);
        assert_eq!(make_room(1), 1);
    }
}
