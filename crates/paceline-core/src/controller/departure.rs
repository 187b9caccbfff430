//! What the machine says when it is asked what to do.

use crate::call::{AttemptId, CallId};
use crate::gate::GateCause;
use crate::outcome::GiveUp;
use crate::scope::ScopeId;
use crate::time::Instant;

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// Send the call now. Tokens and slots are taken.
    Start {
        /// Which call.
        call: CallId,
        /// Its attempt.
        attempt: AttemptId,
    },
    /// The call ended while it waited.
    Ended {
        /// Which call.
        call: CallId,
        /// Why.
        why: GiveUp,
    },
    /// Nothing may depart before `at` (strictly later than now), unless something is told before.
    WaitUntil {
        /// When to ask again.
        at: Instant,
        /// What is being waited for.
        reason: WaitReason,
    },
    /// Nothing waits, or only an answer can let something depart.
    Idle,
}

/// What the next departure waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WaitReason {
    /// The gate of a scope is closed.
    Gate {
        /// Whose.
        scope: ScopeId,
        /// Why.
        cause: GateCause,
    },
    /// The pacer of a scope: the next slot has not come yet.
    Pace {
        /// Whose.
        scope: ScopeId,
    },
    /// A call waits out a failure.
    Backoff,
    /// Nothing may depart; the first deadline passes then.
    Deadline,
}
