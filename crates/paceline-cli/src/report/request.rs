//! What is asked of a report.

use std::io::Write;
use std::path::PathBuf;

use super::export::{LetterExport, export_todo};
use super::subject::Subject;
use super::summary::Summary;
use super::{Clock, ReportError, SourceChoice, html, json, text, todo};
use crate::journal::State;

/// A report, as it was asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The journal that it is about.
    pub journal: PathBuf,
    /// Which records; `None`: a summary of all.
    pub selection: Option<Selection>,
    /// How it is written.
    pub form: Form,
    /// Exported letters say why they are here.
    pub with_reasons: bool,
    /// Where the source is.
    pub source: SourceChoice,
    /// A page to write as well.
    pub page: Option<PathBuf>,
}

/// Which records are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Those given up.
    Dead,
    /// Those that may have been applied.
    InDoubt,
    /// Those not settled.
    Todo,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people.
    Text,
    /// The records themselves, one JSON object on each line; a summary is one object.
    Jsonl,
    /// The records themselves as a table.
    Csv,
}

/// Writes what `request` asks for to `out`, and remarks for people to `notes`.
///
/// # Errors
/// The journal or the source cannot be read, the flags do not go together, some of the records are lost (the
/// others are written all the same), or `out` is closed or failing.
pub fn write(
    request: &Request,
    clock: &Clock,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> Result<(), ReportError> {
    request.refuse_contradictions()?;
    let subject = Subject::open(&request.journal, request.source.clone())?;
    let is_summed_up = request.selection.is_none() || request.page.is_some();
    let summary = is_summed_up.then(|| Summary::of(&subject, clock)).transpose()?;
    if let (Some(page), Some(summary)) = (&request.page, &summary) {
        html::save(page, &subject, summary, clock)?;
        note(notes, &format!("wrote {}", page.display()));
    }
    match (request.selection, &summary) {
        (None, Some(summary)) if request.form == Form::Jsonl => json::write(summary, clock, out)?,
        (None, summary) => summary.iter().try_for_each(|summary| text::summary(summary, clock, out))?,
        (Some(Selection::Dead), _) => request.letters(&subject, State::Dead, clock, out)?,
        (Some(Selection::InDoubt), _) => request.letters(&subject, State::InDoubt, clock, out)?,
        (Some(Selection::Todo), _) => request.todo(&subject, out, notes)?,
    }
    Ok(out.flush()?)
}

impl Request {
    fn refuse_contradictions(&self) -> Result<(), ReportError> {
        let is_export = self.form != Form::Text;
        let has_letters = matches!(self.selection, Some(Selection::Dead | Selection::InDoubt));
        if self.selection.is_none() && self.form == Form::Csv {
            return Err(ReportError::Usage(
                "a summary is not a table: add --dead, --in-doubt or --todo, or use --format jsonl",
            ));
        }
        if self.with_reasons && !(is_export && has_letters) {
            return Err(ReportError::Usage(
                "--with-reasons adds fields to the records that --dead or --in-doubt export: add --format jsonl or csv",
            ));
        }
        Ok(())
    }

    fn letters(
        &self,
        subject: &Subject,
        state: State,
        clock: &Clock,
        out: &mut dyn Write,
    ) -> Result<(), ReportError> {
        if self.form == Form::Text {
            return subject.letters(state)?.try_for_each(|letter| text::letter(&letter?, clock, out));
        }
        let export =
            LetterExport { state, is_table: self.form == Form::Csv, with_reasons: self.with_reasons };
        export.write(subject, out)
    }

    fn todo(&self, subject: &Subject, out: &mut dyn Write, notes: &mut dyn Write) -> Result<(), ReportError> {
        let source = subject.checked_source()?;
        if !source.is_unchanged {
            let name = &source.spec.location;
            note(
                notes,
                &format!(
                    "{name} has changed since the latest run: these are the records that the next one sends"
                ),
            );
        }
        if self.form != Form::Text {
            return export_todo(subject, &source, self.form, out);
        }
        let key_field = subject.reader.binding().key_field.as_deref();
        todo::todo(subject, &source)?.try_for_each(|record| text::todo(&record?, key_field, out))
    }
}

/// A remark; where nobody reads it, it is lost.
fn note(notes: &mut dyn Write, line: &str) {
    let _ = writeln!(notes, "note: {line}");
}
