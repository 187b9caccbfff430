//! How many attempts may be in flight while nothing better is known, and the limit on it that is found.

use std::num::NonZeroU32;

/// Attempts in flight that a scope is allowed.
///
/// It starts small, so that the first refusal has few echoes, and doubles as long as that lets more through; where it
/// only makes answers slower, the platform queues (as Vegas and BBR have it). A refusal while it is used up, at a pace
/// that would use more, is one of concurrency: then it falls to less than what was refused, and stays.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    most: u32,
    /// Whether concurrency, not rate, was found to be what is limited.
    is_limit: bool,
    /// Refusals of concurrency.
    refusals: u32,
    trial: Trial,
    next_try: f64,
    tries: u32,
}

/// What one allowance lets through.
#[derive(Clone, Copy, Debug, Default)]
struct Trial {
    began: f64,
    accepted: f64,
    departures: u32,
    at_most: u32,
    /// What the allowance before let through, units per second.
    before: Option<f64>,
}

impl Allowance {
    pub(crate) const fn new() -> Self {
        Self {
            most: START,
            is_limit: false,
            refusals: 0,
            trial: Trial { began: 0.0, accepted: 0.0, departures: 0, at_most: 0, before: None },
            next_try: 0.0,
            tries: 0,
        }
    }

    pub(crate) const fn most(&self) -> u32 {
        self.most
    }

    /// The limit that was found.
    pub(crate) fn limit(&self) -> Option<NonZeroU32> {
        if self.is_limit { NonZeroU32::new(self.most) } else { None }
    }

    pub(crate) const fn refusals(&self) -> u32 {
        self.refusals
    }

    pub(crate) fn restore(&mut self, limit: NonZeroU32, now: f64) {
        self.most = limit.get();
        self.is_limit = true;
        self.next_try = now + FIRST_TRY;
    }

    /// The pace is to be found anew: what `in_flight` calls in flight need is allowed.
    pub(crate) fn begin_search(&mut self, in_flight: f64, now: f64) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive; saturates")]
        let needed = (2.0 * in_flight).ceil() as u32;
        if !self.is_limit {
            self.most = START.max(needed);
        }
        self.begin_trial(now, 0.0, None);
    }

    /// An attempt departed, with which `in_flight` are. `accepted`: units so far.
    pub(crate) fn depart(&mut self, now: f64, in_flight: u32, accepted: f64, round_trip: f64) {
        self.trial.departures += 1;
        self.trial.at_most += u32::from(in_flight >= self.most);
        let lasted = now - self.trial.began;
        if lasted < LEAST_TRIAL.max(8.0 * round_trip) {
            return;
        }
        let is_used_up = self.trial.at_most * 2 > self.trial.departures;
        let passed = (accepted - self.trial.accepted) / lasted;
        let helped = self.trial.before.is_none_or(|before| passed > WORTH_IT * before);
        if !is_used_up || now < self.next_try {
            self.begin_trial(now, accepted, if is_used_up { Some(passed) } else { None });
        } else if self.is_limit {
            self.tries += 1;
            self.most += 1;
            self.wait_before_next_try(now);
            self.begin_trial(now, accepted, None);
        } else if helped {
            self.most = self.most.saturating_mul(2).min(MOST);
            self.begin_trial(now, accepted, Some(passed));
        } else {
            self.most = (self.most / 2).max(START);
            self.tries += 1;
            self.wait_before_next_try(now);
            self.begin_trial(now, accepted, None);
        }
    }

    /// An attempt that departed as the `in_flight`th was refused. `wanted`: what the pace would have in flight.
    /// Returns whether it was for concurrency.
    pub(crate) fn refuse(&mut self, now: f64, in_flight: u32, wanted: f64, is_first: bool) -> bool {
        let is_used_up = in_flight >= self.most && wanted >= 0.9 * f64::from(self.most);
        self.most = self.most.min(in_flight.saturating_sub(1)).max(1);
        if !is_used_up || is_first {
            return false;
        }
        self.is_limit = true;
        self.refusals += 1;
        self.wait_before_next_try(now);
        true
    }

    fn wait_before_next_try(&mut self, now: f64) {
        self.next_try = now + FIRST_TRY * f64::from(1_u32 << self.tries.min(4));
    }

    fn begin_trial(&mut self, now: f64, accepted: f64, before: Option<f64>) {
        self.trial = Trial { began: now, accepted, before, ..Trial::default() };
    }
}

/// Of so many in flight a first refusal has few echoes.
const START: u32 = 14;
const MOST: u32 = 1 << 20;
/// Seconds: shorter ones measure nothing.
const LEAST_TRIAL: f64 = 1.0;
/// Twice as many in flight must let through so much more.
const WORTH_IT: f64 = 1.2;
/// Seconds until one more is tried; doubles with every try.
const FIRST_TRY: f64 = 60.0;
