//! The phases of a limit that changes, and how much of each was used.

use std::time::Duration;

use paceline_sim::platform::{LimiterKind, PlatformConfig};
use paceline_sim::world::{TENTH, Tenth};

use super::figures::number;

/// A stretch of time in which the limit stayed what it was, from when it is judged on.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Phase {
    rate: f64,
    from: Duration,
    until: Duration,
}

/// The least share of the first limit that was admitted in one of its phases, up to `end`. None where it limits no rate.
pub(super) fn worst(platform: &PlatformConfig, tenths: &[Tenth], end: Duration) -> Option<f64> {
    let shares = phases(platform, end)?.into_iter().map(|phase| phase.share(tenths));
    shares.min_by(f64::total_cmp)
}

/// The phases; those that end before they are judged are left out.
fn phases(platform: &PlatformConfig, end: Duration) -> Option<Vec<Phase>> {
    let mut rate = per_second(platform.limits.first()?.kind)?;
    let mut phases = vec![Phase { rate, from: Duration::ZERO, until: end }];
    for change in platform.changes.iter().filter(|change| change.limit == 0 && change.at < end) {
        let before = rate;
        rate = per_second(change.kind)?;
        phases.last_mut().expect("there is a first").until = change.at;
        phases.push(Phase { rate, from: change.at + time_to_find(before, rate), until: end });
    }
    phases.retain(|phase| phase.from + SHORTEST <= phase.until);
    Some(phases)
}

/// A fall is told by refusals; that more would be admitted has to be found out.
fn time_to_find(before: f64, after: f64) -> Duration {
    Duration::from_secs(if after < before { 30 } else { 60 })
}

impl Phase {
    fn share(&self, tenths: &[Tenth]) -> f64 {
        let place = |at: Duration| usize::try_from(at.as_nanos() / TENTH.as_nanos()).unwrap_or(usize::MAX);
        let (first, last) = (place(self.from), place(self.until));
        let within = tenths.iter().take(last).skip(first);
        let admitted: u64 = within.map(|tenth| u64::from(tenth.admitted)).sum();
        number(admitted) / (self.rate * TENTH.as_secs_f64() * number((last - first) as u64))
    }
}

fn per_second(kind: LimiterKind) -> Option<f64> {
    match kind {
        LimiterKind::TokenBucket { rate, .. }
        | LimiterKind::FixedWindow { rate, .. }
        | LimiterKind::SlidingLog { rate }
        | LimiterKind::SlidingCounter { rate }
        | LimiterKind::LeakyBucket { rate, .. } => {
            Some(f64::from(rate.count().get()) / rate.per().as_secs_f64())
        }
        LimiterKind::Concurrency { .. } => None,
    }
}

/// What is shorter says more of a burst than of a rate.
const SHORTEST: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::ScenarioFile;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn platform(name: &str) -> PlatformConfig {
        ScenarioFile::builtin(name).unwrap().scenario.platform
    }

    #[test]
    fn a_phase_is_judged_from_its_start_from_30_s_on_after_a_fall_and_from_60_s_on_after_a_rise() {
        let phases = phases(&platform("four-phases"), seconds(590)).unwrap();
        let judged: Vec<_> = phases.iter().map(|phase| (phase.rate, phase.from, phase.until)).collect();
        let expected = [(120.0, 0, 150), (60.0, 180, 300), (180.0, 360, 450), (120.0, 480, 590)];
        assert_eq!(judged, expected.map(|(rate, from, until)| (rate, seconds(from), seconds(until))));
    }

    #[test]
    fn a_phase_that_ends_before_it_is_judged_is_left_out() {
        // The minute at half the limit ends at 120 s; what came after it is judged from 180 s on.
        assert_eq!(phases(&platform("halved"), seconds(185)).unwrap().len(), 2);
        assert_eq!(phases(&platform("halved"), seconds(190)).unwrap().len(), 3);
        assert_eq!(phases(&platform("ten-at-once"), seconds(10)), None);
    }

    #[test]
    fn the_worst_phase_counts_and_what_comes_before_it_is_judged_does_not() {
        let tenth = |admitted| Tenth { offered: admitted, admitted, refused: 0 };
        // 120/s for a minute; then nothing for 30 s, 3 of the 6 in a tenth; 12 in a tenth from then on.
        let tenths: Vec<Tenth> = (0..2_000)
            .map(|place| match place {
                600..900 => tenth(0),
                900..1_200 => tenth(3),
                _ => tenth(12),
            })
            .collect();
        let worst = worst(&platform("halved"), &tenths, seconds(200)).unwrap();
        assert!((worst - 0.5).abs() < 1e-9, "{worst}");
    }
}
