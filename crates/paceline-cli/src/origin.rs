//! Where a setting or a template was written.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a text was written, for errors and for `--print-config`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody wrote it: it is the default.
    Default,
    /// A file; `line` is where the text itself starts, the first is 1.
    File {
        /// The file, as it was named.
        path: Arc<Path>,
        /// The line.
        line: usize,
    },
    /// An environment variable.
    Environment(String),
    /// A flag of the command line, such as `--to`.
    Flag(&'static str),
}

impl Origin {
    /// Line `line` of the file `path`.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>, line: usize) -> Self {
        Self::File { path: path.into().into(), line }
    }

    /// Where line `line` of the text (the first is 1) was written.
    #[must_use]
    pub fn at_line(&self, line: usize) -> Self {
        match self {
            Self::File { path, line: first } => {
                Self::File { path: Arc::clone(path), line: first + line.saturating_sub(1) }
            }
            other => other.clone(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

/// A text, and where it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The text.
    pub text: String,
    /// Where it was written.
    pub origin: Origin,
}

impl Text {
    /// `text`, written at `origin`.
    #[must_use]
    pub fn new(text: impl Into<String>, origin: Origin) -> Self {
        Self { text: text.into(), origin }
    }
}
