//! The report as one page: no network, no script, light and dark, readable on a phone.

mod letters;

use std::io::Write;
use std::path::Path;

use super::phrases::{counted, named_counts, remarks, told_gate, told_limits, told_run};
use super::subject::Subject;
use super::summary::Summary;
use super::{Clock, ReportError};
use crate::journal::State;
use crate::page::Escaped;

/// Writes the page to `path`: it is there whole, or what was there stays.
pub(super) fn save(
    path: &Path,
    subject: &Subject,
    summary: &Summary,
    clock: &Clock,
) -> Result<(), ReportError> {
    crate::page::save(path, |out| write(subject, summary, clock, out)).map_err(|error| match error {
        ReportError::Output(cause) => ReportError::Page { path: path.to_owned(), cause },
        other => other,
    })
}

fn write(
    subject: &Subject,
    summary: &Summary,
    clock: &Clock,
    out: &mut dyn Write,
) -> Result<(), ReportError> {
    let name = summary.journal.to_string_lossy();
    write!(out, "{HEAD}<title>{}</title><style>{STYLE}</style>", Escaped::whole(&name))?;
    writeln!(out, "<main><h1>Paceline report</h1>")?;
    facts(summary, clock, out)?;
    counts(summary, out)?;
    lines("Closed gates", summary.gates.iter().map(|gate| told_gate(gate, clock)), out)?;
    lines("Learned", summary.learned.iter().map(told_limits), out)?;
    next_steps(summary, out)?;
    letters::table("Dead letters", subject.letters(State::Dead)?, clock, out)?;
    letters::table("In doubt", subject.letters(State::InDoubt)?, clock, out)?;
    Ok(writeln!(out, "</main></html>")?)
}

fn facts(summary: &Summary, clock: &Clock, out: &mut dyn Write) -> Result<(), ReportError> {
    let key = summary.key_field.as_deref().unwrap_or("none");
    let written = clock.written(clock.now).unwrap_or_default();
    let mut facts = vec![
        ("journal", summary.journal.to_string_lossy().into_owned()),
        ("source", summary.source.clone()),
        ("target", summary.target.text()),
        ("key field", key.to_owned()),
        ("written", written),
    ];
    facts.extend(told_run(summary, clock));
    writeln!(out, "<dl>")?;
    for (name, fact) in facts {
        writeln!(out, "<dt>{name}</dt><dd>{}</dd>", Escaped::whole(&fact))?;
    }
    Ok(writeln!(out, "</dl>")?)
}

/// The counts as numbers, and as a bar.
fn counts(summary: &Summary, out: &mut dyn Write) -> Result<(), ReportError> {
    let records = summary
        .tally
        .records()
        .map_or_else(|| "Records".to_owned(), |all| format!("{} records", counted(all)));
    writeln!(out, "<h2>{records}</h2><div class=\"bar\">")?;
    let counts = named_counts(summary);
    for (name, count) in &counts {
        writeln!(out, "<i class=\"{}\" style=\"flex-grow:{count}\"></i>", class(name))?;
    }
    writeln!(out, "</div><ul class=\"counts\">")?;
    for (name, count) in &counts {
        writeln!(out, "<li><b class=\"{}\">{}</b> {name}</li>", class(name), counted(*count))?;
    }
    writeln!(out, "</ul>")?;
    for remark in remarks(summary) {
        writeln!(out, "<p>{}</p>", Escaped::whole(&remark))?;
    }
    Ok(())
}

fn lines(
    title: &str,
    lines: impl ExactSizeIterator<Item = String>,
    out: &mut dyn Write,
) -> Result<(), ReportError> {
    if lines.len() == 0 {
        return Ok(());
    }
    writeln!(out, "<h2>{title}</h2><ul>")?;
    for line in lines {
        writeln!(out, "<li>{}</li>", Escaped::whole(&line))?;
    }
    Ok(writeln!(out, "</ul>")?)
}

fn next_steps(summary: &Summary, out: &mut dyn Write) -> Result<(), ReportError> {
    writeln!(out, "<h2>Next</h2><ul>")?;
    for step in &summary.next_steps {
        write!(out, "<li>{}", Escaped::whole(&step.why))?;
        if let Some(command) = &step.command {
            write!(out, "<pre>{}</pre>", Escaped::whole(command))?;
        }
        writeln!(out, "</li>")?;
    }
    Ok(writeln!(out, "</ul>")?)
}

/// A count's name as the name of a style.
fn class(name: &str) -> String {
    name.replace(' ', "-")
}

/// The policy forbids everything but the style below: even what slipped through the escaping could do nothing.
const HEAD: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">";

const STYLE: &str = include_str!("html/page.css");
