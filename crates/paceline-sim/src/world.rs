//! Users, a network and a platform in virtual time: pop, advance, deliver, check.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use fastrand::Rng;
use paceline_core::headers::Published;
use paceline_core::{Answered, AttemptId, CallId, Cost, GiveUp, Instant, Reply};
use slab::Slab;

use crate::check::Law;
use crate::event_queue::EventQueue;
use crate::platform::{Ban, BulkCost, Ending, Fingerprint, Payload, Platform, Record, RetryAfter, Service};
use crate::scenario::{Arrivals, Scenario};
use crate::strategy::{Answer, Fate, Move, Strategy, Submission};

mod chance;
mod demand;
mod intake;
mod lanes;
mod run;
mod sockets;
mod strangers;
mod timeline;
mod witness;
mod workers;

use demand::Demand;
use intake::{Intake, Load};
use lanes::Lanes;
use sockets::Sockets;
use strangers::Strangers;
use witness::Witness;
use workers::Workers;

pub use run::{Run, Terms};
pub use timeline::{TENTH, Tenth, Timeline};

/// Plays `scenario` to its end with a client that `strategy` decides for. The same terms give the same run.
///
/// It stops when every record is delivered or given up, or at the limit of virtual time.
pub fn play(scenario: &Scenario, strategy: &mut dyn Strategy, terms: &Terms) -> Run {
    World::new(scenario, terms).play(strategy, Instant::EPOCH + terms.limit)
}

#[derive(Clone, Copy)]
enum Event {
    /// A user takes its next record in hand.
    Ready { user: u32 },
    /// A batch has waited long enough for company.
    Linger { lane: u32 },
    /// An attempt reaches the platform.
    Arrival(AttemptId),
    /// The platform is done with the attempt of this key.
    Sent(usize),
    /// The client sees what became of it.
    Seen(usize),
    /// Somebody else calls.
    Foreign,
    /// Somebody else has been served.
    ForeignDone(usize),
    /// The client asked to be woken.
    Wake,
}

/// What the platform does with an attempt, until the client has seen it.
struct Serving {
    attempt: AttemptId,
    service: Option<Service>,
    answer: Answer,
}

struct World<'a> {
    scenario: &'a Scenario,
    platform: Platform,
    events: EventQueue<Event>,
    rng: Rng,
    lanes: Lanes,
    demand: Demand,
    intake: Intake,
    workers: Workers,
    sockets: Sockets,
    strangers: Strangers,
    serving: Slab<Serving>,
    witness: Witness,
    given_up: BTreeMap<u64, GiveUp>,
    given_up_records: u64,
    finished: Instant,
    wake_at: Option<Instant>,
}

impl<'a> World<'a> {
    fn new(scenario: &'a Scenario, terms: &Terms) -> Self {
        let lanes = Lanes::new(scenario);
        Self {
            scenario,
            platform: Platform::new(scenario.platform.clone(), terms.seed),
            events: EventQueue::new(),
            rng: Rng::with_seed(terms.seed ^ NETWORK_SEED),
            demand: Demand::new(scenario),
            intake: Intake::new(scenario, terms, lanes.count()),
            lanes,
            workers: Workers::new(terms.workers),
            sockets: Sockets::default(),
            strangers: Strangers::new(scenario.foreign),
            serving: Slab::new(),
            witness: Witness::default(),
            given_up: BTreeMap::new(),
            given_up_records: 0,
            finished: Instant::EPOCH,
            wake_at: None,
        }
    }

    fn play(mut self, strategy: &mut dyn Strategy, until: Instant) -> Run {
        self.begin(strategy);
        let mut events = 0;
        while let Some((now, event)) = self.events.pop() {
            if now > until || self.is_through() {
                break;
            }
            events += 1;
            if self.happen(now, event, strategy) {
                self.move_client(now, strategy);
            }
        }
        self.judge(events)
    }

    fn begin(&mut self, strategy: &mut dyn Strategy) {
        let now = Instant::EPOCH;
        if let Some(gap) = self.strangers.gap(&mut self.rng) {
            self.events.schedule(now + gap, Event::Foreign);
        }
        match self.scenario.arrivals {
            Arrivals::Closed { users, .. } => {
                for user in 0..users.get() {
                    self.take_record(now, user, strategy);
                }
            }
            Arrivals::Open { .. } => self.take_record(now, 0, strategy),
        }
        self.move_client(now, strategy);
    }

