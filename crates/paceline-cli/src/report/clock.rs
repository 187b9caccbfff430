//! Times as people read them.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use paceline_core::WallTime;

use crate::wall_clock::wall_now;

/// What time it is, and where: what a report measures its times by.
#[derive(Clone, Debug)]
pub struct Clock {
    /// Now.
    pub now: WallTime,
    /// The zone in which times are written.
    pub zone: TimeZone,
}

impl Clock {
    /// The time and zone of this machine.
    #[must_use]
    pub fn system() -> Self {
        Self { now: wall_now(), zone: TimeZone::system() }
    }

    /// `at` by RFC 3339 in the clock's zone, to the second; `None` after the year 9999.
    pub(super) fn written(&self, at: WallTime) -> Option<String> {
        let millis = i64::try_from(at.as_unix_millis()).ok()?;
        let zoned = Timestamp::from_millisecond(millis).ok()?.to_zoned_datetime(self.zone.clone());
        Some(zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
    }

    /// `at` with the distance to now: `2026-01-01T00:00:42+00:00 (in 42 s)`.
    pub(super) fn told(&self, at: WallTime) -> String {
        match self.written(at) {
            Some(written) => format!("{written} ({})", self.distance(at)),
            None => "after the year 9999".to_owned(),
        }
    }

    /// `in 42 s`, `3 min 5 s ago`, `now`. What is to come is rounded up, so that nobody comes early.
    fn distance(&self, at: WallTime) -> String {
        let ahead = at.saturating_since(self.now).as_millis().div_ceil(1_000);
        let behind = self.now.saturating_since(at).as_secs();
        match (ahead, behind) {
            (0, 0) => "now".to_owned(),
            (0, seconds) => format!("{} ago", coarse(seconds)),
            (seconds, _) => format!("in {}", coarse(u64::try_from(seconds).unwrap_or(u64::MAX))),
        }
    }
}

/// `span` to the second, in its two greatest units.
pub(super) fn coarse_span(span: Duration) -> String {
    coarse(span.as_secs() + u64::from(span.subsec_nanos() > 0))
}

fn coarse(seconds: u64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let first = units.iter().position(|(length, _)| seconds >= *length).unwrap_or(units.len() - 1);
    let (length, name) = units[first];
    let (count, rest) = (seconds / length, seconds % length);
    match units.get(first + 1).map(|(length, name)| (rest / length, name)).filter(|(count, _)| *count > 0) {
        Some((less, small)) => format!("{count} {name} {less} {small}"),
        None => format!("{count} {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> Clock {
        Clock {
            now: WallTime::from_unix_millis(1_700_000_000_000),
            zone: TimeZone::fixed(jiff::tz::offset(2)),
        }
    }

    #[test]
    fn a_time_is_told_in_its_zone_with_the_distance_to_now() {
        let at = |millis: u64| clock().told(WallTime::from_unix_millis(1_700_000_000_000 + millis));
        assert_eq!(at(0), "2023-11-15T00:13:20+02:00 (now)");
        assert_eq!(at(41_001), "2023-11-15T00:14:01+02:00 (in 42 s)");
        let past = WallTime::from_unix_millis(1_700_000_000_000 - 185_900);
        assert_eq!(clock().told(past), "2023-11-15T00:10:14+02:00 (3 min 5 s ago)");
    }

    #[test]
    fn the_end_of_time_is_no_date() {
        assert_eq!(clock().written(WallTime::FAR_FUTURE), None);
        assert_eq!(clock().told(WallTime::from_unix_millis(u64::MAX - 1)), "after the year 9999");
    }

    #[test]
    fn spans_have_two_units_at_most() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3_661, "1 h 1 min"),
            (86_401, "1 d"),
            (90_000, "1 d 1 h"),
        ] {
            assert_eq!(coarse(seconds), text);
        }
        assert_eq!(coarse_span(Duration::from_millis(1_500)), "2 s");
    }
}
