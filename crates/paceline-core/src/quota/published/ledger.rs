//! What was answered when: what a log of the platform's has surely forgotten by now.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Instant;

/// Units answered, in all, by an instant each; at most so many instants of one period, whatever happens in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    marks: VecDeque<(Instant, u64)>,
}

impl Ledger {
    /// By now `answered` units were answered.
    pub(super) fn note(&mut self, now: Instant, answered: u64, period: Duration) {
        let grain = period / GRAINS;
        // Of the youngest mark the instant moves, so that no unit is ever forgotten early.
        let is_close = |before: Instant| now.saturating_since(before) < grain;
        match self.marks.len() {
            len if len > 1 && is_close(self.marks[len - 2].0) => self.marks[len - 1] = (now, answered),
            _ => self.marks.push_back((now, answered)),
        }
        while self.marks.len() > 2 && self.marks[1].0 + period <= now {
            self.marks.pop_front();
        }
    }

    /// When at least `answered` units in all are a `period` old; None if so many were not answered.
    pub(super) fn old_at(&self, answered: u64, period: Duration) -> Option<Instant> {
        let at = self.marks.partition_point(|&(_, by)| by < answered);
        self.marks.get(at).map(|&(at, _)| at + period)
    }
}

/// A hundredth of a period is what a log can be used up to.
const GRAINS: u32 = 250;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_unit_is_old_early_and_marks_are_bounded(
            gaps in prop::collection::vec(0_u64..50_000_000, 1..2_000), asked in 1_u64..2_000,
        ) {
            let period = Duration::from_secs(1);
            let (mut ledger, mut now, mut answered_at) = (Ledger::default(), Instant::EPOCH, Vec::new());
            for (gap, answered) in gaps.into_iter().zip(1..) {
                now = now + Duration::from_nanos(gap);
                ledger.note(now, answered, period);
                answered_at.push(now);
            }
            prop_assert!(ledger.marks.len() <= 2 * GRAINS as usize);
            let exact = usize::try_from(asked).ok().and_then(|asked| answered_at.get(asked - 1));
            match (ledger.old_at(asked, period), exact) {
                (Some(at), Some(&exact)) => prop_assert!(at >= exact + period || at <= now),
                (at, exact) => prop_assert_eq!(at.is_some(), exact.is_some()),
            }
        }
    }
}
