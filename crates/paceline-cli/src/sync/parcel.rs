//! What travels in one call.

use std::sync::Arc;

use crate::journal::{Batch, BatchId, Digest, RecordRef};
use crate::records::Record;

/// A record on its way.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) record: Record,
    pub(super) reference: RecordRef,
    /// Times it came back from a batch with the word that it may be sent again.
    pub(super) returns: u32,
}

impl Item {
    pub(super) fn new(record: Record, key_field: Option<&str>) -> Self {
        let key = key_field.and_then(|field| record.field_text(field)).map(|text| Arc::from(&*text));
        let digest = Digest::from_bytes(record.digest());
        let reference = RecordRef { position: record.position, key, digest, line: record.line };
        Self { record, reference, returns: 0 }
    }

    /// About how many bytes it takes in a batch.
    pub(super) fn size(&self) -> usize {
        self.record.json().len() + 1
    }
}

/// The records of one call.
#[derive(Clone, Debug)]
pub(super) struct Parcel {
    /// At least one; exactly one unless `seal` is set.
    pub(super) items: Vec<Item>,
    /// Of a batch.
    pub(super) seal: Option<Seal>,
}

/// What fixes a batch: the same membership and key at every attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seal {
    pub(super) id: BatchId,
    pub(super) key: String,
    /// Whether the journal knows it already.
    pub(super) is_journaled: bool,
}

impl Seal {
    /// Of a batch that is made for a look, and never sent.
    pub(super) const fn unsent() -> Self {
        Self { id: BatchId(0), key: String::new(), is_journaled: true }
    }
}

impl Parcel {
    pub(super) fn one(item: Item) -> Self {
        Self { items: vec![item], seal: None }
    }

    pub(super) fn references(&self) -> Vec<RecordRef> {
        self.items.iter().map(|item| item.reference.clone()).collect()
    }

    pub(super) fn batch(&self) -> Option<Batch> {
        let seal = self.seal.as_ref()?;
        Some(Batch { id: seal.id, key: seal.key.clone(), members: self.references() })
    }
}
