//! The driver's time: nanoseconds of tokio's monotonic clock since the driver started.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use paceline_core::{Instant, WallTime};
use tokio::time::Instant as TokioInstant;

/// Reads tokio's clock, which a test can pause.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    epoch: TokioInstant,
}

impl Clock {
    /// A clock whose epoch is now.
    pub(crate) fn start() -> Self {
        Self { epoch: TokioInstant::now() }
    }

    pub(crate) fn now(self) -> Instant {
        self.instant(TokioInstant::now())
    }

    /// What the machine calls `at`; what lies before the epoch is the epoch.
    pub(crate) fn instant(self, at: TokioInstant) -> Instant {
        Instant::EPOCH + at.saturating_duration_since(self.epoch)
    }

    /// What tokio calls `at`; what lies beyond [`LONGEST_WAIT`] from now is cut to it.
    pub(crate) fn tokio_instant(self, at: Instant) -> TokioInstant {
        let since = at.saturating_since(Instant::EPOCH);
        let latest = TokioInstant::now() + LONGEST_WAIT;
        self.epoch.checked_add(since).map_or(latest, |at| at.min(latest))
    }

    /// The civil time of `at`, seen from `now`; rounded up, so that what is saved is never early.
    pub(crate) fn wall_time(self, now: Instant, at: Instant) -> WallTime {
        if at == Instant::FAR_FUTURE {
            return WallTime::FAR_FUTURE;
        }
        Self::wall_now_rounded_up() + at.saturating_since(now)
    }

    /// The civil time now; a clock set before 1970 counts as 1970.
    pub(crate) fn wall_now() -> WallTime {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        WallTime::from_unix_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    /// The civil time now or within a millisecond: to save what must not come early.
    pub(crate) fn wall_now_rounded_up() -> WallTime {
        Self::wall_now() + Duration::from_nanos(1)
    }
}

/// The longest single wait of the driver's timer: past it the driver wakes, asks the machine, and waits
/// again. Instants of 584 years ahead are no good to a timer; tokio's knows two years. What a caller is told is cut to it too, so it
/// is longer than any wait that a platform means.
const LONGEST_WAIT: Duration = Duration::from_secs(365 * 86_400);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_instant_of_the_machine_and_of_tokio_name_the_same_moment() {
        let clock = Clock::start();
        tokio::time::advance(Duration::from_millis(1500)).await;
        assert_eq!(clock.now(), Instant::EPOCH + Duration::from_millis(1500));
        assert_eq!(clock.tokio_instant(clock.now()), TokioInstant::now());
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_of_time_is_a_year_of_the_timer() {
        let clock = Clock::start();
        assert_eq!(clock.tokio_instant(Instant::FAR_FUTURE), TokioInstant::now() + LONGEST_WAIT);
        assert_eq!(clock.wall_time(clock.now(), Instant::FAR_FUTURE), WallTime::FAR_FUTURE);
    }
}
