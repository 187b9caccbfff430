//! What a closing tells.

use crate::learn::belief::Source;
use crate::learn::fit::{self, Fit};
use crate::learn::identification::{AFTER_RAMP, Identification, LEAST_PACE, Phase};
use crate::learn::model::{LONG_WINDOW, Model, WindowKind};
use crate::learn::shadow::{self, Shadow};
use crate::learn::trace::{Refused, Timeline};
use crate::quota::least_burst;
use crate::time::Instant;

impl Identification {
    pub(super) fn lock(&mut self, now: f64, model: Model) {
        self.phase = Phase::Locked;
        self.model = Some(model);
        self.margin = self.margin.max(self.least_margin());
        self.trace.set_drain(matches!(model, Model::Bucket { .. }).then(|| model.rate()));
        self.probing.plan(now, model);
    }

    pub(super) fn rebuild_shadow(&mut self, now: Instant) {
        if self.source == Source::Configured {
            return;
        }
        let Some(model) = self.model.filter(|_| self.phase == Phase::Locked) else {
            self.shadow = Shadow::None;
            return;
        };
        if let Model::Window { kind: WindowKind::Counter, .. } = model {
            self.shadow = Shadow::None;
            return;
        }
        self.shadowed_at = now;
        let before = std::mem::replace(&mut self.shadow, Shadow::None);
        let kind_before = std::mem::discriminant(&before);
        let least = least_burst(self.bounded(self.believed_pace()));
        // What is left to others is left by the shadow, too.
        let margin = 1.0 - (1.0 - self.margin) * self.limits.reserve.rest();
        self.shadow = shadow::of(model, margin, self.round_trips.spread(), least, before, now);
        if std::mem::discriminant(&self.shadow) == kind_before {
            return;
        }
        let Model::Window { period, .. } = model else { return };
        let from = now.as_secs_f64() - period;
        let timeline = self.trace.timeline_with_bounced().unwrap_or_else(|| self.trace.timeline());
        let late = timeline.points.iter().filter(|point| point.at >= from);
        let late = late.map(|point| (Instant::from_secs_f64(point.at), point.units));
        match &mut self.shadow {
            Shadow::Window(ledger) => late.for_each(|(at, units)| ledger.take_units(at, units)),
            Shadow::Phased(window) => late.for_each(|(at, units)| window.carry(at, units)),
            Shadow::None | Shadow::Bucket(_) => {}
        }
    }

    fn widen_margin(&mut self, now: f64) {
        self.margin = (1.5 * self.margin + 0.001).min(MOST_MARGIN);
        self.margin_at = now;
    }

    pub(super) fn analyse(&mut self, now: f64) {
        let Some(&last) = self.trace.refusals().last() else { return };
        if self.source == Source::Configured {
            self.margin = (self.margin + KNOWN_DECREASE).min(MOST_MARGIN);
            let rate = self.rate();
            if let Shadow::Bucket(bucket) = &mut self.shadow {
                let burst = bucket.burst();
                bucket.reshape(Instant::from_secs_f64(now), rate, burst);
            }
            return;
        }
        if last.is_relapse {
            return;
        }
        // With a reserve the pace is below the limit by intent, and a refusal may be the others' doing.
        if self.limits.reserve.rest() < 1.0 && self.phase == Phase::Locked && self.margin < MOST_MARGIN {
            self.widen_margin(now);
            return;
        }
        let was_probe = self.probing.failed();
        if let (true, Some(model)) = (was_probe, self.model) {
            self.probing.plan(now, model);
            self.believe_scouts(model);
            if !matches!(model, Model::Bucket { .. }) {
                return;
            }
        }
        let timeline = self.trace.timeline();
        let choice = self.choose(&timeline, now, Some(self.probing.closed()));
        if timeline.refusals.len() >= 2 && self.is_crowd(choice, now) {
            return;
        }
        if let Some(fit) = choice {
            self.believe(now, fit, &timeline, was_probe);
        } else if !was_probe {
            self.doubt(now, last, &timeline);
        }
    }

    /// Of a probe one by one, only the last scout was refused: what the others showed is known.
    fn believe_scouts(&mut self, model: Model) {
        if let Model::Window { kind, count, period } = model
            && period >= LONG_WINDOW
        {
            let shown = (count * (1.0 - self.margin)).floor() + self.shadow.asked_beyond() - 1.0;
            self.model = Some(Model::Window { kind, count: count.max(shown), period });
        }
    }

    /// Whether what is limited is how many are in flight: that tells the refused from the accepted, and no rate does but
    /// one so tight that jitter may have made it up.
    pub(super) fn is_crowd(&mut self, choice: Option<Fit>, now: f64) -> bool {
        let Some(threshold) = self.allowance.threshold() else { return false };
        let tight = CROWD_BURSTS * f64::from(threshold) + 1.0;
        let is_weak = |model: Model| match model {
            Model::Bucket { rate, burst } => burst < tight.max(5.0 + 0.7 * rate * self.round_trips.spread()),
            Model::Window { period, .. } => period <= 1.0,
            Model::Pace { .. } => true,
        };
        let believed = self.model.filter(|_| self.phase == Phase::Locked);
        let is_weak = choice.is_none_or(|fit| is_weak(fit.model)) && believed.is_none_or(is_weak);
        if is_weak {
            self.allowance.limit_below(threshold, now);
            let pace = 1.05 * self.smoother.rate().as_per_second();
            self.begin_search(now, pace);
        }
        is_weak
    }

