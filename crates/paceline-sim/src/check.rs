//! What must hold in every run: nothing lost, nothing doubled, no early return.
//!
//! A second judge beside the platform's own counts, over a recorded run, slow and simple.

use std::collections::BTreeMap;
use std::time::Duration;

use paceline_core::Instant;

use crate::platform::Fingerprint;

/// Something that was seen to happen, in the order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sighting {
    /// A call of `client` under the limit of `limit` reached the platform.
    Arrived {
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
}

impl Findings {
    /// Whether nothing was found.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.lost.is_empty() && self.doubled.is_empty() && self.early_returns.is_empty()
    }
}

/// Judges a run. `handed_in` are its records; `reported` those that the client gave up and said so. What
/// arrives within `excuse` after a wait was told was in flight then.
#[must_use]
pub fn judge(
    sightings: &[Sighting],
    handed_in: &[Fingerprint],
    reported: &[Fingerprint],
    excuse: Duration,
) -> Findings {
    let applied = applications(sightings);
    let is_lost = |identity: &&Fingerprint| !applied.contains_key(*identity) && !reported.contains(*identity);
    Findings {
        lost: handed_in.iter().filter(is_lost).copied().collect(),
        doubled: applied.iter().filter(|(_, times)| **times > 1).map(|(identity, _)| *identity).collect(),
        early_returns: early_returns(sightings, excuse),
    }
}

fn applications(sightings: &[Sighting]) -> BTreeMap<Fingerprint, u32> {
    let mut applied = BTreeMap::new();
    for sighting in sightings {
        if let Sighting::Applied { identity } = sighting {
            *applied.entry(*identity).or_insert(0) += 1;
        }
    }
    applied
}

/// The waits that were told to one client under one limit: (told at, until).
type Waits = Vec<(Instant, Instant)>;

fn early_returns(sightings: &[Sighting], excuse: Duration) -> Vec<Instant> {
    let mut told: BTreeMap<(Fingerprint, Fingerprint), Waits> = BTreeMap::new();
    for sighting in sightings {
        if let Sighting::Told { sent, client, limit, until } = *sighting {
            told.entry((client, limit)).or_default().push((sent, until));
        }
    }
    let is_early = |at: Instant, (sent, until): &(Instant, Instant)| *sent + excuse < at && at < *until;
    let mut early = Vec::new();
    for sighting in sightings {
        let Sighting::Arrived { at, client, limit } = *sighting else { continue };
        if told.get(&(client, limit)).is_some_and(|waits| waits.iter().any(|wait| is_early(at, wait))) {
            early.push(at);
        }
    }
    early
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXCUSE: Duration = Duration::from_millis(250);

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    fn arrived(millis: u64) -> Sighting {
        Sighting::Arrived { at: at(millis), client: Fingerprint::number(1), limit: Fingerprint::number(1) }
    }

    #[test]
    fn a_clean_run_has_no_findings() {
        let identity = Fingerprint::number(1);
        let findings = judge(&[arrived(0), Sighting::Applied { identity }], &[identity], &[], EXCUSE);
        assert!(findings.is_clean());
    }

    #[test]
    fn a_record_that_is_neither_applied_nor_reported_is_lost() {
        let [kept, reported, lost] = [1, 2, 3].map(Fingerprint::number);
        let sightings = [Sighting::Applied { identity: kept }];
        let findings = judge(&sightings, &[kept, reported, lost], &[reported], EXCUSE);
        assert_eq!(findings, Findings { lost: vec![lost], ..Default::default() });
    }

    #[test]
    fn a_record_applied_twice_is_doubled_once() {
        let identity = Fingerprint::number(1);
        let findings = judge(&[Sighting::Applied { identity }; 3], &[identity], &[], EXCUSE);
        assert_eq!(findings.doubled, [identity]);
    }

    #[test]
    fn only_what_comes_after_the_excuse_and_before_the_end_is_early() {
        let (client, limit) = (Fingerprint::number(1), Fingerprint::number(1));
        let told = Sighting::Told { sent: at(1_000), client, limit, until: at(3_000) };
        let elsewhere = Sighting::Arrived { at: at(2_000), client: Fingerprint::number(2), limit };
        let sightings = [told, arrived(1_250), arrived(1_251), elsewhere, arrived(2_999), arrived(3_000)];
        assert_eq!(judge(&sightings, &[], &[], EXCUSE).early_returns, [at(1_251), at(2_999)]);
    }
}
