//! What is seen of a run, and what the checkers make of it.

use std::time::Duration;

use paceline_core::Instant;

use super::lanes::Keys;
use super::timeline::Timeline;
use crate::check::{self, Findings, Law, Sighting};
use crate::platform::{Fingerprint, Platform, Service};

/// Looks on while a world runs.
#[derive(Debug, Default)]
pub(super) struct Witness {
    sightings: Vec<Sighting>,
    arrivals: u64,
    /// How often each record was seen to be applied.
    applied: Vec<u32>,
    /// The records whose users were served.
    delivered: Vec<Fingerprint>,
    times: Vec<Duration>,
    timeline: Timeline,
}

impl Witness {
    pub(super) const fn deliveries(&self) -> u64 {
        self.times.len() as u64
    }

    /// A call reached the platform, and this is what it will be answered.
    pub(super) fn arrived(&mut self, at: Instant, keys: &Keys, service: &Service) {
        let (arrival, client) = (self.arrivals, keys.client);
        self.arrivals += 1;
        self.timeline.note(at, service);
        for &(_, limit) in &keys.limits {
            self.sightings.push(Sighting::Arrived { arrival, at, client, limit });
        }
        let Some(until) = service.told_until else { return };
        for &(place, limit) in &keys.limits {
            if service.refused_by & 1_u64.checked_shl(place).unwrap_or(0) != 0 {
                self.sightings.push(Sighting::Told { sent: service.at, client, limit, until });
            }
        }
    }

    /// Looks whether a record has been applied again.
    pub(super) fn look(&mut self, record: u64, platform: &Platform) {
        let identity = Fingerprint::number(record);
        let times = platform.times_applied(identity);
        let place = usize::try_from(record).expect("records were counted by a length");
        if place >= self.applied.len() {
            self.applied.resize(place + 1, 0);
        }
        for _ in self.applied[place]..times {
            self.sightings.push(Sighting::Applied { identity });
        }
        self.applied[place] = times;
    }

    /// The user of a record was served after so long.
    pub(super) fn delivered(&mut self, record: u64, after: Duration) {
        self.delivered.push(Fingerprint::number(record));
        self.times.push(after);
    }

    /// The verdict, with the records that were given up; the times to success, ascending; and the timeline.
    pub(super) fn judge(
        mut self,
        given_up: &[Fingerprint],
        law: &Law,
    ) -> (Findings, Vec<Duration>, Timeline) {
        self.times.sort_unstable();
        let findings = check::judge(&self.sightings, &self.delivered, given_up, law);
        (findings, self.times, self.timeline)
    }
}
