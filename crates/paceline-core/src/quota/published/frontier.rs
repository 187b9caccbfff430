//! The replies of which one is the last that the platform handled.
//!
//! Replies overtake one another, and so do attempts on their way: the reply that came last is not always the one that
//! says how the platform stands. But whatever departed after a reply had been received was handled after it. So a reply
//! is out of date once an attempt is answered that departed later; the least `remaining` of all others is never too
//! much, in a window that only counts down as well as in a bucket that fills meanwhile.

use std::collections::VecDeque;

use crate::time::Instant;

#[derive(Clone, Debug, Default)]
pub(super) struct Frontier {
    /// (received, remaining), both ascending: what came earlier and says no less than a later one never counts again.
    told: VecDeque<(Instant, u64)>,
    /// The latest departure of an attempt that was answered.
    departed_at: Instant,
}

impl Frontier {
    /// A reply says that `remaining` are left.
    pub(super) fn tell(&mut self, departed_at: Instant, received_at: Instant, remaining: u64) {
        self.departed_at = self.departed_at.max(departed_at);
        while self.told.back().is_some_and(|&(_, earlier)| earlier >= remaining) {
            self.told.pop_back();
        }
        self.told.push_back((received_at, remaining));
        while self.told.len() > 1 && self.told[0].0 < self.departed_at {
            self.told.pop_front();
        }
    }

    /// Whatever was said before `now` is out of date: `remaining` are left.
    pub(super) fn begin(&mut self, now: Instant, remaining: u64) {
        self.told.clear();
        self.told.push_back((now, remaining));
    }

    /// Units that were surely left when the last of the answered attempts had been handled.
    pub(super) fn remaining(&self) -> u64 {
        self.told.front().map_or(0, |&(_, remaining)| remaining)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    #[test]
    fn of_replies_that_may_have_overtaken_one_another_the_least_counts() {
        let mut frontier = Frontier::default();
        frontier.tell(at(0), at(50), 8);
        frontier.tell(at(10), at(55), 9);
        assert_eq!(frontier.remaining(), 8);
    }

    #[test]
    fn what_was_said_before_an_answered_attempt_departed_is_out_of_date() {
        let mut frontier = Frontier::default();
        frontier.tell(at(0), at(50), 3);
        frontier.tell(at(51), at(99), 7);
        assert_eq!(frontier.remaining(), 7);
    }
}
