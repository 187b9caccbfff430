//! The lines of a response head, as the families read them.

use httpdate::parse_http_date;

use super::reset::unix_millis;
use crate::time::WallTime;

/// The header lines of one reply, and the wall time that its instants are read against.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    lines: &'a [(&'a str, &'a str)],
    now: WallTime,
}

impl<'a> Head<'a> {
    /// The head with these lines: names and values. Instants are read against the reply's own `Date`, so that a wrong
    /// clock on either side does no harm; where there is none, against `received`, the wall time of its receipt.
    #[must_use]
    pub fn new(lines: &'a [(&'a str, &'a str)], received: WallTime) -> Self {
        let head = Self { lines, now: received };
        let date = head.values("date").find_map(|date| parse_http_date(date.trim()).ok());
        let now = date.and_then(unix_millis).map_or(received, WallTime::from_unix_millis);
        Self { now, ..head }
    }

    /// The values of all lines of that name, in order; the case of names does not matter.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &'a str> {
        let lines = self.lines.iter().filter(move |(other, _)| other.eq_ignore_ascii_case(name));
        lines.map(|(_, value)| *value)
    }

    /// The wall time that instants are read against.
    #[must_use]
    pub const fn now(&self) -> WallTime {
        self.now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reply_s_own_clock_counts_before_ours() {
        let ours = WallTime::from_unix_millis(5);
        let dated = [("Date", "Thu, 01 Jan 1970 00:00:07 GMT")];
        assert_eq!(Head::new(&dated, ours).now(), WallTime::from_unix_millis(7_000));
        assert_eq!(Head::new(&[("date", "yesterday")], ours).now(), ours);
    }

    #[test]
    fn all_lines_of_a_name_are_found_in_any_case() {
        let lines = [("X-Left", "1"), ("x-other", "2"), ("x-left", "3")];
        let head = Head::new(&lines, WallTime::from_unix_millis(0));
        assert_eq!(head.values("x-LEFT").collect::<Vec<_>>(), ["1", "3"]);
    }
}
