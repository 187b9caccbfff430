//! What a client sees of its run.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use paceline_core::{CallId, GiveUp, Instant, Reply};

use super::Seen;

/// Records and calls that have ended.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) given_up: BTreeMap<u64, GiveUp>,
    pub(super) given_up_records: u64,
    /// When the last user was served.
    pub(super) finished: Instant,
    times: Vec<Duration>,
}

impl Tally {
    pub(super) const fn delivered(&self) -> u64 {
        self.times.len() as u64
    }

    /// The user of a record was served after so long.
    pub(super) fn deliver(&mut self, now: Instant, after: Duration) {
        self.finished = now;
        self.times.push(after);
    }

    /// A call with so many records was given up.
    pub(super) fn give_up(&mut self, now: Instant, call: CallId, records: usize, why: GiveUp) {
        self.finished = now;
        self.given_up.insert(call.0, why);
        self.given_up_records += records as u64;
    }

    /// How long each delivered record took; ascending.
    pub(super) fn times_to_success(&self) -> Vec<Duration> {
        let mut times = self.times.clone();
        times.sort_unstable();
        times
    }
}

/// Counts attempts from wherever they end.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch(Arc<Mutex<Seen>>);

impl Watch {
    /// An attempt has ended so. One that never left is none.
    pub(super) fn note(&self, reply: &Reply) {
        let status = match reply {
            Reply::NotSent => return,
            Reply::Lost => None,
            Reply::Answered(answered) => Some(answered.status),
        };
        let mut seen = self.lock();
        seen.attempts += 1;
        seen.accepted += u64::from(status.is_some_and(|status| (200..300).contains(&status)));
        seen.refused += u64::from(status == Some(429));
    }

    pub(super) fn seen(&self) -> Seen {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        // Counts are right between any two lines of `note`, or off by one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
