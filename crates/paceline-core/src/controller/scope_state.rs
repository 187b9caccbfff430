//! One scope: its gate, pacer, slots, budget and what it has learned.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::budget::RetryBudget;
use crate::call::{AttemptId, Cost};
use crate::concurrency::Slots;
use crate::controller::attribution::Attribution;
use crate::gate::{Gate, GateCause};
use crate::headers::PublishedLimit;
use crate::learn::{Belief, Identification, Learned, Quota, Source};
use crate::limits::Limits;
use crate::quota::{Grant, PublishedShadow, Rate};
use crate::time::Instant;

/// Everything the machine keeps about one scope.
#[derive(Debug)]
pub(crate) struct ScopeState {
    pub(crate) gate: Gate,
    pub(crate) attribution: Attribution,
    pub(crate) budget: RetryBudget,
    slots: Slots,
    /// What the platform says of itself; it paces while that is true.
    published: PublishedShadow,
    learner: Identification,
    limits: Limits,
    /// The attempt that tries first while the gate is half open.
    scout: Option<AttemptId>,
    /// Whether the pacer delayed somebody since the last departure.
    held_back: bool,
    /// Attempts that departed before this are echoes of the closing.
    closed_at: Option<Instant>,
    /// Closings in a row, without an answer in between, that named no wait.
    pub(crate) unnamed_closings: u32,
    pub(crate) last_unnamed_wait: Duration,
    /// When the wait that a refusal named was over, or the refusal came if it named none.
    pub(crate) throttled_at: Option<Instant>,
    has_departed: bool,
    pub(crate) accepted: u64,
    /// Counts up with every use of any scope: the least was not used for longest.
    pub(crate) used: u64,
    /// When its parked lanes are looked at again; the machine's timers hold the same instant.
    pub(crate) timer: Option<Instant>,
    /// Calls and attempts that refer to it.
    pub(crate) references: u32,
}

/// Why a scope does not grant now. The order is that of how long it may last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Refusal {
    /// Another lane has an earlier turn.
    Turn,
    /// The pacer grants at that instant.
    Pace(Instant),
    /// All slots are taken until an attempt is done.
    Slots,
    /// A lane of a higher priority waits here, and more may follow.
    Outranked,
    /// The gate is half open and the scout is out: its answer will tell.
    Scout,
    /// The gate is closed until that instant.
    Gate(Instant),
}

impl ScopeState {
    pub(crate) fn new(limits: Limits) -> Self {
        let mut slots = Slots::default();
        slots.set_limit(limits.in_flight);
        Self {
            gate: Gate::open(),
            attribution: Attribution::new(),
            budget: RetryBudget::full(),
            slots,
            published: PublishedShadow::new(&limits),
            learner: Identification::new(limits),
            limits,
            scout: None,
            held_back: false,
            closed_at: None,
            unnamed_closings: 0,
            last_unnamed_wait: Duration::ZERO,
            has_departed: false,
            throttled_at: None,
            accepted: 0,
            used: 0,
            timer: None,
            references: 0,
        }
    }

    /// Replaces what the user says about the limits; what was learned so far is dropped.
    pub(crate) fn set_limits(&mut self, now: Instant, limits: Limits) {
        self.limits = limits;
        let before = std::mem::replace(&mut self.learner, Identification::new(limits));
        self.published.set_limits(&limits);
        self.slots.set_limit(limits.in_flight);
        if !self.has_departed {
            // What an earlier run learned is no less true.
            self.learner.restore(now, before.learned());
        } else {
            // New limits are no new burst.
            self.learner.inherit(now, &before);
        }
    }

    pub(crate) fn refusal(&self, now: Instant, cost: Cost) -> Option<Refusal> {
        if self.is_closed(now) {
            return Some(Refusal::Gate(self.opens_at()));
        }
        if self.gate.is_half_open() && self.scout.is_some() {
            return Some(Refusal::Scout);
        }
        if self.slots.is_full() {
            return Some(Refusal::Slots);
        }
        if self.published.is_active(now) {
            return self.refusal_of_published(now, cost);
        }
        if self.learner.in_flight().is_some_and(|most| self.slots.taken() >= most) {
            return Some(Refusal::Slots);
        }
        let ready_at = self.learner.ready_at(now, cost);
        (ready_at > now).then_some(Refusal::Pace(ready_at))
    }

    /// While published limits are the pacer, the learner only observes; what the user knows holds all the same.
    fn refusal_of_published(&self, now: Instant, cost: Cost) -> Option<Refusal> {
        let known_at = self.limits.known.map_or(now, |_| self.learner.ready_at(now, cost));
        match self.published.grant(now, cost) {
            Grant::AfterAnswer => Some(Refusal::Slots),
            Grant::At(at) => Some(Refusal::Pace(at.max(known_at))),
            Grant::Now => (known_at > now).then_some(Refusal::Pace(known_at)),
        }
    }

