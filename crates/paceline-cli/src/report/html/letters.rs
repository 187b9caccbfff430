//! Letters as a table of the page.

use std::io::Write;

use super::super::phrases::{counted, headers, place_of};
use super::super::{Clock, ReportError};
use crate::journal::Letter;
use crate::page::Escaped;

/// Writes the first letters and how many more there are; nothing if there are none.
pub(super) fn table(
    title: &str,
    letters: impl Iterator<Item = Result<Letter, ReportError>>,
    clock: &Clock,
    out: &mut dyn Write,
) -> Result<(), ReportError> {
    let mut letters = letters.peekable();
    if letters.peek().is_none() {
        return Ok(());
    }
    writeln!(out, "<h2>{title}</h2><div class=\"scroll\"><table><tr>")?;
    for column in ["Record", "Verdict", "Status", "Attempts", "When", "Answer", "Content"] {
        write!(out, "<th>{column}</th>")?;
    }
    writeln!(out, "</tr>")?;
    for letter in letters.by_ref().take(MOST_ROWS) {
        row(&letter?, clock, out)?;
    }
    writeln!(out, "</table></div>")?;
    let mut more = 0;
    for letter in letters {
        letter?;
        more += 1;
    }
    if more > 0 {
        writeln!(out, "<p>and {} more, which `paceline report` lists</p>", counted(more))?;
    }
    Ok(())
}

fn row(letter: &Letter, clock: &Clock, out: &mut dyn Write) -> Result<(), ReportError> {
    let status = letter.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    let at = clock.written(letter.at).unwrap_or_default();
    write!(
        out,
        "<tr><td>{}</td><td>{}</td><td>{status}</td><td>{}</td><td>{at}</td><td class=\"text\">{}",
        Escaped::excerpt(&place_of(&letter.record)),
        Escaped::excerpt(&letter.verdict),
        letter.attempts,
        Escaped::excerpt(letter.body.as_deref().unwrap_or_default()),
    )?;
    for (name, value) in headers(letter) {
        write!(out, "<br>{}: {}", Escaped::excerpt(&name), Escaped::excerpt(&value))?;
    }
    let content = letter.content.as_deref().unwrap_or("not in the journal after a crash");
    writeln!(out, "</td><td class=\"text\">{}</td></tr>", Escaped::excerpt(content))?;
    Ok(())
}

/// What a phone can still scroll; the whole is what exports are for.
pub(super) const MOST_ROWS: usize = 1_000;
