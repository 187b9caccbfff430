//! One lane: the waiting calls of one scope set, whose clients take turns.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};

use rustc_hash::FxHashMap;

use crate::call::{CallId, ClientId, Cost};
use crate::scope::ScopeSet;

/// A call's place among all calls: the order of submission.
pub(crate) type Place = u64;

/// The waiting calls of one scope set.
///
/// Clients take turns by start-time fair queueing (Goyal, Vin, Cheng 1996): a client's next turn is tagged with
/// the cost it has had so far, and the smallest tag goes first. Within a client, the order is that of
/// submission; a call that is queued again has its original place.
#[derive(Debug)]
pub(crate) struct Lane {
    scopes: ScopeSet,
    clients: FxHashMap<ClientId, ClientQueue>,
    turns: BTreeSet<Turn>,
    virtual_time: u64,
    len: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    tag: u64,
    place: Place,
    client: ClientId,
}

#[derive(Debug)]
struct ClientQueue {
    turn: Turn,
    fresh: VecDeque<(Place, CallId)>,
    again: BinaryHeap<Reverse<(Place, CallId)>>,
}

impl Lane {
    pub(crate) fn new(scopes: ScopeSet) -> Self {
        let clients = FxHashMap::default();
        Self { scopes, clients, turns: BTreeSet::new(), virtual_time: 0, len: 0 }
    }

    pub(crate) const fn scopes(&self) -> ScopeSet {
        self.scopes
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds a call at its place.
    pub(crate) fn push(&mut self, client: ClientId, place: Place, call: CallId) {
        self.len += 1;
        let virtual_time = self.virtual_time;
        let queue = self.clients.entry(client).or_insert_with(|| ClientQueue::starting(virtual_time, client));
        let was_empty = queue.is_empty();
        queue.push(place, call);
        if was_empty {
            queue.turn.place = place;
            self.turns.insert(queue.turn);
        }
    }

    /// The call whose turn it is.
    pub(crate) fn head(&self) -> Option<CallId> {
        let turn = self.turns.first()?;
        self.clients[&turn.client].head().map(|(_, call)| call)
    }

    /// Takes the call whose turn it is, which costs its client `cost`.
    pub(crate) fn pop(&mut self, cost: Cost) -> Option<CallId> {
        let turn = self.turns.pop_first()?;
        let queue = self.clients.get_mut(&turn.client).expect("a client with a turn has a queue");
        let call = queue.pop().expect("a client with a turn has a call");
        self.len -= 1;
        queue.turn.tag = turn.tag + u64::from(cost.0.get());
        // A client that leaves and comes back must not have its turn for nothing: whoever arrives
        // from now on is placed behind the one that has just left.
        self.virtual_time = self.virtual_time.max(if queue.is_empty() { queue.turn.tag } else { turn.tag });
        self.requeue_turn(turn.client);
        Some(call)
    }

    /// Takes a call out, wherever it stands. Linear in its client's calls: cancelling is rare.
    pub(crate) fn remove(&mut self, client: ClientId, call: CallId) {
        let Some(queue) = self.clients.get_mut(&client) else { return };
        let before = queue.len();
        queue.fresh.retain(|&(_, other)| other != call);
        queue.again.retain(|&Reverse((_, other))| other != call);
        self.len -= before - queue.len();
        self.turns.remove(&queue.turn);
        self.requeue_turn(client);
    }

    fn requeue_turn(&mut self, client: ClientId) {
        let queue = self.clients.get_mut(&client).expect("the caller has just used it");
        match queue.head() {
            Some((place, _)) => {
                queue.turn.place = place;
                self.turns.insert(queue.turn);
            }
            None => drop(self.clients.remove(&client)),
        }
    }
}

impl ClientQueue {
    fn starting(virtual_time: u64, client: ClientId) -> Self {
        let turn = Turn { tag: virtual_time, place: 0, client };
        Self { turn, fresh: VecDeque::new(), again: BinaryHeap::new() }
    }

    fn push(&mut self, place: Place, call: CallId) {
        match self.fresh.back() {
            Some(&(last, _)) if place < last => self.again.push(Reverse((place, call))),
            _ => self.fresh.push_back((place, call)),
        }
    }

    fn head(&self) -> Option<(Place, CallId)> {
        let again = self.again.peek().map(|&Reverse(entry)| entry);
        let fresh = self.fresh.front().copied();
        match (again, fresh) {
            (Some(again), Some(fresh)) => Some(again.min(fresh)),
            (again, fresh) => again.or(fresh),
        }
    }

