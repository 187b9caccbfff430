//! What a run has to do next, and when.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use paceline_core::Instant;
use paceline_sim::strategy::Lane;

/// Things that are due at instants; among equals, first planned is first out.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    heap: BinaryHeap<Reverse<(Instant, u64, Due)>>,
    planned: u64,
}

/// Something that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// A user takes its next record in hand.
    Ready { user: u32 },
    /// A batch has waited long enough for company.
    Linger(Lane),
}

impl Agenda {
    pub(super) fn plan(&mut self, at: Instant, due: Due) {
        self.planned += 1;
        self.heap.push(Reverse((at, self.planned, due)));
    }

    /// When the next thing is due.
    pub(super) fn next_at(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, ..))| *at)
    }

    /// Takes the next thing that is due by `now`, with the instant at which it was.
    pub(super) fn pop(&mut self, now: Instant) -> Option<(Instant, Due)> {
        self.next_at().filter(|&at| at <= now)?;
        self.heap.pop().map(|Reverse((at, _, due))| (at, due))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_comes_before_it_is_due_and_equals_come_as_planned() {
        let (early, late) = (Instant::from_nanos(1), Instant::from_nanos(2));
        let mut agenda = Agenda::default();
        for (at, user) in [(late, 3), (early, 1), (late, 4), (early, 2)] {
            agenda.plan(at, Due::Ready { user });
        }
        let users = |agenda: &mut Agenda, now| -> Vec<Due> {
            std::iter::from_fn(|| agenda.pop(now)).map(|(_, due)| due).collect()
        };
        let ready = |user| Due::Ready { user };
        assert_eq!(users(&mut agenda, Instant::EPOCH), []);
        assert_eq!(users(&mut agenda, early), [ready(1), ready(2)]);
        assert_eq!(agenda.next_at(), Some(late));
        assert_eq!(users(&mut agenda, late), [ready(3), ready(4)]);
    }
}
