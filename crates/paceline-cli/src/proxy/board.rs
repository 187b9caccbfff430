//! What the proxy has seen, in numbers: for the admin port, and for the summary at the end.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use paceline_core::{Outcome, Reply};
use serde::Serialize;

/// Counters that only grow, and how many wait.
#[derive(Debug, Default)]
pub(super) struct Tally {
    offered: AtomicU64,
    accepted: AtomicU64,
    rejected: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    declined: AtomicU64,
    hung_up: AtomicU64,
    held_micros: AtomicU64,
    waiting: AtomicU64,
}

/// Counters as they stood at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Calls that clients made.
    pub offered: u64,
    /// Attempts that the platform accepted.
    pub accepted: u64,
    /// Attempts that it did not want, whatever the reason: most statuses of 300 to 499.
    pub rejected: u64,
    /// Attempts that it refused for a limit or for load.
    pub refused: u64,
    /// Attempts that brought no reply, or one that leaves in doubt what was done.
    pub failed: u64,
    /// Calls that the proxy answered by itself.
    pub declined: u64,
    /// Calls whose client went before it was answered.
    pub hung_up: u64,
    /// For how long calls were held for their permits, in microseconds, all together.
    pub held_micros: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { offered, accepted, rejected, refused, failed, declined, hung_up, .. } = self;
        write!(
            f,
            "{offered} calls: {accepted} accepted, {rejected} not wanted, {refused} refused by the platform and tried again, \
             {failed} failed attempts, {declined} answered by paceline, {hung_up} hung up"
        )
    }
}

/// What became of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    Offered,
    Declined,
    HungUp,
}

impl Tally {
    pub(super) fn saw(&self, seen: Seen) {
        let counter = match seen {
            Seen::Offered => &self.offered,
            Seen::Declined => &self.declined,
            Seen::HungUp => &self.hung_up,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn held(&self, micros: u64) {
        self.held_micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// A call waits for a permit from now on.
    pub(super) fn waits(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn waits_no_more(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    /// Calls that wait for a permit now.
    pub(super) fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// An attempt has ended.
    pub(super) fn attempted(&self, reply: &Reply) {
        let counter = match Outcome::of(reply, false) {
            Outcome::Accepted => &self.accepted,
            Outcome::Throttled | Outcome::Overloaded => &self.refused,
            Outcome::Transient | Outcome::Uncertain => &self.failed,
            Outcome::Rejected | Outcome::Unauthorized | Outcome::Banned => &self.rejected,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            offered: read(&self.offered),
            accepted: read(&self.accepted),
            rejected: read(&self.rejected),
            refused: read(&self.refused),
            failed: read(&self.failed),
            declined: read(&self.declined),
            hung_up: read(&self.hung_up),
            held_micros: read(&self.held_micros),
        }
    }
}
