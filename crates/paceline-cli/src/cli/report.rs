//! `paceline report`: what became of the records.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::records::Format;
use crate::report::{self, Clock, Form, ReportError, Request, Selection, SourceChoice};

/// Say what became of the records of a journal, and take records out of it.
///
/// Without a selection: how many records are delivered, dead, in doubt and still to do, how the latest run ended, which
/// gates are closed until when, and what to type next. With one: the records themselves. As jsonl or csv they are a
/// source again, which `paceline sync` takes. In csv the columns are all fields in the order of their first
/// appearance; a field that is missing or null is empty, nested values are written as JSON. Works while a run is
/// under way, and changes nothing.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ReportArgs {
    /// The journal that `paceline sync` wrote
    #[arg(value_name = "JOURNAL")]
    journal: PathBuf,
    #[command(flatten)]
    selection: SelectionArgs,
    /// How it is written: text for people, jsonl or csv for the records as they were, jsonl for a summary in one object
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    format: FormArg,
    /// Add to exported records why they are here, as `_paceline` or `_paceline_*`; sync would send that too
    #[arg(long)]
    with_reasons: bool,
    /// Where the source is now [default: where it was, or beside the journal]
    #[arg(long, value_name = "FILE")]
    source: Option<PathBuf>,
    /// How the source is written: csv, tsv, jsonl or json [default: its name or first bytes tell]
    #[arg(long, value_name = "FORMAT")]
    source_format: Option<Format>,
    /// Write a page as well: summary and letters in one file, without network
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[group(multiple = false)]
struct SelectionArgs {
    /// The records given up, each with its verdict
    #[arg(long)]
    dead: bool,
    /// The records that may have been applied
    #[arg(long)]
    in_doubt: bool,
    /// The records still to do; reads the source
    #[arg(long)]
    todo: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormArg {
    Text,
    Jsonl,
    Csv,
}

const EXAMPLES: &str = "\
Examples:
  paceline report airports.csv.journal
  paceline report airports.csv.journal --dead
  paceline report airports.csv.journal --dead --format jsonl > again.jsonl
  paceline sync again.jsonl --to https://api.example.com/records
  paceline report airports.csv.journal --todo --format csv --source moved/airports.csv > rest.csv
  paceline report airports.csv.journal --html report.html

Exit codes: 0 done; 2 the journal, the source or a flag is wrong, or some records are lost.";

/// Writes the report to stdout. Exit code 2 if it could not be made, or not whole.
pub fn run(args: ReportArgs) -> ExitCode {
    let mut out = BufWriter::new(io::stdout().lock());
    match report::write(&args.request(), &Clock::system(), &mut out, &mut io::stderr()) {
        // A reader that has enough is no failure.
        Ok(()) | Err(ReportError::Closed) => ExitCode::SUCCESS,
        Err(error) => {
            // What was written before the error stays worth reading.
            let _ = out.flush();
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::from(2)
        }
    }
}

impl ReportArgs {
    fn request(self) -> Request {
        Request {
            selection: self.selection.chosen(),
            journal: self.journal,
            form: self.format.into(),
            with_reasons: self.with_reasons,
            source: SourceChoice { path: self.source, format: self.source_format },
            page: self.html,
        }
    }
}

impl SelectionArgs {
    fn chosen(&self) -> Option<Selection> {
        let flags =
            [(self.dead, Selection::Dead), (self.in_doubt, Selection::InDoubt), (self.todo, Selection::Todo)];
        flags.into_iter().find_map(|(is_set, selection)| is_set.then_some(selection))
    }
}

impl From<FormArg> for Form {
    fn from(form: FormArg) -> Self {
        match form {
            FormArg::Text => Self::Text,
            FormArg::Jsonl => Self::Jsonl,
            FormArg::Csv => Self::Csv,
        }
    }
}
