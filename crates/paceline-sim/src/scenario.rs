//! A world as data: who calls whom, over what.

use std::num::NonZeroU32;

use crate::platform::{LatencyRange, PlatformConfig};

/// A closed world: users that each hold one record at a time until all are through.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// How many users; each has at most one call outstanding.
    pub users: NonZeroU32,
    /// How many records they have to bring through together.
    pub records: u64,
    /// Whom they call.
    pub platform: PlatformConfig,
    /// How long a call takes to reach the platform.
    pub uplink: LatencyRange,
    /// How long a reply takes to come back.
    pub downlink: LatencyRange,
    /// Whether a lost reply may be answered by sending the record again.
    pub is_repeatable: bool,
}
