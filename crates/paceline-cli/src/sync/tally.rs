//! Counting, and when the run itself is at fault rather than its records.

use super::ending::Fault;

/// How far a run has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Records of the source that were read.
    pub(super) read: u64,
    /// Records that were delivered, now or by an earlier run.
    pub(super) delivered: u64,
    /// Records that were given up, now or by an earlier run.
    pub(super) dead: u64,
    /// Records in doubt, from now or from an earlier run.
    pub(super) in_doubt: u64,
    /// Delivered by earlier runs, where this one judges anew what they gave up.
    delivered_before: u64,
    /// Delivered by this run.
    pub(super) delivered_now: u64,
    /// Given up by this run for what the platform said.
    pub(super) dead_now: u64,
    /// Calls that ended with an answer.
    pub(super) calls: u64,
    /// Those of them that the platform accepted.
    pub(super) accepted: u64,
    /// Calls that the platform rejected as a whole, while it accepted none.
    rejected_at_first: u64,
    /// Calls that the platform took without a word on their records, before this run delivered any.
    silent_at_first: u64,
    has_accepted: bool,
}

impl Tally {
    /// Before the first call, after earlier runs of this journal delivered so much: once accepted, the request is right.
    /// `is_retrial`: they were condemned, and the share of dead records is that of all of these runs. Otherwise it is this
    /// run's own, for a platform that changes today rejects what it took for a year.
    pub(super) fn after(delivered: u64, is_retrial: bool) -> Self {
        let delivered_before = if is_retrial { delivered } else { 0 };
        Self { has_accepted: delivered > 0, delivered_before, ..Self::default() }
    }

    /// Records that are read and not settled.
    pub(super) const fn unsettled(&self) -> u64 {
        self.read - self.delivered - self.dead - self.in_doubt
    }

    /// A call was accepted, at least in part.
    pub(super) fn note_accepted(&mut self) {
        self.has_accepted = true;
    }

    /// A call was rejected as a whole.
    pub(super) fn note_rejected(&mut self) {
        if !self.has_accepted {
            self.rejected_at_first += 1;
        }
    }

    /// A call was taken, and its reply says of none of its records what became of it.
    pub(super) fn note_silent(&mut self) {
        if self.delivered_now == 0 {
            self.silent_at_first += 1;
        }
    }

    /// What the run is at fault for, if it is.
    pub(super) fn fault(&self, max_dead: f64) -> Option<Fault> {
        // An earlier success tells nothing here: where results are looked for may have been configured anew.
        if self.delivered_now == 0 && self.silent_at_first >= FIRST_CALLS {
            return Some(Fault::Silent);
        }
        self.is_condemned(max_dead).then_some(Fault::Rejected)
    }

    /// Whether so much is rejected that the request must be wrong; whoever allows all of it means it.
    fn is_condemned(&self, max_dead: f64) -> bool {
        if max_dead >= 1.0 {
            return false;
        }
        if !self.has_accepted && self.rejected_at_first >= FIRST_CALLS {
            return true;
        }
        let judged = self.delivered_before + self.delivered_now + self.dead_now;
        #[expect(clippy::cast_precision_loss, reason = "a share needs no more than 53 bits")]
        let share = self.dead_now as f64 / judged.max(1) as f64;
        judged >= JUDGED_LEAST && share > max_dead
    }

    /// The records that this run gave up are still to do after all.
    pub(super) fn acquit(&mut self) {
        self.dead -= self.dead_now;
        self.dead_now = 0;
    }
}

/// Calls that are rejected, one after the other, before anything was ever accepted.
const FIRST_CALLS: u64 = 20;
/// Records that a verdict was reached on, before a share of dead ones says anything.
const JUDGED_LEAST: u64 = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_rejections_before_the_first_success_condemn_the_run() {
        let mut tally = Tally::default();
        (0..19).for_each(|_| tally.note_rejected());
        assert!(!tally.is_condemned(0.05));
        tally.note_rejected();
        assert!(tally.is_condemned(0.05));
    }

    #[test]
    fn one_success_makes_rejections_the_records_own() {
        let mut tally = Tally::default();
        tally.note_accepted();
        (0..100).for_each(|_| tally.note_rejected());
        assert!(!tally.is_condemned(0.05));
    }

    #[test]
    fn twenty_calls_whose_replies_say_nothing_condemn_the_run_unless_it_delivers() {
        let mut tally = Tally::after(7, false);
        (0..20).for_each(|_| tally.note_silent());
        assert_eq!(tally.fault(1.0), Some(Fault::Silent));
        tally.delivered_now = 1;
        assert_eq!(tally.fault(1.0), None);
    }

    #[test]
    fn an_earlier_success_counts_and_who_allows_everything_gets_it() {
        let (mut resumed, mut new) = (Tally::after(1, false), Tally::default());
        for tally in [&mut resumed, &mut new] {
            (0..100).for_each(|_| tally.note_rejected());
        }
        assert!(!resumed.is_condemned(0.05));
        assert!(new.is_condemned(0.99) && !new.is_condemned(1.0));
    }

    #[test]
    fn too_large_a_share_of_dead_records_condemns_the_run_after_two_hundred() {
        let mut tally = Tally { has_accepted: true, dead_now: 10, delivered_now: 189, ..Tally::default() };
        assert!(!tally.is_condemned(0.05));
        tally.dead_now = 11;
        assert!(tally.is_condemned(0.05));
        assert!(!tally.is_condemned(0.10));
    }

    #[test]
    fn after_an_acquittal_the_share_is_that_of_all_runs() {
        let rejected = |mut tally: Tally| {
            tally.dead_now = 200;
            tally
        };
        assert!(!rejected(Tally::after(800, true)).is_condemned(0.2));
        assert!(rejected(Tally::after(799, true)).is_condemned(0.2));
        assert!(rejected(Tally::after(800_000, false)).is_condemned(0.2), "a right request may become wrong");
    }
}
