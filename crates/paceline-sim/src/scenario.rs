//! A world as data: who calls whom, over what, and when.

use std::num::NonZeroU32;

use crate::platform::{LatencyRange, PlatformConfig, Rate};

/// Users with records to bring through, a network, and a platform.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// When records come.
    pub arrivals: Arrivals,
    /// How many records are to be brought through in all.
    pub records: u64,
    /// Bytes of one record.
    pub record_bytes: u32,
    /// Whose calls they are.
    pub callers: Callers,
    /// Whom they call.
    pub platform: PlatformConfig,
    /// How long a call takes to reach the platform.
    pub uplink: LatencyRange,
    /// How long a reply takes to come back.
    pub downlink: LatencyRange,
    /// What one call may carry, where the platform has a bulk endpoint.
    pub bulk: Option<Bulk>,
    /// Calls of others, who use up the same limits.
    pub foreign: Option<Rate>,
    /// Whether a lost reply may be answered by sending the record again.
    pub is_repeatable: bool,
}

/// When records come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrivals {
    /// So many users; each has one record at a time, and the next one when that is through and it has thought.
    Closed {
        /// How many.
        users: NonZeroU32,
        /// How long a user thinks between two records.
        think: LatencyRange,
    },
    /// At a rate, by chance, whatever becomes of those before.
    Open {
        /// How many in how long, on average.
        rate: Rate,
    },
}

/// Whose calls they are: users are dealt out evenly over credentials and integrations, records over endpoints. All belong
/// to one tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Callers {
    /// How many credentials.
    pub credentials: NonZeroU32,
    /// How many kinds of integration.
    pub integrations: NonZeroU32,
    /// How many endpoints.
    pub endpoints: NonZeroU32,
}

impl Default for Callers {
    /// One of each.
    fn default() -> Self {
        let one = NonZeroU32::MIN;
        Self { credentials: one, integrations: one, endpoints: one }
    }
}

/// What one call of a bulk endpoint may carry. What it costs is the platform's ([`crate::platform::BulkCost`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bulk {
    /// The most records.
    pub items: NonZeroU32,
    /// The most bytes of all its records together.
    pub bytes: u64,
}
