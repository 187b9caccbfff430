//! What must hold in every run: nothing lost, nothing doubled, no early return.
//!
//! A second judge beside the platform's own counts, over a recorded run, slow and simple.

use std::collections::VecDeque;
use std::time::Duration;

use paceline_core::Instant;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::platform::{Ban, Fingerprint};

/// Something that was seen to happen, in the order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sighting {
    /// A call of `client` under the limit of `limit` reached the platform.
    Arrived {
        /// Its number. One that falls under several limits is seen once for each, in a row.
        arrival: u64,
        /// When.
        at: Instant,
        /// Whose call.
        client: Fingerprint,
        /// The limit's key.
        limit: Fingerprint,
    },
    /// A reply told `client` to stay away from `limit`.
    Told {
        /// When the reply was sent.
        sent: Instant,
        /// Who was told.
        client: Fingerprint,
        /// The limit's key.
        limit: Fingerprint,
        /// Until when.
        until: Instant,
    },
    /// A record was applied.
    Applied {
        /// Which.
        identity: Fingerprint,
    },
}

/// What a run did wrong; all empty when it did not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Records handed in that were neither applied nor reported as not delivered.
    pub lost: Vec<Fingerprint>,
    /// Records applied more than once.
    pub doubled: Vec<Fingerprint>,
    /// When calls arrived that should have stayed away.
    pub early_returns: Vec<Instant>,
    /// How many bans those have earned under [`Law::ban`], whether or not the platform bans.
    pub bans_earned: u64,
}

/// What a run is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Law {
    /// What arrives so soon after a wait was told was in flight then.
    pub excuse: Duration,
    /// What early returns would cost.
    pub ban: Ban,
}

impl Findings {
    /// Whether nothing was found.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.lost.is_empty() && self.doubled.is_empty() && self.early_returns.is_empty()
    }
}

/// Judges a run. `handed_in` are its records; `reported` those that the client gave up and said so.
#[must_use]
pub fn judge(
    sightings: &[Sighting],
    handed_in: &[Fingerprint],
    reported: &[Fingerprint],
    law: &Law,
) -> Findings {
    let applied = applications(sightings);
    let reported: FxHashSet<&Fingerprint> = reported.iter().collect();
    let is_lost = |identity: &&Fingerprint| !applied.contains_key(*identity) && !reported.contains(identity);
    let mut doubled: Vec<Fingerprint> =
        applied.iter().filter(|(_, times)| **times > 1).map(|(identity, _)| *identity).collect();
    doubled.sort_unstable();
    let early = early_returns(sightings, law.excuse);
    Findings {
        lost: handed_in.iter().filter(is_lost).copied().collect(),
        doubled,
        bans_earned: bans_earned(&early, law.ban),
        early_returns: early.into_iter().map(|(_, at)| at).collect(),
    }
}

fn applications(sightings: &[Sighting]) -> FxHashMap<Fingerprint, u32> {
    let mut applied = FxHashMap::default();
    for sighting in sightings {
        if let Sighting::Applied { identity } = sighting {
            *applied.entry(*identity).or_insert(0) += 1;
        }
    }
    applied
}

/// The waits that were told to one client under one limit, by when their excuse ends; those whose excuse has ended, as the
/// latest instant until which they say to stay away.
#[derive(Default)]
struct Waits {
    told: Vec<(Instant, Instant)>,
    next: usize,
    until: Instant,
}

impl Waits {
    fn is_early(&mut self, at: Instant) -> bool {
        while let Some(&(_, until)) = self.told.get(self.next).filter(|&&(excused, _)| excused < at) {
            self.until = self.until.max(until);
            self.next += 1;
        }
        at < self.until
    }
}

/// Who came early, and when, each arrival once.
fn early_returns(sightings: &[Sighting], excuse: Duration) -> Vec<(Fingerprint, Instant)> {
    let mut waits: FxHashMap<(Fingerprint, Fingerprint), Waits> = FxHashMap::default();
    for sighting in sightings {
        if let Sighting::Told { sent, client, limit, until } = *sighting {
            waits.entry((client, limit)).or_default().told.push((sent + excuse, until));
        }
    }
    waits.values_mut().for_each(|waits| waits.told.sort_unstable());
    let mut early = Vec::new();
    let mut last = None;
    for sighting in sightings {
        let Sighting::Arrived { arrival, at, client, limit } = *sighting else { continue };
        let is_early = waits.get_mut(&(client, limit)).is_some_and(|waits| waits.is_early(at));
        if is_early && last != Some(arrival) {
            early.push((client, at));
            last = Some(arrival);
        }
    }
    early
}

