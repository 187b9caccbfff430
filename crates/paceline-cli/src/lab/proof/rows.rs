//! What is proven, on which scenarios.

use std::num::NonZeroU32;
use std::time::Duration;

use paceline_sim::platform::LatencyRange;
use paceline_sim::scenario::Arrivals;

use super::floor::Floor;
use crate::scenario::{NoSuchScenario, ScenarioFile};

/// One row of the proof: a limiter or a disturbance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// The shipped scenario whose platform it is.
    pub scenario: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// What is asked of a client that knows nothing; None: only that it breaks no law.
    pub cold: Option<Floor>,
    /// What is asked of one that remembers an earlier run.
    pub warm: Option<Floor>,
    pub(super) measure: Measure,
    pub(super) load: Load,
}

/// What accepted calls are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    /// With the most that any client could have had admitted.
    Oracle,
    /// With the best without a refusal: as many slots as there are, each taken for the mean of service and round trip.
    Slots,
    /// With what the limit was, in each of its phases once there was time to find it; the worst phase counts.
    Phases,
}

/// The load that is laid over a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Load {
    /// 60,000 calls, and a round trip of 30 to 80 ms.
    Usual,
    /// 60,000 calls in the scenario's own network.
    OwnNetwork,
    /// The usual network, and as many calls as the scenario has, for its changes to happen.
    OwnCalls,
}

impl Row {
    /// The scenario with the proof's load laid over it.
    ///
    /// # Errors
    /// When it is not shipped.
    pub fn scenario(&self) -> Result<ScenarioFile, NoSuchScenario> {
        let mut file = ScenarioFile::builtin(self.scenario)?;
        let world = &mut file.scenario;
        world.arrivals = Arrivals::Closed { users: USERS, think: LatencyRange::default() };
        if self.load != Load::OwnCalls {
            world.records = CALLS;
        }
        if self.load != Load::OwnNetwork {
            let between =
                |low, high| LatencyRange::between(Duration::from_millis(low), Duration::from_millis(high));
            (world.uplink, world.downlink) = (between(10, 30), between(10, 30));
            world.platform.latency = between(10, 20);
        }
        Ok(file)
    }

    const fn new(scenario: &'static str, title: &'static str) -> Self {
        let (measure, load) = (Measure::Oracle, Load::Usual);
        Self { scenario, title, cold: None, warm: None, measure, load }
    }

    /// Asks for this cold: goodput ratio, refusals per 1,000.
    const fn cold(self, ratio: f64, refusals: f64) -> Self {
        Self { cold: Some(Floor { ratio, refusals }), ..self }
    }

    /// Asks for this ratio warm.
    const fn warm(self, ratio: f64) -> Self {
        Self { warm: Some(Floor { ratio, refusals: WARM_REFUSALS }), ..self }
    }

    const fn by_slots(self) -> Self {
        Self { measure: Measure::Slots, load: Load::OwnNetwork, ..self }
    }

    const fn by_phases(self, load: Load) -> Self {
        Self { measure: Measure::Phases, load, ..self }
    }
}

/// All of them: the limiters, then what disturbs a client.
pub const ROWS: [Row; 23] = [
    Row::new("founding", "token bucket 120/s, burst 120").cold(0.99, 1.0).warm(0.99),
    Row::new("tight-bucket", "token bucket 120/s, burst 12").cold(0.98, 1.0).warm(0.99),
    Row::new("fixed-window", "fixed window 1,200 per 10 s").cold(0.97, 1.0).warm(0.975),
    Row::new("sliding-log", "sliding log 1,200 per 10 s").cold(0.97, 1.0).warm(0.975),
    Row::new("second-window", "fixed window 120 per 1 s").cold(0.955, 1.0).warm(0.97),
    Row::new("sliding-counter", "sliding counter 1,200 per 10 s").cold(0.94, 1.5),
    Row::new("leaky-no-retry-after", "leaky bucket 120/s, queue 60, no Retry-After").cold(0.96, 2.0),
    Row::new("no-retry-after", "token bucket 120/s, burst 120, no Retry-After").cold(0.95, 1.0),
    Row::new("refused-calls-count", "sliding log 1,200 per 10 s that counts refused calls").cold(0.945, 2.0),
    Row::new("ten-at-once", "10 at once, held for 45 to 65 ms").cold(0.93, 2.0).by_slots(),
    Row::new("three-credentials", "300/min for each of 3 credentials, 1,200/min for the tenant")
        .cold(0.97, 5.0),
    Row::new("published", "token bucket 120/s, burst 120, published in headers").cold(0.99, 0.1),
    Row::new("four-phases", "120, 60, 180 and 120/s, for 150 s each")
        .cold(0.95, 3.0)
        .by_phases(Load::OwnCalls),
    Row::new("halved", "120/s, halved for a minute").cold(0.95, 3.0).by_phases(Load::Usual),
    Row::new("doubled", "120/s, doubled after a minute").cold(0.95, 3.0).by_phases(Load::Usual),
    Row::new("zero-retry-after", "Retry-After: 0"),
    Row::new("scaled-window", "Retry-After that grows with the pressure, fixed window"),
    Row::new("decimal-retry-after", "Retry-After with decimals"),
    Row::new("date-retry-after", "Retry-After as an HTTP date"),
    Row::new("skewed-clock", "Retry-After as the date of a clock that is 2 min behind, fixed window"),
    Row::new("shared-quota", "a third of 120/s is used by others"),
    Row::new("founding-ban", "20 early returns in a minute are a ban"),
    Row::new("stragglers", "one reply in 200 takes 5 s more"),
];

const USERS: NonZeroU32 = NonZeroU32::new(500).expect("500 is not 0");
/// 500 s at 120/s: a cold start is no longer what decides.
const CALLS: u64 = 60_000;
/// Per 1,000 accepted calls, of a client that remembers.
const WARM_REFUSALS: f64 = 0.6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_load_is_laid_over_every_scenario_that_is_shipped() {
        let shipped: Vec<ScenarioFile> = ROWS.iter().filter_map(|row| row.scenario().ok()).collect();
        assert!(shipped.len() >= 20, "only {} rows have a scenario", shipped.len());
        for (row, file) in ROWS.iter().zip(ROWS.map(|row| row.scenario())) {
            let Ok(ScenarioFile { scenario, .. }) = file else { continue };
            assert_eq!(scenario.arrivals, Arrivals::Closed { users: USERS, think: LatencyRange::default() });
            assert!(scenario.records >= CALLS, "{}", row.scenario);
            let shortest = [scenario.uplink, scenario.platform.latency, scenario.downlink];
            let longest: Duration = shortest.iter().map(|part| part.longest()).sum();
            assert_eq!(longest, Duration::from_millis(80), "{}", row.scenario);
        }
    }

    #[test]
    fn a_row_by_slots_has_one_limit_on_calls_at_once_and_a_row_by_phases_changes() {
        use paceline_sim::platform::LimiterKind::Concurrency;
        for row in ROWS {
            let Ok(file) = row.scenario() else { continue };
            let platform = &file.scenario.platform;
            let is_by_slots = matches!(platform.limits[..], [one] if matches!(one.kind, Concurrency { .. }));
            assert_eq!(row.measure == Measure::Slots, is_by_slots, "{}", row.scenario);
            assert_eq!(row.measure == Measure::Phases, !platform.changes.is_empty(), "{}", row.scenario);
        }
    }
}
