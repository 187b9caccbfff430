//! Which records were applied, and how often.

use rustc_hash::FxHashMap;

use crate::platform::fingerprint::Fingerprint;

/// Grows with the distinct records, which is what it is for: 16 bytes for each.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    entries: FxHashMap<Fingerprint, Entry>,
    distinct: u64,
    duplicates: u64,
}

/// How often a record was applied, times two, plus one if it failed its first time.
#[derive(Clone, Copy, Debug, Default)]
struct Entry(u32);

impl Ledger {
    pub(crate) fn apply(&mut self, identity: Fingerprint) {
        let entry = self.entries.entry(identity).or_default();
        if entry.0 < 2 {
            self.distinct += 1;
        } else {
            self.duplicates += 1;
        }
        entry.0 = entry.0.saturating_add(2);
    }

    /// Whether it is the first time that this record, which fails once, is seen.
    pub(crate) fn fails_now(&mut self, identity: Fingerprint) -> bool {
        let entry = self.entries.entry(identity).or_default();
        let fails = entry.0 & 1 == 0;
        entry.0 |= 1;
        fails
    }

    pub(crate) fn times_applied(&self, identity: Fingerprint) -> u32 {
        self.entries.get(&identity).map_or(0, |entry| entry.0 / 2)
    }

    /// Records applied at least once.
    pub(crate) const fn distinct(&self) -> u64 {
        self.distinct
    }

    /// Applications beyond the first of each record.
    pub(crate) const fn duplicates(&self) -> u64 {
        self.duplicates
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_application_beyond_the_first_is_a_duplicate() {
        let mut ledger = Ledger::default();
        let [a, b] = [1, 2].map(Fingerprint::number);
        assert!(ledger.fails_now(a));
        assert!(!ledger.fails_now(a));
        assert_eq!(ledger.distinct(), 0);
        [a, b, a, a].into_iter().for_each(|identity| ledger.apply(identity));
        assert_eq!((ledger.distinct(), ledger.duplicates()), (2, 2));
        assert_eq!((ledger.times_applied(a), ledger.times_applied(b)), (3, 1));
    }

    #[test]
    fn a_million_records_stay_far_below_100_megabytes() {
        assert_eq!(size_of::<(Fingerprint, Entry)>(), 16);
    }
}
