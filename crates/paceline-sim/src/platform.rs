//! The modelled API: a request in, what becomes of it out. Sans-IO.
//!
//! The order of the questions a request meets: is the platform there (outage), is the credential known (401),
//! is the client shut out or back early (403), do all limits grant (429), can the body be taken (413), was it
//! answered before (replay), and only then the records themselves. Faults strike what was admitted.

use std::time::Duration;

use paceline_core::Instant;
use paceline_core::headers::QuotaUnit;

mod application;
mod change;
mod config;
mod fault;
mod fingerprint;
mod latency;
mod ledger;
mod limiter;
mod limits;
mod penalty;
mod pressure;
mod published;
mod rate;
mod replays;
mod reply;
mod request;
mod retry_after;
mod service;
mod stats;

pub use change::{Change, Course};
pub use config::{BulkCost, LimitConfig, PlatformConfig};
pub use fault::{Fault, FaultKind, Outage, OutageKind, ServerError, Trigger};
pub use fingerprint::Fingerprint;
pub use latency::LatencyRange;
pub use limiter::LimiterKind;
pub use limits::Refuser;
pub use penalty::Ban;
pub use published::{PublishedForm, PublishedQuota};
pub use rate::Rate;
pub use reply::{Body, ItemResult, Problem, Reply};
pub use request::{Nature, Payload, Record, Request};
pub use retry_after::{RetryAfter, RetryAfterForm};
pub use service::{Ending, Service, Ticket};
pub use stats::Stats;

use application::Application;
use fault::Faults;
use limits::{Admission, Limits};
use penalty::{ClientIndex, Penalties};
use pressure::Pressure;
use service::Wait;
use stats::Tally;

/// A modelled platform.
///
/// The contract:
/// - [`Platform::arrive`] takes a request when it reaches the platform and says what happens and when; the
///   caller makes it happen then.
/// - [`Platform::finish`] takes the ticket back when the ending has happened, [`Platform::abandon`] when the
///   client left before it; until then the request holds its slots. A wait is told when its reply is sent, so a
///   busy caller that sends late blames nobody.
/// - Instants count from the platform's epoch. One that lies before an earlier one is taken as that earlier one.
/// - The same seed, requests and instants give the same services.
/// - Memory grows with distinct records, idempotency keys, credentials and limit keys, never with calls.
#[derive(Debug)]
pub struct Platform {
    config: PlatformConfig,
    rng: fastrand::Rng,
    now: Instant,
    limits: Limits,
    penalties: Penalties,
    pressure: Pressure,
    faults: Faults,
    application: Application,
    tally: Tally,
    /// How many of the changes have happened.
    changed: usize,
}

