//! What limits a platform's calls: six kinds, one question.
//!
//! All arithmetic is in whole nanoseconds (or finer: a token is as many units as its period has nanoseconds),
//! so that nothing drifts however long a run is. None of it is shared with the core's quotas, so that a
//! mistake there cannot agree with itself here.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::platform::published::Standing;
use crate::platform::rate::Rate;

mod concurrency;
mod fixed_window;
mod leaky_bucket;
mod sliding_counter;
mod sliding_log;
mod token_bucket;

use concurrency::Concurrency;
use fixed_window::FixedWindow;
use leaky_bucket::LeakyBucket;
use sliding_counter::SlidingCounter;
use sliding_log::SlidingLog;
use token_bucket::TokenBucket;

/// A kind of limiter with its numbers. Numbers are cost units; a call costs one unless it is a bulk call
/// charged by item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LimiterKind {
    /// Tokens accrue at `rate` up to `burst`; a call takes its cost. Starts full.
    TokenBucket {
        /// How fast tokens accrue.
        rate: Rate,
        /// The most that accrues.
        burst: NonZeroU32,
    },
    /// At most `rate.count()` in each window of `rate.per()`.
    FixedWindow {
        /// How many in a window, and its length.
        rate: Rate,
        /// How long after the epoch a window starts.
        phase: Duration,
    },
    /// At most `rate.count()` in any `rate.per()`: every admission is remembered.
    SlidingLog {
        /// How many in any window, and its length.
        rate: Rate,
    },
    /// The previous fixed window, weighted by how much of it is still in view, and this one: at most
    /// `rate.count()`. Windows start at the epoch.
    SlidingCounter {
        /// How many, and the window's length.
        rate: Rate,
    },
    /// Calls drain at `rate`; up to `queue` wait their turn, the rest are refused.
    LeakyBucket {
        /// How fast calls drain.
        rate: Rate,
        /// How many may wait; 0 turns it into pure spacing.
        queue: u32,
    },
    /// At most so many being served at once, whatever they cost.
    Concurrency {
        /// How many.
        slots: NonZeroU32,
    },
}

impl LimiterKind {
    /// Whether it limits calls being served at once, not calls in a time.
    #[must_use]
    pub const fn is_concurrency(self) -> bool {
        matches!(self, Self::Concurrency { .. })
    }
}

/// What a limiter says to a cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// It fits now.
    Fits,
    /// It will fit in so many nanoseconds if nothing else comes; at least 1.
    Wait(u64),
    /// It is more than the limiter ever holds.
    Never,
}

/// One limiter of one key, with its state.
#[derive(Clone, Debug)]
pub(crate) enum Limiter {
    TokenBucket(TokenBucket),
    FixedWindow(FixedWindow),
    SlidingLog(SlidingLog),
    SlidingCounter(SlidingCounter),
    LeakyBucket(LeakyBucket),
    Concurrency(Concurrency),
}

impl Limiter {
    /// A fresh one. `longest_service` nanoseconds is what a full concurrency limiter tells clients to wait.
    pub(crate) fn new(kind: LimiterKind, longest_service: u64) -> Self {
        match kind {
            LimiterKind::TokenBucket { rate, burst } => Self::TokenBucket(TokenBucket::new(rate, burst)),
            LimiterKind::FixedWindow { rate, phase } => Self::FixedWindow(FixedWindow::new(rate, phase)),
            LimiterKind::SlidingLog { rate } => Self::SlidingLog(SlidingLog::new(rate)),
            LimiterKind::SlidingCounter { rate } => Self::SlidingCounter(SlidingCounter::new(rate)),
            LimiterKind::LeakyBucket { rate, queue } => Self::LeakyBucket(LeakyBucket::new(rate, queue)),
            LimiterKind::Concurrency { slots } => Self::Concurrency(Concurrency::new(slots, longest_service)),
        }
    }

