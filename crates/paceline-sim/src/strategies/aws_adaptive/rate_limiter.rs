//! The SDKs' client-side rate limiter: a token bucket whose rate CUBIC sets.
//!
//! Source: aws-smithy-runtime 1.16.2, src/client/retries/client_rate_limiter.rs. Each throttled answer multiplies the rate by
//! 0.7 and overwrites the rate that CUBIC climbs back to; forty of them in one burst are forty decreases.

use std::time::Duration;

use paceline_core::Instant;

/// Disabled, and without any effect, until the first throttling.
#[derive(Clone, Debug)]
pub(super) struct RateLimiter {
    is_enabled: bool,
    /// Tokens per second.
    fill_rate: f64,
    max_capacity: f64,
    capacity: f64,
    /// When the bucket was last filled, in seconds since the epoch, as all times here.
    filled_at: Option<f64>,
    /// Answers per second, smoothed.
    measured_rate: f64,
    /// The half second in which answers are being counted.
    bucket: f64,
    answers_in_bucket: u32,
    /// The rate at the last throttling.
    last_max_rate: f64,
    throttled_at: f64,
}

/// What a token is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    FirstAttempt,
    Retry,
    /// The original calls it a retry after a time-out, and means one after throttling.
    RetryAfterThrottling,
}

impl RateLimiter {
    pub(super) const fn new() -> Self {
        Self {
            is_enabled: false,
            fill_rate: 0.0,
            max_capacity: f64::MAX,
            capacity: 0.0,
            filled_at: None,
            measured_rate: MIN_FILL_RATE,
            bucket: 0.0,
            answers_in_bucket: 0,
            last_max_rate: 0.0,
            throttled_at: 0.0,
        }
    }

    /// Takes tokens, or says after how long there may be enough; then nothing was taken.
    pub(super) fn acquire(&mut self, now: Instant, reason: Reason) -> Result<(), Duration> {
        if !self.is_enabled {
            return Ok(());
        }
        let amount = reason.cost();
        self.fill(seconds(now));
        if amount > self.capacity {
            let wait = Duration::from_secs_f64((amount - self.capacity) / self.fill_rate);
            if !wait.is_zero() {
                return Err(wait);
            }
        }
        self.capacity = (self.capacity - amount).max(0.0);
        Ok(())
    }

    /// Learns from an answer.
    pub(super) fn update(&mut self, now: Instant, is_throttled: bool) {
        let now = seconds(now);
        self.measure(now);
        let rate = if is_throttled { self.throttle(now) } else { self.cubic(now) };
        self.set_rate(now, rate.min(2.0 * self.measured_rate));
    }

    fn throttle(&mut self, now: f64) -> f64 {
        let rate = if self.is_enabled { self.measured_rate.min(self.fill_rate) } else { self.measured_rate };
        self.last_max_rate = rate;
        self.throttled_at = now;
        self.is_enabled = true;
        rate * BETA
    }

    fn cubic(&self, now: f64) -> f64 {
        let plateau = (self.last_max_rate * (1.0 - BETA) / SCALE).powf(1.0 / 3.0);
        SCALE * (now - self.throttled_at - plateau).powi(3) + self.last_max_rate
    }

    fn measure(&mut self, now: f64) {
        let bucket = (now * 2.0).floor() / 2.0;
        self.answers_in_bucket += 1;
        if bucket > self.bucket {
            let rate = f64::from(self.answers_in_bucket) / (bucket - self.bucket);
            self.measured_rate = rate * SMOOTH + self.measured_rate * (1.0 - SMOOTH);
            self.answers_in_bucket = 0;
            self.bucket = bucket;
        }
    }

    fn set_rate(&mut self, now: f64, rate: f64) {
        self.fill(now);
        self.fill_rate = rate.max(MIN_FILL_RATE);
        self.max_capacity = rate.max(MIN_CAPACITY);
        self.capacity = self.capacity.min(self.max_capacity);
    }

    fn fill(&mut self, now: f64) {
        if let Some(filled_at) = self.filled_at {
            self.capacity = (self.capacity + (now - filled_at) * self.fill_rate).min(self.max_capacity);
        }
        self.filled_at = Some(now);
    }
}

