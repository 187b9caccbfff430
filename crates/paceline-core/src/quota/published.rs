//! The shadow of what a platform publishes about a scope: the pacer while it is true and fresh.
//!
//! Its law: no more departs than the platform said is left, less what may have been handled since it said so
//! ([`Frontier`](frontier::Frontier)). That holds for windows, buckets, logs and counters alike, without knowing which it
//! is; what differs is when there is more, and how fast to spend it ([`Policy`](policy::Policy)). Limits on bytes are not
//! shadowed: the machine does not know the size of a call.

mod frontier;
mod ledger;
mod policy;
mod recovery;
mod silent;

use std::collections::VecDeque;
use std::time::Duration;

use crate::call::Cost;
use crate::headers::{PublishedLimit, QuotaUnit};
use crate::learn::Quota;
use crate::limits::Limits;
use crate::quota::{Rate, TokenBucket};
use crate::time::Instant;
use policy::{Budget, Flow, Policy};

/// All that a scope's replies publish.
#[derive(Clone, Debug)]
pub(crate) struct PublishedShadow {
    policies: Vec<Policy>,
    /// Slots, where they are published.
    slots: Option<u64>,
    requests: Tally,
    costs: Tally,
    round_trip: Option<Duration>,
    /// Answers in a row that published nothing.
    silent: u32,
    believed_from: Instant,
    doubts: u32,
    /// The last departure, or when it was due if it was a little late.
    departed_at: Instant,
    ceiling: Option<TokenBucket>,
    /// The share of each limit that may be used.
    share: f64,
}

/// Units of attempts, in one unit.
#[derive(Clone, Debug, Default)]
struct Tally {
    answered: u64,
    unanswered: u64,
    /// Until when how many were answered.
    log: VecDeque<(Instant, u64)>,
}

/// What the published limits of a scope say to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    /// It may depart.
    Now,
    /// It may depart at that instant, strictly later.
    At(Instant),
    /// Only an answer can tell.
    AfterAnswer,
}

impl PublishedShadow {
    pub(crate) fn new(limits: &Limits) -> Self {
        let mut shadow = Self {
            policies: Vec::new(),
            slots: None,
            requests: Tally::default(),
            costs: Tally::default(),
            round_trip: None,
            silent: 0,
            believed_from: Instant::EPOCH,
            doubts: 0,
            departed_at: Instant::EPOCH,
            ceiling: None,
            share: 1.0,
        };
        shadow.set_limits(limits);
        shadow
    }

    pub(crate) fn set_limits(&mut self, limits: &Limits) {
        self.share = limits.reserve.rest();
        self.ceiling = limits.ceiling.map(|ceiling| {
            let rate = ceiling.scaled(self.share);
            TokenBucket::full(rate, super::least_burst(rate))
        });
    }

    /// Whether it is the pacer: something is published, and it is true.
    pub(crate) fn is_active(&self, now: Instant) -> bool {
        !(self.policies.is_empty() && self.slots.is_none())
            && self.silent < MOST_SILENT
            && now >= self.believed_from
    }

    pub(crate) fn grant(&self, now: Instant, cost: Cost) -> Grant {
        if self.slots.is_some_and(|slots| self.requests.unanswered >= slots) {
            return Grant::AfterAnswer;
        }
        let mut earliest = self.ceiling.map_or(now, |ceiling| ceiling.ready_at(cost));
        for policy in &self.policies {
            match policy.budget(now, cost, &self.flow(policy.unit)) {
                Budget::Left(pace) => {
                    earliest = earliest.max(self.departed_at + span(policy.units(cost), pace))
                }
                Budget::From(at) => earliest = earliest.max(at),
                Budget::Unknown => return Grant::AfterAnswer,
            }
        }
        if earliest > now { Grant::At(earliest) } else { Grant::Now }
    }

    pub(crate) fn depart(&mut self, now: Instant, cost: Cost) {
        if let Some(ceiling) = &mut self.ceiling {
            ceiling.take(now, cost);
        }
        let mut slot = Duration::ZERO;
        for at in 0..self.policies.len() {
            let flow = self.flow(self.policies[at].unit);
            let policy = &mut self.policies[at];
            if let Budget::Left(pace) = policy.budget(now, cost, &flow) {
                slot = slot.max(span(policy.units(cost), pace));
            }
            policy.depart(now, cost, &flow);
        }
        // Half a slot of lateness is caught up with, or what a timer may be late.
        let catch_up = (slot / 2).max(TIMER_GRAIN);
        self.departed_at = (self.departed_at + slot).max(now.saturating_sub(catch_up)).min(now);
        self.requests.unanswered += 1;
        self.costs.unanswered += u64::from(cost.0.get());
    }

    /// An attempt was never sent: it takes nothing.
    pub(crate) fn recall(&mut self, cost: Cost) {
        if let Some(ceiling) = &mut self.ceiling {
            ceiling.refund(cost);
        }
        self.requests.unanswered = self.requests.unanswered.saturating_sub(1);
        self.costs.unanswered = self.costs.unanswered.saturating_sub(u64::from(cost.0.get()));
    }

