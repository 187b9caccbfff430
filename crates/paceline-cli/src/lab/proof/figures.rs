//! From runs to the figures that they are judged by.

use std::time::Duration;

use paceline_sim::platform::LimiterKind;
use paceline_sim::scenario::Scenario;
use paceline_sim::world::Run;

use super::phases;
use super::rows::Measure;

/// The figures of one run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Accepted calls in relation to what could have been.
    pub ratio: f64,
    /// Refused calls per 1,000 accepted ones.
    pub refusals: f64,
    /// Calls that came before a wait was over, by the platform's count or the second judge's, whichever is more.
    pub early_returns: u64,
    /// Bans that those earned, whether or not the platform bans.
    pub bans: u64,
    /// Records that were lost, doubled, given up, or not through at the end.
    pub failed: u64,
}

impl Figures {
    pub(super) fn of(run: &Run, scenario: &Scenario, measure: Measure) -> Self {
        let Run { stats, findings, .. } = run;
        let refused = number(stats.throttled + stats.banned);
        let failed =
            run.unfinished + run.given_up_records + count(findings.lost.len() + findings.doubled.len());
        let ratio = match measure {
            Measure::Oracle => stats.goodput_ratio,
            Measure::Slots => share_of_slots(run, scenario),
            Measure::Phases => {
                let end = Duration::from_millis(stats.last_accept_ms.unwrap_or_default());
                phases::worst(&scenario.platform, run.timeline.tenths(), end)
            }
        };
        Self {
            ratio: ratio.unwrap_or_default(),
            refusals: 1_000.0 * refused / number(stats.accepted.max(1)),
            early_returns: stats.early_returns.max(count(findings.early_returns.len())),
            bans: findings.bans_earned,
            failed,
        }
    }
}

/// The middle of several runs, and the worst of them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Summary {
    pub(super) median: Figures,
    pub(super) worst: Figures,
}

impl Summary {
    /// Each figure for itself: the median run of one is not that of another.
    pub(super) fn of(runs: &[Figures]) -> Self {
        let sorted = |figure: fn(&Figures) -> f64| {
            let mut figures: Vec<f64> = runs.iter().map(figure).collect();
            figures.sort_by(f64::total_cmp);
            figures
        };
        let (ratios, refusals) = (sorted(|run| run.ratio), sorted(|run| run.refusals));
        let all = |figure: fn(&Figures) -> u64| runs.iter().map(figure).sum();
        let counts = Figures {
            early_returns: all(|run| run.early_returns),
            bans: all(|run| run.bans),
            failed: all(|run| run.failed),
            ..Figures::default()
        };
        let [first, last] =
            [ratios.first(), refusals.last()].map(|figure| figure.copied().unwrap_or_default());
        Self {
            median: Figures { ratio: median(&ratios), refusals: median(&refusals), ..counts },
            worst: Figures { ratio: first, refusals: last, ..counts },
        }
    }
}

/// Of an even number, the mean of the middle two.
fn median(sorted: &[f64]) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    f64::midpoint(sorted[last / 2], sorted[last.div_ceil(2)])
}

/// Accepted calls to those of as many users as there are slots, who never wait and are never refused.
fn share_of_slots(run: &Run, scenario: &Scenario) -> Option<f64> {
    let LimiterKind::Concurrency { slots } = scenario.platform.limits.first()?.kind else { return None };
    let parts = [scenario.uplink, scenario.platform.latency, scenario.downlink];
    let turn: Duration = parts.iter().map(|part| (part.shortest() + part.longest()) / 2).sum();
    let (first, last) = (run.stats.first_arrival_ms?, run.stats.last_accept_ms?);
    let turns = Duration::from_millis(last.saturating_sub(first)).as_secs_f64() / turn.as_secs_f64();
    Some(number(run.stats.accepted) / (f64::from(slots.get()) * turns))
}

#[expect(clippy::cast_precision_loss, reason = "no run has 2^52 of anything")]
pub(super) const fn number(count: u64) -> f64 {
    count as f64
}

const fn count(length: usize) -> u64 {
    length as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_figure_has_its_own_median_and_its_own_worst_and_what_breaks_a_law_is_counted_in_all() {
        let run =
            |ratio, refusals, early_returns| Figures { ratio, refusals, early_returns, bans: 1, failed: 0 };
        let Summary { median, worst } =
            Summary::of(&[run(0.9, 3.0, 0), run(0.7, 1.0, 2), run(0.8, 4.0, 5), run(1.0, 2.0, 0)]);
        let counts = Figures { early_returns: 7, bans: 4, ..Figures::default() };
        assert_eq!(median, Figures { ratio: 0.850_000_000_000_000_1, refusals: 2.5, ..counts });
        assert_eq!(worst, Figures { ratio: 0.7, refusals: 4.0, ..counts });
    }
}
