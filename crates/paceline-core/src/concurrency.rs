//! How many attempts of a scope may be in flight.

use std::num::NonZeroU32;

/// Slots of one scope. A slot is taken at departure and free only when the attempt is done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Slots {
    limit: Option<NonZeroU32>,
    taken: u32,
}

impl Slots {
    pub(crate) fn set_limit(&mut self, limit: Option<NonZeroU32>) {
        self.limit = limit;
    }

    pub(crate) fn is_full(&self) -> bool {
        self.limit.is_some_and(|limit| self.taken >= limit.get())
    }

    pub(crate) const fn taken(&self) -> u32 {
        self.taken
    }

    pub(crate) fn take(&mut self) {
        self.taken += 1;
    }

    pub(crate) fn free(&mut self) {
        self.taken = self.taken.checked_sub(1).expect("a slot is freed once, by the attempt that took it");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lowered_limit_waits_for_the_surplus_to_finish() {
        let mut slots = Slots::default();
        (0..3).for_each(|_| slots.take());
        assert!(!slots.is_full());
        slots.set_limit(NonZeroU32::new(2));
        assert!(slots.is_full());
        slots.free();
        assert!(slots.is_full());
        slots.free();
        assert!(!slots.is_full());
    }
}
