//! Attempts that sleep, each until an instant of its own.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use paceline_core::{AttemptId, Instant};

/// Those that sleep; of those that wake at one instant, the first asleep wakes first.
#[derive(Debug, Default)]
pub(super) struct Sleepers {
    heap: BinaryHeap<Reverse<(Instant, u64, AttemptId)>>,
    sequence: u64,
}

impl Sleepers {
    /// Puts an attempt to sleep.
    pub(super) fn sleep(&mut self, until: Instant, attempt: AttemptId) {
        self.sequence += 1;
        self.heap.push(Reverse((until, self.sequence, attempt)));
    }

    /// Wakes one that has slept long enough.
    pub(super) fn wake(&mut self, now: Instant) -> Option<AttemptId> {
        let &Reverse((until, _, attempt)) = self.heap.peek()?;
        (until <= now).then(|| {
            self.heap.pop();
            attempt
        })
    }

    /// When the next one wakes.
    pub(super) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|&Reverse((until, ..))| until)
    }
}

/// The attempt after this one.
pub(super) const fn after(attempt: AttemptId) -> AttemptId {
    AttemptId { call: attempt.call, number: attempt.number.saturating_add(1) }
}

/// The earlier of two instants, of which there may be none.
pub(super) fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    one.into_iter().chain(other).min()
}

#[cfg(test)]
mod tests {
    use paceline_core::CallId;

    use super::*;

    #[test]
    fn sleepers_wake_when_they_are_due_and_in_the_order_of_falling_asleep() {
        let at = Instant::from_nanos;
        let attempt = |call| AttemptId { call: CallId(call), number: 1 };
        let mut sleepers = Sleepers::default();
        for (until, call) in [(5, 9), (3, 8), (5, 7)] {
            sleepers.sleep(at(until), attempt(call));
        }
        assert_eq!((sleepers.wake(at(2)), sleepers.next()), (None, Some(at(3))));
        let woken: Vec<u64> = std::iter::from_fn(|| sleepers.wake(at(5))).map(|it| it.call.0).collect();
        assert_eq!(woken, [8, 9, 7]);
    }
}
