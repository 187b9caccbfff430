//! One lane: the waiting calls of one scope set, whose clients take turns.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};

use rustc_hash::FxHashMap;

use crate::call::{CallId, ClientId, Cost};
use crate::controller::CallSlot;
use crate::scope::ScopeSet;

/// A call's place among all calls: the order of submission.
pub(crate) type Place = u64;

/// A call that waits, with what its turn will cost: so that a lane is looked at without its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Queued {
    pub(crate) place: Place,
    pub(crate) call: CallId,
    pub(crate) cost: Cost,
    pub(crate) slot: CallSlot,
}

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
    fresh: VecDeque<Queued>,
    again: BinaryHeap<Reverse<Queued>>,
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
    pub(crate) fn push(&mut self, client: ClientId, queued: Queued) {
        self.len += 1;
        let virtual_time = self.virtual_time;
        let queue = self.clients.entry(client).or_insert_with(|| ClientQueue::starting(virtual_time, client));
        let was_empty = queue.is_empty();
        queue.push(queued);
        if was_empty {
            queue.turn.place = queued.place;
            self.turns.insert(queue.turn);
        }
    }

    /// The call whose turn it is.
    pub(crate) fn head(&self) -> Option<Queued> {
        let turn = self.turns.first()?;
        self.clients[&turn.client].head()
    }

    /// Takes the call whose turn it is; its client pays its cost.
    pub(crate) fn pop(&mut self) -> Option<Queued> {
        let turn = self.turns.pop_first()?;
        let queue = self.clients.get_mut(&turn.client).expect("a client with a turn has a queue");
        let queued = queue.pop().expect("a client with a turn has a call");
        self.len -= 1;
        queue.turn.tag = turn.tag + u64::from(queued.cost.0.get());
        // A client that leaves and comes back must not have its turn for nothing: whoever arrives
        // from now on is placed behind the one that has just left.
        self.virtual_time = self.virtual_time.max(if queue.is_empty() { queue.turn.tag } else { turn.tag });
        self.requeue_turn(turn.client);
        Some(queued)
    }

    /// Takes a call out, wherever it stands. Linear in its client's calls: cancelling is rare.
    pub(crate) fn remove(&mut self, client: ClientId, call: CallId) {
        let Some(queue) = self.clients.get_mut(&client) else { return };
        let before = queue.len();
        queue.fresh.retain(|queued| queued.call != call);
        queue.again.retain(|Reverse(queued)| queued.call != call);
        self.len -= before - queue.len();
        self.turns.remove(&queue.turn);
        self.requeue_turn(client);
    }

    fn requeue_turn(&mut self, client: ClientId) {
        let queue = self.clients.get_mut(&client).expect("the caller has just used it");
        match queue.head() {
            Some(Queued { place, .. }) => {
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

    fn push(&mut self, queued: Queued) {
        match self.fresh.back() {
            Some(last) if queued.place < last.place => self.again.push(Reverse(queued)),
            _ => self.fresh.push_back(queued),
        }
    }

    fn head(&self) -> Option<Queued> {
        let again = self.again.peek().map(|&Reverse(queued)| queued);
        let fresh = self.fresh.front().copied();
        match (again, fresh) {
            (Some(again), Some(fresh)) => Some(again.min(fresh)),
            (again, fresh) => again.or(fresh),
        }
    }

    fn pop(&mut self) -> Option<Queued> {
        let head = self.head()?;
        if self.fresh.front() == Some(&head) {
            self.fresh.pop_front();
        } else {
            self.again.pop();
        }
        Some(head)
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

    fn queued(place: Place, call: u64, cost: u32) -> Queued {
        let cost = Cost(NonZeroU32::new(cost).expect("the test's cost is positive"));
        Queued { place, call: CallId(call), cost, slot: CallSlot::for_tests() }
    }

    #[test]
    fn clients_take_turns_whatever_they_queued() {
        let mut lane = lane();
        for place in 0..6 {
            lane.push(ClientId(1), queued(place, place, 1));
        }
        lane.push(ClientId(2), queued(6, 100, 1));
        lane.push(ClientId(2), queued(7, 101, 1));
        let order: Vec<u64> = std::iter::from_fn(|| lane.pop()).map(|queued| queued.call.0).collect();
        assert_eq!(order, [0, 100, 1, 101, 2, 3, 4, 5]);
    }

    #[test]
    fn a_client_with_one_call_at_a_time_does_not_starve_a_backlogged_one() {
        let mut lane = lane();
        (0..10).for_each(|place| lane.push(ClientId(1), queued(place, 1, 1)));
        let mut served = [0; 3];
        for place in 10..20 {
            lane.push(ClientId(2), queued(place, 2, 1));
            let call = lane.pop().expect("both have calls").call;
            served[usize::try_from(call.0).expect("1 or 2")] += 1;
            lane.remove(ClientId(2), CallId(2));
        }
        assert!(served[1] >= 4, "{served:?}");
    }

    #[test]
    fn a_call_that_is_queued_again_has_its_original_place() {
        let mut lane = lane();
        for place in 0..4 {
            lane.push(ClientId(1), queued(place, place, 1));
        }
        assert_eq!(lane.pop(), Some(queued(0, 0, 1)));
        assert_eq!(lane.pop(), Some(queued(1, 1, 1)));
        lane.push(ClientId(1), queued(1, 1, 1));
        lane.push(ClientId(1), queued(0, 0, 1));
        let order: Vec<u64> = std::iter::from_fn(|| lane.pop()).map(|queued| queued.call.0).collect();
        assert_eq!(order, [0, 1, 2, 3]);
    }

    proptest! {
        #[test]
        fn backlogged_clients_get_equal_cost_within_one_call(
            costs in prop::collection::vec(1_u32..20, 2..6), pops in 1_usize..300,
        ) {
            let mut lane = lane();
            let mut place = 0;
            for (client, &cost) in (0..).zip(&costs) {
                for _ in 0..300 {
                    lane.push(ClientId(client), queued(place, client, cost));
                    place += 1;
                }
            }
            let mut served = vec![0_u32; costs.len()];
            for _ in 0..pops {
                let queued = lane.pop().expect("it is backlogged");
                let client = usize::try_from(queued.call.0).expect("a small id");
                served[client] += queued.cost.0.get();
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
                lane.push(ClientId(client), queued(place, place, 1));
                waiting.push((ClientId(client), CallId(place)));
                if action == 1 {
                    let (client, call) = waiting.remove(pick.index(waiting.len()));
                    lane.remove(client, call);
                } else if action == 2 {
                    let head = lane.head();
                    prop_assert_eq!(lane.pop(), head);
                    waiting.retain(|&(_, call)| Some(call) != head.map(|queued| queued.call));
                }
                prop_assert_eq!(lane.len, waiting.len());
                prop_assert_eq!(lane.is_empty(), lane.head().is_none());
            }
            let mut left: Vec<_> = std::iter::from_fn(|| lane.pop()).map(|queued| queued.call).collect();
            left.sort_unstable();
            waiting.sort_unstable_by_key(|&(_, call)| call);
            prop_assert!(left.iter().eq(waiting.iter().map(|(_, call)| call)));
        }
    }
}
