//! A client-side token bucket set to the limit that the documentation names, and the retry that goes with it: each worker
//! sleeps out its own `Retry-After` and up to a second of jitter, and queues at the bucket again.
//!
//! Source: governor 0.10.4, src/gcra.rs (the arithmetic) and src/state/direct/future.rs (`until_ready`). There, all waiters wake
//! at one instant and one of them wins; who does is chance. Here they stand in line, which admits at the same instants.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Duration;

use fastrand::Rng;
use paceline_core::{AttemptId, CallId, Cost, Instant};
use rustc_hash::FxHashMap;

use super::calls::{UNNAMED_WAIT, told};
use super::sleepers::earlier;
use super::workers::{Patience, Workers, up_to_a_second};
use crate::platform::Rate;
use crate::strategy::{Answer, Fate, Move, Strategy, Submission};

/// The bucket, and those in line for it.
#[derive(Debug)]
pub(super) struct KnownBucket {
    gcra: Gcra,
    waiting: VecDeque<AttemptId>,
    workers: Workers<Obedient>,
    /// The calls that cost more than one.
    dear: FxHashMap<CallId, Cost>,
}

impl KnownBucket {
    /// So many percent of the limit are used.
    pub(super) fn new(rate: Rate, burst: NonZeroU32, percent: u32, seed: u64) -> Self {
        Self {
            gcra: Gcra::new(rate, burst, percent),
            waiting: VecDeque::new(),
            workers: Workers::new(Obedient, seed),
            dear: FxHashMap::default(),
        }
    }

    fn cost(&self, call: CallId) -> Cost {
        self.dear.get(&call).copied().unwrap_or(Cost::ONE)
    }
}

impl Strategy for KnownBucket {
    fn submit(&mut self, now: Instant, submission: &Submission) {
        if submission.cost != Cost::ONE {
            self.dear.insert(submission.call, submission.cost);
        }
        self.workers.submit(now, submission);
    }

    fn poll(&mut self, now: Instant) -> Move {
        let wakes = loop {
            match self.workers.poll(now) {
                Move::Send(attempt) => self.waiting.push_back(attempt),
                Move::Wait(until) => break until,
            }
        };
        let Some(&first) = self.waiting.front() else { return Move::Wait(wakes) };
        match self.gcra.check(now, self.cost(first.call)) {
            Ok(()) => {
                self.waiting.pop_front();
                Move::Send(first)
            }
            Err(until) => Move::Wait(earlier(Some(until), wakes)),
        }
    }

    fn answered(&mut self, now: Instant, attempt: AttemptId, answer: &Answer) -> Fate {
        let fate = self.workers.answered(now, attempt, answer);
        if fate != Fate::Again {
            self.dear.remove(&attempt.call);
        }
        fate
    }
}

/// A worker that reads the header rightly.
#[derive(Debug)]
struct Obedient;

impl Patience for Obedient {
    fn sleep(&mut self, _: AttemptId, answer: &Answer, rng: &mut Rng) -> Option<Duration> {
        let wait = told(answer).unwrap_or(UNNAMED_WAIT);
        Some(wait.saturating_add(up_to_a_second(rng)))
    }
}

/// The generic cell rate algorithm, in whole nanoseconds.
#[derive(Debug)]
struct Gcra {
    /// What one cell weighs in time.
    cell: Duration,
    /// How far ahead of time a cell may come.
    tolerance: Duration,
    /// The theoretical arrival time of the next cell.
    arrival: Instant,
}

impl Gcra {
    fn new(rate: Rate, burst: NonZeroU32, percent: u32) -> Self {
        let cell = (rate.per() * 100 / percent / rate.count().get()).max(Duration::from_nanos(1));
        let burst = u64::from(burst.get()) * u64::from(percent) / 100;
        let more = u32::try_from(burst.max(1) - 1).expect("a share of a u32");
        Self { cell, tolerance: cell.saturating_mul(more), arrival: Instant::EPOCH }
    }

    /// Takes `cost` cells, or says when it could. A call that costs more than the bucket ever holds waits for a full one.
    fn check(&mut self, now: Instant, cost: Cost) -> Result<(), Instant> {
        let more = self.cell.saturating_mul(cost.0.get() - 1).min(self.tolerance);
        let earliest = (self.arrival + more).saturating_sub(self.tolerance);
        if now < earliest {
            return Err(earliest);
        }
        self.arrival = self.arrival.max(now) + self.cell + more;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gcra(per_second: u32, burst: u32, percent: u32) -> Gcra {
        let some = |n| NonZeroU32::new(n).unwrap();
        Gcra::new(Rate::per_second(some(per_second)), some(burst), percent)
    }

    fn at(millis: u64) -> Instant {
        Instant::EPOCH + Duration::from_millis(millis)
    }

    #[test]
    fn a_burst_passes_at_once_and_then_one_for_each_period() {
        let mut gcra = gcra(10, 3, 100);
        assert!((0..3).all(|_| gcra.check(at(0), Cost::ONE).is_ok()));
        assert_eq!(gcra.check(at(0), Cost::ONE), Err(at(100)));
        assert_eq!(gcra.check(at(100), Cost::ONE), Ok(()));
        assert_eq!(gcra.check(at(100), Cost::ONE), Err(at(200)));
        assert!((0..3).all(|_| gcra.check(at(10_000), Cost::ONE).is_ok()));
        assert_eq!(gcra.check(at(10_000), Cost::ONE), Err(at(10_100)));
    }

    #[test]
    fn a_margin_is_taken_from_the_rate_and_from_the_burst() {
        let mut gcra = gcra(10, 20, 50);
        assert!((0..10).all(|_| gcra.check(at(0), Cost::ONE).is_ok()));
        assert_eq!(gcra.check(at(0), Cost::ONE), Err(at(200)));
    }

    #[test]
    fn a_dear_call_takes_its_cells_at_once_and_one_beyond_the_burst_waits_for_a_full_bucket() {
        let mut gcra = gcra(10, 3, 100);
        let cost = |cells| Cost(NonZeroU32::new(cells).unwrap());
        assert_eq!(gcra.check(at(0), cost(2)), Ok(()));
        assert_eq!(gcra.check(at(0), cost(2)), Err(at(100)));
        assert_eq!(gcra.check(at(0), cost(50)), Err(at(200)));
        assert_eq!(gcra.check(at(200), cost(50)), Ok(()));
        assert_eq!(gcra.check(at(200), Cost::ONE), Err(at(300)));
    }
}
