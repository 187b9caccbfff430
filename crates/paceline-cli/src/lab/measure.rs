//! From a run to the figures that it is judged by.

use std::time::Duration;

use paceline_core::{GiveUp, Instant};
use paceline_sim::world::{Run, TENTH};

use super::outcome::{Estimate, Measures, Series};
use super::statistics::estimate;

/// The figures of one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// What it is ranked by, in seconds; lower is better.
    pub score_s: f64,
    finish_s: f64,
    goodput_ratio: f64,
    waste_per_1000: f64,
    early_returns: f64,
    bans_earned: f64,
    p50_s: f64,
    p99_s: f64,
    max_s: f64,
    peak_per_100ms: f64,
    connections: f64,
    given_up: f64,
    unfinished: f64,
    lost: f64,
    doubled: f64,
    /// Time to success in seconds at each of [`PERCENTILES`].
    percentiles: Vec<f64>,
}

impl Sample {
    /// The figures of a run. `limit` is when it was stopped at the latest.
    #[must_use]
    pub fn of(run: &Run, limit: Duration) -> Self {
        // Who is not through when the run is stopped has not finished before.
        let finish = if run.unfinished > 0 { limit } else { run.finished.saturating_since(Instant::EPOCH) };
        let refused = number(run.stats.throttled + run.stats.banned);
        let times = &run.times_to_success;
        let [p50_s, p99_s, max_s] = [50.0, 99.0, 100.0].map(|percentile| seconds_at(times, percentile));
        let in_doubt = run.given_up.values().filter(|why| **why == GiveUp::InDoubt).count();
        Self {
            score_s: finish.as_secs_f64() + p99_s + refused * REFUSAL_SECONDS,
            finish_s: finish.as_secs_f64(),
            goodput_ratio: run.stats.goodput_ratio.unwrap_or_default(),
            waste_per_1000: 1_000.0 * refused / number(run.stats.accepted.max(1)),
            early_returns: count(run.findings.early_returns.len()),
            bans_earned: number(run.findings.bans_earned),
            p50_s,
            p99_s,
            max_s,
            peak_per_100ms: number(run.stats.peak_per_100ms),
            connections: number(run.stats.connections_opened),
            given_up: if in_doubt == run.given_up.len() { 0.0 } else { number(run.given_up_records) },
            unfinished: number(run.unfinished),
            lost: count(run.findings.lost.len()),
            doubled: count(run.findings.doubled.len()),
            percentiles: PERCENTILES.iter().map(|&percentile| seconds_at(times, percentile)).collect(),
        }
    }
}

#[cfg(test)]
impl Sample {
    /// A sample of which only the score matters.
    pub(super) fn scored(score_s: f64) -> Self {
        Self { score_s, ..Self::default() }
    }
}

/// The figures of runs with several seeds.
///
/// # Panics
/// Without samples.
#[must_use]
pub fn measures(samples: &[Sample]) -> Measures {
    let over = |figure: fn(&Sample) -> f64| -> Estimate {
        estimate(&samples.iter().map(figure).collect::<Vec<f64>>())
    };
    Measures {
        score_s: over(|sample| sample.score_s),
        finish_s: over(|sample| sample.finish_s),
        goodput_ratio: over(|sample| sample.goodput_ratio),
        waste_per_1000: over(|sample| sample.waste_per_1000),
        early_returns: over(|sample| sample.early_returns),
        bans_earned: over(|sample| sample.bans_earned),
        p50_s: over(|sample| sample.p50_s),
        p99_s: over(|sample| sample.p99_s),
        max_s: over(|sample| sample.max_s),
        not_delivered: over(|sample| sample.given_up + sample.unfinished + sample.lost),
        peak_per_100ms: over(|sample| sample.peak_per_100ms),
        connections: over(|sample| sample.connections),
    }
}

