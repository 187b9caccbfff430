//! Calls drain at a rate; some wait their turn, the rest are refused.

use super::{Check, wait_of};
use crate::platform::published::Standing;
use crate::platform::rate::Rate;

/// Times are kept in units of `1 / count` nanoseconds, in which a call drains in exactly `period` units.
#[derive(Clone, Debug)]
pub(crate) struct LeakyBucket {
    count: u128,
    period: u128,
    queue: u128,
    /// When everything taken so far will have drained.
    drained_at: u128,
}

impl LeakyBucket {
    pub(super) fn new(rate: Rate, queue: u32) -> Self {
        let (count, period) = (u128::from(rate.count().get()), u128::from(rate.per_nanos()));
        Self { count, period, queue: u128::from(queue) * period, drained_at: 0 }
    }

    pub(super) fn check(&mut self, now: u64, cost: u32) -> Check {
        let behind_itself = self.behind_itself(cost);
        if behind_itself > self.queue {
            return Check::Never;
        }
        let waits = self.backlog(now) + behind_itself;
        if waits <= self.queue {
            return Check::Fits;
        }
        wait_of((waits - self.queue).div_ceil(self.count))
    }

    /// What fits into the queue beside the one being served; the reset is when it will be empty.
    pub(super) fn standing(&self, now: u64) -> Standing {
        let holds = self.queue + self.period;
        let units = |time: u128| u64::try_from(time / self.period).unwrap_or(u64::MAX);
        let backlog = self.backlog(now);
        Standing {
            count: units(holds),
            period: Some(holds / self.count),
            remaining: units(holds.saturating_sub(backlog)),
            reset: Some(backlog.div_ceil(self.count)),
        }
    }

    /// Returns how many nanoseconds the call waits until its last unit is served.
    pub(super) fn take(&mut self, now: u64, cost: u32) -> u64 {
        let waits = self.backlog(now) + self.behind_itself(cost);
        self.fill(now, cost);
        u64::try_from(waits.div_ceil(self.count)).unwrap_or(u64::MAX)
    }

    /// Fills the queue as a taken call would, but no further than full.
    pub(super) fn charge_refused(&mut self, now: u64, cost: u32) {
        self.fill(now, cost);
        let full = u128::from(now) * self.count + self.queue + self.period;
        self.drained_at = self.drained_at.min(full);
    }

    /// The calls that wait go on waiting, at the new rate.
    pub(super) fn change(&mut self, now: u64, rate: Rate, queue: u32) {
        let backlog = self.backlog(now);
        let mut changed = Self::new(rate, queue);
        changed.drained_at = u128::from(now) * changed.count + backlog * changed.period / self.period;
        *self = changed;
    }

    fn fill(&mut self, now: u64, cost: u32) {
        let now = u128::from(now) * self.count;
        self.drained_at = self.drained_at.max(now) + u128::from(cost) * self.period;
    }

    fn backlog(&self, now: u64) -> u128 {
        self.drained_at.saturating_sub(u128::from(now) * self.count)
    }

    /// How long the last unit of a call waits for the others of the same call.
    fn behind_itself(&self, cost: u32) -> u128 {
        u128::from(cost.saturating_sub(1)) * self.period
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::laws;
    use super::super::{Limiter, LimiterKind};
    use super::*;

    fn bucket(count: u32, per_millis: u64, queue: u32) -> Limiter {
        Limiter::new(LimiterKind::LeakyBucket { rate: laws::rate(count, per_millis), queue }, 0)
    }

    proptest! {
        #[test]
        fn admits_at_most_the_queue_and_what_drained(
            count in 1_u32..200, per in 1_u64..5_000, queue in 0_u32..50, load in laws::load(),
        ) {
            let admitted = laws::offer(&mut bucket(count, per, queue), &load);
            for (i, &(start, _)) in admitted.iter().enumerate() {
                let mut taken = 0_u128;
                for &(end, cost) in &admitted[i..] {
                    taken += u128::from(cost);
                    let drained = u128::from(end - start) * u128::from(count) / (u128::from(per) * 1_000_000);
                    prop_assert!(taken <= u128::from(queue) + 1 + drained);
                }
            }
        }

        #[test]
        fn a_lone_client_that_obeys_the_wait_is_admitted(
            count in 1_u32..200, per in 1_u64..5_000, queue in 0_u32..50, load in laws::load(),
        ) {
            laws::obeyed_wait_admits(bucket(count, per, queue), &load)?;
            laws::wait_is_exact(bucket(count, per, queue), &load)?;
        }
    }

    #[test]
    fn calls_that_wait_are_served_one_period_apart() {
        let mut limiter = bucket(10, 1_000, 3);
        let delays: Vec<u64> = (0..4).map(|_| limiter.take(0, 1)).collect();
        assert_eq!(delays, [0, 100_000_000, 200_000_000, 300_000_000]);
        assert_eq!(limiter.check(0, 1), Check::Wait(100_000_000));
    }

    #[test]
    fn counted_refusals_fill_the_queue_and_no_more() {
        let mut limiter = bucket(10, 1_000, 3);
        (0..100).for_each(|_| limiter.charge_refused(0, 1));
        assert_eq!(limiter.check(0, 1), Check::Wait(100_000_000));
    }
}
