//! What a run may say to the journal.

use std::time::Duration;

use paceline_core::{GateCause, ScopeKind, WallTime};

use super::{Counts, Letter, RecordRef};

/// One thing that happened, or is about to.
///
/// A delivered record stays delivered: whatever a late or repeated entry says about the same content
/// changes nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// This run is about to send its first call: from here on a crash may take an answer with it.
    FirstDeparture,
    /// An attempt with these records is about to start. Where a call may not be repeated this is
    /// committed before its first byte leaves.
    Departed {
        /// All that the call carries.
        records: Vec<RecordRef>,
        /// The batch they are sent in, when it has a key of its own.
        batch: Option<BatchId>,
    },
    /// The platform accepted these records.
    Delivered {
        /// Which.
        records: Vec<RecordRef>,
    },
    /// The record is given up.
    Dead(Box<Letter>),
    /// The record may have been applied, and must not be sent again unasked.
    InDoubt(Box<Letter>),
    /// The attempt was refused and not applied: the records are still to do. Changes only records
    /// that departed or were still to do.
    BackToTodo {
        /// Which.
        records: Vec<RecordRef>,
        /// The batch they stay in, to be sent again whole; `None` frees them for another one.
        batch: Option<BatchId>,
    },
    /// A batch was closed: its membership and key are fixed before it is sent.
    BatchFormed(Batch),
    /// A batch was cut into smaller ones, to find the record that poisons it.
    BatchSplit {
        /// The one that is no more.
        batch: BatchId,
        /// What its members are in now.
        into: Vec<Batch>,
    },
    /// A batch needs its key no more: each of its records is settled or has left it.
    BatchDone {
        /// Which.
        batch: BatchId,
    },
    /// A gate closed. An opening that is earlier than the one known changes nothing.
    GateClosed {
        /// Whose.
        scope: ScopeName,
        /// When it opens.
        until: WallTime,
        /// Why.
        cause: GateCause,
    },
    /// Something was learned about the limits of a scope.
    Learned {
        /// Which.
        scope: ScopeName,
        /// The limits, in words of the caller's choice; `None` leaves those known.
        limits: Option<String>,
        /// A wait that the platform named. The longest is kept.
        retry_after: Option<Duration>,
    },
    /// What this run gave up is still to do after all: the run was at fault, not the records. Those that
    /// were given up without being identified (no key, or another's) stay.
    Acquitted,
    /// The run ends in good order.
    RunEnded {
        /// Why, in one word of the caller's choice.
        reason: String,
        /// What became of the records of this run's source.
        counts: Counts,
    },
}

impl Entry {
    /// How many rows it writes, about: what it weighs in the queue.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Departed { records, .. }
            | Self::Delivered { records }
            | Self::BackToTodo { records, .. } => records.len(),
            Self::BatchFormed(batch) => batch.members.len(),
            Self::BatchSplit { into, .. } => into.iter().map(|batch| batch.members.len()).sum(),
            _ => 1,
        }
    }
}

/// Identifies a batch within one journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BatchId(pub u64);

/// Records that are sent in one call under one idempotency key.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// From [`super::Journal::next_batch_id`].
    pub id: BatchId,
    /// Its idempotency key: the same at every attempt, before and after a restart.
    pub key: String,
    /// Its records, in the order they are sent in.
    pub members: Vec<RecordRef>,
}

/// A scope by kind and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ScopeName {
    /// What the limit is attached to.
    pub kind: ScopeKind,
    /// Which of that kind.
    pub name: String,
}
