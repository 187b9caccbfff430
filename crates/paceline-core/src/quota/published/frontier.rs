//! The replies of which one is the last that the platform handled.
//!
//! Replies overtake one another, and so do attempts on their way: the reply that came last is not always the one that
//! says how the platform stands. But whatever departed after a reply had been received was handled after it. So a reply
//! is out of date once an attempt is answered that departed later; the least `remaining` of all others is never too
//! much, in a window that only counts down as well as in a bucket that fills meanwhile. Nor can a reply be the later of
//! two if it says so much less that all attempts together that may have been handled in between do not make up for it:
//! it is of an earlier window.

use std::collections::VecDeque;

use crate::time::Instant;

#[derive(Clone, Debug, Default)]
pub(super) struct Frontier {
    /// Both instants and `remaining` ascend: what came earlier and says no less than a later one never counts again.
    told: VecDeque<Told>,
    /// The latest departure of an attempt that was answered.
    departed_at: Instant,
    /// When the first of `told` was assumed and not said.
    begun_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Told {
    received_at: Instant,
    remaining: u64,
    /// Units that were surely handled before it.
    before: u64,
}

impl Frontier {
    /// A reply says that `remaining` are left. `before` units were answered before its attempt departed, `in_all` have
    /// departed by now. Returns whether it may be the last that was handled.
    pub(super) fn tell(
        &mut self,
        departed_at: Instant,
        received_at: Instant,
        remaining: u64,
        before: u64,
        in_all: u64,
    ) -> bool {
        let is_older_than = |other: &Told| remaining + in_all.saturating_sub(other.before) < other.remaining;
        if self.told.back().is_some_and(is_older_than) {
            return false;
        }
        self.departed_at = self.departed_at.max(departed_at);
        while self.told.back().is_some_and(|earlier| earlier.remaining >= remaining) {
            self.told.pop_back();
        }
        if self.told.is_empty() {
            self.begun_at = None;
        }
        let between = in_all.saturating_sub(before);
        while self.told.front().is_some_and(|told| {
            told.received_at < self.departed_at || told.remaining.saturating_add(between) < remaining
        }) {
            self.told.pop_front();
            self.begun_at = None;
        }
        self.told.push_back(Told { received_at, remaining, before });
        true
    }

    /// Whatever was said before `now` is out of date: `remaining` are left, which the first answer to what departs from
    /// now on overrules.
    pub(super) fn begin(&mut self, now: Instant, remaining: u64) {
        self.told.clear();
        let received_at = Instant::from_nanos(now.as_nanos().saturating_sub(1));
        self.told.push_back(Told { received_at, remaining, before: 0 });
        self.begun_at = Some(now);
    }

    /// An attempt that departed then was answered. What was assumed was so beside all that was under way.
    pub(super) fn answer(&mut self, departed_at: Instant, units: u64) {
        if self.begun_at.is_some_and(|begun_at| departed_at < begun_at)
            && let Some(assumed) = self.told.front_mut()
        {
            assumed.remaining = assumed.remaining.saturating_sub(units);
        }
    }

    /// Units that were surely left when the last of the answered attempts had been handled.
    pub(super) fn remaining(&self) -> u64 {
        self.told.front().map_or(0, |told| told.remaining)
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
        frontier.tell(at(0), at(50), 8, 0, 9);
        frontier.tell(at(10), at(55), 9, 0, 9);
        assert_eq!(frontier.remaining(), 8);
    }

    #[test]
    fn what_was_said_before_an_answered_attempt_departed_is_out_of_date() {
        let mut frontier = Frontier::default();
        frontier.tell(at(0), at(50), 3, 0, 9);
        frontier.tell(at(51), at(99), 7, 5, 10);
        assert_eq!(frontier.remaining(), 7);
    }
}
