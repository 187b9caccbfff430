//! The records of a source that are not settled.

use super::ReportError;
use super::fate::Fate;
use super::source::Checked;
use super::subject::Subject;
use crate::journal::{JournalReader, RecordRef, Standing};
use crate::records::Record;

/// Where a record of the source stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Delivered,
    Dead,
    InDoubt,
    UnderWay,
    /// The journal has never heard of it.
    New,
    /// The journal knows it, and it is still to do.
    Todo,
}

/// Where `record` stands, asked of `reader`; `None`: another record was at its place.
pub(super) fn place(
    reader: &JournalReader,
    fate: Fate,
    record: &RecordRef,
) -> Result<Option<Place>, ReportError> {
    if is_duplicate(reader, record)? {
        return Ok(Some(Place::Dead));
    }
    Ok(match reader.standing(record)? {
        Standing::New => Some(Place::New),
        Standing::Todo { .. } | Standing::ChangedSinceDelivered => Some(Place::Todo),
        Standing::Departed => Some(match fate {
            Fate::UnderWay => Place::UnderWay,
            Fate::Todo => Place::Todo,
            Fate::InDoubt => Place::InDoubt,
        }),
        Standing::Delivered => Some(Place::Delivered),
        Standing::Dead | Standing::DuplicateKey { .. } => Some(Place::Dead),
        Standing::InDoubt { .. } => Some(Place::InDoubt),
        Standing::SourceChanged => None,
    })
}

/// Each record of `source` that is still to do, in its order; memory does not grow with the source.
pub(super) fn todo<'a>(
    subject: &'a Subject,
    source: &'a Checked,
) -> Result<impl Iterator<Item = Result<Record, ReportError>> + 'a, ReportError> {
    let records = subject.records(&source.spec)?;
    Ok(records.filter_map(|found| {
        let placed = found.and_then(|(record, reference)| {
            let place = subject.place(&reference, &source.spec)?;
            Ok(matches!(place, Place::New | Place::Todo).then_some(record))
        });
        placed.transpose()
    }))
}

/// Whether `record` was given up because another one has its key: then its letter stands under its place.
fn is_duplicate(reader: &JournalReader, record: &RecordRef) -> Result<bool, ReportError> {
    if record.key.is_none() || reader.binding().key_field.is_none() {
        return Ok(false);
    }
    let by_place = RecordRef { key: None, ..record.clone() };
    Ok(reader.standing(&by_place)? == Standing::Dead)
}
