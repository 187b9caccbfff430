//! Every tally that one call counts in.

use std::sync::Arc;

use paceline_core::Reply;

use super::board::{Seen, Tally};

/// That of its client, and of each of its scopes. The proxy's own is apart, because it counts calls too that have neither. Cheap to
/// clone.
#[derive(Clone, Debug)]
pub(super) struct Tallies(Arc<[Arc<Tally>]>);

impl Tallies {
    pub(super) fn new(client: &Arc<Tally>, scopes: Vec<Arc<Tally>>) -> Self {
        Self(scopes.into_iter().chain([Arc::clone(client)]).collect())
    }

    pub(super) fn saw(&self, seen: Seen) {
        self.0.iter().for_each(|tally| tally.saw(seen));
    }

    pub(super) fn held(&self, micros: u64) {
        self.0.iter().for_each(|tally| tally.held(micros));
    }

    pub(super) fn attempted(&self, reply: &Reply) {
        self.0.iter().for_each(|tally| tally.attempted(reply));
    }

    pub(super) fn waits(&self) {
        self.0.iter().for_each(|tally| tally.waits());
    }

    /// Whether others wait for the same: this call would, too.
    pub(super) fn are_waited_in(&self) -> bool {
        self.0.iter().any(|tally| tally.waiting() >= QUEUE)
    }

    pub(super) fn waits_no_more(&self) {
        self.0.iter().for_each(|tally| tally.waits_no_more());
    }
}

/// More than depart between two looks at what may.
const QUEUE: u64 = 10;
