//! What an answer changes: gates, rates, budgets, and the call's fate.

use std::time::Duration;

use crate::backoff::at_least;
use crate::call::{AttemptId, Call, OnUncertain};
use crate::controller::Controller;
use crate::controller::calls::Stands;
use crate::event::Event;
use crate::gate::GateCause;
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
        let (call, departed_at) = (attempt.call, attempt.departed_at);
        let outcome = Outcome::of(reply, self.was_throttled_lately(now, &call));
        self.emit(Event::Answered { attempt: id, outcome });
        self.learn(now, &call, departed_at, reply, outcome);
        let is_current = self.calls.find(call.id).is_some_and(|state| state.attempts == id.number);
        if !is_current {
            return cancelled;
        }
        let is_named = matches!(reply, Reply::Answered(Answered { retry_after: Some(_), .. }));
        self.decide(now, &call, outcome, is_named)
    }

    fn was_throttled_lately(&self, now: Instant, call: &Call) -> bool {
        call.scopes.as_slice().iter().any(|&id| {
            let throttled_at = self.scopes.state(id).throttled_at;
            throttled_at.is_some_and(|at| now.saturating_since(at) <= self.config.ban_memory)
        })
    }

    fn learn(&mut self, now: Instant, call: &Call, departed_at: Instant, reply: &Reply, outcome: Outcome) {
        let answered = match reply {
            Reply::Answered(answered) => *answered,
            Reply::NotSent | Reply::Lost => Answered::status(0),
        };
        match outcome {
            Outcome::Accepted => self.learn_accepted(now, call, departed_at),
            Outcome::Rejected => self.learn_working(call, departed_at),
            Outcome::Throttled | Outcome::Overloaded => self.learn_refused(now, call, departed_at, &answered),
            Outcome::Transient | Outcome::Uncertain => self.learn_failed(now, call, departed_at),
            Outcome::Unauthorized => self.shut(now, call, &answered, GateCause::Unauthorized),
            Outcome::Banned => self.shut(now, call, &answered, GateCause::Banned),
        }
    }

    fn learn_working(&mut self, call: &Call, departed_at: Instant) {
        for &id in call.scopes.as_slice() {
            if self.scopes.state_mut(id).handle_working(departed_at) {
                self.look_at(self.now, id);
            }
        }
    }

    fn learn_accepted(&mut self, now: Instant, call: &Call, departed_at: Instant) {
        self.learn_working(call, departed_at);
        let round_trip = now.saturating_since(departed_at);
        for &id in call.scopes.as_slice() {
            self.scopes.state_mut(id).handle_accepted(round_trip, call.cost);
        }
    }

    fn learn_refused(&mut self, now: Instant, call: &Call, departed_at: Instant, answered: &Answered) {
        let id = self.scopes.of_kind_or_narrowest(&call.scopes, answered.named_scope);
        let is_aside = self.calls.find(call.id).is_some_and(|state| state.overtaken >= SET_ASIDE_AFTER);
        let scope = self.scopes.state_mut(id);
        let is_echo = scope.is_echo(departed_at);
        scope.throttled_at = Some(now);
        // A call that is refused while all others pass says nothing about the scope.
        if !is_echo && !is_aside {
            let per_second = scope.handle_episode(now).as_per_second();
            self.emit(Event::RateLearned { scope: id, per_second });
        }
        match answered.retry_after {
            Some(wait) => {
                let wait = at_least(wait, self.config.retry_after_jitter, &mut self.rng);
                self.close(now, id, now + wait, GateCause::RetryAfter);
            }
            None if !is_echo && !is_aside => self.close_unnamed(now, id, GateCause::Backoff),
            None => {}
        }
    }

    /// A failure that no budget covers says that the platform is down, or that nothing reaches it.
    fn learn_failed(&mut self, now: Instant, call: &Call, departed_at: Instant) {
        let id = self.scopes.widest(&call.scopes);
        let scope = self.scopes.state_mut(id);
        if !scope.is_echo(departed_at) && !scope.budget.withdraw() {
            self.close_unnamed(now, id, GateCause::Outage);
        }
    }

    /// Closes until somebody intervenes, or for as long as the platform says.
    fn shut(&mut self, now: Instant, call: &Call, answered: &Answered, cause: GateCause) {
        let id = self.scopes.of_kind_or_narrowest(&call.scopes, Some(ScopeKind::Credential));
        let until = answered.retry_after.map_or(Instant::FAR_FUTURE, |wait| now + wait);
        self.close(now, id, until, cause);
    }

    fn close_unnamed(&mut self, now: Instant, id: ScopeId, cause: GateCause) {
        let backoff = match cause {
            GateCause::Outage => self.config.failure_wait,
            _ => self.config.unnamed_wait,
        };
        let scope = self.scopes.state_mut(id);
        let step = scope.unnamed_closings;
        scope.unnamed_closings += 1;
        let wait = backoff.wait(step, Duration::ZERO, &mut self.rng);
        self.close(now, id, now + wait, cause);
    }

    fn close(&mut self, now: Instant, id: ScopeId, until: Instant, cause: GateCause) {
        if !self.scopes.state_mut(id).close(now, until, cause) {
            return;
        }
        // Nothing can pass before: a timer of the pacer would only wake the driver for nothing.
        if self.scopes.state(id).timer.is_some() {
            self.set_timer(id, Some(until));
        }
        self.emit(Event::GateClosed { scope: id, until, cause });
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
            let until = now + self.config.unnamed_wait.wait(step, Duration::ZERO, &mut self.rng);
            self.emit(Event::SetAside { call: call.id, until });
            return self.queue_again(now, call, until);
        }
        if is_named || refusals == 1 {
            return self.queue_again(now, call, now);
        }
        let narrowest = self.scopes.of_kind_or_narrowest(&call.scopes, None);
        let opens_at = self.scopes.state(narrowest).gate.opens_at().max(now);
        self.queue_again(now, call, opens_at + LET_OTHERS_TRY)
    }

    fn queue_again_after_failure(&mut self, now: Instant, call: &Call) -> Verdict {
        let accepted = self.accepted_beside(call);
        let state = self.calls.find_mut(call.id).expect("it is current");
        // While nobody passes, the fault is the platform's and not the call's.
        if state.failures == 0 || accepted > state.passed_at_trouble {
            state.failures += 1;
        }
        state.passed_at_trouble = accepted;
        if state.failures >= self.config.max_attempts {
            return self.give_up(call, GiveUp::Exhausted);
        }
        let step = state.failures - 1;
        let until = now + self.config.failure_wait.wait(step, Duration::ZERO, &mut self.rng);
        self.queue_again(now, call, until)
    }

    fn accepted_beside(&self, call: &Call) -> u64 {
        let narrowest = self.scopes.of_kind_or_narrowest(&call.scopes, None);
        self.scopes.state(narrowest).accepted
    }

    fn queue_again(&mut self, now: Instant, call: &Call, until: Instant) -> Verdict {
        let state = self.calls.find_mut(call.id).expect("it is current");
        if until > now {
            state.stands = Stands::Resting(until);
            self.resting.insert((until, call.id));
        } else {
            state.stands = Stands::InLane;
            self.waiting.push(call.scopes, call.client, state.queued());
        }
        Verdict::Retry
    }
}

/// A call refused so often while its siblings passed is the poison, not the scope.
const SET_ASIDE_AFTER: u32 = 5;
/// Long enough that another call is the one that tries first, if there is another.
const LET_OTHERS_TRY: Duration = Duration::from_millis(1);
