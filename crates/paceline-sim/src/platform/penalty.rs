//! What is held against a client: early returns, and the ban that they earn.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Duration;

use paceline_core::Instant;
use rustc_hash::FxHashMap;

use crate::platform::fingerprint::Fingerprint;
use crate::platform::limits::LimitKey;

/// So many early returns within a time, and the credential is shut out for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ban {
    /// How many early returns; the call that completes them is the first to be shut out.
    pub early_returns: NonZeroU32,
    /// Within how long.
    pub within: Duration,
    /// How long it lasts.
    pub lasts: Duration,
}

/// How a client stands when it calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The call came before a told wait under one of its keys was over.
    pub(crate) early: bool,
    /// The client is shut out.
    pub(crate) banned: bool,
}

/// A client's place among those seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ClientIndex(u32);

#[derive(Debug)]
pub(crate) struct Penalties {
    ban: Option<Ban>,
    /// How long after a refusal was sent what arrives was in flight when it was told.
    excuse: Duration,
    places: FxHashMap<Fingerprint, ClientIndex>,
    conducts: Vec<Conduct>,
    told: FxHashMap<(ClientIndex, LimitKey), Told>,
}

impl Penalties {
    pub(crate) fn new(ban: Option<Ban>, longest_latency: Duration) -> Self {
        let excuse = EXCUSE + longest_latency;
        Self { ban, excuse, places: FxHashMap::default(), conducts: Vec::new(), told: FxHashMap::default() }
    }

    pub(crate) fn client(&mut self, credential: Fingerprint) -> ClientIndex {
        let next =
            ClientIndex(u32::try_from(self.conducts.len()).expect("memory ends before the clients do"));
        *self.places.entry(credential).or_insert_with(|| {
            self.conducts.push(Conduct::default());
            next
        })
    }

    /// A call of `client` under `keys` arrives. Calls of a client that is shut out are not judged.
    pub(crate) fn judge(&mut self, now: Instant, client: ClientIndex, keys: &[LimitKey]) -> Standing {
        let conduct = &mut self.conducts[client.0 as usize];
        if now < conduct.banned_until {
            return Standing { early: false, banned: true };
        }
        let mut early = false;
        for &key in keys {
            early |= self.told.get_mut(&(client, key)).is_some_and(|told| told.is_early(now));
        }
        let banned = early && self.ban.is_some_and(|ban| conduct.earns(ban, now));
        Standing { early, banned }
    }

    /// `client` was told at `sent` to stay away from `keys` until `until`.
    pub(crate) fn tell(&mut self, client: ClientIndex, keys: &[LimitKey], sent: Instant, until: Instant) {
        let excused_until = sent + self.excuse;
        for &key in keys {
            self.told.entry((client, key)).or_default().add(excused_until, until);
        }
    }
}

/// The early returns of a client that may still count towards a ban, and its ban.
#[derive(Debug, Default)]
struct Conduct {
    early: VecDeque<Instant>,
    banned_until: Instant,
}

impl Conduct {
    /// Notes an early return; returns whether it completes a ban.
    fn earns(&mut self, ban: Ban, now: Instant) -> bool {
        self.early.push_back(now);
        while self.early.front().is_some_and(|first| now.saturating_since(*first) >= ban.within) {
            self.early.pop_front();
        }
        if self.early.len() < ban.early_returns.get() as usize {
            return false;
        }
        self.early.clear();
        self.banned_until = now + ban.lasts;
        true
    }
}

/// The waits that one client was told under one key.
#[derive(Debug, Default)]
struct Told {
    /// Waits whose excuse may still hold: (excused until, stay away until), in order of the first.
    pending: VecDeque<(Instant, Instant)>,
    /// The latest end among the waits whose excuse is over.
    until: Instant,
}

impl Told {
    fn add(&mut self, excused_until: Instant, until: Instant) {
        if until <= excused_until {
            return;
        }
        let place = self.pending.partition_point(|&(excused, _)| excused <= excused_until);
        // A wait that is judged no sooner and ends no later than its neighbour adds nothing.
        if place > 0 && self.pending[place - 1].1 >= until {
            return;
        }
        self.pending.insert(place, (excused_until, until));
    }

