//! How a run stands, for whoever watches.

use std::time::Duration;

use paceline_core::{GateCause, WaitReason};

/// How a run stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// Records of the source; None for a pipe.
    pub total: Option<u64>,
    /// Records that need nothing more: delivered, dead or in doubt.
    pub settled: u64,
    /// Records given up.
    pub dead: u64,
    /// Records that may have been applied.
    pub in_doubt: u64,
    /// Attempts so far.
    pub attempts: u64,
    /// Attempts that were refused for a limit.
    pub throttled: u64,
    /// Attempts that are under way.
    pub in_flight: usize,
    /// For how long nothing departs yet, and why.
    pub wait: Option<(Duration, String)>,
}

/// Why nothing departs, in a few words; None for what is too short to mention.
pub(crate) fn wait_reason(wait: WaitReason) -> Option<String> {
    reason(wait, None)
}

/// Why nothing departs, in a few words; None for what is too short to mention. `last_words`: what the platform said
/// last, where the wait itself tells little.
pub(super) fn reason(wait: WaitReason, last_words: Option<&str>) -> Option<String> {
    let reason = match wait {
        WaitReason::Gate { cause: GateCause::RetryAfter, .. } => Some("Retry-After"),
        WaitReason::Gate { cause: GateCause::Backoff, .. } => Some("refused without Retry-After"),
        WaitReason::Gate { cause: GateCause::Outage, .. } => Some("the platform does not answer"),
        WaitReason::Gate { cause: GateCause::Unauthorized, .. } => Some("the credential is not accepted"),
        WaitReason::Gate { cause: GateCause::Banned, .. } => Some("shut out"),
        WaitReason::Backoff => Some("waiting after a failure"),
        WaitReason::Pace { .. } | WaitReason::Deadline => None,
    }?;
    let says_little = matches!(
        wait,
        WaitReason::Gate { cause: GateCause::Outage | GateCause::Backoff, .. } | WaitReason::Backoff
    );
    Some(match last_words.filter(|_| says_little) {
        Some(words) => format!("{reason}: {words}"),
        None => reason.to_owned(),
    })
}
