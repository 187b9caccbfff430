//! Workers who know nothing of one another: each sends at once, and sleeps out its own refusals.

use std::collections::VecDeque;
use std::time::Duration;

use fastrand::Rng;
use paceline_core::{AttemptId, CallId, GiveUp, Instant};

use super::calls::{Calls, Reading};
use super::sleepers::{Sleepers, after};
use crate::strategy::{Answer, Fate, Move, Strategy, Submission};

/// How long a worker sleeps before it sends a call again: all that sets most strategies of today apart.
pub(super) trait Patience {
    /// The sleep after this answer to this attempt; None: the worker gives the call up.
    fn sleep(&mut self, attempt: AttemptId, answer: &Answer, rng: &mut Rng) -> Option<Duration>;

    /// A call has ended: nothing need be kept for it.
    fn forget(&mut self, _call: CallId) {}

    /// Whether the bodies of refusals are left unread.
    fn leaves_bodies_unread(&self) -> bool {
        false
    }
}

/// As many workers as there are calls at once.
#[derive(Debug)]
pub(super) struct Workers<P> {
    patience: P,
    calls: Calls,
    ready: VecDeque<AttemptId>,
    sleepers: Sleepers,
    rng: Rng,
}

impl<P: Patience> Workers<P> {
    pub(super) fn new(patience: P, seed: u64) -> Self {
        Self {
            patience,
            calls: Calls::default(),
            ready: VecDeque::new(),
            sleepers: Sleepers::default(),
            rng: Rng::with_seed(seed),
        }
    }

    fn sleep(&mut self, now: Instant, attempt: AttemptId, answer: &Answer) -> Fate {
        match self.patience.sleep(attempt, answer, &mut self.rng) {
            Some(wait) => {
                self.sleepers.sleep(now + wait, after(attempt));
                Fate::Again
            }
            None => {
                self.calls.forget(attempt.call);
                Fate::GivenUp(GiveUp::Exhausted)
            }
        }
    }
}

impl<P: Patience> Strategy for Workers<P> {
    fn submit(&mut self, _: Instant, submission: &Submission) {
        self.calls.begin(submission);
        self.ready.push_back(AttemptId { call: submission.call, number: 1 });
    }

    fn poll(&mut self, now: Instant) -> Move {
        let next = self.ready.pop_front().or_else(|| self.sleepers.wake(now));
        next.map_or_else(|| Move::Wait(self.sleepers.next()), Move::Send)
    }

    fn answered(&mut self, now: Instant, attempt: AttemptId, answer: &Answer) -> Fate {
        let fate = match self.calls.read(attempt.call, answer) {
            Reading::Ended(fate) => fate,
            Reading::Refused | Reading::Failed => self.sleep(now, attempt, answer),
        };
        if fate != Fate::Again {
            self.patience.forget(attempt.call);
        }
        fate
    }

    fn leaves_bodies_unread(&self) -> bool {
        self.patience.leaves_bodies_unread()
    }
}

/// A wait of up to a second, all of them equally likely: what forum threads call jitter.
pub(super) fn up_to_a_second(rng: &mut Rng) -> Duration {
    Duration::from_nanos(rng.u64(0..1_000_000_000))
}