    /// The pacer has delayed a departure: its rate binds.
    pub(crate) fn note_held_back(&mut self) {
        self.held_back = true;
    }

    /// Charges what a departure takes: tokens and a slot.
    pub(crate) fn charge(&mut self, now: Instant, cost: Cost) {
        self.has_departed = true;
        self.slots.take();
        let held_back = std::mem::take(&mut self.held_back);
        // The learner's pace is not what is kept while another paces: it would run into debt.
        if self.limits.known.is_some() || !self.published.is_active(now) {
            self.learner.depart(now, cost, self.slots.taken(), held_back);
        }
        self.published.depart(now, cost);
    }

    /// Marks `attempt` as the one that tries first, if the gate asks for one.
    pub(crate) fn send_scout(&mut self, attempt: AttemptId) {
        if self.gate.is_half_open() && self.scout.is_none() {
            self.scout = Some(attempt);
        }
    }

    /// Gives back what an attempt that never left had taken; its slot is freed apart.
    pub(crate) fn refund(&mut self, departed_at: Instant, cost: Cost) {
        self.learner.refund(departed_at, cost);
        self.published.recall(cost);
    }

    /// An attempt that was charged `charged` has cost `actual`. Too little is charged now, up to what the scope admits in
    /// [`MOST_DEBT`]. Too much is given back, unless the attempt departed before a closing: that emptied the shadow, and what was
    /// taken before is forgotten.
    pub(crate) fn correct_cost(&mut self, now: Instant, departed_at: Instant, charged: Cost, actual: u32) {
        let charged = charged.0.get();
        if let Some(more) = NonZeroU32::new(actual.saturating_sub(charged)) {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a cast of floats saturates"
            )]
            let most = (self.rate(now).as_per_second() * MOST_DEBT.as_secs_f64()).ceil() as u32;
            let most = NonZeroU32::new(most).unwrap_or(NonZeroU32::MIN);
            self.learner.charge(now, Cost(more.min(most)));
        }
        if let Some(less) =
            NonZeroU32::new(charged.saturating_sub(actual)).filter(|_| !self.is_echo(departed_at))
        {
            self.learner.refund(departed_at, Cost(less));
        }
    }

    pub(crate) fn free_slot(&mut self) {
        self.slots.free();
    }

    pub(crate) const fn slots_taken(&self) -> u32 {
        self.slots.taken()
    }

    /// The scout is done, whatever came of it.
    pub(crate) fn end_scouting(&mut self, attempt: AttemptId) {
        if self.scout == Some(attempt) {
            self.scout = None;
        }
    }

    /// Whether its gate is closed, or it is held.
    pub(crate) fn is_closed(&self, now: Instant) -> bool {
        now < self.opens_at()
    }

    /// When both its gate and its hold end or ended.
    pub(crate) fn opens_at(&self) -> Instant {
        self.gate.opens_at().max(self.attribution.held_until())
    }

    /// Why it is closed: whichever lasts longer.
    pub(crate) fn cause(&self) -> GateCause {
        let is_held = self.attribution.held_until() > self.gate.opens_at();
        if is_held { GateCause::RetryAfter } else { self.gate.cause() }
    }

    /// Whether an attempt of that departure only echoes a closing that is known already.
    pub(crate) fn is_echo(&self, departed_at: Instant) -> bool {
        self.closed_at.is_some_and(|closed_at| departed_at < closed_at)
    }

    /// Closes the gate. Returns whether its opening moved later.
    pub(crate) fn close(&mut self, now: Instant, until: Instant, cause: GateCause) -> bool {
        self.closed_at = Some(now);
        let has_moved = self.gate.close(until, cause);
        self.learner.closed(self.gate.opens_at());
        has_moved
    }

    /// Opens the gate on somebody's word; attempts that departed before tell nothing new.
    pub(crate) fn reopen(&mut self, now: Instant) {
        self.closed_at = Some(now);
        self.gate.reset();
        self.attribution.release();
    }

    /// Takes note of a refusal: who comes back from it and is met with a 403 is banned.
    pub(crate) fn note_throttled(&mut self, now: Instant, wait: Option<Duration>) {
        self.throttled_at = self.throttled_at.max(Some(now + wait.unwrap_or_default()));
    }

    /// An answer that is no refusal, of an attempt that departed at `departed_at`: the platform works.
    /// Returns whether that opened a half-open gate.
    pub(crate) fn handle_working(&mut self, departed_at: Instant) -> bool {
        if self.is_echo(departed_at) {
            return false;
        }
        self.unnamed_closings = 0;
        self.gate.confirm()
    }

    pub(crate) fn handle_accepted(&mut self, now: Instant, departed_at: Instant, in_flight: u32, cost: Cost) {
        self.accepted += 1;
        self.budget.deposit();
        self.learner.accepted(now, departed_at, in_flight, cost);
    }

    /// An attempt is over; `limits` is what its reply publishes of this scope.
    pub(crate) fn handle_published(
        &mut self,
        now: Instant,
        departed_at: Instant,
        cost: Cost,
        limits: &[PublishedLimit],
    ) {
        self.published.handle_answer(now, departed_at, cost, limits);
    }

    /// An attempt did not leave after all; what it took of the learner's pacer stays taken.
    pub(crate) fn forget_departure(&mut self, cost: Cost) {
        self.published.recall(cost);
    }

    /// An attempt was refused for this scope, whose reply publishes `limits` of it.
    pub(crate) fn doubt_published(&mut self, now: Instant, limits: &[PublishedLimit]) {
        self.published.handle_refusal(now, limits);
    }

    /// An attempt was refused, echo or not: it used nothing up.
    pub(crate) fn handle_refused(&mut self, departed_at: Instant, cost: Cost) {
        self.learner.bounced(departed_at, cost);
    }

    /// The first refusal of an episode, of the attempt that departed as the `in_flight`th.
    pub(crate) fn handle_episode(
        &mut self,
        now: Instant,
        departed_at: Instant,
        in_flight: u32,
        wait: Option<Duration>,
    ) {
        self.learner.refused(now, departed_at, in_flight, wait);
    }

    /// Thinks over a closing that has passed. Returns whether there was one.
    pub(crate) fn advance(&mut self, now: Instant) -> bool {
        self.learner.advance(now)
    }

    pub(crate) fn restore(&mut self, now: Instant, learned: Learned) {
        self.learner.restore(now, learned);
    }

    pub(crate) fn learned(&self) -> Learned {
        self.learner.learned()
    }

    /// What it is believed to admit.
    pub(crate) fn belief(&self, now: Instant) -> Belief {
        if self.published.is_active(now) {
            let in_flight =
                self.published.slots().and_then(|slots| u32::try_from(slots).ok()?.try_into().ok());
            let learned = Learned { quota: self.published.quota(), in_flight };
            let accepted = self.accepted;
            return Belief { learned, bounds: None, source: Source::Published, refusals: 0, accepted };
        }
        self.learner.belief()
    }

    /// The rate that it is paced at.
    pub(crate) fn rate(&self, now: Instant) -> Rate {
        let published = self.published.is_active(now).then(|| self.published.rate()).flatten();
        published.unwrap_or_else(|| self.learner.rate())
    }

    /// When its pacer grants one call of that cost, if nothing departs before.
    pub(crate) fn paced_at(&self, now: Instant, cost: Cost) -> Instant {
        if !self.published.is_active(now) {
            return self.learner.ready_at(now, cost).max(now);
        }
        match self.refusal_of_published(now, cost) {
            Some(Refusal::Pace(at)) => at,
            _ => now,
        }
    }

    /// When its gate is open and its pacer has granted so many units, at least one, in calls of any cost; at the latest.
    pub(crate) fn granted_at(&self, now: Instant, units: u64) -> Instant {
        let opens_at = self.opens_at();
        #[expect(clippy::cast_precision_loss, reason = "a forecast needs no more digits than a float has")]
        let after_first = (units - 1) as f64 / self.rate(now).as_per_second();
        let after_first = Duration::try_from_secs_f64(after_first).unwrap_or(Duration::MAX);
        let steady = self.paced_at(now, Cost::ONE).max(opens_at) + after_first;
        if opens_at > now {
            return steady;
        }
        // A window may be used up before so many have passed, and a pacer that slows down for it be slower than in the
        // long run.
        let at_once = u32::try_from(units).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MAX);
        let late = self.window(now).filter(|&(count, _)| units > u64::from(count.get()));
        let late = late.map_or(Duration::ZERO, |(_, period)| period);
        (steady + late).max(self.paced_at(now, Cost(at_once)))
    }

    /// The window that it is believed to count in, and how many units that holds.
    fn window(&self, now: Instant) -> Option<(NonZeroU32, Duration)> {
        match self.belief(now).learned.quota? {
            Quota::FixedWindow { count, period }
            | Quota::SlidingLog { count, period }
            | Quota::SlidingCounter { count, period } => Some((count, period)),
            Quota::TokenBucket { .. } | Quota::Pace { .. } => None,
        }
    }

    /// Whether nothing would be lost by forgetting it.
    pub(crate) fn is_forgettable(&self, now: Instant) -> bool {
        self.references == 0 && !self.is_closed(now) && self.limits == Limits::default()
    }
}

/// One reply, which may tell its cost in another unit than that of the scope, holds nobody up for longer than a usual window.
const MOST_DEBT: Duration = Duration::from_secs(60);
