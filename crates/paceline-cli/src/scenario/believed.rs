//! What clients are told of a platform's limit.

use std::num::{NonZeroU32, NonZeroU64};

use paceline_core::{KnownRate, ScopeKind};
use paceline_sim::platform::{LimitConfig, LimiterKind};
use paceline_sim::scenario::Callers;

use crate::units::Rate;

/// A rate that all callers together are said to have. A client that is told it need not learn it; whether it is true is the
/// scenario's affair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Believed {
    /// Cost units in a time.
    pub rate: Rate,
    /// What may come at once after a rest; 1 is none.
    pub burst: NonZeroU32,
}

impl Believed {
    /// As the core is told it; None for less than one in a day.
    #[must_use]
    pub fn known(self) -> Option<KnownRate> {
        let rate = paceline_core::Rate::per(self.rate.count.get(), self.rate.per)?;
        Some(KnownRate { rate, burst: self.burst })
    }
}

/// The limit that holds all callers together tightest: its place, and what it allows them.
pub(super) fn tightest(limits: &[LimitConfig], callers: Callers) -> Option<(usize, Believed)> {
    let allowed = limits.iter().enumerate().filter_map(|(at, limit)| Some((at, allowed(limit, callers)?)));
    allowed.min_by(|(_, one), (_, other)| one.rate.per_second().total_cmp(&other.rate.per_second()))
}

/// What one limit allows all callers together; None where it limits no rate.
fn allowed(limit: &LimitConfig, callers: Callers) -> Option<Believed> {
    let keys = match limit.scope {
        ScopeKind::Tenant => NonZeroU32::MIN,
        ScopeKind::Credential => callers.credentials,
        ScopeKind::Integration => callers.integrations,
        ScopeKind::Endpoint => callers.endpoints,
    };
    let (rate, burst) = match limit.kind {
        LimiterKind::TokenBucket { rate, burst } => (rate, burst.saturating_mul(keys)),
        LimiterKind::LeakyBucket { rate, queue } => {
            (rate, NonZeroU32::MIN.saturating_add(queue).saturating_mul(keys))
        }
        // Of a window, what comes at once is missing later: whoever keeps to the rate has no burst.
        LimiterKind::FixedWindow { rate, .. }
        | LimiterKind::SlidingLog { rate }
        | LimiterKind::SlidingCounter { rate } => (rate, NonZeroU32::MIN),
        LimiterKind::Concurrency { .. } => return None,
    };
    let count = NonZeroU64::from(rate.count()).saturating_mul(NonZeroU64::from(keys));
    Some(Believed { rate: Rate { count, per: rate.per() }, burst })
}
