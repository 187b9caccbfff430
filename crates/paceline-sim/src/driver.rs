//! The core in virtual time: the same machine as on tokio, driven by a world's clock.

use paceline_core::{
    AttemptId, Call, ClientId, Config, Controller, Departure, Instant, Limits, OnUncertain, Priority,
    ScopeId, ScopeKind, ScopeSet, Verdict, Weight,
};
use rustc_hash::FxHashMap;

use crate::strategy::{Answer, Fate, Lane, Move, Strategy, Submission};

/// Paceline as a strategy: one machine that all users of the world share.
#[derive(Debug)]
pub struct Paced {
    machine: Controller,
    /// The limits of the scopes that are told them.
    limits: Vec<(ScopeKind, Limits)>,
    /// Those that were interned, by kind and index.
    known: FxHashMap<(ScopeKind, u32), ScopeId>,
    scopes: FxHashMap<Lane, ScopeSet>,
}

impl Paced {
    /// A machine whose calls fall under the scope of their credential, with these limits.
    #[must_use]
    pub fn new(config: Config, limits: Limits) -> Self {
        Self::with_scopes(config, vec![(ScopeKind::Credential, limits)])
    }

    /// A machine whose calls fall under a scope of each of these kinds.
    ///
    /// # Panics
    /// With no kind.
    #[must_use]
    pub fn with_scopes(config: Config, limits: Vec<(ScopeKind, Limits)>) -> Self {
        assert!(!limits.is_empty(), "a call falls under at least one scope");
        Self {
            machine: Controller::new(config),
            limits,
            known: FxHashMap::default(),
            scopes: FxHashMap::default(),
        }
    }

    /// The machine itself, for observers.
    pub fn machine(&mut self) -> &mut Controller {
        &mut self.machine
    }

    fn scopes(&mut self, now: Instant, lane: Lane) -> ScopeSet {
        if let Some(&known) = self.scopes.get(&lane) {
            return known;
        }
        let ids: Vec<ScopeId> = (0..self.limits.len()).map(|at| self.scope(now, at, lane)).collect();
        let scopes = ids[1..].iter().fold(ScopeSet::one(ids[0]), |scopes, &id| scopes.with(id));
        self.scopes.insert(lane, scopes);
        scopes
    }

    fn scope(&mut self, now: Instant, at: usize, lane: Lane) -> ScopeId {
        let (kind, limits) = self.limits[at];
        let index = match kind {
            ScopeKind::Tenant => 0,
            ScopeKind::Credential => lane.credential,
            ScopeKind::Integration => lane.integration,
            ScopeKind::Endpoint => lane.endpoint,
        };
        let machine = &mut self.machine;
        *self.known.entry((kind, index)).or_insert_with(|| {
            let id = machine.scope(now, kind, &index.to_string());
            machine.set_limits(now, id, limits).expect("the scope has just been interned");
            id
        })
    }
}

impl Strategy for Paced {
    fn submit(&mut self, now: Instant, submission: &Submission) {
        let on_uncertain = if submission.is_repeatable { OnUncertain::Retry } else { OnUncertain::Hold };
        let call = Call {
            id: submission.call,
            client: ClientId(0),
            scopes: self.scopes(now, submission.lane),
            cost: submission.cost,
            weight: Weight::ONE,
            priority: Priority::Normal,
            deadline: None,
            on_uncertain,
        };
        self.machine.try_submit(now, call).expect("the queue has room for a world's users");
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

    fn answered(&mut self, now: Instant, attempt: AttemptId, answer: &Answer) -> Fate {
        let verdict = self.machine.handle_reply(now, attempt, &answer.reply);
        self.machine.handle_done(now, attempt);
        match verdict {
            Verdict::Deliver => Fate::Delivered,
            Verdict::Retry => Fate::Again,
            Verdict::GiveUp(why) => Fate::GivenUp(why),
        }
    }
}
