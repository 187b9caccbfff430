//! The pacer of a scope: the shadow of the platform's bucket, behind a smoother.

use std::time::Duration;

use crate::call::Cost;
use crate::learn::Aimd;
use crate::quota::{Rate, TokenBucket};
use crate::time::Instant;

/// Grants a departure when both the shadow and the smoother do.
///
/// The shadow says how much the platform would admit by now. The smoother says how fast that may be
/// used: what accrued while a gate was closed, or while nobody called, leaves at no more than
/// [`CATCH_UP`] times the rate and never as a burst (a burst would meet the platform's jitter, and
/// thousands of refusals).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pacer {
    shadow: TokenBucket,
    smoother: TokenBucket,
}

impl Pacer {
    pub(crate) fn new(learner: &Aimd) -> Self {
        let shadow = shadow(learner);
        Self { shadow, smoother: smoother(&shadow, learner.most()) }
    }

    pub(crate) const fn rate(&self) -> Rate {
        self.shadow.rate()
    }

    pub(crate) fn ready_at(&self, cost: Cost) -> Instant {
        self.shadow.ready_at(cost).max(self.smoother.ready_at(cost))
    }

    pub(crate) fn take(&mut self, now: Instant, cost: Cost) {
        self.shadow.take(now, cost);
        self.smoother.take(now, cost);
    }

    pub(crate) fn refund(&mut self, cost: Cost) {
        self.shadow.refund(cost);
        self.smoother.refund(cost);
    }

    /// Follows what was learned; the tokens stay.
    pub(crate) fn reshape(&mut self, now: Instant, learner: &Aimd) {
        let shadow = shadow(learner);
        self.shadow.reshape(now, shadow.rate(), shadow.burst());
        let smoother = smoother(&shadow, learner.most());
        self.smoother.reshape(now, smoother.rate(), smoother.burst());
    }

    /// Whether departures are using up what was saved, and not only the rate.
    pub(crate) fn has_saved_up(&self, now: Instant) -> bool {
        self.shadow.level(now) > self.smoother.burst().max(self.shadow.burst() * NOTABLE_SHARE)
    }

    /// The platform has just refused: its bucket is empty, so is the shadow.
    pub(crate) fn empty(&mut self, now: Instant) {
        self.shadow.set_level(now, 0.0);
    }
}

fn shadow(learner: &Aimd) -> TokenBucket {
    let rate = learner.rate();
    TokenBucket::full(rate, learner.burst().max(least_burst(rate)))
}

/// `most` is the user's ceiling, which catching up does not exceed either.
fn smoother(shadow: &TokenBucket, most: Option<Rate>) -> TokenBucket {
    let rate = shadow.rate();
    let least = least_burst(rate);
    // Without a burst to use up there is nothing to catch up with.
    let fastest = if shadow.burst() > least { rate.scaled(CATCH_UP) } else { rate };
    let capped = most.filter(|&most| most < fastest).unwrap_or(fastest);
    TokenBucket::full(capped, least)
}

/// What a late wake-up may catch up with: half a slot, so that timers which fire late do not cost
/// capacity for good (a pacer with a burst of 1 loses 8 % at 120/s); and at rates whose slots are
/// shorter than a timer's grain, that grain.
pub(super) fn least_burst(rate: Rate) -> f64 {
    (rate.as_per_second() * TIMER_GRAIN.as_secs_f64()).max(1.5)
}

/// Of the rate, at most. Tokens of a full second are used up in four.
pub(crate) const CATCH_UP: f64 = 1.25;
/// tokio's timers round up to a millisecond; two leave room for a busy machine.
const TIMER_GRAIN: Duration = Duration::from_millis(2);
/// Less than a tenth of the burst is noise.
const NOTABLE_SHARE: f64 = 0.1;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(units: f64) -> Rate {
        Rate::per_second(units).expect("the test's rate is legal")
    }

    /// A pacer of that rate and burst, unless `most` is less.
    fn pacer(per_second: f64, burst: f64, most: Option<f64>) -> Pacer {
        let shadow = TokenBucket::full(rate(per_second), burst.max(least_burst(rate(per_second))));
        Pacer { shadow, smoother: smoother(&shadow, most.map(rate)) }
    }

    /// Departures of a client that always has a call waiting and wakes up `late` after it could.
    fn departures(mut pacer: Pacer, late: Duration, until: Instant) -> Vec<Instant> {
        let mut departures = Vec::new();
        let mut now = Instant::EPOCH;
        while now < until {
            pacer.take(now, Cost::ONE);
            departures.push(now);
            now = pacer.ready_at(Cost::ONE).max(now);
            if now > *departures.last().expect("one was just pushed") {
                now = now + late;
            }
        }
        departures
    }

    proptest! {
        #[test]
        fn saved_tokens_leave_at_no_more_than_the_catch_up_rate(
            per_second in 1.0_f64..2_000.0, burst in 1.0_f64..500.0,
        ) {
            let rate = rate(per_second);
            let pacer = pacer(per_second, burst, None);
            let departures = departures(pacer, Duration::ZERO, Instant::from_nanos(3_000_000_000));
            for window in [10, 100] {
                for pair in departures.windows(window + 1) {
                    let span = pair[window].saturating_since(pair[0]).as_secs_f64();
                    #[expect(clippy::cast_precision_loss, reason = "10 or 100")]
                    let sent = window as f64;
                    prop_assert!(sent <= CATCH_UP * per_second * span + least_burst(rate) + 1e-6);
                }
            }
        }
    }

    #[test]
    fn late_wake_ups_cost_no_capacity_for_good() {
        // Timers 1 ms late at 120/s: slots of 8.33 ms.
        let ten_seconds = Instant::from_nanos(10_000_000_000);
        let sent = departures(pacer(120.0, 1.0, None), Duration::from_millis(1), ten_seconds).len();
        assert!((1_198..=1_202).contains(&sent), "{sent} of 1,200");
    }

    #[test]
    fn slots_shorter_than_a_timers_grain_are_used_all_the_same() {
        let second = Instant::from_nanos(1_000_000_000);
        let sent = departures(pacer(20_000.0, 1.0, None), Duration::from_millis(1), second).len();
        assert!(sent >= 19_800, "{sent} of 20,000");
    }

    #[test]
    fn catching_up_does_not_exceed_the_ceiling() {
        let ten_seconds = Instant::from_nanos(10_000_000_000);
        let sent = departures(pacer(100.0, 200.0, Some(100.0)), Duration::ZERO, ten_seconds).len();
        assert!(sent <= 1_002, "{sent} in ten seconds, of 1,000 that the user allows");
    }
}
