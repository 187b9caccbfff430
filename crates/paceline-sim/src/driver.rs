//! The core in virtual time: the same machine as on tokio, driven by a world's clock.

use paceline_core::{
    AttemptId, Call, CallId, ClientId, Config, Controller, Cost, Departure, Instant, Limits, OnUncertain,
    Reply, ScopeKind, ScopeSet, Verdict,
};

use crate::strategy::{Fate, Move, Strategy};

/// Paceline as a strategy: one client that all users of the world share.
#[derive(Debug)]
pub struct Paced {
    machine: Controller,
    scopes: ScopeSet,
}

impl Paced {
    /// A machine with one scope of these limits.
    #[must_use]
    pub fn new(config: Config, limits: Limits) -> Self {
        let mut machine = Controller::new(config);
        let scope = machine.scope(Instant::EPOCH, ScopeKind::Credential, "world");
        machine.set_limits(Instant::EPOCH, scope, limits).expect("the scope has just been interned");
        Self { machine, scopes: ScopeSet::one(scope) }
    }

    /// The machine itself, for observers.
    pub fn machine(&mut self) -> &mut Controller {
        &mut self.machine
    }
}

impl Strategy for Paced {
    fn submit(&mut self, now: Instant, id: CallId, is_repeatable: bool) {
        let on_uncertain = if is_repeatable { OnUncertain::Retry } else { OnUncertain::Hold };
        let client = ClientId(0);
        let call = Call { id, client, scopes: self.scopes, cost: Cost::ONE, deadline: None, on_uncertain };
        self.machine.try_submit(now, call).expect("a world has fewer users than the queue has room for");
    }

    fn poll(&mut self, now: Instant) -> Move {
        match self.machine.poll_departure(now) {
            Departure::Start { attempt, .. } => {
                self.machine.handle_sent(now, attempt);
                Move::Send(attempt)
            }
            Departure::WaitUntil { at, .. } => Move::Wait(Some(at)),
            Departure::Idle => Move::Wait(None),
            Departure::Ended { .. } => unreachable!("no call of a world has a deadline"),
        }
    }

    fn answered(&mut self, now: Instant, attempt: AttemptId, reply: &Reply) -> Fate {
        let verdict = self.machine.handle_reply(now, attempt, reply);
        self.machine.handle_done(now, attempt);
        match verdict {
            Verdict::Deliver => Fate::Delivered,
            Verdict::Retry => Fate::Again,
            Verdict::GiveUp(why) => Fate::GivenUp(why),
        }
    }
}
