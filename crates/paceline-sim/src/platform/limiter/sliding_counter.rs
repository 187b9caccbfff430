//! Two fixed windows, the older one weighted by how much of it is still in view.

use std::time::Duration;

use super::fixed_window::Windows;
use super::{Check, wait_of};
use crate::platform::published::Standing;
use crate::platform::rate::Rate;

#[derive(Clone, Debug)]
pub(crate) struct SlidingCounter {
    most: u128,
    windows: Windows,
    index: u128,
    before: u128,
    used: u128,
}

impl SlidingCounter {
    pub(super) fn new(rate: Rate) -> Self {
        let windows = Windows::new(rate, Duration::ZERO);
        Self { most: u128::from(rate.count().get()), windows, index: 0, before: 0, used: 0 }
    }

    pub(super) fn check(&mut self, now: u64, cost: u32) -> Check {
        let cost = u128::from(cost);
        if cost > self.most {
            return Check::Never;
        }
        self.roll(now);
        let elapsed = self.windows.elapsed(now);
        let fits_from = self.fits_from(cost);
        if fits_from <= elapsed {
            return Check::Fits;
        }
        wait_of(fits_from - elapsed)
    }

    /// The reset is the end of this window.
    pub(super) fn standing(&mut self, now: u64) -> Standing {
        self.roll(now);
        let length = self.windows.length();
        let in_view = (self.before * self.windows.remaining(now)).div_ceil(length);
        let remaining = self.most.saturating_sub(self.used).saturating_sub(in_view);
        let units = |units: u128| u64::try_from(units).unwrap_or(u64::MAX);
        Standing {
            count: units(self.most),
            period: Some(length),
            remaining: units(remaining),
            reset: Some(self.windows.remaining(now)),
        }
    }

    pub(super) fn take(&mut self, now: u64, cost: u32) {
        self.roll(now);
        self.used += u128::from(cost);
    }

    /// Both windows keep what was used in them; under another length they count as those that are open then.
    pub(super) fn change(&mut self, now: u64, rate: Rate) {
        self.roll(now);
        let (before, used) = (self.before, self.used);
        *self = Self::new(rate);
        (self.index, self.before, self.used) = (self.windows.index(now), before, used);
    }

    /// How far into this window (or beyond its end, the next) `cost` fits if nothing else comes.
    fn fits_from(&self, cost: u128) -> u128 {
        let length = self.windows.length();
        if self.used + cost <= self.most {
            return needed_elapsed(self.before, self.most - self.used - cost, length);
        }
        length + needed_elapsed(self.used, self.most - cost, length)
    }

    fn roll(&mut self, now: u64) {
        let index = self.windows.index(now);
        if index <= self.index {
            return;
        }
        self.before = if index == self.index + 1 { self.used } else { 0 };
        self.used = 0;
        self.index = index;
    }
}

/// The least elapsed time `e` for which `before * (length - e) <= room * length`.
fn needed_elapsed(before: u128, room: u128, length: u128) -> u128 {
    if before == 0 {
        return 0;
    }
    length.saturating_sub(room * length / before)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::laws;
    use super::super::{Limiter, LimiterKind};

    fn counter(count: u32, per_millis: u64) -> Limiter {
        Limiter::new(LimiterKind::SlidingCounter { rate: laws::rate(count, per_millis) }, 0)
    }

    proptest! {
        #[test]
        fn admits_what_weighing_both_windows_admits(
            count in 1_u32..50, per in 1_u64..5_000, load in laws::load(),
        ) {
            let window = u128::from(per) * 1_000_000;
            let mut used = std::collections::BTreeMap::<u128, u128>::new();
            let expected: Vec<_> = load.iter().copied().filter(|&(at, cost)| {
                let (index, elapsed) = (u128::from(at) / window, u128::from(at) % window);
                let before = index.checked_sub(1).and_then(|i| used.get(&i)).copied().unwrap_or(0);
                let current = used.entry(index).or_default();
                let weighed = before * (window - elapsed) + (*current + u128::from(cost)) * window;
                let fits = weighed <= u128::from(count) * window;
                *current += if fits { u128::from(cost) } else { 0 };
                fits
            }).collect();
            prop_assert_eq!(laws::offer(&mut counter(count, per), &load), expected);
        }

        #[test]
        fn a_lone_client_that_obeys_the_wait_is_admitted(
            count in 1_u32..50, per in 1_u64..5_000, load in laws::load(),
        ) {
            laws::obeyed_wait_admits(counter(count, per), &load)?;
            laws::wait_is_exact(counter(count, per), &load)?;
        }
    }
}
