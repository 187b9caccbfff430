//! The machine: composes the parts, owns no algorithm.

mod answers;
mod attribution;
mod calls;
mod departure;
mod dispatch;
mod forecast;
mod memory;
mod scope_state;
mod scopes;
mod submission;

use std::collections::{BTreeSet, VecDeque};

use fastrand::Rng;
use rustc_hash::FxHashMap;

use crate::call::{AttemptId, Call, CallId};
use crate::config::Config;
use crate::event::Event;
use crate::learn::Belief;
use crate::limits::Limits;
use crate::queue::WaitingCalls;
use crate::scope::{ScopeId, ScopeKind, ScopeSet};
use crate::time::Instant;
pub(crate) use calls::CallSlot;
use calls::{CallState, Calls, Stands};
pub use departure::{Departure, WaitReason};
use scope_state::ScopeState;
use scopes::Scopes;
pub use submission::SubmitError;

/// Decides what may be sent, when, and what an answer means.
///
/// A driver owns one controller, tells it what happened (`handle_...`, `try_submit`) and asks what to
/// do (`poll_...`). After each telling, and when the instant of the last [`Departure::WaitUntil`] has come, it calls
/// [`poll_departure`](Self::poll_departure) until that says [`Departure::WaitUntil`] or [`Departure::Idle`]: one
/// timer for the whole machine, however many calls wait.
///
/// Time is an argument. It should not run backwards; where it does, the latest instant seen counts.
///
/// One attempt goes through: `Departure::Start` → [`handle_sent`](Self::handle_sent) →
/// [`handle_reply`](Self::handle_reply) → [`handle_done`](Self::handle_done). Each is told once; repeats and
/// late ones are harmless. `handle_reply` may come without `handle_sent` (the connection failed), and
/// `handle_done` must come for every attempt that started, for only then is its slot free.
#[derive(Debug)]
pub struct Controller {
    config: Config,
    now: Instant,
    rng: Rng,
    scopes: Scopes,
    waiting: WaitingCalls,
    calls: Calls,
    attempts: FxHashMap<AttemptId, Attempt>,
    /// When scopes with parked lanes are to be looked at again: at most one instant for each scope.
    timers: BTreeSet<(Instant, ScopeId)>,
    /// Calls that wait out a failure or stand aside.
    resting: BTreeSet<(Instant, CallId)>,
    deadlines: BTreeSet<(Instant, CallId)>,
    events: VecDeque<Event>,
    next_place: u64,
}

/// An attempt that is not done.
#[derive(Debug)]
struct Attempt {
    call: Call,
    departed_at: Instant,
    beside: Beside,
    sent: bool,
    answered: bool,
}

/// How many attempts were in flight in each of a call's scopes when it departed, itself included.
#[derive(Clone, Copy, Debug, Default)]
struct Beside([u32; ScopeKind::ALL.len()]);

impl Beside {
    /// In the scope `id`, one of `scopes`.
    fn at(&self, scopes: &ScopeSet, id: ScopeId) -> u32 {
        let place = scopes.as_slice().iter().position(|&other| other == id);
        place.map_or(0, |place| self.0[place])
    }
}

