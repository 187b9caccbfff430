//! Why a report cannot be made, or not whole.

use std::io;
use std::path::PathBuf;

use crate::journal::JournalError;
use crate::records::RecordsError;

/// What kept a report from being made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The source cannot be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The records came through a pipe.
    #[error(
        "the records came through standard input, which cannot be read again: name a file with the same content with --source FILE"
    )]
    Pipe,
    /// The source is not where it was.
    #[error("the source {source_name} is not there any more: name where it is now with --source FILE")]
    SourceGone {
        /// Its name at the latest run.
        source_name: String,
    },
    /// The file holds other records than those that were sent.
    #[error(
        "{} does not hold the records that this journal is about: its content has changed. Put the old content back, or name the right file with --source FILE",
        path.display()
    )]
    SourceChanged {
        /// The file.
        path: PathBuf,
    },
    /// Some records are neither in the journal nor in the source.
    #[error(
        "{count} of these records ({places}) are not in the journal: a crash left only their places. {why}"
    )]
    ContentMissing {
        /// How many.
        count: usize,
        /// The first of them, for people.
        places: String,
        /// Why they could not be read again, and what to do.
        why: String,
    },
    /// The journal has something else where a record must be.
    #[error(
        "the journal holds something else than a record for {place} ({cause}): restore the journal from a copy, or read the record from the source"
    )]
    NotARecord {
        /// Which record, for people.
        place: String,
        /// What the parser says.
        cause: String,
    },
    /// A CSV column needs a name.
    #[error("a field without a name cannot be a column: use --format jsonl")]
    NamelessField,
    /// Flags that do not go together.
    #[error("{0}")]
    Usage(&'static str),
    /// Whoever reads the output has enough.
    #[error("the output is closed")]
    Closed,
    /// The output cannot be written.
    #[error("the report cannot be written: {0}")]
    Output(io::Error),
    /// The page cannot be written.
    #[error(
        "the page {} cannot be written: {cause}; check that its folder exists and can be written",
        path.display()
    )]
    Page {
        /// Where it should be.
        path: PathBuf,
        /// Why it is not.
        cause: io::Error,
    },
}

impl From<io::Error> for ReportError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Output(error),
        }
    }
}

impl From<csv::Error> for ReportError {
    fn from(error: csv::Error) -> Self {
        Self::from(io::Error::from(error))
    }
}
