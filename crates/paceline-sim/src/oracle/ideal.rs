//! How soon a whole scenario could be through.

use std::time::Duration;

use paceline_core::{Instant, ScopeKind};

use super::most;
use crate::platform::{Course, LimitConfig, LimiterKind};
use crate::scenario::{Arrivals, Scenario};

/// The least time in which all records could be accepted, one call each, by a client that knows everything: from the first
/// arrival to the last accept. None where no limit bounds it.
#[must_use]
pub fn soonest(scenario: &Scenario) -> Option<Duration> {
    let limits = (0..).zip(&scenario.platform.limits);
    limits.filter_map(|(place, limit)| soonest_under(scenario, place, limit)).max()
}

/// Cost units a second that the limits allow in the long run, as they are at the start. None where nothing bounds it.
#[must_use]
pub fn long_run_rate(scenario: &Scenario) -> Option<f64> {
    let mean_service = mean_service(scenario).as_secs_f64();
    let rates = scenario.platform.limits.iter().filter_map(|limit| {
        let each = match limit.kind {
            LimiterKind::TokenBucket { rate, .. }
            | LimiterKind::FixedWindow { rate, .. }
            | LimiterKind::SlidingLog { rate }
            | LimiterKind::SlidingCounter { rate }
            | LimiterKind::LeakyBucket { rate, .. } => {
                f64::from(rate.count().get()) / rate.per().as_secs_f64()
            }
            LimiterKind::Concurrency { slots } => f64::from(slots.get()) / mean_service,
        };
        let all = each * f64::from(keys(scenario, limit));
        all.is_finite().then_some(all)
    });
    rates.min_by(f64::total_cmp)
}

fn mean_service(scenario: &Scenario) -> Duration {
    let latency = scenario.platform.latency;
    (latency.shortest() + latency.longest()) / 2
}

fn soonest_under(scenario: &Scenario, place: usize, limit: &LimitConfig) -> Option<Duration> {
    let course = Course::of(place, limit.kind, &scenario.platform.changes);
    let shortest = scenario.platform.latency.shortest();
    let each = scenario.records.div_ceil(u64::from(keys(scenario, limit)));
    let is_enough = |nanos: u64| {
        most(&course, Instant::EPOCH, Instant::from_nanos(nanos), shortest).map(|most| most >= each)
    };
    let (mut low, mut high) = (0, LONGEST.as_nanos().try_into().unwrap_or(u64::MAX));
    if !is_enough(high)? {
        return Some(LONGEST);
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if is_enough(middle)? { high = middle } else { low = middle + 1 }
    }
    Some(Duration::from_nanos(high))
}

/// How many keys of a limit the scenario's calls are spread over.
fn keys(scenario: &Scenario, limit: &LimitConfig) -> u32 {
    let callers = scenario.callers;
    let users = match scenario.arrivals {
        Arrivals::Closed { users, .. } => users.get(),
        Arrivals::Open { .. } => u32::MAX,
    };
    let (all, is_one) = match limit.scope {
        ScopeKind::Tenant => (1, true),
        ScopeKind::Credential => (callers.credentials.get().min(users), false),
        ScopeKind::Integration => (callers.integrations.get().min(users), limit.only.is_some()),
        ScopeKind::Endpoint => (callers.endpoints.get(), limit.only.is_some()),
    };
    if is_one { 1 } else { all }
}

/// Ten days: no scenario is longer.
const LONGEST: Duration = Duration::from_secs(864_000);

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::platform::{LatencyRange, PlatformConfig, Rate};
    use crate::scenario::Callers;

    fn scenario(limits: Vec<LimitConfig>, credentials: u32) -> Scenario {
        let some = |n| NonZeroU32::new(n).unwrap();
        let latency = LatencyRange::between(Duration::from_millis(400), Duration::from_millis(434));
        Scenario {
            arrivals: Arrivals::Closed { users: some(500), think: LatencyRange::default() },
            records: 12_000,
            record_bytes: 2_000,
            callers: Callers { credentials: some(credentials), ..Callers::default() },
            platform: PlatformConfig { limits, latency, ..PlatformConfig::default() },
            uplink: LatencyRange::default(),
            downlink: LatencyRange::default(),
            bulk: None,
            foreign: None,
            is_repeatable: true,
        }
    }

    fn limit(kind: LimiterKind) -> LimitConfig {
        LimitConfig::per_credential(kind)
    }

    #[test]
    fn a_bucket_is_through_when_its_burst_and_what_accrued_are_used_up() {
        let some = |n| NonZeroU32::new(n).unwrap();
        let bucket = limit(LimiterKind::TokenBucket { rate: Rate::per_second(some(120)), burst: some(120) });
        let founding = scenario(vec![bucket], 1);
        assert_eq!(soonest(&founding), Some(Duration::from_secs(99)));
        assert_eq!(long_run_rate(&founding), Some(120.0));
    }

    #[test]
    fn each_credential_has_its_own_share() {
        let rate = Rate::new(NonZeroU32::new(300).unwrap(), Duration::from_secs(60)).unwrap();
        let minute = limit(LimiterKind::FixedWindow { rate, phase: Duration::ZERO });
        let spread = scenario(vec![minute], 24);
        assert_eq!(long_run_rate(&spread), Some(120.0));
        // 500 each: 300 in the first minute, 200 at the start of the second.
        assert_eq!(soonest(&spread), Some(Duration::from_secs(60)));
    }

    #[test]
    fn slots_allow_what_their_service_lets_through() {
        let slots = limit(LimiterKind::Concurrency { slots: NonZeroU32::new(50).unwrap() });
        let rate = long_run_rate(&scenario(vec![slots], 1)).unwrap();
        assert!((rate - 119.9).abs() < 0.1, "{rate}");
    }

    #[test]
    fn without_limits_nothing_bounds_it() {
        assert_eq!((soonest(&scenario(vec![], 1)), long_run_rate(&scenario(vec![], 1))), (None, None));
    }
}
