//! So many being served at once.

use std::num::NonZeroU32;

use super::{Check, wait_of};
use crate::platform::published::Standing;

#[derive(Clone, Debug)]
pub(crate) struct Concurrency {
    slots: u32,
    serving: u32,
    /// By then whatever is being served now has been, unless its client is slow to read.
    longest_service: u64,
}

impl Concurrency {
    pub(super) fn new(slots: NonZeroU32, longest_service: u64) -> Self {
        Self { slots: slots.get(), serving: 0, longest_service }
    }

    /// What is being served keeps its slots.
    pub(super) const fn change(&mut self, slots: NonZeroU32) {
        self.slots = slots.get();
    }

    pub(super) fn check(&self) -> Check {
        if self.serving < self.slots {
            return Check::Fits;
        }
        wait_of(u128::from(self.longest_service))
    }

    pub(super) fn standing(&self) -> Standing {
        let remaining = u64::from(self.slots.saturating_sub(self.serving));
        Standing { count: u64::from(self.slots), period: None, remaining, reset: None }
    }

    pub(super) fn take(&mut self) {
        self.serving += 1;
    }

    pub(super) fn release(&mut self) {
        // One that was taken before the limit was something else for a while is counted no longer.
        self.serving = self.serving.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_taken_until_it_is_released() {
        let mut limiter = Concurrency::new(NonZeroU32::new(2).unwrap(), 80);
        limiter.take();
        assert_eq!(limiter.check(), Check::Fits);
        limiter.take();
        assert_eq!(limiter.check(), Check::Wait(80));
        limiter.release();
        assert_eq!(limiter.check(), Check::Fits);
    }
}
