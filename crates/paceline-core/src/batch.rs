//! When a batch closes, and how one is bisected. The machine sees a batch as one call with a cost.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::time::Instant;

/// What closes a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLimits {
    /// The most records.
    pub count: NonZeroUsize,
    /// The most bytes of all records together. A record that is larger still travels, alone.
    pub bytes: usize,
    /// How long the first record waits for company.
    pub linger: Duration,
}

/// Fills one batch after another.
#[derive(Clone, Debug)]
pub struct Batcher<T> {
    limits: BatchLimits,
    items: Vec<T>,
    bytes: usize,
    opened_at: Instant,
}

impl<T> Batcher<T> {
    /// An empty batch.
    #[must_use]
    pub const fn new(limits: BatchLimits) -> Self {
        Self { limits, items: Vec::new(), bytes: 0, opened_at: Instant::EPOCH }
    }

    /// Adds an item of `size` bytes. Returns the batch that this closes, if it closes one: either the
    /// one before, which the item no longer fits into, or the one that it makes full.
    #[must_use]
    pub fn push(&mut self, now: Instant, item: T, size: usize) -> Option<Vec<T>> {
        let too_big = self.bytes.saturating_add(size) > self.limits.bytes;
        let closed = if too_big || self.is_full() { self.close() } else { None };
        if self.items.is_empty() {
            self.opened_at = now;
        }
        self.items.push(item);
        self.bytes += size;
        // At most one of the two: an item that did not fit opens a batch of its own, and one that
        // fills a batch alone is handed out with the next push or at its age.
        closed.or_else(|| self.is_full().then(|| self.close()).flatten())
    }

    /// When the open batch is due by its age; None while there is none. A full one is due at once.
    #[must_use]
    pub fn due_at(&self) -> Option<Instant> {
        let linger = if self.is_full() { Duration::ZERO } else { self.limits.linger };
        (!self.items.is_empty()).then(|| self.opened_at + linger)
    }

    /// Closes the open batch; None when there is none.
    #[must_use]
    pub fn close(&mut self) -> Option<Vec<T>> {
        self.bytes = 0;
        (!self.items.is_empty()).then(|| std::mem::take(&mut self.items))
    }

    /// Items in the open batch.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether no batch is open.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    fn is_full(&self) -> bool {
        self.items.len() >= self.limits.count.get() || self.bytes >= self.limits.bytes
    }
}

/// Splits a batch that was refused as a whole, so that after at most 2 log2(n) more calls the record at
/// fault stands alone. None for a batch of one: that is the record at fault.
#[must_use]
pub fn bisect<T>(mut batch: Vec<T>) -> Option<(Vec<T>, Vec<T>)> {
    if batch.len() < 2 {
        return None;
    }
    let second = batch.split_off(batch.len().div_ceil(2));
    Some((batch, second))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limits(count: usize, bytes: usize) -> BatchLimits {
        let count = NonZeroUsize::new(count).expect("the test's count is positive");
        BatchLimits { count, bytes, linger: Duration::from_secs(1) }
    }

    proptest! {
        #[test]
        fn every_item_leaves_once_in_order_and_within_the_limits(
            sizes in prop::collection::vec(0_usize..50, 0..200), count in 1_usize..20, bytes in 1_usize..200,
        ) {
            let mut batcher = Batcher::new(limits(count, bytes));
            let mut batches = Vec::new();
            for (index, &size) in sizes.iter().enumerate() {
                let due = batcher.due_at();
                prop_assert_eq!(due.is_none(), batcher.is_empty());
                batches.extend(batcher.push(Instant::EPOCH, index, size));
            }
            batches.extend(batcher.close());
            for batch in &batches {
                prop_assert!(!batch.is_empty() && batch.len() <= count);
                let sum: usize = batch.iter().map(|&index| sizes[index]).sum();
                prop_assert!(sum <= bytes || batch.len() == 1);
            }
            prop_assert_eq!(batches.concat(), (0..sizes.len()).collect::<Vec<_>>());
        }

        #[test]
        fn bisecting_isolates_any_one_record(len in 1_usize..2_000, poison in any::<prop::sample::Index>()) {
            let poison = poison.index(len);
            let (mut delivered, mut dead, mut calls) = (0, Vec::new(), 0);
            let mut todo = vec![(0..len).collect::<Vec<_>>()];
            while let Some(batch) = todo.pop() {
                calls += 1;
                if !batch.contains(&poison) {
                    delivered += batch.len();
                } else if batch.len() == 1 {
                    dead.push(batch[0]);
                } else {
                    let (first, second) = bisect(batch).expect("two or more");
                    todo.extend([first, second]);
                }
            }
            prop_assert_eq!(dead, vec![poison]);
            prop_assert_eq!(delivered, len - 1);
            prop_assert!(calls <= 1 + 2 * len.next_power_of_two().ilog2() as usize);
        }
    }

    #[test]
    fn a_lone_item_waits_no_longer_than_the_linger() {
        let mut batcher = Batcher::new(limits(10, 1_000));
        assert_eq!(batcher.due_at(), None);
        assert!(batcher.push(Instant::from_nanos(5), 'a', 1).is_none());
        assert_eq!(batcher.due_at(), Some(Instant::from_nanos(1_000_000_005)));
    }

    #[test]
    fn an_item_over_the_byte_limit_travels_alone() {
        let mut batcher = Batcher::new(limits(10, 100));
        assert_eq!(batcher.push(Instant::EPOCH, 'a', 10), None);
        assert_eq!(batcher.push(Instant::EPOCH, 'b', 500), Some(vec!['a']));
        assert_eq!(batcher.due_at(), Some(Instant::EPOCH), "a full batch is due at once");
        assert_eq!(batcher.push(Instant::EPOCH, 'c', 10), Some(vec!['b']));
        assert_eq!(batcher.close(), Some(vec!['c']));
    }
}