    /// Lets an event happen. Returns whether the client was told something or asked to be woken.
    fn happen(&mut self, now: Instant, event: Event, strategy: &mut dyn Strategy) -> bool {
        match event {
            Event::Arrival(attempt) => self.arrive(now, attempt),
            Event::Sent(key) => self.send(now, key),
            Event::Seen(key) => {
                self.see(now, key, strategy);
                return true;
            }
            Event::Ready { user } => {
                self.take_record(now, user, strategy);
                return true;
            }
            Event::Linger { lane } => {
                if let Some(call) = self.intake.close_due(now, lane) {
                    self.submit(now, call, strategy);
                    return true;
                }
            }
            Event::Foreign => self.call_as_stranger(now),
            Event::ForeignDone(key) => self.strangers.done(now, key, &mut self.platform),
            Event::Wake => return self.wake_at == Some(now),
        }
        false
    }

    fn is_through(&self) -> bool {
        self.witness.deliveries() + self.given_up_records == self.scenario.records
    }

    fn take_record(&mut self, now: Instant, user: u32, strategy: &mut dyn Strategy) {
        let Some(record) = self.demand.take(now, user) else { return };
        if let Arrivals::Open { rate } = self.scenario.arrivals {
            let gap = chance::gap(rate, &mut self.rng);
            self.events.schedule(now + gap, Event::Ready { user: user.wrapping_add(1) });
        }
        let lane = self.lanes.of(user, record);
        if let Some(call) = self.intake.push(now, record, lane) {
            self.submit(now, call, strategy);
        }
        if let Some(due) = self.intake.newly_due(lane) {
            self.events.schedule(due, Event::Linger { lane });
        }
    }

    fn submit(&mut self, now: Instant, call: CallId, strategy: &mut dyn Strategy) {
        if let Some(call) = self.workers.take_on(call) {
            self.hand_over(now, call, strategy);
        }
    }

    fn hand_over(&mut self, now: Instant, call: CallId, strategy: &mut dyn Strategy) {
        let load = self.intake.load(call);
        let items = u32::try_from(load.len()).unwrap_or(u32::MAX);
        let cost = match self.scenario.platform.bulk_cost {
            BulkCost::Call => Cost::ONE,
            BulkCost::Item => NonZeroU32::new(items).map_or(Cost::ONE, Cost),
        };
        let lane = self.lanes.lane(self.lane_of(call));
        strategy.submit(now, &Submission { call, lane, cost, is_repeatable: self.scenario.is_repeatable });
    }

    fn lane_of(&self, call: CallId) -> u32 {
        let first = self.intake.load(call).nth(0);
        self.lanes.of(self.demand.user_of(first), first)
    }

    fn move_client(&mut self, now: Instant, strategy: &mut dyn Strategy) {
        loop {
            match strategy.poll(now) {
                Move::Send(attempt) => {
                    let mut way = self.scenario.uplink.sample(&mut self.rng);
                    if self.sockets.take() {
                        self.platform.connection_opened();
                        way += self.scenario.uplink.sample(&mut self.rng);
                        way += self.scenario.downlink.sample(&mut self.rng);
                    }
                    self.events.schedule(now + way, Event::Arrival(attempt));
                }
                Move::Wait(at) => {
                    if let Some(at) = at.filter(|&at| self.wake_at != Some(at)) {
                        self.events.schedule(at, Event::Wake);
                    }
                    self.wake_at = at;
                    return;
                }
            }
        }
    }

    fn arrive(&mut self, now: Instant, attempt: AttemptId) {
        let lane = self.lane_of(attempt.call);
        let mut request = self.lanes.request(lane, Payload::Nothing);
        let load = self.intake.load(attempt.call);
        request.body_bytes = load.len() as u64 * u64::from(self.scenario.record_bytes);
        request.idempotency_key = self.scenario.is_repeatable.then(|| Fingerprint::number(attempt.call.0));
        let service = match load {
            Load::One(record) => {
                request.payload = Payload::One(Record::sound(Fingerprint::number(record)));
                self.platform.arrive(now, &request)
            }
            Load::Many(records) => {
                let records: Vec<Record> =
                    records.iter().map(|&record| Record::sound(Fingerprint::number(record))).collect();
                request.payload = Payload::Bulk(&records);
                self.platform.arrive(now, &request)
            }
        };
        load.for_each(|record| self.witness.look(record, &self.platform));
        self.witness.arrived(now, self.lanes.keys(lane), &service);
        let at = service.at;
        let key =
            self.serving.insert(Serving { attempt, service: Some(service), answer: Reply::Lost.into() });
        self.events.schedule(at, Event::Sent(key));
    }

