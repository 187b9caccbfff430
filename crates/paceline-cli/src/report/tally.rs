//! Counts that add up to the records of the source, as far as it can be read.

use super::ReportError;
use super::fate::Fate;
use super::source::Checked;
use super::subject::Subject;
use super::todo::Place;
use crate::journal::Counts;

/// What became of the records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) delivered: u64,
    pub(super) dead: u64,
    pub(super) in_doubt: u64,
    /// In flight, by a run that goes on.
    pub(super) under_way: u64,
    /// Still to do; of an unread source, those that the journal knows.
    pub(super) todo: u64,
    pub(super) extent: Extent,
}

/// Whether the counts are those of the source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Extent {
    /// The counts add up to its records.
    Whole {
        /// Records that the journal knows from an older content of the source; not counted.
        older: u64,
        /// Whether the source was changed since the latest run, so that the counts are those of the next.
        is_changed: bool,
    },
    /// Nobody knows how many records there are.
    #[default]
    Unread,
}

impl Tally {
    /// Counts, reading the source if it is there; and why it could not be read.
    pub(super) fn of(subject: &Subject) -> Result<(Self, Option<ReportError>), ReportError> {
        let counts = subject.reader.counts()?;
        let whole = subject.checked_source().and_then(|source| match subject.reader.binding().key_field {
            Some(_) => Self::by_standing(subject, &source, &counts),
            None => Self::by_number(subject, &source, &counts),
        });
        match whole {
            Ok(tally) => Ok((tally, None)),
            Err(error @ ReportError::Journal(_)) => Err(error),
            Err(error) => Ok((Self::known(subject, &counts), Some(error))),
        }
    }

    /// How many records the source has, if that is known.
    pub(super) fn records(&self) -> Option<u64> {
        let sum = self.delivered + self.dead + self.in_doubt + self.under_way + self.todo;
        (self.extent != Extent::Unread).then_some(sum)
    }

    /// What the journal alone knows.
    fn known(subject: &Subject, counts: &Counts) -> Self {
        let mut tally = Self {
            delivered: counts.delivered,
            dead: counts.dead,
            in_doubt: counts.in_doubt,
            under_way: 0,
            todo: counts.todo,
            extent: Extent::Unread,
        };
        *match subject.fate {
            Fate::UnderWay => &mut tally.under_way,
            Fate::Todo => &mut tally.todo,
            Fate::InDoubt => &mut tally.in_doubt,
        } += counts.departed;
        tally
    }

    /// Without a key field every row is a record of this source: what has no row is still to do.
    fn by_number(subject: &Subject, source: &Checked, counts: &Counts) -> Result<Self, ReportError> {
        let mut tally = Self::known(subject, counts);
        let settled = tally.delivered + tally.dead + tally.in_doubt + tally.under_way;
        let remaining = source.scan.records.checked_sub(settled);
        tally.todo = remaining.ok_or_else(|| super::source::changed(&source.spec))?;
        tally.extent = Extent::Whole { older: 0, is_changed: false };
        Ok(tally)
    }

    /// With one the journal also knows records that the source has no more: each record must be asked for.
    fn by_standing(subject: &Subject, source: &Checked, counts: &Counts) -> Result<Self, ReportError> {
        let (mut tally, mut found) = (Self::default(), 0);
        for record in subject.records(&source.spec)? {
            let place = subject.place(&record?.1, &source.spec)?;
            found += u64::from(place != Place::New);
            *match place {
                Place::Delivered => &mut tally.delivered,
                Place::Dead => &mut tally.dead,
                Place::InDoubt => &mut tally.in_doubt,
                Place::UnderWay => &mut tally.under_way,
                Place::New | Place::Todo => &mut tally.todo,
            } += 1;
        }
        let rows = counts.todo + counts.departed + counts.delivered + counts.dead + counts.in_doubt;
        tally.extent = Extent::Whole { older: rows.saturating_sub(found), is_changed: !source.is_unchanged };
        Ok(tally)
    }
}
