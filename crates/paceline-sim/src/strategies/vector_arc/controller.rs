//! How many calls Vector lets run at once.
//!
//! Source: vectordotdev/vector at 05b56b7, src/sinks/util/adaptive_concurrency/controller.rs, its settings in mod.rs, and the
//! means of `vector_lib::stats`. Once in each round trip the limit grows by 1 or shrinks by a tenth.

use std::time::Duration;

use paceline_core::Instant;

/// The limit, and what it has seen since it was last changed.
#[derive(Clone, Debug)]
pub(super) struct Controller {
    limit: u32,
    in_flight: u32,
    /// The round trips of earlier intervals.
    past: Option<Past>,
    next_update: Instant,
    /// The round trips of this interval: their mean in seconds, and their number.
    current: (f64, u32),
    had_back_pressure: bool,
    reached_limit: bool,
}

/// An exponentially weighted mean and variance, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Past {
    mean: f64,
    variance: f64,
}

impl Controller {
    pub(super) const fn new(now: Instant) -> Self {
        Self {
            limit: INITIAL_CONCURRENCY,
            in_flight: 0,
            past: None,
            next_update: now,
            current: (0.0, 0),
            had_back_pressure: false,
            reached_limit: false,
        }
    }

    /// Whether one more call may start.
    pub(super) const fn has_slot(&self) -> bool {
        self.in_flight < self.limit
    }

    /// A call starts; its retries are part of it.
    pub(super) const fn start(&mut self) {
        self.in_flight += 1;
        self.reached_limit |= self.in_flight >= self.limit;
    }

    /// An attempt was refused, or failed.
    pub(super) const fn pressed(&mut self) {
        self.had_back_pressure = true;
    }

    /// An attempt succeeded after so long.
    pub(super) fn measured(&mut self, round_trip: Duration) {
        self.current.1 += 1;
        // Step by step as in the original: the mean of equal values is exactly that value, which decides about growing.
        self.current.0 += (round_trip.as_secs_f64() - self.current.0) / f64::from(self.current.1);
    }

    /// A call has ended.
    pub(super) fn ended(&mut self, now: Instant) {
        self.in_flight -= 1;
        let current = (self.current.1 > 0).then_some(self.current.0);
        let mean = match (self.past, current) {
            (None, None) => return,
            (None, Some(current)) => {
                self.past = Some(Past { mean: current, variance: 0.0 });
                self.next_update = now + Duration::from_secs_f64(current);
                return;
            }
            (Some(_), _) if now < self.next_update => return,
            (Some(past), current) => {
                self.adjust(past, current);
                let past = current.map_or(past, |current| past.updated(current));
                self.past = Some(past);
                past.mean
            }
        };
        self.next_update = now + Duration::from_secs_f64(mean);
        self.current = (0.0, 0);
        (self.had_back_pressure, self.reached_limit) = (false, false);
    }

    fn adjust(&mut self, past: Past, current: Option<f64>) {
        let is_quick = current.is_some_and(|current| current <= past.mean);
        let threshold = past.mean + past.variance.sqrt() * DEVIATION_SCALE;
        let is_slow = current.unwrap_or(0.0) >= threshold;
        if self.limit < MAX_CONCURRENCY && self.reached_limit && !self.had_back_pressure && is_quick {
            self.limit += 1;
        } else if self.limit > 1 && (self.had_back_pressure || is_slow) {
            // * 0.9, rounded down
            self.limit = (self.limit * 9 / 10).max(1);
        }
    }
}

impl Past {
    fn updated(self, current: f64) -> Self {
        let difference = current - self.mean;
        let increment = ALPHA * difference;
        Self {
            mean: self.mean + increment,
            variance: (1.0 - ALPHA) * (self.variance + difference * increment),
        }
    }
}

/// These and the decrease by a tenth are the original's defaults.
const INITIAL_CONCURRENCY: u32 = 1;
const MAX_CONCURRENCY: u32 = 200;
const ALPHA: f64 = 0.4;
const DEVIATION_SCALE: f64 = 2.5;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::EPOCH + Duration::from_millis(millis)
    }

    /// `limit` calls at once, all answered after 50 ms at `millis`; returns the limit after them.
    fn round(controller: &mut Controller, millis: u64, is_refused: bool) -> u32 {
        let calls = controller.limit;
        (0..calls).for_each(|_| controller.start());
        for _ in 0..calls {
            if is_refused {
                controller.pressed();
            }
            controller.measured(Duration::from_millis(50));
            controller.ended(at(millis));
        }
        controller.limit
    }

    #[test]
    fn it_grows_by_one_in_each_round_trip_that_used_it_up() {
        let mut controller = Controller::new(at(0));
        // The first answer only sets the mean.
        let limits = [50, 100, 150, 200].map(|millis| round(&mut controller, millis, false));
        assert_eq!(limits, [1, 2, 3, 4]);
        controller.start();
        controller.measured(Duration::from_millis(49));
        controller.ended(at(250));
        assert_eq!(controller.limit, 4, "one call of four is no reason to grow");
    }

    #[test]
    fn back_pressure_takes_a_tenth_once_in_each_round_trip_however_much_there_was() {
        let mut controller = Controller::new(at(0));
        round(&mut controller, 50, false);
        controller.limit = 30;
        assert_eq!(round(&mut controller, 100, true), 27);
        assert_eq!(round(&mut controller, 150, true), 24);
        controller.limit = 1;
        assert_eq!(round(&mut controller, 200, true), 1);
    }

    #[test]
    fn the_past_follows_the_originals_own_recurrence() {
        // With alpha 0.4, from 2.0: +1 -> mean 2.4, variance 0.6 * 0.4; +0 -> 1.44, 0.6 * (0.24 + 2.4 * 0.96).
        let past = Past { mean: 2.0, variance: 0.0 }.updated(3.0);
        assert!((past.mean - 2.4).abs() < 1e-12 && (past.variance - 0.24).abs() < 1e-12, "{past:?}");
        let past = past.updated(0.0);
        assert!((past.mean - 1.44).abs() < 1e-12 && (past.variance - 1.5264).abs() < 1e-12, "{past:?}");
    }
}
