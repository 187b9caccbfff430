use std::cmp::Reverse;
use std::collections::BinaryHeap;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;
use crate::learn::model::WindowKind;
use crate::learn::tests::limiter::Limiter;
use crate::learn::trace::{Refused, Trace};

/// In nanoseconds; of the same instant, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrive { departed: u64 },
    Answer { departed: u64, wait: Option<u64> },
    Depart,
}

/// Climbs into a limiter until it refuses, waits as long as told, and climbs again from below.
struct Climb {
    limiter: Limiter,
    random: fastrand::Rng,
    /// Of the way there, and of the way back, in nanoseconds.
    jitter: u64,
    /// Whether refusals name their wait, in whole seconds.
    is_wait_named: bool,
    pace: f64,
    /// By which share the pace grows in a second.
    growth: f64,
    trace: Trace,
    opens_at: u64,
    closed_at: u64,
    accepted_since: u32,
    /// Closings since something was accepted.
    relapses: u32,
    closings: u32,
    /// How many closings there are to be, and until when at least, in seconds.
    wanted: (u32, f64),
    events: BinaryHeap<Reverse<(u64, Event)>>,
}

impl Climb {
    fn new(limiter: Limiter, seed: u64, jitter: f64, is_wait_named: bool) -> Self {
        Self {
            pace: 0.6 * limiter.rate(),
            growth: 0.1,
            limiter,
            random: fastrand::Rng::with_seed(seed),
            jitter: nanos(jitter),
            is_wait_named,
            trace: Trace::new(),
            opens_at: 0,
            closed_at: 0,
            accepted_since: 0,
            relapses: 0,
            closings: 0,
            wanted: (0, 0.0),
            events: BinaryHeap::new(),
        }
    }

    /// Until it was refused `closings` times, relapses not counted, the last time no earlier than `span` seconds after the
    /// start, and all is answered.
    fn play(mut self, closings: u32, span: f64) -> Trace {
        let start = nanos(10.0 + self.random.f64());
        self.trace.begin_era(seconds(start));
        self.wanted = (closings, seconds(start) + span);
        self.events.push(Reverse((start, Event::Depart)));
        while let Some(Reverse((now, event))) = self.events.pop() {
            match event {
                Event::Depart
                    if self.closings >= self.wanted.0 && seconds(self.closed_at) > self.wanted.1 => {}
                Event::Depart if now < self.opens_at => {
                    self.events.push(Reverse((self.opens_at, Event::Depart)));
                }
                Event::Depart => self.depart(now),
                Event::Arrive { departed } => {
                    let wait = self.limiter.refuse(seconds(now)).map(nanos);
                    let answered = now + self.way();
                    self.events.push(Reverse((answered, Event::Answer { departed, wait })));
                }
                Event::Answer { departed, wait } => self.answer(now, departed, wait),
            }
        }
        self.trace
    }

    fn way(&mut self) -> u64 {
        10_000_000 + self.random.u64(0..=self.jitter)
    }

    fn depart(&mut self, now: u64) {
        let arrives = now + self.way();
        self.events.push(Reverse((arrives, Event::Arrive { departed: now })));
        self.pace *= 1.0 + self.growth / self.pace;
        self.events.push(Reverse((now + nanos(1.0 / self.pace), Event::Depart)));
    }