impl Reason {
    const fn cost(self) -> f64 {
        match self {
            Self::FirstAttempt => 1.0,
            Self::Retry => 5.0,
            Self::RetryAfterThrottling => 10.0,
        }
    }
}

fn seconds(now: Instant) -> f64 {
    now.saturating_since(Instant::EPOCH).as_secs_f64()
}

/// All of these are the original's.
const MIN_FILL_RATE: f64 = 0.5;
const MIN_CAPACITY: f64 = 1.0;
const SMOOTH: f64 = 0.8;
const BETA: f64 = 0.7;
const SCALE: f64 = 0.4;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(tenths: u64) -> Instant {
        Instant::from_nanos(tenths * 100_000_000)
    }

    fn assert_close(one: f64, other: f64) {
        assert!((one - other).abs() < 1e-9, "{one} is not {other}");
    }

    /// The limiter that the original's tests begin with.
    fn unmeasured() -> RateLimiter {
        RateLimiter { measured_rate: 0.0, ..RateLimiter::new() }
    }

    #[test]
    fn rates_follow_the_originals_own_test() {
        // (tenths of a second, throttled, measured rate, fill rate): `test_client_sending_rates`
        let answers = [
            (2, false, 0.0, 0.5),
            (4, false, 0.0, 0.5),
            (6, false, 4.8, 0.5),
            (8, false, 4.8, 0.5),
            (10, false, 4.16, 0.5),
            (12, false, 4.16, 0.6912),
            (14, false, 4.16, 1.0976),
            (16, false, 5.632, 1.6384),
            (18, false, 5.632, 2.3328),
            (20, true, 4.3264, 3.02848),
            (22, false, 4.3264, 3.486_639_173_470_26),
            (24, false, 4.3264, 3.821_874_416_040_255),
            (26, false, 5.66528, 4.053_385_727_709_987),
            (28, false, 5.66528, 4.200_373_108_479_454),
            (30, false, 4.333_056, 4.282_036_558_348_658),
            (32, true, 4.333_056, 2.997_425_590_844_06),
            (34, false, 4.333_056, 3.452_226_394_386_346),
        ];
        let mut limiter = unmeasured();
        for (tenths, is_throttled, measured, fill) in answers {
            limiter.update(at(tenths), is_throttled);
            assert_close(limiter.measured_rate, measured);
            assert_close(limiter.fill_rate, fill);
        }
    }

    #[test]
    fn the_cubic_climbs_as_in_the_originals_own_test() {
        let limiter = RateLimiter { last_max_rate: 10.0, throttled_at: 5.0, ..unmeasured() };
        let climb = [(5.0, 7.0), (6.0, 9.648_936_009_66), (8.0, 10.453_284_520_772_092)];
        for (now, rate) in climb.into_iter().chain([(11.0, 36.425_998_516_920_465)]) {
            assert_close(limiter.cubic(now), rate);
        }
    }

    #[test]
    fn every_throttled_answer_of_one_episode_multiplies_the_rate_anew() {
        let mut limiter = RateLimiter { measured_rate: 100.0, fill_rate: 100.0, ..RateLimiter::new() };
        for _ in 0..4 {
            limiter.update(at(1), true);
        }
        // 100 * 0.7^4; the plateau that it climbs back to is one step above, not 100.
        assert_close(limiter.fill_rate, 24.01);
        assert_close(limiter.last_max_rate, 34.3);
    }

    #[test]
    fn an_acquisition_that_has_to_wait_takes_nothing() {
        let mut limiter = RateLimiter::new();
        assert_eq!(limiter.acquire(at(0), Reason::RetryAfterThrottling), Ok(()));
        limiter.update(at(1), true);
        let two_seconds = Err(Duration::from_secs(2));
        assert_eq!(limiter.acquire(at(1), Reason::FirstAttempt), two_seconds);
        assert_eq!(limiter.acquire(at(1), Reason::FirstAttempt), two_seconds);
        assert_eq!(limiter.acquire(at(1), Reason::RetryAfterThrottling), Err(Duration::from_secs(20)));
        assert_eq!(limiter.acquire(at(21), Reason::FirstAttempt), Ok(()));
        assert_eq!(limiter.acquire(at(21), Reason::FirstAttempt), two_seconds);
    }
}
