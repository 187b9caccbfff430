//! What a scope admits, identified from the stream of its answers.
//!
//! It climbs until it is refused, keeps the set of limiters that could have given the answers so far ([`fit`]), paces by
//! a shadow of the fastest of them, and asks for more from time to time ([`Probing`]). A refusal that none of them
//! explains begins a new era. Where nothing fits, the pace is bracketed.

mod analysis;
mod asking;
mod memory;
mod pace;

use std::time::Duration;

use crate::call::Cost;
use crate::learn::allowance::Allowance;
use crate::learn::belief::Source;
use crate::learn::model::Model;
use crate::learn::probe::Probing;
use crate::learn::round_trip::RoundTrips;
use crate::learn::shadow::Shadow;
use crate::learn::trace::{Refused, Trace};
use crate::limits::Limits;
use crate::quota::{Rate, TokenBucket, least_burst};
use crate::time::Instant;

/// The learner of one scope.
#[derive(Clone, Debug)]
pub(crate) struct Identification {
    limits: Limits,
    source: Source,
    phase: Phase,
    model: Option<Model>,
    /// The share of what is believed that is not used.
    margin: f64,
    margin_at: f64,
    /// Units per second while nothing is believed.
    pace: f64,
    grown_at: Instant,
    smoother: TokenBucket,
    shadow: Shadow,
    shadowed_at: Instant,
    trace: Trace,
    round_trips: RoundTrips,
    allowance: Allowance,
    probing: Probing,
    /// What a bucket of the believed rate would be filled to, the margin not counted.
    drawn: f64,
    drawn_at: f64,
    /// When the closing that is not analysed yet ends.
    opens_at: Option<Instant>,
    refused_at: Instant,
    /// Units accepted at the last reopening, and when that was.
    reopened: (f64, f64),
    /// Since when something of this kind is believed.
    believed_at: f64,
    bounds: Option<(f64, f64)>,
    /// Units per second up to which a search is patient.
    patient_to: f64,
    refused_once: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// Nothing was refused yet: doubling.
    Ramp,
    /// Something was: looking for the next.
    Search,
    /// Nothing explains the refusals: the pace is between these.
    Bracket { low: f64, high: f64, since: f64 },
    /// Paced by what is believed.
    Locked,
}

impl Identification {
    pub(crate) fn new(limits: Limits) -> Self {
        let start = limits.start.map_or(START, Rate::as_per_second);
        let mut learner = Self {
            limits,
            source: Source::Seen,
            phase: Phase::Ramp,
            model: None,
            margin: LEAST_MARGIN,
            margin_at: 0.0,
            pace: start,
            grown_at: Instant::EPOCH,
            smoother: TokenBucket::full(Rate::SLOWEST, 1.0),
            shadow: Shadow::None,
            shadowed_at: Instant::EPOCH,
            trace: Trace::new(),
            round_trips: RoundTrips::new(),
            allowance: Allowance::new(),
            probing: Probing::new(),
            drawn: 0.0,
            drawn_at: 0.0,
            opens_at: None,
            refused_at: Instant::EPOCH,
            reopened: (0.0, 0.0),
            believed_at: 0.0,
            bounds: None,
            patient_to: 0.0,
            refused_once: false,
        };
        if let Some(known) = limits.known {
            learner.source = Source::Configured;
            learner.phase = Phase::Locked;
            learner.margin = KNOWN_MARGIN;
            let (rate, burst) = (known.rate.as_per_second(), f64::from(known.burst.get()));
            learner.model = Some(Model::Bucket { rate, burst });
            // Half of it: the rest absorbs the spread of one-way delays (Le Boudec: jitter J eats rate * J).
            let shadow = learner.bounded(rate * (1.0 - KNOWN_MARGIN));
            learner.shadow =
                Shadow::Bucket(TokenBucket::full(shadow, (burst / 2.0).max(least_burst(shadow))));
        }
        let rate = learner.smooth_rate();
        learner.smoother = TokenBucket::full(rate, least_burst(rate));
        learner
    }

    /// The rate that departures have in the long run.
    pub(crate) fn rate(&self) -> Rate {
        self.bounded(self.believed_pace())
    }

    pub(crate) fn ready_at(&self, now: Instant, cost: Cost) -> Instant {
        let smooth = self.smoother.ready_at(cost);
        if self.probing.is_under_way() && matches!(self.shadow, Shadow::None | Shadow::Bucket(_)) {
            return smooth;
        }
        smooth.max(self.shadow.ready_at(now, cost))
    }

    /// The most attempts in flight; None: no limit.
    pub(crate) fn in_flight(&self) -> Option<u32> {
        let is_paced = self.phase == Phase::Locked && self.allowance.limit().is_none();
        (!is_paced).then(|| self.allowed())
    }

    /// What the allowance is, and, unless that is a limit, what stragglers hold beside it: they are no sign of anything.
    fn allowed(&self) -> u32 {
        let most = self.allowance.most();
        if self.allowance.limit().is_some() {
            return most;
        }
        let late = 2.0 * self.believed_pace() * self.round_trips.lateness();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive; saturates")]
        most.saturating_add(late as u32)
    }

