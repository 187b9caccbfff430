//! Why a template cannot be compiled or rendered, where it is written, and for which record.

use std::fmt;

use crate::origin::Origin;
use crate::records::Record;

/// A template that cannot be compiled, or not rendered for some record.
///
/// Reads as `url (paceline.toml:4): there is no field city; ... (record on line 7)`.
#[derive(Debug)]
pub struct TemplateError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    place: Place,
    records: Option<String>,
    fault: TemplateFault,
}

impl TemplateError {
    pub(super) fn new(place: Place, fault: TemplateFault) -> Self {
        Self(Box::new(Inner { place, records: None, fault }))
    }

    /// This error, met while rendering for `records`.
    pub(super) fn for_records(mut self, records: &[Record]) -> Self {
        self.0.records = match records {
            [] => None,
            [record] => Some(format!("record on line {}", record.line)),
            [first, .., last] => Some(format!("records on lines {} to {}", first.line, last.line)),
        };
        self
    }

    /// What is wrong.
    #[must_use]
    pub fn fault(&self) -> &TemplateFault {
        &self.0.fault
    }

    /// Where the template, or the line of it that failed, is written.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.0.place.origin
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.place, self.0.fault)?;
        match &self.0.records {
            Some(records) => write!(f, " ({records})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for TemplateError {}

/// A part of a request, and where its template is written.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) part: String,
    pub(super) origin: Origin,
}

impl Place {
    pub(super) fn at_line(&self, line: Option<usize>) -> Self {
        Self { part: self.part.clone(), origin: self.origin.at_line(line.unwrap_or(1)) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::Default => f.write_str(&self.part),
            origin => write!(f, "{} ({origin})", self.part),
        }
    }
}

/// What is wrong with a template, or with a record under it.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum TemplateFault {
    #[error("not a template: {0}")]
    Syntax(String),
    #[error("there is no field {}; correct the name, or write `{{{{ {} | default(\"\") }}}}`", list(.0), .0.first().map_or("NAME", String::as_str))]
    Missing(Vec<String>),
    #[error("{0}")]
    Failed(String),
    #[error("{} is empty, and a part of the path would be too; leave such records out, or give the path another form", list(.0))]
    EmptyInPath(Vec<String>),
    #[error("`{0}` as a part of the path would lead elsewhere; leave such records out")]
    DotInPath(String),
    #[error("`{0}` is not a URL: {1}")]
    NotUrl(String, String),
    #[error(
        "a line break or another control character in a header; remove it, for example with `| replace(\"\\n\", \" \")`"
    )]
    ControlInHeader,
    #[error("`{0}` is not the name of a header")]
    HeaderName(String),
    #[error("this header is written by Paceline itself; leave it out")]
    ReservedHeader,
    #[error(
        "a secret must not stand in a template; name its variable under [auth], for example header_env = {{ name = \"{0}\", env = \"...\" }}"
    )]
    SecretHeader(String),
    #[error("a content type cannot be a template: it decides how values are escaped")]
    ContentType,
    #[error(
        "`{value}` after `{before}` is not a number, true, false or null; write quotes around the expression"
    )]
    Unquoted { value: String, before: String },
    #[error("nothing after `{before}`; write quotes around the expression, or `| default(\"null\", true)`")]
    UnquotedNothing { before: String },
    #[error("a backslash before an expression, after `{0}`; write it twice")]
    Backslash(String),
    #[error(
        "a captured block went through a filter, which would undo the escaping; put the filter on each value"
    )]
    Captured,
    #[error("not valid JSON at `{spot}`: {detail}")]
    NotJson { detail: String, spot: String },
    #[error("a batch has no single record, so {} cannot be used here; a batch's body has `records`", list(.0))]
    SingleInBatch(Vec<String>),
    #[error("`{0}` is not a cost; a call costs a number above 0, such as 1 or 2.5, which counts as 3")]
    NotCost(String),
    #[error("control characters U+0001 to U+0004 cannot stand in a template")]
    ControlInTemplate,
}

/// `names` as people write them: "`a`", "`a` and `b`", "`a`, `b` and `c`".
fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [] => "what the template names".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
