//! All lanes: which are ready to be looked at, and at which scope the others wait.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;
use slab::Slab;

use crate::call::{CallId, ClientId, Cost};
use crate::queue::lane::{Lane, Queued};
use crate::scope::{ScopeId, ScopeSet};

/// Names a lane while it has calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LaneId(usize);

/// The waiting calls of all scope sets.
///
/// A lane that has calls either is ready, or stands parked at the one scope that refused it. So a
/// departure costs the same whether ten lanes wait or ten thousand: only the lanes of a scope that
/// grants again are looked at. Lanes take turns: after a departure a lane gets a new, last rank, and at
/// each scope the lowest rank goes first.
#[derive(Debug, Default)]
pub(crate) struct WaitingCalls {
    lanes: Slab<Standing>,
    by_scopes: FxHashMap<ScopeSet, LaneId>,
    ready: BTreeSet<Ranked>,
    parked: FxHashMap<ScopeId, BTreeSet<Ranked>>,
    /// Scopes that a parked lane has left: those behind it may have their turn.
    vacated: Vec<ScopeId>,
    next_rank: u64,
    len: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Ranked {
    rank: u64,
    lane: LaneId,
}

#[derive(Debug)]
struct Standing {
    lane: Lane,
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
    pub(crate) fn push(&mut self, scopes: ScopeSet, client: ClientId, queued: Queued) {
        let id = self.lane_of(scopes);
        self.len += 1;
        let lane = &mut self.lanes[id.0].lane;
        let head = lane.head();
        lane.push(client, queued);
        if lane.head() != head {
            self.make_ready(id);
        }
    }

    /// The ready lane of the lowest rank.
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
        self.unplace(id);
        let standing = &mut self.lanes[id.0];
        standing.refused = 0;
        standing.pledged = None;
        if standing.lane.is_empty() {
            self.drop_lane(id);
        } else {
            self.lanes[id.0].rank = self.take_rank();
            self.make_ready(id);
        }
        popped
    }

    /// Takes a call out, wherever it stands. Returns what its lane had pledged, if the lane is gone now.
    pub(crate) fn remove(&mut self, scopes: ScopeSet, client: ClientId, call: CallId) -> Option<(u8, Cost)> {
        let id = *self.by_scopes.get(&scopes)?;
        let lane = &mut self.lanes[id.0].lane;
        let head = lane.head();
        lane.remove(client, call);
        self.len -= 1;
        if lane.is_empty() {
            let pledged = self.lanes[id.0].pledged;
            self.unplace(id);
            self.drop_lane(id);
            return pledged;
        }
        if lane.head() != head {
            self.make_ready(id);
        }
        None
    }

    /// Parks a ready lane at the scope that refused it. Returns how often its call was refused by now.
    pub(crate) fn park(&mut self, id: LaneId, scope: ScopeId) -> u32 {
        self.unplace(id);
        let queued = &mut self.lanes[id.0];
        queued.parked_at = Some(scope);
        queued.refused += 1;
        self.parked.entry(scope).or_default().insert(Ranked { rank: queued.rank, lane: id });
        queued.refused
    }

    /// The lane of the lowest rank that is parked at `scope`.
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
        first.is_some_and(|first| first.rank < self.lanes[id.0].rank)
    }

    /// Makes a lane ready to be looked at.
    pub(crate) fn make_ready(&mut self, id: LaneId) {
        self.unplace(id);
        let rank = self.lanes[id.0].rank;
        self.ready.insert(Ranked { rank, lane: id });
    }

    /// Scopes of the lane, by their place in its set, that are paid for the next departure.
    pub(crate) fn pledged(&self, id: LaneId) -> Option<(u8, Cost)> {
        self.lanes[id.0].pledged
    }

    pub(crate) fn set_pledged(&mut self, id: LaneId, pledged: Option<(u8, Cost)>) {
        self.lanes[id.0].pledged = pledged;
    }

    /// The lane that holds the calls of `scopes`, if any wait.
    pub(crate) fn find(&self, scopes: ScopeSet) -> Option<LaneId> {
        self.by_scopes.get(&scopes).copied()
    }

    fn lane_of(&mut self, scopes: ScopeSet) -> LaneId {
        if let Some(id) = self.find(scopes) {
            return id;
        }
        let rank = self.take_rank();
        let lane = Lane::new(scopes);
        let standing = Standing { lane, rank, parked_at: None, refused: 0, pledged: None };
        let id = LaneId(self.lanes.insert(standing));
        self.by_scopes.insert(scopes, id);
        id
    }

    fn drop_lane(&mut self, id: LaneId) {
        let queued = self.lanes.remove(id.0);
        self.by_scopes.remove(&queued.lane.scopes());
    }

    /// Takes the lane out of the ready ones or out of its scope's parked ones.
    fn unplace(&mut self, id: LaneId) {
        let queued = &mut self.lanes[id.0];
        let ranked = Ranked { rank: queued.rank, lane: id };
        let Some(scope) = queued.parked_at.take() else {
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