    fn answer(&mut self, now: u64, departed: u64, wait: Option<u64>) {
        let arrived = 0.5 * (seconds(now) + seconds(departed));
        let Some(wait) = wait else {
            self.accepted_since += 1;
            return self.trace.accept(arrived, 1.0);
        };
        self.trace.bounce(arrived, 1.0);
        if departed < self.closed_at {
            return;
        }
        let is_relapse = self.accepted_since == 0;
        self.relapses = if is_relapse { self.relapses + 1 } else { 0 };
        let backoff = f64::from(1_u32 << self.relapses.min(5));
        let wait = if self.is_wait_named { seconds(wait).ceil().max(1.0) } else { backoff };
        let named = self.is_wait_named.then_some(wait);
        self.trace.refuse(Refused { at: arrived, wait: named, pace: self.pace, is_relapse });
        self.closings += u32::from(!is_relapse);
        self.accepted_since = 0;
        self.closed_at = now;
        self.opens_at = now + nanos(wait);
        // Now fast, now slow: a bucket that is always filled in the same time has no rate to tell.
        let is_fast = self.closings % 2 == 1;
        let above = if is_fast { 0.4 } else { 0.04 } * (1.0 + 0.2 * self.random.f64());
        self.pace = self.limiter.rate() * (1.0 + above);
        self.growth = 0.01;
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive and short")]
fn nanos(seconds: f64) -> u64 {
    (seconds * 1e9) as u64
}

fn seconds(nanos: u64) -> f64 {
    std::time::Duration::from_nanos(nanos).as_secs_f64()
}

/// Of those that count as `is_kind` says, the one whose rate is nearest to the truth.
fn nearest(
    trace: &Trace,
    near: Option<Model>,
    jitter: f64,
    rate: f64,
    is_kind: impl Fn(Model) -> bool,
) -> Option<Fit> {
    let bounced = trace.timeline_with_bounced();
    let fits = all(&trace.timeline(), bounced.as_ref(), near, 0.002 + 2.0 * jitter, Some(1.05));
    let off = |fit: &Fit| (fit.model.rate() - rate).abs();
    fits.into_iter().filter(|fit| is_kind(fit.model)).min_by(|one, other| off(one).total_cmp(&off(other)))
}

/// What cannot be told of a count, as a share of it.
fn unsure(fit: Fit, span: f64) -> f64 {
    0.03 + 2.0 * (fit.tolerance + 1.0) / (fit.model.rate() * span)
}

proptest! {
    // Always the same cases: what jitter hides in one climb of a thousand is no news.
    #![proptest_config(ProptestConfig { cases: 100, rng_seed: RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn a_token_bucket_is_among_what_explains_it(
        rate in 10.0_f64..150.0, share in 0.3_f64..1.5, jitter in 0.0_f64..0.03, closings in 3_u32..5,
        named in any::<bool>(), seed in any::<u64>(), near in 0.997_f64..1.003,
    ) {
        let burst = (share * rate).max(8.0 + 2.0 * jitter * rate);
        let trace = Climb::new(Limiter::bucket(rate, burst), seed, jitter, named).play(closings, 0.0);
        // As it is believed by then, off by a little.
        let near = Some(Model::Bucket { rate: rate * near, burst });
        let fit = nearest(&trace, near, jitter, rate, |model| matches!(model, Model::Bucket { .. }));
        prop_assert!(fit.is_some(), "no bucket explains {trace:?}");
        if let Some(fit) = fit {
            let off = (fit.model.rate() / rate - 1.0).abs();
            // It is filled in a few seconds, or in ten times as many.
            prop_assert!(fit.is_consistent() && off < unsure(fit, 10.0 * burst / rate), "{fit:?} for {rate}, {burst}");
        }
    }

    #[test]
    fn a_fixed_window_of_any_phase_is_among_what_explains_it(
        rate in 5.0_f64..100.0, period in prop::sample::select(vec![1.0, 2.0, 5.0, 10.0, 30.0, 60.0]),
        share in 0.0_f64..1.0, jitter in 0.0_f64..0.03, closings in 3_u32..5, named in any::<bool>(),
        seed in any::<u64>(),
    ) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive and small")]
        let count = (rate * period).ceil().max(8.0) as u32;
        let limiter = Limiter::window(count, period, share * period);
        let rate = limiter.rate();
        let trace = Climb::new(limiter, seed, jitter, named).play(closings, 1.3 * period);
        let is_kind = |model| {
            let Model::Window { kind: WindowKind::Fixed { .. }, period: found, .. } = model else { return false };
            (found - period).abs() < 1e-9
        };
        let fit = nearest(&trace, None, jitter, rate, is_kind);
        prop_assert!(fit.is_some(), "no window of {period} s explains {:?}", trace.refusals());
        if let Some(fit) = fit {
            let off = (fit.model.rate() / rate - 1.0).abs();
            prop_assert!(fit.is_consistent() && off < unsure(fit, period), "{fit:?} for {rate}");
        }
    }

