use std::num::NonZeroU32;
use std::time::Duration;

use proptest::prelude::*;

use self::limiter::Limiter;
use self::world::World;
use super::{Identification, Learned, Quota, Source};
use crate::call::Cost;
use crate::limits::{KnownRate, Limits, Reserve};
use crate::quota::Rate;
use crate::time::Instant;

pub(super) mod limiter;
mod world;

/// What may happen to a scope.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Nanoseconds pass, and as many departures as are granted by then, at most so many.
    Depart {
        after: u64,
        most: u8,
        units: u32,
        in_flight: u32,
        held_back: bool,
    },
    /// Of the oldest that is not answered.
    Accepted,
    Refused {
        wait: Option<u64>,
        is_echo: bool,
    },
    Advance,
    Restore(Learned),
    /// Hours pass.
    Sleep(u64),
}

fn rate(per_second: f64) -> Rate {
    Rate::per_second(per_second).expect("the test's rate is legal")
}

fn units(units: u32) -> Cost {
    Cost(units.try_into().expect("the test's cost is positive"))
}

fn learned() -> impl Strategy<Value = Learned> {
    let per_second = || (0.5_f64..5_000.0).prop_map(rate);
    let count = || (1_u32..100_000).prop_map(|count| NonZeroU32::new(count).unwrap());
    let period = || (1_u64..100_000).prop_map(|tenths| Duration::from_millis(100 * tenths));
    let in_flight = prop::option::of((1_u32..60).prop_map(|most| NonZeroU32::new(most).unwrap()));
    let window = prop_oneof![
        (per_second(), count()).prop_map(|(rate, burst)| Quota::TokenBucket { rate, burst }),
        (count(), period()).prop_map(|(count, period)| Quota::FixedWindow { count, period }),
        (count(), period()).prop_map(|(count, period)| Quota::SlidingLog { count, period }),
        (count(), period()).prop_map(|(count, period)| Quota::SlidingCounter { count, period }),
    ];
    prop_oneof![
        4 => (window, in_flight).prop_map(|(quota, in_flight)| Learned { quota: Some(quota), in_flight }),
        1 => per_second().prop_map(|rate| Learned { quota: Some(Quota::Pace { rate }), in_flight: None }),
        1 => Just(Learned::default()),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let depart = (0_u64..2_000_000_000, 1_u8..40, 1_u32..4, 1_u32..40, any::<bool>());
    let depart = depart.prop_map(|(after, most, units, in_flight, held_back)| Step::Depart {
        after,
        most,
        units,
        in_flight,
        held_back,
    });
    let refused = ((2_u64..100).prop_map(Some), any::<bool>());
    prop_oneof![
        8 => depart,
        8 => Just(Step::Accepted),
        2 => refused.prop_map(|(wait, is_echo)| Step::Refused { wait, is_echo }),
        2 => Just(Step::Advance),
        1 => learned().prop_map(Step::Restore),
        1 => (0_u64..48).prop_map(Step::Sleep),
    ]
}

fn limits() -> impl Strategy<Value = Limits> {
    let known = (0.1_f64..500.0, 1_u32..200);
    let known = known.prop_map(|(per_second, burst)| KnownRate {
        rate: rate(per_second),
        burst: NonZeroU32::new(burst).unwrap(),
    });
    let start = (0.1_f64..500.0).prop_map(rate);
    let (known, start) = (prop::option::weighted(0.2, known), prop::option::weighted(0.3, start));
    (known, start, 0.05_f64..500.0, 0.0_f64..0.9).prop_map(|(known, start, ceiling, reserve)| Limits {
        known,
        start,
        ceiling: Some(rate(ceiling)),
        in_flight: None,
        reserve: Reserve::share(reserve).expect("it is a share"),
    })
}

/// A learner, and what happened to it.
struct Played {
    learner: Identification,
    now: Instant,
    departed: Vec<(Instant, f64)>,
    unanswered: Vec<(Instant, u32)>,
}

impl Played {
    fn new(limits: Limits) -> Self {
        Self {
            learner: Identification::new(limits),
            now: Instant::EPOCH,
            departed: Vec::new(),
            unanswered: Vec::new(),
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Depart { after, most, units: cost, in_flight, held_back } => {
                let (mut left, end) = (most, self.now + Duration::from_nanos(after));
                while left > 0 && self.learner.ready_at(self.now, units(cost)).max(self.now) <= end {
                    self.now = self.learner.ready_at(self.now, units(cost)).max(self.now);
                    self.learner.depart(self.now, units(cost), in_flight, held_back);
                    self.departed.push((self.now, f64::from(cost)));
                    self.unanswered.push((self.now, in_flight));
                    left -= 1;
                }
                self.now = end;
            }
            Step::Accepted => {
                for (departed_at, in_flight) in self.unanswered.drain(..) {
                    self.learner.accepted(self.now, departed_at, in_flight, Cost::ONE);
                }
            }
            Step::Refused { wait, is_echo } => {
                let Some((departed_at, in_flight)) = self.unanswered.pop() else { return };
                self.learner.bounced(departed_at, Cost::ONE);
                let wait = wait.map(Duration::from_secs);
                if !is_echo {
                    self.learner.refused(self.now, departed_at, in_flight, wait);
                }
                self.learner.closed(self.now + wait.unwrap_or(Duration::from_secs(1)));
            }
            Step::Advance => {
                self.learner.advance(self.now);
            }
            Step::Restore(learned) => self.learner.restore(self.now, learned),
            Step::Sleep(hours) => self.now = self.now + Duration::from_secs(3_600 * hours),
        }
    }
}

proptest! {
    #[test]
    fn the_users_ceiling_holds_whatever_happens(
        limits in limits(), steps in prop::collection::vec(step(), 1..120),
    ) {
        let most = limits.ceiling.map_or(f64::INFINITY, Rate::as_per_second) * limits.reserve.rest();
        let mut played = Played::new(limits);
        for step in steps {
            played.take(step);
            let rate = played.learner.rate().as_per_second();
            prop_assert!(rate.is_finite() && rate > 0.0, "{rate}");
            prop_assert!(rate <= most.max(Rate::SLOWEST.as_per_second()) * (1.0 + 1e-9), "{rate} of {most}");
            prop_assert!(played.learner.in_flight() != Some(0));
        }
        // Half a slot or a timer's grain is caught up with, and a call that costs more is paid off afterwards.
        let burst = (0.002 * most).max(1.5) + 3.0;
        let (mut left, mut last) = (burst, Instant::EPOCH);
        for (at, units) in played.departed {
            left = (left + most * at.saturating_since(last).as_secs_f64()).min(burst) - units;
            prop_assert!(left >= -1e-6 * burst, "{left} of {burst} at {at}");
            last = at;
        }
    }

    #[test]
    fn without_a_ceiling_the_rate_stays_a_rate(steps in prop::collection::vec(step(), 1..200)) {
        let mut played = Played::new(Limits::default());
        for step in steps {
            played.take(step);
            let rate = played.learner.rate();
            prop_assert!(rate.as_per_second().is_finite() && rate >= Rate::SLOWEST);
            let learned = played.learner.learned();
            prop_assert!(learned.quota.is_none_or(|quota| quota.rate() >= Rate::SLOWEST), "{learned:?}");
            let bounds = played.learner.belief().bounds;
            prop_assert!(bounds.is_none_or(|(low, high)| low <= high), "{bounds:?}");
        }
    }

    #[test]
    fn a_pace_that_does_not_bind_does_not_grow(
        learned in learned(), pauses in prop::collection::vec(0_u64..2_000_000_000, 1..300),
    ) {
        let mut learner = Identification::new(Limits::default());
        let mut now = Instant::from_nanos(1);
        learner.restore(now, learned);
        let before = learner.rate();
        for pause in pauses {
            now = now.max(learner.ready_at(now, Cost::ONE)) + Duration::from_nanos(pause);
            learner.depart(now, Cost::ONE, 0, false);
            learner.accepted(now + Duration::from_millis(50), now, 0, Cost::ONE);
            prop_assert_eq!(learner.rate(), before);
        }
    }

    #[test]
    fn an_idle_night_makes_no_growth(
        learned in learned(), departures in 0_u32..100, hours in 1_u64..48,
    ) {
        let mut learner = Identification::new(Limits::default());
        let mut now = Instant::from_nanos(1);
        learner.restore(now, learned);
        for _ in 0..departures {
            now = now.max(learner.ready_at(now, Cost::ONE));
            learner.depart(now, Cost::ONE, 12, true);
            learner.accepted(now, now.saturating_sub(Duration::from_millis(50)), 12, Cost::ONE);
        }
        let before = learner.rate().as_per_second();
        now = now.max(learner.ready_at(now, Cost::ONE)) + Duration::from_secs(3_600 * hours);
        learner.depart(now, Cost::ONE, 12, true);
        let after = learner.rate().as_per_second();
        // Half a second's doubling, and no more.
        prop_assert!(after <= before * (0.5_f64 / 0.7).exp2() * (1.0 + 1e-9), "{before} became {after}");
    }

    #[test]
    fn a_known_limit_is_paced_at_whatever_was_restored(
        per_second in 0.01_f64..5_000.0, burst in 1_u32..500, learned in learned(),
    ) {
        let burst = NonZeroU32::new(burst).unwrap();
        let known = Some(KnownRate { rate: rate(per_second), burst });
        let mut learner = Identification::new(Limits { known, ..Limits::default() });
        learner.restore(Instant::from_nanos(1), learned);
        let paced = learner.rate().as_per_second();
        prop_assert!((paced - 0.996 * per_second).abs() < 1e-9 * per_second, "{paced} of {per_second}");
        prop_assert_eq!(learner.learned(), Learned::default());
        let belief = learner.belief();
        prop_assert_eq!(belief.source, Source::Configured);
        prop_assert_eq!(belief.learned.quota, Some(Quota::TokenBucket { rate: rate(per_second), burst }));
    }

    #[test]
    fn late_timers_cost_next_to_nothing(
        per_second in 1.0_f64..480.0, burst in 1_u32..100, is_known in any::<bool>(),
    ) {
        let burst = NonZeroU32::new(burst).unwrap();
        let known = is_known.then_some(KnownRate { rate: rate(per_second), burst });
        let mut learner = Identification::new(Limits { known, ..Limits::default() });
        let mut now = Instant::from_nanos(1);
        learner.restore(now, Learned { quota: Some(Quota::Pace { rate: rate(per_second) }), in_flight: None });
        let mut depart = |count: u32| {
            for _ in 0..count {
                let ready_at = learner.ready_at(now, Cost::ONE);
                now = if ready_at > now { ready_at + Duration::from_millis(1) } else { now };
                learner.depart(now, Cost::ONE, 0, false);
            }
            (now, learner.rate().as_per_second())
        };
        let (from, paced) = depart(500);
        let (to, _) = depart(2_000);
        let passed = 2_000.0 / to.saturating_since(from).as_secs_f64();
        prop_assert!(passed >= 0.99 * paced && passed <= 1.01 * paced, "{passed} of {paced}");
    }

    #[test]
    fn what_was_learned_outlives_a_restart(learned in learned()) {
        let mut learner = Identification::new(Limits::default());
        learner.restore(Instant::from_nanos(1), learned);
        prop_assert_eq!(learner.learned(), learned);
    }
}

fn played(limiter: Limiter, minutes: u64) -> World {
    let mut world = World::new(Identification::new(Limits::default()), limiter);
    world.play(Duration::from_secs(60 * minutes));
    world
}

/// For so many minutes more: which share of what the limiter admits was accepted, and how many per thousand refused.
fn measure(world: &mut World, per_second: f64, minutes: u32) -> (f64, f64) {
    let (accepted, refused) = (world.accepted, world.refused);
    world.play(Duration::from_secs(60) * minutes);
    let (accepted, refused) = (f64::from(world.accepted - accepted), f64::from(world.refused - refused));
    (accepted / (per_second * 60.0 * f64::from(minutes)), 1_000.0 * refused / accepted)
}

#[test]
fn a_token_bucket_is_identified_within_a_hundredth() {
    let mut world = played(Limiter::bucket(120.0, 120.0), 5);
    let learned = world.learner.learned();
    let Some(quota @ Quota::TokenBucket { .. }) = learned.quota else { panic!("{learned:?}") };
    let rate = quota.rate().as_per_second();
    assert!((118.8..121.2).contains(&rate), "{quota}");
    assert_eq!(learned.in_flight, None);
    let belief = world.learner.belief();
    assert_eq!(belief.source, Source::Seen);
    let (low, high) = belief.bounds.expect("it was refused often enough");
    assert!((low..=high).contains(&quota.rate()), "{low:?} to {high:?}");
    let (share, refused) = measure(&mut world, 120.0, 15);
    assert!(share > 0.99, "{share}");
    assert!(refused < 0.5, "{refused} per thousand");
}

#[test]
fn windows_are_used_up_and_seldom_overrun() {
    let limiters = [
        Limiter::window(600, 60.0, 17.3),
        Limiter::window(500, 10.0, 0.4),
        Limiter::log(200, 10.0),
        Limiter::log(1_500, 60.0),
    ];
    for limiter in limiters {
        let per_second = limiter.rate();
        let name = format!("{limiter:?}");
        let mut world = played(limiter, 15);
        let (share, refused) = measure(&mut world, per_second, 15);
        assert!(share > 0.95, "{share} of {name}");
        assert!(refused < 2.0, "{refused} per thousand of {name}");
    }
}

#[test]
fn what_a_run_has_learned_the_next_one_paces_at_from_its_first_call() {
    let world = played(Limiter::bucket(80.0, 40.0), 5);
    let learned = world.learner.learned();
    let mut next = Identification::new(Limits::default());
    next.restore(Instant::from_nanos(1), learned);
    assert_eq!(next.learned(), learned);
    assert_eq!(next.belief().source, Source::Remembered);
    let mut world = World::new(next, Limiter::bucket(80.0, 40.0));
    let (share, refused) = measure(&mut world, 80.0, 5);
    assert!(share > 0.97, "{share}");
    assert!(refused < 0.5, "{refused} per thousand");
}

#[test]
fn a_slow_pace_outlives_a_restart() {
    let learned = Learned { quota: Some(Quota::Pace { rate: rate(10.0 / 60.0) }), in_flight: None };
    let mut learner = Identification::new(Limits::default());
    learner.restore(Instant::from_nanos(1), learned);
    assert_eq!(learner.learned(), learned);
}

#[test]
fn two_refusals_tell_the_rate_of_a_tight_bucket() {
    for per_second in [60.0, 80.0, 90.0, 100.0, 120.0, 140.0, 150.0] {
        let world = played(Limiter::bucket(per_second, 0.1 * per_second), 1);
        assert_eq!(world.closings, 2, "at {per_second}");
        let learned = world.learner.learned();
        let Some(quota @ Quota::TokenBucket { .. }) = learned.quota else { panic!("{learned:?}") };
        assert!((quota.rate().as_per_second() - per_second).abs() < 0.01 * per_second, "{quota}");
    }
}
