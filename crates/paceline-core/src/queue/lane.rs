//! One lane: the waiting calls of one scope set and one priority, whose clients take turns.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::call::{CallId, ClientId, Cost, Weight};
use crate::controller::CallSlot;
use crate::queue::absent::Absent;
use crate::queue::client_queue::ClientQueue;
use crate::queue::turn::{Tag, Turn};
use crate::scope::ScopeSet;

/// A call's place among all calls: the order of submission.
pub(crate) type Place = u64;

/// A call that waits, with what its turn will cost: so that a lane is looked at without its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Queued {
    pub(crate) place: Place,
    pub(crate) call: CallId,
    pub(crate) cost: Cost,
    pub(crate) weight: Weight,
    pub(crate) slot: CallSlot,
}

/// What goes before a call, at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ahead {
    pub(crate) calls: u64,
    /// What they cost.
    pub(crate) units: u64,
}

/// The waiting calls of one scope set and one priority.
///
/// Clients take turns by start-time fair queueing (Goyal, Vin, Cheng 1996): a client's next turn is tagged with
/// the cost by weight that it has had so far, and the smallest tag goes first. Within a client, the order is that of
/// submission; a call that is queued again has its original place.
#[derive(Debug)]
pub(crate) struct Lane {
    scopes: ScopeSet,
    clients: FxHashMap<ClientId, ClientQueue>,
    turns: BTreeSet<Turn>,
    absent: Absent,
    /// The tag of the last turn: who arrives has no turn before it.
    virtual_time: Tag,
    len: usize,
    units: u64,
}

impl Lane {
    pub(crate) fn new(scopes: ScopeSet) -> Self {
        Self {
            scopes,
            clients: FxHashMap::default(),
            turns: BTreeSet::new(),
            absent: Absent::default(),
            virtual_time: Tag::default(),
            len: 0,
            units: 0,
        }
    }

    pub(crate) const fn scopes(&self) -> ScopeSet {
        self.scopes
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What its calls cost, all together.
    pub(crate) const fn units(&self) -> u64 {
        self.units
    }

    /// Adds a call at its place.
    pub(crate) fn push(&mut self, client: ClientId, queued: Queued) {
        self.len += 1;
        self.units += queued.units();
        let (absent, virtual_time) = (&mut self.absent, self.virtual_time);
        let queue = self.clients.entry(client).or_insert_with(|| {
            // A client that leaves and comes back must not have its turn for nothing.
            let tag = absent.come_back(client).map_or(virtual_time, |tag| tag.max(virtual_time));
            ClientQueue::starting(Turn { tag, place: queued.place, client })
        });
        if queue.is_empty() {
            self.turns.insert(queue.turn);
        }
        queue.push(queued);
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
        self.units -= queued.units();
        self.virtual_time = self.virtual_time.max(turn.tag);
        self.requeue_turn(turn.client);
        Some(queued)
    }

    /// Takes a call out, wherever it stands. Linear in its client's calls: cancelling is rare.
    pub(crate) fn remove(&mut self, client: ClientId, call: CallId) -> Option<Queued> {
        let queue = self.clients.get_mut(&client)?;
        let removed = queue.remove(call)?;
        self.len -= 1;
        self.units -= removed.units();
        self.turns.remove(&queue.turn);
        self.requeue_turn(client);
        Some(removed)
    }

    /// What goes before the call of `client` at `place`, at most, if nothing else comes. Linear in the clients whose turn is
    /// before the call's, whatever they have queued.
    ///
    /// A client has no more before a call than starts at tags up to the call's own: that is its weight by the
    /// difference of the tags, and the last call's cost, which only has to start. Of calls of one client whose costs
    /// and weights differ, the largest and the lightest count.
    pub(crate) fn ahead_of(&self, client: ClientId, place: Place) -> Ahead {
        let own = self.clients.get(&client);
        let mut ahead = own.map(|queue| queue.ahead_of(place)).unwrap_or_default();
        let tag = match own {
            Some(queue) => queue.tag_behind(ahead),
            None => self.absent.tag(client).map_or(self.virtual_time, |tag| tag.max(self.virtual_time)),
        };
        for turn in self.turns.range(..=Turn::last_at(tag)).filter(|turn| turn.client != client) {
            let theirs = self.clients[&turn.client].up_to(tag);
            ahead.calls += theirs.calls;
            ahead.units += theirs.units;
        }
        ahead
    }

    fn requeue_turn(&mut self, client: ClientId) {
        let queue = self.clients.get_mut(&client).expect("the caller has just used it");
        match queue.head() {
            Some(Queued { place, .. }) => {
                queue.turn.place = place;
                self.turns.insert(queue.turn);
            }
            None => {
                self.absent.leave(client, queue.turn.tag);
                self.clients.remove(&client);
            }
        }
        self.virtual_time = self.absent.forget(self.virtual_time, self.turns.len());
    }
}

impl Queued {
    /// What it costs.
    pub(crate) fn units(&self) -> u64 {
        u64::from(self.cost.0.get())
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
        Queued { place, call: CallId(call), cost, weight: Weight::ONE, slot: CallSlot::for_tests() }
    }

    fn weight(turns: u32) -> Weight {
        Weight::new(turns).expect("the test's weight is in range")
    }

