//! How much waits for each scope, without looking at the calls.

use crate::call::{Cost, Priority};
use crate::queue::lane::Ahead;
use crate::scope::{ScopeId, ScopeSet};

/// What waits for each scope, by priority. Kept by the scopes' indices: one with calls is never forgotten, and one
/// without has nothing here.
#[derive(Debug, Default)]
pub(crate) struct Crowds(Vec<[Crowd; Priority::ALL.len()]>);

/// What waits for one scope with one priority.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Crowd {
    lanes: u64,
    /// What the calls in its lanes cost.
    units: u64,
    /// The largest cost of a call since no lane was here.
    most_units: u64,
    /// What the calls cost that wait out a failure.
    resting: u64,
}

impl Crowds {
    /// A lane has its first call, or has lost its last.
    pub(crate) fn change_lanes(&mut self, scopes: ScopeSet, priority: Priority, change: i64) {
        self.each(scopes, priority, |crowd| {
            crowd.lanes = crowd.lanes.checked_add_signed(change).expect("a lane leaves once");
            if crowd.lanes == 0 {
                crowd.most_units = 0;
            }
        });
    }

    pub(crate) fn join(&mut self, scopes: ScopeSet, priority: Priority, units: u64) {
        self.each(scopes, priority, |crowd| {
            crowd.units += units;
            crowd.most_units = crowd.most_units.max(units);
        });
    }

    pub(crate) fn leave(&mut self, scopes: ScopeSet, priority: Priority, units: u64) {
        self.each(scopes, priority, |crowd| crowd.units -= units);
    }

    pub(crate) fn rest(&mut self, scopes: ScopeSet, priority: Priority, cost: Cost) {
        self.each(scopes, priority, |crowd| crowd.resting += u64::from(cost.0.get()));
    }

    pub(crate) fn end_rest(&mut self, scopes: ScopeSet, priority: Priority, cost: Cost) {
        self.each(scopes, priority, |crowd| crowd.resting -= u64::from(cost.0.get()));
    }

    /// What departs from other lanes of `scope`, at most, before a call does that has `ahead` of it in its own, where
    /// calls of together `own_units` wait: all of higher priority; of the same priority no more than one call of each lane
    /// for each of its own lane's; and all that rest.
    pub(crate) fn beside(&self, scope: ScopeId, priority: Priority, ahead: Ahead, own_units: u64) -> u64 {
        let Some(crowds) = self.0.get(scope.index as usize) else { return 0 };
        let level = priority as usize;
        let higher: u64 = crowds[level + 1..].iter().map(|crowd| crowd.units + crowd.resting).sum();
        let equal = crowds[level];
        let other_lanes = equal.lanes.saturating_sub(u64::from(own_units > 0));
        let in_turn =
            ahead.calls.saturating_add(1).saturating_mul(other_lanes).saturating_mul(equal.most_units);
        higher + equal.resting + in_turn.min(equal.units - own_units)
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().flatten().all(|&crowd| crowd == Crowd::default())
    }

    fn each(&mut self, scopes: ScopeSet, priority: Priority, change: impl Fn(&mut Crowd)) {
        for id in scopes.as_slice() {
            let index = id.index as usize;
            if self.0.len() <= index {
                self.0.resize_with(index + 1, Default::default);
            }
            change(&mut self.0[index][priority as usize]);
        }
    }
}
