//! What a report is about: one journal, and the source that it names.

use std::path::{Path, PathBuf};

use paceline_core::WallTime;

use super::fate::{self, Fate};
use super::source::{Checked, SourceChoice};
use super::todo::{Place, place};
use super::{ReportError, source};
use crate::journal::{Digest, JournalReader, Letter, RecordRef, Run, State};
use crate::records::{self, Record, SourceSpec};

/// An open journal and what is known of its source.
#[derive(Debug)]
pub(super) struct Subject {
    /// The journal, as it was named.
    pub(super) path: PathBuf,
    pub(super) reader: JournalReader,
    pub(super) run: Option<Run>,
    /// Of what the latest run left departed.
    pub(super) fate: Fate,
    source: SourceChoice,
}

impl Subject {
    pub(super) fn open(path: &Path, source: SourceChoice) -> Result<Self, ReportError> {
        let reader = JournalReader::open(path)?;
        let (run, fate) = fate::latest(&reader)?;
        Ok(Self { path: path.to_owned(), reader, run, fate, source })
    }

    /// The letters of the records in `state`, those included that a crash left departed and no run has
    /// brought to rest since.
    pub(super) fn letters(
        &self,
        state: State,
    ) -> Result<impl Iterator<Item = Result<Letter, ReportError>> + '_, ReportError> {
        let is_crashed = state == State::InDoubt && self.fate == Fate::InDoubt;
        let interrupted = if is_crashed { self.reader.departed()? } else { Vec::new() };
        let at = self.run.as_ref().map_or(WallTime::from_unix_millis(0), |run| run.started);
        let interrupted = interrupted.into_iter().map(move |record| Ok(interrupted_letter(record, at)));
        Ok(self.reader.letters(state).map(|letter| letter.map_err(ReportError::from)).chain(interrupted))
    }

    /// The source, without reading it.
    pub(super) fn source(&self) -> Result<SourceSpec, ReportError> {
        self.source.find(&self.path, self.reader.binding())
    }

    /// The source, read once and compared with what the journal remembers.
    pub(super) fn checked_source(&self) -> Result<Checked, ReportError> {
        Checked::of(self.source()?, self.reader.binding())
    }

    /// Each record of `spec`, in its order.
    pub(super) fn records<'a>(
        &'a self,
        spec: &SourceSpec,
    ) -> Result<impl Iterator<Item = Result<(Record, RecordRef), ReportError>> + use<'a>, ReportError> {
        let key_field = self.reader.binding().key_field.as_deref();
        let records = records::open(spec)?;
        Ok(records.map(move |record| {
            let record = record?;
            let reference = reference(&record, key_field);
            Ok((record, reference))
        }))
    }

    /// Where a record of `spec` stands.
    pub(super) fn place(&self, record: &RecordRef, spec: &SourceSpec) -> Result<Place, ReportError> {
        place(&self.reader, self.fate, record)?.ok_or_else(|| source::changed(spec))
    }
}

fn reference(record: &Record, key_field: Option<&str>) -> RecordRef {
    RecordRef {
        position: record.position,
        key: key_field.and_then(|field| record.field_text(field)).map(|text| (*text).into()),
        digest: Digest::from_bytes(record.digest()),
        line: record.line,
    }
}

/// As the next run will write it.
fn interrupted_letter(record: RecordRef, at: WallTime) -> Letter {
    Letter {
        record,
        verdict: "interrupted".into(),
        status: None,
        body: None,
        headers: None,
        content: None,
        attempts: 1,
        at,
    }
}
