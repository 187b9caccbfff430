//! What a caller hands to the machine.

use std::num::NonZeroU32;

use crate::scope::ScopeSet;
use crate::time::Instant;

/// The caller's name for a call; unique among the calls that have not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// On whose behalf a call is made; clients take turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u64);

/// What a call takes from each of its quotas, in the platform's units (one request, usually 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cost(pub NonZeroU32);

impl Cost {
    /// One request.
    pub const ONE: Self = Self(NonZeroU32::MIN);
}

/// What to do when nobody knows whether an attempt was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnUncertain {
    /// Send it again: applying it twice does no harm (idempotent method, or an idempotency key).
    Retry,
    /// Hold it: give the call up as [`crate::GiveUp::InDoubt`] rather than risk a double.
    Hold,
}

/// What the caller wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its name.
    pub id: CallId,
    /// Whose it is.
    pub client: ClientId,
    /// The limits it falls under; it departs only when all of them grant at once.
    pub scopes: ScopeSet,
    /// What one attempt takes from each quota; charged per attempt.
    pub cost: Cost,
    /// When it is no longer worth starting; a call still waiting then ends as expired.
    pub deadline: Option<Instant>,
    /// What an uncertain outcome means for it.
    pub on_uncertain: OnUncertain,
}

/// One sending of one call. The first attempt of a call has number 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId {
    /// The call.
    pub call: CallId,
    /// 1 for the first sending.
    pub number: u32,
}