    /// An attempt is over. `limits` is what its reply publishes of this scope; nothing, too, if there was no reply.
    pub(crate) fn handle_answer(
        &mut self,
        now: Instant,
        departed_at: Instant,
        cost: Cost,
        limits: &[PublishedLimit],
    ) {
        self.requests.answer(now, 1);
        self.costs.answer(now, u64::from(cost.0.get()));
        let known = limits.iter().filter(|limit| limit.unit != QuotaUnit::Bytes && limit.remaining.is_some());
        let known: Vec<&PublishedLimit> = known.collect();
        if known.is_empty() {
            self.silent = self.silent.saturating_add(1);
            self.policies.iter_mut().for_each(|policy| policy.fall_silent(now, policy.units(cost)));
            return;
        }
        self.silent = 0;
        let round_trip = now.saturating_since(departed_at);
        self.round_trip =
            Some(self.round_trip.map_or(round_trip, |smoothed| (smoothed * 7 + round_trip) / 8));
        let (slots, quotas): (Vec<&PublishedLimit>, Vec<&PublishedLimit>) =
            known.into_iter().partition(|limit| limit.unit == QuotaUnit::Concurrent);
        self.slots = slots.iter().filter_map(|limit| limit.count).min().map(|slots| slots.max(1));
        // The platform says what matters: a limit that it no longer names holds nothing back.
        self.policies.retain(|policy| quotas.iter().any(|limit| policy.is_of(limit)));
        quotas.into_iter().for_each(|limit| self.tell(now, departed_at, cost, limit));
    }

    /// The platform refused an attempt, though not for what it published, or for less than it had said is left. Returns
    /// whether what it publishes is no longer believed.
    pub(crate) fn handle_refusal(&mut self, now: Instant, limits: &[PublishedLimit]) -> bool {
        let was_assumed = self.policies.iter().any(Policy::is_assumed);
        let is_exhausted = limits.iter().any(|limit| limit.remaining == Some(0));
        self.policies.iter_mut().for_each(Policy::doubt_reset);
        if was_assumed || is_exhausted || !self.is_active(now) {
            return false;
        }
        self.believed_from = now + DOUBT * (1 << self.doubts.min(MOST_DOUBLINGS));
        self.doubts += 1;
        true
    }

    /// Units per second in the long run, if anything tells.
    pub(crate) fn rate(&self) -> Option<Rate> {
        let rates = self.policies.iter().filter_map(Policy::per_second);
        let slowest = rates.reduce(f64::min).and_then(|rate| Rate::per_second(rate * self.share))?;
        Some(
            self.ceiling
                .map_or(slowest, |ceiling| if ceiling.rate() < slowest { ceiling.rate() } else { slowest }),
        )
    }

    /// What the platform says it admits.
    pub(crate) fn quota(&self) -> Option<Quota> {
        let window = self.policies.iter().find(|policy| policy.is_whole_at_reset == Some(true));
        let window = window.and_then(|policy| {
            let count = policy.count.and_then(|count| u32::try_from(count).ok()?.try_into().ok())?;
            Some(Quota::FixedWindow { count, period: policy.period? })
        });
        window.or_else(|| self.rate().map(|rate| Quota::Pace { rate }))
    }

    /// Attempts at once, where the platform says so.
    pub(crate) const fn slots(&self) -> Option<u64> {
        self.slots
    }

    fn tell(&mut self, now: Instant, departed_at: Instant, cost: Cost, limit: &PublishedLimit) {
        let answered_before = self.tally(limit.unit).answered_before(departed_at);
        let flow = Flow { answered_before, ..self.flow(limit.unit) };
        let at = self.policies.iter().position(|policy| policy.is_of(limit)).unwrap_or_else(|| {
            self.policies.push(Policy::new(limit));
            self.policies.len() - 1
        });
        self.policies[at].tell(now, departed_at, cost, limit, &flow);
    }

    const fn tally(&self, unit: QuotaUnit) -> &Tally {
        match unit {
            QuotaUnit::Requests | QuotaUnit::Concurrent => &self.requests,
            QuotaUnit::Cost | QuotaUnit::Bytes => &self.costs,
        }
    }

    fn flow(&self, unit: QuotaUnit) -> Flow {
        let Tally { answered, unanswered, .. } = *self.tally(unit);
        let round_trip = self.round_trip.unwrap_or(FIRST_ROUND_TRIP);
        Flow { answered, unanswered, answered_before: 0, round_trip, share: self.share }
    }
}

impl Tally {
    fn answer(&mut self, now: Instant, units: u64) {
        self.answered += units;
        self.unanswered = self.unanswered.saturating_sub(units);
        if self.log.len() == LONGEST_LOG {
            self.log.pop_front();
        }
        self.log.push_back((now, self.answered));
    }

    /// Units answered by then; 0 when that is too long ago to be known.
    fn answered_before(&self, then: Instant) -> u64 {
        let later = self.log.partition_point(|&(at, _)| at <= then);
        later.checked_sub(1).map_or(0, |at| self.log[at].1)
    }
}

/// Answers of one round trip, or as many of them as are worth their memory.
const LONGEST_LOG: usize = 256;

/// How long `units` take at that pace.
fn span(units: u64, pace: f64) -> Duration {
    #[expect(clippy::cast_precision_loss, reason = "a pace needs no more than 53 bits")]
    let seconds = units as f64 / pace;
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

/// A platform that has stopped publishing is no longer asked.
const MOST_SILENT: u32 = 100;
/// A refusal outside the published budget may be the doing of a limit that is not published: it is looked at again, later
/// each time.
const DOUBT: Duration = Duration::from_secs(10);
const MOST_DOUBLINGS: u32 = 6;
/// tokio's timers round up to a millisecond; two leave room for a busy machine.
const TIMER_GRAIN: Duration = Duration::from_millis(2);
/// Until one is measured.
const FIRST_ROUND_TRIP: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests;
