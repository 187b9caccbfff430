//! One gate that all workers of a client obey: closed until the longest `Retry-After` that any of them was told, and open to
//! all of them at once after it.
//!
//! What a careful team builds first (a "circuit breaker on 429"); what it lacks is a paced reopening.

use std::collections::VecDeque;

use paceline_core::{AttemptId, Instant};

use super::calls::{Calls, Reading, UNNAMED_WAIT, told};
use super::sleepers::{Sleepers, after};
use crate::strategy::{Answer, Fate, Move, Strategy, Submission};

/// The gate, and those before it.
#[derive(Debug, Default)]
pub(super) struct SharedGate {
    closed_until: Instant,
    waiting: VecDeque<AttemptId>,
    /// Those that failed, which closes no gate.
    failed: Sleepers,
    calls: Calls,
}

impl Strategy for SharedGate {
    fn submit(&mut self, _: Instant, submission: &Submission) {
        self.calls.begin(submission);
        self.waiting.push_back(AttemptId { call: submission.call, number: 1 });
    }

    fn poll(&mut self, now: Instant) -> Move {
        while let Some(attempt) = self.failed.wake(now) {
            self.waiting.push_back(attempt);
        }
        if self.waiting.is_empty() {
            return Move::Wait(self.failed.next());
        }
        if now < self.closed_until {
            return Move::Wait(Some(self.closed_until));
        }
        self.waiting.pop_front().map_or(Move::Wait(None), Move::Send)
    }

    fn answered(&mut self, now: Instant, attempt: AttemptId, answer: &Answer) -> Fate {
        match self.calls.read(attempt.call, answer) {
            Reading::Ended(fate) => return fate,
            Reading::Refused => {
                let wait = told(answer).unwrap_or(UNNAMED_WAIT);
                self.closed_until = self.closed_until.max(now + wait);
                self.waiting.push_back(after(attempt));
            }
            Reading::Failed => self.failed.sleep(now + UNNAMED_WAIT, after(attempt)),
        }
        Fate::Again
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use paceline_core::{CallId, Cost, Reply};

    use super::*;
    use crate::strategy::Lane;

    fn at(seconds: u64) -> Instant {
        Instant::EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn the_gate_stays_closed_until_the_longest_wait_and_then_lets_all_through_at_once() {
        let mut gate = SharedGate::default();
        let attempt = |call| AttemptId { call: CallId(call), number: 1 };
        for call in 0..3 {
            let lane = Lane::default();
            let submission = Submission { call: CallId(call), lane, cost: Cost::ONE, is_repeatable: true };
            gate.submit(at(0), &submission);
            assert_eq!(gate.poll(at(0)), Move::Send(attempt(call)));
        }
        for (call, wait) in [(0, 5), (1, 2)] {
            let refused = Reply::refused(429, Duration::from_secs(wait)).into();
            assert_eq!(gate.answered(at(1), attempt(call), &refused), Fate::Again);
        }
        assert_eq!(gate.poll(at(3)), Move::Wait(Some(at(6))));
        let sent: Vec<Move> = (0..3).map(|_| gate.poll(at(6))).collect();
        assert_eq!(sent, [Move::Send(after(attempt(0))), Move::Send(after(attempt(1))), Move::Wait(None)]);
    }
}
