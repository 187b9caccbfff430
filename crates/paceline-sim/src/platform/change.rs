//! Limits that change while a platform runs.

use std::time::Duration;

use paceline_core::Instant;

use crate::platform::limiter::LimiterKind;

/// A limit becomes another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// When, after the epoch.
    pub at: Duration,
    /// Which: its place in [`crate::platform::PlatformConfig::limits`]. One that is not there changes nothing.
    pub limit: usize,
    /// What it becomes. If the kind stays the same, what was used stays used; else it starts fresh.
    pub kind: LimiterKind,
}

impl Change {
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        Instant::EPOCH + self.at <= now
    }

    pub(crate) fn nanos(&self) -> u64 {
        (Instant::EPOCH + self.at).as_nanos()
    }
}

/// What a limit is over time: a kind from an instant on, until the next one's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    kinds: Vec<(Instant, LimiterKind)>,
}

impl Course {
    /// A limit that stays what it is.
    #[must_use]
    pub fn constant(kind: LimiterKind) -> Self {
        Self { kinds: vec![(Instant::EPOCH, kind)] }
    }

    /// The limit at a place that starts as `kind`, with those of the changes that are its own, in order.
    #[must_use]
    pub fn of(place: usize, kind: LimiterKind, changes: &[Change]) -> Self {
        let own = changes.iter().filter(|change| change.limit == place);
        let kinds = own.map(|change| (Instant::EPOCH + change.at, change.kind));
        Self { kinds: std::iter::once((Instant::EPOCH, kind)).chain(kinds).collect() }
    }

    /// The kinds that are in force between `first` and `last`, both included, each with the first and last instant of it.
    pub(crate) fn between(
        &self,
        first: Instant,
        last: Instant,
    ) -> impl Iterator<Item = (LimiterKind, Instant, Instant)> {
        self.kinds.iter().enumerate().filter_map(move |(place, &(from, kind))| {
            let until = self.kinds.get(place + 1).map_or(last, |&(next, _)| next.min(last));
            let from = from.max(first);
            let is_last = self.kinds.get(place + 1).is_none_or(|&(next, _)| next > last);
            (from < until || from == until && is_last).then_some((kind, from, until))
        })
    }
}
