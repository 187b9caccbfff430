//! What all connections of a stand-in share: the model, and a clock for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use paceline_core::Instant;
use paceline_sim::platform::{Fingerprint, Platform, Request, Service, Stats, Ticket};

use crate::platform::network::Distance;
use crate::platform::notifications::Notifications;
use crate::platform::{StandInConfig, Surroundings};
use crate::wall_clock::wall_now;

/// One model behind one lock, held for the lines below and never across an await.
#[derive(Debug)]
pub(super) struct Scene {
    platform: Mutex<Platform>,
    epoch: tokio::time::Instant,
    key_field: String,
    distance: Distance,
    notifications: Arc<Notifications>,
}

impl Scene {
    pub(super) fn new(config: StandInConfig, surroundings: Surroundings, seed: u64) -> Self {
        let mut platform = config.platform;
        platform.epoch = wall_now();
        Self {
            platform: Mutex::new(Platform::new(platform, seed)),
            epoch: tokio::time::Instant::now(),
            key_field: config.key_field,
            distance: Distance::new(surroundings.network, seed),
            notifications: Notifications::new(surroundings.notifications),
        }
    }

    pub(super) const fn distance(&self) -> &Distance {
        &self.distance
    }

    pub(super) const fn notifications(&self) -> &Arc<Notifications> {
        &self.notifications
    }

    pub(super) fn key_field(&self) -> &str {
        &self.key_field
    }

    /// When the platform's clock shows `at`.
    pub(super) fn clock_time(&self, at: Instant) -> tokio::time::Instant {
        self.epoch + at.saturating_since(Instant::EPOCH)
    }

    pub(super) fn arrive(&self, request: &Request<'_>) -> Service {
        let mut platform = self.platform();
        // Under the lock, so that the model sees time in order.
        let now = self.now();
        platform.arrive(now, request)
    }

    /// Somebody else calls: when it is served, and what it holds until then.
    pub(super) fn arrive_foreign(&self, request: &Request<'_>) -> (Instant, Ticket) {
        let mut platform = self.platform();
        let now = self.now();
        platform.arrive_foreign(now, request)
    }

    pub(super) fn finish(&self, ticket: Ticket) {
        let mut platform = self.platform();
        let now = self.now();
        platform.finish(now, ticket);
    }

    /// The client left while its reply was owed, or before one that will never come.
    pub(super) fn abandon(&self, ticket: Ticket) {
        self.platform().abandon(ticket);
    }

    pub(super) fn connection_opened(&self) {
        self.platform().connection_opened();
    }

    pub(super) fn connection_dropped(&self) {
        self.platform().connection_dropped();
    }

    pub(super) fn stats(&self) -> Stats {
        self.platform().stats()
    }

    pub(super) fn times_applied(&self, identity: Fingerprint) -> u32 {
        self.platform().times_applied(identity)
    }

    fn now(&self) -> Instant {
        Instant::EPOCH + self.epoch.elapsed()
    }

    /// A panic of another task leaves counts that are off by one at most: still the best judge there is.
    fn platform(&self) -> MutexGuard<'_, Platform> {
        self.platform.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
