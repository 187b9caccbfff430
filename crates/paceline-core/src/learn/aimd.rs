//! Additive increase, multiplicative decrease, with a memory of what was admitted between two refusals.
//!
//! A rate limiter that refuses is empty at that moment. What it admits between two refusals, over the
//! time between them, is therefore its rate. So the second refusal already tells the rate to within a
//! few calls, and from there on growth can be slow.

use std::time::Duration;

use crate::limits::Limits;
use crate::quota::Rate;
use crate::time::Instant;

/// The learned rate of one scope.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Aimd {
    phase: Phase,
    rate: Rate,
    /// Seconds of the rate that the platform is trusted to have saved up after a rest.
    burst_seconds: f64,
    limits: Limits,
    grown_at: Instant,
    round_trip: Option<Duration>,
    episode: Option<Episode>,
    /// For how long the rate has held departures back since the last episode: what growth grows with.
    bound_for: Duration,
    /// With a reserve, what the limit was last seen to be: growth ends there, or it would eat the reserve up.
    seen: Option<Rate>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// No refusal yet: doubling.
    SlowStart,
    /// One refusal: looking for the second.
    Search,
    /// Two or more: close to the limit, growing with caution.
    Steady,
}

/// The last refusal that was not an echo of an earlier one.
#[derive(Clone, Copy, Debug)]
struct Episode {
    at: Instant,
    opens_at: Instant,
    accepted_since: f64,
}

impl Aimd {
    pub(crate) fn new(limits: Limits) -> Self {
        let known = limits.known.map(|known| known.rate);
        let phase = if known.is_some() { Phase::Steady } else { Phase::SlowStart };
        let start = Rate::per_second(START_PER_SECOND).expect("a constant within the bounds of a rate");
        let mut learner = Self {
            phase,
            rate: known.or(limits.start).unwrap_or(start),
            burst_seconds: TRUSTED_SECONDS,
            limits,
            grown_at: Instant::EPOCH,
            round_trip: None,
            episode: None,
            bound_for: Duration::ZERO,
            seen: known,
        };
        learner.rate = learner.bounded(learner.rate);
        learner
    }

    /// The rate to pace at: what the platform admits, less what is left to others.
    pub(crate) fn rate(&self) -> Rate {
        self.rate.scaled(self.limits.reserve.rest())
    }

    /// The most that the user allows.
    pub(crate) fn most(&self) -> Option<Rate> {
        self.limits.ceiling.map(|ceiling| ceiling.scaled(self.limits.reserve.rest()))
    }

    /// The burst, in cost units, that the platform is trusted to have saved up after a rest.
    pub(crate) fn burst(&self) -> f64 {
        match self.limits.known {
            // Half: the rest absorbs the spread of one-way delays (Le Boudec: jitter J eats rate * J).
            Some(known) => f64::from(known.burst.get()) / 2.0,
            None if self.phase == Phase::SlowStart => 1.0,
            None => self.burst_seconds * self.rate().as_per_second(),
        }
    }

    /// An attempt departed; `held_back` tells whether pacing had delayed it. Only a rate that binds
    /// may grow: otherwise it would run away while nobody uses it.
    pub(crate) fn handle_departure(&mut self, now: Instant, held_back: bool) {
        let elapsed = now.saturating_since(self.grown_at);
        if elapsed < GROWTH_STEP {
            return;
        }
        self.grown_at = now;
        if held_back {
            let span = elapsed.min(GROWTH_SPAN);
            self.bound_for += span;
            self.rate = self.grown(self.growth_per_second() * span.as_secs_f64());
        }
    }

    /// An attempt was accepted after `round_trip`.
    pub(crate) fn handle_accepted(&mut self, round_trip: Duration, cost: f64) {
        let smoothed = self.round_trip.map_or(round_trip, |smoothed| (smoothed * 7 + round_trip) / 8);
        self.round_trip = Some(smoothed);
        if let Some(episode) = &mut self.episode {
            episode.accepted_since += cost;
        }
    }

