//! Attempts of which nobody knows whether they were handled.

use crate::time::Instant;

/// Units of attempts that are over without having said what was left: they may have been handled after any reply to an
/// attempt that departed before they were over. Two generations, so that the older are settled however many follow.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Silent {
    older: (u64, Instant),
    younger: (u64, Instant),
}

impl Silent {
    pub(super) const fn units(&self) -> u64 {
        self.older.0.saturating_add(self.younger.0)
    }

    pub(super) fn add(&mut self, now: Instant, units: u64) {
        if self.older.0 == 0 {
            self.older = (units, now);
        } else {
            self.younger = (self.younger.0.saturating_add(units), now);
        }
    }

    /// Who departed after they were over was handled after them, if they were handled at all.
    pub(super) fn settle(&mut self, departed_at: Instant) {
        if departed_at >= self.older.1 {
            self.older = std::mem::take(&mut self.younger);
            if departed_at >= self.older.1 {
                self.older = (0, Instant::EPOCH);
            }
        }
    }
}
