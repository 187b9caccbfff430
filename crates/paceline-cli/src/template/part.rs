//! One text of a request: as it stands, or compiled.

use std::collections::{BTreeSet, HashSet};

use minijinja::{Environment, ErrorKind};

use super::context::{Names, batch_context};
use super::error::{Place, TemplateError, TemplateFault};
use super::escape::{CAPTURED, Escape};
use super::marks::has_marks;
use crate::origin::Text;
use crate::records::Record;

/// One text of a request.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) place: Place,
    escape: Escape,
    form: Form,
}

#[derive(Debug)]
enum Form {
    /// It has no expressions.
    Fixed(String),
    Compiled {
        environment: Box<Environment<'static>>,
        names: Names,
    },
}

impl Part {
    /// Compiles `text`, which is `part` of the request.
    pub(super) fn compile(
        part: impl Into<String>,
        text: &Text,
        escape: Escape,
    ) -> Result<Self, TemplateError> {
        let place = Place { part: part.into(), origin: text.origin.clone() };
        if has_marks(&text.text) {
            return Err(TemplateError::new(place, TemplateFault::ControlInTemplate));
        }
        if !SYNTAX.iter().any(|opening| text.text.contains(opening)) {
            return Ok(Self { place, escape, form: Form::Fixed(text.text.clone()) });
        }
        let mut environment = Box::new(escape.environment());
        if let Err(error) = environment.add_template_owned(NAME, text.text.clone()) {
            let place = place.at_line(error.line());
            return Err(TemplateError::new(place, TemplateFault::Syntax(described(&error))));
        }
        let known: HashSet<String> = environment.globals().map(|(name, _)| name.to_owned()).collect();
        let template = environment.get_template(NAME).expect("it was added above");
        let names = Names::of(&template, &known);
        drop(template);
        Ok(Self { place, escape, form: Form::Compiled { environment, names } })
    }

    /// The text when it has no expressions.
    pub(super) fn fixed(&self) -> Option<&str> {
        match &self.form {
            Form::Fixed(text) => Some(text),
            Form::Compiled { .. } => None,
        }
    }

    pub(super) fn escape(&self) -> Escape {
        self.escape
    }

    /// The fields of a record that it names.
    pub(super) fn fields(&self) -> BTreeSet<String> {
        self.names().map(Names::fields).unwrap_or_default()
    }

    /// The fields that every record must have: those for whose absence the text makes no provision.
    pub(super) fn required_fields(&self) -> BTreeSet<String> {
        let Form::Compiled { environment, names } = &self.form else { return BTreeSet::new() };
        let template = environment.get_template(NAME).expect("it was compiled");
        names.fields().into_iter().filter(|name| !tolerates_absence(template.source(), name)).collect()
    }

    /// Names that a batch does not have.
    pub(super) fn single_names(&self) -> Vec<String> {
        self.names().map(Names::single).unwrap_or_default()
    }

    /// The text for `record`, marks included.
    pub(super) fn render(&self, record: &Record) -> Result<String, TemplateError> {
        let Form::Compiled { environment, names } = &self.form else { return Ok(self.fixed_text()) };
        self.rendered(environment, names.context(record), || names.missing(record))
    }

    /// The text for a batch, marks included.
    pub(super) fn render_batch(&self, records: &[Record]) -> Result<String, TemplateError> {
        let Form::Compiled { environment, .. } = &self.form else { return Ok(self.fixed_text()) };
        self.rendered(environment, batch_context(records), Vec::new)
    }

    /// `fault`, found in this part, with the names that explain it.
    pub(super) fn error(&self, fault: TemplateFault, record: Option<&Record>) -> TemplateError {
        let fault = match (fault, record, self.names()) {
            (TemplateFault::EmptyInPath(_), Some(record), Some(names)) => {
                TemplateFault::EmptyInPath(names.empty(record))
            }
            (fault, ..) => fault,
        };
        TemplateError::new(self.place.clone(), fault)
    }

    fn names(&self) -> Option<&Names> {
        match &self.form {
            Form::Fixed(_) => None,
            Form::Compiled { names, .. } => Some(names),
        }
    }

    fn fixed_text(&self) -> String {
        self.fixed().unwrap_or_default().to_owned()
    }

    fn rendered(
        &self,
        environment: &Environment<'static>,
        context: minijinja::Value,
        missing: impl FnOnce() -> Vec<String>,
    ) -> Result<String, TemplateError> {
        let template = environment.get_template(NAME).expect("it was compiled");
        template.render(context).map_err(|error| {
            let fault = match error.kind() {
                ErrorKind::UndefinedError => match missing() {
                    names if names.is_empty() => TemplateFault::Failed(described(&error)),
                    names => TemplateFault::Missing(names),
                },
                ErrorKind::BadEscape if error.detail() == Some(CAPTURED) => TemplateFault::Captured,
                _ => TemplateFault::Failed(described(&error)),
            };
            TemplateError::new(self.place.at_line(error.line()), fault)
        })
    }
}

/// Whether `source` says what to do where the field `name` is missing.
fn tolerates_absence(source: &str, name: &str) -> bool {
    source.match_indices(name).any(|(start, _)| {
        let is_longer = source[..start].ends_with(is_name_char);
        let rest = source[start + name.len()..].trim_start();
        let provision = rest.strip_prefix('|').map_or(rest, str::trim_start);
        !is_longer && PROVISIONS.iter().any(|word| provision.starts_with(word))
    })
}

fn is_name_char(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

/// The engine's words, without its own line number.
fn described(error: &minijinja::Error) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}

/// What begins an expression, a statement or a comment.
const SYNTAX: [&str; 3] = ["{{", "{%", "{#"];

/// What may follow a name whose field may be missing.
const PROVISIONS: [&str; 4] = ["default", "d(", "is defined", "is undefined"];

/// Each environment holds one template.
const NAME: &str = "text";
