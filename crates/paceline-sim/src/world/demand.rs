//! Which user holds which record, and since when.

use paceline_core::Instant;

use crate::scenario::Scenario;

/// The records of a world, handed out in order.
#[derive(Debug)]
pub(super) struct Demand {
    records: u64,
    taken: Vec<Taken>,
}

#[derive(Clone, Copy, Debug)]
struct Taken {
    user: u32,
    since: Instant,
}

impl Demand {
    pub(super) const fn new(scenario: &Scenario) -> Self {
        Self { records: scenario.records, taken: Vec::new() }
    }

    /// The next record for a user; None when all are taken.
    pub(super) fn take(&mut self, now: Instant, user: u32) -> Option<u64> {
        let record = self.taken.len() as u64;
        if record == self.records {
            return None;
        }
        self.taken.push(Taken { user, since: now });
        Some(record)
    }

    /// Who holds a record that was taken.
    pub(super) fn user_of(&self, record: u64) -> u32 {
        self.taken(record).user
    }

    /// Since when its user holds it.
    pub(super) fn since(&self, record: u64) -> Instant {
        self.taken(record).since
    }

    fn taken(&self, record: u64) -> Taken {
        self.taken[usize::try_from(record).expect("it was counted by a length")]
    }
}
