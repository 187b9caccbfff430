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
