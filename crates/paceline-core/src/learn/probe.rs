//! When to ask for more than is believed, within a budget of refusals and of capacity.

use crate::learn::model::{LONG_WINDOW, Model};

/// Probing of one scope. A probe that fails costs some two refusals and what the closing loses; so they are as far apart
/// as [`REFUSALS`] and [`CAPACITY`] allow, and farther after failures. Where a limit was seen to fall they come closer
/// together for a while: what changes once changes again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Probing {
    every: f64,
    next: f64,
    eager: u8,
    /// Probes that come early because the belief is young.
    young: u8,
    /// The probe that is under way.
    pub(crate) under_way: Option<Probe>,
    /// For how many seconds a refusal closes the scope.
    closed: f64,
    /// By which share a window's count is raised next.
    step: f64,
    last_success: f64,
}

/// A probe under way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Probe {
    pub(crate) began: f64,
    /// It has succeeded no earlier, if nothing was refused.
    pub(crate) until: f64,
    /// When more than is believed had departed for the first time.
    pub(crate) beyond_at: Option<f64>,
    /// What is believed if it succeeds.
    pub(crate) raised: Model,
}

impl Probing {
    pub(crate) const fn new() -> Self {
        Self {
            every: 20.0,
            next: f64::INFINITY,
            eager: 0,
            young: 0,
            under_way: None,
            closed: CLOSED,
            step: FIRST_STEP,
            last_success: f64::NEG_INFINITY,
        }
    }

    pub(crate) fn is_due(&self, now: f64) -> bool {
        self.under_way.is_none() && now >= self.next
    }

    pub(crate) const fn is_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    /// Begins one.
    pub(crate) fn begin(&mut self, now: f64, model: Model) {
        let (raised, until) = match model {
            Model::Window { kind, count, period } => {
                self.step = if now - self.last_success < 3.5 * period + 2.0 {
                    (2.0 * self.step).min(MOST_STEP)
                } else {
                    FIRST_STEP
                };
                let count = (count * (1.0 + self.step)).ceil();
                (
                    Model::Window { kind, count, period },
                    now + if period < LONG_WINDOW { period + 3.0 } else { period },
                )
            }
            Model::Bucket { .. } => (model, f64::INFINITY),
            Model::Pace { .. } => (model, now + 10.0),
        };
        self.under_way = Some(Probe { began: now, until, beyond_at: None, raised });
    }

    pub(crate) fn succeeded(&mut self, now: f64) {
        self.under_way = None;
        self.last_success = now;
        self.every = 20.0;
        self.next = now;
    }

    /// Returns whether there was one.
    pub(crate) fn failed(&mut self) -> bool {
        if self.under_way.take().is_none() {
            return false;
        }
        self.last_success = f64::NEG_INFINITY;
        self.eager = self.eager.saturating_sub(1);
        self.young = self.young.saturating_sub(1);
        self.every = (2.0 * self.every).min(600.0);
        true
    }

    /// For how many seconds a refusal closes the scope.
    pub(crate) const fn closed(&self) -> f64 {
        self.closed
    }

    /// A closing has lasted so long, in seconds.
    pub(crate) fn observe_closing(&mut self, closed: f64) {
        self.closed += (closed.clamp(CLOSED, MOST_CLOSED) - self.closed) / 2.0;
    }

    /// The limit was seen to change.
    pub(crate) fn hurry(&mut self) {
        self.eager = EAGER_PROBES;
    }

    /// What is believed now was not believed before.
    pub(crate) fn doubt(&mut self) {
        self.young = YOUNG_PROBES;
    }

    /// Sets the next one, by what a failure costs.
    pub(crate) fn plan(&mut self, now: f64, model: Model) {
        let rate = model.rate();
        let period = match model {
            Model::Window { period, .. } => period,
            Model::Bucket { .. } | Model::Pace { .. } => 0.0,
        };
        let lost = model.lost_in(self.closed);
        let (refusals, capacity) =
            if self.eager > 0 { (EAGER_REFUSALS, EAGER_CAPACITY) } else { (REFUSALS, CAPACITY) };
        let least = (2.0 / (refusals * rate)).max(lost / (capacity * rate)).max(3.0 * period);
        let most = if self.eager > 0 { least } else { 2.0 * least };
        self.every = self.every.clamp(least, most);
        let soon = if self.young > 0 {
            (if self.young == YOUNG_PROBES { 1.2 } else { 3.0 } * period)
                .max(YOUNG_EVERY)
                .max(lost / (YOUNG_CAPACITY * rate))
        } else {
            f64::INFINITY
        };
        self.next = now + self.every.min(soon);
    }

    pub(crate) fn never(&mut self) {
        self.next = f64::INFINITY;
        self.under_way = None;
    }
}

