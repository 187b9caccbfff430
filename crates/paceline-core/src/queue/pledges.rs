//! Which lanes have pledged, by scope and rank.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::call::Priority;
use crate::queue::waiting::{LaneId, Ranked};
use crate::scope::{ScopeId, ScopeSet};

/// The lanes that hold a pledge, at each of their scopes, paid or not: so that a higher priority finds those that must
/// yield, without looking at the others.
#[derive(Debug, Default)]
pub(crate) struct Pledges(FxHashMap<ScopeId, BTreeSet<Ranked>>);

impl Pledges {
    pub(crate) fn add(&mut self, scopes: ScopeSet, ranked: Ranked) {
        for &scope in scopes.as_slice() {
            self.0.entry(scope).or_default().insert(ranked);
        }
    }

    pub(crate) fn remove(&mut self, scopes: ScopeSet, ranked: Ranked) {
        for scope in scopes.as_slice() {
            let Some(lanes) = self.0.get_mut(scope) else { continue };
            lanes.remove(&ranked);
            if lanes.is_empty() {
                self.0.remove(scope);
            }
        }
    }

    /// A lane of the scope below that priority which holds a pledge.
    pub(crate) fn below(&self, scope: ScopeId, priority: Priority) -> Option<LaneId> {
        let last = self.0.get(&scope)?.last()?;
        (last.priority() < priority).then_some(last.lane)
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
