//! Stand-in until the machine lands.
#![expect(missing_docs, unused_variables, clippy::pedantic, reason = "a stand-in")]

use std::collections::VecDeque;
use std::time::Duration;

use rustc_hash::FxHashMap;

use crate::call::{AttemptId, Call, CallId};
use crate::event::Event;
use crate::gate::{Gate, GateCause};
use crate::outcome::{GiveUp, Outcome, Verdict};
use crate::reply::Reply;
use crate::scope::{ScopeId, ScopeKind};
use crate::time::{Instant, WallTime};

#[derive(Clone, Debug)]
pub struct Config {
    pub seed: u64,
    pub max_waiting: usize,
    pub max_attempts: u32,
}
impl Default for Config {
    fn default() -> Self {
        Self { seed: 1, max_waiting: 100_000, max_attempts: 5 }
    }
}
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    pub in_flight: Option<u32>,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueFull;
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitReason {
    Gate(ScopeId),
}
#[derive(Clone, Debug, Default)]
pub struct Snapshot;
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Departure {
    Start { call: CallId, attempt: AttemptId },
    Ended { call: CallId, why: GiveUp },
    WaitUntil { at: Instant, reason: WaitReason },
    Idle,
}
#[derive(Debug)]
struct Scope {
    kind: ScopeKind,
    name: String,
    gate: Gate,
    limits: Limits,
    in_flight: u32,
}
#[derive(Debug)]
pub struct Controller {
    config: Config,
    scopes: Vec<Scope>,
    queue: VecDeque<(Call, u32)>,
    flying: FxHashMap<AttemptId, (Call, bool)>,
    ended: VecDeque<(CallId, GiveUp)>,
    events: VecDeque<Event>,
}
impl Controller {
    pub fn new(config: Config) -> Self {
        Self {
            config,
            scopes: vec![],
            queue: VecDeque::new(),
            flying: FxHashMap::default(),
            ended: VecDeque::new(),
            events: VecDeque::new(),
        }
    }
    pub fn scope(&mut self, now: Instant, kind: ScopeKind, name: &str) -> ScopeId {
        let at = self.scopes.iter().position(|s| s.kind == kind && s.name == name).unwrap_or_else(|| {
            self.scopes.push(Scope {
                kind,
                name: name.into(),
                gate: Gate::open(),
                limits: Limits::default(),
                in_flight: 0,
            });
            self.scopes.len() - 1
        });
        ScopeId(u32::try_from(at).expect("few"))
    }
    pub fn set_limits(&mut self, now: Instant, scope: ScopeId, limits: Limits) {
        self.scopes[scope.0 as usize].limits = limits;
    }
    pub fn try_submit(&mut self, now: Instant, call: Call) -> Result<(), QueueFull> {
        if self.queue.len() >= self.config.max_waiting {
            return Err(QueueFull);
        }
        self.queue.push_back((call, 1));
        Ok(())
    }
    pub fn poll_departure(&mut self, now: Instant) -> Departure {
        if let Some((call, why)) = self.ended.pop_front() {
            return Departure::Ended { call, why };
        }
        if let Some(i) = self.queue.iter().position(|(c, _)| c.deadline.is_some_and(|d| d <= now)) {
            let (c, _) = self.queue.remove(i).expect("there");
            return Departure::Ended { call: c.id, why: GiveUp::Expired };
        }
        let mut next = None;
        for i in 0..self.queue.len() {
            let (call, number) = self.queue[i];
            let ids = call.scopes.as_slice();
            if let Some(at) = ids
                .iter()
                .filter(|s| self.scopes[s.0 as usize].gate.is_closed(now))
                .map(|s| self.scopes[s.0 as usize].gate.opens_at())
                .max()
            {
                next = Some(next.map_or(at, |n: Instant| n.min(at)));
                continue;
            }
            if ids.iter().any(|s| {
                let s = &self.scopes[s.0 as usize];
                s.limits.in_flight.is_some_and(|m| s.in_flight >= m)
            }) {
                continue;
            }
            self.queue.remove(i);
            for s in ids {
                self.scopes[s.0 as usize].in_flight += 1;
            }
            let attempt = AttemptId { call: call.id, number };
            self.flying.insert(attempt, (call, false));
            self.events.push_back(Event::Departed { attempt, at: now });
            return Departure::Start { call: call.id, attempt };
        }
        let deadline = self.queue.iter().filter_map(|(c, _)| c.deadline).min();
        match [next, deadline].into_iter().flatten().min() {
            Some(at) => Departure::WaitUntil { at, reason: WaitReason::Gate(ScopeId(0)) },
            None => Departure::Idle,
        }
    }
    pub fn handle_sent(&mut self, now: Instant, attempt: AttemptId) {
        if let Some(f) = self.flying.get_mut(&attempt) {
            f.1 = true;
        }
    }
    pub fn handle_reply(&mut self, now: Instant, attempt: AttemptId, reply: &Reply) -> Verdict {
        let Some((call, _)) = self.flying.get(&attempt).copied() else {
            return Verdict::GiveUp(GiveUp::Cancelled);
        };
        let outcome = Outcome::of(reply, false);
        self.events.push_back(Event::Answered { attempt, outcome });
        match outcome {
            Outcome::Accepted => return Verdict::Deliver,
            Outcome::Rejected => return Verdict::GiveUp(GiveUp::Rejected),
            Outcome::Banned => unreachable!(),
            Outcome::Throttled | Outcome::Overloaded => {
                let wait = match reply {
                    Reply::Answered(a) => a.retry_after.unwrap_or(Duration::from_secs(1)),
                    _ => Duration::from_secs(1),
                };
                self.close(now + wait, &call, GateCause::RetryAfter);
            }
            Outcome::Unauthorized => self.close(Instant::FAR_FUTURE, &call, GateCause::Unauthorized),
            Outcome::Uncertain if call.on_uncertain == crate::OnUncertain::Hold => {
                return Verdict::GiveUp(GiveUp::InDoubt);
            }
            Outcome::Uncertain | Outcome::Transient if attempt.number >= self.config.max_attempts => {
                return Verdict::GiveUp(GiveUp::Exhausted);
            }
            Outcome::Uncertain | Outcome::Transient => {}
        }
        self.queue.push_front((call, attempt.number + 1));
        Verdict::Retry
    }
    fn close(&mut self, until: Instant, call: &Call, cause: GateCause) {
        let scope = call.scopes.as_slice()[0];
        if self.scopes[scope.0 as usize].gate.close(until, cause) {
            self.events.push_back(Event::GateClosed { scope, until, cause });
        }
    }
    pub fn handle_done(&mut self, now: Instant, attempt: AttemptId) {
        if let Some((call, _)) = self.flying.remove(&attempt) {
            for s in call.scopes.as_slice() {
                self.scopes[s.0 as usize].in_flight -= 1;
            }
        }
    }
    pub fn handle_cancel(&mut self, now: Instant, call: CallId) {
        self.queue.retain(|(c, _)| c.id != call);
        let unsent: Vec<_> =
            self.flying.iter().filter(|(a, f)| a.call == call && !f.1).map(|(a, _)| *a).collect();
        for attempt in unsent {
            self.handle_done(now, attempt);
        }
        self.ended.push_back((call, GiveUp::Cancelled));
    }
    pub fn forecast(&self, now: Instant, call: CallId) -> Option<Instant> {
        self.queue.iter().find(|(c, _)| c.id == call).map(|_| now)
    }
    pub fn snapshot(&self, now: Instant, wall: WallTime) -> Snapshot {
        Snapshot
    }
    pub fn restore(&mut self, now: Instant, wall: WallTime, snapshot: &Snapshot) {}
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }
    pub fn scope_name(&self, id: ScopeId) -> Option<(ScopeKind, &str)> {
        self.scopes.get(id.0 as usize).map(|s| (s.kind, &*s.name))
    }
    pub fn reopen(&mut self, now: Instant, scope: ScopeId) {
        self.scopes[scope.0 as usize].gate.reset();
    }
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }
    pub fn in_flight(&self) -> usize {
        self.flying.len()
    }
}
