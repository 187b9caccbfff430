//! So many in each window.

use std::time::Duration;

use super::{Check, wait_of};
use crate::platform::published::Standing;
use crate::platform::rate::Rate;

#[derive(Clone, Debug)]
pub(crate) struct FixedWindow {
    most: u64,
    windows: Windows,
    index: u128,
    used: u64,
}

impl FixedWindow {
    pub(super) fn new(rate: Rate, phase: Duration) -> Self {
        let windows = Windows::new(rate, phase);
        Self { most: u64::from(rate.count().get()), windows, index: 0, used: 0 }
    }

    pub(super) fn check(&mut self, now: u64, cost: u32) -> Check {
        if u64::from(cost) > self.most {
            return Check::Never;
        }
        self.roll(now);
        if self.used + u64::from(cost) <= self.most {
            return Check::Fits;
        }
        wait_of(self.windows.remaining(now))
    }

    /// The reset is the end of the window.
    pub(super) fn standing(&mut self, now: u64) -> Standing {
        self.roll(now);
        Standing {
            count: self.most,
            period: Some(self.windows.length()),
            remaining: self.most.saturating_sub(self.used),
            reset: Some(self.windows.remaining(now)),
        }
    }

    pub(super) fn take(&mut self, now: u64, cost: u32) {
        self.roll(now);
        self.used = self.used.saturating_add(u64::from(cost));
    }

    /// What was used in the window that is open counts in the one that is open then.
    pub(super) fn change(&mut self, now: u64, rate: Rate, phase: Duration) {
        self.roll(now);
        let used = self.used;
        *self = Self::new(rate, phase);
        (self.index, self.used) = (self.windows.index(now), used);
    }

    fn roll(&mut self, now: u64) {
        let index = self.windows.index(now);
        if index > self.index {
            self.index = index;
            self.used = 0;
        }
    }
}

/// Time cut into windows of one length, one of which starts at a phase after the epoch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Windows {
    length: u128,
    /// From the start of window 0, which may lie before the epoch, to the epoch.
    lead: u128,
}

impl Windows {
    pub(crate) fn new(rate: Rate, phase: Duration) -> Self {
        let length = u128::from(rate.per_nanos());
        Self { length, lead: (length - phase.as_nanos() % length) % length }
    }

    pub(crate) const fn length(self) -> u128 {
        self.length
    }

    pub(crate) fn index(self, now: u64) -> u128 {
        (u128::from(now) + self.lead) / self.length
    }

    /// Nanoseconds since the start of the window that `now` is in.
    pub(crate) fn elapsed(self, now: u64) -> u128 {
        (u128::from(now) + self.lead) % self.length
    }

    /// Nanoseconds until the next window starts; at least 1.
    pub(crate) fn remaining(self, now: u64) -> u128 {
        self.length - self.elapsed(now)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::laws;
    use super::super::{Limiter, LimiterKind};
    use super::*;

    fn window(count: u32, per_millis: u64, phase_millis: u64) -> Limiter {
        let phase = Duration::from_millis(phase_millis);
        Limiter::new(LimiterKind::FixedWindow { rate: laws::rate(count, per_millis), phase }, 0)
    }

    proptest! {
        #[test]
        fn admits_what_counting_each_window_admits(
            count in 1_u32..50, per in 1_u64..5_000, phase in 0_u64..6_000, load in laws::load(),
        ) {
            let (per_nanos, phase_nanos) = (per * 1_000_000, phase * 1_000_000);
            let mut used = std::collections::BTreeMap::<i128, u32>::new();
            let expected: Vec<_> = load.iter().copied().filter(|&(at, cost)| {
                let window = (i128::from(at) - i128::from(phase_nanos)).div_euclid(i128::from(per_nanos));
                let used = used.entry(window).or_default();
                let fits = *used + cost <= count;
                *used += if fits { cost } else { 0 };
                fits
            }).collect();
            prop_assert_eq!(laws::offer(&mut window(count, per, phase), &load), expected);
        }

        #[test]
        fn a_lone_client_that_obeys_the_wait_is_admitted(
            count in 1_u32..50, per in 1_u64..5_000, phase in 0_u64..6_000, load in laws::load(),
        ) {
            laws::obeyed_wait_admits(window(count, per, phase), &load)?;
            laws::wait_is_exact(window(count, per, phase), &load)?;
        }
    }

    #[test]
    fn a_window_starts_at_its_phase() {
        let mut limiter = window(1, 1_000, 250);
        assert_eq!(limiter.check(0, 1), Check::Fits);
        limiter.take(0, 1);
        assert_eq!(limiter.check(1, 1), Check::Wait(249_999_999));
        assert_eq!(limiter.check(250_000_000, 1), Check::Fits);
    }
}
