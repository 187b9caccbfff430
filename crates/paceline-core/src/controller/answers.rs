//! What an answer changes: gates, rates, budgets, and the call's fate.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::backoff::{Backoff, at_least};
use crate::call::{AttemptId, Call, Cost, OnUncertain};
use crate::controller::attribution::Witness;
use crate::controller::calls::Stands;
use crate::controller::{Beside, Controller};
use crate::event::Event;
use crate::gate::GateCause;
use crate::headers::PublishedLimit;
use crate::outcome::{GiveUp, Outcome, Verdict};
use crate::reply::{Answered, Reply};
use crate::scope::{ScopeId, ScopeKind};
use crate::time::Instant;

impl Controller {
    /// Tells what became of an attempt, as soon as it is known. On [`Verdict::Retry`] the call is queued again already.
    ///
    /// An attempt that is unknown, was answered before, or belongs to a cancelled call gets
    /// [`GiveUp::Cancelled`]; the answer to a cancelled call still closes gates.
    pub fn handle_reply(&mut self, now: Instant, id: AttemptId, reply: &Reply) -> Verdict {
        let now = self.advance(now);
        let cancelled = Verdict::GiveUp(GiveUp::Cancelled);
        let Some(attempt) = self.attempts.get_mut(&id).filter(|attempt| !attempt.answered) else {
            return cancelled;
        };
        attempt.answered = true;
        let (call, departed_at, beside) = (attempt.call, attempt.departed_at, attempt.beside);
        let outcome = match Outcome::of(reply, self.was_throttled_lately(now, &call)) {
            Outcome::Unauthorized if !self.config.wait_for_credential => Outcome::Rejected,
            outcome => outcome,
        };
        self.emit(Event::Answered { attempt: id, outcome });
        self.hear(now, Witness { call: &call, departed_at }, reply, outcome);
        let counted = self.correct_cost(now, &call, departed_at, reply);
        self.read_published(now, &call, departed_at, reply, outcome);
        self.learn(now, &counted, (departed_at, beside), reply, outcome);
        let is_current = self.calls.find(call.id).is_some_and(|state| state.attempts == id.number);
        if !is_current {
            return cancelled;
        }
        let is_named = matches!(reply, Reply::Answered(Answered { retry_after: Some(_), .. }));
        self.decide(now, &call, outcome, is_named)
    }

    /// The call as what its attempt has really cost, where the reply says so.
    fn correct_cost(&mut self, now: Instant, call: &Call, departed_at: Instant, reply: &Reply) -> Call {
        let Reply::Answered(Answered { cost: Some(actual), .. }) = reply else { return *call };
        for &id in call.scopes.as_slice() {
            self.scopes.state_mut(id).correct_cost(now, departed_at, call.cost, *actual);
            self.look_at(now, id);
        }
        let cost = NonZeroU32::new(*actual).map_or(Cost::ONE, Cost);
        Call { cost, ..*call }
    }

    fn was_throttled_lately(&self, now: Instant, call: &Call) -> bool {
        call.scopes.as_slice().iter().any(|&id| {
            let throttled_at = self.scopes.state(id).throttled_at;
            throttled_at.is_some_and(|at| now.saturating_since(at) <= self.config.ban_memory)
        })
    }

    fn learn(
        &mut self,
        now: Instant,
        call: &Call,
        departure: (Instant, Beside),
        reply: &Reply,
        outcome: Outcome,
    ) {
        let (departed_at, _) = departure;
        let answered = match reply {
            Reply::Answered(answered) => answered.clone(),
            Reply::NotSent | Reply::Lost => Answered::status(0),
        };
        let wait = answered.retry_after.filter(|_| outcome != Outcome::Accepted);
        let opens_at = wait.map(|wait| now + at_least(wait, self.config.retry_after_jitter, &mut self.rng));
        match outcome {
            Outcome::Accepted => self.learn_accepted(now, call, departure),
            Outcome::Rejected => self.learn_working(call, departed_at),
            Outcome::Throttled | Outcome::Overloaded => self.learn_refused(now, call, departure, &answered),
            Outcome::Transient | Outcome::Uncertain => self.learn_failed(now, call, departed_at),
            Outcome::Unauthorized => self.shut(now, call, departed_at, GateCause::Unauthorized, None),
            Outcome::Banned => self.shut(now, call, departed_at, GateCause::Banned, opens_at),
        }
        // Whatever the status: who names a wait means it.
        if let Some(until) = opens_at {
            let id = self.refuser(&call.scopes, answered.named_scope);
            self.close(now, id, until, GateCause::RetryAfter);
        }
        if answered.named_scope.is_none() && (outcome != Outcome::Accepted) {
            self.suspect_others(now, Witness { call, departed_at }, outcome, wait.zip(opens_at));
        }
    }

