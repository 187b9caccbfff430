//! From the order in which calls ended, in which a log is written, to the order in which they left.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::Sample;

/// Holds results back until those that left earlier are there too: [`HELD`] of them, so that memory stays bounded. What is
/// later still is told as it comes.
pub(super) struct Ordered<'a> {
    held: BinaryHeap<Reverse<Held>>,
    tell: &'a mut dyn FnMut(Sample),
}

#[derive(Debug, PartialEq, Eq)]
struct Held(Sample);

impl Ord for Held {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0.sent, self.0.done).cmp(&(other.0.sent, other.0.done))
    }
}

impl PartialOrd for Held {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<'a> Ordered<'a> {
    pub(super) fn new(tell: &'a mut dyn FnMut(Sample)) -> Self {
        Self { held: BinaryHeap::new(), tell }
    }

    pub(super) fn push(&mut self, sample: Sample) {
        self.held.push(Reverse(Held(sample)));
        if self.held.len() > HELD {
            self.tell_first();
        }
    }

    pub(super) fn finish(mut self) {
        while !self.held.is_empty() {
            self.tell_first();
        }
    }

    fn tell_first(&mut self) {
        if let Some(Reverse(Held(sample))) = self.held.pop() {
            (self.tell)(sample);
        }
    }
}

/// A minute of a thousand calls a second: no call takes longer than that.
const HELD: usize = 1 << 16;
