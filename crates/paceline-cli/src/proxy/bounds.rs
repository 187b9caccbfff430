//! What the proxy holds at once: bytes of bodies, and connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// So much of something may be held at once; what is held is given back when it is dropped.
#[derive(Clone, Debug)]
pub(super) struct Bound {
    most: u64,
    held: Arc<AtomicU64>,
}

/// A part of what may be held.
#[derive(Debug)]
pub(super) struct Share {
    bound: Bound,
    size: u64,
}

impl Bound {
    pub(super) fn of(most: u64) -> Self {
        Self { most, held: Arc::default() }
    }

    /// Takes `size` of it, or nothing when that is more than is left.
    pub(super) fn try_hold(&self, size: u64) -> Option<Share> {
        self.try_take(size).then(|| Share { bound: self.clone(), size })
    }

    fn try_take(&self, size: u64) -> bool {
        let grown = |held: u64| held.checked_add(size).filter(|held| *held <= self.most);
        self.held.fetch_update(Ordering::AcqRel, Ordering::Acquire, grown).is_ok()
    }

    /// Whether so much could be taken now.
    pub(super) fn has_room(&self, size: u64) -> bool {
        self.held().checked_add(size).is_some_and(|held| held <= self.most)
    }

    /// How much is held now.
    pub(super) fn held(&self) -> u64 {
        self.held.load(Ordering::Acquire)
    }
}

impl Share {
    /// Takes `more` besides, or nothing when that is more than is left. Returns whether it did.
    pub(super) fn try_grow(&mut self, more: u64) -> bool {
        let has_taken = self.bound.try_take(more);
        if has_taken {
            self.size += more;
        }
        has_taken
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.bound.held.fetch_sub(self.size, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_held_is_what_was_taken_and_not_given_back(
            steps in prop::collection::vec((0_u64..60, any::<prop::sample::Index>(), 0_u8..3), 1..50)
        ) {
            let bound = Bound::of(100);
            let mut shares: Vec<Share> = Vec::new();
            for (size, pick, action) in steps {
                match action {
                    0 if !shares.is_empty() => drop(shares.swap_remove(pick.index(shares.len()))),
                    1 if !shares.is_empty() => {
                        let place = pick.index(shares.len());
                        let fits = bound.held() + size <= 100;
                        prop_assert_eq!(bound.has_room(size), fits);
                        prop_assert_eq!(shares[place].try_grow(size), fits);
                    }
                    _ => {
                        let fits = bound.held() + size <= 100;
                        let share = bound.try_hold(size);
                        prop_assert_eq!(share.is_some(), fits);
                        shares.extend(share);
                    }
                }
                prop_assert_eq!(bound.held(), shares.iter().map(|share| share.size).sum::<u64>());
            }
            shares.clear();
            prop_assert_eq!(bound.held(), 0);
        }
    }
}
