//! What becomes of the records that departed and were not heard of again.

use crate::journal::{JournalError, JournalReader, Repeat, Run};

/// What a departed record is, seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Its run goes on: its answer is still to come.
    UnderWay,
    /// Its run is gone and it may be sent again: it is still to do.
    Todo,
    /// Its run is gone and it may have been applied.
    InDoubt,
}

impl Fate {
    /// Of what `run`, the latest, left departed. `is_in_use`: a process holds the journal.
    pub(super) fn of(run: Option<&Run>, is_in_use: bool) -> Self {
        match run {
            Some(run) if run.ended.is_none() && is_in_use => Self::UnderWay,
            // As the next run will have it: only what departed under the rules of a repeatable call may go again.
            Some(Run { repeat: Repeat::Safe, .. }) => Self::Todo,
            _ => Self::InDoubt,
        }
    }
}

/// The latest run of `reader`'s journal, and what it left departed.
pub(super) fn latest(reader: &JournalReader) -> Result<(Option<Run>, Fate), JournalError> {
    let run = reader.latest_run()?;
    let is_open = run.as_ref().is_some_and(|run| run.ended.is_none());
    let fate = Fate::of(run.as_ref(), is_open && reader.is_in_use());
    Ok((run, fate))
}

#[cfg(test)]
mod tests {
    use paceline_core::WallTime;

    use super::*;
    use crate::journal::Counts;

    fn run(repeat: Repeat, has_ended: bool) -> Run {
        let now = WallTime::from_unix_millis(1);
        let ended = has_ended.then(|| (now, "done".to_owned(), Counts::default()));
        Run { number: 1, started: now, repeat, ended }
    }

    #[test]
    fn only_a_run_that_holds_the_journal_is_under_way() {
        assert_eq!(Fate::of(Some(&run(Repeat::Unsafe, false)), true), Fate::UnderWay);
        assert_eq!(Fate::of(Some(&run(Repeat::Unsafe, false)), false), Fate::InDoubt);
        assert_eq!(Fate::of(Some(&run(Repeat::Safe, false)), false), Fate::Todo);
        assert_eq!(Fate::of(Some(&run(Repeat::Unsafe, true)), true), Fate::InDoubt);
        assert_eq!(Fate::of(None, true), Fate::InDoubt);
    }
}
