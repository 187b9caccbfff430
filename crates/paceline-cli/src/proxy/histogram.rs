//! How long something took, of all calls together: counts in buckets that never change.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Spans, counted in the buckets of [`BOUNDS`] and one above them.
#[derive(Debug, Default)]
pub(super) struct Histogram {
    buckets: [AtomicU64; BOUNDS.len() + 1],
    sum_micros: AtomicU64,
}

/// What a histogram has seen at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spans {
    /// How many were no longer than each of [`BOUNDS`], in their order.
    pub(super) up_to: [u64; BOUNDS.len()],
    /// All of them.
    pub(super) count: u64,
    /// In microseconds, all together.
    pub(super) sum_micros: u64,
}

impl Histogram {
    pub(super) fn saw(&self, span: Duration) {
        let place = BOUNDS.partition_point(|bound| *bound < span);
        self.buckets[place].fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        self.sum_micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// What it has seen so far. Its count is the sum of its buckets, whatever is counted meanwhile.
    pub(super) fn spans(&self) -> Spans {
        let mut count = 0;
        let mut up_to = [0; BOUNDS.len()];
        for (place, bucket) in self.buckets.iter().enumerate() {
            count += bucket.load(Ordering::Relaxed);
            if let Some(up_to) = up_to.get_mut(place) {
                *up_to = count;
            }
        }
        Spans { up_to, count, sum_micros: self.sum_micros.load(Ordering::Relaxed) }
    }
}

/// From a platform next door to a wait that most clients do not sit out.
pub(super) const BOUNDS: [Duration; 13] = [
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_millis(2_500),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(60),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_counts_in_every_bucket_that_is_no_shorter() {
        let histogram = Histogram::default();
        for millis in [5, 6, 90_000] {
            histogram.saw(Duration::from_millis(millis));
        }
        let spans = histogram.spans();
        assert_eq!((spans.up_to[0], spans.up_to[1], spans.up_to[12]), (1, 2, 2));
        assert_eq!((spans.count, spans.sum_micros), (3, 90_011_000));
    }
}
