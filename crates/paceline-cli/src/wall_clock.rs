//! What time it is on this machine.

use std::time::SystemTime;

use paceline_core::WallTime;

/// Now. A clock that stands before 1970 says 1970.
pub(crate) fn wall_now() -> WallTime {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    WallTime::from_unix_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
