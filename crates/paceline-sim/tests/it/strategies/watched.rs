//! A strategy as the measured servers saw their clients: record by record.

use std::time::Duration;

use paceline_core::{AttemptId, CallId, Instant, Reply};
use paceline_sim::scenario::Scenario;
use paceline_sim::strategy::{Answer, Fate, Move, Strategy, Submission};
use paceline_sim::world::{self, Run, Terms};
use rustc_hash::FxHashMap;

use super::client;

/// What came of a run, and what only its client's calls show.
pub(crate) struct Played {
    pub(crate) run: Run,
    /// Attempts sent before the wait that their own call was told had passed.
    pub(crate) early_records: u64,
    /// From a record's first attempt to its last; ascending.
    pub(crate) waits: Vec<Duration>,
}

/// Plays a scenario with the strategy of that name, to its end or until the limit.
pub(crate) fn play(name: &str, scenario: &Scenario, terms: &Terms) -> Played {
    let calls = FxHashMap::default();
    let mut watched = Watched { inner: client(name, terms.seed), calls, early_records: 0, waits: Vec::new() };
    let run = world::play(scenario, &mut watched, terms);
    watched.waits.sort_unstable();
    Played { run, early_records: watched.early_records, waits: watched.waits }
}

impl Played {
    /// From the first arrival to the last accept, in seconds.
    pub(crate) fn seconds(&self) -> f64 {
        let stats = &self.run.stats;
        let span = stats.last_accept_ms.unwrap() - stats.first_arrival_ms.unwrap();
        Duration::from_millis(span).as_secs_f64()
    }

    /// Refusals per 1,000 accepted.
    pub(crate) fn waste(&self) -> f64 {
        1_000.0 * self.run.stats.throttled as f64 / self.run.stats.accepted as f64
    }

    /// The wait that 99 of 100 records do not exceed, in seconds.
    pub(crate) fn wait_p99(&self) -> f64 {
        self.waits[self.waits.len() * 99 / 100].as_secs_f64()
    }

    /// Calls of the client before any wait told to it had passed.
    pub(crate) fn early_returns(&self) -> f64 {
        self.run.findings.early_returns.len() as f64
    }
}

struct Watched {
    inner: Box<dyn Strategy>,
    calls: FxHashMap<CallId, Seen>,
    early_records: u64,
    waits: Vec<Duration>,
}

struct Seen {
    first: Instant,
    last: Instant,
    told: Instant,
}

impl Strategy for Watched {
    fn submit(&mut self, now: Instant, submission: &Submission) {
        self.inner.submit(now, submission);
    }

    fn poll(&mut self, now: Instant) -> Move {
        let next = self.inner.poll(now);
        if let Move::Send(attempt) = next {
            let fresh = || Seen { first: now, last: now, told: now };
            let seen = self.calls.entry(attempt.call).or_insert_with(fresh);
            seen.last = now;
            self.early_records += u64::from(now < seen.told);
        }
        next
    }

    fn answered(&mut self, now: Instant, attempt: AttemptId, answer: &Answer) -> Fate {
        let seen = self.calls.get_mut(&attempt.call).expect("what is answered was sent");
        if let Reply::Answered(answered) = &answer.reply
            && let Some(wait) = answered.retry_after
        {
            seen.told = now + wait;
        }
        let fate = self.inner.answered(now, attempt, answer);
        if fate == Fate::Delivered {
            self.waits.push(seen.last.saturating_since(seen.first));
        }
        fate
    }

    /// The measured clients read every body, also those that otherwise did what forums say.
    fn leaves_bodies_unread(&self) -> bool {
        false
    }
}
