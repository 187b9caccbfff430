//! How long a platform takes to answer.

use std::time::Duration;

use fastrand::Rng;

/// Every latency in the range is equally likely. The order of the two ends does not matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LatencyRange {
    shortest: u64,
    longest: u64,
}

impl LatencyRange {
    /// From one to the other, both included; capped at an hour.
    #[must_use]
    pub fn between(one: Duration, other: Duration) -> Self {
        let nanos = |span: Duration| u64::try_from(span.min(LONGEST).as_nanos()).expect("an hour fits");
        let (one, other) = (nanos(one), nanos(other));
        Self { shortest: one.min(other), longest: one.max(other) }
    }

    /// The least.
    #[must_use]
    pub const fn shortest(self) -> Duration {
        Duration::from_nanos(self.shortest)
    }

    /// The greatest.
    #[must_use]
    pub const fn longest(self) -> Duration {
        Duration::from_nanos(self.longest)
    }

    pub(crate) fn sample(self, rng: &mut Rng) -> Duration {
        if self.shortest == self.longest {
            return self.shortest();
        }
        Duration::from_nanos(rng.u64(self.shortest..=self.longest))
    }
}

/// No platform holds a request open for longer; keeps sums of latencies far from overflow.
const LONGEST: Duration = Duration::from_secs(3_600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_is_in_the_range_whatever_the_order_of_its_ends() {
        let (low, high) = (Duration::from_millis(30), Duration::from_millis(80));
        let range = LatencyRange::between(high, low);
        assert_eq!(range, LatencyRange::between(low, high));
        let mut rng = Rng::with_seed(7);
        let samples: Vec<Duration> = (0..1_000).map(|_| range.sample(&mut rng)).collect();
        assert!(samples.iter().all(|sample| (low..=high).contains(sample)));
        assert!(samples.iter().any(|sample| *sample < Duration::from_millis(40)));
        assert!(samples.iter().any(|sample| *sample > Duration::from_millis(70)));
    }
}
