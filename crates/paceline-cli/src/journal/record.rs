//! A record as the journal knows it: where it stands in the source, and how far it has come.

use std::fmt;
use std::sync::Arc;

/// 128 bits of a hash of a record's content: tells whether it changed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 16]);

impl Digest {
    /// The digest with these bytes. Which hash they come from is the caller's choice, the same for the
    /// life of the journal.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// One record of the source, without its content.
///
/// Without a key field it is identified by `position` and `digest`, with one by `key` and `digest`. In
/// a journal with a key field, a record that has no key of its own (the field is missing, or another
/// record has it) is identified by `position`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordRef {
    /// How many records come before it in the source.
    pub position: u64,
    /// The text of its key field; ignored by a journal without one.
    pub key: Option<Arc<str>>,
    /// Of its content.
    pub digest: Digest,
    /// The line of the source where it starts, from 1; 0 when the source has no lines.
    pub line: u64,
}

/// How far a record has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Still to do.
    Todo,
    /// An attempt with it has started and its outcome is not known yet.
    Departed,
    /// The platform accepted it.
    Delivered,
    /// Given up; its letter says why.
    Dead,
    /// It may have been applied.
    InDoubt,
}

impl State {
    /// Its name in the file, and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Todo => "todo",
            Self::Departed => "departed",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
            Self::InDoubt => "in_doubt",
        }
    }

    /// The state that [`State::name`] names so.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Todo, Self::Departed, Self::Delivered, Self::Dead, Self::InDoubt]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// How a record of the source stands with the journal: what the engine does with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Never seen: send it.
    New,
    /// Seen, or changed since it was given up: send it.
    Todo {
        /// The batch that it must be sent in again, with that batch's own key.
        batch: Option<super::BatchId>,
    },
    /// An attempt of this very run is under way with it.
    Departed,
    /// Delivered with this content: skip it.
    Delivered,
    /// Delivered with other content (journals with a key field only): send it again.
    ChangedSinceDelivered,
    /// Given up with this content: skip it.
    Dead,
    /// It may have been applied, in this form or an older one: skip it.
    InDoubt {
        /// Whether its letter has the record's content. After a crash it has not: enqueue a new
        /// [`super::Entry::InDoubt`] with it, so that it can be exported.
        has_content: bool,
    },
    /// Another record of this source has the same key: no two may. Give it up under its position, that
    /// is as a [`RecordRef`] without key.
    DuplicateKey {
        /// Where the record that keeps the key is.
        first_position: u64,
        /// Its line.
        first_line: u64,
    },
    /// Another record was at this position when the journal was written (journals without a key field
    /// only): this is not the same source, stop.
    SourceChanged,
}

/// How many records are in each state. Without a key field a record that nothing ever happened to is
/// not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Known and still to do.
    pub todo: u64,
    /// Under way.
    pub departed: u64,
    /// Accepted by the platform.
    pub delivered: u64,
    /// Given up.
    pub dead: u64,
    /// Perhaps applied.
    pub in_doubt: u64,
}

impl Counts {
    pub(super) fn add(&mut self, state: State, records: u64) {
        *match state {
            State::Todo => &mut self.todo,
            State::Departed => &mut self.departed,
            State::Delivered => &mut self.delivered,
            State::Dead => &mut self.dead,
            State::InDoubt => &mut self.in_doubt,
        } += records;
    }
}
