//! All lanes: which are ready to be looked at, and at which scope the others wait.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use rustc_hash::FxHashMap;
use slab::Slab;

use crate::call::{Call, Cost, Priority};
use crate::queue::crowd::Crowds;
use crate::queue::lane::{Ahead, Lane, Place, Queued};
use crate::queue::pledges::Pledges;
use crate::scope::{ScopeId, ScopeSet};

/// Names a lane while it has calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LaneId(usize);

/// The waiting calls of all scope sets and priorities.
///
/// A lane that has calls either is ready, or stands parked at the one scope that refused it. So a
/// departure costs the same whether ten lanes wait or ten thousand: only the lanes of a scope that
/// grants again are looked at. Lanes of one priority take turns: after a departure a lane gets a new, last rank, and at
/// each scope the highest priority goes first, and then the lowest rank.
#[derive(Debug, Default)]
pub(crate) struct WaitingCalls {
    lanes: Slab<Standing>,
    by_scopes: FxHashMap<(ScopeSet, Priority), LaneId>,
    ready: BTreeSet<Ranked>,
    parked: FxHashMap<ScopeId, BTreeSet<Ranked>>,
    /// Scopes that a parked lane has left: those behind it may have their turn.
    vacated: Vec<ScopeId>,
    pledges: Pledges,
    crowds: Crowds,
    next_rank: u64,
    len: usize,
}

/// A lane by its turn among lanes. The least goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ranked {
    priority: Reverse<Priority>,
    rank: u64,
    pub(crate) lane: LaneId,
}

impl Ranked {
    pub(crate) const fn priority(self) -> Priority {
        self.priority.0
    }
}

#[derive(Debug)]
struct Standing {
    lane: Lane,
    priority: Priority,
    rank: u64,
    parked_at: Option<ScopeId>,
    /// How often the call whose turn it is was refused.
    refused: u32,
    /// Scopes that are paid already, by their place in the set, and the cost that was paid.
    pledged: Option<(u8, Cost)>,
}

impl WaitingCalls {
    /// How many calls wait.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Adds a call at its place; its lane is looked at again if that changed whose turn it is.
    pub(crate) fn push(&mut self, call: &Call, queued: Queued) {
        let id = self.lane_of(call.scopes, call.priority);
        self.len += 1;
        self.crowds.join(call.scopes, call.priority, queued.units());
        let lane = &mut self.lanes[id.0].lane;
        let head = lane.head();
        lane.push(call.client, queued);
        if lane.head() != head {
            self.make_ready(id);
        }
    }

    /// The ready lane whose turn is first.
    pub(crate) fn first_ready(&self) -> Option<LaneId> {
        self.ready.first().map(|ranked| ranked.lane)
    }

    pub(crate) fn scopes(&self, id: LaneId) -> ScopeSet {
        self.lanes[id.0].lane.scopes()
    }

    /// The call whose turn it is. A lane that is known always has one.
    pub(crate) fn head(&self, id: LaneId) -> Queued {
        self.lanes[id.0].lane.head().expect("a lane exists only while it has calls")
    }

    /// Takes the call whose turn it is; its lane moves behind all others, or is gone.
    pub(crate) fn pop(&mut self, id: LaneId) -> Queued {
        let popped = self.lanes[id.0].lane.pop().expect("a lane exists only while it has calls");
        self.len -= 1;
        self.crowds.leave(self.scopes(id), self.priority(id), popped.units());
        self.unplace(id);
        self.set_pledged(id, None);
        let standing = &mut self.lanes[id.0];
        standing.refused = 0;
        if standing.lane.is_empty() {
            self.drop_lane(id);
        } else {
            self.lanes[id.0].rank = self.take_rank();
            self.make_ready(id);
        }
        popped
    }

    /// Takes a call out, wherever it stands. Returns what its lane had pledged, if the lane is gone now.
    pub(crate) fn remove(&mut self, call: &Call) -> Option<(u8, Cost)> {
        let id = self.find(call.scopes, call.priority)?;
        let lane = &mut self.lanes[id.0].lane;
        let head = lane.head();
        let removed = lane.remove(call.client, call.id)?;
        let (is_empty, has_new_head) = (lane.is_empty(), lane.head() != head);
        self.len -= 1;
        self.crowds.leave(call.scopes, call.priority, removed.units());
        if is_empty {
            let pledged = self.pledged(id);
            self.set_pledged(id, None);
            self.unplace(id);
            self.drop_lane(id);
            return pledged;
        }
        if has_new_head {
            self.make_ready(id);
        }
        None
    }

    /// Parks a ready lane at the scope that refused it. Returns how often its call was refused by now.
    pub(crate) fn park(&mut self, id: LaneId, scope: ScopeId) -> u32 {
        self.unplace(id);
        let ranked = self.ranked(id);
        self.parked.entry(scope).or_default().insert(ranked);
        let standing = &mut self.lanes[id.0];
        standing.parked_at = Some(scope);
        standing.refused += 1;
        standing.refused
    }

    /// The lane parked at `scope` whose turn is first.
    pub(crate) fn first_parked(&self, scope: ScopeId) -> Option<LaneId> {
        self.parked.get(&scope)?.first().map(|ranked| ranked.lane)
    }

    /// The lanes that are parked at `scope`.
    pub(crate) fn parked_at(&self, scope: ScopeId) -> Vec<LaneId> {
        self.parked.get(&scope).into_iter().flatten().map(|ranked| ranked.lane).collect()
    }

