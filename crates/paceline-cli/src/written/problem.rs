//! What is wrong with what somebody wrote, where, and what to do.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};

use crate::origin::Origin;

/// One thing that is wrong with what somebody wrote.
///
/// Reads as `paceline.toml:4:1: there is no key max_wiat in [retry]; did you mean max_wait?`.
#[derive(Debug)]
pub struct Problem {
    message: String,
    advice: Option<String>,
    origin: Origin,
    column: Option<usize>,
    snippet: Option<Snippet>,
}

/// The text around the problem, and where in it the problem is.
#[derive(Debug)]
struct Snippet {
    source: Arc<NamedSource<String>>,
    span: Range<usize>,
}

impl Problem {
    pub(crate) fn new(origin: Origin, message: impl Into<String>) -> Self {
        Self { message: message.into(), advice: None, origin, column: None, snippet: None }
    }

    /// This problem, with what to do.
    pub(crate) fn with_advice(self, advice: Option<String>) -> Self {
        Self { advice, ..self }
    }

    /// This problem, in that column of its line (the first is 1).
    pub(crate) fn with_column(self, column: usize) -> Self {
        Self { column: Some(column), ..self }
    }

    /// This problem, with the text that is wrong.
    pub(crate) fn with_snippet(self, source: &Arc<NamedSource<String>>, span: Range<usize>) -> Self {
        Self { snippet: Some(Snippet { source: Arc::clone(source), span }), ..self }
    }

    /// This problem, without the text that is wrong: it may hold a secret.
    pub(crate) fn without_snippet(self) -> Self {
        Self { snippet: None, ..self }
    }

    /// Where it is.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.origin.fmt(f)?;
        if let Some(column) = self.column {
            write!(f, ":{column}")?;
        }
        write!(f, ": {}", self.message)?;
        match &self.advice {
            Some(advice) => write!(f, "; {advice}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.snippet.as_ref().map(|snippet| &*snippet.source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let snippet = self.snippet.as_ref()?;
        let label = LabeledSpan::new_with_span(Some("here".to_owned()), snippet.span.clone());
        Some(Box::new(std::iter::once(label)))
    }
}

/// What somebody wrote cannot be used: everything that is wrong with it, in the order it was met.
#[derive(Debug)]
pub struct Problems {
    problems: Vec<Problem>,
}

impl Problems {
    /// `problems`, if there are any.
    pub(crate) fn of(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self { problems }) }
    }

    pub(crate) fn one(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }

    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// What is wrong; at least one thing.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The problems for a person to read: each with the text that is wrong underlined.
    #[must_use]
    pub fn report(&self, has_colour: bool) -> String {
        let theme = if has_colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(REPORT_COLUMNS);
        let mut report = String::new();
        for problem in &self.problems {
            if handler.render_report(&mut report, problem).is_err() {
                report.push_str(&problem.to_string());
            }
        }
        report
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.problems.iter().map(Problem::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Problems {}

/// What a terminal shows without wrapping, on most screens.
const REPORT_COLUMNS: usize = 100;
