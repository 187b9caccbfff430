//! One table of a scenario, read key by key; what is wrong is noted, and reading goes on.

use std::cell::RefCell;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{self, Key};
use crate::written::{Problem, Problems, Source, Value, Written, closest};

/// What is wrong with a scenario, as far as it was read.
#[derive(Debug)]
pub(super) struct Notes<'a> {
    source: &'a Source,
    problems: RefCell<Vec<(usize, Problem)>>,
}

impl<'a> Notes<'a> {
    pub(super) fn new(source: &'a Source) -> Self {
        Self { source, problems: RefCell::default() }
    }

    /// Notes a problem with the text at `span`.
    pub(super) fn note(&self, span: Range<usize>, message: impl Into<String>, advice: impl Into<String>) {
        let start = span.start;
        let advice = Some(advice.into()).filter(|advice| !advice.is_empty());
        let problem = self.source.problem(message, span).with_advice(advice);
        self.problems.borrow_mut().push((start, problem));
    }

    /// What was read, unless something is wrong: then all of that, in the order of the text.
    pub(super) fn judge<T>(self, read: Option<T>) -> Result<T, Problems> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|(start, _)| *start);
        Problems::of(problems.into_iter().map(|(_, problem)| problem).collect())?;
        Ok(read.expect("what could not be read was noted"))
    }
}

/// A table: the whole file (its name is empty), `[users]`, one of several `[[limit]]`.
#[derive(Clone, Debug)]
pub(super) struct Section<'a> {
    pub(super) notes: &'a Notes<'a>,
    name: &'static str,
    table: &'a DeTable<'a>,
    /// Where it begins.
    span: Range<usize>,
}

impl<'a> Section<'a> {
    /// The whole file.
    pub(super) fn whole(notes: &'a Notes<'a>, table: &'a DeTable<'a>) -> Self {
        Self::new(notes, "", table, 0..0)
    }

    fn new(notes: &'a Notes<'a>, name: &'static str, table: &'a DeTable<'a>, span: Range<usize>) -> Self {
        let section = Self { notes, name, table, span };
        for key in table.keys() {
            if let Some((message, advice)) = section.unknown(key.get_ref()) {
                notes.note(key.span(), message, advice);
            }
        }
        section
    }

    /// What is written for `key`, as `read` understands it; None where nothing is, or nothing right.
    pub(super) fn optional<T>(
        &self,
        key: &str,
        read: impl FnOnce(Value<'_>) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.table.get(key)?;
        let Key { kind, example, .. } = keys::find(self.name, key);
        let written = Written::of(value);
        match read(Value { written: &written, kind, example }) {
            Ok(value) => Some(value),
            Err(message) => {
                self.notes.note(value.span(), format!("{key}: {message}"), "");
                None
            }
        }
    }

    /// The same for a key that must be there.
    pub(super) fn required<T>(
        &self,
        key: &str,
        read: impl FnOnce(Value<'_>) -> Result<T, String>,
    ) -> Option<T> {
        if !self.has(key) {
            let example = keys::find(self.name, key).example;
            let message = format!("`{key}` is missing {}", self.place());
            self.notes.note(self.span.clone(), message, format!("write {key} = {example}"));
        }
        self.optional(key, read)
    }

    /// Whether something is written for `key`.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Notes that what is written for `key` cannot be; if nothing is, that the table cannot.
    pub(super) fn refuse(&self, key: &str, message: impl Into<String>, advice: impl Into<String>) {
        let span = self.table.get(key).map_or_else(|| self.span.clone(), |value| value.span());
        self.notes.note(span, message, advice);
    }

    /// The table `[name]`.
    pub(super) fn section(&self, name: &'static str) -> Option<Self> {
        let (key, value) = self.table.get_key_value(name)?;
        match value.get_ref() {
            DeValue::Table(table) => Some(Self::new(self.notes, name, table, key.span())),
            _ => {
                let advice = format!("write [{name}] and its keys below it");
                self.notes.note(key.span(), format!("`{name}` is a table"), advice);
                None
            }
        }
    }

    /// What `read` makes of each of the tables `[[name]]`; None where one is wrong, after all are read.
    pub(super) fn each<T>(&self, name: &'static str, read: impl FnMut(&Self) -> Option<T>) -> Option<Vec<T>> {
        let read: Vec<Option<T>> = self.sections(name)?.iter().map(read).collect();
        read.into_iter().collect()
    }

    /// Each of the tables `[[name]]`; None where one is no table.
    pub(super) fn sections(&self, name: &'static str) -> Option<Vec<Self>> {
        let Some((key, value)) = self.table.get_key_value(name) else { return Some(Vec::new()) };
        let table = |item: &'a Spanned<DeValue<'a>>| {
            item.get_ref().as_table().map(|table| Self::new(self.notes, name, table, item.span()))
        };
        let tables = value.get_ref().as_array().and_then(|list| list.iter().map(table).collect());
        if tables.is_none() {
            let advice = format!("write [[{name}]] and its keys below it, once for each");
            self.notes.note(key.span(), format!("`{name}` is a list of tables"), advice);
        }
        tables
    }

    /// Where the table is, in words.
    fn place(&self) -> String {
        match self.name {
            "" => "outside of tables".to_owned(),
            name if keys::is_list(name) => format!("in [[{name}]]"),
            name => format!("in [{name}]"),
        }
    }

    /// What to say of a key that there is not.
    fn unknown(&self, key: &str) -> Option<(String, String)> {
        let is_top = self.name.is_empty();
        let tables = keys::tables().filter(|table| is_top && !table.is_empty());
        let known = keys::of(self.name).map(|key| key.name).chain(tables);
        if known.clone().any(|name| name == key) {
            return None;
        }
        let mut elsewhere = keys::KEYS.iter().filter(|other| other.name == key).map(|other| other.table);
        let advice = match (elsewhere.next(), elsewhere.next(), closest(key, known)) {
            (Some(""), None, _) => "it belongs above the first table".to_owned(),
            (Some(table), None, _) if keys::is_list(table) => format!("it belongs under [[{table}]]"),
            (Some(table), None, _) => format!("it belongs under [{table}]"),
            (_, _, Some(meant)) => format!("did you mean `{meant}`?"),
            _ => "docs/scenarios.md lists what there is".to_owned(),
        };
        Some((format!("there is no key `{key}` {}", self.place()), advice))
    }
}
