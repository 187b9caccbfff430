//! From records to calls: one each, or batches.

use std::num::NonZeroUsize;

use paceline_core::{BatchLimits, Batcher, CallId, Instant};

use super::Terms;
use crate::scenario::Scenario;

/// Makes calls of records.
#[derive(Debug)]
pub(super) struct Intake {
    record_bytes: usize,
    /// One for each lane; none where a record travels alone.
    batchers: Vec<Batcher<u64>>,
    /// The records of each batch, by the number of its call.
    batches: Vec<Box<[u64]>>,
}

/// The records of one call.
#[derive(Clone, Copy, Debug)]
pub(super) enum Load<'a> {
    One(u64),
    Many(&'a [u64]),
}

impl Load<'_> {
    pub(super) const fn len(self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(records) => records.len(),
        }
    }

    /// The record at a place below its length.
    pub(super) fn nth(self, place: usize) -> u64 {
        match self {
            Self::One(record) => record,
            Self::Many(records) => records[place],
        }
    }

    pub(super) fn for_each(self, each: impl FnMut(u64)) {
        (0..self.len()).map(|place| self.nth(place)).for_each(each);
    }
}

impl Intake {
    pub(super) fn new(scenario: &Scenario, terms: &Terms, lanes: usize) -> Self {
        let bulk = scenario.bulk.filter(|_| terms.batch.get() > 1);
        let batcher = bulk.map(|bulk| {
            let count = NonZeroUsize::try_from(terms.batch.min(bulk.items)).expect("a u32 fits");
            let bytes = usize::try_from(bulk.bytes).unwrap_or(usize::MAX);
            Batcher::new(BatchLimits { count, bytes, linger: terms.linger })
        });
        Self {
            record_bytes: scenario.record_bytes as usize,
            batchers: batcher.map_or_else(Vec::new, |batcher| vec![batcher; lanes]),
            batches: Vec::new(),
        }
    }

    /// Takes a record; returns the call that this completes.
    pub(super) fn push(&mut self, now: Instant, record: u64, lane: u32) -> Option<CallId> {
        if self.batchers.is_empty() {
            return Some(CallId(record));
        }
        let batch = self.batchers[lane as usize].push(now, record, self.record_bytes)?;
        Some(self.call(batch))
    }

    /// When the batch that the lane's last record opened is due; None where it opened none.
    pub(super) fn newly_due(&self, lane: u32) -> Option<Instant> {
        let batcher = self.batchers.get(lane as usize)?;
        batcher.due_at().filter(|_| batcher.len() == 1)
    }

    /// Closes the lane's batch if it is due.
    pub(super) fn close_due(&mut self, now: Instant, lane: u32) -> Option<CallId> {
        let batcher = &mut self.batchers[lane as usize];
        let batch = batcher.due_at().filter(|&due| due <= now).and_then(|_| batcher.close())?;
        Some(self.call(batch))
    }

    /// What a call carries.
    pub(super) fn load(&self, call: CallId) -> Load<'_> {
        if self.batchers.is_empty() {
            return Load::One(call.0);
        }
        Load::Many(&self.batches[usize::try_from(call.0).expect("it was counted by a length")])
    }

    fn call(&mut self, batch: Vec<u64>) -> CallId {
        self.batches.push(batch.into_boxed_slice());
        CallId(self.batches.len() as u64 - 1)
    }
}
