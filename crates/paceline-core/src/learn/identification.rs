//! What a scope admits, identified from the stream of its answers.
//!
//! It climbs until it is refused, keeps the set of limiters that could have given the answers so far ([`fit`]), paces by
//! a shadow of the fastest of them, and asks for more from time to time ([`Probing`]). A refusal that none of them
//! explains begins a new era. Where nothing fits, the pace is bracketed.

use std::time::Duration;

use crate::call::Cost;
use crate::learn::allowance::Allowance;
use crate::learn::belief::{Belief, Learned, Quota, Source};
use crate::learn::fit::{self, Fit};
use crate::learn::model::{LONG_WINDOW, Model, WindowKind};
use crate::learn::probe::Probing;
use crate::learn::round_trip::RoundTrips;
use crate::learn::shadow::{self, Beyond, Shadow};
use crate::learn::trace::{Refused, Timeline, Trace};
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
    /// Units accepted at the last reopening, and when that was.
    reopened: (f64, f64),
    /// Since when something of this kind is believed.
    believed_at: f64,
    bounds: Option<(f64, f64)>,
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
            reopened: (0.0, 0.0),
            believed_at: 0.0,
            bounds: None,
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
        self.analyse(at);
        self.reopened = (at, self.trace.accepted());
        self.drawn = 0.0;
        self.drawn_at = at;
        self.grown_at = now;
        self.rebuild_shadow(now);
        self.smooth(now);
        true
    }

    /// Continues from what an earlier run learned.
    pub(crate) fn restore(&mut self, now: Instant, learned: Learned) {
        if self.limits.known.is_some() {
            return;
        }
        let at = now.as_secs_f64();
        if let Some(limit) = learned.in_flight {
            self.allowance.restore(limit, at);
        }
        if let Some(quota) = learned.quota {
            self.source = Source::Remembered;
            self.refused_once = true;
            match quota.into() {
                Model::Pace { rate } => {
                    self.phase = Phase::Search;
                    self.pace = rate.max(LEAST_PACE);
                }
                model => self.lock(at, model),
            }
            self.rebuild_shadow(now);
            // What the earlier run used up last may still count.
            if let Shadow::Bucket(bucket) = &mut self.shadow {
                bucket.set_level(now, 0.0);
            }
        }
        self.smooth(now);
    }

    /// What is worth remembering. A pace that nothing was found to explain is a first guess: the search goes on from it.
    pub(crate) fn learned(&self) -> Learned {
        if self.limits.known.is_some() {
            return Learned::default();
        }
        let model = match self.phase {
            Phase::Locked => self.model,
            // The first refusal is thought over when its closing has passed: until then, that was too fast.
            Phase::Ramp => {
                self.trace.refusals().last().map(|last| Model::Pace { rate: AFTER_FIRST * last.pace })
            }
            Phase::Search | Phase::Bracket { .. } => Some(Model::Pace { rate: self.pace }),
        };
        let in_flight = self.allowance.limit();
        let model = model.filter(|_| self.phase == Phase::Locked || in_flight.is_none());
        Learned { quota: model.map(Quota::from), in_flight }
    }

    pub(crate) fn belief(&self) -> Belief {
        let learned = match self.limits.known {
            Some(known) => {
                let quota = Quota::TokenBucket { rate: known.rate, burst: known.burst };
                Learned { quota: Some(quota), in_flight: self.limits.in_flight }
            }
            None => self.learned(),
        };
        let rate = |rate| Rate::per_second(rate).unwrap_or(Rate::SLOWEST);
        let refusals = u32::try_from(self.trace.refusals().len()).unwrap_or(u32::MAX);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive; saturates")]
        let accepted = self.trace.accepted() as u64;
        Belief {
            learned,
            bounds: self.bounds.map(|(low, high)| (rate(low), rate(high))),
            source: self.source,
            refusals: refusals + self.allowance.refusals(),
            accepted,
        }
    }

    // ---- pace

    /// Units per second that are believed to pass, the margin taken off.
    fn believed_pace(&self) -> f64 {
        match (self.phase, self.model) {
            (Phase::Locked, Some(model)) => model.rate() * (1.0 - self.margin),
            _ => self.pace,
        }
    }

    /// Units per second at which departures follow one another now.
    fn smooth_rate(&self) -> Rate {
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
    fn bounded(&self, pace: f64) -> Rate {
        let pace = Rate::per_second(pace).unwrap_or(Rate::SLOWEST);
        let pace = self.limits.ceiling.filter(|&ceiling| ceiling < pace).unwrap_or(pace);
        pace.scaled(self.limits.reserve.rest())
    }

    fn smooth(&mut self, now: Instant) {
        let rate = self.smooth_rate();
        if rate != self.smoother.rate() {
            self.smoother.reshape(now, rate, least_burst(rate));
        }
    }

    fn top_pace(&self) -> f64 {
        let start = self.limits.start.map_or(START, Rate::as_per_second);
        start.max(1.3 * f64::from(self.allowance.most()) / self.round_trips.smoothed())
    }

    fn grow(&mut self, now: f64, elapsed: f64) {
        match self.phase {
            Phase::Ramp => self.pace = (self.pace * (elapsed / RAMP_DOUBLES_IN).exp2()).min(self.top_pace()),
            Phase::Search => self.pace = (self.pace * (1.0 + SEARCH_GROWTH * elapsed)).min(self.top_pace()),
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

    fn least_margin(&self) -> f64 {
        match self.model {
            Some(Model::Window { kind: WindowKind::Counter, .. }) => 0.004,
            _ => LEAST_MARGIN,
        }
    }

    fn bracket(&mut self, now: f64, low: f64, high: f64) {
        if high - low < BRACKET_WIDTH * high {
            self.probing.doubt();
            self.lock(now, Model::Pace { rate: low });
            self.bounds = Some((low, high));
        } else {
            self.phase = Phase::Bracket { low, high, since: now };
        }
    }

    // ---- probing

    fn draw(&mut self, now: f64, units: f64) {
        if let (Phase::Locked, Some(Model::Bucket { rate, .. })) = (self.phase, self.model) {
            self.drawn = (self.drawn - (now - self.drawn_at) * rate).max(0.0) + units;
            self.drawn_at = now;
        }
    }

    fn probe(&mut self, now: Instant, binds: bool) {
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
    fn was_beyond(&mut self, now: f64, count: f64, raised: Model) -> bool {
        let Model::Window { count: raised, .. } = raised else { return false };
        let Some(probe) = &mut self.probing.under_way else { return false };
        if self.shadow.used() >= count + (0.25 * (raised - count)).max(2.0) {
            probe.beyond_at.get_or_insert(now);
        }
        probe.beyond_at.is_some_and(|at| now - at > 4.0 * self.round_trips.smoothed())
    }

    /// With a reserve there is nothing to look for above: the pace is below the limit by intent.
    fn may_probe(&self) -> bool {
        self.source != Source::Configured && self.limits.reserve.rest() >= 1.0
    }

    fn probe_passed(&mut self, now: Instant, raised: Model) {
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
        if let Some(fit) = self.choose(&timeline, at).filter(|fit| fit.model.rate() > 1.000_5 * model.rate())
        {
            self.believe(at, fit, &timeline, true);
            return;
        }
        self.begin_search(at, 1.1 * model.rate());
    }

    fn begin_search(&mut self, now: f64, pace: f64) {
        self.trace.begin_era(now);
        self.reopened = (now, self.trace.accepted());
        self.search(now, pace);
    }

    /// Nothing is believed any more; what was seen still counts.
    fn search(&mut self, now: f64, pace: f64) {
        self.bounds = None;
        self.model = None;
        self.shadow = Shadow::None;
        self.phase = Phase::Search;
        self.pace = pace.max(LEAST_PACE);
        self.probing.never();
        self.allowance.begin_search(self.pace * self.round_trips.smoothed(), now);
    }

    // ---- analysis

    fn lock(&mut self, now: f64, model: Model) {
        self.phase = Phase::Locked;
        self.model = Some(model);
        self.margin = self.margin.max(self.least_margin());
        self.trace.set_drain(matches!(model, Model::Bucket { .. }).then(|| model.rate()));
        self.probing.plan(now, model);
    }

    fn rebuild_shadow(&mut self, now: Instant) {
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
        self.shadow = shadow::of(model, self.margin, self.round_trips.spread(), least, before, now);
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

    fn analyse(&mut self, now: f64) {
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
        let was_probe = self.probing.failed();
        if let (true, Some(model)) = (was_probe, self.model) {
            self.probing.plan(now, model);
            if !matches!(model, Model::Bucket { .. }) {
                return;
            }
        }
        let timeline = self.trace.timeline();
        let choice = self.choose(&timeline, now);
        if timeline.refusals.len() >= 2 && self.is_crowd(choice, now) {
            return;
        }
        if let Some(fit) = choice {
            self.believe(now, fit, &timeline, was_probe);
        } else if !was_probe {
            self.doubt(now, last, &timeline);
        }
    }

    /// Whether what is limited is how many are in flight: that tells the refused from the accepted, and no rate does but
    /// one so tight that jitter may have made it up.
    fn is_crowd(&mut self, choice: Option<Fit>, now: f64) -> bool {
        let Some(threshold) = self.allowance.threshold() else { return false };
        let tight = 1.15 * f64::from(threshold) + 1.0;
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

    /// Of the limiters that explain what was seen, the one believed so far, or else the fastest.
    fn choose(&self, timeline: &Timeline, now: f64) -> Option<Fit> {
        let floor = 0.75 * timeline.proven(now, PROVEN_SPAN);
        let believed = self.model.filter(|_| self.phase == Phase::Locked);
        let bounced = self.trace.timeline_with_bounced();
        let mut fits = fit::all(timeline, bounced.as_ref(), believed, self.round_trips.spread());
        fits.retain(|fit| fit.model.rate() >= floor);
        let is_counter = |fit: &Fit| matches!(fit.model, Model::Window { kind: WindowKind::Counter, .. });
        if fits.iter().any(|fit| !is_counter(fit)) {
            fits.retain(|fit| !is_counter(fit));
        }
        let same = believed.and_then(|model| fits.iter().find(|fit| fit.model.is_like(model)));
        let fastest = || fits.iter().max_by(|one, other| one.model.rate().total_cmp(&other.model.rate()));
        same.or_else(fastest).copied()
    }

    fn believe(&mut self, now: f64, fit: Fit, timeline: &Timeline, was_probe: bool) {
        let rate = fit.model.rate();
        let is_near = |model: Model| model.is_like(fit.model) && (model.rate() - rate).abs() < 0.02 * rate;
        if !was_probe && self.phase == Phase::Locked && self.model.is_some_and(is_near) {
            self.margin = (1.5 * self.margin + 0.001).min(MOST_MARGIN);
            self.margin_at = now;
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
    fn doubt(&mut self, now: f64, last: Refused, timeline: &Timeline) {
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
            let mean = timeline.proven(now, now - timeline.since);
            self.pace = Self::after_first(timeline, last, mean).max(LEAST_PACE);
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

    fn after_first(timeline: &Timeline, last: Refused, mean: f64) -> f64 {
        if last.wait.is_some_and(|wait| wait >= 2.0) {
            return mean;
        }
        let floor = fit::floor_of_rate(timeline, 0.2 * mean, 1.2 * last.pace);
        floor.max(0.6 * mean).max(AFTER_FIRST * last.pace)
    }
}

/// Where an unknown platform is first tried, per second: a handful of calls meet a slow one, and a limit of 120/s is
/// reached in a second.
const START: f64 = 40.0;
const LEAST_PACE: f64 = 0.5;
/// Of the pace that was refused first, which may have been twice the limit.
const AFTER_FIRST: f64 = 0.55;
/// Seconds.
const RAMP_DOUBLES_IN: f64 = 0.7;
/// Per second, between one refusal and the next.
const SEARCH_GROWTH: f64 = 0.10;
/// Seconds that a pace between two bounds must hold.
const BRACKET_HOLD: f64 = 6.0;
/// Bounds that near to one another are one.
const BRACKET_WIDTH: f64 = 0.02;
/// Growth for a longer gap counts as that: an idle night makes no growth.
const GROWTH_SPAN: Duration = Duration::from_millis(500);
/// Seconds.
const LONGEST_PROBE: f64 = 60.0;
/// How often the shadow is fitted to the jitter.
const RESHADOW: Duration = Duration::from_secs(5);
/// Of the rate: what a closed gate saved up leaves at that.
const CATCH_UP: f64 = 1.25;
/// Of the rate, while probing a bucket of most of a second's rate or more; and a tight one, or a pace.
const PROBE_HARD: f64 = 1.15;
const PROBE_SOFT: f64 = 1.03;
/// 0.2 % too slow costs 0.2 %; 0.2 % too fast up to a half.
const LEAST_MARGIN: f64 = 0.002;
const MOST_MARGIN: f64 = 0.06;
const MARGIN_EASES_AFTER: f64 = 120.0;
/// Of a known limit: 0.4 % less absorbs the spread of one-way delays on windows of 10 s and more.
const KNOWN_MARGIN: f64 = 0.004;
/// What a refusal of a known limit adds to its margin.
const KNOWN_DECREASE: f64 = 0.005;
/// Seconds: a belief that has held for less was hardly tested.
const YOUNG_FOR: f64 = 20.0;
/// Refusals that nothing explains together, after which the older ones are no longer asked to be.
const MOST_UNEXPLAINED: usize = 6;
/// Seconds of late that count as proof.
const PROVEN_SPAN: f64 = 12.0;
