//! Fixed windows of unknown phase, and sliding logs.

use crate::learn::fit::{Fit, PERIODS, Trust};
use crate::learn::model::{LONG_WINDOW, Model, WindowKind};
use crate::learn::trace::{Refused, Timeline};

pub(super) fn fits(timeline: &Timeline, trust: Trust) -> Vec<Fit> {
    let refusals = &timeline.refusals;
    if refusals.is_empty() || timeline.points.is_empty() {
        return Vec::new();
    }
    let longest_wait = refusals.iter().filter_map(|refused| refused.wait).fold(0.0, f64::max);
    let waits = if trust.rounding.is_some() { longest_wait } else { 0.0 };
    let span = timeline.span();
    // Two refusals that name no wait fit a window of nearly any length.
    let is_told = longest_wait > 0.0 || refusals.len() > 2;
    let periods = PERIODS.into_iter().filter(|period| is_told || COMMON.contains(period));
    let periods = periods.filter(|&period| period >= waits - 1.05 && period <= (3.0 * span).max(1.0));
    let both = periods
        .flat_map(|period| [sliding_log(timeline, period, waits, trust), fixed(timeline, period, trust)]);
    both.flatten().collect()
}

fn tolerance(timeline: &Timeline, trust: Trust) -> f64 {
    let pace = timeline.refusals.iter().map(|refused| refused.pace).fold(0.0, f64::max);
    4.0 + 0.5 * trust.jitter * pace
}

/// One refusal of a sliding log whose wait is known fixes its count: the oldest call leaves when the wait is over.
fn sliding_log(timeline: &Timeline, period: f64, waits: f64, trust: Trust) -> Option<Fit> {
    let refusals = &timeline.refusals;
    let tells_much = waits >= 2.0;
    if refusals.len() < 2 && !tells_much {
        return None;
    }
    let mut least = f64::INFINITY;
    for refused in refusals {
        let count = timeline.between(refused.at - period, refused.at);
        if count < 2.0 || !leaves_in_time(timeline, refused, period, trust) {
            return None;
        }
        least = least.min(count + 1.0);
    }
    let most = most_in_any(timeline, period);
    let slack = least - most;
    let is_seen_whole = timeline.span() >= period || tells_much;
    let model = Model::Window { kind: WindowKind::Log, count: (least - 1.0).min(most).max(1.0), period };
    let fit = Fit { model, slack, tolerance: tolerance(timeline, trust) };
    (fit.is_consistent() && is_seen_whole).then_some(fit)
}

fn leaves_in_time(timeline: &Timeline, refused: &Refused, period: f64, trust: Trust) -> bool {
    let (Some(wait), Some(rounding)) = (refused.wait, trust.rounding) else { return true };
    let oldest = timeline.first_from(refused.at - period);
    oldest.is_some_and(|oldest| {
        let leaves = oldest + period - refused.at;
        (leaves - 0.15..=leaves + rounding).contains(&wait)
    })
}

fn most_in_any(timeline: &Timeline, period: f64) -> f64 {
    let points = &timeline.points;
    let (mut most, mut oldest) = (0.0_f64, 0);
    for point in points {
        while points[oldest].at <= point.at - period {
            oldest += 1;
        }
        let before = points[oldest].sum - points[oldest].units;
        most = most.max(point.sum - before);
    }
    most
}

/// A fixed window: its phase is tried over, within what the waits leave of it.
fn fixed(timeline: &Timeline, period: f64, trust: Trust) -> Option<Fit> {
    let refusals = &timeline.refusals;
    if refusals.len() < 2 || timeline.span() <= 0.9 * period {
        return None;
    }
    let (low, high) = phases(refusals, period, trust)?;
    let is_narrow = high - low < 1.3;
    let steps = if is_narrow { 25 } else { 100 };
    let pace = refusals.iter().map(|refused| refused.pace).fold(0.0, f64::max);
    let grain = if is_narrow { 0.0 } else { 0.5 * pace * (high - low) / f64::from(steps) };
    let tolerance = tolerance(timeline, trust) + grain;
    let tried = (0..=steps).map(|step| {
        let phase = low + (high - low) * f64::from(step) / f64::from(steps);
        let least = refusals
            .iter()
            .map(|refused| timeline.between(start_of(refused.at, phase, period), refused.at) + 1.0);
        (least.fold(f64::INFINITY, f64::min), most_in_window(timeline, phase, period))
    });
    let consistent = tried.filter(|&(least, most)| least > 5.0 && least - most >= -tolerance);
    if period >= LONG_WINDOW {
        let (least, most) =
            consistent.max_by(|one, other| (one.0 - one.1).total_cmp(&(other.0 - other.1)))?;
        let kind = WindowKind::Fixed { phase: is_narrow.then_some((low, high)) };
        let model = Model::Window { kind, count: (least - 1.0).min(most), period };
        return Some(Fit { model, slack: least - most, tolerance });
    }
    // Jitter is as large as what tells the phases apart: halfway between the most and the least that any of them allows.
    let consistent: Vec<(f64, f64)> = consistent.collect();
    let middle = |&(least, most): &(f64, f64)| 0.5 * (least - 1.0 + most);
    let highest = consistent.iter().map(middle).fold(f64::NEG_INFINITY, f64::max);
    let lowest = consistent.iter().map(middle).fold(f64::INFINITY, f64::min);
    let slack = consistent.iter().map(|(least, most)| least - most).reduce(f64::max)?;
    let kind = WindowKind::Fixed { phase: None };
    let model = Model::Window { kind, count: lowest + OPTIMISM * (highest - lowest), period };
    Some(Fit { model, slack, tolerance })
}

/// Where windows may begin: every wait ends with one.
fn phases(refusals: &[Refused], period: f64, trust: Trust) -> Option<(f64, f64)> {
    let waits = refusals.iter().map(|refused| refused.wait.map(|wait| refused.at + wait));
    let ends: Option<Vec<f64>> = waits.collect();
    let (Some(ends), Some(rounding)) = (ends.filter(|_| period >= 2.0), trust.rounding) else {
        return Some((0.0, period));
    };
    let bounds = ends.iter().map(|end| {
        let whole = ((end - ends[0]) / period).round() * period;
        (end - (rounding - 0.1) - whole, end + 0.08 - whole)
    });
    let (low, high) = bounds
        .fold((f64::NEG_INFINITY, f64::INFINITY), |(low, high), (from, to)| (low.max(from), high.min(to)));
    (low <= high).then_some((low, high))
}

fn start_of(at: f64, phase: f64, period: f64) -> f64 {
    phase + ((at - phase) / period).floor() * period
}

fn most_in_window(timeline: &Timeline, phase: f64, period: f64) -> f64 {
    let Some(last) = timeline.points.last() else { return 0.0 };
    let earliest = timeline.since.max(last.at - MOST_WINDOWS * period);
    let mut start = start_of(earliest, phase, period);
    let mut before = timeline.before(start);
    let mut most = 0.0_f64;
    while start < last.at {
        start += period;
        let until = timeline.before(start);
        most = most.max(until - before);
        before = until;
    }
    most
}

/// The periods that most platforms use, in seconds.
const COMMON: [f64; 6] = [1.0, 10.0, 60.0, 300.0, 900.0, 3_600.0];
/// More of them tell nothing new.
const MOST_WINDOWS: f64 = 600.0;
/// 1: the most that is possible, which the next refusal refutes; 0: the least, which only a probe does.
const OPTIMISM: f64 = 0.8;
