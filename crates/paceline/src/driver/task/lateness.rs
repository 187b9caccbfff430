//! Calls that are expected to depart after their deadline, and want to know.

use paceline_core::{Call, CallId, GiveUp, Instant, ScopeId, ScopeSet};

use super::Task;
use crate::driver::command::Wanted;
use crate::driver::waiting::Ended;

impl Task {
    /// Ends a waiting call that wants to know when it is expected to depart after its deadline.
    pub(super) fn decline_if_late(&mut self, now: Instant, wanted: Wanted) {
        let late = self.late(now, &wanted.call).filter(|_| wanted.decline_late);
        if let Some(expected) = late {
            self.machine.handle_cancel(now, wanted.call.id);
            self.end(wanted.call.id, Ended::Late { expected: self.clock.tokio_instant(expected) });
        }
    }

    /// When a waiting call is expected to depart, if that is after its deadline.
    fn late(&self, now: Instant, call: &Call) -> Option<Instant> {
        let deadline = call.deadline?;
        self.expected(now, call).filter(|&expected| expected > deadline)
    }

    /// When a waiting call is expected to depart. A gate that stays closed for good is none that the machine forecasts.
    fn expected(&self, now: Instant, call: &Call) -> Option<Instant> {
        self.machine.forecast(now, call.id).max(self.closed.until(now, &call.scopes))
    }

    /// Its deadline has passed: who wants to know is told when a call that came in its place would depart.
    pub(super) fn expire(&mut self, now: Instant, id: CallId, why: GiveUp) {
        let wanted = self.turns.get(&id).map(|waiter| waiter.wanted).filter(|wanted| wanted.decline_late);
        let expected = wanted.and_then(|wanted| {
            let again = Call { deadline: None, ..wanted.call };
            self.machine.try_submit(now, again).ok()?;
            let expected = self.expected(now, &again);
            self.machine.handle_cancel(now, id);
            expected
        });
        let ended = expected.map_or(Ended::GaveUp(why), |expected| Ended::Late {
            expected: self.clock.tokio_instant(expected),
        });
        self.end(id, ended);
    }

    /// Calls that a gate has just made late learn of it now, and not when their deadlines pass.
    pub(super) fn decline_behind(&mut self, now: Instant, scope: ScopeId) {
        let until = self.closed.until(now, &ScopeSet::one(scope));
        let is_late = |wanted: &Wanted| {
            wanted.decline_late
                && wanted.call.deadline.is_some_and(|deadline| Some(deadline) < until)
                && wanted.call.scopes.as_slice().contains(&scope)
        };
        let waiting = self.turns.values().map(|waiter| waiter.wanted);
        let late: Vec<Wanted> = waiting.filter(is_late).collect();
        for wanted in late {
            self.decline_if_late(now, wanted);
        }
    }
}
