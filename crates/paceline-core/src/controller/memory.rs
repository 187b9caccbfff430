//! What is remembered over a restart, and what is forgotten while running.

use crate::controller::Controller;
use crate::controller::scope_state::ScopeState;
use crate::gate::GateCause;
use crate::learn::Learned;
use crate::scope::ScopeId;
use crate::snapshot::{ScopeSnapshot, Snapshot};
use crate::time::{Instant, WallTime};

impl Controller {
    /// Closed gates and learned limits. `wall` is the civil time at `now`, rounded up: a saved gate opens no earlier.
    #[must_use]
    pub fn snapshot(&self, now: Instant, wall: WallTime) -> Snapshot {
        let scopes = self.scopes.iter().filter_map(|(_, kind, name, state)| {
            let closed = closed_until(state, now, wall);
            let learned = state.learned();
            let is_worth_it = closed.is_some() || learned != Learned::default();
            is_worth_it.then(|| (state.used, ScopeSnapshot { kind, name: name.to_owned(), closed, learned }))
        });
        let mut scopes: Vec<_> = scopes.collect();
        scopes.sort_by_key(|&(used, _)| used);
        Snapshot { scopes: scopes.into_iter().map(|(_, scope)| scope).collect() }
    }

    /// Continues where a snapshot left off: before the first call is submitted, so that no restart comes early. `wall` is
    /// the civil time at `now`, rounded down. A limit that is known stays as it is known.
    pub fn restore(&mut self, now: Instant, wall: WallTime, snapshot: &Snapshot) {
        for saved in &snapshot.scopes {
            let id = self.scope(now, saved.kind, &saved.name);
            if let Some((until, cause)) = saved.closed {
                self.close_restored(now, wall, id, until, cause);
            }
            self.scopes.state_mut(id).restore(now, saved.learned);
        }
    }

    fn close_restored(
        &mut self,
        now: Instant,
        wall: WallTime,
        id: ScopeId,
        until: WallTime,
        cause: GateCause,
    ) {
        let until = if until == WallTime::FAR_FUTURE {
            Instant::FAR_FUTURE
        } else {
            now + until.saturating_since(wall)
        };
        if until > now {
            self.scopes.state_mut(id).close(now, until, cause);
        }
    }

    /// Makes room for one scope more by forgetting the longest unused ones. A tenth at a time, so that the search for
    /// them is paid by many scopes.
    pub(super) fn forget_idle_scopes(&mut self, now: Instant) {
        if self.scopes.len() < self.config.max_idle_scopes.max(1) {
            return;
        }
        let idle = self.scopes.iter().filter(|(_, _, _, state)| state.is_forgettable(now));
        let mut idle: Vec<_> = idle.map(|(id, _, _, state)| (state.used, id)).collect();
        idle.sort_unstable();
        idle.truncate(self.config.max_idle_scopes / 10 + 1);
        for (_, id) in idle {
            // Lanes that were parked at it are gone; its timer may not be.
            self.set_timer(id, None);
            self.scopes.remove(id);
        }
    }
}

fn closed_until(state: &ScopeState, now: Instant, wall: WallTime) -> Option<(WallTime, GateCause)> {
    let opens_at = state.opens_at();
    let until = match opens_at {
        _ if !state.is_closed(now) => return None,
        Instant::FAR_FUTURE => WallTime::FAR_FUTURE,
        _ => wall + opens_at.saturating_since(now),
    };
    Some((until, state.cause()))
}
