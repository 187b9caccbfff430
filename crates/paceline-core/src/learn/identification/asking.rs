//! Asking for more than is believed.

use std::time::Duration;

use crate::learn::belief::Source;
use crate::learn::identification::{Identification, LEAST_PACE, Phase};
use crate::learn::model::{LONG_WINDOW, Model};
use crate::learn::shadow::{Beyond, Shadow};
use crate::time::Instant;

impl Identification {
    pub(super) fn draw(&mut self, now: f64, units: f64) {
        if let (Phase::Locked, Some(Model::Bucket { rate, .. })) = (self.phase, self.model) {
            self.drawn = (self.drawn - (now - self.drawn_at) * rate).max(0.0) + units;
            self.drawn_at = now;
        }
    }

    pub(super) fn probe(&mut self, now: Instant, binds: bool) {
        let at = now.as_secs_f64();
        if let Some(probe) = self.probing.under_way {
            let has_passed = match self.model {
                Some(Model::Bucket { burst, .. }) => self.drawn > 1.3 * burst + 20.0,
                Some(Model::Window { count, .. }) => {
                    at > probe.until && self.was_beyond(at, count, probe.raised)
                }
                Some(Model::Pace { .. }) | None => at > probe.until,
            };
            if has_passed {
                self.probe_passed(now, probe.raised);
            } else if at > probe.began + LONGEST_PROBE.max(4.0 * (probe.until - probe.began).min(1e6)) {
                // Nobody asked for that much.
                self.probing.under_way = None;
                self.shadow.set_beyond(Beyond::default());
                if let Some(model) = self.model {
                    self.probing.plan(at, model);
                }
            }
            return;
        }
        let Some(model) = self.model.filter(|_| self.phase == Phase::Locked) else { return };
        if binds && self.opens_at.is_none() && self.may_probe() && self.probing.is_due(at) {
            self.probing.begin(at, model);
            if let (Model::Window { count, period, .. }, Some(probe)) = (model, self.probing.under_way) {
                let beyond = probe.raised.rate() * period - count * (1.0 - self.margin);
                // A refusal costs most where the window is short: there it is better to know soon.
                let gap = if period < LONG_WINDOW { 0.0 } else { 1.25 * self.round_trips.smoothed() };
                self.shadow.set_beyond(Beyond::new(beyond, Duration::from_secs_f64(gap)));
            }
        }
    }

    /// Whether clearly more than `count` has departed within a window, and long enough ago to be answered.
    pub(super) fn was_beyond(&mut self, now: f64, count: f64, raised: Model) -> bool {
        let Model::Window { count: raised, .. } = raised else { return false };
        let Some(probe) = &mut self.probing.under_way else { return false };
        if self.shadow.used() >= count + (0.25 * (raised - count)).max(2.0) {
            probe.beyond_at.get_or_insert(now);
        }
        probe.beyond_at.is_some_and(|at| now - at > 4.0 * self.round_trips.smoothed())
    }

    /// With a reserve there is nothing to look for above: the pace is below the limit by intent.
    pub(super) fn may_probe(&self) -> bool {
        self.source != Source::Configured && self.limits.reserve.rest() >= 1.0
    }

    pub(super) fn probe_passed(&mut self, now: Instant, raised: Model) {
        let at = now.as_secs_f64();
        self.probing.succeeded(at);
        let Some(model) = self.model else { return };
        if let Model::Window { .. } = model {
            // It is believed, and the next probe follows.
            self.model = Some(raised);
            self.rebuild_shadow(now);
            return;
        }
        // Perhaps the same refusals are explained by a little more; if by nothing, the limit has changed.
        let timeline = self.trace.timeline();
        if let Some(fit) =
            self.choose(&timeline, at, None).filter(|fit| fit.model.rate() > 1.000_5 * model.rate())
        {
            self.believe(at, fit, &timeline, true);
            return;
        }
        self.begin_search(at, 1.1 * model.rate());
    }

    pub(super) fn begin_search(&mut self, now: f64, pace: f64) {
        self.trace.begin_era(now);
        self.reopened = (now, self.trace.accepted());
        self.search(now, pace);
    }

    /// Nothing is believed any more; what was seen still counts.
    pub(super) fn search(&mut self, now: f64, pace: f64) {
        self.bounds = None;
        self.model = None;
        self.shadow = Shadow::None;
        self.phase = Phase::Search;
        self.patient_to = 0.0;
        self.pace = pace.max(LEAST_PACE);
        self.probing.never();
        self.allowance.begin_search(self.pace * self.round_trips.smoothed(), now);
    }
}

/// Seconds.
const LONGEST_PROBE: f64 = 60.0;
