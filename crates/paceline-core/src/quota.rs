//! Rates, and buckets that hold departures to one.

use std::time::Duration;

mod published;
mod token_bucket;

pub(crate) use published::{Grant, PublishedShadow};
pub use token_bucket::Rate;
pub(crate) use token_bucket::TokenBucket;

/// What a late wake-up may catch up with: half a slot, so that timers which fire late do not cost capacity for good (a
/// pacer with a burst of 1 loses 8 % at 120/s); and at rates whose slots are shorter than a timer's grain, that grain.
pub(crate) fn least_burst(rate: Rate) -> f64 {
    (1.0 + rate.as_per_second() * TIMER_GRAIN.as_secs_f64()).max(1.5)
}

/// tokio's timers round up to a millisecond; two leave room for a busy machine.
const TIMER_GRAIN: Duration = Duration::from_millis(2);
