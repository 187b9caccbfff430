//! Where records come from.

use std::fmt;
use std::path::{Path, PathBuf};

use super::format::Format;

/// A source, as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSpec {
    /// Where it is.
    pub location: Location,
    /// How it is written; `None` when its name or its first bytes tell.
    pub format: Option<Format>,
}

impl SourceSpec {
    /// The source that a command line names: a path, or `-` for standard input.
    #[must_use]
    pub fn named(argument: impl AsRef<Path>) -> Self {
        let path = argument.as_ref();
        let location = if path == Path::new("-") { Location::Stdin } else { Location::File(path.to_owned()) };
        Self { location, format: None }
    }

    /// This source, read as `format` whatever its name says.
    #[must_use]
    pub fn with_format(self, format: Option<Format>) -> Self {
        Self { format, ..self }
    }

    /// The format as far as it is known without opening the source.
    pub(super) fn known_format(&self) -> Option<Format> {
        self.format.or_else(|| match &self.location {
            Location::Stdin => None,
            Location::File(path) => Format::of_path(path),
        })
    }
}

/// Where a source is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// Standard input: read once, as it comes.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("standard input"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}