    /// A refusal began an episode: one decrease, however many echoes follow. `saved_up` tells whether
    /// the departures were using up what the shadow had saved.
    pub(crate) fn handle_episode(&mut self, now: Instant, saved_up: bool) {
        self.rate = self.bounded(self.rate.scaled(self.decrease(now)));
        // In a search the limit itself refused; later a refusal may be the others' doing.
        if self.phase != Phase::Steady {
            self.seen = Some(self.rate);
        }
        self.bound_for = Duration::ZERO;
        let trust = if saved_up { 0.5 } else { 1.25 };
        self.burst_seconds = (self.burst_seconds * trust).min(TRUSTED_SECONDS);
        self.phase = match self.phase {
            Phase::SlowStart => Phase::Search,
            Phase::Search | Phase::Steady => Phase::Steady,
        };
        self.episode = Some(Episode { at: now, opens_at: now, accepted_since: 0.0 });
        self.grown_at = now;
    }

    /// Continues from a rate that an earlier run learned.
    pub(crate) fn restore(&mut self, rate: Rate) {
        if self.limits.known.is_none() {
            self.phase = Phase::Steady;
            self.rate = self.bounded(rate);
            self.seen = Some(self.rate);
        }
    }

    /// What is worth remembering; None while nothing was learned.
    pub(crate) fn learned(&self) -> Option<Rate> {
        (self.phase == Phase::Steady && self.limits.known.is_none()).then_some(self.rate)
    }

    /// By which factor the rate falls.
    fn decrease(&self, now: Instant) -> f64 {
        let Some(episode) = self.episode else {
            return match (self.limits.known, self.phase) {
                (Some(_), _) => SLIGHT_DECREASE,
                // With a reserve the pace is below the limit: it may have been the others' doing.
                (None, Phase::Steady) if self.limits.reserve.rest() < 1.0 => SLIGHT_DECREASE,
                (None, Phase::SlowStart) => FIRST_DECREASE,
                (None, _) => DECREASE,
            };
        };
        let elapsed = now.saturating_since(episode.at);
        if elapsed < MEASURABLE {
            return DECREASE;
        }
        // What accrues while nothing arrives is lost as far as the bucket does not hold it.
        let idle =
            episode.opens_at.min(now).saturating_since(episode.at) + self.round_trip.unwrap_or_default();
        let lost = (idle.as_secs_f64() - self.burst_seconds).max(0.0);
        let counted = (elapsed.as_secs_f64() - lost).max(MEASURABLE.as_secs_f64() / 2.0);
        let measured = episode.accepted_since / counted;
        // In a search the pace itself met the limit. Later, with a reserve, the pace is below it by intent.
        let (pace, floor) = match self.phase {
            Phase::Search => (self.rate, FIRST_DECREASE),
            _ => (self.rate(), DECREASE),
        };
        (measured / pace.as_per_second()).clamp(floor, SLIGHT_DECREASE)
    }

    /// The rate after a growth of that exponent.
    fn grown(&self, exponent: f64) -> Rate {
        let grown = self.bounded(self.rate.scaled(exponent.exp()));
        let has_reserve = self.phase == Phase::Steady && self.limits.reserve.rest() < 1.0;
        match self.seen.filter(|&seen| has_reserve && grown > seen) {
            Some(seen) if seen > self.rate => seen,
            Some(_) => self.rate,
            None => grown,
        }
    }

    /// The gate that the last episode closed opens then.
    pub(crate) fn handle_closed(&mut self, opens_at: Instant) {
        if let Some(episode) = &mut self.episode {
            episode.opens_at = opens_at;
        }
    }

