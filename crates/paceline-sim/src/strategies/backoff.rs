//! Exponential backoff, with none, full, equal or decorrelated jitter, heeding the header or not.
//!
//! Source: aws-samples/aws-arch-backoff-simulator at 095a076, src/backoff_simulator.py, behind the article "Exponential
//! Backoff And Jitter" of the AWS Architecture Blog. The simulator has base 5 and cap 2,000 of a time unit of its own, and its
//! first retry has n = 1; 0.1 s, 20 s and n = 0, which makes the base the first wait, are what people make of it.

use std::time::Duration;

use fastrand::Rng;
use paceline_core::{AttemptId, CallId};
use rustc_hash::FxHashMap;

use super::calls::told;
use super::workers::Patience;
use crate::strategy::Answer;

/// A worker that backs off.
#[derive(Debug)]
pub(super) struct Backoff {
    spread: Spread,
    heeds_header: bool,
    /// The last sleep of each call that is being retried; only kept where the next one depends on it.
    slept: FxHashMap<CallId, f64>,
}

/// How chance spreads the waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spread {
    /// `min(cap, base * 2^n)`
    None,
    /// U(0, that)
    Full,
    /// Half of that, and U(0, the other half)
    Equal,
    /// `min(cap, U(base, 3 * the last sleep))`
    Decorrelated,
}

impl Backoff {
    /// `heeds_header`: whether it never comes before a `Retry-After`.
    pub(super) fn new(spread: Spread, heeds_header: bool) -> Self {
        Self { spread, heeds_header, slept: FxHashMap::default() }
    }

    fn seconds(&mut self, attempt: AttemptId, rng: &mut Rng) -> f64 {
        let whole = expo(attempt.number - 1);
        match self.spread {
            Spread::None => whole,
            Spread::Full => rng.f64() * whole,
            Spread::Equal => whole / 2.0 + rng.f64() * whole / 2.0,
            Spread::Decorrelated => {
                let slept = self.slept.entry(attempt.call).or_insert(BASE);
                *slept = (BASE + rng.f64() * (*slept * 3.0 - BASE)).min(CAP);
                *slept
            }
        }
    }
}

impl Patience for Backoff {
    fn sleep(&mut self, attempt: AttemptId, answer: &Answer, rng: &mut Rng) -> Option<Duration> {
        let sleep = Duration::from_secs_f64(self.seconds(attempt, rng));
        let floor = told(answer).filter(|_| self.heeds_header);
        Some(floor.map_or(sleep, |floor| sleep.max(floor)))
    }

    fn forget(&mut self, call: CallId) {
        self.slept.remove(&call);
    }
}

/// `min(cap, 2^n * base)`
fn expo(n: u32) -> f64 {
    let exponent = i32::try_from(n).unwrap_or(i32::MAX);
    (BASE * 2_f64.powi(exponent)).min(CAP)
}

/// In seconds; what the article's readers write.
const BASE: f64 = 0.1;
/// In seconds; the longest sleep.
const CAP: f64 = 20.0;

#[cfg(test)]
mod tests {
    use paceline_core::Reply;

    use super::*;

    fn sleep(backoff: &mut Backoff, number: u32, rng: &mut Rng) -> f64 {
        let attempt = AttemptId { call: CallId(1), number };
        let refused = Reply::refused(429, Duration::from_secs(1)).into();
        backoff.sleep(attempt, &refused, rng).unwrap().as_secs_f64()
    }

    #[test]
    fn without_jitter_it_doubles_up_to_the_cap() {
        let mut backoff = Backoff::new(Spread::None, false);
        let mut rng = Rng::with_seed(1);
        let sleeps = [1, 2, 3, 8, 9, 500, u32::MAX].map(|n| sleep(&mut backoff, n, &mut rng));
        assert_eq!(sleeps, [0.1, 0.2, 0.4, 12.8, 20.0, 20.0, 20.0]);
    }

    #[test]
    fn jitter_stays_within_its_bounds_and_uses_them() {
        let mut rng = Rng::with_seed(2);
        for (spread, low, high) in [(Spread::Full, 0.0, 1.6), (Spread::Equal, 0.8, 1.6)] {
            let mut backoff = Backoff::new(spread, false);
            let sleeps: Vec<f64> = (0..1_000).map(|_| sleep(&mut backoff, 5, &mut rng)).collect();
            let (least, most) = sleeps.iter().fold((f64::MAX, 0_f64), |(a, b), &it| (a.min(it), b.max(it)));
            assert!(least >= low && least < low + 0.05 && most <= high && most > high - 0.05, "{spread:?}");
        }
    }

    #[test]
    fn decorrelated_jitter_lies_between_the_base_and_three_times_the_last_sleep() {
        let mut backoff = Backoff::new(Spread::Decorrelated, false);
        let mut rng = Rng::with_seed(3);
        let mut last = BASE;
        for n in 1..200 {
            let slept = sleep(&mut backoff, n, &mut rng);
            assert!(slept >= BASE - 1e-9 && slept <= (last * 3.0).min(CAP) + 1e-9, "{last} -> {slept}");
            last = slept;
        }
        backoff.forget(CallId(1));
        assert!(backoff.slept.is_empty() && sleep(&mut backoff, 1, &mut rng) <= 0.3 + 1e-9);
    }

    #[test]
    fn one_that_heeds_the_header_never_comes_before_it() {
        let mut backoff = Backoff::new(Spread::Full, true);
        let mut rng = Rng::with_seed(4);
        assert!((0..200).all(|_| sleep(&mut backoff, 2, &mut rng) >= 1.0));
    }
}
