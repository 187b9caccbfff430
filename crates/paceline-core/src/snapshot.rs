//! What must survive a restart: closed gates and learned limits.

use crate::gate::GateCause;
use crate::learn::Learned;
use crate::scope::ScopeKind;
use crate::time::WallTime;

/// Closed gates and learned limits of all scopes, in civil time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// One entry for each scope that has something to remember; the longest unused first.
    pub scopes: Vec<ScopeSnapshot>,
}

/// What one scope has to remember.
#[derive(Clone, Debug, PartialEq)]
pub struct ScopeSnapshot {
    /// The scope's kind.
    pub kind: ScopeKind,
    /// The scope's name.
    pub name: String,
    /// Until when its gate is closed, and why. [`WallTime::FAR_FUTURE`]: until somebody intervenes.
    pub closed: Option<(WallTime, GateCause)>,
    /// What it was found to admit.
    pub learned: Learned,
}