    fn is_early(&mut self, now: Instant) -> bool {
        while let Some(&(excused_until, until)) = self.pending.front() {
            if now <= excused_until {
                break;
            }
            self.until = self.until.max(until);
            self.pending.pop_front();
        }
        now < self.until
    }
}

/// A refusal needs time to reach the client and to stop what it is about to send.
const EXCUSE: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: LimitKey = LimitKey::first();

    fn at(millis: u64) -> Instant {
        Instant::EPOCH + Duration::from_millis(millis)
    }

    fn penalties(ban: Option<(u32, u64, u64)>, latency_millis: u64) -> (Penalties, ClientIndex) {
        let ban = ban.map(|(count, within, lasts)| Ban {
            early_returns: NonZeroU32::new(count).unwrap(),
            within: Duration::from_secs(within),
            lasts: Duration::from_secs(lasts),
        });
        let mut penalties = Penalties::new(ban, Duration::from_millis(latency_millis));
        let client = penalties.client(Fingerprint::number(1));
        (penalties, client)
    }

    #[test]
    fn what_was_in_flight_when_the_wait_was_told_is_excused() {
        let (mut penalties, client) = penalties(None, 80);
        penalties.tell(client, &[KEY], at(1_000), at(3_000));
        let early = |millis| penalties.judge(at(millis), client, &[KEY]).early;
        assert_eq!([1_000, 1_330, 1_331, 2_999, 3_000].map(early), [false, false, true, true, false]);
    }

    #[test]
    fn a_wait_is_told_to_every_call_of_the_client_and_to_nobody_else() {
        let (mut penalties, client) = penalties(None, 0);
        let other = penalties.client(Fingerprint::number(2));
        penalties.tell(client, &[KEY], at(0), at(9_000));
        assert!(penalties.judge(at(5_000), client, &[KEY]).early);
        assert!(!penalties.judge(at(5_000), other, &[KEY]).early);
        assert!(!penalties.judge(at(5_000), client, &[]).early);
    }

    #[test]
    fn the_call_that_completes_the_early_returns_is_shut_out() {
        let (mut penalties, client) = penalties(Some((3, 60, 60)), 0);
        penalties.tell(client, &[KEY], at(0), at(500_000));
        let shut = |penalties: &mut Penalties, millis| penalties.judge(at(millis), client, &[KEY]);
        assert!(!shut(&mut penalties, 1_000).banned);
        assert!(!shut(&mut penalties, 1_001).banned);
        assert_eq!(shut(&mut penalties, 1_002), Standing { early: true, banned: true });
        assert_eq!(shut(&mut penalties, 61_001), Standing { early: false, banned: true });
        assert_eq!(shut(&mut penalties, 61_002), Standing { early: true, banned: false });
    }

    #[test]
    fn early_returns_that_are_too_old_do_not_count() {
        let (mut penalties, client) = penalties(Some((2, 60, 60)), 0);
        penalties.tell(client, &[KEY], at(0), at(500_000));
        assert!(!penalties.judge(at(1_000), client, &[KEY]).banned);
        assert!(!penalties.judge(at(61_000), client, &[KEY]).banned);
        assert!(penalties.judge(at(120_999), client, &[KEY]).banned);
    }

    proptest! {
        #[test]
        fn early_is_what_looking_at_every_told_wait_says(
            steps in prop::collection::vec((0_u64..400, prop::option::of((0_u64..100, 0_u64..3_000))), 1..200),
        ) {
            let (mut penalties, client) = penalties(None, 50);
            let mut waits: Vec<(Instant, Instant)> = Vec::new();
            let mut now = 0;
            for (gap, told) in steps {
                now += gap;
                let excused = |sent: Instant| sent + Duration::from_millis(300);
                let expected = waits.iter().any(|&(sent, until)| excused(sent) < at(now) && at(now) < until);
                prop_assert_eq!(penalties.judge(at(now), client, &[KEY]).early, expected);
                if let Some((latency, wait)) = told {
                    let (sent, until) = (at(now + latency), at(now + latency + wait));
                    penalties.tell(client, &[KEY], sent, until);
                    waits.push((sent, until));
                }
            }
        }
    }
}