    /// An attempt departs, with which `in_flight` are. `held_back`: pacing had delayed it. Only a pace that binds may
    /// grow: otherwise it would run away while nobody uses it.
    pub(crate) fn depart(&mut self, now: Instant, cost: Cost, in_flight: u32, held_back: bool) {
        let at = now.as_secs_f64();
        self.smoother.take(now, cost);
        self.shadow.take(now, cost);
        let binds = held_back || in_flight >= self.allowed();
        let elapsed = now.saturating_since(self.grown_at).min(GROWTH_SPAN).as_secs_f64();
        self.grown_at = now;
        if self.in_flight().is_some() {
            let late = self.allowed() - self.allowance.most();
            let in_flight = in_flight.saturating_sub(late);
            self.allowance.depart(at, in_flight, self.trace.accepted(), self.round_trips.smoothed());
        }
        if binds {
            self.grow(at, elapsed);
        }
        self.draw(at, f64::from(cost.0.get()));
        if self.phase == Phase::Locked && now.saturating_since(self.shadowed_at) > RESHADOW {
            // By now the spread of round trips, and with it the guard, may be another.
            self.shadowed_at = now;
            if !self.probing.is_under_way() {
                self.rebuild_shadow(now);
            }
        }
        self.probe(now, binds);
        self.smooth(now);
    }

    /// Goes on after `before`, with other limits: what was used up then still is.
    pub(crate) fn inherit(&mut self, now: Instant, before: &Self) {
        let level = before.smoother.level(now).min(self.smoother.level(now));
        self.smoother.set_level(now, level);
        if let (Shadow::Bucket(bucket), Shadow::Bucket(old)) = (&mut self.shadow, &before.shadow) {
            bucket.set_level(now, old.level(now).min(bucket.level(now)));
        }
    }

    /// An attempt has cost so much more than was taken at its departure.
    pub(crate) fn charge(&mut self, now: Instant, cost: Cost) {
        self.smoother.take(now, cost);
        self.shadow.take(now, cost);
    }

    /// What the attempt took is given back: it never left.
    pub(crate) fn refund(&mut self, departed_at: Instant, cost: Cost) {
        self.smoother.refund(cost);
        self.shadow.refund(departed_at, cost);
    }

    pub(crate) fn accepted(&mut self, now: Instant, departed_at: Instant, in_flight: u32, cost: Cost) {
        if self.refused_once {
            self.allowance.observe(in_flight, false);
        }
        let round_trip = now.saturating_since(departed_at).as_secs_f64();
        self.round_trips.observe(round_trip);
        let arrived = departed_at.as_secs_f64() + self.round_trips.way_there(round_trip);
        self.trace.accept(arrived, f64::from(cost.0.get()));
    }

    /// An attempt that departed as the `in_flight`th was refused, and is no echo of an earlier refusal.
    pub(crate) fn refused(
        &mut self,
        now: Instant,
        departed_at: Instant,
        in_flight: u32,
        wait: Option<Duration>,
    ) {
        let (at, pace) = (now.as_secs_f64(), self.smoother.rate().as_per_second());
        let is_first = !std::mem::replace(&mut self.refused_once, true);
        if !is_first {
            self.allowance.observe(in_flight, true);
        }
        let is_crowd = self.allowance.refuse(at, in_flight);
        if !is_crowd {
            let round_trip = now.saturating_since(departed_at).as_secs_f64();
            self.trace.refuse(Refused {
                at: departed_at.as_secs_f64() + self.round_trips.way_there(round_trip),
                wait: wait.map(|wait| wait.as_secs_f64()),
                pace,
                is_relapse: self.trace.accepted() <= self.reopened.1 && !is_first,
            });
            self.opens_at = Some(now);
            self.refused_at = now;
        }
        if let Shadow::Bucket(bucket) = &mut self.shadow {
            bucket.set_level(now, 0.0);
        }
    }

    /// An attempt was refused, echo or not: what it took of a window was not used.
    pub(crate) fn bounced(&mut self, departed_at: Instant, cost: Cost) {
        // A shadow keeps it: some platforms count refused calls, and there are few.
        let arrived = departed_at.as_secs_f64() + self.round_trips.way_there(self.round_trips.smoothed());
        self.trace.bounce(arrived, f64::from(cost.0.get()));
    }

    /// The gate opens then.
    pub(crate) fn closed(&mut self, opens_at: Instant) {
        if let Some(analysis) = &mut self.opens_at {
            *analysis = opens_at;
        }
    }

    /// Thinks over the last closing once it has passed. Returns whether something was thought over.
    pub(crate) fn advance(&mut self, now: Instant) -> bool {
        let Some(opens_at) = self.opens_at.filter(|&opens_at| opens_at <= now) else { return false };
        self.opens_at = None;
        let at = opens_at.as_secs_f64();
        self.probing.observe_closing(opens_at.saturating_since(self.refused_at).as_secs_f64());
        self.analyse(at);
        self.reopened = (at, self.trace.accepted());
        self.drawn = 0.0;
        self.drawn_at = at;
        self.grown_at = now;
        self.rebuild_shadow(now);
        self.smooth(now);
        true
    }
}

/// Where an unknown platform is first tried, per second: a handful of calls meet a slow one, and a limit of 120/s is
/// reached in a second.
const START: f64 = 40.0;
/// One in a minute: slower than a search for any quota in use need be.
const LEAST_PACE: f64 = 1.0 / 60.0;
/// Of the pace that the ramp was refused at: a little less than what a bucket with a burst of a tenth of a second drains at,
/// which the ramp overruns by half. One with more is slower, and its refusals cost less.
const AFTER_RAMP: f64 = 0.62;
/// Growth for a longer gap counts as that: an idle night makes no growth.
const GROWTH_SPAN: Duration = Duration::from_millis(500);
/// How often the shadow is fitted to the jitter.
const RESHADOW: Duration = Duration::from_secs(5);
/// 0.2 % too slow costs 0.2 %; 0.2 % too fast up to a half.
const LEAST_MARGIN: f64 = 0.002;
/// Of a known limit: 0.4 % less absorbs the spread of one-way delays on windows of 10 s and more.
const KNOWN_MARGIN: f64 = 0.004;
