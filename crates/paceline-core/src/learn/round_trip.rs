//! How long answers take, and by how much that varies.

/// Round trips of accepted attempts, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RoundTrips {
    least: f64,
    /// The mean of late, without the stragglers.
    smoothed: Option<f64>,
    /// The mean of late, with them.
    mean: f64,
    spread: f64,
    /// The mean square deviation of late.
    variance: f64,
}

impl RoundTrips {
    pub(crate) const fn new() -> Self {
        Self { least: f64::INFINITY, smoothed: None, mean: 0.0, spread: 0.05, variance: 1.6e-4 }
    }

    pub(crate) fn observe(&mut self, round_trip: f64) {
        self.least = self.least.min(round_trip);
        self.mean += (round_trip - self.mean) / if self.smoothed.is_some() { 400.0 } else { 1.0 };
        let all = round_trip;
        let round_trip = self.smoothed.map_or(round_trip, |mean| round_trip.min(3.0 * mean));
        let deviation = round_trip - self.smoothed.unwrap_or(round_trip);
        self.variance += (deviation * deviation - self.variance) / 64.0;
        self.smoothed = Some(self.smoothed.map_or(round_trip, |mean| mean + (round_trip - mean) / 20.0));
        // The greatest of late; a straggler is no jitter.
        self.spread = (self.spread * 0.9998).max((all - self.least).min(MOST_SPREAD));
    }

    /// How much longer the mean one takes because of stragglers.
    pub(crate) fn lateness(&self) -> f64 {
        (self.mean - self.smoothed()).max(0.0)
    }

    /// The mean of late, without stragglers.
    pub(crate) fn smoothed(&self) -> f64 {
        self.smoothed.unwrap_or(GUESS)
    }

    /// The difference between the slowest and the fastest of late.
    pub(crate) fn spread(&self) -> f64 {
        // A new connection takes longer, and is no jitter: of a uniform spread, the deviation is a third and a bit.
        self.spread.min(4.0 * self.variance.sqrt()).max(0.002)
    }

    /// How long the attempt of such a round trip is thought to have been under way to the platform. What it took beyond
    /// the fastest was lost on the way there, at the platform or on the way back: half of the half is least often wrong by
    /// much. A straggler was slow at the platform or on its way back.
    pub(crate) fn way_there(&self, round_trip: f64) -> f64 {
        let least = self.least.min(round_trip);
        0.5 * least + 0.25 * (round_trip - least).min(MOST_DELAY)
    }
}

/// Seconds beyond the fastest: more is a straggler's.
const MOST_DELAY: f64 = 0.06;
/// Before anything was seen.
const GUESS: f64 = 0.06;
const MOST_SPREAD: f64 = 0.08;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seen(round_trips: &[f64]) -> RoundTrips {
        let mut seen = RoundTrips::new();
        round_trips.iter().for_each(|&round_trip| seen.observe(round_trip));
        seen
    }

    proptest! {
        #[test]
        fn the_mean_lies_between_the_fastest_and_the_slowest(
            observed in prop::collection::vec(0.0_f64..100.0, 1..200),
        ) {
            let round_trips = seen(&observed);
            let fastest = observed.iter().copied().fold(f64::INFINITY, f64::min);
            let slowest = observed.iter().copied().fold(0.0, f64::max);
            let mean = round_trips.smoothed();
            prop_assert!((fastest - 1e-9..=slowest + 1e-9).contains(&mean), "{mean}");
            prop_assert!(round_trips.lateness() >= 0.0 && round_trips.lateness() <= slowest);
            prop_assert!((0.002..=MOST_SPREAD).contains(&round_trips.spread()));
        }

        #[test]
        fn the_way_there_is_at_most_half_of_the_round_trip(
            observed in prop::collection::vec(0.0_f64..100.0, 1..200), round_trip in 0.0_f64..100.0,
        ) {
            let way = seen(&observed).way_there(round_trip);
            prop_assert!(way >= 0.0 && way <= 0.5 * round_trip);
        }

        #[test]
        fn stragglers_are_no_jitter_and_move_no_mean(
            usual in 0.01_f64..0.5, straggler in 1.0_f64..60.0, every in 50_usize..500,
        ) {
            let observed: Vec<f64> =
                (1..3_000).map(|index| if index % every == 0 { straggler } else { usual }).collect();
            let round_trips = seen(&observed);
            prop_assert!(round_trips.smoothed() < 1.2 * usual, "{}", round_trips.smoothed());
            prop_assert!(round_trips.way_there(straggler) <= 0.5 * usual + 0.03 + 1e-9);
        }
    }

    #[test]
    fn a_steady_way_has_hardly_a_spread_in_the_end() {
        let round_trips = seen(&[0.05; 2_000]);
        assert!(round_trips.spread() <= 0.002 + 1e-9, "{}", round_trips.spread());
        assert!(round_trips.lateness() < 1e-9);
    }

    #[test]
    fn a_uniform_spread_is_seen_as_what_it_is() {
        let mut random = fastrand::Rng::with_seed(5);
        let observed: Vec<f64> = (0..2_000).map(|_| 0.03 + 0.04 * random.f64()).collect();
        let spread = seen(&observed).spread();
        assert!((0.03..0.06).contains(&spread), "{spread}");
    }
}
