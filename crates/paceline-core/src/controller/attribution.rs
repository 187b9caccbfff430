//! Which scope a refusal that names none is of.
//!
//! The narrowest is taken for it. Its wait may be of any scope of the call, so all the others are held until it has
//! passed, and what siblings (calls of the same scope, but not of that narrowest one) are answered meanwhile decides: a
//! refusal convicts the scope that both share, acceptances acquit it.

use std::time::Duration;

use crate::call::{Call, Cost};
use crate::controller::Controller;
use crate::event::Event;
use crate::outcome::Outcome;
use crate::reply::{Answered, Reply};
use crate::scope::{ScopeId, ScopeKind, ScopeSet};
use crate::time::Instant;

/// What one scope is suspected of.
#[derive(Debug)]
pub(crate) struct Attribution {
    /// Until when nothing departs, although the gate may be open.
    held_until: Instant,
    /// The part of it that no sibling can lift: of failures and shut-outs, of which siblings say nothing.
    firm_until: Instant,
    /// The last refusal that may have been this scope's and was put down to a narrower one.
    trial: Option<Trial>,
    /// Refusals of calls that name no scope are this one's.
    is_convicted: bool,
}

/// A refusal, and what has been heard of siblings since.
#[derive(Clone, Copy, Debug)]
struct Trial {
    narrowest: ScopeId,
    /// Who departs from then on is at the platform after the refused attempt was.
    witnessed_from: Instant,
    refused_at: Instant,
    cost: Cost,
    /// The longest wait told; None where none was.
    wait: Option<Duration>,
    /// Until when a sibling's refusal convicts.
    until: Instant,
    witnesses: u32,
    /// A sibling was refused as well.
    is_spoiled: bool,
    /// Siblings have acquitted.
    is_lifted: bool,
    /// The longest wait whose hold they have ended; None where nothing was held.
    lifted: Option<Duration>,
}

/// An attempt that was answered.
#[derive(Clone, Copy)]
pub(super) struct Witness<'a> {
    pub(super) call: &'a Call,
    pub(super) departed_at: Instant,
}

impl Attribution {
    pub(crate) const fn new() -> Self {
        Self { held_until: Instant::EPOCH, firm_until: Instant::EPOCH, trial: None, is_convicted: false }
    }

    /// Until when it is or was held.
    pub(crate) const fn held_until(&self) -> Instant {
        self.held_until
    }

    /// Opens early, on somebody's word.
    pub(crate) fn release(&mut self) {
        *self = Self::new();
    }

    fn live(&mut self, now: Instant) -> Option<&mut Trial> {
        self.trial.as_mut().filter(|trial| now <= trial.until)
    }

    /// Holds until `until`. Returns whether the hold moved later.
    fn hold(&mut self, now: Instant, until: Instant) -> bool {
        if until <= self.held_until.max(now) {
            return false;
        }
        self.held_until = until;
        true
    }

    /// Whether a refusal is only one more of an episode that siblings have acquitted of.
    fn excuses(&mut self, now: Instant, refused: &Trial, departed_at: Instant) -> bool {
        self.live(now).is_some_and(|trial| trial.excuses(refused, departed_at))
    }

    /// A refusal was put down to another scope.
    fn suspect(&mut self, now: Instant, refused: Trial, departed_at: Instant) {
        let Some(trial) = self.live(now) else {
            self.trial = Some(refused);
            return;
        };
        if trial.is_lifted && !trial.excuses(&refused, departed_at) {
            self.trial = Some(refused);
            return;
        }
        trial.until = trial.until.max(refused.until);
        trial.wait = trial.wait.max(refused.wait);
        trial.is_spoiled |= trial.narrowest != refused.narrowest;
    }

    /// A sibling was accepted. Returns whether that lifted the hold.
    fn acquit(&mut self, now: Instant, witness: Witness<'_>) -> bool {
        let is_held = self.held_until > self.firm_until.max(now);
        let Some(trial) = self.live(now).filter(|trial| trial.hears(witness)) else { return false };
        trial.witnesses += 1;
        if trial.witnesses < WITNESSES {
            return false;
        }
        trial.is_lifted = trial.wait.is_none_or(|wait| wait > LEAST_TELLING_WAIT);
        let ends_hold = trial.is_lifted && is_held;
        trial.lifted = trial.wait.filter(|_| ends_hold);
        self.is_convicted = false;
        if ends_hold {
            self.held_until = self.firm_until;
        }
        ends_hold
    }

    /// A sibling was refused, too. Returns whether the refusal is therefore this scope's.
    fn convict(&mut self, now: Instant, witness: Witness<'_>) -> bool {
        let Some(trial) = self.live(now) else { return false };
        if trial.is_lifted || witness.call.scopes.contains(trial.narrowest) {
            return false;
        }
        trial.is_spoiled = true;
        self.is_convicted = true;
        true
    }
}

impl Trial {
    /// Whether an acceptance says something: a sibling's, of a call that was there later and asked for no less.
    fn hears(&self, witness: Witness<'_>) -> bool {
        !self.is_spoiled
            && !self.is_lifted
            && !witness.call.scopes.contains(self.narrowest)
            && witness.departed_at >= self.witnessed_from
            && witness.call.cost >= self.cost
    }