/// The laws that a strategy broke with any of the seeds, in words.
#[must_use]
pub fn marks(samples: &[Sample]) -> Vec<String> {
    let worst = |figure: fn(&Sample) -> f64| samples.iter().map(figure).fold(0.0, f64::max);
    let mut marks = Vec::new();
    let mut mark = |worst: f64, told: fn(f64) -> String| {
        if worst > 0.0 {
            marks.push(told(worst));
        }
    };
    mark(worst(|sample| sample.early_returns), |calls| format!("up to {calls} calls came early"));
    mark(worst(|sample| sample.bans_earned), |bans| format!("earns up to {bans} bans"));
    mark(worst(|sample| sample.given_up), |records| format!("gives up as many as {records} records"));
    mark(worst(|sample| sample.lost), |records| format!("loses as many as {records} records"));
    mark(worst(|sample| sample.doubled), |records| format!("applies as many as {records} records twice"));
    mark(worst(|sample| sample.unfinished), |records| format!("leaves as many as {records} records undone"));
    marks
}

/// Time to success by percentile: the mean over the seeds.
#[must_use]
pub fn percentiles(samples: &[Sample]) -> Vec<(f64, f64)> {
    let mean = |place: usize| -> f64 {
        let sum: f64 = samples.iter().map(|sample| sample.percentiles[place]).sum();
        sum / count(samples.len())
    };
    PERCENTILES.iter().enumerate().map(|(place, &percentile)| (percentile, rounded(mean(place)))).collect()
}

/// What arrived when, in so few bins that a page with many of them stays small.
#[must_use]
pub fn series(run: &Run) -> Series {
    let tenths = run.timeline.tenths();
    let width = tenths.len().div_ceil(MOST_BINS).max(1);
    let mut series = Series { bin_ms: bin_millis(width), ..Series::default() };
    for bin in tenths.chunks(width) {
        series.offered.push(bin.iter().map(|tenth| tenth.offered).sum());
        series.admitted.push(bin.iter().map(|tenth| tenth.admitted).sum());
        series.refused.push(bin.iter().map(|tenth| tenth.refused).sum());
    }
    series
}

fn bin_millis(width: usize) -> u32 {
    u32::try_from(TENTH.as_millis() * width as u128).unwrap_or(u32::MAX)
}

/// The value that so many percent of the sorted times do not exceed (nearest rank), in seconds; 0 without times.
fn seconds_at(times: &[Duration], percentile: f64) -> f64 {
    let rank = (percentile / 100.0 * count(times.len())).ceil();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is between 0 and the length"
    )]
    let place = (rank as usize).saturating_sub(1);
    times.get(place).or(times.last()).map_or(0.0, Duration::as_secs_f64)
}

/// To the millisecond: more digits are noise, and fill a page.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1_000.0).round() / 1_000.0
}

#[expect(clippy::cast_precision_loss, reason = "no run has 2^52 of anything")]
const fn number(count: u64) -> f64 {
    count as f64
}

const fn count(length: usize) -> f64 {
    number(length as u64)
}

/// What a refused call costs in the score: a hundred of them weigh as much as a second.
const REFUSAL_SECONDS: f64 = 0.01;
/// What a plot of time to success needs: fine where it bends.
const PERCENTILES: [f64; 22] = [
    0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 75.0, 80.0, 85.0, 90.0, 92.5, 95.0, 97.5, 98.0, 99.0,
    99.5, 99.8, 99.9, 99.95, 100.0,
];
/// Points of a chart: more than a wide screen has columns to show them in is of no use.
const MOST_BINS: usize = 1_200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_value_that_so_many_do_not_exceed() {
        let times: Vec<Duration> = (1..=200).map(Duration::from_secs).collect();
        let at = |percentile| seconds_at(&times, percentile);
        assert_eq!([at(0.0), at(50.0), at(99.0), at(99.9), at(100.0)], [1.0, 100.0, 198.0, 200.0, 200.0]);
        assert!((seconds_at(&[], 50.0)).abs() < f64::EPSILON);
    }

    #[test]
    fn a_law_that_one_seed_broke_is_broken() {
        let good = Sample::default();
        let early = Sample { early_returns: 3.0, bans_earned: 0.0, ..Sample::default() };
        assert!(marks(&[good.clone(), good.clone()]).is_empty());
        assert_eq!(marks(&[good, early]), ["up to 3 calls came early"]);
    }
}
