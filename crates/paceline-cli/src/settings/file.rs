//! The file of a configuration: TOML, with the place of every key and value.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::NamedSource;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Problem, SettingsError};
use super::value::Written;
use crate::origin::Origin;

/// A configuration file, read but not understood yet.
#[derive(Debug)]
pub struct ConfigFile {
    path: Arc<Path>,
    source: Arc<NamedSource<String>>,
}

impl ConfigFile {
    /// Reads the file `path`.
    ///
    /// # Errors
    /// When it cannot be read or is not UTF-8.
    pub fn read(path: impl Into<PathBuf>) -> Result<Self, SettingsError> {
        let path = path.into();
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Self::from_text(path, text)),
            Err(cause) => {
                let message = format!("{} cannot be read: {cause}", path.display());
                let advice = Some("check the path, and that the file is text in UTF-8".to_owned());
                Err(SettingsError::one(Problem::new(Origin::Flag("-c"), message).with_advice(advice)))
            }
        }
    }

    /// `text`, as if it were the file `path`.
    #[must_use]
    pub fn from_text(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        let path: Arc<Path> = path.into().into();
        let source = NamedSource::new(path.display().to_string(), text.into());
        Self { path, source: Arc::new(source) }
    }

    /// Everything that is written, in the order of the file.
    pub(super) fn entries(&self) -> Result<Vec<Entry>, SettingsError> {
        let document = DeTable::parse(self.text()).map_err(|error| {
            let span = error.span().unwrap_or_default();
            let message = format!("not valid TOML: {}", error.message().trim().replace('\n', ", "));
            SettingsError::one(self.problem(message, span))
        })?;
        let mut entries = Vec::new();
        flatten(&[], document.get_ref(), &mut entries);
        entries.sort_by_key(|entry| entry.key_span.start);
        Ok(entries)
    }

    /// A problem with the text at `span`, which is shown unless it may hold a secret.
    pub(super) fn problem(&self, message: impl Into<String>, span: Range<usize>) -> Problem {
        let start = span.start.min(self.text().len());
        let line_start = self.text()[..start].rfind('\n').map_or(0, |end| end + 1);
        let column = self.text()[line_start..start].chars().count() + 1;
        let problem = Problem::new(self.origin(start), message).with_column(column);
        if self.may_hold_secret(start) { problem } else { problem.with_snippet(&self.source, span) }
    }

    /// Where the text of the value at `span` starts: behind the opening quotes' line end, if there is one.
    pub(super) fn text_origin(&self, span: &Range<usize>) -> Origin {
        let value = self.text().get(span.clone()).unwrap_or_default();
        let quotes = value.strip_prefix("\"\"\"").or_else(|| value.strip_prefix("'''"));
        let starts_below = quotes.is_some_and(|text| text.starts_with('\n') || text.starts_with("\r\n"));
        let offset = if starts_below { value.find('\n').map_or(0, |end| end + 1) } else { 0 };
        self.origin(span.start + offset)
    }

    fn origin(&self, offset: usize) -> Origin {
        let line = self.text()[..offset.min(self.text().len())].matches('\n').count() + 1;
        Origin::File { path: Arc::clone(&self.path), line }
    }

    /// Whether `offset` is in `[auth]` or on the line of a URL with a password: what stands there may be
    /// the secret itself.
    fn may_hold_secret(&self, offset: usize) -> bool {
        let end = self.text()[offset..].find('\n').map_or(self.text().len(), |end| offset + end);
        let before = self.text()[..end].lines().map(str::trim_start);
        let is_auth = |line: &str| line.trim_start_matches(['[', ' ']).starts_with("auth");
        let mut lines = before.rev();
        let is_secret_line = |line: &str| is_auth(line) || line.contains('@');
        lines.next().is_some_and(is_secret_line)
            || lines.find(|line| line.starts_with('[')).is_some_and(is_auth)
    }

    fn text(&self) -> &str {
        self.source.inner()
    }
}

/// One key of the file and its value, or a table.
#[derive(Debug)]
pub(super) struct Entry {
    /// From the outermost table to the key.
    pub(super) path: Vec<String>,
    pub(super) key_span: Range<usize>,
    /// `None` for a table.
    pub(super) value: Option<(Written, Range<usize>)>,
}

fn flatten(path: &[String], table: &DeTable<'_>, entries: &mut Vec<Entry>) {
    for (key, value) in table {
        let path = [path, &[key.get_ref().to_string()]].concat();
        match value.get_ref() {
            DeValue::Table(inner) if path != HEADER_ENV => {
                entries.push(Entry { path: path.clone(), key_span: key.span(), value: None });
                flatten(&path, inner, entries);
            }
            _ => {
                let value = Some((written(value), value.span()));
                entries.push(Entry { path, key_span: key.span(), value });
            }
        }
    }
}

fn written(value: &Spanned<DeValue<'_>>) -> Written {
    match value.get_ref() {
        DeValue::String(text) => Written::Text(text.to_string()),
        DeValue::Boolean(flag) => Written::Boolean(*flag),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .map_or(Written::Other("a number that is too large"), Written::Integer),
        DeValue::Table(table) => {
            let pairs = table.iter().map(|(name, value)| {
                let text = value.get_ref().as_str().unwrap_or_default();
                (name.get_ref().to_string(), text.to_owned())
            });
            Written::Table(pairs.collect())
        }
        DeValue::Float(_) => Written::Other("a number with decimals"),
        DeValue::Datetime(_) => Written::Other("a date"),
        DeValue::Array(_) => Written::Other("a list"),
    }
}

/// The one key whose value is a table.
const HEADER_ENV: [&str; 2] = ["auth", "header_env"];
