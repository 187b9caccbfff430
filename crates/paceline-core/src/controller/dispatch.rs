//! Who departs next.

use crate::call::{AttemptId, CallId, Cost};
use crate::controller::calls::Stands;
use crate::controller::scope_state::Refusal;
use crate::controller::{Attempt, Beside, Controller, Departure, WaitReason};
use crate::event::Event;
use crate::outcome::GiveUp;
use crate::queue::{LaneId, Queued};
use crate::scope::{ScopeId, ScopeSet};
use crate::time::Instant;

impl Controller {
    /// What to do next; to be asked until it says [`Departure::WaitUntil`] or [`Departure::Idle`].
    pub fn poll_departure(&mut self, now: Instant) -> Departure {
        let now = self.advance(now);
        if let Some(call) = self.expire(now) {
            return Departure::Ended { call, why: GiveUp::Expired };
        }
        self.end_rests(now);
        loop {
            while let Some(lane) = self.waiting.first_ready() {
                match self.refusal(now, lane) {
                    None => return self.depart(now, lane),
                    Some((scope, refusal)) => self.park(now, lane, scope, refusal),
                }
            }
            if !self.wake_a_lane(now) {
                return self.wait();
            }
        }
    }

    /// Ends one waiting call whose deadline has passed.
    fn expire(&mut self, now: Instant) -> Option<CallId> {
        while let Some(&(deadline, call)) = self.deadlines.first() {
            if deadline > now {
                return None;
            }
            self.deadlines.pop_first();
            let stands = self.calls.find(call).map(|state| state.stands);
            // What is in flight is not recalled: its deadline was for starting.
            if matches!(stands, Some(Stands::InLane | Stands::Resting(_))) {
                self.handle_cancel(now, call);
                return Some(call);
            }
        }
        None
    }

    /// Calls that have waited out their failure go back to their places.
    fn end_rests(&mut self, now: Instant) {
        while let Some(&(until, id)) = self.resting.first() {
            if until > now {
                return;
            }
            self.resting.pop_first();
            let state = self.calls.find_mut(id).expect("a resting call has not ended");
            state.stands = Stands::InLane;
            self.waiting.note_rest_over(&state.call);
            self.waiting.push(&state.call, state.queued());
        }
    }

    /// Why the lane's call may not depart: of all its scopes' refusals the one that may last longest.
    fn refusal(&mut self, now: Instant, lane: LaneId) -> Option<(ScopeId, Refusal)> {
        let cost = self.waiting.head(lane).cost;
        self.drop_stale_pledge(lane, cost);
        let scopes = self.waiting.scopes(lane);
        for &id in scopes.as_slice() {
            self.think_over(now, id);
        }
        let refusals = scopes.as_slice().iter().filter_map(|&id| {
            let is_paid = self.paid(lane) & bit_of(&scopes, id) != 0;
            let turn = || (!is_paid && self.waiting.is_behind(lane, id)).then_some(Refusal::Turn);
            let outranked = self.waiting.is_outranked(lane, id).then_some(Refusal::Outranked);
            self.refusal_at(now, lane, id).or_else(turn).max(outranked).map(|refusal| (id, refusal))
        });
        refusals.max_by_key(|&(_, refusal)| refusal)
    }

    /// A closing of the scope that has passed is thought over before anybody departs after it.
    fn think_over(&mut self, now: Instant, id: ScopeId) {
        let scope = self.scopes.state_mut(id);
        if scope.advance(now) {
            let belief = scope.belief(now);
            self.look_at(now, id);
            self.emit(Event::Believed { scope: id, belief });
        }
    }

    /// Why one scope refuses the lane's call. A pledge pays tokens and slot; it never opens a gate.
    fn refusal_at(&self, now: Instant, lane: LaneId, id: ScopeId) -> Option<Refusal> {
        let cost = self.waiting.head(lane).cost;
        let is_paid = self.paid(lane) & bit_of(&self.waiting.scopes(lane), id) != 0;
        let refusal = self.scopes.state(id).refusal(now, cost);
        refusal.filter(|refusal| !is_paid || matches!(refusal, Refusal::Gate(_) | Refusal::Scout))
    }

    /// A pledge of another cost was for another call, which is no longer the lane's first.
    fn drop_stale_pledge(&mut self, lane: LaneId, cost: Cost) {
        if self.waiting.pledged(lane).is_some_and(|(_, paid)| paid != cost) {
            self.drop_pledge(lane);
        }
    }

    pub(super) fn drop_pledge(&mut self, lane: LaneId) {
        if let Some((mask, paid)) = self.waiting.pledged(lane) {
            self.waiting.set_pledged(lane, None);
            self.unpledge(self.waiting.scopes(lane), mask, paid);
        }
    }

    fn paid(&self, lane: LaneId) -> u8 {
        self.waiting.pledged(lane).map_or(0, |(mask, _)| mask)
    }

    fn park(&mut self, now: Instant, lane: LaneId, scope: ScopeId, refusal: Refusal) {
        let refused = self.waiting.park(lane, scope);
        // What is pledged at the scope, or held while waiting for it, yields to a higher priority.
        while let Some(lower) = self.waiting.pledged_below(lane, scope) {
            self.drop_pledge(lower);
        }
        match refusal {
            Refusal::Turn => self.look_at(now, scope),
            // Higher priorities may keep coming: nothing is held meanwhile.
            Refusal::Outranked => {
                self.drop_pledge(lane);
                self.look_at(now, scope);
            }
            // A gate may stay closed, or its scout out, for long: nothing is held meanwhile.
            Refusal::Gate(at) => {
                self.drop_pledge(lane);
                self.look_at(at, scope);
            }
            Refusal::Scout => self.drop_pledge(lane),
            Refusal::Pace(at) => {
                self.scopes.state_mut(scope).note_held_back();
                self.look_at(at, scope);
            }
            Refusal::Slots => {}
        }
        let may_be_long = refusal >= Refusal::Outranked;
        let is_stuck = refused >= PLEDGE_AFTER && !may_be_long;
        if is_stuck && self.waiting.scopes(lane).as_slice().len() > 1 {
            self.pledge(now, lane);
        }
    }

