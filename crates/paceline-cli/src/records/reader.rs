//! The records of a source, one after another.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::delimited::Delimited;
use super::error::{Misread, RecordsError};
use super::fault::Fault;
use super::format::Format;
use super::input::Input;
use super::json_array::JsonArray;
use super::json_lines::JsonLines;
use super::record::{Record, Unplaced};
use super::source::{Location, SourceSpec};

/// Opens `spec` and reads as much of it as tells its format and, for CSV and TSV, its header.
///
/// # Errors
/// When it cannot be opened or decompressed, or has no usable header.
pub fn open(spec: &SourceSpec) -> Result<Records, RecordsError> {
    let name = spec.location.to_string();
    let raw: Box<dyn Read + Send> = match &spec.location {
        Location::Stdin => Box::new(io::stdin()),
        Location::File(path) => Box::new(file(path).map_err(|fault| RecordsError::new(&name, fault.into()))?),
    };
    Records::from_reader(&name, raw, spec.known_format())
}

fn file(path: &Path) -> Result<File, Fault> {
    // Opened, it would only fail at the first read.
    if path.is_dir() {
        return Err(Fault::Folder);
    }
    File::open(path).map_err(Fault::Open)
}

/// The records of a source. Blocks while it reads; memory is bounded by the largest record.
///
/// The first error is the last item.
pub struct Records {
    name: String,
    rows: Rows,
    position: u64,
    ended: bool,
}

impl Records {
    /// The records that `raw` holds, which errors call `name`; `format` is found out when it is `None`.
    ///
    /// # Errors
    /// When `raw` cannot be read or decompressed, or has no usable header.
    pub fn from_reader(
        name: &str,
        raw: Box<dyn Read + Send>,
        format: Option<Format>,
    ) -> Result<Self, RecordsError> {
        let rows = Rows::start(raw, format).map_err(|misread| RecordsError::new(name, misread))?;
        Ok(Self { name: name.to_owned(), rows, position: 0, ended: false })
    }

    /// The names of the fields where the source has a header (CSV and TSV).
    #[must_use]
    pub fn header(&self) -> Option<&[String]> {
        self.rows.header()
    }
}

impl Iterator for Records {
    type Item = Result<Record, RecordsError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        match self.rows.next() {
            Ok(Some(Unplaced { line, fields })) => {
                let position = self.position;
                self.position += 1;
                Some(Ok(Record { position, line, fields }))
            }
            Ok(None) => {
                self.ended = true;
                None
            }
            Err(misread) => {
                self.ended = true;
                Some(Err(RecordsError::new(&self.name, misread)))
            }
        }
    }
}

/// The rows of a source, whatever its format.
pub(super) enum Rows {
    Delimited(Box<Delimited>),
    Lines(JsonLines),
    Array(JsonArray),
}

impl Rows {
    pub(super) fn start(raw: Box<dyn Read + Send>, format: Option<Format>) -> Result<Self, Misread> {
        let mut input = Input::start(raw)?;
        let format = match format {
            Some(format) => format,
            None => input.sniff()?,
        };
        Ok(match format {
            Format::Csv => Self::Delimited(Box::new(Delimited::start(input, b',')?)),
            Format::Tsv => Self::Delimited(Box::new(Delimited::start(input, b'\t')?)),
            Format::JsonLines => Self::Lines(JsonLines::start(input)),
            Format::JsonArray => Self::Array(JsonArray::start(input)),
        })
    }

    pub(super) fn header(&self) -> Option<&[String]> {
        match self {
            Self::Delimited(rows) => Some(rows.header()),
            Self::Lines(_) | Self::Array(_) => None,
        }
    }

    /// The next row's line and fields.
    pub(super) fn next(&mut self) -> Result<Option<Unplaced>, Misread> {
        match self {
            Self::Delimited(rows) => Ok(rows.advance()?.map(|line| Unplaced { line, fields: rows.fields() })),
            Self::Lines(rows) => rows.next(),
            Self::Array(rows) => rows.next(),
        }
    }

    /// Reads and checks the next row by the same rules, for the sake of the check. Whether there was one.
    pub(super) fn check_next(&mut self) -> Result<bool, Misread> {
        match self {
            Self::Delimited(rows) => Ok(rows.advance()?.is_some()),
            // JSON is checked by reading it: a cheaper pass would accept what the real one refuses,
            // such as half a surrogate pair.
            Self::Lines(rows) => Ok(rows.next()?.is_some()),
            Self::Array(rows) => Ok(rows.next()?.is_some()),
        }
    }
}