    #[test]
    fn a_client_of_weight_3_has_three_turns_for_one() {
        let mut lane = lane();
        for place in 0..40 {
            let queued = queued(place, place % 2, 1);
            lane.push(
                ClientId(place % 2),
                Queued { weight: weight(if place % 2 == 0 { 1 } else { 3 }), ..queued },
            );
        }
        let order: Vec<u64> =
            std::iter::from_fn(|| lane.pop()).take(20).map(|queued| queued.call.0).collect();
        assert_eq!(order.iter().filter(|&&client| client == 1).count(), 15, "{order:?}");
    }

    /// Clients that have one call at a time, and come back with the next, share with one that always has calls.
    #[test]
    fn a_light_client_that_comes_and_goes_costs_heavy_ones_no_turns() {
        let mut lane = lane();
        let at = |client| usize::try_from(client).expect("a small id");
        let weights = [1, 1_000, 1_000];
        let mut served = [0_u32; 3];
        (0..10_000).for_each(|place| {
            lane.push(ClientId(2), Queued { weight: weight(1_000), ..queued(place, 2, 1) })
        });
        let mut absent = vec![0, 1];
        for place in 10_000..14_000 {
            for client in absent.drain(..) {
                let queued = queued(2 * place + client, client, 1);
                lane.push(ClientId(client), Queued { weight: weight(weights[at(client)]), ..queued });
            }
            let client = lane.pop().expect("one always has calls").call.0;
            served[at(client)] += 1;
            absent.extend((client < 2).then_some(client));
        }
        assert!((2..=4).contains(&served[0]), "{served:?}");
        assert!(served[1].abs_diff(served[2]) <= 8, "{served:?}");
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

        /// The law of start-time fair queueing: between two clients that have calls all the time, cost by weight differs by no
        /// more than one call of each.
        #[test]
        fn shares_are_as_the_weights_within_one_call(
            clients in prop::collection::vec((1_u32..20, 1_u32..=1_000), 2..6), pops in 1_usize..300,
        ) {
            let mut lane = lane();
            let mut place = 0;
            for (client, &(cost, turns)) in (0..).zip(&clients) {
                for _ in 0..300 {
                    lane.push(ClientId(client), Queued { weight: weight(turns), ..queued(place, client, cost) });
                    place += 1;
                }
            }
            let mut served = vec![0_u64; clients.len()];
            for _ in 0..pops {
                let queued = lane.pop().expect("it is backlogged");
                served[usize::try_from(queued.call.0).expect("a small id")] += queued.units();
            }
            let shares = || clients.iter().zip(&served).map(|(&(cost, turns), &units)| (u64::from(cost), u64::from(turns), units));
            for (cost, turns, units) in shares() {
                for (other_cost, other_turns, other_units) in shares() {
                    let ahead = (units * other_turns).saturating_sub(other_units * turns);
                    // Tags are rounded: by less than a millionth.
                    let rounded = 1 + units * other_turns / 1_000_000;
                    prop_assert!(ahead <= cost * other_turns + other_cost * turns + rounded, "{clients:?} {served:?}");
                }
            }
        }

        /// What is said to go before a call is never less than what does, and never more than waits.
        #[test]
        fn no_more_goes_before_a_call_than_was_said(
            steps in prop::collection::vec((0_u64..5, 1_u32..20, 1_u32..=1_000, 0_u8..4), 1..100)
        ) {
            let mut lane = lane();
            let mut popped = Vec::new();
            for (place, (client, cost, turns, action)) in (0..).zip(steps) {
                // The client is told by the call's name.
                let queued = Queued { weight: weight(turns), ..queued(place, place * 5 + client, cost) };
                lane.push(ClientId(client), queued);
                match action {
                    0 => popped.extend(lane.pop()),
                    1 => popped.drain(..).for_each(|queued| lane.push(ClientId(queued.call.0 % 5), queued)),
                    2 => drop(lane.remove(ClientId(client), CallId(place * 5 + client))),
                    _ => {}
                }
            }
            let said: FxHashMap<CallId, Ahead> = lane
                .clients
                .iter()
                .flat_map(|(&client, queue)| queue.iter().map(move |queued| (client, queued)))
                .map(|(client, queued)| (queued.call, lane.ahead_of(client, queued.place)))
                .collect();
            let (len, units) = (lane.len as u64, lane.units());
            let mut before = Ahead::default();
            while let Some(queued) = lane.pop() {
                let said = said[&queued.call];
                prop_assert!(before.calls <= said.calls && said.calls <= len, "{before:?} {said:?}");
                prop_assert!(before.units <= said.units && said.units <= units, "{before:?} {said:?}");
                before.calls += 1;
                before.units += queued.units();
            }
            prop_assert_eq!(said.len() as u64, len);
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
                    prop_assert_eq!(lane.remove(client, call).map(|queued| queued.call), Some(call));
                    prop_assert_eq!(lane.remove(client, call), None);
                } else if action == 2 {
                    let head = lane.head();
                    prop_assert_eq!(lane.pop(), head);
                    waiting.retain(|&(_, call)| Some(call) != head.map(|queued| queued.call));
                }
                prop_assert_eq!(lane.len, waiting.len());
                prop_assert_eq!(lane.units(), waiting.len() as u64);
                prop_assert_eq!(lane.is_empty(), lane.head().is_none());
            }
            let mut left: Vec<_> = std::iter::from_fn(|| lane.pop()).map(|queued| queued.call).collect();
            left.sort_unstable();
            waiting.sort_unstable_by_key(|&(_, call)| call);
            prop_assert!(left.iter().eq(waiting.iter().map(|(_, call)| call)));
        }
    }
}