    /// Each scope is told what the reply publishes of it: of what names no scope, the credential's.
    fn read_published(
        &mut self,
        now: Instant,
        call: &Call,
        departed_at: Instant,
        reply: &Reply,
        outcome: Outcome,
    ) {
        let answered = match reply {
            Reply::Answered(answered) => Some(answered),
            Reply::Lost => None,
            Reply::NotSent => {
                call.scopes
                    .as_slice()
                    .iter()
                    .for_each(|&id| self.scopes.state_mut(id).forget_departure(call.cost));
                return;
            }
        };
        let refuser = answered.map(|answered| self.refuser(&call.scopes, answered.named_scope));
        for &id in call.scopes.as_slice() {
            let of_scope = |limit: &&PublishedLimit| {
                let kind = Some(limit.scope.unwrap_or(ScopeKind::Credential));
                self.scopes.of_kind_or_narrowest(&call.scopes, kind) == id
            };
            let limits = answered.into_iter().flat_map(|answered| answered.published.iter());
            let limits: Vec<PublishedLimit> = limits.filter(of_scope).copied().collect();
            let scope = self.scopes.state_mut(id);
            if matches!(outcome, Outcome::Throttled) && refuser == Some(id) && !scope.is_echo(departed_at) {
                scope.doubt_published(now, &limits);
            }
            scope.handle_published(now, departed_at, call.cost, &limits);
        }
    }

    fn learn_working(&mut self, call: &Call, departed_at: Instant) {
        for &id in call.scopes.as_slice() {
            if self.scopes.state_mut(id).handle_working(departed_at) {
                self.look_at(self.now, id);
            }
        }
    }

    fn learn_accepted(&mut self, now: Instant, call: &Call, (departed_at, beside): (Instant, Beside)) {
        self.learn_working(call, departed_at);
        for &id in call.scopes.as_slice() {
            self.scopes.state_mut(id).handle_accepted(
                now,
                departed_at,
                beside.at(&call.scopes, id),
                call.cost,
            );
            self.look_at(now, id);
        }
    }

    fn learn_refused(
        &mut self,
        now: Instant,
        call: &Call,
        departure: (Instant, Beside),
        answered: &Answered,
    ) {
        let (departed_at, beside) = departure;
        for &id in call.scopes.as_slice() {
            self.scopes.state_mut(id).handle_refused(departed_at, call.cost);
        }
        let id = self.refuser(&call.scopes, answered.named_scope);
        let is_aside = self.is_aside(call);
        let in_flight = beside.at(&call.scopes, id);
        let scope = self.scopes.state_mut(id);
        scope.note_throttled(now, answered.retry_after);
        // A call that is refused while all others pass says nothing about the scope.
        if scope.is_echo(departed_at) || is_aside {
            return;
        }
        scope.handle_episode(now, departed_at, in_flight, answered.retry_after);
        let belief = scope.belief(now);
        self.emit(Event::Believed { scope: id, belief });
        if answered.retry_after.is_none() {
            self.close_unnamed(now, id, GateCause::Backoff);
        }
    }

    pub(super) fn is_aside(&self, call: &Call) -> bool {
        self.calls.find(call.id).is_some_and(|state| state.overtaken >= SET_ASIDE_AFTER)
    }

    /// A failure that no budget covers says that the platform is down, or that nothing reaches it.
    fn learn_failed(&mut self, now: Instant, call: &Call, departed_at: Instant) {
        let id = self.scopes.widest(&call.scopes);
        let scope = self.scopes.state_mut(id);
        if !scope.is_echo(departed_at) && !scope.budget.withdraw() {
            self.close_unnamed(now, id, GateCause::Outage);
        }
    }

    /// Closes until somebody intervenes, or until the platform's own `end`. An attempt that departed before the scope was
    /// last closed or reopened tells nothing new.
    fn shut(
        &mut self,
        now: Instant,
        call: &Call,
        departed_at: Instant,
        cause: GateCause,
        end: Option<Instant>,
    ) {
        let id = self.scopes.of_kind_or_narrowest(&call.scopes, Some(ScopeKind::Credential));
        if !self.scopes.state(id).is_echo(departed_at) {
            self.close(now, id, end.unwrap_or(Instant::FAR_FUTURE), cause);
        }
    }

    fn close_unnamed(&mut self, now: Instant, id: ScopeId, cause: GateCause) {
        let backoff = match cause {
            GateCause::Outage => self.config.failure_wait,
            _ => self.config.unnamed_wait,
        };
        let scope = self.scopes.state_mut(id);
        let step = scope.unnamed_closings;
        scope.unnamed_closings += 1;
        let before = scope.last_unnamed_wait;
        let wait = backoff.wait(step, before, &mut self.rng);
        self.scopes.state_mut(id).last_unnamed_wait = wait;
        self.close(now, id, now + wait, cause);
    }

    fn close(&mut self, now: Instant, id: ScopeId, until: Instant, cause: GateCause) {
        if !self.scopes.state_mut(id).close(now, until, cause) {
            return;
        }
        self.stop_at(id, self.scopes.state(id).opens_at());
        self.emit(Event::GateClosed { scope: id, until, cause });
    }

