//! Time as the machine sees it: an argument, never a clock.

use std::fmt;
use std::ops::Add;
use std::time::Duration;

/// A point in monotonic time: nanoseconds since the driver's epoch.
///
/// The driver decides what the epoch is (its own start, or the start of a simulated world). All
/// arithmetic saturates, so that no answer of a platform, however large, can make the machine panic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The driver's epoch.
    pub const EPOCH: Self = Self(0);
    /// The end of time, some 584 years after the epoch: "until somebody intervenes".
    pub const FAR_FUTURE: Self = Self(u64::MAX);

    /// The instant `nanos` nanoseconds after the epoch.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds since the epoch.
    #[expect(clippy::cast_precision_loss, reason = "a microsecond in a century")]
    pub(crate) fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// So many seconds after the epoch; the epoch itself for fewer than none.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    pub(crate) fn from_secs_f64(seconds: f64) -> Self {
        Self((seconds * 1e9) as u64)
    }

    /// How long after `earlier` this is; zero when it is not after it.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// This much earlier, but not before the epoch.
    #[must_use]
    pub fn saturating_sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(saturating_nanos(span)))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// Saturates at [`Instant::FAR_FUTURE`].
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(saturating_nanos(span)))
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}s", Duration::from_nanos(self.0).as_secs_f64())
    }
}

/// A point in civil time: milliseconds since the Unix epoch.
///
/// Used for two things only: to read HTTP dates, and to carry closed gates over a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime(u64);

impl WallTime {
    /// The end of civil time: stands for [`Instant::FAR_FUTURE`] in a saved gate.
    pub const FAR_FUTURE: Self = Self(u64::MAX);

    /// The instant `millis` milliseconds after the Unix epoch.
    #[must_use]
    pub const fn from_unix_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_unix_millis(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this is; zero when it is not after it.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for WallTime {
    type Output = Self;

    /// Rounds up to the next millisecond, so that a saved wait is never shorter than the wait;
    /// saturates at [`WallTime::FAR_FUTURE`].
    fn add(self, span: Duration) -> Self {
        let millis = span.as_nanos().div_ceil(1_000_000);
        Self(self.0.saturating_add(u64::try_from(millis).unwrap_or(u64::MAX)))
    }
}

/// `span` in nanoseconds, at most `u64::MAX`.
pub(crate) fn saturating_nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adding_to_the_far_future_stays_there() {
        assert_eq!(Instant::FAR_FUTURE + Duration::from_secs(1), Instant::FAR_FUTURE);
        assert_eq!(Instant::EPOCH + Duration::MAX, Instant::FAR_FUTURE);
        assert_eq!(WallTime::from_unix_millis(1) + Duration::MAX, WallTime::FAR_FUTURE);
    }

    #[test]
    fn a_saved_wait_is_never_shorter_than_the_wait() {
        let saved = WallTime::from_unix_millis(5) + Duration::from_nanos(1);
        assert_eq!(saved.as_unix_millis(), 6);
    }

    #[test]
    fn an_earlier_instant_is_no_time_after_a_later_one() {
        let (early, late) = (Instant::from_nanos(3), Instant::from_nanos(9));
        assert_eq!(early.saturating_since(late), Duration::ZERO);
        assert_eq!(late.saturating_since(early), Duration::from_nanos(6));
    }
}
