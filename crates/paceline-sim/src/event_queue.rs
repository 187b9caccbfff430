//! What happens next in a world: ordered by instant, and among equals by the order of scheduling.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use paceline_core::Instant;

/// Events that are due at instants. Ties are deterministic: first scheduled, first out.
#[derive(Debug)]
pub(crate) struct EventQueue<E> {
    heap: BinaryHeap<Reverse<Due<E>>>,
    sequence: u64,
}

#[derive(Debug)]
struct Due<E> {
    at: Instant,
    sequence: u64,
    event: E,
}

impl<E> EventQueue<E> {
    pub(crate) const fn new() -> Self {
        Self { heap: BinaryHeap::new(), sequence: 0 }
    }

    pub(crate) fn schedule(&mut self, at: Instant, event: E) {
        self.sequence += 1;
        self.heap.push(Reverse(Due { at, sequence: self.sequence, event }));
    }

    pub(crate) fn pop(&mut self) -> Option<(Instant, E)> {
        self.heap.pop().map(|Reverse(due)| (due.at, due.event))
    }
}

impl<E> PartialEq for Due<E> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<E> Eq for Due<E> {}

impl<E> PartialOrd for Due<E> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Due<E> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.sequence).cmp(&(other.at, other.sequence))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_one_instant_come_in_the_order_of_scheduling() {
        let mut queue = EventQueue::new();
        let (early, late) = (Instant::from_nanos(1), Instant::from_nanos(2));
        for (at, event) in [(late, 'c'), (early, 'a'), (late, 'd'), (early, 'b')] {
            queue.schedule(at, event);
        }
        let order: String = std::iter::from_fn(|| queue.pop()).map(|(_, event)| event).collect();
        assert_eq!(order, "abcd");
    }
}
