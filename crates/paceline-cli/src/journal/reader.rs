//! Reading a journal, also beside the process that writes it.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::classify::Known;
use super::opening::{connect, count, resolved};
use super::schema::{self, Found};
use super::{
    Binding, Counts, JournalError, Letters, RecordRef, Run, SavedScope, Standing, State, binding, letters,
    lock, runs, scopes,
};

/// A journal opened for reading only. It sees the journal as it was when it was opened.
///
/// What a crash left departed is still [`State::Departed`] here: the next run brings it to rest.
///
/// Keep it for the length of a report, not longer: while it is open the writer's log cannot shrink.
#[derive(Debug)]
pub struct JournalReader {
    path: PathBuf,
    connection: Connection,
    binding: Binding,
}

impl JournalReader {
    /// Opens the journal at `path`. Blocks for file operations, as do all of its methods.
    ///
    /// # Errors
    /// There is none, it is something else, or it cannot be read.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        if !path.exists() {
            return Err(JournalError::Missing { path: path.to_owned() });
        }
        let path = &resolved(path).map_err(|error| JournalError::from_io(path, &error))?;
        let failure = |error: rusqlite::Error| JournalError::from_sqlite(path, &error);
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        if schema::inspect(path, &connection)? == Found::Empty {
            return Err(JournalError::NotAJournal { path: path.to_owned() });
        }
        // One snapshot for all that is read, so that counts and letters agree.
        connection.execute_batch("BEGIN").map_err(failure)?;
        let (binding, _) = binding::load(&connection).map_err(failure)?;
        Ok(Self { path: path.to_owned(), connection, binding })
    }

    /// What the journal belongs to.
    #[must_use]
    pub fn binding(&self) -> &Binding {
        &self.binding
    }

    /// Whether a run with this binding may go on with the journal.
    ///
    /// # Errors
    /// What differs, and what to do.
    pub fn fits(&self, binding: &Binding) -> Result<(), JournalError> {
        binding.fits(&self.binding, &self.path)
    }

    /// Counts the records by state; some 0.1 s per million.
    ///
    /// # Errors
    /// The file is damaged or its disk failing, here and below.
    pub fn counts(&self) -> Result<Counts, JournalError> {
        count(&self.connection).map_err(|error| self.failure(&error))
    }

    /// The latest run.
    ///
    /// # Errors
    /// As [`JournalReader::counts`].
    pub fn latest_run(&self) -> Result<Option<Run>, JournalError> {
        runs::latest(&self.connection).map_err(|error| self.failure(&error))
    }

    /// Closed gates and learned limits.
    ///
    /// # Errors
    /// As [`JournalReader::counts`].
    pub fn scopes(&self) -> Result<Vec<SavedScope>, JournalError> {
        scopes::load(&self.connection).map_err(|error| self.failure(&error))
    }

    /// The letters of the records in `state`, which is [`State::Dead`] or [`State::InDoubt`]; the
    /// others have none.
    #[must_use]
    pub fn letters(&self, state: State) -> Letters<'_> {
        Letters::new(self, state)
    }

    /// How one record of the source stands. Asked for each record of the source in turn, it tells in
    /// constant memory which are still to do; it never answers [`Standing::DuplicateKey`].
    ///
    /// # Errors
    /// As [`JournalReader::counts`].
    pub fn standing(&self, record: &RecordRef) -> Result<Standing, JournalError> {
        let keyed = self.binding.key_field.is_some();
        let known = Known::find(&self.connection, keyed, record).map_err(|error| self.failure(&error))?;
        Ok(known.map_or(Standing::New, |known| known.standing(record, keyed)))
    }

    /// The records that departed and have not been heard of again, in the order of their rows: as many as
    /// were in flight, unless the journal is in use or crashed often.
    ///
    /// # Errors
    /// As [`JournalReader::counts`].
    pub fn departed(&self) -> Result<Vec<RecordRef>, JournalError> {
        letters::departed(&self.connection).map_err(|error| self.failure(&error))
    }

    /// Whether a process holds the journal now. One that starts while this asks may be refused: ask only
    /// when the latest run has no end.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        lock::is_held(&self.path)
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(super) fn failure(&self, error: &rusqlite::Error) -> JournalError {
        JournalError::from_sqlite(&self.path, error)
    }
}
