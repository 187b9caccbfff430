//! How fast departures follow one another.

use crate::learn::belief::Source;
use crate::learn::identification::{Identification, LEAST_MARGIN, Phase, START};
use crate::learn::model::{LONG_WINDOW, Model, WindowKind};
use crate::quota::{Rate, least_burst};
use crate::time::Instant;

impl Identification {
    /// Units per second that are believed to pass, the margin taken off.
    pub(super) fn believed_pace(&self) -> f64 {
        match (self.phase, self.model) {
            (Phase::Locked, Some(model)) => model.rate() * (1.0 - self.margin),
            _ => self.pace,
        }
    }

    /// Units per second at which departures follow one another now.
    pub(super) fn smooth_rate(&self) -> Rate {
        let pace = self.believed_pace();
        let Some(model) = self.model.filter(|_| self.phase == Phase::Locked) else {
            return self.bounded(pace);
        };
        let hurry = match (model, self.probing.is_under_way()) {
            (Model::Bucket { rate, burst }, true) => {
                if burst > 0.6 * rate {
                    PROBE_HARD
                } else {
                    PROBE_SOFT
                }
            }
            (Model::Pace { .. }, true) => PROBE_SOFT,
            (Model::Bucket { burst, .. }, false) if burst > 20.0 => CATCH_UP,
            (Model::Window { kind: WindowKind::Counter, .. }, _)
            | (Model::Bucket { .. } | Model::Pace { .. }, false) => 1.0,
            (Model::Window { kind: WindowKind::Fixed { phase: Some((low, high)) }, period, .. }, _) => {
                1.03 * period / (period - (high - low) - self.round_trips.spread()).max(0.5 * period)
            }
            (Model::Window { period, .. }, _) if period >= LONG_WINDOW => 1.12,
            (Model::Window { .. }, _) => 1.02,
        };
        self.bounded(pace * hurry)
    }

    /// Within the user's ceiling, less the user's reserve.
    pub(super) fn bounded(&self, pace: f64) -> Rate {
        let pace = Rate::per_second(pace).unwrap_or(Rate::SLOWEST);
        let pace = self.limits.ceiling.filter(|&ceiling| ceiling < pace).unwrap_or(pace);
        pace.scaled(self.limits.reserve.rest())
    }

    pub(super) fn smooth(&mut self, now: Instant) {
        let rate = self.smooth_rate();
        if rate != self.smoother.rate() {
            self.smoother.reshape(now, rate, least_burst(rate));
        }
    }

    pub(super) fn top_pace(&self) -> f64 {
        let start = self.limits.start.map_or(START, Rate::as_per_second);
        start.max(1.3 * f64::from(self.allowance.most()) / self.round_trips.smoothed())
    }

    pub(super) fn grow(&mut self, now: f64, elapsed: f64) {
        match self.phase {
            Phase::Ramp => self.pace = (self.pace * (elapsed / RAMP_DOUBLES_IN).exp2()).min(self.top_pace()),
            Phase::Search => {
                let growth = if self.pace < self.patient_to { PATIENT_GROWTH } else { SEARCH_GROWTH };
                self.pace = (self.pace * (1.0 + growth * elapsed)).min(self.top_pace());
            }
            Phase::Bracket { low, high, since } if now - since > BRACKET_HOLD => {
                let low = low.max(self.pace);
                self.pace = low + 0.6 * (high - low);
                self.bracket(now, low, high);
            }
            Phase::Bracket { .. } => {}
            Phase::Locked => {
                if now - self.margin_at > MARGIN_EASES_AFTER && self.source != Source::Configured {
                    self.margin = self.least_margin().max(0.6 * self.margin);
                    self.margin_at = now;
                }
            }
        }
    }

    pub(super) fn least_margin(&self) -> f64 {
        match self.model {
            Some(Model::Window { kind: WindowKind::Counter, .. }) => 0.004,
            _ => LEAST_MARGIN,
        }
    }

    pub(super) fn bracket(&mut self, now: f64, low: f64, high: f64) {
        if high - low < BRACKET_WIDTH * high {
            self.probing.doubt();
            self.lock(now, Model::Pace { rate: low });
            self.bounds = Some((low, high));
        } else {
            self.phase = Phase::Bracket { low, high, since: now };
        }
    }
}

/// Seconds.
const RAMP_DOUBLES_IN: f64 = 0.7;
/// Per second, between one refusal and the next.
const SEARCH_GROWTH: f64 = 0.10;
/// The same where a tight bucket is looked for. How well its rate is told depends on how long it takes to run empty: at
/// 10 % a second a burst of a tenth of a second is gone in 1.4 s, in which jitter hides 1 % of the rate.
const PATIENT_GROWTH: f64 = 0.015;
/// Seconds that a pace between two bounds must hold.
const BRACKET_HOLD: f64 = 6.0;
/// Bounds that near to one another are one.
const BRACKET_WIDTH: f64 = 0.02;
/// Of the rate: what a closed gate saved up leaves at that.
const CATCH_UP: f64 = 1.25;
/// Of the rate, while probing a bucket of most of a second's rate or more; and a tight one, or a pace.
const PROBE_HARD: f64 = 1.15;
const PROBE_SOFT: f64 = 1.03;
const MARGIN_EASES_AFTER: f64 = 120.0;
