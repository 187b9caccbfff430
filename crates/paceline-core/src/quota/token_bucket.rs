//! A token bucket, as the generic cell rate algorithm (ITU-T I.371): one instant of state, no refilling.

use std::fmt;
use std::time::Duration;

use crate::call::Cost;
use crate::time::Instant;

/// Cost units per second; finite and more than zero.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Rate(f64);

impl Rate {
    /// One unit in a day: slower than any limit seen, and still far from never.
    pub const SLOWEST: Self = Self(SLOWEST);

    /// `units` per second; None unless finite and at least one in a day.
    #[must_use]
    pub fn per_second(units: f64) -> Option<Self> {
        (units.is_finite() && units >= SLOWEST).then_some(Self(units.min(FASTEST)))
    }

    /// `units` per `period`; None when that is less than one in a day.
    #[must_use]
    pub fn per(units: u64, period: Duration) -> Option<Self> {
        #[expect(clippy::cast_precision_loss, reason = "a rate needs no more than 53 bits")]
        Self::per_second(units as f64 / period.as_secs_f64())
    }

    /// Units per second.
    #[must_use]
    pub const fn as_per_second(self) -> f64 {
        self.0
    }

    /// This rate times `factor`, within the bounds of a rate.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self((self.0 * factor).clamp(SLOWEST, FASTEST))
    }

    /// Nanoseconds that one unit takes.
    fn interval(self) -> f64 {
        1e9 / self.0
    }
}

impl fmt::Display for Rate {
    /// Per second, or per minute or hour where that reads better.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, period) = match self.0 {
            fast if fast >= 1.0 => (fast, "s"),
            slow if slow * 60.0 >= 1.0 => (slow * 60.0, "min"),
            crawling => (crawling * 3_600.0, "h"),
        };
        let digits = usize::from(count < 99.95) + usize::from(count < 9.995);
        write!(f, "{count:.digits$}/{period}")
    }
}

/// Tokens of one limiter. Holds `burst` tokens at most; a call whose cost is greater departs when it is full.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenBucket {
    rate: Rate,
    burst: f64,
    /// When it is full again; the only thing that changes.
    full_at: Instant,
}

impl TokenBucket {
    /// A full bucket. `burst` is at least 1.
    pub(crate) fn full(rate: Rate, burst: f64) -> Self {
        Self { rate, burst: burst.max(1.0), full_at: Instant::EPOCH }
    }

    pub(crate) const fn rate(&self) -> Rate {
        self.rate
    }

    pub(crate) const fn burst(&self) -> f64 {
        self.burst
    }

    /// The earliest instant at which `cost` is granted.
    pub(crate) fn ready_at(&self, cost: Cost) -> Instant {
        let spare = self.burst - f64::from(cost.0.get()).min(self.burst);
        self.full_at.saturating_sub(self.span(spare))
    }

    pub(crate) fn take(&mut self, now: Instant, cost: Cost) {
        self.full_at = self.full_at.max(now) + self.span(f64::from(cost.0.get()));
    }

    /// Gives back what an attempt that never left had taken.
    pub(crate) fn refund(&mut self, cost: Cost) {
        self.full_at = self.full_at.saturating_sub(self.span(f64::from(cost.0.get())));
    }

    /// Tokens at `now`; negative while a cost greater than the burst is being paid off.
    pub(crate) fn level(&self, now: Instant) -> f64 {
        let missing = self.full_at.saturating_since(now).as_secs_f64() * self.rate.as_per_second();
        self.burst - missing
    }

    /// Changes rate and burst; the tokens stay, as far as the new burst holds them.
    pub(crate) fn reshape(&mut self, now: Instant, rate: Rate, burst: f64) {
        let level = self.level(now);
        self.rate = rate;
        self.burst = burst.max(1.0);
        self.set_level(now, level);
    }

    /// Sets the tokens, at most to the burst.
    pub(crate) fn set_level(&mut self, now: Instant, level: f64) {
        self.full_at = now + self.span((self.burst - level).max(0.0));
    }

    fn span(&self, units: f64) -> Duration {
        // Rounded up: a bucket may be a nanosecond slower than its rate, never faster.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive; saturates")]
        Duration::from_nanos((self.rate.interval() * units).ceil() as u64)
    }
}

/// Units per second of the slowest rate.
const SLOWEST: f64 = 1.0 / 86_400.0;
/// One unit in a nanosecond, the grain of time.
const FASTEST: f64 = 1e9;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(units: f64) -> Rate {
        Rate::per_second(units).expect("the test's rate is legal")
    }

    fn cost(units: u32) -> Cost {
        Cost(units.try_into().expect("the test's cost is positive"))
    }

    proptest! {
        #[test]
        fn in_any_span_it_grants_at_most_burst_and_rate_times_span(
            per_second in 0.1_f64..10_000.0, burst in 1.0_f64..500.0,
            steps in prop::collection::vec((0_u64..2_000_000_000, 1_u32..5), 1..200),
        ) {
            let mut bucket = TokenBucket::full(rate(per_second), burst);
            let (mut now, mut granted) = (Instant::EPOCH, Vec::new());
            for (nanos, units) in steps {
                now = now + Duration::from_nanos(nanos);
                if bucket.ready_at(cost(units)) <= now {
                    bucket.take(now, cost(units));
                    granted.push((now, f64::from(units)));
                }
            }
            for from in 0..granted.len() {
                let mut sum = 0.0;
                for &(at, units) in &granted[from..] {
                    sum += units;
                    let span = at.saturating_since(granted[from].0).as_secs_f64();
                    // A cost above the burst departs from a full bucket and is paid off afterwards.
                    prop_assert!(sum <= burst.max(5.0) + per_second * span + 5.0 + 1e-6);
                }
            }
        }

        #[test]
        fn a_refund_undoes_a_take(per_second in 0.1_f64..10_000.0, units in 1_u32..9, at in any::<u32>()) {
            let now = Instant::from_nanos(u64::from(at));
            let mut bucket = TokenBucket::full(rate(per_second), 20.0);
            bucket.take(now, cost(1));
            let before = bucket.ready_at(cost(20));
            bucket.take(now, cost(units));
            bucket.refund(cost(units));
            prop_assert_eq!(bucket.ready_at(cost(20)), before);
        }

        #[test]
        fn a_change_of_shape_makes_no_tokens(
            old in 0.1_f64..1_000.0, new in 0.1_f64..1_000.0, burst in 1.0_f64..100.0, taken in 0_u32..100,
        ) {
            let now = Instant::from_nanos(7);
            let mut bucket = TokenBucket::full(rate(old), 50.0);
            (0..taken).for_each(|_| bucket.take(now, cost(1)));
            let before = bucket.level(now);
            bucket.reshape(now, rate(new), burst);
            prop_assert!(bucket.level(now) <= before.min(bucket.burst()) + 1e-6);
        }
    }

    #[test]
    fn rates_out_of_bounds_are_no_rates() {
        for units in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-9] {
            assert_eq!(Rate::per_second(units), None);
        }
        assert_eq!(Rate::per(1, Duration::ZERO), None);
        assert_eq!(Rate::per(2_500, Duration::from_secs(60)), Rate::per_second(2_500.0 / 60.0));
    }

    #[test]
    fn a_cost_above_the_burst_departs_from_a_full_bucket_and_is_paid_off() {
        let mut bucket = TokenBucket::full(rate(1.0), 2.0);
        let now = Instant::from_nanos(0);
        assert!(bucket.ready_at(cost(10)) <= now);
        bucket.take(now, cost(10));
        assert_eq!(bucket.ready_at(cost(1)), now + Duration::from_secs(9));
    }
}
