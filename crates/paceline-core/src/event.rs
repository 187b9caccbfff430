//! What happened, for observers: numbers and enums, no text.

use crate::call::{AttemptId, CallId};
use crate::gate::GateCause;
use crate::learn::Belief;
use crate::outcome::Outcome;
use crate::scope::ScopeId;
use crate::time::Instant;

/// Something an observer may want to show, count or save.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// An attempt was granted its permit.
    Departed {
        /// Which.
        attempt: AttemptId,
        /// When.
        at: Instant,
    },
    /// An attempt was answered, or failed.
    Answered {
        /// Which.
        attempt: AttemptId,
        /// What it means.
        outcome: Outcome,
    },
    /// A gate closed, or its opening moved later.
    GateClosed {
        /// Whose.
        scope: ScopeId,
        /// The new opening.
        until: Instant,
        /// Why.
        cause: GateCause,
    },
    /// A wait that names no scope may be this one's: nothing of it departs before, as if its gate had closed, unless siblings
    /// show earlier that it is not.
    Held {
        /// Which.
        scope: ScopeId,
        /// Until when.
        until: Instant,
    },
    /// Siblings have shown that the wait was not this scope's: its hold ends early.
    Released {
        /// Which.
        scope: ScopeId,
        /// When its gate opens or opened, which stays as it is.
        until: Instant,
    },
    /// What a scope is believed to admit changed.
    Believed {
        /// Which.
        scope: ScopeId,
        /// What is believed now, and why.
        belief: Belief,
    },
    /// A call that its siblings overtake while it is refused was set aside.
    SetAside {
        /// Which.
        call: CallId,
        /// Until when.
        until: Instant,
    },
}
