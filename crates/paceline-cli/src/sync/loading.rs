//! Records become parcels: alone, in batches as they come, or in the batches of an earlier run.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use paceline_core::{Backoff, Batcher, Instant, bisect};

use super::keys::Keys;
use super::order::OrderBook;
use super::parcel::{Item, Parcel, Seal};
use super::plan::SyncPlan;
use crate::journal::{BatchId, Journal, PendingBatch};

/// What is ready to be sent, and what has to wait for company, for its turn or for a while.
pub(super) struct Loader {
    ready: VecDeque<Parcel>,
    batcher: Option<Batcher<Item>>,
    order: Option<(String, OrderBook)>,
    /// Batches of an earlier run whose members come by one after the other.
    pending: HashMap<BatchId, Pending>,
    /// Items that a platform asked to send later.
    resting: BTreeMap<(Instant, u64), Item>,
    /// Whether what may have been applied may be sent again under its own key only.
    rests_on_key: bool,
    next_rest: u64,
    keys: Keys,
    journal: Journal,
    rng: fastrand::Rng,
}

struct Pending {
    batch: PendingBatch,
    items: Vec<Item>,
}

impl Loader {
    pub(super) fn new(plan: &SyncPlan, journal: &Journal, keys: Keys, pending: Vec<PendingBatch>) -> Self {
        let pending = pending.into_iter().map(|batch| (batch.id, Pending { batch, items: Vec::new() }));
        Self {
            ready: VecDeque::new(),
            batcher: plan.batch.as_ref().map(|batch| Batcher::new(batch.limits)),
            order: plan.order_by.clone().map(|field| (field, OrderBook::default())),
            pending: pending.collect(),
            resting: BTreeMap::new(),
            next_rest: 0,
            rests_on_key: plan.rests_on_key(),
            keys,
            journal: journal.clone(),
            rng: fastrand::Rng::new(),
        }
    }

    /// Takes a record of the source; one that belongs to a batch of an earlier run waits for its fellows.
    pub(super) fn load(&mut self, now: Instant, item: Item, batch: Option<BatchId>) {
        match batch.and_then(|id| self.pending.get_mut(&id)) {
            Some(pending) => {
                if let Some((field, book)) = &mut self.order
                    && let Some(value) = item.record.field_text(field)
                {
                    book.occupy(&value);
                }
                pending.items.push(item);
                if pending.items.len() as u64 == pending.batch.size {
                    let id = pending.batch.id;
                    self.complete(id);
                }
            }
            None => self.load_in_order(now, item),
        }
    }

    /// A record is settled: the next one of its order value may go.
    pub(super) fn settled(&mut self, now: Instant, item: &Item) {
        let Some((field, book)) = &mut self.order else { return };
        let Some(value) = item.record.field_text(field) else { return };
        if let Some(next) = book.settle(&value) {
            self.pack(now, next);
        }
    }

    /// Takes an item back that the platform asked to send later.
    pub(super) fn again(&mut self, now: Instant, mut item: Item) {
        let rest = Backoff::FAILURE.wait(item.returns, Duration::ZERO, &mut self.rng);
        item.returns += 1;
        self.next_rest += 1;
        self.resting.insert((now + rest, self.next_rest), item);
    }

    /// Cuts a batch in two, to find the record that spoils it. The caller journals the parts.
    pub(super) fn split(&mut self, items: Vec<Item>) -> Option<[Parcel; 2]> {
        let (first, second) = bisect(items)?;
        let parts = [first, second].map(|items| self.sealed(items));
        parts.iter().rev().for_each(|part| self.ready.push_front(part.clone()));
        Some(parts)
    }

    /// Takes what is ready.
    pub(super) fn pop(&mut self) -> Option<Parcel> {
        self.ready.pop_front()
    }

    /// Closes what is due by `now`: batches by their age, rests by their length.
    pub(super) fn tick(&mut self, now: Instant) {
        while let Some(entry) = self.resting.first_entry().filter(|entry| entry.key().0 <= now) {
            let item = entry.remove();
            self.pack(now, item);
        }
        if self.batcher.as_ref().and_then(Batcher::due_at).is_some_and(|due| due <= now) {
            self.close_batch();
        }
    }

    /// When [`Loader::tick`] has something to do.
    pub(super) fn due_at(&self) -> Option<Instant> {
        let rest = self.resting.first_key_value().map(|((at, _), _)| *at);
        let batch = self.batcher.as_ref().and_then(Batcher::due_at);
        rest.into_iter().chain(batch).min()
    }

    /// The source has ended: what waits for company goes without. Returns what cannot go: the rest of batches that may
    /// have been applied, where their own keys are all that would make sending them again harmless.
    #[must_use]
    pub(super) fn end_of_source(&mut self, now: Instant) -> Vec<Item> {
        let incomplete: Vec<Pending> = self.pending.drain().map(|(_, pending)| pending).collect();
        let items = incomplete.into_iter().flat_map(|pending| pending.items);
        let doubtful = if self.rests_on_key {
            items.collect()
        } else {
            // Each has the turn of its order value already.
            items.for_each(|item| self.pack(now, item));
            Vec::new()
        };
        self.close_batch();
        doubtful
    }

    /// Records that are ready or wait here.
    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty()
            && self.resting.is_empty()
            && self.batcher.as_ref().is_none_or(Batcher::is_empty)
    }

    /// Whether it is worth reading on: enough is ready already, or too many wait for their turn.
    pub(super) fn is_full(&self) -> bool {
        let held = self.order.as_ref().map_or(0, |(_, book)| book.held());
        self.ready.len() >= READY_AHEAD || held + self.resting.len() >= HELD_MOST
    }

    fn load_in_order(&mut self, now: Instant, item: Item) {
        let Some((field, book)) = &mut self.order else { return self.pack(now, item) };
        let passed = match item.record.field_text(field).map(|value| value.into_owned()) {
            Some(value) => book.admit(&value, item),
            None => Some(item),
        };
        if let Some(item) = passed {
            self.pack(now, item);
        }
    }

    fn pack(&mut self, now: Instant, item: Item) {
        let Some(batcher) = &mut self.batcher else { return self.ready.push_back(Parcel::one(item)) };
        let size = item.size();
        if let Some(items) = batcher.push(now, item, size) {
            let parcel = self.sealed(items);
            self.ready.push_back(parcel);
        }
    }

    fn close_batch(&mut self) {
        if let Some(items) = self.batcher.as_mut().and_then(Batcher::close) {
            let parcel = self.sealed(items);
            self.ready.push_back(parcel);
        }
    }

    fn complete(&mut self, id: BatchId) {
        if let Some(Pending { batch, items }) = self.pending.remove(&id) {
            let seal = Some(Seal { id, key: batch.key, is_journaled: true });
            self.ready.push_back(Parcel { items, seal });
        }
    }

    fn sealed(&self, items: Vec<Item>) -> Parcel {
        let id = self.journal.next_batch_id();
        let seal = Seal { id, key: self.keys.of_batch(id), is_journaled: false };
        Parcel { items, seal: Some(seal) }
    }
}

/// Parcels that are ready: some milliseconds of work at full speed.
const READY_AHEAD: usize = 256;
/// Records that wait for another one of their order value, or for a platform: at 2 KB each some 20 MB.
const HELD_MOST: usize = 10_000;
