//! What a platform does with a request that its limits let through.

use fastrand::Rng;
use paceline_core::Instant;

use crate::platform::ledger::Ledger;
use crate::platform::replays::{Replay, Replays};
use crate::platform::reply::{Body, ItemResult, Problem, Reply};
use crate::platform::request::{Nature, Payload, Record, Request};
use crate::platform::retry_after::RetryAfter;

/// Applies records, and answers repeated keys with their first reply. Knows nothing of limits and faults:
/// a reply that a fault eats is remembered like any other, as it would be behind a gateway that loses it.
#[derive(Debug)]
pub(crate) struct Application {
    body_limit: u64,
    ledger: Ledger,
    replays: Replays,
    replayed: u64,
}

impl Application {
    pub(crate) fn new(body_limit: u64) -> Self {
        Self { body_limit, ledger: Ledger::default(), replays: Replays::default(), replayed: 0 }
    }

    pub(crate) const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Calls answered with an earlier reply.
    pub(crate) const fn replayed(&self) -> u64 {
        self.replayed
    }

    /// The reply, and when it is due: at `due`, or after the reply that it repeats.
    pub(crate) fn answer(&mut self, due: Instant, request: &Request<'_>, rng: &mut Rng) -> (Reply, Instant) {
        if request.body_bytes > self.body_limit {
            return (Reply::problem(Problem::TooLarge), due);
        }
        let known = request.idempotency_key.and_then(|key| self.replays.recall(key, &request.payload));
        match known {
            Some(Replay::Again(reply, first_due)) => {
                self.replayed += 1;
                return (reply, due.max(first_due));
            }
            Some(Replay::OtherRecords) => return (Reply::problem(Problem::KeyReused), due),
            None => {}
        }
        let reply = self.apply(&request.payload, rng);
        if let Some(key) = request.idempotency_key.filter(|_| reply.is_accepted()) {
            self.replays.remember(key, &request.payload, &reply, due);
        }
        (reply, due)
    }

    fn apply(&mut self, payload: &Payload<'_>, rng: &mut Rng) -> Reply {
        match payload {
            Payload::Nothing => Reply::new(200, Body::Read),
            Payload::Malformed => Reply::problem(Problem::Malformed),
            Payload::One(record) => self.apply_alone(record),
            Payload::Bulk(records) => self.apply_bulk(records, rng),
        }
    }

    fn apply_alone(&mut self, record: &Record) -> Reply {
        let Some(problem) = self.apply_record(record) else { return Reply::new(201, Body::Applied) };
        let mut reply = Reply::problem(problem);
        if problem == Problem::TryLater {
            // Not the wait of a limit: nobody is judged by it.
            reply.retry_after = Some(RetryAfter::Seconds(1));
        }
        reply
    }

    fn apply_bulk(&mut self, records: &[Record], rng: &mut Rng) -> Reply {
        if records.iter().any(|record| record.nature == Nature::Poison) {
            return Reply::problem(Problem::Poison);
        }
        let mut items: Vec<ItemResult> = (0..)
            .zip(records)
            .map(|(index, record)| ItemResult { index, problem: self.apply_record(record) })
            .collect();
        // Clients must match results by id, never by position.
        rng.shuffle(&mut items);
        Reply::new(200, Body::Items(items))
    }

    fn apply_record(&mut self, record: &Record) -> Option<Problem> {
        match record.nature {
            Nature::Reject => return Some(Problem::Rejected),
            Nature::Poison => return Some(Problem::Poison),
            Nature::RetryOnce if self.ledger.fails_now(record.identity) => return Some(Problem::TryLater),
            Nature::RetryOnce | Nature::Sound => {}
        }
        self.ledger.apply(record.identity);
        None
    }
}