    /// Of the limiters that explain what was seen, the one believed so far, or else the fastest. `closed`: see [`fit::Trust`].
    pub(super) fn choose(&self, timeline: &Timeline, now: f64, closed: Option<f64>) -> Option<Fit> {
        let floor = 0.75 * timeline.proven(now, PROVEN_SPAN);
        let believed = self.model.filter(|_| self.phase == Phase::Locked);
        let bounced = self.trace.timeline_with_bounced();
        let mut fits = fit::all(timeline, bounced.as_ref(), believed, self.round_trips.spread(), closed);
        fits.retain(|fit| fit.model.rate() >= floor);
        let is_counter = |fit: &Fit| matches!(fit.model, Model::Window { kind: WindowKind::Counter, .. });
        if fits.iter().any(|fit| !is_counter(fit)) {
            fits.retain(|fit| !is_counter(fit));
        }
        // Without a wait that would tell them apart: a bucket of that rate paces a window of a second, too.
        let is_named = timeline.refusals.iter().any(|refused| refused.wait.is_some());
        if !is_named && fits.iter().any(|fit| matches!(fit.model, Model::Bucket { .. })) {
            fits.retain(|fit| !matches!(fit.model, Model::Window { period, .. } if period <= 1.0));
        }
        let same = believed.and_then(|model| fits.iter().find(|fit| fit.model.is_like(model)));
        let fastest = || fits.iter().max_by(|one, other| one.model.rate().total_cmp(&other.model.rate()));
        same.or_else(fastest).copied()
    }

    pub(super) fn believe(&mut self, now: f64, fit: Fit, timeline: &Timeline, was_probe: bool) {
        let rate = fit.model.rate();
        let is_near = |model: Model| model.is_like(fit.model) && (model.rate() - rate).abs() < 0.02 * rate;
        if !was_probe && self.phase == Phase::Locked && self.model.is_some_and(is_near) {
            self.widen_margin(now);
        }
        let unsure = match fit.model {
            Model::Bucket { .. } => fit.tolerance / timeline.span().max(1.0),
            Model::Window { period, .. } => fit.tolerance / period,
            Model::Pace { .. } => 0.0,
        };
        self.bounds = Some(((rate - unsure).max(0.0), rate + unsure));
        self.source = Source::Seen;
        if !self.model.is_some_and(|model| model.is_like(fit.model)) {
            self.believed_at = now;
            self.probing.doubt();
        }
        self.lock(now, fit.model);
    }

    /// Nothing explains the last refusal.
    pub(super) fn doubt(&mut self, now: f64, last: Refused, timeline: &Timeline) {
        let first_seen = timeline.refusals.len() < 2;
        if let (Phase::Locked, Some(model)) = (self.phase, self.model) {
            let explains = match model {
                Model::Bucket { burst, .. } => {
                    first_seen && (self.drawn + 1.0 - burst).abs() <= 10.0 + 0.1 * burst
                }
                Model::Window { .. } | Model::Pace { .. } => false,
            };
            if explains {
                self.probing.plan(now, model);
                return;
            }
            if self.source == Source::Seen && now - self.believed_at < YOUNG_FOR {
                // More likely that it was wrong than that the limit has changed since.
                self.search(now, 0.8 * model.rate());
                return;
            }
            self.probing.hurry();
            self.allowance.forget();
            self.begin_search(now, 0.6 * model.rate());
            return;
        }
        let proven = timeline.proven(now, PROVEN_SPAN).max(LEAST_PACE);
        if first_seen {
            let mean = timeline.proven(now, now - timeline.since).max(LEAST_PACE);
            let from_ramp = self.phase == Phase::Ramp;
            let share = if from_ramp { AFTER_RAMP } else { AFTER_SEARCH };
            self.pace = Self::after_first(timeline, last, mean, share);
            self.patient_to = if from_ramp && !is_long(last) { PATIENT_TO * last.pace } else { 0.0 };
            self.phase = Phase::Search;
            return;
        }
        let high = match self.phase {
            Phase::Bracket { high, .. } => high.min(last.pace),
            Phase::Ramp | Phase::Search | Phase::Locked => last.pace,
        };
        let low = proven.max(0.6 * high).min(0.98 * high);
        self.pace = low + 0.5 * (high - low);
        if timeline.refusals.len() >= MOST_UNEXPLAINED {
            self.trace.begin_era(now);
        }
        self.bracket(now, low, high);
    }

    pub(super) fn after_first(timeline: &Timeline, last: Refused, mean: f64, share: f64) -> f64 {
        if is_long(last) {
            return mean;
        }
        let floor = fit::floor_of_rate(timeline, 0.2 * mean, 1.2 * last.pace);
        floor.max(0.6 * mean).max(share * last.pace)
    }
}

/// Whether it named so long a wait that it was probably a window's.
fn is_long(refused: Refused) -> bool {
    refused.wait.is_some_and(|wait| wait >= 2.0)
}

/// Of the pace that was refused first in a new era, which may have been twice the limit.
const AFTER_SEARCH: f64 = 0.55;
/// Of the pace that the ramp was refused at: no bucket that jitter does not hide is that fast.
const PATIENT_TO: f64 = 0.7;
/// Of a limit of calls in flight: two rounds of them look like a bucket's burst.
const CROWD_BURSTS: f64 = 2.0;
const MOST_MARGIN: f64 = 0.06;
/// What a refusal of a known limit adds to its margin.
const KNOWN_DECREASE: f64 = 0.005;
/// Seconds: a belief that has held for less was hardly tested.
const YOUNG_FOR: f64 = 20.0;
/// Refusals that nothing explains together, after which the older ones are no longer asked to be.
const MOST_UNEXPLAINED: usize = 6;
/// Seconds of late that count as proof.
const PROVEN_SPAN: f64 = 12.0;
