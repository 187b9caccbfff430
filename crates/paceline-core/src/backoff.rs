//! The wait before the next attempt when the platform named none, with jitter.

use std::time::Duration;

use fastrand::Rng;

use crate::time::saturating_nanos;

/// How a backoff is spread over time. The names and laws are those of "Exponential Backoff and
/// Jitter" (AWS Architecture Blog, 2015), with v = min(cap, base * 2^step).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Jitter {
    /// Uniform in (0, v].
    Full,
    /// Uniform in [v/2, v].
    Equal,
    /// Uniform in [base, 3 * the wait before], at most cap.
    Decorrelated,
}

/// Exponential backoff: doubles from `base` to `cap`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Backoff {
    /// The first v; more than zero.
    pub base: Duration,
    /// The greatest v.
    pub cap: Duration,
    /// The spread.
    pub jitter: Jitter,
}

impl Backoff {
    /// After a refusal without a wait: 1 to 2 s, doubling, to a minute. What forum answers and the SDKs
    /// of such platforms agree on; never zero.
    pub const UNNAMED_WAIT: Self =
        Self { base: Duration::from_secs(2), cap: Duration::from_secs(64), jitter: Jitter::Equal };
    /// After a failure that never was an answer: half a second, doubling, to half a minute.
    pub const FAILURE: Self =
        Self { base: Duration::from_millis(500), cap: Duration::from_secs(30), jitter: Jitter::Equal };

    /// The wait of step `step` (0 is the first) after the wait `before` (zero for the first). Never
    /// zero, never more than the cap.
    pub fn wait(&self, step: u32, before: Duration, rng: &mut Rng) -> Duration {
        let base = saturating_nanos(self.base).max(1);
        let cap = saturating_nanos(self.cap).max(base);
        let value = base.saturating_mul(2_u64.saturating_pow(step)).min(cap);
        let nanos = match self.jitter {
            Jitter::Full => rng.u64(1..=value),
            Jitter::Equal => rng.u64(value.div_ceil(2)..=value),
            Jitter::Decorrelated => {
                let top = saturating_nanos(before).saturating_mul(3).clamp(base, cap);
                rng.u64(base..=top)
            }
        };
        Duration::from_nanos(nanos)
    }
}

/// `wait` and up to `spread` more: jitter on a named wait is added on top, never below.
pub(crate) fn at_least(wait: Duration, spread: Duration, rng: &mut Rng) -> Duration {
    wait.saturating_add(Duration::from_nanos(rng.u64(0..=saturating_nanos(spread))))
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;
    use proptest::prelude::{Just, Strategy, any, prop_assert, prop_oneof, proptest};

    use super::{Backoff, Duration, Jitter, at_least};

    fn jitter() -> impl Strategy<Value = Jitter> {
        prop_oneof![Just(Jitter::Full), Just(Jitter::Equal), Just(Jitter::Decorrelated)]
    }

    proptest! {
        #[test]
        fn a_wait_is_more_than_zero_and_at_most_the_cap(
            jitter in jitter(), base in 0_u64..u64::MAX, cap in 0_u64..u64::MAX,
            step in any::<u32>(), before in any::<u64>(), seed in any::<u64>(),
        ) {
            let backoff = Backoff {
                base: Duration::from_nanos(base), cap: Duration::from_nanos(cap), jitter,
            };
            let wait = backoff.wait(step, Duration::from_nanos(before), &mut Rng::with_seed(seed));
            prop_assert!(wait > Duration::ZERO);
            prop_assert!(wait <= backoff.cap.max(backoff.base).max(Duration::from_nanos(1)));
        }

        #[test]
        fn equal_jitter_keeps_at_least_half(step in 0_u32..5, seed in any::<u64>()) {
            let wait = Backoff::UNNAMED_WAIT.wait(step, Duration::ZERO, &mut Rng::with_seed(seed));
            prop_assert!(wait >= Duration::from_secs(1) * 2_u32.pow(step));
            prop_assert!(wait <= Duration::from_secs(2) * 2_u32.pow(step));
        }

        #[test]
        fn decorrelated_jitter_grows_from_the_wait_before(before in 1_u64..10_000, seed in any::<u64>()) {
            let backoff = Backoff {
                base: Duration::from_millis(100), cap: Duration::from_secs(20), jitter: Jitter::Decorrelated,
            };
            let wait = backoff.wait(9, Duration::from_millis(before), &mut Rng::with_seed(seed));
            prop_assert!(wait >= backoff.base);
            prop_assert!(wait <= Duration::from_millis(before * 3).max(backoff.base));
        }

        #[test]
        fn jitter_on_a_named_wait_is_one_sided(wait in any::<u64>(), spread in any::<u64>(), seed in any::<u64>()) {
            let (wait, spread) = (Duration::from_nanos(wait), Duration::from_nanos(spread));
            let jittered = at_least(wait, spread, &mut Rng::with_seed(seed));
            prop_assert!(jittered >= wait && jittered <= wait + spread);
        }
    }
}
