//! One scope: its gate, pacer, slots, budget and what it has learned.

use std::time::Duration;

use crate::budget::RetryBudget;
use crate::call::{AttemptId, Cost};
use crate::concurrency::Slots;
use crate::gate::{Gate, GateCause};
use crate::headers::PublishedLimit;
use crate::learn::{Aimd, Belief, Learned, Quota, Source};
use crate::limits::Limits;
use crate::quota::{Grant, Pacer, PublishedShadow, Rate};
use crate::time::Instant;

/// Everything the machine keeps about one scope.
#[derive(Debug)]
pub(crate) struct ScopeState {
    pub(crate) gate: Gate,
    pub(crate) budget: RetryBudget,
    slots: Slots,
    pacer: Pacer,
    /// What the platform says of itself; the pacer while it is true.
    published: PublishedShadow,
    learner: Aimd,
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
    /// The gate is half open and the scout is out: its answer will tell.
    Scout,
    /// The gate is closed until that instant.
    Gate(Instant),
}

impl ScopeState {
    pub(crate) fn new(limits: Limits) -> Self {
        let learner = Aimd::new(limits);
        let mut slots = Slots::default();
        slots.set_limit(limits.in_flight);
        Self {
            gate: Gate::open(),
            budget: RetryBudget::full(),
            slots,
            pacer: Pacer::new(&learner),
            published: PublishedShadow::new(&limits),
            learner,
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
        self.learner = Aimd::new(limits);
        self.published.set_limits(&limits);
        self.slots.set_limit(limits.in_flight);
        if self.has_departed {
            // The tokens stay: new limits are no new burst.
            self.reshape_pacer(now);
        } else {
            self.pacer = Pacer::new(&self.learner);
        }
    }

    pub(crate) fn refusal(&self, now: Instant, cost: Cost) -> Option<Refusal> {
        if self.gate.is_closed(now) {
            return Some(Refusal::Gate(self.gate.opens_at()));
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
        let ready_at = self.pacer.ready_at(cost);
        (ready_at > now).then_some(Refusal::Pace(ready_at))
    }

    /// While published limits are the pacer, the learner only observes; what the user knows holds all the same.
    fn refusal_of_published(&self, now: Instant, cost: Cost) -> Option<Refusal> {
        let known_at = self.limits.known.map_or(now, |_| self.pacer.ready_at(cost));
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
        // The learner's pace is not what is kept while another paces: it would run into debt.
        if self.limits.known.is_some() || !self.published.is_active(now) {
            self.pacer.take(now, cost);
        }
        self.published.depart(now, cost);
        self.slots.take();
        let before = self.learner.rate();
        self.learner.handle_departure(now, std::mem::take(&mut self.held_back));
        if self.learner.rate() != before {
            self.reshape_pacer(now);
        }
    }

    /// Marks `attempt` as the one that tries first, if the gate asks for one.
    pub(crate) fn send_scout(&mut self, attempt: AttemptId) {
        if self.gate.is_half_open() && self.scout.is_none() {
            self.scout = Some(attempt);
        }
    }

    /// Gives back what an attempt that never left had taken; its slot is freed apart.
    pub(crate) fn refund(&mut self, cost: Cost) {
        self.pacer.refund(cost);
        self.published.recall(cost);
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

    /// Whether an attempt of that departure only echoes a closing that is known already.
    pub(crate) fn is_echo(&self, departed_at: Instant) -> bool {
        self.closed_at.is_some_and(|closed_at| departed_at < closed_at)
    }

    /// Closes the gate. Returns whether its opening moved later.
    pub(crate) fn close(&mut self, now: Instant, until: Instant, cause: GateCause) -> bool {
        self.closed_at = Some(now);
        let has_moved = self.gate.close(until, cause);
        self.learner.handle_closed(self.gate.opens_at());
        has_moved
    }

    /// Opens the gate on somebody's word; attempts that departed before tell nothing new.
    pub(crate) fn reopen(&mut self, now: Instant) {
        self.closed_at = Some(now);
        self.gate.reset();
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

    pub(crate) fn handle_accepted(&mut self, round_trip: Duration, cost: Cost) {
        self.accepted += 1;
        self.budget.deposit();
        self.learner.handle_accepted(round_trip, f64::from(cost.0.get()));
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

    /// The first refusal of an episode: the rate falls once.
    pub(crate) fn handle_episode(&mut self, now: Instant) {
        self.learner.handle_episode(now, self.pacer.has_saved_up(now));
        self.reshape_pacer(now);
        self.pacer.empty(now);
    }

    pub(crate) fn restore(&mut self, now: Instant, learned: Learned) {
        if let Some(quota) = learned.quota {
            self.learner.restore(quota.rate());
            self.reshape_pacer(now);
        }
    }

    pub(crate) fn learned(&self) -> Learned {
        let quota = self.learner.learned().map(|rate| Quota::Pace { rate });
        Learned { quota, in_flight: None }
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
        let learned = Learned { quota: Some(Quota::Pace { rate: self.learner.rate() }), in_flight: None };
        Belief { learned, bounds: None, source: Source::Seen, refusals: 0, accepted: self.accepted }
    }

    /// The rate that it is paced at.
    pub(crate) fn rate(&self, now: Instant) -> Rate {
        let published = self.published.is_active(now).then(|| self.published.rate()).flatten();
        published.unwrap_or_else(|| self.pacer.rate())
    }

    /// When its pacer grants one unit.
    pub(crate) fn paced_at(&self, now: Instant) -> Instant {
        match self.refusal(now, Cost::ONE) {
            Some(Refusal::Pace(at)) => at,
            _ => now,
        }
    }

    /// Whether nothing would be lost by forgetting it.
    pub(crate) fn is_forgettable(&self, now: Instant) -> bool {
        self.references == 0 && !self.gate.is_closed(now) && self.limits == Limits::default()
    }

    fn reshape_pacer(&mut self, now: Instant) {
        self.pacer.reshape(now, &self.learner);
    }
}
