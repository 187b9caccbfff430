//! Whether a call waits for a permit, or is under way at the platform: what may be said of a call that is cut off depends on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use paceline::client::{BeforeDeparture, OnAttempt};

use super::board::Tally;
use super::resting::Rest;
use super::state::StateKeeper;
use super::tallies::Tallies;

/// Known to the hooks of one call. Cheap to clone; when the last is gone, the call waits no more.
#[derive(Clone)]
pub(super) struct Departing {
    call: Arc<Whereabouts>,
}

struct Whereabouts {
    /// That of all calls.
    overall: Arc<Tally>,
    tallies: Tallies,
    /// The connection, if it may rest while the call waits.
    rest: Option<Rest>,
    is_paced: bool,
    is_waiting: AtomicBool,
    is_under_way: AtomicBool,
}

impl Departing {
    /// Of a call that has not departed. It waits for a permit unless it goes past the pacer.
    pub(super) fn new(overall: &Arc<Tally>, tallies: Tallies, rest: Option<Rest>, is_paced: bool) -> Self {
        let (is_waiting, is_under_way) = (AtomicBool::new(false), AtomicBool::new(false));
        let overall = Arc::clone(overall);
        let call = Arc::new(Whereabouts { overall, tallies, rest, is_paced, is_waiting, is_under_way });
        call.wait();
        Self { call }
    }

    /// Whether the platform may be doing what the call asks.
    pub(super) fn is_under_way(&self) -> bool {
        self.call.is_under_way.load(Ordering::Acquire)
    }

    /// What a departure waits for: that every closing so far is durable, where there is a state file.
    pub(super) fn before(&self, state: Option<&StateKeeper>) -> BeforeDeparture {
        let (departing, state) = (self.clone(), state.cloned());
        Box::new(move |_| {
            let (departing, state) = (departing.clone(), state.clone());
            Box::pin(async move {
                if let Some(state) = state.filter(StateKeeper::is_unsaved) {
                    state.save().await?;
                }
                departing.call.depart();
                Ok(())
            })
        })
    }

    /// Takes note of each attempt's end, and tells `told` of it.
    pub(super) fn after(&self, told: OnAttempt) -> OnAttempt {
        let departing = self.clone();
        Box::new(move |attempt| {
            departing.call.wait();
            told(attempt);
        })
    }
}

impl Whereabouts {
    fn wait(&self) {
        self.is_under_way.store(false, Ordering::Release);
        if self.is_paced && !self.is_waiting.swap(true, Ordering::AcqRel) {
            self.overall.waits();
            self.tallies.waits();
            if let Some(rest) = self.rest.as_ref().filter(|_| self.tallies.are_waited_in()) {
                rest.want();
            }
        }
    }

    fn depart(&self) {
        self.is_under_way.store(true, Ordering::Release);
        self.wait_no_more();
    }

    fn wait_no_more(&self) {
        if self.is_waiting.swap(false, Ordering::AcqRel) {
            self.overall.waits_no_more();
            self.tallies.waits_no_more();
            if let Some(rest) = &self.rest {
                rest.want_no_more();
            }
        }
    }
}

impl Drop for Whereabouts {
    fn drop(&mut self) {
        self.wait_no_more();
    }
}

#[cfg(test)]
mod tests {
    use super::super::board::Tally;
    use super::*;

    #[test]
    fn a_call_waits_once_in_each_of_its_tallies_until_it_departs_or_is_gone() {
        let (client, scope) = (Arc::new(Tally::default()), Arc::new(Tally::default()));
        let tallies = Tallies::new(&client, vec![Arc::clone(&scope)]);
        let overall = Arc::default();
        let one = Departing::new(&overall, tallies.clone(), None, true);
        one.call.wait();
        let other = Departing::new(&overall, tallies.clone(), None, true);
        let unpaced = Departing::new(&overall, tallies, None, false);
        assert_eq!((overall.waiting(), client.waiting(), scope.waiting()), (2, 2, 2));
        one.call.depart();
        assert_eq!((scope.waiting(), one.is_under_way()), (1, true));
        one.call.wait();
        assert_eq!((scope.waiting(), one.is_under_way()), (2, false));
        drop((one, other, unpaced));
        assert_eq!((overall.waiting(), client.waiting(), scope.waiting()), (0, 0, 0));
    }
}