    /// A scope that a lane has left, with others still parked there.
    pub(crate) fn take_vacated(&mut self) -> Option<ScopeId> {
        self.vacated.pop()
    }

    /// Whether a lane parked at `scope` has an earlier turn than `id`.
    pub(crate) fn is_behind(&self, id: LaneId, scope: ScopeId) -> bool {
        let first = self.parked.get(&scope).and_then(BTreeSet::first);
        first.is_some_and(|first| *first < self.ranked(id))
    }

    /// Whether a lane of a higher priority than that of `id` is parked at `scope`.
    pub(crate) fn is_outranked(&self, id: LaneId, scope: ScopeId) -> bool {
        let first = self.parked.get(&scope).and_then(BTreeSet::first);
        first.is_some_and(|first| first.priority() > self.priority(id))
    }

    /// Makes a lane ready to be looked at.
    pub(crate) fn make_ready(&mut self, id: LaneId) {
        self.unplace(id);
        let ranked = self.ranked(id);
        self.ready.insert(ranked);
    }

    /// Scopes of the lane, by their place in its set, that are paid for the next departure.
    pub(crate) fn pledged(&self, id: LaneId) -> Option<(u8, Cost)> {
        self.lanes[id.0].pledged
    }

    pub(crate) fn set_pledged(&mut self, id: LaneId, pledged: Option<(u8, Cost)>) {
        let before = std::mem::replace(&mut self.lanes[id.0].pledged, pledged);
        let (scopes, ranked) = (self.scopes(id), self.ranked(id));
        match (before, pledged) {
            (None, Some(_)) => self.pledges.add(scopes, ranked),
            (Some(_), None) => self.pledges.remove(scopes, ranked),
            _ => {}
        }
    }

    /// A lane that waits for `scope`, holds a pledge, and must yield to `id` for its priority is lower.
    pub(crate) fn pledged_below(&self, id: LaneId, scope: ScopeId) -> Option<LaneId> {
        self.pledges.below(scope, self.priority(id))
    }

    /// The lane that holds the calls of `scopes` with `priority`, if any wait.
    pub(crate) fn find(&self, scopes: ScopeSet, priority: Priority) -> Option<LaneId> {
        self.by_scopes.get(&(scopes, priority)).copied()
    }

    /// A call waits out a failure, outside its lane.
    pub(crate) fn note_rest(&mut self, call: &Call) {
        self.crowds.rest(call.scopes, call.priority, call.cost);
    }

    /// A call has waited out its failure, or has ended.
    pub(crate) fn note_rest_over(&mut self, call: &Call) {
        self.crowds.end_rest(call.scopes, call.priority, call.cost);
    }

    /// What goes before a call of that place in its lane, at most, if nothing else comes.
    pub(crate) fn ahead_in_lane(&self, call: &Call, place: Place) -> Ahead {
        let id = self.find(call.scopes, call.priority);
        id.map(|id| self.lanes[id.0].lane.ahead_of(call.client, place)).unwrap_or_default()
    }

    /// What goes before that call at `scope`, at most, beside what is `ahead` in its own lane: in units.
    pub(crate) fn beside_lane(&self, call: &Call, ahead: Ahead, scope: ScopeId) -> u64 {
        let id = self.find(call.scopes, call.priority);
        let own_units = id.map_or(0, |id| self.lanes[id.0].lane.units());
        self.crowds.beside(scope, call.priority, ahead, own_units)
    }

    /// Whether nothing is kept of calls that are gone.
    #[cfg(test)]
    pub(crate) fn is_spotless(&self) -> bool {
        self.len == 0 && self.lanes.is_empty() && self.pledges.is_empty() && self.crowds.is_empty()
    }

    fn lane_of(&mut self, scopes: ScopeSet, priority: Priority) -> LaneId {
        if let Some(id) = self.find(scopes, priority) {
            return id;
        }
        let rank = self.take_rank();
        let lane = Lane::new(scopes);
        let standing = Standing { lane, priority, rank, parked_at: None, refused: 0, pledged: None };
        let id = LaneId(self.lanes.insert(standing));
        self.by_scopes.insert((scopes, priority), id);
        self.crowds.change_lanes(scopes, priority, 1);
        id
    }

    fn drop_lane(&mut self, id: LaneId) {
        let standing = self.lanes.remove(id.0);
        let (scopes, priority) = (standing.lane.scopes(), standing.priority);
        self.by_scopes.remove(&(scopes, priority));
        self.crowds.change_lanes(scopes, priority, -1);
    }

    fn ranked(&self, id: LaneId) -> Ranked {
        let Standing { priority, rank, .. } = self.lanes[id.0];
        Ranked { priority: Reverse(priority), rank, lane: id }
    }

    fn priority(&self, id: LaneId) -> Priority {
        self.lanes[id.0].priority
    }

    /// Takes the lane out of the ready ones or out of its scope's parked ones.
    fn unplace(&mut self, id: LaneId) {
        let ranked = self.ranked(id);
        let Some(scope) = self.lanes[id.0].parked_at.take() else {
            self.ready.remove(&ranked);
            return;
        };
        let parked = self.parked.get_mut(&scope).expect("a parked lane stands at its scope");
        parked.remove(&ranked);
        if parked.is_empty() {
            self.parked.remove(&scope);
        } else {
            self.vacated.push(scope);
        }
    }

    fn take_rank(&mut self) -> u64 {
        self.next_rank += 1;
        self.next_rank
    }
}
