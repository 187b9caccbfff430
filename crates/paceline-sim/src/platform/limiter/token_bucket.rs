//! Tokens accrue at a rate up to a burst.

use std::num::NonZeroU32;

use super::{Check, wait_of};
use crate::platform::published::Standing;
use crate::platform::rate::Rate;

/// The level is kept in units of `1 / period` tokens: one nanosecond adds `count` units, a token is
/// `period` units, and nothing is ever rounded.
#[derive(Clone, Debug)]
pub(crate) struct TokenBucket {
    count: i128,
    period: i128,
    full: i128,
    level: i128,
    at: u64,
}

impl TokenBucket {
    pub(super) fn new(rate: Rate, burst: NonZeroU32) -> Self {
        let period = i128::from(rate.per_nanos());
        let full = i128::from(burst.get()) * period;
        Self { count: i128::from(rate.count().get()), period, full, level: full, at: 0 }
    }

    pub(super) fn check(&mut self, now: u64, cost: u32) -> Check {
        let needed = i128::from(cost) * self.period;
        if needed > self.full {
            return Check::Never;
        }
        self.accrue(now);
        if needed <= self.level {
            return Check::Fits;
        }
        let missing = (needed - self.level).unsigned_abs();
        wait_of(missing.div_ceil(self.count.unsigned_abs()))
    }

    /// A period is how long it takes to fill; the reset is when it will be full.
    pub(super) fn standing(&mut self, now: u64) -> Standing {
        self.accrue(now);
        let units = |level: i128| u64::try_from(level.max(0) / self.period).unwrap_or(u64::MAX);
        let nanos = |level: i128| level.unsigned_abs().div_ceil(self.count.unsigned_abs());
        Standing {
            count: units(self.full),
            period: Some(nanos(self.full)),
            remaining: units(self.level),
            reset: Some(nanos(self.full - self.level)),
        }
    }

    /// May go into debt when refused calls count, at most by one burst.
    pub(super) fn take(&mut self, now: u64, cost: u32) {
        self.accrue(now);
        self.level = (self.level - i128::from(cost) * self.period).max(-self.full);
    }

    /// Tokens that are there stay, up to the new burst.
    pub(super) fn change(&mut self, now: u64, rate: Rate, burst: NonZeroU32) {
        self.accrue(now);
        let mut changed = Self::new(rate, burst);
        changed.level = (self.level * changed.period / self.period).min(changed.full);
        changed.at = self.at;
        *self = changed;
    }

    fn accrue(&mut self, now: u64) {
        let elapsed = now.saturating_sub(self.at);
        self.at = self.at.max(now);
        self.level = (self.level + i128::from(elapsed) * self.count).min(self.full);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::laws::{self, Load};
    use super::super::{Limiter, LimiterKind};
    use super::*;

    fn bucket(count: u32, per_millis: u64, burst: u32) -> Limiter {
        let rate = laws::rate(count, per_millis);
        Limiter::new(LimiterKind::TokenBucket { rate, burst: NonZeroU32::new(burst).unwrap() }, 0)
    }

    proptest! {
        #[test]
        fn admits_at_most_the_burst_and_what_accrued(
            count in 1_u32..200, per in 1_u64..5_000, burst in 1_u32..50, load in laws::load(),
        ) {
            let admitted = laws::offer(&mut bucket(count, per, burst), &load);
            for (i, &(start, _)) in admitted.iter().enumerate() {
                let mut taken = 0_u128;
                for &(end, cost) in &admitted[i..] {
                    taken += u128::from(cost);
                    let accrued = u128::from(end - start) * u128::from(count) / (u128::from(per) * 1_000_000);
                    prop_assert!(taken <= u128::from(burst) + accrued);
                }
            }
        }

        #[test]
        fn a_lone_client_that_obeys_the_wait_is_admitted(
            count in 1_u32..200, per in 1_u64..5_000, burst in 1_u32..50, load in laws::load(),
        ) {
            laws::obeyed_wait_admits(bucket(count, per, burst), &load)?;
        }

        #[test]
        fn nothing_admits_a_nanosecond_before_the_wait(
            count in 1_u32..200, per in 1_u64..5_000, burst in 1_u32..50, load in laws::load(),
        ) {
            laws::wait_is_exact(bucket(count, per, burst), &load)?;
        }
    }

    #[test]
    fn a_cost_above_the_burst_never_fits() {
        assert_eq!(bucket(10, 1_000, 5).check(0, 6), Check::Never);
        assert_eq!(bucket(10, 1_000, 5).check(0, 5), Check::Fits);
    }

    #[test]
    fn a_third_of_a_token_is_not_lost_in_a_million_calls() {
        let mut limiter = bucket(3, 1_000, 1);
        let load: Load = (0..1_000_000_u64).map(|i| (i * 1_000_000_000_u64.div_ceil(3), 1)).collect();
        assert_eq!(laws::offer(&mut limiter, &load).len(), 1_000_000);
    }

    #[test]
    fn counted_refusals_run_into_debt_but_no_deeper_than_a_burst() {
        let mut limiter = bucket(10, 1_000, 2);
        (0..100).for_each(|_| limiter.charge_refused(0, 1));
        assert_eq!(limiter.check(0, 1), Check::Wait(300_000_000));
    }
}
