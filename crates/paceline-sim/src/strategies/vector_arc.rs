//! Vector's adaptive request concurrency, around its retry.
//!
//! Source: vectordotdev/vector at 05b56b7, src/sinks/util/service.rs (`TowerRequestLayer`: the limit is outside the retry, so
//! that a call keeps its slot while it backs off), src/sinks/util/retries.rs (`FibonacciRetryPolicy`), and the controller below.
//! Retries have no number at which they end, and `Retry-After` is not read.

use std::collections::VecDeque;
use std::time::Duration;

use fastrand::Rng;
use paceline_core::{AttemptId, CallId, Instant};
use rustc_hash::FxHashMap;

use super::calls::{Calls, Reading};
use super::sleepers::{Sleepers, after};
use crate::strategy::{Answer, Fate, Move, Strategy, Submission};

mod controller;

use controller::Controller;

/// One sink.
#[derive(Debug)]
pub(super) struct VectorArc {
    controller: Controller,
    calls: Calls,
    /// Those that have no slot yet.
    waiting: VecDeque<AttemptId>,
    /// Those that have one and back off.
    backing_off: Sleepers,
    /// When the attempts in flight departed.
    departed: FxHashMap<CallId, Instant>,
    rng: Rng,
}

impl VectorArc {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            controller: Controller::new(Instant::EPOCH),
            calls: Calls::default(),
            waiting: VecDeque::new(),
            backing_off: Sleepers::default(),
            departed: FxHashMap::default(),
            rng: Rng::with_seed(seed),
        }
    }

    fn next(&mut self, now: Instant) -> Option<AttemptId> {
        self.backing_off.wake(now).or_else(|| {
            if !self.controller.has_slot() {
                return None;
            }
            let first = self.waiting.pop_front()?;
            self.controller.start();
            Some(first)
        })
    }
}

impl Strategy for VectorArc {
    fn submit(&mut self, _: Instant, submission: &Submission) {
        self.calls.begin(submission);
        self.waiting.push_back(AttemptId { call: submission.call, number: 1 });
    }

    fn poll(&mut self, now: Instant) -> Move {
        let Some(attempt) = self.next(now) else { return Move::Wait(self.backing_off.next()) };
        self.departed.insert(attempt.call, now);
        Move::Send(attempt)
    }

    fn answered(&mut self, now: Instant, attempt: AttemptId, answer: &Answer) -> Fate {
        let departed = self.departed.remove(&attempt.call).expect("what is answered has departed");
        match self.calls.read(attempt.call, answer) {
            Reading::Ended(fate) => {
                if fate == Fate::Delivered {
                    self.controller.measured(now.saturating_since(departed));
                }
                self.controller.ended(now);
                fate
            }
            Reading::Refused | Reading::Failed => {
                self.controller.pressed();
                let sleep = fibonacci(attempt.number, &mut self.rng);
                self.backing_off.sleep(now + sleep, after(attempt));
                Fate::Again
            }
        }
    }
}

/// The sleep after the n-th attempt: 1 ms up to the n-th number of Fibonacci in seconds, 30 s at most.
fn fibonacci(n: u32, rng: &mut Rng) -> Duration {
    let (mut previous, mut current) = (0, INITIAL_BACKOFF);
    for _ in 0..n.min(STEPS_TO_MAX) {
        (previous, current) = (current, (previous + current).min(MAX_BACKOFF));
    }
    Duration::from_millis(rng.u64(0..current) + 1)
}

/// In milliseconds, as the next: the defaults of `TowerRequestConfig`.
const INITIAL_BACKOFF: u64 = 1_000;
const MAX_BACKOFF: u64 = 30_000;
/// 1, 2, 3, 5, 8, 13, 21, 30: after so many the sequence stays at the maximum.
const STEPS_TO_MAX: u32 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoffs_are_full_jitter_on_the_numbers_of_fibonacci() {
        let mut rng = Rng::with_seed(5);
        for (n, seconds) in [(1, 1), (2, 2), (3, 3), (4, 5), (5, 8), (8, 30), (9, 30), (u32::MAX, 30)] {
            let most = (0..2_000).map(|_| fibonacci(n, &mut rng)).max().unwrap();
            let bound = Duration::from_secs(seconds);
            assert!(most <= bound && most > bound * 95 / 100, "{n}: {most:?} of {bound:?}");
        }
    }
}
