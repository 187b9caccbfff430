//! What a reply says about limits beside `Retry-After`, whichever header said it.

use std::time::Duration;

use crate::scope::ScopeKind;

/// The limits that one reply publishes: at most [`Published::MOST`], further ones are not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Published {
    limits: Vec<PublishedLimit>,
}

/// One of them. Whatever the reply does not say is None.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PublishedLimit {
    /// Whose limit it is; None: not said.
    pub scope: Option<ScopeKind>,
    /// What is counted.
    pub unit: QuotaUnit,
    /// Units in a period, or at once.
    pub count: Option<u64>,
    /// How long a period is.
    pub period: Option<Duration>,
    /// Units that are left.
    pub remaining: Option<u64>,
    /// When there will be more, counted from receipt.
    pub reset: Option<Duration>,
}

/// What a published limit counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum QuotaUnit {
    /// Each request as one.
    #[default]
    Requests,
    /// Points, tokens: each call as what it costs.
    Cost,
    /// Bytes of bodies.
    Bytes,
    /// Requests being served at once.
    Concurrent,
}

impl Published {
    /// Nothing was said.
    pub const NONE: Self = Self { limits: Vec::new() };
    /// The most limits that are kept of one reply.
    pub const MOST: usize = 4;

    /// Adds a limit; one too many is not kept.
    pub fn add(&mut self, limit: PublishedLimit) {
        if self.limits.len() < Self::MOST {
            self.limits.push(limit);
        }
    }

    /// The limits, in the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = &PublishedLimit> {
        self.limits.iter()
    }

    /// Whether nothing was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.limits.is_empty()
    }
}
