//! `--start-over`: the old journal is kept under another name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use paceline_core::WallTime;
use rusqlite::{Connection, OpenFlags};

use super::lock::beside;
use super::opening::{connect, now, sync_folder};
use super::schema::{self, Found};
use super::{Binding, JournalError, SavedScope, binding, runs, scopes};

/// What an old journal knew of the platform that a new one is for.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) scopes: Vec<SavedScope>,
    /// As [`super::Opened::crashed_before`].
    pub(super) crashed_before: Option<WallTime>,
}

/// Renames the journal at `path`, if there is one, and returns what it knew of the target of `binding`.
///
/// # Errors
/// The file is something else than a journal (it stays as it is), or it cannot be renamed.
pub(super) fn set_aside(path: &Path, binding: &Binding) -> Result<Known, JournalError> {
    if !path.exists() {
        return Ok(Known::default());
    }
    let known = match read(path, binding) {
        Ok(known) => known,
        // It can be neither read nor resumed: setting it aside is all that is left to do.
        Err(JournalError::Damaged { .. } | JournalError::Newer { .. }) => Known::default(),
        Err(error) => return Err(error),
    };
    rename(path).map_err(|error| JournalError::from_io(path, &error))?;
    Ok(known)
}

/// Reads what the old journal knew, and folds its log into the file so that one rename moves it all.
fn read(path: &Path, binding: &Binding) -> Result<Known, JournalError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    if schema::inspect(path, &connection)? == Found::Empty {
        return Ok(Known::default());
    }
    let known = known_by(&connection, binding).map_err(|error| JournalError::from_sqlite(path, &error))?;
    connection.close().map_err(|(_, error)| JournalError::from_sqlite(path, &error))?;
    Ok(known)
}

fn known_by(connection: &Connection, binding: &Binding) -> rusqlite::Result<Known> {
    let (old, _) = binding::load(connection)?;
    // Another target is another platform, for all we know.
    if old.target != binding.target {
        return Ok(Known::default());
    }
    Ok(Known { scopes: scopes::load(connection)?, crashed_before: runs::crashed_before(connection, now())? })
}

fn rename(path: &Path) -> io::Result<()> {
    let free = (1_u32..)
        .map(|number| beside(path, &format!(".{number}")))
        .find(|name| !name.exists() && !beside(name, WAL).exists())
        .expect("a folder holds fewer than four billion files");
    // A log is left only when the file could not be read, or while somebody looks at it. It goes first:
    // a journal without its log would be an older journal, a log without its journal is nothing.
    rename_if_there(&beside(path, WAL), &beside(&free, WAL))?;
    fs::rename(path, &free)?;
    // The index of the log is rebuilt from it; under the old name it would belong to the new journal.
    remove_if_there(&beside(path, "-shm"))?;
    sync_folder(path)
}

fn rename_if_there(from: &Path, to: &PathBuf) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// What SQLite appends to the name of a file for its write-ahead log.
const WAL: &str = "-wal";
