//! Ways to count what was admitted.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::Sample;

/// A kind of limiter, without its limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Model {
    /// Tokens owed: each call owes one, and they are paid back at this rate per second.
    Bucket(f64),
    /// Calls in the window, which begins so long after each multiple of its length.
    Fixed { period: Duration, phase: Duration },
    /// Calls in the time that has just passed.
    Log(Duration),
    /// Calls in flight.
    InFlight,
}

/// What a limiter of a model holds against its client.
#[derive(Debug)]
pub(super) enum Load {
    Bucket { per_second: f64, owed: f64, at: Duration },
    Fixed { period: Duration, phase: Duration, window: u128, count: f64 },
    Log(Ring),
    InFlight(BinaryHeap<Reverse<Duration>>),
}

impl Load {
    pub(super) fn of(model: Model) -> Self {
        match model {
            Model::Bucket(per_second) => Self::Bucket { per_second, owed: 0.0, at: Duration::ZERO },
            Model::Fixed { period, phase } => Self::Fixed { period, phase, window: 0, count: 0.0 },
            Model::Log(period) => Self::Log(Ring::new(period)),
            Model::InFlight => Self::InFlight(BinaryHeap::new()),
        }
    }

    /// The count just before a call that leaves at `now`.
    pub(super) fn before(&mut self, now: Duration) -> f64 {
        match self {
            Self::Bucket { per_second, owed, at } => {
                let paid = now.saturating_sub(*at).as_secs_f64() * *per_second;
                *owed = (*owed - paid).max(0.0);
                *at = now.max(*at);
                *owed
            }
            Self::Fixed { period, phase, window, count } => {
                let present = (now + *period).saturating_sub(*phase).as_nanos() / period.as_nanos().max(1);
                if present > *window {
                    (*window, *count) = (present, 0.0);
                }
                *count
            }
            Self::Log(ring) => ring.count(now),
            Self::InFlight(ends) => {
                while ends.peek().is_some_and(|Reverse(end)| *end <= now) {
                    ends.pop();
                }
                #[expect(clippy::cast_precision_loss, reason = "never as many calls in flight")]
                let count = ends.len() as f64;
                count
            }
        }
    }

    /// A call was admitted; [`Load::before`] was asked with its departure.
    pub(super) fn admit(&mut self, sample: Sample) {
        match self {
            Self::Bucket { owed, .. } => *owed += 1.0,
            Self::Fixed { count, .. } => *count += 1.0,
            Self::Log(ring) => ring.add(),
            Self::InFlight(ends) if ends.len() < MOST_IN_FLIGHT => ends.push(Reverse(sample.done)),
            Self::InFlight(_) => {}
        }
    }
}

/// How many in the time that has just passed, to a five-hundredth of it.
#[derive(Debug)]
pub(super) struct Ring {
    slot: Duration,
    counts: Vec<u32>,
    sum: u64,
    present: u128,
}

impl Ring {
    pub(super) fn new(period: Duration) -> Self {
        Self { slot: period / SLOTS, counts: vec![0; SLOTS as usize], sum: 0, present: 0 }
    }

    pub(super) fn count(&mut self, now: Duration) -> f64 {
        let present = now.as_nanos() / self.slot.as_nanos().max(1);
        let steps = present.saturating_sub(self.present).min(SLOTS.into());
        for step in 1..=steps {
            let index = self.index(self.present + step);
            self.sum -= u64::from(std::mem::take(&mut self.counts[index]));
        }
        if present > self.present + steps {
            // A whole period has passed: all was swept.
            debug_assert_eq!(self.sum, 0, "every slot was visited");
        }
        self.present = self.present.max(present);
        #[expect(clippy::cast_precision_loss, reason = "a period never holds 2^53 calls")]
        let sum = self.sum as f64;
        sum
    }

    pub(super) fn add(&mut self) {
        let index = self.index(self.present);
        self.counts[index] += 1;
        self.sum += 1;
    }

    fn index(&self, slot: u128) -> usize {
        (slot % self.counts.len() as u128) as usize
    }
}

/// Finer than the margin by which anything is judged, and small.
const SLOTS: u32 = 500;
/// More than any test has threads: a log that says otherwise fills no memory.
const MOST_IN_FLIGHT: usize = 1 << 16;
