//! Which scopes are closed, as the machine's events tell: to look twice at permits that grew old.

use paceline_core::{Instant, ScopeId, ScopeSet};
use rustc_hash::FxHashMap;

#[derive(Debug)]
pub(crate) struct ClosedScopes {
    until: FxHashMap<ScopeId, Instant>,
    sweep_at: usize,
}

impl ClosedScopes {
    pub(crate) fn new() -> Self {
        Self { until: FxHashMap::default(), sweep_at: SWEEP_AT_LEAST }
    }

    /// `scope` is closed until `until` or, if that is later, until what was said before.
    pub(crate) fn close(&mut self, now: Instant, scope: ScopeId, until: Instant) {
        let known = self.until.entry(scope).or_insert(until);
        *known = until.max(*known);
        if self.until.len() >= self.sweep_at {
            self.until.retain(|_, until| now < *until);
            self.sweep_at = SWEEP_AT_LEAST.max(2 * self.until.len());
        }
    }

    pub(crate) fn reopen(&mut self, scope: ScopeId) {
        self.until.remove(&scope);
    }

    /// Until when the last of `scopes` is closed, if one is.
    pub(crate) fn until(&self, now: Instant, scopes: &ScopeSet) -> Option<Instant> {
        let closed = scopes.as_slice().iter().filter_map(|scope| self.until.get(scope).copied());
        closed.max().filter(|&until| now < until)
    }

    /// Whether any of `scopes` is closed.
    pub(crate) fn covers(&self, now: Instant, scopes: &ScopeSet) -> bool {
        self.until(now, scopes).is_some()
    }
}

/// Entries of opened scopes are swept when the table has doubled, and not below this.
const SWEEP_AT_LEAST: usize = 64;
