//! The file of a configuration: TOML, with the place of every key and value.

use std::ops::Range;
use std::path::PathBuf;

use toml::de::{DeTable, DeValue};
use toml_edit::DocumentMut;

use super::SettingsError;
use crate::origin::Origin;
use crate::profile::ProfileChanges;
use crate::written::{Problem, Source, Written};

/// A configuration file, read but not understood yet.
#[derive(Debug)]
pub struct ConfigFile {
    source: Source,
}

impl ConfigFile {
    /// Reads the file `path`.
    ///
    /// # Errors
    /// When it cannot be read or is not UTF-8.
    pub fn read(path: impl Into<PathBuf>) -> Result<Self, SettingsError> {
        Ok(Self { source: Source::read(path, "-c")? })
    }

    /// `text`, as if it were the file `path`.
    #[must_use]
    pub fn from_text(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        Self { source: Source::new(path, text) }
    }

    /// Everything that is written, in the order of the file.
    pub(super) fn entries(&self) -> Result<Vec<Entry>, SettingsError> {
        let wrong = |(message, span): (String, _)| SettingsError::one(self.problem(message, span));
        let document = self.source.table().map_err(wrong)?;
        let mut entries = Vec::new();
        flatten(&[], document.get_ref(), &mut entries);
        entries.retain(|entry| entry.path[0] != PROFILE);
        entries.sort_by_key(|entry| entry.key_span.start);
        Ok(entries)
    }

    /// What `[profile]` says, if it is there.
    pub(super) fn profile(&self) -> Result<Option<ProfileSection>, SettingsError> {
        let Ok(document) = self.source.table() else { return Ok(None) };
        let Some((key, value)) = document.get_ref().get_key_value(PROFILE) else { return Ok(None) };
        let Some(table) = value.get_ref().as_table() else {
            let problem = self.problem("`profile` is a table", key.span());
            let advice = "write [profile] and its keys below it; the name of one is `profile` under [target]";
            return Err(SettingsError::one(problem.with_advice(Some(advice.to_owned()))));
        };
        let changes = ProfileChanges::of_table(&self.source, table)?;
        let origin = self.source.origin(key.span().start);
        Ok(Some(ProfileSection { changes, text: self.profile_text(), origin }))
    }

    /// The text of `[profile]` alone.
    fn profile_text(&self) -> String {
        let mut document: DocumentMut = self.text().parse().expect("its table was just read");
        document.retain(|key, _| key == PROFILE);
        document.to_string().trim().to_owned()
    }

    /// A problem with the text at `span`, which is shown unless it may hold a secret.
    pub(super) fn problem(&self, message: impl Into<String>, span: Range<usize>) -> Problem {
        let start = span.start.min(self.text().len());
        let problem = self.source.problem(message, span);
        if self.may_hold_secret(start) { problem.without_snippet() } else { problem }
    }

    /// Where the text of the value at `span` starts: behind the opening quotes' line end, if there is one.
    pub(super) fn text_origin(&self, span: &Range<usize>) -> Origin {
        let value = self.text().get(span.clone()).unwrap_or_default();
        let quotes = value.strip_prefix("\"\"\"").or_else(|| value.strip_prefix("'''"));
        let starts_below = quotes.is_some_and(|text| text.starts_with('\n') || text.starts_with("\r\n"));
        let offset = if starts_below { value.find('\n').map_or(0, |end| end + 1) } else { 0 };
        self.source.origin(span.start + offset)
    }

    /// Whether `offset` is in `[auth]`, or on the line of a URL with a password or of a header that is for secrets: what
    /// stands there may be the secret itself.
    fn may_hold_secret(&self, offset: usize) -> bool {
        let end = self.text()[offset..].find('\n').map_or(self.text().len(), |end| offset + end);
        let before = self.text()[..end].lines().map(str::trim_start);
        let is_auth = |line: &str| line.trim_start_matches(['[', ' ']).starts_with("auth");
        let mut lines = before.rev();
        let is_secret_line = |line: &str| {
            is_auth(line) || line.contains('@') || line.contains("header_env") || names_secret(line)
        };
        lines.next().is_some_and(is_secret_line)
            || lines.find(|line| line.starts_with('[')).is_some_and(is_auth)
    }

    fn text(&self) -> &str {
        self.source.text()
    }
}

/// `[profile]` of a file.
#[derive(Clone, Debug)]
pub(super) struct ProfileSection {
    pub(super) changes: ProfileChanges,
    /// As it was written.
    pub(super) text: String,
    pub(super) origin: Origin,
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

/// Whether a line speaks of a header that is for secrets.
fn names_secret(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    SECRET_HEADERS.iter().any(|header| line.contains(header))
}

fn flatten(path: &[String], table: &DeTable<'_>, entries: &mut Vec<Entry>) {
    for (key, value) in table {
        let path = [path, &[key.get_ref().to_string()]].concat();
        match value.get_ref() {
            DeValue::Table(inner) if !HEADER_ENV.iter().any(|known| path == *known) => {
                entries.push(Entry { path: path.clone(), key_span: key.span(), value: None });
                flatten(&path, inner, entries);
            }
            _ => {
                let value = Some((Written::of(value), value.span()));
                entries.push(Entry { path, key_span: key.span(), value });
            }
        }
    }
}

/// The one table with keys of its own kind, which [`ProfileChanges`] reads.
const PROFILE: &str = "profile";
/// The keys whose value is a table.
const HEADER_ENV: [[&str; 2]; 2] = [["auth", "header_env"], ["traces", "header_env"]];
/// What the names of the headers have in them that are for secrets.
const SECRET_HEADERS: [&str; 3] = ["authorization", "cookie", "api-key"];
