//! The records that letters are about: from the journal, or where a crash left only a place, from the source.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::ReportError;
use super::phrases::place_of;
use super::subject::Subject;
use crate::journal::{Letter, RecordRef};

/// What was read again from the source: as much as was in flight when the program crashed.
#[derive(Debug, Default)]
pub(super) struct Contents {
    keyed: bool,
    found: HashMap<Identity, Map<String, Value>>,
    /// Why some could not be found, and what to do.
    why: String,
}

impl Contents {
    /// Reads `wanted` again from the source, as far as it still has them.
    pub(super) fn gather(subject: &Subject, wanted: &[RecordRef]) -> Self {
        let keyed = subject.reader.binding().key_field.is_some();
        let mut contents = Self { keyed, ..Self::default() };
        if wanted.is_empty() {
            return contents;
        }
        contents.why = match contents.search(subject, wanted) {
            Ok(()) => "The source has other records there now: put its old content back, or name the right \
                       file with --source FILE"
                .to_owned(),
            Err(error) => error.to_string(),
        };
        contents
    }

    /// The fields of the record that `letter` is about; `None`: they are lost.
    pub(super) fn of(&self, letter: &Letter) -> Result<Option<Map<String, Value>>, ReportError> {
        let Some(content) = &letter.content else {
            return Ok(self.found.get(&identity(self.keyed, &letter.record)).cloned());
        };
        let fields = serde_json::from_str(content).map_err(|error| ReportError::NotARecord {
            place: place_of(&letter.record),
            cause: error.to_string(),
        })?;
        Ok(Some(fields))
    }

    /// The records that were read again.
    pub(super) fn found(&self) -> impl Iterator<Item = &Map<String, Value>> {
        self.found.values()
    }

    /// The error that says that `lost` are lost; `None` if there are none.
    pub(super) fn missing(&self, lost: &[RecordRef]) -> Option<ReportError> {
        let mut places: Vec<_> = lost.iter().take(PLACES_TOLD).map(place_of).collect();
        if lost.len() > PLACES_TOLD {
            places.push("...".to_owned());
        }
        (!lost.is_empty()).then(|| ReportError::ContentMissing {
            count: lost.len(),
            places: places.join("; "),
            why: self.why.clone(),
        })
    }

    fn search(&mut self, subject: &Subject, wanted: &[RecordRef]) -> Result<(), ReportError> {
        let mut open: HashMap<_, _> =
            wanted.iter().map(|record| (identity(self.keyed, record), record.digest)).collect();
        for record in subject.records(&subject.source()?)? {
            let (record, reference) = record?;
            let identity = self.wanted_identity(&open, &reference);
            if let Some(identity) = identity {
                open.remove(&identity);
                self.found.insert(identity, record.fields);
            }
            if open.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// Under which identity `reference` is wanted with just this content: by its key, or by its place where
    /// another record has its key.
    fn wanted_identity(
        &self,
        open: &HashMap<Identity, crate::journal::Digest>,
        reference: &RecordRef,
    ) -> Option<Identity> {
        [identity(self.keyed, reference), Identity::Position(reference.position)]
            .into_iter()
            .find(|identity| open.get(identity) == Some(&reference.digest))
    }
}

/// What identifies a record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Identity {
    Key(Arc<str>),
    Position(u64),
}

fn identity(keyed: bool, record: &RecordRef) -> Identity {
    match &record.key {
        Some(key) if keyed => Identity::Key(Arc::clone(key)),
        _ => Identity::Position(record.position),
    }
}

/// Enough to find them; a message is not a list.
const PLACES_TOLD: usize = 5;
