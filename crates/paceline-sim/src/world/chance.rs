//! Gaps between things that happen by chance.

use std::time::Duration;

use fastrand::Rng;

use crate::platform::Rate;

/// The time to the next arrival of a Poisson process with this rate.
pub(super) fn gap(rate: Rate, rng: &mut Rng) -> Duration {
    let mean = rate.per().as_secs_f64() / f64::from(rate.count().get());
    // 1 - [0, 1) is never 0, of which there is no logarithm.
    let gap = -(1.0 - rng.f64()).ln() * mean;
    Duration::try_from_secs_f64(gap).unwrap_or(Duration::MAX)
}
