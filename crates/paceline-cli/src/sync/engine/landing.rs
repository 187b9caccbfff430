//! Parcels come back: what that means for their records, and for the run.

use tokio::task::JoinError;

use super::Engine;
use crate::journal::{BatchId, Entry, Letter};
use crate::sync::courier::Delivery;
use crate::sync::ending::Ending;
use crate::sync::parcel::{Item, Parcel};
use crate::sync::settling::{self, Settled};

impl Engine<'_> {
    pub(super) fn land(&mut self, landed: Result<(Parcel, Delivery), JoinError>) {
        let (parcel, delivery) = match landed {
            Ok(landed) => landed,
            Err(error) => return self.end(Ending::Broken(error.to_string())),
        };
        self.tally.calls += u64::from(matches!(delivery, Delivery::Answered(_) | Delivery::Failed(_)));
        self.tally.accepted += u64::from(matches!(delivery, Delivery::Answered(_)));
        let batch = parcel.seal.as_ref().map(|seal| seal.id);
        let settled = settling::settle(&self.started.plan, parcel, delivery);
        self.judge(&settled);
        self.write_down(settled, batch);
        if let Some(fault) = self.tally.fault(self.started.plan.max_dead) {
            let evidence = self.evidence.clone();
            self.end(Ending::Condemned { fault, evidence });
        }
    }

    /// What an answer says of the run as a whole.
    fn judge(&mut self, settled: &Settled) {
        if let Some(evidence) = &settled.evidence {
            self.evidence.clone_from(evidence);
        }
        if settled.is_rejected {
            self.tally.note_rejected();
        }
        if settled.is_silent {
            self.tally.note_silent();
        }
        if settled.is_rejected || settled.is_silent || settled.split.is_some() {
            self.progressed = tokio::time::Instant::now();
        }
        if !settled.delivered.is_empty() {
            self.tally.note_accepted();
            self.progressed = tokio::time::Instant::now();
        }
    }

    fn write_down(&mut self, settled: Settled, batch: Option<BatchId>) {
        let now = self.now();
        let Settled { delivered, dead, in_doubt, again, released, split, ending, .. } = settled;
        self.tally.delivered += delivered.len() as u64;
        self.tally.delivered_now += delivered.len() as u64;
        self.tally.dead += dead.len() as u64;
        self.tally.dead_now += dead.len() as u64;
        self.tally.in_doubt += in_doubt.len() as u64;
        let mut entries = Vec::new();
        if !delivered.is_empty() {
            let records = delivered.iter().map(|item| item.reference.clone()).collect();
            entries.push(Entry::Delivered { records });
        }
        let records: Vec<_> = again.iter().chain(&released).map(|item| item.reference.clone()).collect();
        if !records.is_empty() {
            entries.push(Entry::BackToTodo { records, batch: None });
        }
        let is_done = split.is_none() && ending.is_none() && settled.still_to_do.is_empty();
        let (dead_items, dead_letters): (Vec<Item>, Vec<Letter>) = dead.into_iter().unzip();
        let (doubtful, doubt_letters): (Vec<Item>, Vec<Letter>) = in_doubt.into_iter().unzip();
        entries.extend(dead_letters.into_iter().map(|letter| Entry::Dead(Box::new(letter))));
        entries.extend(doubt_letters.into_iter().map(|letter| Entry::InDoubt(Box::new(letter))));
        entries.extend(batch.filter(|_| is_done).map(|batch| Entry::BatchDone { batch }));
        // One reply, one write: half of a batch under its key, and half free of it, would be sent twice.
        self.started.journal.enqueue_all(entries);
        for item in delivered.iter().chain(&dead_items).chain(&doubtful) {
            self.started.loader.settled(now, item);
        }
        again.into_iter().for_each(|item| self.started.loader.again(now, item));
        if let (Some(items), Some(batch)) = (split, batch) {
            self.split(items, batch);
        }
        if let Some(ending) = ending {
            self.end(ending);
        }
    }

    fn split(&mut self, items: Vec<Item>, batch: BatchId) {
        if let Some(parts) = self.started.loader.split(items) {
            let into = parts.iter().filter_map(Parcel::batch).collect();
            self.started.journal.enqueue(Entry::BatchSplit { batch, into });
        }
    }
}
