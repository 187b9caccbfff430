//! The headers of a request.

use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::error::{Place, TemplateError, TemplateFault};
use super::escape::Escape;
use super::part::Part;
use crate::origin::Text;

/// The headers of a request: those that never change, and those that do.
#[derive(Debug)]
pub(super) struct Headers {
    fixed: HeaderMap,
    changing: Vec<(HeaderName, Part)>,
}

impl Headers {
    /// Compiles `headers`. A body without a content type is JSON.
    pub(super) fn compile(headers: &[(String, Text)], has_body: bool) -> Result<Self, TemplateError> {
        let mut this = Self { fixed: HeaderMap::new(), changing: Vec::new() };
        for (name, text) in headers {
            let place = Place { part: format!("header {name}"), origin: text.origin.clone() };
            let name = checked_name(name).map_err(|fault| TemplateError::new(place, fault))?;
            let part = Part::compile(format!("header {name}"), text, Escape::Plain)?;
            match part.fixed() {
                Some(text) => {
                    let value = value(text).map_err(|fault| part.error(fault, None))?;
                    this.fixed.append(name, value);
                }
                None if name == CONTENT_TYPE => return Err(part.error(TemplateFault::ContentType, None)),
                None => this.changing.push((name, part)),
            }
        }
        if has_body && !this.fixed.contains_key(CONTENT_TYPE) {
            this.fixed.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        Ok(this)
    }

    /// How values of a body under these headers are escaped.
    pub(super) fn body_escape(&self) -> Escape {
        let content_type = self.fixed.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        content_type.map_or(Escape::Plain, Escape::of_content_type)
    }

    /// The headers whose text has expressions.
    pub(super) fn parts(&self) -> impl Iterator<Item = &Part> {
        self.changing.iter().map(|(_, part)| part)
    }

    /// All headers, each changing one as `render` renders it.
    pub(super) fn render(
        &self,
        render: impl Fn(&Part) -> Result<String, TemplateError>,
    ) -> Result<HeaderMap, TemplateError> {
        let mut headers = self.fixed.clone();
        for (name, part) in &self.changing {
            let value = value(&render(part)?).map_err(|fault| part.error(fault, None))?;
            headers.append(name.clone(), value);
        }
        Ok(headers)
    }
}

fn value(text: &str) -> Result<HeaderValue, TemplateFault> {
    HeaderValue::from_bytes(text.as_bytes()).map_err(|_| TemplateFault::ControlInHeader)
}

fn checked_name(text: &str) -> Result<HeaderName, TemplateFault> {
    let name: HeaderName = text.parse().map_err(|_| TemplateFault::HeaderName(text.to_owned()))?;
    if [HOST, CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, UPGRADE].contains(&name) {
        return Err(TemplateFault::ReservedHeader);
    }
    if SECRETS.contains(&name.as_str()) {
        return Err(TemplateFault::SecretHeader(text.to_owned()));
    }
    Ok(name)
}

/// Headers that carry credentials: they come from [auth], so that no configuration, print or journal
/// holds a secret.
const SECRETS: [&str; 8] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "x-api-key",
    "api-key",
    "apikey",
    "x-auth-token",
    "x-access-token",
];
