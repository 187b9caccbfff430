//! The calls that have not ended.

use std::time::Duration;

use rustc_hash::FxHashMap;
use slab::Slab;

use crate::call::{Call, CallId};
use crate::queue::Queued;
use crate::time::Instant;

/// The calls, by name and by slot. Slots are used again, the last one freed first: among 50,000 waiting calls the ones
/// that come and go stay in the processor's cache.
#[derive(Debug, Default)]
pub(super) struct Calls {
    slots: Slab<CallState>,
    by_id: FxHashMap<CallId, CallSlot>,
}

/// Where a call is kept until it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CallSlot(u32);

/// A call that has not ended.
#[derive(Debug)]
pub(super) struct CallState {
    pub(super) call: Call,
    pub(super) place: u64,
    pub(super) stands: Stands,
    pub(super) attempts: u32,
    pub(super) failures: u32,
    /// Those of its failures before which others had passed.
    pub(super) own_failures: u32,
    /// How long it rested last.
    pub(super) last_rest: Duration,
    pub(super) refusals: u32,
    /// Accepted calls of its narrowest scope when it came, and since when it was last refused or failed: tells
    /// whether siblings pass.
    pub(super) passed_at_trouble: u64,
    /// How often a sibling had passed between two of its refusals.
    pub(super) overtaken: u32,
    slot: CallSlot,
}

/// Where a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    InLane,
    Resting(Instant),
    InFlight,
}

impl Calls {
    pub(super) fn contains(&self, id: CallId) -> bool {
        self.by_id.contains_key(&id)
    }

    pub(super) fn insert(&mut self, call: Call, place: u64, passed: u64) -> &CallState {
        let entry = self.slots.vacant_entry();
        let slot = CallSlot(u32::try_from(entry.key()).expect("fewer than 2^32 calls fit into memory"));
        self.by_id.insert(call.id, slot);
        entry.insert(CallState::new(call, place, slot, passed))
    }

    pub(super) fn find(&self, id: CallId) -> Option<&CallState> {
        self.by_id.get(&id).map(|slot| &self.slots[slot.0 as usize])
    }

    pub(super) fn find_mut(&mut self, id: CallId) -> Option<&mut CallState> {
        self.by_id.get(&id).map(|slot| &mut self.slots[slot.0 as usize])
    }

    /// The call in `slot`, which must not have ended.
    pub(super) fn in_slot_mut(&mut self, slot: CallSlot) -> &mut CallState {
        &mut self.slots[slot.0 as usize]
    }

    pub(super) fn remove(&mut self, id: CallId) -> Option<CallState> {
        self.by_id.remove(&id).map(|slot| self.slots.remove(slot.0 as usize))
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.by_id.is_empty() && self.slots.is_empty()
    }

    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = &CallState> {
        self.slots.iter().map(|(_, state)| state)
    }
}

impl CallSlot {
    #[cfg(test)]
    pub(crate) const fn for_tests() -> Self {
        Self(0)
    }
}

impl CallState {
    const fn new(call: Call, place: u64, slot: CallSlot, passed: u64) -> Self {
        Self {
            call,
            place,
            stands: Stands::InLane,
            attempts: 0,
            failures: 0,
            own_failures: 0,
            last_rest: Duration::ZERO,
            refusals: 0,
            passed_at_trouble: passed,
            overtaken: 0,
            slot,
        }
    }

    /// What a lane needs to know of it.
    pub(super) const fn queued(&self) -> Queued {
        let Call { id, cost, weight, .. } = self.call;
        Queued { place: self.place, call: id, cost, weight, slot: self.slot }
    }
}
