//! One scope, one platform, and nothing between them but half a round trip.

use std::collections::VecDeque;
use std::time::Duration;

use super::limiter::Limiter;
use crate::call::Cost;
use crate::learn::Identification;
use crate::time::Instant;

/// There is always another call to send; every one costs one unit and is answered after [`ROUND_TRIP`].
pub(super) struct World {
    pub(super) learner: Identification,
    limiter: Limiter,
    now: Instant,
    /// How late departures are.
    lateness: Duration,
    answers: VecDeque<Answer>,
    opens_at: Instant,
    closed_at: Instant,
    pub(super) accepted: u32,
    pub(super) refused: u32,
    pub(super) closings: u32,
}

#[derive(Clone, Copy, Debug)]
struct Answer {
    departed_at: Instant,
    in_flight: u32,
    /// What a refusal asks to wait, in whole seconds.
    wait: Option<Duration>,
}

impl World {
    pub(super) fn new(learner: Identification, limiter: Limiter) -> Self {
        let now = Instant::EPOCH + Duration::from_secs(1_000);
        Self {
            learner,
            limiter,
            now,
            lateness: Duration::from_micros(300),
            answers: VecDeque::new(),
            opens_at: now,
            closed_at: now,
            accepted: 0,
            refused: 0,
            closings: 0,
        }
    }

    pub(super) fn play(&mut self, span: Duration) {
        let end = self.now + span;
        let mut held_back = false;
        while self.now < end {
            self.learner.advance(self.now);
            let departs_at = self.departs_at();
            let answered_at = self.answers.front().map(|answer| answer.departed_at + ROUND_TRIP);
            if departs_at <= self.now {
                self.depart(std::mem::take(&mut held_back));
                continue;
            }
            held_back |= departs_at > self.opens_at && departs_at < Instant::FAR_FUTURE;
            let departs_at = departs_at + self.lateness;
            match answered_at.filter(|&answered_at| answered_at <= departs_at) {
                Some(answered_at) => {
                    self.now = answered_at;
                    self.answer();
                }
                None => self.now = departs_at,
            }
        }
    }

    fn departs_at(&self) -> Instant {
        let in_flight = self.answers.len();
        if self.learner.in_flight().is_some_and(|most| in_flight >= most as usize) {
            return Instant::FAR_FUTURE;
        }
        self.learner.ready_at(self.now, Cost::ONE).max(self.opens_at)
    }

    fn depart(&mut self, held_back: bool) {
        let in_flight = u32::try_from(self.answers.len()).expect("few are in flight") + 1;
        self.learner.depart(self.now, Cost::ONE, in_flight, held_back);
        let arrives_at = (self.now + ROUND_TRIP / 2).as_secs_f64();
        let wait = self.limiter.refuse(arrives_at).map(|wait| Duration::from_secs_f64(wait.ceil().max(1.0)));
        self.answers.push_back(Answer { departed_at: self.now, in_flight, wait });
    }

    fn answer(&mut self) {
        let Some(Answer { departed_at, in_flight, wait }) = self.answers.pop_front() else { return };
        let Some(wait) = wait else {
            self.accepted += 1;
            return self.learner.accepted(self.now, departed_at, in_flight, Cost::ONE);
        };
        self.refused += 1;
        self.learner.bounced(departed_at, Cost::ONE);
        if departed_at >= self.closed_at {
            self.closings += 1;
            self.learner.refused(self.now, departed_at, in_flight, Some(wait));
        }
        self.closed_at = self.now;
        self.opens_at = self.opens_at.max(self.now + wait);
        self.learner.closed(self.opens_at);
    }
}

const ROUND_TRIP: Duration = Duration::from_millis(50);
