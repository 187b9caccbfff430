//! Why a source cannot be read, and where.

use std::fmt;

use super::fault::Fault;

/// A source that cannot be read, or not to its end.
///
/// Reads as `airports.csv:17: 5 fields, but the header has 7; ...`.
#[derive(Debug)]
pub struct RecordsError {
    source: String,
    line: Option<u64>,
    fault: Box<Fault>,
}

impl RecordsError {
    pub(super) fn new(source: &str, misread: Misread) -> Self {
        Self { source: source.to_owned(), line: misread.line, fault: Box::new(misread.fault) }
    }

    /// The line of the source where the broken record starts, where there is one; the first is 1.
    #[must_use]
    pub fn line(&self) -> Option<u64> {
        self.line
    }

    /// What is wrong.
    #[must_use]
    pub fn fault(&self) -> &Fault {
        &self.fault
    }
}

impl fmt::Display for RecordsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.fault)
    }
}

impl std::error::Error for RecordsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&*self.fault)
    }
}

/// A fault and its line, before the source's name is known.
#[derive(Debug)]
pub(super) struct Misread {
    pub(super) line: Option<u64>,
    pub(super) fault: Fault,
}

impl From<Fault> for Misread {
    fn from(fault: Fault) -> Self {
        Self { line: None, fault }
    }
}
