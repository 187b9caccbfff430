//! The gate of a scope: closed until an instant; the opening only ever moves later.

use crate::time::Instant;

/// Why a gate is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GateCause {
    /// The platform named the wait (`Retry-After`).
    RetryAfter,
    /// A refusal that named no wait.
    Backoff,
    /// Too many failures that are not the calls' own: the platform looks down.
    Outage,
    /// The credential is not accepted.
    Unauthorized,
    /// The platform shut the scope out.
    Banned,
}

/// Closed until an instant, and after a close without a named wait half open: one attempt tries first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gate {
    opens_at: Instant,
    cause: GateCause,
    half_open: bool,
}

impl Gate {
    pub(crate) const fn open() -> Self {
        Self { opens_at: Instant::EPOCH, cause: GateCause::RetryAfter, half_open: false }
    }

    /// Closes until `until`, unless already closed for longer. Returns whether the opening moved.
    pub(crate) fn close(&mut self, until: Instant, cause: GateCause) -> bool {
        // A wait that the platform named is the truth; without one, one attempt asks first.
        self.half_open |= !matches!(cause, GateCause::RetryAfter);
        if until <= self.opens_at {
            return false;
        }
        self.opens_at = until;
        self.cause = cause;
        true
    }

    #[cfg(test)]
    pub(crate) fn is_closed(&self, now: Instant) -> bool {
        now < self.opens_at
    }

    /// When it opens or opened.
    pub(crate) const fn opens_at(&self) -> Instant {
        self.opens_at
    }

    pub(crate) const fn cause(&self) -> GateCause {
        self.cause
    }

    /// Whether only one attempt may be in flight until an answer comes.
    pub(crate) const fn is_half_open(&self) -> bool {
        self.half_open
    }

    /// The attempt that tried first came back with an answer: open for all. Returns whether it was half open.
    pub(crate) fn confirm(&mut self) -> bool {
        std::mem::take(&mut self.half_open)
    }

    /// A new credential, or somebody's word that the ban is over: the one thing that opens early.
    pub(crate) fn reset(&mut self) {
        *self = Self::open();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_opening_never_moves_earlier(untils in prop::collection::vec(any::<u64>(), 1..50)) {
            let mut gate = Gate::open();
            let mut latest = gate.opens_at();
            for until in untils.into_iter().map(Instant::from_nanos) {
                let moved = gate.close(until, GateCause::RetryAfter);
                prop_assert_eq!(moved, until > latest);
                latest = latest.max(until);
                prop_assert_eq!(gate.opens_at(), latest);
            }
        }
    }

    #[test]
    fn a_named_wait_opens_fully_and_an_unnamed_one_halfway() {
        let mut gate = Gate::open();
        gate.close(Instant::from_nanos(5), GateCause::RetryAfter);
        assert!(gate.is_closed(Instant::from_nanos(4)));
        assert!(!gate.is_closed(Instant::from_nanos(5)));
        assert!(!gate.is_half_open());
        gate.close(Instant::from_nanos(9), GateCause::Backoff);
        assert!(gate.is_half_open());
        assert!(gate.confirm());
        assert!(!gate.is_half_open() && !gate.confirm());
    }
}
