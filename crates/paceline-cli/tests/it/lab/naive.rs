//! What people do who read no further than the header: each call sleeps out its own wait, and comes back.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use paceline_core::{AttemptId, GiveUp, Instant};
use paceline_sim::strategy::{Answer, Fate, Move, Strategy, Submission};

/// Every call for itself.
#[derive(Debug, Default)]
pub(crate) struct Naive {
    pub(crate) waiting: BinaryHeap<Reverse<(Instant, u64, u32)>>,
    pub(crate) leaves_bodies_unread: bool,
}

impl Strategy for Naive {
    fn submit(&mut self, now: Instant, submission: &Submission) {
        self.waiting.push(Reverse((now, submission.call.0, 1)));
    }

    fn poll(&mut self, now: Instant) -> Move {
        let Some(&Reverse((at, call, number))) = self.waiting.peek() else { return Move::Wait(None) };
        if at > now {
            return Move::Wait(Some(at));
        }
        self.waiting.pop();
        Move::Send(AttemptId { call: paceline_core::CallId(call), number })
    }

    fn answered(&mut self, now: Instant, attempt: AttemptId, answer: &Answer) -> Fate {
        match answer.status() {
            Some(200..=299) => return Fate::Delivered,
            Some(429 | 503) | None => {}
            Some(_) => return Fate::GivenUp(GiveUp::Rejected),
        }
        let wait = answer.retry_after.and_then(|written| written.told()).unwrap_or(UNNAMED);
        self.waiting.push(Reverse((now + wait, attempt.call.0, attempt.number + 1)));
        Fate::Again
    }

    fn leaves_bodies_unread(&self) -> bool {
        self.leaves_bodies_unread
    }
}

const UNNAMED: Duration = Duration::from_secs(1);
