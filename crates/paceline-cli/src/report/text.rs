//! Reports as people read them on a terminal.

use std::fmt::{Display, Write as _};
use std::io::Write;

use super::groups::Groups;
use super::phrases::{
    counted, headers, named_counts, place, place_of, remarks, told_gate, told_limits, told_run,
};
use super::summary::Summary;
use super::{Clock, ReportError};
use crate::journal::Letter;
use crate::printable::Printable;
use crate::records::Record;

/// Writes the summary.
pub(super) fn summary(summary: &Summary, clock: &Clock, out: &mut dyn Write) -> Result<(), ReportError> {
    let key = summary.key_field.as_deref().unwrap_or("none: records are told apart by place and content");
    line(out, "journal", summary.journal.display())?;
    line(out, "source", Printable::whole(&summary.source))?;
    line(out, "target", Printable::whole(&summary.target.text()))?;
    line(out, "key field", Printable::whole(key))?;
    for (name, told) in told_run(summary, clock) {
        line(out, name, Printable::whole(&told))?;
    }
    writeln!(out)?;
    counts(summary, out)?;
    scopes(summary, clock, out)?;
    groups("dead letters", &summary.dead, out)?;
    groups("in doubt", &summary.in_doubt, out)?;
    writeln!(out, "\nnext")?;
    for step in &summary.next_steps {
        writeln!(out, "  {}", Printable::whole(&step.why))?;
        if let Some(command) = &step.command {
            writeln!(out, "    {}", Printable::whole(command))?;
        }
    }
    Ok(())
}

/// Writes one letter as a block.
pub(super) fn letter(letter: &Letter, clock: &Clock, out: &mut dyn Write) -> Result<(), ReportError> {
    writeln!(out, "{}", Printable::whole(&place_of(&letter.record)))?;
    field(out, "verdict", Printable::whole(&letter.verdict))?;
    match letter.status {
        Some(status) => field(out, "status", status)?,
        None => field(out, "status", "no answer")?,
    }
    field(out, "attempts", letter.attempts)?;
    field(out, "when", clock.told(letter.at))?;
    if let Some(body) = &letter.body {
        field(out, "answer", Printable::excerpt(body))?;
    }
    for (name, value) in headers(letter) {
        field(out, "header", format_args!("{}: {}", Printable::whole(&name), Printable::excerpt(&value)))?;
    }
    match &letter.content {
        Some(content) => field(out, "record", Printable::excerpt(content))?,
        None => field(out, "record", "not in the journal after a crash; an export reads it from the source")?,
    }
    writeln!(out)?;
    Ok(())
}

/// Writes one record that is still to do.
pub(super) fn todo(record: &Record, key_field: Option<&str>, out: &mut dyn Write) -> Result<(), ReportError> {
    let key = key_field.and_then(|field| record.field_text(field));
    let place = place(record.line, record.position, key.as_deref());
    writeln!(out, "{}: {}", Printable::whole(&place), Printable::glance(&record.json()))?;
    Ok(())
}

fn counts(summary: &Summary, out: &mut dyn Write) -> Result<(), ReportError> {
    let records = summary.tally.records().map_or_else(|| "unknown".to_owned(), counted);
    let counts = named_counts(summary);
    let widest = counts.iter().map(|(_, count)| counted(*count).len()).max();
    let width = widest.unwrap_or_default().max(records.len());
    line(out, "records", format_args!("{records:>width$}"))?;
    for (name, count) in counts {
        line(out, &format!("  {name}"), format_args!("{:>width$}", counted(count)))?;
    }
    for remark in remarks(summary) {
        writeln!(out, "  {}", Printable::whole(&remark))?;
    }
    Ok(())
}

fn scopes(summary: &Summary, clock: &Clock, out: &mut dyn Write) -> Result<(), ReportError> {
    if !summary.gates.is_empty() {
        writeln!(out, "\nclosed gates")?;
    }
    for gate in &summary.gates {
        writeln!(out, "  {}", Printable::whole(&told_gate(gate, clock)))?;
    }
    if !summary.learned.is_empty() {
        writeln!(out, "\nlearned")?;
    }
    for learned in &summary.learned {
        writeln!(out, "  {}", Printable::whole(&told_limits(learned)))?;
    }
    Ok(())
}

fn groups(title: &str, groups: &Groups, out: &mut dyn Write) -> Result<(), ReportError> {
    if groups.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{title}")?;
    for group in &groups.groups {
        let example = &group.example;
        let status =
            example.status.map_or_else(|| "no answer".to_owned(), |status| format!("status {status}"));
        let mut told =
            format!("{} × {}, {status}", counted(group.count), Printable::glance(&example.verdict));
        let _ = write!(told, "; the first: {}", Printable::whole(&place_of(&example.record)));
        if let Some(body) = &example.body {
            let _ = write!(told, ": {}", Printable::glance(body));
        }
        writeln!(out, "  {told}")?;
    }
    if groups.others > 0 {
        writeln!(out, "  {} more of other kinds", counted(groups.others))?;
    }
    Ok(())
}

fn line(out: &mut dyn Write, name: &str, value: impl Display) -> Result<(), ReportError> {
    Ok(writeln!(out, "{name:<14}{value}")?)
}

fn field(out: &mut dyn Write, name: &str, value: impl Display) -> Result<(), ReportError> {
    Ok(writeln!(out, "  {name:<10}{value}")?)
}