impl Platform {
    /// A platform on which nothing has happened yet; its epoch is [`Instant::EPOCH`].
    #[must_use]
    pub fn new(mut config: PlatformConfig, seed: u64) -> Self {
        config.changes.sort_by_key(|change| change.at);
        let longest = config.latency.longest();
        let longest_nanos = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX);
        Self {
            rng: fastrand::Rng::with_seed(seed),
            now: Instant::EPOCH,
            limits: Limits::new(&config.limits, longest_nanos),
            penalties: Penalties::new(config.ban, longest),
            pressure: Pressure::default(),
            faults: Faults::new(config.faults.clone(), config.outages.clone()),
            application: Application::new(config.body_limit),
            tally: Tally::default(),
            changed: 0,
            config,
        }
    }

    /// A request reaches the platform.
    pub fn arrive(&mut self, now: Instant, request: &Request<'_>) -> Service {
        let now = self.advance(now);
        self.tally.arrived(now);
        let due = now + self.config.latency.sample(&mut self.rng);
        if let Some(kind) = self.faults.outage(now) {
            self.tally.stats.unavailable += 1;
            return Service::turned_away(due, Ending::of_outage(kind));
        }
        if self.config.expected_credential.is_some_and(|expected| expected != request.credential) {
            self.tally.stats.unauthorized += 1;
            return Service::problem(due, Problem::Unauthorized);
        }
        let client = self.penalties.client(request.credential);
        self.limits.turn_to(request);
        let standing = self.penalties.judge(now, client, self.limits.keys());
        self.tally.stats.early_returns += u64::from(standing.early);
        let service = if standing.banned {
            self.tally.stats.banned += 1;
            Service::problem(due, Problem::Banned)
        } else {
            self.admit(now, due, client, request)
        };
        Service { early: standing.early, ..service }
    }

    /// A call of somebody else on the same limits: it takes from them, and is in none of the counts. Says when it is
    /// served; its ticket is handed back like any other.
    pub fn arrive_foreign(&mut self, now: Instant, request: &Request<'_>) -> (Instant, Ticket) {
        let now = self.advance(now);
        let due = now + self.config.latency.sample(&mut self.rng);
        if self.faults.outage(now).is_some() {
            return (due, Ticket::default());
        }
        self.limits.turn_to(request);
        match self.limits.admit(now.as_nanos(), 1) {
            Admission::Granted { delay, slots } => {
                self.tally.foreign_cost += 1;
                (due + Duration::from_nanos(delay), Ticket { slots, wait: None })
            }
            Admission::Refused { .. } | Admission::TooMuch => (due, Ticket::default()),
        }
    }

    /// The ending of a request has happened: its reply was sent, or its connection reset.
    pub fn finish(&mut self, now: Instant, ticket: Ticket) {
        if let Some(wait) = &ticket.wait {
            self.penalties.tell(wait.client, &wait.keys, now, wait.until);
        }
        self.release(ticket);
    }

    /// The client of a request left before its ending: it was told nothing.
    pub fn abandon(&mut self, ticket: Ticket) {
        self.release(ticket);
    }

    /// A client opened a connection.
    pub fn connection_opened(&mut self) {
        self.tally.stats.connections_opened += 1;
    }

    /// A client closed a connection while a reply was owed.
    pub fn connection_dropped(&mut self) {
        self.tally.stats.connections_dropped += 1;
    }

    /// How often a record was applied.
    #[must_use]
    pub fn times_applied(&self, identity: Fingerprint) -> u32 {
        self.application.ledger().times_applied(identity)
    }

    /// What happened so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let millis = |at: Instant| at.as_nanos() / 1_000_000;
        let oracle = self.oracle();
        Stats {
            replayed: self.application.replayed(),
            distinct: self.application.ledger().distinct(),
            duplicates: self.application.ledger().duplicates(),
            first_arrival_ms: self.tally.first_arrival.map(millis),
            last_accept_ms: self.tally.last_accept.map(millis),
            oracle,
            goodput_ratio: oracle.map(|oracle| ratio(self.tally.accepted_cost, oracle)),
            ..self.tally.stats.clone()
        }
    }

    fn release(&mut self, ticket: Ticket) {
        for slot in ticket.slots {
            self.limits.release(slot);
        }
    }

    fn advance(&mut self, now: Instant) -> Instant {
        self.now = self.now.max(now);
        while let Some(change) =
            self.config.changes.get(self.changed).filter(|change| change.is_due(self.now))
        {
            self.limits.change(change);
            self.changed += 1;
        }
        self.now
    }

    fn admit(&mut self, now: Instant, due: Instant, client: ClientIndex, request: &Request<'_>) -> Service {
        let cost = match self.config.bulk_cost {
            BulkCost::Call => 1,
            BulkCost::Item => request.payload.items(),
        };
        let admission = self.limits.admit(now.as_nanos(), cost);
        let published = self.publish(now);
        self.pressure.note(now, matches!(admission, Admission::Granted { .. }));
        match admission {
            Admission::Granted { delay, slots } => {
                self.tally.admitted_cost += u64::from(cost);
                let due = due + Duration::from_nanos(delay);
                let ticket = Ticket { slots, wait: None };
                self.serve(now, due, cost, request, published, ticket)
            }
            Admission::Refused { wait, by } => self.refuse(due, client, wait, by, published),
            Admission::TooMuch => {
                self.tally.stats.rejected += 1;
                Service::problem(due, Problem::TooCostly)
            }
        }
    }

    fn publish(&mut self, now: Instant) -> Option<PublishedQuota> {
        let form = self.config.published;
        if form == PublishedForm::Absent {
            return None;
        }
        let unit = match self.config.bulk_cost {
            BulkCost::Call => QuotaUnit::Requests,
            BulkCost::Item => QuotaUnit::Cost,
        };
        let (scope, standing) = self.limits.tightest(now.as_nanos())?;
        PublishedQuota::new(form, scope, unit, standing)
    }

    /// The wait is true from arrival; told from sending it is never too short.
    fn refuse(
        &mut self,
        due: Instant,
        client: ClientIndex,
        wait: u64,
        by: Refuser,
        published: Option<PublishedQuota>,
    ) -> Service {
        self.tally.stats.throttled += 1;
        let mut reply = Reply::new(429, Body::Refused(by));
        reply.published = published;
        let wait = Duration::from_nanos(wait);
        let sent = self.config.own_clock(self.config.epoch + due.saturating_since(Instant::EPOCH));
        reply.retry_after = self.config.retry_after.write(wait, sent, self.pressure.overload());
        let told_until = reply.retry_after.and_then(RetryAfter::told).map(|told| due + told);
        let wait = told_until.map(|until| Wait { client, keys: self.limits.refusing().to_vec(), until });
        let ticket = Ticket { slots: Vec::new(), wait };
        let refused_by = self.limits.refusing_places();
        Service { told_until, refused_by, ticket, ..Service::turned_away(due, Ending::Reply(reply)) }
    }

    fn serve(
        &mut self,
        now: Instant,
        due: Instant,
        cost: u32,
        request: &Request<'_>,
        published: Option<PublishedQuota>,
        ticket: Ticket,
    ) -> Service {
        let fault = self.faults.strike(&mut self.rng);
        self.tally.stats.faults += u64::from(fault.is_some());
        let (ending, at) = match fault {
            Some(FaultKind::ResetBefore) => (Ending::ResetBefore, due),
            Some(FaultKind::ErrorBefore(error)) => (Ending::of_error(error), due),
            _ => {
                let (mut reply, due) = self.application.answer(due, request, &mut self.rng);
                reply.published = published;
                self.tally.answered(now, reply.status, cost);
                Ending::of_reply(reply, due, fault)
            }
        };
        Service { ticket, admitted: true, ..Service::turned_away(at, ending) }
    }

    /// The minimum over the limits of what their keys could have admitted, and what did not fall under them.
    fn oracle(&self) -> Option<u64> {
        let first = self.tally.first_arrival?;
        let last = self.tally.last_accept.unwrap_or(first);
        let shortest = self.config.latency.shortest();
        let admitted = self.tally.admitted_cost + self.tally.foreign_cost;
        let bounds = (0..).zip(self.limits.admitted()).filter_map(|(place, (limit, keys))| {
            let (mut used, mut covered) = (0, 0);
            for admitted in keys.filter(|admitted| *admitted > 0) {
                used += 1;
                covered += admitted;
            }
            let course = Course::of(place, limit.kind, &self.config.changes);
            let each = crate::oracle::most(&course, first, last, shortest)?;
            Some(each.saturating_mul(used).saturating_add(admitted - covered))
        });
        bounds.min().map(|most| most.saturating_sub(self.tally.foreign_cost))
    }
}

#[expect(clippy::cast_precision_loss, reason = "a ratio needs no more than 52 bits of its parts")]
fn ratio(accepted: u64, oracle: u64) -> f64 {
    if oracle == 0 { 0.0 } else { accepted as f64 / oracle as f64 }
}
