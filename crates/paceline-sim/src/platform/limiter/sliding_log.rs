//! So many in any window: every admission is remembered.

use std::collections::VecDeque;

use super::{Check, wait_of};
use crate::platform::published::Standing;
use crate::platform::rate::Rate;

/// Only the youngest `most` units can matter, so no more than that are remembered.
#[derive(Clone, Debug)]
pub(crate) struct SlidingLog {
    most: u64,
    window: u64,
    log: VecDeque<(u64, u32)>,
    held: u64,
}

impl SlidingLog {
    pub(super) fn new(rate: Rate) -> Self {
        let most = u64::from(rate.count().get());
        Self { most, window: rate.per_nanos(), log: VecDeque::new(), held: 0 }
    }

    pub(super) fn check(&mut self, now: u64, cost: u32) -> Check {
        let cost = u64::from(cost);
        if cost > self.most {
            return Check::Never;
        }
        self.forget(now);
        if self.held + cost <= self.most {
            return Check::Fits;
        }
        let leaves = self.leaving(self.held + cost - self.most);
        wait_of(u128::from(leaves) + u128::from(self.window) - u128::from(now))
    }

    /// The reset is when the oldest admission leaves.
    pub(super) fn standing(&mut self, now: u64) -> Standing {
        self.forget(now);
        let leaves =
            self.log.front().map_or(0, |&(at, _)| at.saturating_add(self.window).saturating_sub(now));
        Standing {
            count: self.most,
            period: Some(u128::from(self.window)),
            remaining: self.most.saturating_sub(self.held),
            reset: Some(u128::from(leaves)),
        }
    }

    pub(super) fn take(&mut self, now: u64, cost: u32) {
        self.forget(now);
        self.log.push_back((now, cost));
        self.held += u64::from(cost);
        self.trim();
    }

    /// What is remembered stays remembered.
    pub(super) const fn change(&mut self, rate: Rate) {
        self.most = rate.count().get() as u64;
        self.window = rate.per_nanos();
    }

    /// When the youngest of the oldest `units` was admitted.
    fn leaving(&self, units: u64) -> u64 {
        let mut left = 0;
        for &(at, cost) in &self.log {
            left += u64::from(cost);
            if left >= units {
                return at;
            }
        }
        unreachable!("no more units leave than the log holds")
    }

    fn forget(&mut self, now: u64) {
        while let Some(&(at, cost)) = self.log.front() {
            if now.saturating_sub(at) < self.window {
                return;
            }
            self.held -= u64::from(cost);
            self.log.pop_front();
        }
    }

    fn trim(&mut self) {
        while self.held > self.most {
            let Some((_, cost)) = self.log.front_mut() else { return };
            let excess = self.held - self.most;
            let cut = u64::from(*cost).min(excess);
            *cost -= u32::try_from(cut).expect("a cut is no more than the cost it is cut from");
            self.held -= cut;
            if *cost == 0 {
                self.log.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::laws;
    use super::super::{Limiter, LimiterKind};
    use super::*;

    fn log(count: u32, per_millis: u64) -> Limiter {
        Limiter::new(LimiterKind::SlidingLog { rate: laws::rate(count, per_millis) }, 0)
    }

    proptest! {
        #[test]
        fn admits_what_counting_the_last_window_admits(
            count in 1_u32..50, per in 1_u64..5_000, load in laws::load(),
        ) {
            let window = per * 1_000_000;
            let mut expected: Vec<(u64, u32)> = Vec::new();
            for &(at, cost) in &load {
                let recent = |&&(then, _): &&(u64, u32)| at - then < window;
                let held: u32 = expected.iter().filter(recent).map(|&(_, cost)| cost).sum();
                if held + cost <= count {
                    expected.push((at, cost));
                }
            }
            prop_assert_eq!(laws::offer(&mut log(count, per), &load), expected);
        }

        #[test]
        fn a_lone_client_that_obeys_the_wait_is_admitted(
            count in 1_u32..50, per in 1_u64..5_000, load in laws::load(),
        ) {
            laws::obeyed_wait_admits(log(count, per), &load)?;
            laws::wait_is_exact(log(count, per), &load)?;
        }

        #[test]
        fn remembers_no_more_than_it_admits(count in 1_u32..50, load in laws::load()) {
            let mut log = SlidingLog::new(laws::rate(count, 1_000_000));
            for &(at, cost) in &load {
                log.take(at, cost);
                prop_assert!(log.held <= u64::from(count));
                prop_assert!(log.log.len() <= count as usize);
            }
        }
    }

    #[test]
    fn counted_refusals_postpone_the_next_admission() {
        let mut limiter = log(1, 10_000);
        limiter.take(0, 1);
        assert_eq!(limiter.check(5_000_000_000, 1), Check::Wait(5_000_000_000));
        limiter.charge_refused(5_000_000_000, 1);
        assert_eq!(limiter.check(5_000_000_000, 1), Check::Wait(10_000_000_000));
    }
}
