//! Users, a network and a platform in virtual time: pop, advance, deliver, check.

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;
use paceline_core::{Answered, AttemptId, CallId, GiveUp, Instant, Reply};

use crate::check::{self, Findings, Sighting};
use crate::event_queue::EventQueue;
use crate::platform::{
    Ending, Fingerprint, Payload, Platform, Record, Request, RetryAfter, Service, Stats, Ticket,
};
use crate::scenario::Scenario;
use crate::strategy::{Fate, Move, Strategy};

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Run {
    /// What the platform saw.
    pub stats: Stats,
    /// What it did wrong.
    pub findings: Findings,
    /// Records whose users were served.
    pub delivered: u64,
    /// Records given up, and why.
    pub given_up: BTreeMap<u64, GiveUp>,
    /// When the last user was served.
    pub finished: Instant,
    /// How many events it took.
    pub events: u64,
}

/// Plays `scenario` to its end with a client that `strategy` decides for. The same seed gives the same run.
///
/// It stops when every record is delivered or given up, or after `limit` of virtual time; what is not
/// delivered by then is in [`Findings::lost`].
pub fn play(scenario: &Scenario, strategy: &mut dyn Strategy, seed: u64, limit: Duration) -> Run {
    World::new(scenario, seed).play(strategy, Instant::EPOCH + limit)
}

enum Event {
    Arrival(AttemptId),
    /// The platform is done with it.
    Sent(Box<Sent>),
    /// The client sees what became of it.
    Seen(AttemptId, Reply),
    Wake,
}

struct Sent {
    attempt: AttemptId,
    ending: Ending,
    ticket: Ticket,
}

struct World<'a> {
    scenario: &'a Scenario,
    platform: Platform,
    events: EventQueue<Event>,
    rng: Rng,
    sightings: Vec<Sighting>,
    next_record: u64,
    delivered: u64,
    given_up: BTreeMap<u64, GiveUp>,
    finished: Instant,
    wake_at: Option<Instant>,
}

impl<'a> World<'a> {
    fn new(scenario: &'a Scenario, seed: u64) -> Self {
        Self {
            scenario,
            platform: Platform::new(scenario.platform.clone(), seed),
            events: EventQueue::new(),
            rng: Rng::with_seed(seed ^ NETWORK_SEED),
            sightings: Vec::new(),
            next_record: 0,
            delivered: 0,
            given_up: BTreeMap::new(),
            finished: Instant::EPOCH,
            wake_at: None,
        }
    }

    fn play(mut self, strategy: &mut dyn Strategy, until: Instant) -> Run {
        for _ in 0..self.scenario.users.get() {
            self.take_next_record(Instant::EPOCH, strategy);
        }
        self.move_client(Instant::EPOCH, strategy);
        let mut events = 0;
        while let Some((now, event)) = self.events.pop() {
            if now > until || self.is_through() {
                break;
            }
            events += 1;
            match event {
                Event::Arrival(attempt) => self.arrive(now, attempt),
                Event::Sent(sent) => self.send(now, *sent),
                Event::Seen(attempt, reply) => {
                    self.see(now, strategy, attempt, &reply);
                    self.move_client(now, strategy);
                }
                Event::Wake if self.wake_at == Some(now) => self.move_client(now, strategy),
                Event::Wake => {}
            }
        }
        self.judge(events)
    }

    fn is_through(&self) -> bool {
        self.delivered + self.given_up.len() as u64 == self.scenario.records
    }

    fn take_next_record(&mut self, now: Instant, strategy: &mut dyn Strategy) {
        if self.next_record < self.scenario.records {
            strategy.submit(now, CallId(self.next_record), self.scenario.is_repeatable);
            self.next_record += 1;
        }
    }

    fn move_client(&mut self, now: Instant, strategy: &mut dyn Strategy) {
        loop {
            match strategy.poll(now) {
                Move::Send(attempt) => {
                    let arrives = now + self.scenario.uplink.sample(&mut self.rng);
                    self.events.schedule(arrives, Event::Arrival(attempt));
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
        let identity = Fingerprint::number(attempt.call.0);
        let client = Fingerprint::default();
        self.sightings.push(Sighting::Arrived { at: now, client, limit: client });
        let mut request = Request::bare(Payload::One(Record::sound(identity)));
        request.idempotency_key = self.scenario.is_repeatable.then_some(identity);
        let before = self.platform.times_applied(identity);
        let Service { at, ending, told_until, ticket, .. } = self.platform.arrive(now, &request);
        if self.platform.times_applied(identity) > before {
            self.sightings.push(Sighting::Applied { identity });
        }
        if let Some(until) = told_until {
            self.sightings.push(Sighting::Told { sent: at, client, limit: client, until });
        }
        self.events.schedule(at, Event::Sent(Box::new(Sent { attempt, ending, ticket })));
    }

    fn send(&mut self, now: Instant, sent: Sent) {
        self.platform.finish(now, sent.ticket);
        let seen = now + self.scenario.downlink.sample(&mut self.rng);
        let (seen, reply) = match sent.ending {
            Ending::Reply(reply) => {
                let retry_after = reply.retry_after.and_then(RetryAfter::told);
                let answered = Answered { retry_after, ..Answered::status(reply.status) };
                (seen, Reply::Answered(answered))
            }
            Ending::NoReply => (seen + CLIENT_TIMEOUT, Reply::Lost),
            Ending::ResetBefore | Ending::ResetAfter | Ending::Truncated(_) => (seen, Reply::Lost),
        };
        self.events.schedule(seen, Event::Seen(sent.attempt, reply));
    }

    fn see(&mut self, now: Instant, strategy: &mut dyn Strategy, attempt: AttemptId, reply: &Reply) {
        match strategy.answered(now, attempt, reply) {
            Fate::Again => return,
            Fate::Delivered => self.delivered += 1,
            Fate::GivenUp(why) => drop(self.given_up.insert(attempt.call.0, why)),
        }
        self.finished = now;
        self.take_next_record(now, strategy);
    }

    fn judge(self, events: u64) -> Run {
        let handed_in: Vec<Fingerprint> = (0..self.scenario.records).map(Fingerprint::number).collect();
        let reported: Vec<Fingerprint> =
            self.given_up.keys().map(|&record| Fingerprint::number(record)).collect();
        let excuse = EXCUSE + self.scenario.platform.latency.longest() + self.scenario.uplink.longest();
        Run {
            stats: self.platform.stats(),
            findings: check::judge(&self.sightings, &handed_in, &reported, excuse),
            delivered: self.delivered,
            given_up: self.given_up,
            finished: self.finished,
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
