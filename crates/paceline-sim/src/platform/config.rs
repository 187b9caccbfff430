//! What kind of platform it is.

use std::time::Duration;

use paceline_core::{ScopeKind, WallTime};

use crate::platform::change::Change;
use crate::platform::fault::{Fault, Outage};
use crate::platform::fingerprint::Fingerprint;
use crate::platform::latency::LatencyRange;
use crate::platform::limiter::LimiterKind;
use crate::platform::penalty::Ban;
use crate::platform::published::PublishedForm;
use crate::platform::retry_after::RetryAfterForm;

/// A platform as data. The default limits nothing, answers at once and never fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformConfig {
    /// Its limits; a call must be granted by all of those that it falls under.
    pub limits: Vec<LimitConfig>,
    /// When they change.
    pub changes: Vec<Change>,
    /// How a refusal tells when to come back.
    pub retry_after: RetryAfterForm,
    /// How every reply that a limit was asked about, granted or refused, publishes that limit.
    pub published: PublishedForm,
    /// What early returns cost; none: they are only counted.
    pub ban: Option<Ban>,
    /// How long every answer takes, refusals too.
    pub latency: LatencyRange,
    /// What goes wrong with admitted calls.
    pub faults: Vec<Fault>,
    /// When it is not there.
    pub outages: Vec<Outage>,
    /// What a bulk call costs.
    pub bulk_cost: BulkCost,
    /// The most bytes in a body; a call above it is answered with 413.
    pub body_limit: u64,
    /// The only credential that is not answered with 401; none: all are welcome.
    pub expected_credential: Option<Fingerprint>,
    /// Civil time at the epoch, for HTTP dates.
    pub epoch: WallTime,
    /// How far its own clock, which writes those dates, is behind civil time.
    pub clock_behind: Duration,
}

impl Default for PlatformConfig {
    fn default() -> Self {
        Self {
            limits: Vec::new(),
            changes: Vec::new(),
            retry_after: RetryAfterForm::default(),
            published: PublishedForm::default(),
            ban: None,
            latency: LatencyRange::default(),
            faults: Vec::new(),
            outages: Vec::new(),
            bulk_cost: BulkCost::default(),
            body_limit: BODY_LIMIT,
            expected_credential: None,
            epoch: WallTime::from_unix_millis(0),
            clock_behind: Duration::ZERO,
        }
    }
}

impl PlatformConfig {
    /// What its clock shows when it is `civil`.
    pub(crate) fn own_clock(&self, civil: WallTime) -> WallTime {
        let behind = u64::try_from(self.clock_behind.as_millis()).unwrap_or(u64::MAX);
        WallTime::from_unix_millis(civil.as_unix_millis().saturating_sub(behind))
    }
}

/// One limit: whose, of which kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LimitConfig {
    /// Calls with the same what share it. An integration or endpoint is one of a tenant.
    pub scope: ScopeKind,
    /// The one integration or endpoint that it is for; none: each has its own. Not read for the wider scopes.
    pub only: Option<Fingerprint>,
    /// Its kind and numbers.
    pub kind: LimiterKind,
    /// Whether refused calls count as if they had been made, whichever limit refused.
    pub counts_refused: bool,
}

impl LimitConfig {
    /// A limit per credential that does not count refused calls.
    #[must_use]
    pub const fn per_credential(kind: LimiterKind) -> Self {
        Self { scope: ScopeKind::Credential, only: None, kind, counts_refused: false }
    }
}

/// What a bulk call costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BulkCost {
    /// As much as any call: 1.
    #[default]
    Call,
    /// 1 for each of its items.
    Item,
}

/// The largest body that the public copies of one large platform's limits name.
const BODY_LIMIT: u64 = 512_000;