/// Of what is accepted, refusals that probes may cost, and capacity.
const REFUSALS: f64 = 0.000_5;
const CAPACITY: f64 = 0.003;
/// The same while the limit is known to change.
const EAGER_REFUSALS: f64 = 0.002;
const EAGER_CAPACITY: f64 = 0.02;
const EAGER_PROBES: u8 = 8;
/// A young belief is tested so often, in seconds, and that many times: it may be far too low.
pub(crate) const YOUNG_EVERY: f64 = 20.0;
const YOUNG_PROBES: u8 = 2;
const YOUNG_CAPACITY: f64 = 0.01;
/// Seconds that a refusal closes a scope for, at least: whole seconds of Retry-After, jitter and a round trip.
const CLOSED: f64 = 1.05;
/// A wait for the end of a window says nothing about the next refusal.
const MOST_CLOSED: f64 = 3.0;
const FIRST_STEP: f64 = 0.03;
const MOST_STEP: f64 = 0.25;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::learn::model::WindowKind;

    fn model() -> impl Strategy<Value = Model> {
        let period = prop::sample::select(vec![1.0, 2.0, 10.0, 60.0, 3_600.0]);
        prop_oneof![
            (0.5_f64..1_000.0, 1.0_f64..1_000.0).prop_map(|(rate, burst)| Model::Bucket { rate, burst }),
            (2.0_f64..10_000.0, period)
                .prop_map(|(count, period)| { Model::Window { kind: WindowKind::Log, count, period } }),
            (0.5_f64..1_000.0).prop_map(|rate| Model::Pace { rate }),
        ]
    }

    /// What happens to a probe.
    #[derive(Clone, Copy, Debug)]
    enum Step {
        Wait(f64),
        Succeed,
        Fail,
        Hurry,
        Doubt,
        Plan,
        Never,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0.0_f64..1_000.0).prop_map(Step::Wait),
            1 => Just(Step::Succeed),
            2 => Just(Step::Fail),
            1 => Just(Step::Hurry),
            1 => Just(Step::Doubt),
            1 => Just(Step::Plan),
            1 => Just(Step::Never),
        ]
    }

    /// Units accepted between one failed probe and the next, as long as all fail.
    fn distances(probing: &mut Probing, model: Model, probes: usize) -> Vec<f64> {
        let mut now = 1_000.0;
        (0..probes)
            .map(|_| {
                probing.plan(now, model);
                let next = probing.next;
                assert!(!probing.is_due(next - 1e-3) && probing.is_due(next));
                probing.begin(next, model);
                assert!(probing.failed());
                let units = (next - now) * model.rate();
                now = next;
                units
            })
            .collect()
    }

    proptest! {
        #[test]
        fn two_are_never_under_way(model in model(), steps in prop::collection::vec(step(), 1..100)) {
            let (mut probing, mut now) = (Probing::new(), 0.0);
            probing.plan(now, model);
            for step in steps {
                match step {
                    Step::Wait(seconds) => now += seconds,
                    Step::Succeed if probing.is_under_way() => probing.succeeded(now),
                    Step::Succeed => {}
                    Step::Fail => {
                        let was = probing.is_under_way();
                        prop_assert_eq!(probing.failed(), was);
                        prop_assert!(!probing.is_under_way());
                    }
                    Step::Hurry => probing.hurry(),
                    Step::Doubt => probing.doubt(),
                    Step::Plan => probing.plan(now, model),
                    Step::Never => {
                        probing.never();
                        prop_assert!(!probing.is_due(f64::MAX));
                    }
                }
                prop_assert!(!(probing.is_due(now) && probing.is_under_way()));
                if probing.is_due(now) {
                    probing.begin(now, model);
                    prop_assert!(probing.is_under_way() && !probing.is_due(f64::INFINITY));
                }
            }
        }

        #[test]
        fn failed_probes_cost_at_most_their_budget_of_refusals(model in model()) {
            let mut probing = Probing::new();
            for units in distances(&mut probing, model, 20) {
                prop_assert!(2.0 / units <= 0.000_5 * (1.0 + 1e-6), "2 refusals in {units}");
            }
        }

        #[test]
        fn where_a_limit_changes_they_are_closer_for_a_while_and_within_a_budget(model in model()) {
            let mut probing = Probing::new();
            probing.hurry();
            for (index, units) in distances(&mut probing, model, 20).into_iter().enumerate() {
                let budget = if index < 8 { 0.002 } else { 0.000_5 };
                prop_assert!(2.0 / units <= budget * (1.0 + 1e-6), "2 refusals in {units} at {index}");
            }
        }

        #[test]
        fn a_young_belief_is_tested_twice_and_then_as_any_other(model in model()) {
            let mut probing = Probing::new();
            probing.doubt();
            let units = distances(&mut probing, model, 20);
            for units in &units[2..] {
                prop_assert!(2.0 / units <= 0.000_5 * (1.0 + 1e-6), "2 refusals in {units}");
            }
        }

        #[test]
        fn a_probe_asks_for_more_than_is_believed_but_not_for_much(
            count in 2.0_f64..10_000.0, successes in 0_usize..20,
        ) {
            let mut model = Model::Window { kind: WindowKind::Log, count, period: 10.0 };
            let (mut probing, mut now) = (Probing::new(), 0.0);
            for _ in 0..=successes {
                probing.begin(now, model);
                let probe = probing.under_way.expect("it has begun");
                let share = probe.raised.rate() / model.rate();
                prop_assert!(share > 1.0 && probe.raised.rate() * 10.0 <= 1.25 * model.rate() * 10.0 + 1.0);
                prop_assert!(probe.until > now && probe.raised.is_like(model));
                now = probe.until;
                probing.succeeded(now);
                model = probe.raised;
            }
        }
    }
}