    /// Whether `cost` fits at `now`. Takes nothing.
    pub(crate) fn check(&mut self, now: u64, cost: u32) -> Check {
        match self {
            Self::TokenBucket(limiter) => limiter.check(now, cost),
            Self::FixedWindow(limiter) => limiter.check(now, cost),
            Self::SlidingLog(limiter) => limiter.check(now, cost),
            Self::SlidingCounter(limiter) => limiter.check(now, cost),
            Self::LeakyBucket(limiter) => limiter.check(now, cost),
            Self::Concurrency(limiter) => limiter.check(),
        }
    }

    /// How it stands at `now`, as such limiters publish it.
    pub(crate) fn standing(&mut self, now: u64) -> Standing {
        match self {
            Self::TokenBucket(limiter) => limiter.standing(now),
            Self::FixedWindow(limiter) => limiter.standing(now),
            Self::SlidingLog(limiter) => limiter.standing(now),
            Self::SlidingCounter(limiter) => limiter.standing(now),
            Self::LeakyBucket(limiter) => limiter.standing(now),
            Self::Concurrency(limiter) => limiter.standing(),
        }
    }

    /// Takes a cost that fits at `now`; returns how many nanoseconds the call waits before it is served.
    pub(crate) fn take(&mut self, now: u64, cost: u32) -> u64 {
        match self {
            Self::TokenBucket(limiter) => limiter.take(now, cost),
            Self::FixedWindow(limiter) => limiter.take(now, cost),
            Self::SlidingLog(limiter) => limiter.take(now, cost),
            Self::SlidingCounter(limiter) => limiter.take(now, cost),
            Self::LeakyBucket(limiter) => return limiter.take(now, cost),
            Self::Concurrency(limiter) => limiter.take(),
        }
        0
    }

    /// Counts a refused call as if it had been made; the debt is bounded by what the limiter holds.
    pub(crate) fn charge_refused(&mut self, now: u64, cost: u32) {
        match self {
            Self::TokenBucket(limiter) => limiter.take(now, cost),
            Self::FixedWindow(limiter) => limiter.take(now, cost),
            Self::SlidingLog(limiter) => limiter.take(now, cost),
            Self::SlidingCounter(limiter) => limiter.take(now, cost),
            Self::LeakyBucket(limiter) => limiter.charge_refused(now, cost),
            // A refused call was never being served.
            Self::Concurrency(_) => {}
        }
    }

    /// Becomes another one at `now`; of the same kind, what was used stays used.
    pub(crate) fn change(&mut self, now: u64, kind: LimiterKind, longest_service: u64) {
        match (&mut *self, kind) {
            (Self::TokenBucket(limiter), LimiterKind::TokenBucket { rate, burst }) => {
                limiter.change(now, rate, burst);
            }
            (Self::FixedWindow(limiter), LimiterKind::FixedWindow { rate, phase }) => {
                limiter.change(now, rate, phase);
            }
            (Self::SlidingLog(limiter), LimiterKind::SlidingLog { rate }) => limiter.change(rate),
            (Self::SlidingCounter(limiter), LimiterKind::SlidingCounter { rate }) => {
                limiter.change(now, rate)
            }
            (Self::LeakyBucket(limiter), LimiterKind::LeakyBucket { rate, queue }) => {
                limiter.change(now, rate, queue);
            }
            (Self::Concurrency(limiter), LimiterKind::Concurrency { slots }) => limiter.change(slots),
            _ => *self = Self::new(kind, longest_service),
        }
    }

    /// A call that was taken is no longer being served.
    pub(crate) fn release(&mut self) {
        if let Self::Concurrency(limiter) = self {
            limiter.release();
        }
    }
}

/// `nanos` as a wait: at least 1, at most `u64::MAX`.
fn wait_of(nanos: u128) -> Check {
    Check::Wait(u64::try_from(nanos).unwrap_or(u64::MAX).max(1))
}

#[cfg(test)]
pub(crate) mod laws;