    fn send(&mut self, now: Instant, key: usize) {
        let serving = &mut self.serving[key];
        let Service { ending, ticket, .. } = serving.service.take().expect("a reply is sent once");
        self.platform.finish(now, ticket);
        let mut seen = now + self.scenario.downlink.sample(&mut self.rng);
        match ending {
            Ending::Reply(reply) => {
                let retry_after = reply.retry_after.and_then(RetryAfter::told);
                let published = reply.published.map_or(Published::NONE, |quota| quota.as_read());
                let answered = Answered { retry_after, published, ..Answered::status(reply.status) };
                serving.answer = Answer {
                    reply: Reply::Answered(answered),
                    retry_after: reply.retry_after,
                    clock_behind: self.scenario.platform.clock_behind,
                };
            }
            Ending::NoReply => seen = seen + CLIENT_TIMEOUT,
            Ending::ResetBefore | Ending::ResetAfter | Ending::Truncated(_) => {}
        }
        self.events.schedule(seen, Event::Seen(key));
    }

    fn see(&mut self, now: Instant, key: usize, strategy: &mut dyn Strategy) {
        let Serving { attempt, answer, .. } = self.serving.remove(key);
        let is_read = match answer.status() {
            None => false,
            Some(200..=299) => true,
            Some(_) => !strategy.leaves_bodies_unread(),
        };
        self.sockets.give_back(is_read);
        let load = self.intake.load(attempt.call);
        match strategy.answered(now, attempt, &answer) {
            Fate::Again => return,
            Fate::Delivered => load.for_each(|record| {
                self.witness.delivered(record, now.saturating_since(self.demand.since(record)));
            }),
            Fate::GivenUp(why) => {
                self.given_up.insert(attempt.call.0, why);
                self.given_up_records += load.len() as u64;
            }
        }
        self.finished = now;
        if let Some(next) = self.workers.free() {
            self.hand_over(now, next, strategy);
        }
        self.free_users(now, attempt.call, strategy);
    }

    /// The users whose records a call carried think, and take their next ones.
    fn free_users(&mut self, now: Instant, call: CallId, strategy: &mut dyn Strategy) {
        let Arrivals::Closed { think, .. } = self.scenario.arrivals else { return };
        for at in 0..self.intake.load(call).len() {
            let user = self.demand.user_of(self.intake.load(call).nth(at));
            if think.longest().is_zero() {
                self.take_record(now, user, strategy);
            } else {
                let ready = now + think.sample(&mut self.rng);
                self.events.schedule(ready, Event::Ready { user });
            }
        }
    }

    fn call_as_stranger(&mut self, now: Instant) {
        let request = self.lanes.request(0, Payload::Nothing);
        let (at, ticket) = self.platform.arrive_foreign(now, &request);
        let key = self.strangers.keep(ticket);
        self.events.schedule(at, Event::ForeignDone(key));
        if let Some(gap) = self.strangers.gap(&mut self.rng) {
            self.events.schedule(now + gap, Event::Foreign);
        }
    }

    fn judge(self, events: u64) -> Run {
        let latency = self.scenario.platform.latency.longest();
        let law = Law { excuse: EXCUSE + latency + self.scenario.uplink.longest(), ban: BAN };
        let delivered = self.witness.deliveries();
        let mut reported = Vec::new();
        for &call in self.given_up.keys() {
            self.intake.load(CallId(call)).for_each(|record| reported.push(Fingerprint::number(record)));
        }
        let (findings, times_to_success, timeline) = self.witness.judge(&reported, &law);
        Run {
            stats: self.platform.stats(),
            findings,
            delivered,
            unfinished: self.scenario.records - delivered - self.given_up_records,
            given_up: self.given_up,
            given_up_records: self.given_up_records,
            finished: self.finished,
            times_to_success,
            timeline,
            events,
        }
    }
}

/// Sets the network's chance apart from the platform's.
const NETWORK_SEED: u64 = 0x6e65_7477_6f72_6b00;
/// After which a client takes a reply for lost.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(60);
/// What arrives so soon after a wait was told, beyond the greatest latency, was in flight then.
const EXCUSE: Duration = Duration::from_millis(250);
/// What a client that comes early risks: 20 times within a minute, by the facts of a large platform.
const BAN: Ban = Ban {
    early_returns: NonZeroU32::new(20).expect("20 is not 0"),
    within: Duration::from_secs(60),
    lasts: Duration::from_secs(60),
};