    #[test]
    fn a_sliding_log_is_among_what_explains_it(
        rate in 5.0_f64..100.0, period in prop::sample::select(vec![1.0, 2.0, 5.0, 10.0, 30.0, 60.0]),
        jitter in 0.0_f64..0.03, closings in 3_u32..5, named in any::<bool>(), seed in any::<u64>(),
    ) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive and small")]
        let count = (rate * period).ceil().max(8.0) as usize;
        let limiter = Limiter::log(count, period);
        let rate = limiter.rate();
        let trace = Climb::new(limiter, seed, jitter, named).play(closings, 1.3 * period);
        let is_kind = |model| {
            let Model::Window { kind: WindowKind::Log, period: found, .. } = model else { return false };
            (found - period).abs() < 1e-9
        };
        let fit = nearest(&trace, None, jitter, rate, is_kind);
        prop_assert!(fit.is_some(), "no log of {period} s explains {:?}", trace.refusals());
        if let Some(fit) = fit {
            let off = (fit.model.rate() / rate - 1.0).abs();
            prop_assert!(fit.is_consistent() && off < unsure(fit, period), "{fit:?} for {rate}");
        }
    }

    #[test]
    fn whatever_was_seen_each_fit_is_consistent_and_has_a_rate(
        accepts in prop::collection::vec((0.0_f64..300.0, 1_u8..4), 0..400),
        bounced in prop::collection::vec(0.0_f64..300.0, 0..40),
        refusals in prop::collection::vec(
            (0.0_f64..300.0, prop::option::of(0.0_f64..4_000.0), 0.01_f64..500.0, any::<bool>()), 0..12,
        ),
        jitter in 0.0_f64..0.08, near in prop::option::of((0.1_f64..500.0, 1.0_f64..500.0)),
    ) {
        let mut trace = Trace::new();
        accepts.iter().for_each(|&(at, units)| trace.accept(at, f64::from(units)));
        bounced.iter().for_each(|&at| trace.bounce(at, 1.0));
        let mut refusals = refusals;
        refusals.sort_by(|one, other| one.0.total_cmp(&other.0));
        for (at, wait, pace, is_relapse) in refusals {
            trace.refuse(Refused { at, wait, pace, is_relapse });
        }
        let near = near.map(|(rate, burst)| Model::Bucket { rate, burst });
        for fit in all(&trace.timeline(), trace.timeline_with_bounced().as_ref(), near, jitter, Some(1.05)) {
            prop_assert!(fit.is_consistent());
            prop_assert!(fit.model.rate().is_finite() && fit.model.rate() > 0.0, "{fit:?}");
            prop_assert!(fit.tolerance.is_finite() && fit.tolerance > 0.0);
        }
    }
}

fn refused(at: f64, pace: f64) -> Refused {
    Refused { at, wait: None, pace, is_relapse: false }
}

#[test]
fn refusals_of_more_than_one_cause_have_no_fit() {
    let mut trace = Trace::new();
    // A hundred a second pass for a minute; then one in ten seconds is too many, twice; then a hundred pass again.
    (0..6_000).for_each(|index| trace.accept(f64::from(index) / 100.0, 1.0));
    [130.0, 140.0, 150.0].into_iter().for_each(|at| trace.accept(at, 1.0));
    [135.0, 145.0].into_iter().for_each(|at| trace.refuse(refused(at, 0.1)));
    (0..6_000).for_each(|index| trace.accept(160.0 + f64::from(index) / 100.0, 1.0));
    trace.refuse(refused(220.0, 100.0));
    let fits = all(&trace.timeline(), None, None, 0.03, Some(1.05));
    assert!(fits.is_empty(), "{fits:?}");
}

