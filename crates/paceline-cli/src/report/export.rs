//! Records as a source again: what was given up, what is in doubt, what is still to do.

use std::io::Write;

use serde_json::{Map, Value, json};

use super::contents::Contents;
use super::sheet::{Columns, Sheet};
use super::source::Checked;
use super::subject::Subject;
use super::todo::todo;
use super::{Form, ReportError};
use crate::journal::{Letter, RecordRef, State};

/// How letters are exported.
#[derive(Clone, Copy, Debug)]
pub(super) struct LetterExport {
    /// Of which records.
    pub(super) state: State,
    /// As a table instead of JSON Lines.
    pub(super) is_table: bool,
    /// With `_paceline` (`_paceline_verdict` and so on in a table): why it is here.
    pub(super) with_reasons: bool,
}

impl LetterExport {
    /// Writes the records. Two passes over the letters: memory does not grow with their number.
    ///
    /// # Errors
    /// Some records are lost; the others are written all the same.
    pub(super) fn write(self, subject: &Subject, out: &mut dyn Write) -> Result<(), ReportError> {
        let (mut columns, wanted) = self.survey(subject)?;
        let contents = Contents::gather(subject, &wanted);
        contents.found().for_each(|fields| columns.add(fields.keys()));
        if self.is_table && self.with_reasons {
            REASON_COLUMNS.iter().for_each(|name| columns.put_last(name));
        }
        let mut sheet = if self.is_table { Sheet::table(columns, out)? } else { Sheet::Lines(out) };
        let mut lost = Vec::new();
        for letter in subject.letters(self.state)? {
            let letter = letter?;
            match contents.of(&letter)? {
                Some(fields) => sheet.write(&self.reasoned(fields, &letter))?,
                None => lost.push(letter.record),
            }
        }
        sheet.finish()?;
        contents.missing(&lost).map_or(Ok(()), Err)
    }

    /// The columns of a table, and the records that must be read again.
    fn survey(self, subject: &Subject) -> Result<(Columns, Vec<RecordRef>), ReportError> {
        let (mut columns, mut wanted) = (Columns::default(), Vec::new());
        let none = Contents::default();
        for letter in subject.letters(self.state)? {
            let letter = letter?;
            if letter.content.is_none() {
                wanted.push(letter.record);
            } else if self.is_table {
                columns.add(none.of(&letter)?.iter().flat_map(Map::keys));
            }
        }
        Ok((columns, wanted))
    }

    fn reasoned(self, mut fields: Map<String, Value>, letter: &Letter) -> Map<String, Value> {
        if !self.with_reasons {
            return fields;
        }
        let reasons = [json!(letter.verdict), json!(letter.status), json!(letter.body)];
        if self.is_table {
            fields.extend(REASON_COLUMNS.iter().map(|name| (*name).to_owned()).zip(reasons));
        } else {
            let names = ["verdict", "status", "body"].map(str::to_owned);
            let reasons = Value::Object(names.into_iter().zip(reasons).collect());
            fields.insert("_paceline".to_owned(), reasons);
        }
        fields
    }
}

/// Writes the records of `source` that are still to do.
pub(super) fn export_todo(
    subject: &Subject,
    source: &Checked,
    form: Form,
    out: &mut dyn Write,
) -> Result<(), ReportError> {
    let mut sheet = match form {
        Form::Csv => Sheet::table(todo_columns(subject, source)?, out)?,
        Form::Jsonl | Form::Text => Sheet::Lines(out),
    };
    for record in todo(subject, source)? {
        sheet.write(&record?.fields)?;
    }
    sheet.finish()
}

/// The source's own header where it has one; else one more pass finds the fields.
fn todo_columns(subject: &Subject, source: &Checked) -> Result<Columns, ReportError> {
    let mut columns = Columns::default();
    match &source.scan.header {
        Some(header) => columns.add(header),
        None => {
            for record in todo(subject, source)? {
                columns.add(record?.fields.keys());
            }
        }
    }
    Ok(columns)
}

const REASON_COLUMNS: [&str; 3] = ["_paceline_verdict", "_paceline_status", "_paceline_body"];
