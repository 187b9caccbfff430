//! What can be wrong with a journal, where, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use thiserror::Error;

/// Why the journal could not be opened, read or written.
///
/// Clonable: a failure is told to everybody who waits for it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JournalError {
    /// Another process, or another run of this one, holds it.
    #[error(
        "the journal {} is in use by {}: wait until that run ends, or name another file with --journal",
        path.display(),
        holder.map_or_else(|| "another process".to_owned(), |id| format!("process {id}"))
    )]
    InUse {
        /// The journal.
        path: PathBuf,
        /// The other's process id, when it could be read.
        holder: Option<u32>,
    },
    /// There is none.
    #[error("there is no journal {}: `paceline sync` writes one beside its source", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file is something else. It was not touched.
    #[error("{} is not a journal of paceline: name another file with --journal", path.display())]
    NotAJournal {
        /// The file.
        path: PathBuf,
    },
    /// It was written by a later version of this program.
    #[error(
        "the journal {} has format {found}, this version of paceline knows {known}: use the version that wrote it, or begin again with --start-over",
        path.display()
    )]
    Newer {
        /// The journal.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format known here.
        known: i64,
    },
    /// It contradicts itself.
    #[error(
        "the journal {} is damaged ({cause}): restore it from a copy, or begin again with --start-over, which keeps this one under another name",
        path.display()
    )]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// What SQLite says.
        cause: String,
    },
    /// It belongs to a run with another target, template or key field.
    #[error(
        "the journal {} was written for another {what}: it has {theirs}, this run has {ours}. Name another file with --journal, or begin again with --start-over",
        path.display()
    )]
    Mismatch {
        /// The journal.
        path: PathBuf,
        /// What differs, in words.
        what: &'static str,
        /// The journal's.
        theirs: String,
        /// This run's.
        ours: String,
    },
    /// The content of the source is not what it was, and records have no keys.
    #[error(
        "the source {source_name} has changed since the journal {} was written: put the old content back, name a --key FIELD that identifies records (with another --journal), or begin again with --start-over",
        path.display()
    )]
    SourceChanged {
        /// The journal.
        path: PathBuf,
        /// The source's name.
        source_name: String,
    },
    /// What comes through a pipe cannot be compared with what came before.
    #[error(
        "the journal {} cannot be resumed from a pipe: without --key FIELD nothing tells the records apart. Give a file or a key field, or begin again with --start-over",
        path.display()
    )]
    PipeWithoutKey {
        /// The journal.
        path: PathBuf,
    },
    /// The disk is full.
    #[error(
        "no space left for the journal {} ({cause}): everything acknowledged so far is safe. Make room, then run the same command again to resume",
        path.display()
    )]
    DiskFull {
        /// The journal.
        path: PathBuf,
        /// What SQLite says.
        cause: String,
    },
    /// The file, its folder or its disk does not let it be read or written.
    #[error(
        "the journal {} cannot be used ({cause}): check that its folder exists and can be written, or name another file with --journal",
        path.display()
    )]
    Unusable {
        /// The journal.
        path: PathBuf,
        /// What the system says.
        cause: String,
    },
    /// Something was handed over after the close.
    #[error("the journal {} is closed", path.display())]
    Closed {
        /// The journal.
        path: PathBuf,
    },
}

impl JournalError {
    /// What `error` means for the journal at `path`.
    pub(super) fn from_sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        let (path, cause) = (path.to_owned(), error.to_string());
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotAJournal { path },
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path, cause },
            Some(ErrorCode::DiskFull) => Self::DiskFull { path, cause },
            Some(_) => Self::Unusable { path, cause },
            // Not an error of SQLite but of reading: a value is not of the type that the schema promises.
            None => Self::Damaged { path, cause },
        }
    }

    /// What `error` of the operating system means for the journal at `path`.
    pub(super) fn from_io(path: &Path, error: &io::Error) -> Self {
        let (path, cause) = (path.to_owned(), error.to_string());
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path, cause },
            _ => Self::Unusable { path, cause },
        }
    }
}