#[test]
fn next_to_nothing_explains_nothing() {
    let nothing = Trace::new();
    let mut accepted = Trace::new();
    accepted.accept(1.0, 1.0);
    let mut bounced = Trace::new();
    bounced.refuse(refused(1.0, 40.0));
    bounced.bounce(1.0, 1.0);
    let mut both = bounced.clone();
    both.accept(0.5, 1.0);
    for trace in [nothing, accepted, bounced, both] {
        let fits = all(&trace.timeline(), trace.timeline_with_bounced().as_ref(), None, 0.03, Some(1.05));
        assert!(fits.is_empty(), "{fits:?}");
    }
}

#[test]
fn the_rate_after_a_first_refusal_lies_between_its_bounds() {
    let trace = Climb::new(Limiter::bucket(50.0, 50.0), 1, 0.01, true).play(1, 0.0);
    let floor = floor_of_rate(&trace.timeline(), 5.0, 100.0);
    assert!((5.0..=51.5).contains(&floor), "{floor}");
    assert!(floor_of_rate(&Trace::new().timeline(), 5.0, 5.0) >= 5.0);
}

#[test]
fn where_nothing_was_accepted_a_floor_is_found_all_the_same() {
    let mut trace = Trace::new();
    trace.refuse(Refused { at: 1.0, wait: None, pace: 40.0, is_relapse: false });
    assert!(floor_of_rate(&trace.timeline(), 0.0, 48.0) >= 0.0);
}

/// What a cold start next door sees: a ramp that doubles every 0.7 s, a closing, and a pace that is refused again within a second.
fn ramped_twice(closed: f64) -> Timeline {
    let mut limiter = Limiter::bucket(120.0, 121.0);
    let mut trace = Trace::new();
    trace.begin_era(10.0);
    let (mut at, mut pace) = (10.0, 40.0);
    for growth in [0.99, 0.1] {
        while limiter.refuse(at).is_none() {
            trace.accept(at, 1.0);
            pace *= 1.0 + growth / pace;
            at += 1.0 / pace;
        }
        trace.refuse(Refused { at, wait: None, pace, is_relapse: false });
        (at, pace) = (at + closed, 0.62 * pace);
    }
    trace.timeline()
}

/// A slow bucket with a large burst, not drained yet by the second refusal, explains them no worse than the true one: it was believed
/// for half a minute.
#[test]
fn of_what_two_refusals_leave_the_slow_is_not_believed() {
    for hundredths in 100..=200 {
        let closed = f64::from(hundredths) / 100.0;
        let trust = Trust { jitter: 0.002, closed: Some(closed), rounding: None };
        let fit = bucket::fit(&ramped_twice(closed), None, trust).expect("a bucket explains it");
        assert!(fit.model.rate() > 110.0, "closed for {closed} s: {:?}", fit.model);
    }
}

/// Of a bucket that was believed for a few seconds, rates below zero were tried, and one that fits by chance was made faster for ever.
#[test]
fn a_young_belief_is_tried_at_rates_that_are_rates() {
    let mut trace = Trace::new();
    for at in [1.0, 2.0, 3.0] {
        trace.accept(at, 1.0);
    }
    for at in [4.0, 5.7] {
        trace.refuse(Refused { at, wait: Some(1.0), pace: 1.0, is_relapse: false });
    }
    for rate in [0.1, 1.0, 10.0] {
        let near = Some(Model::Bucket { rate, burst: 5.0 });
        let trust = Trust { jitter: 0.002, closed: Some(1.05), rounding: Some(1.15) };
        let fit = bucket::fit(&trace.timeline(), near, trust);
        assert!(fit.is_none_or(|fit| fit.model.rate() > 0.0), "{fit:?}");
    }
}