impl Controller {
    /// A machine without calls, whose scopes are all open.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            rng: Rng::with_seed(config.seed),
            config,
            now: Instant::EPOCH,
            scopes: Scopes::default(),
            waiting: WaitingCalls::default(),
            calls: Calls::default(),
            attempts: FxHashMap::default(),
            timers: BTreeSet::new(),
            resting: BTreeSet::new(),
            deadlines: BTreeSet::new(),
            events: VecDeque::new(),
            next_place: 0,
        }
    }

    /// The scope of that kind and name, known from then on. Calls name their scopes by this id.
    pub fn scope(&mut self, now: Instant, kind: ScopeKind, name: &str) -> ScopeId {
        let now = self.advance(now);
        let id = self.scopes.find(kind, name).unwrap_or_else(|| {
            self.forget_idle_scopes(now);
            self.scopes.insert(kind, name, ScopeState::new(Limits::default()))
        });
        self.scopes.touch(id);
        id
    }

    /// Kind and name of a scope; None when it was forgotten.
    #[must_use]
    pub fn scope_name(&self, id: ScopeId) -> Option<(ScopeKind, &str)> {
        self.scopes.name(id)
    }

    /// What a scope is believed to admit, and why; None for a forgotten scope.
    #[must_use]
    pub fn belief(&self, id: ScopeId) -> Option<Belief> {
        self.scopes.contains(id).then(|| self.scopes.state(id).belief(self.now))
    }

    /// Sets what is known about the limits of a scope, and starts learning the rest anew.
    ///
    /// # Errors
    /// [`SubmitError::ForgottenScope`] when the scope was forgotten.
    pub fn set_limits(&mut self, now: Instant, id: ScopeId, limits: Limits) -> Result<(), SubmitError> {
        let now = self.advance(now);
        if !self.scopes.contains(id) {
            return Err(SubmitError::ForgottenScope(id));
        }
        self.scopes.state_mut(id).set_limits(now, limits);
        self.look_at(now, id);
        Ok(())
    }

    /// Takes a call into the queue.
    ///
    /// # Errors
    /// When it is not taken; nothing has changed then.
    pub fn try_submit(&mut self, now: Instant, call: Call) -> Result<(), SubmitError> {
        self.advance(now);
        if self.waiting() >= self.config.max_waiting {
            return Err(SubmitError::QueueFull);
        }
        if let Some(&id) = call.scopes.as_slice().iter().find(|&&id| !self.scopes.contains(id)) {
            return Err(SubmitError::ForgottenScope(id));
        }
        if self.calls.contains(call.id) {
            return Err(SubmitError::DuplicateCall);
        }
        let place = self.next_place;
        self.next_place += 1;
        self.refer(&call, 1);
        call.scopes.as_slice().iter().for_each(|&id| self.scopes.touch(id));
        let passed = self.accepted_beside(&call);
        let queued = self.calls.insert(call, place, passed).queued();
        if let Some(deadline) = call.deadline {
            self.deadlines.insert((deadline, call.id));
        }
        self.waiting.push(&call, queued);
        Ok(())
    }

    /// The attempt's bytes were handed to the socket: from now on it may have been applied.
    pub fn handle_sent(&mut self, now: Instant, attempt: AttemptId) {
        self.advance(now);
        if let Some(attempt) = self.attempts.get_mut(&attempt) {
            attempt.sent = true;
        }
    }

    /// The attempt is done: its reply was read to the end, failed, or was abandoned. Its slot is free.
    pub fn handle_done(&mut self, now: Instant, attempt: AttemptId) {
        let now = self.advance(now);
        let Some(done) = self.attempts.remove(&attempt) else { return };
        for &id in done.call.scopes.as_slice() {
            let scope = self.scopes.state_mut(id);
            if !done.answered {
                // Abandoned: it may have been handled, and nobody knows what was left.
                scope.handle_published(now, done.departed_at, done.call.cost, &[]);
            }
            scope.free_slot();
            scope.end_scouting(attempt);
            self.look_at(now, id);
        }
        self.refer(&done.call, -1);
    }

    /// The caller takes the call back. Not sent yet: what it took is refunded. Sent: its slot is held
    /// until it is done, and its answer still counts.
    pub fn handle_cancel(&mut self, now: Instant, call: CallId) {
        let now = self.advance(now);
        let Some(state) = self.end_call(call) else { return };
        match state.stands {
            Stands::InLane => self.leave_lane(&state.call),
            Stands::Resting(until) => {
                self.resting.remove(&(until, call));
                self.waiting.note_rest_over(&state.call);
            }
            Stands::InFlight => {
                self.recall(now, AttemptId { call, number: state.attempts });
            }
        }
    }

    /// An attempt that departed and was not sent does not leave after all: its driver saw a gate close at the last
    /// moment. What it took is refunded, and its call waits again at its original place. Returns whether it was so; what
    /// was sent or answered cannot be recalled.
    pub fn handle_recall(&mut self, now: Instant, attempt: AttemptId) -> bool {
        let now = self.advance(now);
        let is_current = self.calls.find(attempt.call).is_some_and(|state| state.attempts == attempt.number);
        if !is_current || !self.recall(now, attempt) {
            return false;
        }
        let state = self.calls.find_mut(attempt.call).expect("it was just found");
        if let Some(deadline) = state.call.deadline {
            self.deadlines.insert((deadline, attempt.call));
        }
        state.attempts -= 1;
        state.stands = Stands::InLane;
        self.waiting.push(&state.call, state.queued());
        true
    }

    /// Opens the gate of a scope early, on a person's word: a new credential, or a ban that was lifted.
    pub fn reopen(&mut self, now: Instant, id: ScopeId) {
        let now = self.advance(now);
        if self.scopes.contains(id) {
            self.scopes.state_mut(id).reopen(now);
            self.look_at(now, id);
        }
    }

    /// What happened since the last question, oldest first; None when nothing. At most
    /// 16,384 unasked events are kept; the oldest are dropped first.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Calls that wait: in the queue, or for the end of a failure's backoff.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len() + self.resting.len()
    }

    /// Attempts that are not done.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.attempts.len()
    }

    fn advance(&mut self, now: Instant) -> Instant {
        self.now = self.now.max(now);
        self.now
    }

    /// Sees to it that the lanes parked at a scope are looked at no later than `at`.
    fn look_at(&mut self, at: Instant, id: ScopeId) {
        let timer = self.scopes.state(id).timer;
        if self.waiting.first_parked(id).is_some() && timer.is_none_or(|timer| at < timer) {
            self.set_timer(id, Some(at));
        }
    }

    fn set_timer(&mut self, id: ScopeId, at: Option<Instant>) {
        let before = std::mem::replace(&mut self.scopes.state_mut(id).timer, at);
        if let Some(before) = before {
            self.timers.remove(&(before, id));
        }
        if let Some(at) = at {
            self.timers.insert((at, id));
        }
    }

    fn refer(&mut self, call: &Call, change: i32) {
        for &id in call.scopes.as_slice() {
            let references = &mut self.scopes.state_mut(id).references;
            *references = references.checked_add_signed(change).expect("references are given back once");
        }
    }

    /// Forgets a call that has ended, but not its attempts.
    fn end_call(&mut self, call: CallId) -> Option<CallState> {
        let state = self.calls.remove(call)?;
        if let Some(deadline) = state.call.deadline {
            self.deadlines.remove(&(deadline, call));
        }
        self.refer(&state.call, -1);
        Some(state)
    }

    fn leave_lane(&mut self, call: &Call) {
        if let Some((mask, cost)) = self.waiting.remove(call) {
            self.unpledge(call.scopes, mask, cost);
        }
    }

    /// Takes an attempt back that has departed but not been sent. Returns whether it was so.
    fn recall(&mut self, now: Instant, id: AttemptId) -> bool {
        let Some(attempt) = self.attempts.get_mut(&id).filter(|attempt| !attempt.sent && !attempt.answered)
        else {
            return false;
        };
        let (call, departed_at) = (attempt.call, attempt.departed_at);
        attempt.answered = true;
        for &scope in call.scopes.as_slice() {
            self.scopes.state_mut(scope).refund(departed_at, call.cost);
        }
        self.handle_done(now, id);
        true
    }

    fn emit(&mut self, event: Event) {
        if self.events.len() >= MAX_UNASKED_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }
}

#[cfg(test)]
mod tests;

/// A driver drains events after every telling; this bounds one that does not.
const MAX_UNASKED_EVENTS: usize = 16_384;
