//! Where one call is, and every tally that it counts in.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use paceline_core::Reply;

use super::board::{Seen, Tally};

/// The tallies that one call counts in: its client's, and that of each of its scopes. The proxy's own is apart, because it counts
/// calls too that have neither.
#[derive(Clone, Debug)]
pub(super) struct Tallies(Arc<[Arc<Tally>]>);

/// Whether a call waits for a permit. Dropped, it waits no more.
#[derive(Debug)]
pub(super) struct Whereabouts {
    tallies: Tallies,
    is_waiting: AtomicBool,
}

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
}

impl Whereabouts {
    /// Of a call that has not departed.
    pub(super) fn waiting(tallies: Tallies) -> Arc<Self> {
        let whereabouts = Self { tallies, is_waiting: AtomicBool::new(false) };
        whereabouts.waits();
        Arc::new(whereabouts)
    }

    /// It waits for a permit, again perhaps.
    pub(super) fn waits(&self) {
        if !self.is_waiting.swap(true, Ordering::AcqRel) {
            self.tallies.0.iter().for_each(|tally| tally.waits());
        }
    }

    /// An attempt of it departs.
    pub(super) fn departs(&self) {
        if self.is_waiting.swap(false, Ordering::AcqRel) {
            self.tallies.0.iter().for_each(|tally| tally.waits_no_more());
        }
    }
}

impl Drop for Whereabouts {
    fn drop(&mut self) {
        self.departs();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_waits_once_in_each_of_its_tallies_until_it_departs_or_is_gone() {
        let (client, scope) = (Arc::new(Tally::default()), Arc::new(Tally::default()));
        let tallies = Tallies::new(&client, vec![Arc::clone(&scope)]);
        let call = Whereabouts::waiting(tallies.clone());
        call.waits();
        let other = Whereabouts::waiting(tallies);
        assert_eq!((client.waiting(), scope.waiting()), (2, 2));
        call.departs();
        assert_eq!(scope.waiting(), 1);
        call.waits();
        drop((call, other));
        assert_eq!((client.waiting(), scope.waiting()), (0, 0));
    }
}
