//! What a scope is believed to admit, and why.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::quota::Rate;

/// What a scope admits, as far as its answers tell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Learned {
    /// On calls in a time; None while nothing is known.
    pub quota: Option<Quota>,
    /// On attempts in flight at once; None: no sign of one.
    pub in_flight: Option<NonZeroU32>,
}

/// A limit on cost units in a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Quota {
    /// `burst` units at once after a rest, `rate` all the time.
    TokenBucket {
        /// Units per second.
        rate: Rate,
        /// Units; 1 is no burst.
        burst: NonZeroU32,
    },
    /// `count` units in each of the windows that follow one another, `period` long.
    FixedWindow {
        /// Units in one window.
        count: NonZeroU32,
        /// How long it is.
        period: Duration,
    },
    /// `count` units in any `period`: a log of calls.
    SlidingLog {
        /// Units in one period.
        count: NonZeroU32,
        /// How long it is.
        period: Duration,
    },
    /// `count` units in about any `period`: this window's, and the last one's as far as it still reaches in.
    SlidingCounter {
        /// Units in one period.
        count: NonZeroU32,
        /// How long it is.
        period: Duration,
    },
    /// `rate` is admitted; how it is counted cannot be told.
    Pace {
        /// Units per second.
        rate: Rate,
    },
}

impl Quota {
    /// Units per second in the long run.
    #[must_use]
    pub fn rate(self) -> Rate {
        match self {
            Self::TokenBucket { rate, .. } | Self::Pace { rate } => rate,
            Self::FixedWindow { count, period }
            | Self::SlidingLog { count, period }
            | Self::SlidingCounter { count, period } => {
                Rate::per(u64::from(count.get()), period).unwrap_or(Rate::SLOWEST)
            }
        }
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TokenBucket { rate, burst } => write!(f, "token bucket {rate}, burst {burst}"),
            Self::FixedWindow { count, period } => write!(f, "fixed window of {count} per {period:?}"),
            Self::SlidingLog { count, period } => write!(f, "sliding log of {count} per {period:?}"),
            Self::SlidingCounter { count, period } => write!(f, "sliding counter of {count} per {period:?}"),
            Self::Pace { rate } => write!(f, "{rate}"),
        }
    }
}

/// What is believed of one scope, with its evidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Belief {
    /// What it is thought to admit.
    pub learned: Learned,
    /// Units per second: the slowest and the fastest that what was seen allows.
    pub bounds: Option<(Rate, Rate)>,
    /// Where this comes from.
    pub source: Source,
    /// Refusals that it rests on; echoes of one closing count once.
    pub refusals: u32,
    /// Units that were accepted since the first of them, or in all if there was none.
    pub accepted: u64,
}

/// Where a belief comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The user says so.
    Configured,
    /// The platform says so, in the headers of its replies.
    Published,
    /// An earlier run learned it.
    Remembered,
    /// Seen in this run.
    Seen,
}
