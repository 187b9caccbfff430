//! When a waiting call may depart.

use crate::call::CallId;
use crate::controller::Controller;
use crate::controller::calls::Stands;
use crate::time::Instant;

impl Controller {
    /// When a waiting call departs: the latest that it should take, if no other call comes, no answer changes what is
    /// believed, and only gates and rates delay it. Advice, not a promise. None for an unknown call, or while no end of
    /// the wait is in sight.
    ///
    /// In each of its scopes no more is thought to go before it than:
    ///
    /// - of its own client, what was submitted before it with the same scopes and priority;
    /// - of each other client that waits for the same scopes with the same priority, as much as its weight gives it
    ///   meanwhile, and one call; and no more than it has;
    /// - of each other set of scopes, where the priority is the same, one call for each that departs from this call's;
    /// - all calls of higher priority, and all that rest after a failure and are of no lower one.
    ///
    /// The scope where that takes longest counts. What cannot be foreseen is not in it: how long attempts in flight take
    /// where these are limited, calls that are refused and come back to their places, and, of a call with several scopes, that
    /// one of them may grant while another does not. A client whose calls differ in cost or weight is counted as if all were
    /// the dearest, up to what they cost together. It takes as long as there are clients before it; how many calls they
    /// have does not matter.
    #[must_use]
    pub fn forecast(&self, now: Instant, call: CallId) -> Option<Instant> {
        let state = self.calls.find(call)?;
        let (floor, resting) = match state.stands {
            Stands::InFlight => return Some(now),
            Stands::Resting(until) => (until, u64::from(state.call.cost.0.get())),
            Stands::InLane => (now, 0),
        };
        let cost = u64::from(state.call.cost.0.get());
        let ahead = self.waiting.ahead_in_lane(&state.call, state.place);
        let granted_at = state.call.scopes.as_slice().iter().map(|&id| {
            let beside = self.waiting.beside_lane(&state.call, ahead, id) - resting;
            self.scopes.state(id).granted_at(now, ahead.units.saturating_add(beside).saturating_add(cost))
        });
        granted_at.max().map(|at| at.max(floor)).filter(|&at| at < Instant::FAR_FUTURE)
    }
}
