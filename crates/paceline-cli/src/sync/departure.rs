//! Whether a parcel is under way, so that a run that stops waits for exactly those that are.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use tokio::sync::Notify;

/// One parcel between its call and its answer.
#[derive(Debug, Default)]
pub(super) struct Flight {
    in_flight: AtomicBool,
    is_early: AtomicBool,
    is_uncertain: AtomicBool,
    landed: Notify,
}

impl Flight {
    /// It is about to depart; from here on it must not be abandoned.
    pub(super) fn take_off(&self) {
        self.in_flight.store(true, Ordering::Release);
    }

    /// The next attempt leaves now; `is_early`: the platform wants nothing yet.
    pub(super) fn leave(&self, is_early: bool) {
        self.is_early.store(is_early, Ordering::Release);
    }

    /// Whether the last attempt left too early.
    pub(super) fn was_early(&self) -> bool {
        self.is_early.load(Ordering::Acquire)
    }

    /// Its attempt has ended.
    pub(super) fn land(&self) {
        self.in_flight.store(false, Ordering::Release);
        self.landed.notify_one();
    }

    /// An attempt may have been applied; what comes after it does not change that.
    pub(super) fn note_uncertain(&self) {
        self.is_uncertain.store(true, Ordering::Release);
    }

    /// Whether any attempt may have been applied.
    pub(super) fn is_uncertain(&self) -> bool {
        self.is_uncertain.load(Ordering::Acquire)
    }

    pub(super) fn is_in_flight(&self) -> bool {
        self.in_flight.load(Ordering::Acquire)
    }

    /// Resolves when an attempt has ended since the last time.
    pub(super) async fn landed(&self) {
        self.landed.notified().await;
    }
}

/// How often calls were made and refused, and what the platform said to the last one that was.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    departed: AtomicU64,
    throttled: AtomicU64,
    early_returns: AtomicU64,
    last_setback: Mutex<Option<String>>,
}

impl Attempts {
    /// Why an attempt must be made again, in words without secrets.
    pub(super) fn note_setback(&self, words: String) {
        *self.last_setback() = Some(words);
    }

    /// What last made an attempt necessary once more.
    #[must_use]
    pub(super) fn last_words(&self) -> Option<String> {
        self.last_setback().clone()
    }

    fn last_setback(&self) -> MutexGuard<'_, Option<String>> {
        self.last_setback.lock().expect("nobody panics while holding a few words")
    }

    pub(super) fn note_departed(&self) {
        self.departed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn note_throttled(&self) {
        self.throttled.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn note_early(&self) {
        self.early_returns.fetch_add(1, Ordering::Relaxed);
    }

    /// Those that left although the platform had asked to be left alone; the machine sees to it that
    /// there are none.
    #[must_use]
    pub(super) fn early_returns(&self) -> u64 {
        self.early_returns.load(Ordering::Relaxed)
    }

    /// Attempts that came to an end.
    #[must_use]
    pub(super) fn departed(&self) -> u64 {
        self.departed.load(Ordering::Relaxed)
    }

    /// Those that the platform refused for a limit or its load.
    #[must_use]
    pub(super) fn throttled(&self) -> u64 {
        self.throttled.load(Ordering::Relaxed)
    }
}