    /// Whether a refusal, of an attempt that departed at `departed_at`, only repeats this one of which siblings have acquitted. A
    /// wait longer than what they have ended is news: they may have been accepted under another limit than the one that told it.
    fn excuses(&self, refused: &Self, departed_at: Instant) -> bool {
        self.is_lifted
            && self.narrowest == refused.narrowest
            && departed_at < self.refused_at
            && refused.wait <= self.lifted
    }
}

impl Controller {
    /// The scope that a refusal closes: the one that it names, or else the widest that was found to refuse, or else the narrowest.
    pub(super) fn refuser(&self, scopes: &ScopeSet, named: Option<ScopeKind>) -> ScopeId {
        if named.is_some() {
            return self.scopes.of_kind_or_narrowest(scopes, named);
        }
        let is_convicted = |&id: &ScopeId| self.scopes.state(id).attribution.is_convicted;
        if !scopes.as_slice().iter().any(is_convicted) {
            return self.scopes.of_kind_or_narrowest(scopes, None);
        }
        let convicted = self.scopes.widest_first(scopes).into_iter().find(is_convicted);
        convicted.expect("one is convicted")
    }

    /// Before anything is learned of an answer: what it says about earlier refusals.
    pub(super) fn hear(&mut self, now: Instant, witness: Witness<'_>, reply: &Reply, outcome: Outcome) {
        let scopes = witness.call.scopes;
        if scopes.as_slice().len() == 1 && outcome != Outcome::Accepted {
            return;
        }
        match outcome {
            Outcome::Accepted => {
                for &id in scopes.as_slice() {
                    if self.scopes.state_mut(id).attribution.acquit(now, witness) {
                        self.look_at(now, id);
                        let until = self.scopes.state(id).gate.opens_at();
                        self.emit(Event::Released { scope: id, until });
                    }
                }
            }
            Outcome::Throttled | Outcome::Overloaded => {
                let named = matches!(reply, Reply::Answered(Answered { named_scope: Some(_), .. }));
                if !named {
                    self.hear_refused(now, witness);
                }
            }
            _ => {}
        }
    }

    /// Convicts the narrowest scope that the call shares with siblings that were refused.
    fn hear_refused(&mut self, now: Instant, witness: Witness<'_>) {
        let narrowest = self.scopes.of_kind_or_narrowest(&witness.call.scopes, None);
        if self.scopes.state(narrowest).is_echo(witness.departed_at) || self.is_aside(witness.call) {
            return;
        }
        for id in self.scopes.widest_first(&witness.call.scopes).into_iter().rev() {
            if id != narrowest && self.scopes.state_mut(id).attribution.convict(now, witness) {
                return;
            }
        }
    }

    /// After a refusal that names no scope was learned: every other scope of the call is held until its wait has passed, and
    /// suspected.
    pub(super) fn suspect_others(
        &mut self,
        now: Instant,
        witness: Witness<'_>,
        outcome: Outcome,
        wait: Option<(Duration, Instant)>,
    ) {
        let Witness { call, departed_at } = witness;
        if call.scopes.as_slice().len() == 1 {
            return;
        }
        let refuser = self.refuser(&call.scopes, None);
        let narrowest = self.scopes.of_kind_or_narrowest(&call.scopes, None);
        let round_trip = now.saturating_since(departed_at);
        let closed_until = self.scopes.state(refuser).opens_at();
        let trial = Trial {
            narrowest,
            witnessed_from: departed_at + round_trip / 2,
            refused_at: now,
            cost: call.cost,
            wait: wait.map(|(wait, _)| wait),
            until: closed_until.max(now + round_trip),
            witnesses: 0,
            is_spoiled: false,
            is_lifted: false,
            lifted: None,
        };
        let is_trial = matches!(outcome, Outcome::Throttled | Outcome::Overloaded) && !self.is_aside(call);
        for &id in call.scopes.as_slice() {
            if let Some((_, until)) = wait.filter(|_| id != refuser) {
                let attribution = &mut self.scopes.state_mut(id).attribution;
                if !is_trial {
                    attribution.firm_until = attribution.firm_until.max(until);
                }
                if !is_trial || !attribution.excuses(now, &trial, departed_at) {
                    self.hold(now, id, until);
                }
            }
            if is_trial && id != narrowest {
                self.scopes.state_mut(id).attribution.suspect(now, trial, departed_at);
            }
        }
    }

    fn hold(&mut self, now: Instant, id: ScopeId, until: Instant) {
        let state = self.scopes.state_mut(id);
        if state.attribution.hold(now, until) && until > state.gate.opens_at() {
            self.stop_at(id, until);
            self.emit(Event::Held { scope: id, until });
        }
    }
}

/// One acceptance may be that of a call that overtook the refused one.
const WITNESSES: u32 = 2;
/// Waits are told in whole seconds, rounded up: after a shorter one a bucket or a slot may have admitted siblings long before
/// it has passed.
const LEAST_TELLING_WAIT: Duration = Duration::from_secs(1);
