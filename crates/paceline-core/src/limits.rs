//! What a user says about the limits of a scope.

use std::num::NonZeroU32;

use crate::quota::Rate;

/// What is known beforehand about one scope. The default says nothing: everything is learned.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    /// The platform's limit, if it is known: paced at from the first call, never exceeded, lowered
    /// only when the platform refuses all the same.
    pub known: Option<KnownRate>,
    /// Where learning starts, if not at walking pace.
    pub start: Option<Rate>,
    /// The user's ceiling: learning never exceeds it.
    pub ceiling: Option<Rate>,
    /// The most attempts in flight; None: no limit.
    pub in_flight: Option<NonZeroU32>,
    /// The share of the limit that is left to others.
    pub reserve: Reserve,
}

/// A rate that the platform is known to admit, and the burst beyond it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KnownRate {
    /// Cost units per second.
    pub rate: Rate,
    /// Cost units that are admitted at once after a rest; 1 is none.
    pub burst: NonZeroU32,
}

/// A share of a limit that is left to others: at least 0, less than 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Reserve(f64);

impl Reserve {
    /// `share` of the limit; None unless in 0 .. 1.
    #[must_use]
    pub fn share(share: f64) -> Option<Self> {
        (0.0..1.0).contains(&share).then_some(Self(share))
    }

    /// The share that is left to use: more than 0, at most 1.
    #[must_use]
    pub const fn rest(self) -> f64 {
        1.0 - self.0
    }
}
