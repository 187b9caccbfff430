//! How a machine is set up.

use std::time::Duration;

use crate::backoff::Backoff;

/// Settings of a [`crate::Controller`]; the default is what most platforms want.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The source of all jitter: the same seed and inputs give the same decisions.
    pub seed: u64,
    /// The most calls that may wait; over it [`crate::Controller::try_submit`] refuses.
    pub max_waiting: usize,
    /// Attempts of a call that failed (refusals do not count) while others passed, until it is given up.
    pub max_attempts: u32,
    /// Added on top of a named wait, uniformly: tells several processes apart. Never subtracted.
    pub retry_after_jitter: Duration,
    /// The wait after a refusal that named none.
    pub unnamed_wait: Backoff,
    /// The wait after a failure.
    pub failure_wait: Backoff,
    /// Open scopes without calls that are remembered; the longest unused are forgotten first. Closed
    /// ones and those with limits set are never forgotten.
    pub max_idle_scopes: usize,
    /// For how long after a refusal a 403 counts as a ban.
    pub ban_memory: Duration,
    /// Whether a 401 closes its scope until a person opens it: where all calls have one credential, none of them can succeed.
    /// Otherwise it rejects its call and no other.
    pub wait_for_credential: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 0,
            max_waiting: 100_000,
            max_attempts: 8,
            retry_after_jitter: Duration::from_millis(50),
            unnamed_wait: Backoff::UNNAMED_WAIT,
            failure_wait: Backoff::FAILURE,
            max_idle_scopes: 10_000,
            ban_memory: Duration::from_secs(60),
            wait_for_credential: true,
        }
    }
}