    /// Pays, for a lane whose scopes never granted at once, those that grant now; the rest follow. Without
    /// this, lanes with fewer scopes would take each token just before the others come.
    fn pledge(&mut self, now: Instant, lane: LaneId) {
        let cost = self.waiting.head(lane).cost;
        let scopes = self.waiting.scopes(lane);
        let mut mask = self.paid(lane);
        for &id in scopes.as_slice() {
            let is_its_turn = !self.waiting.is_behind(lane, id);
            let scope = self.scopes.state_mut(id);
            if mask & bit_of(&scopes, id) == 0 && is_its_turn && scope.refusal(now, cost).is_none() {
                scope.charge(now, cost);
                mask |= bit_of(&scopes, id);
            }
        }
        self.waiting.set_pledged(lane, (mask != 0).then_some((mask, cost)));
    }

    /// Gives back what a lane had pledged whose calls are gone.
    pub(super) fn unpledge(&mut self, scopes: ScopeSet, mask: u8, cost: Cost) {
        for &id in scopes.as_slice() {
            if mask & bit_of(&scopes, id) != 0 {
                let scope = self.scopes.state_mut(id);
                scope.refund(self.now, cost);
                scope.free_slot();
                self.look_at(self.now, id);
            }
        }
    }

    fn depart(&mut self, now: Instant, lane: LaneId) -> Departure {
        let scopes = self.waiting.scopes(lane);
        let cost = self.waiting.head(lane).cost;
        let paid = self.paid(lane);
        let Queued { call: id, slot, .. } = self.waiting.pop(lane);
        let state = self.calls.in_slot_mut(slot);
        state.stands = Stands::InFlight;
        state.attempts += 1;
        let call = state.call;
        let attempt = AttemptId { call: id, number: state.attempts };
        let mut beside = Beside::default();
        for (place, &id) in scopes.as_slice().iter().enumerate() {
            let scope = self.scopes.state_mut(id);
            if paid & bit_of(&scopes, id) == 0 {
                scope.charge(now, cost);
            }
            scope.send_scout(attempt);
            beside.0[place] = scope.slots_taken();
        }
        // A departure may have widened what is allowed to the next.
        for &id in scopes.as_slice() {
            self.look_at(now, id);
        }
        self.refer(&call, 1);
        self.attempts
            .insert(attempt, Attempt { call, departed_at: now, beside, sent: false, answered: false });
        self.emit(Event::Departed { attempt, at: now });
        Departure::Start { call: id, attempt }
    }

    /// Looks at scopes whose time has come until one makes a parked lane ready.
    fn wake_a_lane(&mut self, now: Instant) -> bool {
        while let Some(id) = self.waiting.take_vacated() {
            if self.scopes.contains(id) {
                self.look_at(now, id);
            }
        }
        while let Some(&(at, id)) = self.timers.first() {
            if at > now {
                return false;
            }
            self.set_timer(id, None);
            self.think_over(now, id);
            let Some(lane) = self.waiting.first_parked(id) else { continue };
            match self.refusal_at(now, lane, id) {
                Some(Refusal::Gate(at) | Refusal::Pace(at)) => self.look_at(at, id),
                // A slot that is freed, or the scout's return, sets the timer again.
                Some(Refusal::Slots | Refusal::Scout | Refusal::Turn | Refusal::Outranked) => {}
                None => {
                    self.waiting.make_ready(lane);
                    return true;
                }
            }
        }
        false
    }

    /// The earliest instant at which anything may change by itself.
    fn wait(&self) -> Departure {
        let timer = self.timers.first().map(|&(at, scope)| (at, self.reason(at, scope)));
        let rest = self.resting.first().map(|&(at, _)| (at, WaitReason::Backoff));
        let deadline = self.deadlines.first().map(|&(at, _)| (at, WaitReason::Deadline));
        let earliest = [timer, rest, deadline].into_iter().flatten().min_by_key(|&(at, _)| at);
        earliest.map_or(Departure::Idle, |(at, reason)| Departure::WaitUntil { at, reason })
    }

    fn reason(&self, at: Instant, scope: ScopeId) -> WaitReason {
        let state = self.scopes.state(scope);
        if state.is_closed(self.now) && state.opens_at() >= at {
            return WaitReason::Gate { scope, cause: state.cause() };
        }
        WaitReason::Pace { scope }
    }
}

/// The bit of a pledge that stands for `id`.
fn bit_of(scopes: &ScopeSet, id: ScopeId) -> u8 {
    let index = scopes.as_slice().iter().position(|&other| other == id);
    1 << index.expect("a lane waits only at scopes of its own")
}

/// A call that was refused so often, by one scope after the other, takes what it can get.
const PLEDGE_AFTER: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusal_that_may_last_longest_is_the_greatest() {
        let at = Instant::from_nanos;
        let order = [
            Refusal::Turn,
            Refusal::Pace(at(9)),
            Refusal::Slots,
            Refusal::Outranked,
            Refusal::Scout,
            Refusal::Gate(at(1)),
            Refusal::Gate(at(2)),
        ];
        assert!(order.is_sorted());
    }
}