    /// Nothing passes the scope before `until`.
    pub(super) fn stop_at(&mut self, id: ScopeId, until: Instant) {
        // A closed gate may stay closed for hours: what waits at it holds nothing of other scopes meanwhile.
        for lane in self.waiting.parked_at(id) {
            self.drop_pledge(lane);
        }
        // Nothing can pass before: a timer of the pacer would only wake the driver for nothing.
        if self.scopes.state(id).timer.is_some() {
            self.set_timer(id, Some(until));
        }
    }

    fn decide(&mut self, now: Instant, call: &Call, outcome: Outcome, is_named: bool) -> Verdict {
        match outcome {
            Outcome::Accepted => {
                self.end_call(call.id);
                Verdict::Deliver
            }
            Outcome::Rejected => self.give_up(call, GiveUp::Rejected),
            Outcome::Throttled | Outcome::Overloaded => self.queue_again_after_refusal(now, call, is_named),
            Outcome::Uncertain if call.on_uncertain == OnUncertain::Hold => {
                self.give_up(call, GiveUp::InDoubt)
            }
            Outcome::Transient | Outcome::Uncertain => self.queue_again_after_failure(now, call),
            // The gate is closed; the call waits for a new credential and is not at fault.
            Outcome::Unauthorized | Outcome::Banned => self.queue_again(now, call, now),
        }
    }

    fn give_up(&mut self, call: &Call, why: GiveUp) -> Verdict {
        self.end_call(call.id);
        Verdict::GiveUp(why)
    }

    /// The gate holds it. Where no wait was named and it was refused before, others try first; one that its siblings
    /// overtake again and again stands aside, longer each time.
    fn queue_again_after_refusal(&mut self, now: Instant, call: &Call, is_named: bool) -> Verdict {
        let accepted = self.accepted_beside(call);
        let state = self.calls.find_mut(call.id).expect("it is current");
        state.refusals += 1;
        state.overtaken += u32::from(state.refusals > 1 && accepted > state.passed_at_trouble);
        state.passed_at_trouble = accepted;
        let (refusals, overtaken) = (state.refusals, state.overtaken);
        if let Some(step) = overtaken.checked_sub(SET_ASIDE_AFTER) {
            let until = now + self.rest(call, self.config.unnamed_wait, step);
            self.emit(Event::SetAside { call: call.id, until });
            return self.queue_again(now, call, until);
        }
        if is_named {
            return self.queue_again(now, call, now);
        }
        let opens_at = self.scopes.state(self.refuser(&call.scopes, None)).opens_at();
        if opens_at <= now {
            // An echo after the reopening: the gate does not hold it, and never is it sent again at once.
            let until = now + self.rest(call, self.config.unnamed_wait, 0);
            return self.queue_again(now, call, until);
        }
        let until = if refusals == 1 { now } else { opens_at + LET_OTHERS_TRY };
        self.queue_again(now, call, until)
    }

    fn queue_again_after_failure(&mut self, now: Instant, call: &Call) -> Verdict {
        let accepted = self.accepted_beside(call);
        let state = self.calls.find_mut(call.id).expect("it is current");
        let step = state.failures;
        state.failures += 1;
        // While nobody passes, the fault is the platform's and not the call's.
        state.own_failures += u32::from(accepted > state.passed_at_trouble);
        state.passed_at_trouble = accepted;
        if state.own_failures >= self.config.max_attempts {
            return self.give_up(call, GiveUp::Exhausted);
        }
        let until = now + self.rest(call, self.config.failure_wait, step);
        self.queue_again(now, call, until)
    }

    /// How long the call rests now, of which it takes note.
    fn rest(&mut self, call: &Call, backoff: Backoff, step: u32) -> Duration {
        let state = self.calls.find_mut(call.id).expect("it is current");
        state.last_rest = backoff.wait(step, state.last_rest, &mut self.rng);
        state.last_rest
    }

    pub(super) fn accepted_beside(&self, call: &Call) -> u64 {
        let narrowest = self.scopes.of_kind_or_narrowest(&call.scopes, None);
        self.scopes.state(narrowest).accepted
    }

    fn queue_again(&mut self, now: Instant, call: &Call, until: Instant) -> Verdict {
        let state = self.calls.find_mut(call.id).expect("it is current");
        // While it was in flight its deadline was no matter; it is again.
        if let Some(deadline) = call.deadline {
            self.deadlines.insert((deadline, call.id));
        }
        if until > now {
            state.stands = Stands::Resting(until);
            self.resting.insert((until, call.id));
            self.waiting.note_rest(call);
        } else {
            state.stands = Stands::InLane;
            self.waiting.push(call, state.queued());
        }
        Verdict::Retry
    }
}

/// A call refused so often while its siblings passed is the poison, not the scope.
const SET_ASIDE_AFTER: u32 = 5;
/// Long enough that another call is the one that tries first, if there is another.
const LET_OTHERS_TRY: Duration = Duration::from_millis(1);
