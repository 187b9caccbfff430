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

    /// How long the attempt of such a round trip is thought to have been under way to the platform. A straggler was slow
    /// at the platform or on its way back.
    pub(crate) fn way_there(&self, round_trip: f64) -> f64 {
        0.5 * round_trip.min(self.least + 0.06)
    }
}

/// Before anything was seen.
const GUESS: f64 = 0.06;
const MOST_SPREAD: f64 = 0.08;
