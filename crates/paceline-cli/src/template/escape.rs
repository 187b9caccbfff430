//! How a value is written so that it cannot break out of its place.

use std::fmt::Write;

use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Output};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::json::is_json;
use super::marks::{END, FRAGMENT, JSON, TEXT, looks_captured};

/// What a text becomes, and so what must be escaped in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    /// A URL: everything but unreserved characters (RFC 3986 2.3) is percent-encoded.
    Url,
    /// A body that is JSON.
    Json,
    /// A body of `application/x-www-form-urlencoded`: as in a URL.
    Form,
    /// A body that is XML.
    Xml,
    /// Any other text: headers (checked afterwards) and other bodies.
    Plain,
}

impl Escape {
    /// What a body of this content type needs.
    pub(super) fn of_content_type(content_type: &str) -> Self {
        let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "application/x-www-form-urlencoded" => Self::Form,
            kind if kind.ends_with("/json") || kind.ends_with("+json") => Self::Json,
            kind if kind.ends_with("/xml") || kind.ends_with("+xml") || kind == "text/html" => Self::Xml,
            _ => Self::Plain,
        }
    }

    /// An environment that writes values so, and refuses undefined ones.
    pub(super) fn environment(self) -> Environment<'static> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
        // Captured blocks stay marked as template text only where escaping is on.
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::Custom("place".into()));
        environment.set_formatter(move |out, _, value| self.write(out, value));
        environment
    }

    fn write(self, out: &mut Output<'_>, value: &Value) -> Result<(), Error> {
        if value.is_undefined() {
            return Ok(());
        }
        let Some(text) = value.as_str() else { return self.write_json(out, value) };
        if looks_captured(text) {
            return match value.is_safe() {
                // A captured block: its values are marked already.
                true => Ok(out.write_str(text)?),
                false => Err(Error::new(ErrorKind::BadEscape, CAPTURED)),
            };
        }
        match self {
            Self::Json if value.is_safe() && is_json(text) => marked(out, JSON, text),
            Self::Json if value.is_safe() => marked(out, FRAGMENT, text),
            Self::Json => marked(out, TEXT, &json_escaped(text)),
            Self::Xml if value.is_safe() => Ok(out.write_str(text)?),
            _ => self.write_text(out, text),
        }
    }

    /// Writes what is not a string: null, a boolean, a number, a list or a map.
    fn write_json(self, out: &mut Output<'_>, value: &Value) -> Result<(), Error> {
        let json = serde_json::to_string(value)
            .map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))?;
        match (self, value.kind()) {
            (Self::Json, _) => marked(out, JSON, &json),
            // Where there is no word for nothing, nothing is written.
            (_, ValueKind::None) => self.write_text(out, ""),
            _ => self.write_text(out, &json),
        }
    }

    fn write_text(self, out: &mut Output<'_>, text: &str) -> Result<(), Error> {
        match self {
            Self::Url | Self::Form => {
                write!(out, "{TEXT}{}{END}", utf8_percent_encode(text, &RESERVED))?;
            }
            Self::Xml => text.chars().try_for_each(|char| write_xml(out, char))?,
            Self::Plain | Self::Json => out.write_str(text)?,
        }
        Ok(())
    }
}

/// The detail by which the error is known again.
pub(super) const CAPTURED: &str = "a captured block went through a filter";

fn marked(out: &mut Output<'_>, mark: char, text: &str) -> Result<(), Error> {
    Ok(write!(out, "{mark}{text}{END}")?)
}

/// `text` as it stands between the quotes of a JSON string.
fn json_escaped(text: &str) -> String {
    let quoted = serde_json::to_string(text).expect("a text is always JSON");
    quoted[1..quoted.len() - 1].to_owned()
}

fn write_xml(out: &mut Output<'_>, char: char) -> std::fmt::Result {
    match char {
        '&' => out.write_str("&amp;"),
        '<' => out.write_str("&lt;"),
        '>' => out.write_str("&gt;"),
        '"' => out.write_str("&quot;"),
        '\'' => out.write_str("&#39;"),
        other => out.write_char(other),
    }
}

/// Everything but RFC 3986 2.3's unreserved characters.
const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