/// Each client's early returns are counted, and counted anew after each ban that they earn.
fn bans_earned(early: &[(Fingerprint, Instant)], ban: Ban) -> u64 {
    let mut recent: FxHashMap<Fingerprint, VecDeque<Instant>> = FxHashMap::default();
    let mut earned = 0;
    for &(client, at) in early {
        let recent = recent.entry(client).or_default();
        recent.push_back(at);
        while recent.front().is_some_and(|&first| at.saturating_since(first) >= ban.within) {
            recent.pop_front();
        }
        if recent.len() >= ban.early_returns.get() as usize {
            earned += 1;
            recent.clear();
        }
    }
    earned
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    const LAW: Law = Law {
        excuse: Duration::from_millis(250),
        ban: Ban {
            early_returns: NonZeroU32::new(2).unwrap(),
            within: Duration::from_secs(1),
            lasts: Duration::ZERO,
        },
    };

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    fn arrived(millis: u64) -> Sighting {
        Sighting::Arrived {
            arrival: millis,
            at: at(millis),
            client: Fingerprint::number(1),
            limit: Fingerprint::number(1),
        }
    }

    #[test]
    fn a_clean_run_has_no_findings() {
        let identity = Fingerprint::number(1);
        let findings = judge(&[arrived(0), Sighting::Applied { identity }], &[identity], &[], &LAW);
        assert!(findings.is_clean());
    }

    #[test]
    fn a_record_that_is_neither_applied_nor_reported_is_lost() {
        let [kept, reported, lost] = [1, 2, 3].map(Fingerprint::number);
        let sightings = [Sighting::Applied { identity: kept }];
        let findings = judge(&sightings, &[kept, reported, lost], &[reported], &LAW);
        assert_eq!(findings, Findings { lost: vec![lost], ..Default::default() });
    }

    #[test]
    fn a_record_applied_twice_is_doubled_once() {
        let identity = Fingerprint::number(1);
        let findings = judge(&[Sighting::Applied { identity }; 3], &[identity], &[], &LAW);
        assert_eq!(findings.doubled, [identity]);
    }

    #[test]
    fn only_what_comes_after_the_excuse_and_before_the_end_is_early() {
        let (client, limit) = (Fingerprint::number(1), Fingerprint::number(1));
        let told = Sighting::Told { sent: at(1_000), client, limit, until: at(3_000) };
        let client_2 = Fingerprint::number(2);
        let elsewhere = Sighting::Arrived { arrival: 2_000, at: at(2_000), client: client_2, limit };
        let sightings = [told, arrived(1_250), arrived(1_251), elsewhere, arrived(2_999), arrived(3_000)];
        assert_eq!(judge(&sightings, &[], &[], &LAW).early_returns, [at(1_251), at(2_999)]);
    }

    #[test]
    fn a_call_under_two_limits_comes_early_once() {
        let client = Fingerprint::number(1);
        let limits = [1, 2].map(Fingerprint::number);
        let told = limits.map(|limit| Sighting::Told { sent: at(0), client, limit, until: at(3_000) });
        let came = limits.map(|limit| Sighting::Arrived { arrival: 7, at: at(1_000), client, limit });
        assert_eq!(judge(&[told, came].concat(), &[], &[], &LAW).early_returns, [at(1_000)]);
    }

    #[test]
    fn early_returns_earn_bans_when_they_come_close_together() {
        let (client, limit) = (Fingerprint::number(1), Fingerprint::number(1));
        let mut sightings = vec![Sighting::Told { sent: at(0), client, limit, until: at(60_000) }];
        sightings.extend([1_000, 1_500, 3_000, 3_999, 4_000, 6_000].map(arrived));
        assert_eq!(judge(&sightings, &[], &[], &LAW).bans_earned, 2);
    }
}