    fn pop(&mut self) -> Option<CallId> {
        let head = self.head()?;
        if self.fresh.front() == Some(&head) {
            self.fresh.pop_front();
        } else {
            self.again.pop();
        }
        Some(head.1)
    }

    fn len(&self) -> usize {
        self.fresh.len() + self.again.len()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use proptest::prelude::*;

    use super::*;
    use crate::scope::ScopeId;

    fn lane() -> Lane {
        Lane::new(ScopeSet::one(ScopeId::for_tests(1)))
    }

    fn cost(units: u32) -> Cost {
        Cost(NonZeroU32::new(units).expect("the test's cost is positive"))
    }

    #[test]
    fn clients_take_turns_whatever_they_queued() {
        let mut lane = lane();
        for place in 0..6 {
            lane.push(ClientId(1), place, CallId(place));
        }
        lane.push(ClientId(2), 6, CallId(100));
        lane.push(ClientId(2), 7, CallId(101));
        let order: Vec<u64> = std::iter::from_fn(|| lane.pop(Cost::ONE)).map(|call| call.0).collect();
        assert_eq!(order, [0, 100, 1, 101, 2, 3, 4, 5]);
    }

    #[test]
    fn a_client_with_one_call_at_a_time_does_not_starve_a_backlogged_one() {
        let mut lane = lane();
        (0..10).for_each(|place| lane.push(ClientId(1), place, CallId(1)));
        let mut served = [0; 3];
        for place in 10..20 {
            lane.push(ClientId(2), place, CallId(2));
            let call = lane.pop(Cost::ONE).expect("both have calls");
            served[usize::try_from(call.0).expect("1 or 2")] += 1;
            lane.remove(ClientId(2), CallId(2));
        }
        assert!(served[1] >= 4, "{served:?}");
    }

    #[test]
    fn a_call_that_is_queued_again_has_its_original_place() {
        let mut lane = lane();
        for place in 0..4 {
            lane.push(ClientId(1), place, CallId(place));
        }
        assert_eq!(lane.pop(Cost::ONE), Some(CallId(0)));
        assert_eq!(lane.pop(Cost::ONE), Some(CallId(1)));
        lane.push(ClientId(1), 1, CallId(1));
        lane.push(ClientId(1), 0, CallId(0));
        let order: Vec<u64> = std::iter::from_fn(|| lane.pop(Cost::ONE)).map(|call| call.0).collect();
        assert_eq!(order, [0, 1, 2, 3]);
    }

    proptest! {
        #[test]
        fn backlogged_clients_get_equal_cost_within_one_call(
            costs in prop::collection::vec(1_u32..20, 2..6), pops in 1_usize..300,
        ) {
            let mut lane = lane();
            let mut place = 0;
            for client in 0..costs.len() as u64 {
                for _ in 0..300 {
                    lane.push(ClientId(client), place, CallId(client));
                    place += 1;
                }
            }
            let mut served = vec![0_u32; costs.len()];
            for _ in 0..pops {
                let client = usize::try_from(lane.head().expect("it is backlogged").0).expect("a small id");
                lane.pop(cost(costs[client]));
                served[client] += costs[client];
            }
            let (most, least) = (served.iter().max(), served.iter().min());
            let largest = *costs.iter().max().expect("two or more");
            prop_assert!(most.expect("two or more") - least.expect("two or more") <= 2 * largest);
        }

        #[test]
        fn every_call_leaves_once(
            steps in prop::collection::vec((0_u64..5, any::<prop::sample::Index>(), 0_u8..3), 1..200)
        ) {
            let mut lane = lane();
            let mut waiting = Vec::new();
            for (place, (client, pick, action)) in (0..).zip(steps) {
                lane.push(ClientId(client), place, CallId(place));
                waiting.push((ClientId(client), CallId(place)));
                if action == 1 {
                    let (client, call) = waiting.remove(pick.index(waiting.len()));
                    lane.remove(client, call);
                } else if action == 2 {
                    let head = lane.head();
                    prop_assert_eq!(lane.pop(Cost::ONE), head);
                    waiting.retain(|&(_, call)| Some(call) != head);
                }
                prop_assert_eq!(lane.len, waiting.len());
                prop_assert_eq!(lane.is_empty(), lane.head().is_none());
            }
            let mut left: Vec<_> = std::iter::from_fn(|| lane.pop(Cost::ONE)).collect();
            left.sort_unstable();
            waiting.sort_unstable_by_key(|&(_, call)| call);
            prop_assert!(left.iter().eq(waiting.iter().map(|(_, call)| call)));
        }
    }
}
