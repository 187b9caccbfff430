//! From records to calls: one each, or batches of one lane.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use paceline_core::{BatchLimits, Batcher, CallId, Instant};
use paceline_sim::scenario::Scenario;
use paceline_sim::strategy::Lane;
use paceline_sim::world::Terms;

use super::message;

/// Makes calls of records.
#[derive(Debug)]
pub(super) struct Intake {
    record_bytes: usize,
    /// None where a record travels alone.
    limits: Option<BatchLimits>,
    open: BTreeMap<Lane, Batcher<u64>>,
    calls: Vec<Load>,
}

/// What a call carries.
#[derive(Clone, Debug)]
pub(super) struct Load {
    pub(super) lane: Lane,
    pub(super) records: Box<[u64]>,
}

impl Intake {
    pub(super) fn new(scenario: &Scenario, terms: &Terms) -> Self {
        let bulk = scenario.bulk.filter(|_| terms.batch.get() > 1);
        let limits = bulk.map(|bulk| BatchLimits {
            count: NonZeroUsize::try_from(terms.batch.min(bulk.items)).expect("a u32 fits"),
            bytes: usize::try_from(bulk.bytes).unwrap_or(usize::MAX).saturating_sub(message::AROUND_A_BATCH),
            linger: terms.linger,
        });
        let record_bytes = scenario.record_bytes as usize;
        Self { record_bytes, limits, open: BTreeMap::new(), calls: Vec::new() }
    }

    /// Whether calls go to the bulk endpoint.
    pub(super) const fn is_bulk(&self) -> bool {
        self.limits.is_some()
    }

    /// Takes a record; returns the call that this completes.
    pub(super) fn push(&mut self, now: Instant, record: u64, lane: Lane) -> Option<CallId> {
        let Some(limits) = self.limits else { return Some(self.call(lane, vec![record])) };
        let batcher = self.open.entry(lane).or_insert_with(|| Batcher::new(limits));
        let batch = batcher.push(now, record, self.record_bytes + message::BETWEEN_RECORDS)?;
        Some(self.call(lane, batch))
    }

    /// When the batch that the lane's last record opened is due; None where it opened none.
    pub(super) fn newly_due(&self, lane: Lane) -> Option<Instant> {
        let batcher = self.open.get(&lane)?;
        batcher.due_at().filter(|_| batcher.len() == 1)
    }

    /// Closes the lane's batch if it is due.
    pub(super) fn close_due(&mut self, now: Instant, lane: Lane) -> Option<CallId> {
        let batcher = self.open.get_mut(&lane)?;
        let batch = batcher.due_at().filter(|&due| due <= now).and_then(|_| batcher.close())?;
        Some(self.call(lane, batch))
    }

    /// What a call carries.
    pub(super) fn load(&self, call: CallId) -> &Load {
        &self.calls[usize::try_from(call.0).expect("it was counted by a length")]
    }

    fn call(&mut self, lane: Lane, records: Vec<u64>) -> CallId {
        self.calls.push(Load { lane, records: records.into_boxed_slice() });
        CallId(self.calls.len() as u64 - 1)
    }
}
