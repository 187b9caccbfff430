//! Whether an attempt of a call is under way at the platform: what may be said of a call that is cut off depends on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use paceline::client::{BeforeDeparture, OnAttempt};

use super::state::StateKeeper;

/// Known to the hooks of one call. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Departing {
    is_under_way: Arc<AtomicBool>,
}

impl Departing {
    /// Whether the platform may be doing what the call asks.
    pub(super) fn is_under_way(&self) -> bool {
        self.is_under_way.load(Ordering::Acquire)
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
                departing.is_under_way.store(true, Ordering::Release);
                Ok(())
            })
        })
    }

    /// Takes note of each attempt's end, and tells `told` of it.
    pub(super) fn after(&self, told: OnAttempt) -> OnAttempt {
        let departing = self.clone();
        Box::new(move |attempt| {
            departing.is_under_way.store(false, Ordering::Release);
            told(attempt);
        })
    }
}
