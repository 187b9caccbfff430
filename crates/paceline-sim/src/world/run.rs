//! How a scenario is played once, and what came of it.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use paceline_core::{GiveUp, Instant};

use super::Timeline;
use crate::check::Findings;
use crate::platform::Stats;

/// How a scenario is played once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The source of all chance: the same seed gives the same run.
    pub seed: u64,
    /// The most records that go in one call; more than 1 only where the platform has a bulk endpoint.
    pub batch: NonZeroU32,
    /// How long a record waits for company in a batch.
    pub linger: Duration,
    /// The most calls that the client takes on at once; None: as many as there are.
    pub workers: Option<NonZeroU32>,
    /// When to stop, whatever is left.
    pub limit: Duration,
}

impl Terms {
    /// One record in a call, and as long as it takes, up to `limit`.
    #[must_use]
    pub const fn unbatched(seed: u64, limit: Duration) -> Self {
        Self { seed, batch: NonZeroU32::MIN, linger: Duration::ZERO, workers: None, limit }
    }
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Run {
    /// What the platform saw.
    pub stats: Stats,
    /// What it did wrong.
    pub findings: Findings,
    /// Records whose users were served.
    pub delivered: u64,
    /// Calls given up, and why.
    pub given_up: BTreeMap<u64, GiveUp>,
    /// Records of those calls.
    pub given_up_records: u64,
    /// Records still on their way, or not even begun, when the run was stopped.
    pub unfinished: u64,
    /// When the last user was served.
    pub finished: Instant,
    /// How long each delivered record took from its user's hand to success; ascending.
    pub times_to_success: Vec<Duration>,
    /// What arrived when.
    pub timeline: Timeline,
    /// How many events it took.
    pub events: u64,
}
