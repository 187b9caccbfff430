//! Others who use up the same limits.

use std::time::Duration;

use fastrand::Rng;
use paceline_core::Instant;
use slab::Slab;

use super::chance;
use crate::platform::{Platform, Rate, Ticket};

/// Foreign calls, at a rate, by chance.
#[derive(Debug)]
pub(super) struct Strangers {
    rate: Option<Rate>,
    served: Slab<Ticket>,
}

impl Strangers {
    pub(super) const fn new(rate: Option<Rate>) -> Self {
        Self { rate, served: Slab::new() }
    }

    /// How long until the next one calls.
    pub(super) fn gap(&self, rng: &mut Rng) -> Option<Duration> {
        self.rate.map(|rate| chance::gap(rate, rng))
    }

    pub(super) fn keep(&mut self, ticket: Ticket) -> usize {
        self.served.insert(ticket)
    }

    pub(super) fn done(&mut self, now: Instant, key: usize, platform: &mut Platform) {
        platform.finish(now, self.served.remove(key));
    }
}
