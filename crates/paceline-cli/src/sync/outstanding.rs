//! What earlier runs left to do, seen without touching their journal.

use super::inspection::{Inspection, StartError};
use super::parcel::Item;
use super::plan::SyncPlan;
use super::start::binding;
use crate::journal::{JournalReader, RecordRef, Repeat, Standing};
use crate::records;

/// What is left of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Outstanding {
    /// Records that the journal knows to need nothing more.
    pub(super) settled: u64,
    /// Records that a run would send; None for a pipe.
    pub(super) to_send: Option<u64>,
}

impl Outstanding {
    /// Looks into the journal of `plan`, if a run would go on with it.
    ///
    /// # Errors
    /// It cannot be read, or a run of `plan` must not use it.
    pub(super) fn of(plan: &SyncPlan, inspection: &Inspection) -> Result<Self, StartError> {
        if plan.journal.start_over || !plan.journal.path.exists() {
            return Ok(Self { settled: 0, to_send: inspection.records });
        }
        let reader = JournalReader::open(&plan.journal.path)?;
        reader.fits(&binding(plan, inspection))?;
        let latest = reader.latest_run()?;
        let is_safe = plan.is_repeatable() && latest.is_none_or(|run| run.repeat == Repeat::Safe);
        match (inspection.records, &plan.key) {
            (Some(_), Some(key)) => Self::by_standing(plan, &reader, key, is_safe),
            (records, _) => Self::by_number(&reader, records, is_safe),
        }
    }

    /// Without a key field every row is a record of this source; of a pipe nobody knows the records.
    fn by_number(reader: &JournalReader, records: Option<u64>, is_safe: bool) -> Result<Self, StartError> {
        let counts = reader.counts()?;
        let lost = if is_safe { 0 } else { counts.departed };
        let settled = counts.delivered + counts.dead + counts.in_doubt + lost;
        Ok(Self { settled, to_send: records.map(|records| records.saturating_sub(settled)) })
    }

    /// With one the journal also knows records that the source has no more: each record must be asked for.
    fn by_standing(
        plan: &SyncPlan,
        reader: &JournalReader,
        key: &str,
        is_safe: bool,
    ) -> Result<Self, StartError> {
        let (mut settled, mut to_send) = (0, 0);
        for record in records::open(&plan.source)? {
            let record = Item::new(record?, Some(key)).reference;
            // Given up for its key, which it lacks or shares: then its letter stands under its place.
            let by_place = RecordRef { key: None, ..record.clone() };
            if reader.standing(&by_place)? == Standing::Dead {
                settled += 1;
            } else if record.key.is_some() {
                let needs_sending = match reader.standing(&record)? {
                    Standing::New | Standing::Todo { .. } | Standing::ChangedSinceDelivered => true,
                    Standing::Departed => is_safe,
                    _ => false,
                };
                *if needs_sending { &mut to_send } else { &mut settled } += 1;
            }
        }
        Ok(Self { settled, to_send: Some(to_send) })
    }
}
