//! A text of TOML, and where in it things are.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::NamedSource;
use toml::Spanned;
use toml::de::DeTable;

use super::problem::{Problem, Problems};
use crate::origin::Origin;

/// A text of TOML under the name that its problems are reported with.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    path: Arc<Path>,
    named: Arc<NamedSource<String>>,
}

impl Source {
    /// `text`, as if it were the file `path`.
    pub(crate) fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        let path: Arc<Path> = path.into().into();
        let named = NamedSource::new(path.display().to_string(), text.into());
        Self { path, named: Arc::new(named) }
    }

    /// The file `path`, which `flag` named.
    pub(crate) fn read(path: impl Into<PathBuf>, flag: &'static str) -> Result<Self, Problems> {
        let path = path.into();
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Self::new(path, text)),
            Err(cause) => {
                let message = format!("{} cannot be read: {cause}", path.display());
                let advice = Some("check the path, and that the file is text in UTF-8".to_owned());
                Err(Problems::one(Problem::new(Origin::Flag(flag), message).with_advice(advice)))
            }
        }
    }

    /// The text.
    pub(crate) fn text(&self) -> &str {
        self.named.inner()
    }

    /// The text as a table with the places of everything in it; or what is wrong, and where.
    pub(crate) fn table(&self) -> Result<Spanned<DeTable<'_>>, (String, Range<usize>)> {
        DeTable::parse(self.text()).map_err(|error| {
            let message = format!("not valid TOML: {}", error.message().trim().replace('\n', ", "));
            (message, error.span().unwrap_or_default())
        })
    }

    /// A problem with the text at `span`, which is shown.
    pub(crate) fn problem(&self, message: impl Into<String>, span: Range<usize>) -> Problem {
        let start = span.start.min(self.text().len());
        let line_start = self.text()[..start].rfind('\n').map_or(0, |end| end + 1);
        let column = self.text()[line_start..start].chars().count() + 1;
        Problem::new(self.origin(start), message).with_column(column).with_snippet(&self.named, span)
    }

    /// The line of `offset`.
    pub(crate) fn origin(&self, offset: usize) -> Origin {
        let line = self.text()[..offset.min(self.text().len())].matches('\n').count() + 1;
        Origin::File { path: Arc::clone(&self.path), line }
    }
}
