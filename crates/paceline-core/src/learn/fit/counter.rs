//! Sliding counters: this window's count, and the last one's as far as it still reaches in.

use crate::learn::fit::{Fit, PERIODS, Trust};
use crate::learn::model::{LONG_WINDOW, Model, WindowKind};
use crate::learn::trace::Timeline;

pub(super) fn fits(timeline: &Timeline, trust: Trust) -> Vec<Fit> {
    let span = timeline.span();
    if timeline.refusals.len() < 3 || timeline.points.is_empty() {
        return Vec::new();
    }
    let periods = PERIODS.into_iter().filter(|&period| period >= LONG_WINDOW && span > 1.2 * period);
    periods.filter_map(|period| fit(timeline, period, trust)).collect()
}

fn fit(timeline: &Timeline, period: f64, trust: Trust) -> Option<Fit> {
    let steps = 50;
    let pace = timeline.refusals.iter().map(|refused| refused.pace).fold(0.0, f64::max);
    let tried = (0..steps).map(|step| {
        let phase = period * f64::from(step) / f64::from(steps);
        let least = timeline
            .refusals
            .iter()
            .map(|refused| estimate(timeline, refused.at, phase, period, timeline.before(refused.at)) + 1.0);
        let most = most_read(timeline, phase, period);
        (least.fold(f64::INFINITY, f64::min), most)
    });
    let (least, most) = tried.max_by(|one, other| (one.0 - one.1).total_cmp(&(other.0 - other.1)))?;
    let tolerance = 4.0 + 0.5 * trust.jitter * pace + 0.5 * pace * period / f64::from(steps);
    let model = Model::Window { kind: WindowKind::Counter, count: (least - 1.0).min(most), period };
    (least > 5.0).then_some(Fit { model, slack: least - most, tolerance })
}

/// What the counter reads at `at`, when `sum` units were accepted up to then.
fn estimate(timeline: &Timeline, at: f64, phase: f64, period: f64, sum: f64) -> f64 {
    let start = phase + ((at - phase) / period).floor() * period;
    let before = timeline.before(start);
    let last = before - timeline.before(start - period);
    last * (1.0 - (at - start) / period) + sum - before
}

/// The most that the counter read after an accept.
fn most_read(timeline: &Timeline, phase: f64, period: f64) -> f64 {
    let mut most = 0.0_f64;
    let (mut start, mut before, mut last) = (f64::NEG_INFINITY, 0.0, 0.0);
    for point in timeline.points.iter().step_by(4) {
        if point.at >= start + period {
            start = phase + ((point.at - phase) / period).floor() * period;
            before = timeline.before(start);
            last = before - timeline.before(start - period);
        }
        most = most.max(last * (1.0 - (point.at - start) / period) + point.sum - before);
    }
    most
}
