//! Token buckets (GCRA, leaky buckets that refuse): a virtual queue drained at the rate.

use crate::learn::fit::{Fit, Trust};
use crate::learn::model::Model;
use crate::learn::probe::YOUNG_EVERY;
use crate::learn::trace::Timeline;

/// The token bucket that fits best, at the fast end of those that fit about as well.
pub(super) fn fit(timeline: &Timeline, near: Option<Model>, trust: Trust) -> Option<Fit> {
    let refusals = &timeline.refusals;
    if refusals.len() < 2 {
        return None;
    }
    let span = timeline.span().max(0.5);
    let mean = (timeline.points.last()?.sum / span).max(0.5);
    let recent = &refusals[refusals.len().saturating_sub(6)..];
    let top = 1.08 * recent.iter().map(|refused| refused.pace).fold(f64::INFINITY, f64::min);
    let mut best = Candidate { slack: f64::NEG_INFINITY, rate: 1.0, burst: 0.0 };
    let scan = |best: &mut Candidate, from: f64, step: f64, count: f64| {
        let mut rate = from;
        let mut left = count;
        while left > 0.0 && rate <= top * 1.001 {
            let candidate = candidate(timeline, rate, trust.jitter);
            if candidate.slack > best.slack {
                *best = candidate;
            }
            rate *= step;
            left -= 1.0;
        }
    };
    // The peak of the tent is narrower than any fixed grid once the span is long.
    if let Some(Model::Bucket { rate, .. }) = near {
        let step = (3.0 / (span * rate)).clamp(2e-4, COARSE - 1.0);
        scan(&mut best, rate * (1.0 + step).powi(-40), 1.0 + step, 81.0);
    }
    if best.slack < HARDLY {
        let from = (0.4 * mean).min(0.4 * top);
        scan(&mut best, from, COARSE, (top / from).ln() / COARSE.ln() + 2.0);
    }
    // Down to the width of the peak, each grid as wide as two steps of the one before.
    let finest = (0.7 / (span * best.rate)).max(1e-4);
    let mut step = COARSE - 1.0;
    while step > finest {
        let finer = (step / 8.0).max(finest);
        let around = best.rate * (1.0 - 2.0 * step);
        scan(&mut best, around, 1.0 + finer, 4.0 * step / finer + 2.0);
        step = finer;
    }
    #[expect(clippy::cast_precision_loss, reason = "few refusals are kept")]
    let tolerance = 4.0 + trust.jitter * best.rate + 0.3 * refusals.len() as f64;
    if best.slack >= -tolerance {
        best = optimistic(timeline, best, span, trust, top);
    }
    let longest = 1.0_f64.max((1.0 / best.rate).ceil()) + (trust.rounding.unwrap_or(f64::INFINITY) - 1.15);
    if refusals.iter().any(|refused| refused.wait.is_some_and(|wait| wait > longest)) {
        return None;
    }
    let model = Model::Bucket { rate: best.rate, burst: best.burst };
    Some(Fit { model, slack: best.slack, tolerance })
}

#[derive(Clone, Copy, Debug)]
struct Candidate {
    slack: f64,
    rate: f64,
    burst: f64,
}

/// One that fits about as well as the best, and is faster where that is worth its price. A rate that is too high is refuted
/// by the next refusal, one that is too low by nothing.
fn optimistic(timeline: &Timeline, best: Candidate, span: f64, trust: Trust, top: f64) -> Candidate {
    let lost = trust.closed.map_or(0.0, |closed| closed * best.rate - 1.1 * best.burst);
    if timeline.refusals.len() == 2 {
        // Soon after one another they leave a wide choice, and what fits may lie in several places.
        let fastest = fastest_like(timeline, best, COARSE, top, trust.jitter);
        if lost <= (fastest.rate - best.rate) * YOUNG_EVERY {
            return fastest;
        }
    }
    // Where a refusal costs next to nothing, it is the quickest way to the truth; and a probe that passed has shown that
    // the truth is faster.
    if lost > 0.0 {
        return best;
    }
    let steps = if trust.closed.is_some() { STEPS } else { 4 * STEPS };
    let step = 1.0 + (0.5 / (span * best.rate)).max(1e-4);
    fastest_like(timeline, best, step, top.min(best.rate * step.powi(steps)), trust.jitter)
}

fn fastest_like(timeline: &Timeline, best: Candidate, step: f64, top: f64, jitter: f64) -> Candidate {
    let mut fastest = best;
    let faster = std::iter::successors(Some(best.rate * step), |rate| Some(rate * step));
    for rate in faster.take_while(|rate| (SLOWEST..=top).contains(rate)) {
        let next = candidate(timeline, rate, jitter);
        if next.slack >= best.slack - 2.0 {
            fastest = Candidate { slack: best.slack, ..next };
        }
    }
    fastest
}

fn candidate(timeline: &Timeline, rate: f64, jitter: f64) -> Candidate {
    let (most, least) = occupancy(timeline, rate);
    let mut slack = least - most;
    // A burst that jitter hides fits anything; one of more than two seconds of the rate is unheard of.
    if least < 3.0 + 0.7 * rate * jitter {
        slack -= 60.0;
    }
    if least > 2.2 * rate.max(10.0) {
        slack -= 40.0;
    }
    Candidate { slack, rate, burst: least }
}

/// The greatest occupancy after an accept and the least at a refusal, of a virtual queue drained at `rate`.
fn occupancy(timeline: &Timeline, rate: f64) -> (f64, f64) {
    let (mut most, mut least) = (0.0_f64, f64::INFINITY);
    let (mut filled, mut at) = (timeline.filled, timeline.since);
    let mut refusals = timeline.refusals.iter().peekable();
    for point in &timeline.points {
        while let Some(refused) = refusals.next_if(|refused| refused.at <= point.at) {
            least = least.min((filled - (refused.at - at) * rate).max(0.0) + 1.0);
        }
        filled = (filled - (point.at - at) * rate).max(0.0) + point.units;
        at = point.at;
        most = most.max(filled);
    }
    for refused in refusals {
        least = least.min((filled - (refused.at - at) * rate).max(0.0) + 1.0);
    }
    (most, least)
}

/// The highest rate at which a bucket of one second's rate explains the refusals: where to go on after the first.
pub(crate) fn floor_of_rate(timeline: &Timeline, from: f64, to: f64) -> f64 {
    let mut rate = from.max(SLOWEST);
    let mut floor = from;
    while rate < to && occupancy(timeline, rate).1 >= rate {
        floor = rate;
        rate *= 1.03;
    }
    floor
}

/// Below that, the neighbourhood of what was believed is no good.
const HARDLY: f64 = -20.0;
const COARSE: f64 = 1.02;
/// Of half a unit each over the time that was seen.
const STEPS: i32 = 12;
/// Units per second.
const SLOWEST: f64 = 1e-3;
