//! Which user holds which record, since when, and when the next ones come.

use std::time::Duration;

use fastrand::Rng;
use paceline_core::Instant;
use paceline_sim::platform::{LatencyRange, Rate};
use paceline_sim::scenario::{Arrivals, Callers, Scenario};
use paceline_sim::strategy::Lane;

/// The records of a run, handed out in order.
#[derive(Debug)]
pub(super) struct Demand {
    arrivals: Arrivals,
    callers: Callers,
    records: u64,
    taken: Vec<Taken>,
    rng: Rng,
}

#[derive(Clone, Copy, Debug)]
struct Taken {
    user: u32,
    since: Instant,
}

impl Demand {
    pub(super) fn new(scenario: &Scenario, seed: u64) -> Self {
        let (arrivals, callers) = (scenario.arrivals, scenario.callers);
        let rng = Rng::with_seed(seed ^ SEED);
        Self { arrivals, callers, records: scenario.records, taken: Vec::new(), rng }
    }

    /// The users who come at the start.
    pub(super) const fn first_users(&self) -> u32 {
        match self.arrivals {
            Arrivals::Closed { users, .. } => users.get(),
            Arrivals::Open { .. } => 1,
        }
    }

    /// The next record for a user, and its lane; None when all are taken.
    pub(super) fn take(&mut self, now: Instant, user: u32) -> Option<(u64, Lane)> {
        let record = self.taken.len() as u64;
        if record == self.records {
            return None;
        }
        self.taken.push(Taken { user, since: now });
        Some((record, self.lane(user, record)))
    }

    /// How long after a record the next user comes of its own accord.
    pub(super) fn next_arrival(&mut self) -> Option<Duration> {
        match self.arrivals {
            Arrivals::Open { rate } => Some(gap(rate, &mut self.rng)),
            Arrivals::Closed { .. } => None,
        }
    }

    /// How long the user of a record that is through thinks; None where each user comes once.
    pub(super) fn think(&mut self) -> Option<Duration> {
        match self.arrivals {
            Arrivals::Closed { think, .. } => Some(sample(think, &mut self.rng)),
            Arrivals::Open { .. } => None,
        }
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

    /// Users are dealt out over credentials and integrations, records over endpoints, as in virtual time.
    fn lane(&self, user: u32, record: u64) -> Lane {
        let Callers { credentials, integrations, endpoints } = self.callers;
        let endpoint = record % u64::from(endpoints.get());
        Lane {
            credential: user % credentials,
            integration: user / credentials % integrations,
            endpoint: u32::try_from(endpoint).expect("it is less than their number"),
        }
    }
}

/// The time to the next arrival of a Poisson process with this rate.
pub(super) fn gap(rate: Rate, rng: &mut Rng) -> Duration {
    let mean = rate.per().as_secs_f64() / f64::from(rate.count().get());
    // 1 - [0, 1) is never 0, of which there is no logarithm.
    Duration::try_from_secs_f64(-(1.0 - rng.f64()).ln() * mean).unwrap_or(Duration::MAX)
}

fn sample(range: LatencyRange, rng: &mut Rng) -> Duration {
    let nanos = |span: Duration| u64::try_from(span.as_nanos()).expect("a range ends at an hour");
    Duration::from_nanos(rng.u64(nanos(range.shortest())..=nanos(range.longest())))
}

/// Sets the users' chance apart from the platform's.
const SEED: u64 = 0x6465_6d61_6e64_0000;
