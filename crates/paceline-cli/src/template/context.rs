//! What a template sees of records.

use std::collections::{BTreeSet, HashSet};

use minijinja::value::{Serde, Value};

use crate::records::Record;

/// The name under which a template finds the whole record.
pub(super) const RECORD: &str = "record";
/// The name under which a batch's body finds its records.
pub(super) const RECORDS: &str = "records";

/// The names of one template.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// What is looked up in the context: fields, `record`, `records`.
    roots: Vec<String>,
    /// The same with what is looked up within them: `address.city`.
    paths: Vec<String>,
}

impl Names {
    /// The names that `template` leaves to its context, those that every template has aside.
    pub(super) fn of(template: &minijinja::Template<'_, '_>, known: &HashSet<String>) -> Self {
        let sorted = |names: HashSet<String>| {
            let is_free = |name: &String| !known.contains(name.split('.').next().unwrap_or_default());
            names.into_iter().filter(is_free).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
        };
        let roots = sorted(template.undeclared_variables(false));
        let paths = sorted(template.undeclared_variables(true));
        Self { roots, paths }
    }

    /// The fields of a record that are named, `record.name` included.
    pub(super) fn fields(&self) -> BTreeSet<String> {
        let paths = self.paths.iter().filter_map(|path| field_path(path));
        paths.filter_map(|path| path.split('.').next().map(str::to_owned)).collect()
    }

    /// Names that a batch does not have.
    pub(super) fn single(&self) -> Vec<String> {
        self.roots.iter().filter(|name| *name != RECORDS).cloned().collect()
    }

    /// What the template sees of `record`: no more than it names.
    pub(super) fn context(&self, record: &Record) -> Value {
        let pairs = self.roots.iter().filter_map(|name| {
            let value = match name.as_str() {
                RECORD => Value::from(Serde(&record.fields)),
                name => Value::from(Serde(record.fields.get(name)?)),
            };
            Some((name.as_str(), value))
        });
        Value::from_pairs(pairs)
    }

    /// Which of the names `record` does not have.
    pub(super) fn missing(&self, record: &Record) -> Vec<String> {
        self.paths
            .iter()
            .filter_map(|path| field_path(path))
            .filter(|path| !has(record, path))
            .map(str::to_owned)
            .collect()
    }

    /// Which of the named fields are empty or null in `record`.
    pub(super) fn empty(&self, record: &Record) -> Vec<String> {
        let is_empty = |name: &String| record.field_text(name).is_none_or(|text| text.is_empty());
        self.fields().into_iter().filter(is_empty).collect()
    }
}

/// What a batch's body sees.
pub(super) fn batch_context(records: &[Record]) -> Value {
    let records: Vec<Value> = records.iter().map(|record| Value::from(Serde(&record.fields))).collect();
    Value::from_pairs([(RECORDS, Value::from(records))])
}

/// `path` within the record; `None` for the whole record and for what is not of a record.
fn field_path(path: &str) -> Option<&str> {
    match path {
        RECORD | RECORDS => None,
        _ if path.starts_with("records.") => None,
        _ => Some(path.strip_prefix("record.").unwrap_or(path)),
    }
}

fn has(record: &Record, path: &str) -> bool {
    let mut steps = path.split('.');
    let mut value = steps.next().and_then(|name| record.fields.get(name));
    for name in steps {
        value = value.and_then(|value| value.get(name));
    }
    value.is_some()
}
