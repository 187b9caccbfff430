//! One table of a file, read key by key; what is wrong is noted, and reading goes on.

use std::cell::RefCell;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{Key, KeyList};
use super::{Problem, Problems, Source, Value, Written, closest};

/// What is wrong with a file, as far as it was read.
#[derive(Debug)]
pub(crate) struct Notes<'a> {
    source: &'a Source,
    keys: KeyList,
    /// The table of the file that all of it stands in; empty where that is the file.
    under: &'static str,
    problems: RefCell<Vec<(usize, Problem)>>,
}

impl<'a> Notes<'a> {
    pub(crate) fn new(source: &'a Source, keys: KeyList) -> Self {
        Self { source, keys, under: "", problems: RefCell::default() }
    }

    /// The same for keys that stand in the table `[under]` of another file.
    pub(crate) fn under(self, under: &'static str) -> Self {
        Self { under, ..self }
    }

    /// The table's name as it stands in the file.
    fn heading(&self, name: &str) -> String {
        match (self.under, name) {
            ("", name) => name.to_owned(),
            (under, "") => under.to_owned(),
            (under, name) => format!("{under}.{name}"),
        }
    }

    /// Notes a problem with the text at `span`.
    pub(crate) fn note(&self, span: Range<usize>, message: impl Into<String>, advice: impl Into<String>) {
        let start = span.start;
        let advice = Some(advice.into()).filter(|advice| !advice.is_empty());
        let problem = self.source.problem(message, span).with_advice(advice);
        self.problems.borrow_mut().push((start, problem));
    }

    /// What was read, unless something is wrong: then all of that, in the order of the text.
    pub(crate) fn judge<T>(self, read: Option<T>) -> Result<T, Problems> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|(start, _)| *start);
        Problems::of(problems.into_iter().map(|(_, problem)| problem).collect())?;
        Ok(read.expect("what could not be read was noted"))
    }
}

/// A table: the whole file (its name is empty), `[users]`, one of several `[[limit]]`.
#[derive(Clone, Debug)]
pub(crate) struct Section<'a> {
    pub(crate) notes: &'a Notes<'a>,
    name: &'static str,
    table: &'a DeTable<'a>,
    /// Where it begins.
    span: Range<usize>,
}

impl<'a> Section<'a> {
    /// The whole file.
    pub(crate) fn whole(notes: &'a Notes<'a>, table: &'a DeTable<'a>) -> Self {
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
    pub(crate) fn optional<T>(
        &self,
        key: &str,
        read: impl FnOnce(Value<'_>) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.table.get(key)?;
        let Key { kind, example, .. } = self.notes.keys.find(self.name, key);
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
    pub(crate) fn required<T>(
        &self,
        key: &str,
        read: impl FnOnce(Value<'_>) -> Result<T, String>,
    ) -> Option<T> {
        if !self.has(key) {
            let example = self.notes.keys.find(self.name, key).example;
            let message = format!("`{key}` is missing {}", self.place());
            self.notes.note(self.span.clone(), message, format!("write {key} = {example}"));
        }
        self.optional(key, read)
    }

    /// Whether something is written for `key`.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Notes that what is written for `key` cannot be; if nothing is, that the table cannot.
    pub(crate) fn refuse(&self, key: &str, message: impl Into<String>, advice: impl Into<String>) {
        let span = self.table.get(key).map_or_else(|| self.span.clone(), |value| value.span());
        self.notes.note(span, message, advice);
    }

    /// The table `[name]`.
    pub(crate) fn section(&self, name: &'static str) -> Option<Self> {
        let (key, value) = self.table.get_key_value(name)?;
        match value.get_ref() {
            DeValue::Table(table) => Some(Self::new(self.notes, name, table, key.span())),
            _ => {
                let advice = format!("write [{}] and its keys below it", self.notes.heading(name));
                self.notes.note(key.span(), format!("`{name}` is a table"), advice);
                None
            }
        }
    }

    /// What `read` makes of each of the tables `[[name]]`; None where one is wrong, after all are read.
    pub(crate) fn each<T>(&self, name: &'static str, read: impl FnMut(&Self) -> Option<T>) -> Option<Vec<T>> {
        let read: Vec<Option<T>> = self.sections(name)?.iter().map(read).collect();
        read.into_iter().collect()
    }

    /// Each of the tables `[[name]]`; None where one is no table.
    pub(crate) fn sections(&self, name: &'static str) -> Option<Vec<Self>> {
        let Some((key, value)) = self.table.get_key_value(name) else { return Some(Vec::new()) };
        let table = |item: &'a Spanned<DeValue<'a>>| {
            item.get_ref().as_table().map(|table| Self::new(self.notes, name, table, item.span()))
        };
        let tables = value.get_ref().as_array().and_then(|list| list.iter().map(table).collect());
        if tables.is_none() {
            let heading = self.notes.heading(name);
            let advice = format!("write [[{heading}]] and its keys below it, once for each");
            self.notes.note(key.span(), format!("`{name}` is a list of tables"), advice);
        }
        tables
    }

    /// Where the table is, in words.
    fn place(&self) -> String {
        match (self.name, self.notes.heading(self.name)) {
            ("", heading) if heading.is_empty() => "outside of tables".to_owned(),
            (name, heading) if self.notes.keys.is_list(name) => format!("in [[{heading}]]"),
            (_, heading) => format!("in [{heading}]"),
        }
    }

    /// What to say of a key that there is not.
    fn unknown(&self, key: &str) -> Option<(String, String)> {
        let is_top = self.name.is_empty();
        let keys = self.notes.keys;
        let tables = keys.tables().filter(|table| is_top && !table.is_empty());
        let known = keys.of(self.name).map(|key| key.name).chain(tables);
        if known.clone().any(|name| name == key) {
            return None;
        }
        let mut elsewhere = keys.keys.iter().filter(|other| other.name == key).map(|other| other.table);
        let advice = match (elsewhere.next(), elsewhere.next(), closest(key, known)) {
            (Some(""), None, _) if self.notes.under.is_empty() => {
                "it belongs above the first table".to_owned()
            }
            (Some(table), None, _) if keys.is_list(table) => {
                format!("it belongs under [[{}]]", self.notes.heading(table))
            }
            (Some(table), None, _) => format!("it belongs under [{}]", self.notes.heading(table)),
            (_, _, Some(meant)) => format!("did you mean `{meant}`?"),
            _ => format!("{} lists what there is", keys.page),
        };
        Some((format!("there is no key `{key}` {}", self.place()), advice))
    }
}
