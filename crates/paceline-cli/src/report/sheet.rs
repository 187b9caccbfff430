//! Records written so that `paceline sync` reads them again: as JSON Lines, or as CSV.

use std::collections::HashSet;
use std::io::Write;

use csv::{QuoteStyle, WriterBuilder};
use serde_json::{Map, Value};

use super::ReportError;

/// The names of the columns, each once, in the order of their first appearance.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    names: Vec<String>,
    known: HashSet<String>,
}

impl Columns {
    /// Adds what is not there yet.
    pub(super) fn add<'a>(&mut self, names: impl IntoIterator<Item = &'a String>) {
        for name in names {
            if !self.known.contains(name) {
                self.known.insert(name.clone());
                self.names.push(name.clone());
            }
        }
    }

    /// Puts `name` at the end, wherever it was.
    pub(super) fn put_last(&mut self, name: &str) {
        self.names.retain(|known| known != name);
        self.known.insert(name.to_owned());
        self.names.push(name.to_owned());
    }
}

/// Where records are written.
pub(super) enum Sheet<'a> {
    /// One JSON object on each line.
    Lines(&'a mut dyn Write),
    /// One row each. An absent or null field is empty, nested values are JSON text.
    Table { rows: Box<csv::Writer<&'a mut dyn Write>>, columns: Vec<String> },
}

impl<'a> Sheet<'a> {
    /// Begins a table with its header; without columns nothing is written.
    pub(super) fn table(columns: Columns, out: &'a mut dyn Write) -> Result<Self, ReportError> {
        let columns = columns.names;
        if columns.iter().any(|name| name.trim().is_empty()) {
            return Err(ReportError::NamelessField);
        }
        if !columns.is_empty() {
            write_header(&columns, out)?;
        }
        Ok(Self::Table { rows: Box::new(WriterBuilder::new().from_writer(out)), columns })
    }

    pub(super) fn write(&mut self, fields: &Map<String, Value>) -> Result<(), ReportError> {
        match self {
            Self::Lines(out) => {
                let line = serde_json::to_string(fields).expect("a map of JSON values is always JSON");
                writeln!(out, "{line}")?;
            }
            Self::Table { columns, .. } if columns.is_empty() => {
                return Err(ReportError::Usage("records without fields cannot be rows: use --format jsonl"));
            }
            Self::Table { rows, columns } => {
                rows.write_record(columns.iter().map(|name| cell(fields.get(name))))?;
            }
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<(), ReportError> {
        match self {
            Self::Lines(out) => out.flush()?,
            Self::Table { mut rows, .. } => rows.flush()?,
        }
        Ok(())
    }
}

/// A first name that does not begin like one is quoted, so that a reader takes no file of ours for JSON, an
/// archive or a byte order mark.
fn write_header(columns: &[String], out: &mut dyn Write) -> Result<(), ReportError> {
    let is_plain = |name: &String| {
        let first = name.chars().next();
        first.is_some_and(|first| first.is_alphanumeric() || first == '_') && !name.contains(char::is_control)
    };
    let quote = if columns.first().is_none_or(is_plain) { QuoteStyle::Necessary } else { QuoteStyle::Always };
    let mut header = WriterBuilder::new().quote_style(quote).from_writer(out);
    header.write_record(columns)?;
    header.flush()?;
    Ok(())
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;
    use crate::records::{Format, Records};

    fn table(records: &[Map<String, Value>]) -> Result<Vec<u8>, ReportError> {
        let (mut columns, mut bytes) = (Columns::default(), Vec::new());
        records.iter().for_each(|record| columns.add(record.keys()));
        let mut sheet = Sheet::table(columns, &mut bytes)?;
        for record in records {
            sheet.write(record)?;
        }
        sheet.finish()?;
        Ok(bytes)
    }

    fn read(bytes: Vec<u8>, format: Option<Format>) -> Vec<Map<String, Value>> {
        let records = Records::from_reader("export", Box::new(Cursor::new(bytes)), format).unwrap();
        records.map(|record| record.unwrap().fields).collect()
    }

    fn fields(json: &str) -> Map<String, Value> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn columns_are_the_union_in_order_of_appearance() {
        let records = [r#"{"b":1,"a":"x, \"y\""}"#, r#"{"a":null,"c":{"d":[1,2]}}"#, r#"{"b":""}"#];
        let bytes = table(&records.map(fields)).unwrap();
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            "b,a,c\n1,\"x, \"\"y\"\"\",\n,,\"{\"\"d\"\":[1,2]}\"\n,,\n"
        );
    }

    #[test]
    fn what_cannot_be_a_table_says_what_to_do() {
        for records in [r#"{" ":1}"#, "{}"] {
            let error = table(&[fields(records)]).unwrap_err();
            assert!(error.to_string().contains("--format jsonl"), "{error}");
        }
        assert!(table(&[]).unwrap().is_empty());
    }

    proptest! {
        #[test]
        fn a_table_is_read_back_as_it_was(
            names in proptest::collection::hash_set("[^ \\s].{0,3}|PK\u{3}\u{4}|\u{feff}a|\\{\"a|[a-z]", 1..4),
            values in proptest::collection::vec(".{0,4}|[\"\\r\\n,=]{0,3}", 1..12),
        ) {
            let names: Vec<String> = names.into_iter().filter(|name| !name.trim().is_empty()).collect();
            prop_assume!(!names.is_empty());
            let records: Vec<Map<String, Value>> = values
                .chunks_exact(names.len())
                .map(|row| names.iter().cloned().zip(row.iter().cloned().map(Value::String)).collect())
                .collect();
            prop_assume!(!records.is_empty());
            let bytes = table(&records).unwrap();
            prop_assert_eq!(read(bytes.clone(), None), records.clone());
            prop_assert_eq!(read(bytes, Some(Format::Csv)), records);
        }
    }
}