    fn growth_per_second(&self) -> f64 {
        match self.phase {
            Phase::SlowStart if self.attempts_per_round_trip() < FEW_IN_FLIGHT => FAST_GROWTH,
            Phase::SlowStart => SLOW_START_GROWTH,
            Phase::Search => SEARCH_GROWTH,
            Phase::Steady => {
                let doublings = self.bound_for.as_secs_f64() / GROWTH_DOUBLES_AFTER;
                (STEADY_GROWTH * (1.0 + doublings)).min(SEARCH_GROWTH)
            }
        }
    }

    fn attempts_per_round_trip(&self) -> f64 {
        let round_trip = self.round_trip.unwrap_or_default().as_secs_f64();
        self.rate.as_per_second() * round_trip
    }

    fn bounded(&self, rate: Rate) -> Rate {
        let known = self.limits.known.map(|known| known.rate.scaled(KNOWN_MARGIN));
        let bounds = [known, self.limits.ceiling].into_iter().flatten();
        bounds.fold(rate, |rate, most| if most < rate { most } else { rate })
    }
}

/// Where an unknown platform is first tried: a handful of calls meet a slow one, and a limit of 120/s is reached in
/// half a second.
const START_PER_SECOND: f64 = 40.0;
/// Of a known limit: 0.4 % less absorbs the spread of one-way delays on windows of 10 s and more.
const KNOWN_MARGIN: f64 = 0.996;
/// Natural growth per second (a doubling in 0.23 s) while a refusal would cost next to nothing.
const FAST_GROWTH: f64 = 3.0;
/// Up to so many attempts in one round trip: about as many are refused when the limit is met.
const FEW_IN_FLIGHT: f64 = 8.0;
/// Beyond that, a doubling in 2.8 s: the overshoot when a bucket of a second's rate runs dry is twofold.
const SLOW_START_GROWTH: f64 = 0.25;
/// Between the first and the second refusal.
const SEARCH_GROWTH: f64 = 0.1;
/// At the limit: 0.1 % a second, which a bucket of a second's rate bears for most of a minute.
const STEADY_GROWTH: f64 = 0.001;
/// Seconds at the limit without a refusal after which growth has doubled, so that a raised limit is found; at most it is
/// that of a search.
const GROWTH_DOUBLES_AFTER: f64 = 10.0;
/// After the slow start, whose overshoot is up to twofold.
const FIRST_DECREASE: f64 = 0.55;
/// Where nothing can be measured (AIMD with beta 0.85: row I of the measured table).
const DECREASE: f64 = 0.85;
/// A refusal always lowers the rate a little.
const SLIGHT_DECREASE: f64 = 0.995;
/// A shorter time between two refusals tells nothing: a handful of calls.
const MEASURABLE: Duration = Duration::from_secs(2);
/// Most token buckets hold about a second of their rate.
const TRUSTED_SECONDS: f64 = 1.0;
/// Growth is applied in steps, not at every departure; a gap longer than the span counts as that span.
const GROWTH_STEP: Duration = Duration::from_millis(20);
const GROWTH_SPAN: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(units: f64) -> Rate {
        Rate::per_second(units).expect("the test's rate is legal")
    }

    #[derive(Clone, Debug)]
    enum Step {
        Depart(bool),
        Accept(u64),
        Refuse(bool),
    }

    fn step() -> impl Strategy<Value = (u64, Step)> {
        let step = prop_oneof![
            4 => any::<bool>().prop_map(Step::Depart),
            4 => (0_u64..10_000).prop_map(Step::Accept),
            1 => any::<bool>().prop_map(Step::Refuse),
        ];
        (0_u64..3_000_000_000, step)
    }

    fn play(learner: &mut Aimd, steps: Vec<(u64, Step)>, mut check: impl FnMut(&Aimd)) {
        let mut now = Instant::EPOCH;
        for (nanos, step) in steps {
            now = now + Duration::from_nanos(nanos);
            match step {
                Step::Depart(held_back) => learner.handle_departure(now, held_back),
                Step::Accept(millis) => learner.handle_accepted(Duration::from_millis(millis), 1.0),
                Step::Refuse(saved_up) => learner.handle_episode(now, saved_up),
            }
            check(learner);
        }
    }

    proptest! {
        #[test]
        fn learning_never_exceeds_the_ceiling(
            ceiling in 0.01_f64..1_000.0, reserve in 0.0_f64..0.9, steps in prop::collection::vec(step(), 0..300),
        ) {
            let limits = Limits {
                ceiling: Some(rate(ceiling)),
                reserve: Reserve::share(reserve).expect("it is a share"),
                ..Limits::default()
            };
            play(&mut Aimd::new(limits), steps, |learner| {
                assert!(learner.rate().as_per_second() <= ceiling * (1.0 - reserve) + 1e-9);
            });
        }

        #[test]
        fn the_rate_stays_positive_and_finite(steps in prop::collection::vec(step(), 0..300)) {
            play(&mut Aimd::new(Limits::default()), steps, |learner| {
                let rate = learner.rate().as_per_second();
                assert!(rate > 0.0 && rate.is_finite() && learner.burst() >= 0.0);
            });
        }
    }

    #[test]
    fn a_rate_that_does_not_bind_does_not_grow() {
        let mut learner = Aimd::new(Limits::default());
        for second in 0..100 {
            learner.handle_departure(Instant::from_nanos(second * 1_000_000_000), false);
        }
        assert!((learner.rate().as_per_second() - START_PER_SECOND).abs() < 1e-9);
    }

    #[test]
    fn the_second_refusal_tells_the_rate() {
        let mut learner = Aimd::new(Limits { start: Some(rate(150.0)), ..Limits::default() });
        let second = 1_000_000_000;
        learner.handle_episode(Instant::from_nanos(second), false);
        learner.rate = rate(130.0);
        (0..1_200).for_each(|_| learner.handle_accepted(Duration::from_millis(50), 1.0));
        learner.handle_episode(Instant::from_nanos(11 * second), false);
        assert!((learner.rate().as_per_second() - 120.0).abs() < 0.01);
    }

    #[test]
    fn an_idle_night_makes_no_growth() {
        let mut learner = Aimd::new(Limits { start: Some(rate(200.0)), ..Limits::default() });
        learner.handle_episode(Instant::from_nanos(0), false);
        learner.handle_episode(Instant::from_nanos(1_000_000_000), false);
        let night = Instant::from_nanos(8 * 3_600 * 1_000_000_000);
        let before = learner.rate().as_per_second();
        learner.handle_departure(night, true);
        learner.handle_departure(night + Duration::from_secs(1), true);
        assert!(learner.rate().as_per_second() < 1.01 * before);
    }

    #[test]
    fn a_reserve_is_left_once_and_not_eaten_up_and_not_lost() {
        let reserve = Reserve::share(0.2).expect("it is a share");
        let mut learner = Aimd::new(Limits { reserve, ..Limits::default() });
        learner.restore(rate(100.0));
        assert!((learner.rate().as_per_second() - 80.0).abs() < 1e-9);
        let mut now = Instant::EPOCH;
        for second in 0..600_u64 {
            for _ in 0..10 {
                now = now + Duration::from_millis(100);
                learner.handle_departure(now, true);
                (0..8).for_each(|_| learner.handle_accepted(Duration::from_millis(50), 1.0));
            }
            // The others' doing, now and then.
            if second % 10 == 9 {
                learner.handle_episode(now, false);
            }
            let rate = learner.rate().as_per_second();
            assert!((70.0..=80.0 + 1e-9).contains(&rate), "after {second} s: {rate}");
        }
    }

    #[test]
    fn what_is_known_is_not_overridden_by_what_was_learned() {
        let burst = std::num::NonZeroU32::MIN;
        let known = Some(KnownRate { rate: rate(120.0), burst });
        let mut learner = Aimd::new(Limits { known, ..Limits::default() });
        learner.restore(rate(5.0));
        assert!(learner.rate().as_per_second() > 119.0);
    }

    use crate::limits::{KnownRate, Reserve};
}
