//! What a platform saw.

use paceline_core::Instant;
use serde::Serialize;

/// What happened so far, as the platform saw it. Counts are calls unless they say otherwise.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Stats {
    /// All that arrived.
    pub arrivals: u64,
    /// Accepted with a 2xx, replayed ones too, whether or not a fault then ate the answer.
    pub accepted: u64,
    /// Records applied at least once.
    pub distinct: u64,
    /// Applications of records beyond the first of each.
    pub duplicates: u64,
    /// Answered with the reply of an earlier call with the same idempotency key; nothing was applied.
    pub replayed: u64,
    /// Refused by a limit.
    pub throttled: u64,
    /// Refused because the credential was shut out.
    pub banned: u64,
    /// Came before a wait that the client had been told was over.
    pub early_returns: u64,
    /// Refused for what they are: 400, 413, 422.
    pub rejected: u64,
    /// Came with an unknown credential.
    pub unauthorized: u64,
    /// Met an outage, or a record that only succeeds later.
    pub unavailable: u64,
    /// Admitted and then struck by an injected fault.
    pub faults: u64,
    /// The most arrivals in one tenth of a second; tenths are counted from the epoch.
    pub peak_per_100ms: u64,
    /// Connections that clients opened.
    pub connections_opened: u64,
    /// Connections that clients closed while a reply was owed.
    pub connections_dropped: u64,
    /// When the first call arrived, in milliseconds since the epoch.
    pub first_arrival_ms: Option<u64>,
    /// When the last accepted call arrived, in milliseconds since the epoch.
    pub last_accept_ms: Option<u64>,
    /// The most cost units that any client could have had admitted from the first arrival to the last
    /// accept; none if nothing limits it.
    pub oracle: Option<u64>,
    /// Accepted cost units / oracle.
    pub goodput_ratio: Option<f64>,
}

/// Counts while a platform runs.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// The counts; what other parts of the platform know is filled in when somebody asks.
    pub(crate) stats: Stats,
    pub(crate) first_arrival: Option<Instant>,
    pub(crate) last_accept: Option<Instant>,
    pub(crate) accepted_cost: u64,
    pub(crate) admitted_cost: u64,
    /// What others had admitted.
    pub(crate) foreign_cost: u64,
    tenth: u64,
    in_tenth: u64,
}

impl Tally {
    pub(crate) fn arrived(&mut self, now: Instant) {
        self.stats.arrivals += 1;
        self.first_arrival.get_or_insert(now);
        let tenth = now.as_nanos() / 100_000_000;
        if tenth != self.tenth {
            self.tenth = tenth;
            self.in_tenth = 0;
        }
        self.in_tenth += 1;
        self.stats.peak_per_100ms = self.stats.peak_per_100ms.max(self.in_tenth);
    }

    /// An admitted call that cost so much was answered so, or would have been but for a fault.
    pub(crate) fn answered(&mut self, now: Instant, status: u16, cost: u32) {
        match status {
            200..=299 => {
                self.stats.accepted += 1;
                self.accepted_cost += u64::from(cost);
                self.last_accept = Some(now);
            }
            400..=499 => self.stats.rejected += 1,
            _ => self.stats.unavailable += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_that_of_the_busiest_tenth() {
        let mut tally = Tally::default();
        for millis in [0, 10, 99, 100, 101, 102, 199, 200, 950] {
            tally.arrived(Instant::from_nanos(millis * 1_000_000));
        }
        assert_eq!(tally.stats.peak_per_100ms, 4);
        assert_eq!(tally.stats.arrivals, 9);
    }
}
