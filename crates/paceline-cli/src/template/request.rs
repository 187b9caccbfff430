//! The template of a request for one record.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use paceline_core::Cost;

use super::cost::CallCost;
use super::error::TemplateError;
use super::escape::Escape;
use super::header::Headers;
use super::part::Part;
use super::target_url::TargetUrl;
use super::{json, url};
use crate::origin::{Origin, Text};
use crate::records::Record;

/// The texts of a request, as they were written.
#[derive(Clone, Debug)]
pub struct RequestSpec {
    /// The method.
    pub method: Method,
    /// The URL; its path and query may be a template.
    pub url: TargetUrl,
    /// Where the URL was written.
    pub url_origin: Origin,
    /// Headers beside those that Paceline and `[auth]` write, in order.
    pub headers: Vec<(String, Text)>,
    /// The body for one record; without it, the record as a JSON object where the method has a body.
    pub body: Option<Text>,
    /// The body for a batch; without it, `{"entities":[...]}`.
    pub batch_body: Option<Text>,
    /// What a call costs; without it, 1.
    pub cost: Option<Text>,
}

impl RequestSpec {
    /// `POST url`, and nothing else said.
    #[must_use]
    pub fn post(url: TargetUrl, url_origin: Origin) -> Self {
        let (headers, body, batch_body, cost) = (Vec::new(), None, None, None);
        Self { method: Method::POST, url, url_origin, headers, body, batch_body, cost }
    }
}

/// A request, ready to be sent as often as it takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// The method.
    pub method: Method,
    /// The URL.
    pub url: Uri,
    /// The headers of the template; credentials are not among them.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// What one attempt of it takes from each quota.
    pub cost: Cost,
}

/// The compiled template of a request for one record.
#[derive(Debug)]
pub struct RequestTemplate {
    frame: Frame,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Nothing,
    /// The record as a JSON object: the common case, so it is written without a template.
    Record,
    Template(Part),
}

impl RequestTemplate {
    /// Compiles `spec`.
    ///
    /// # Errors
    /// When a text is not a template, or a header cannot be sent or would hold a secret.
    pub fn compile(spec: &RequestSpec) -> Result<Self, TemplateError> {
        let has_body = spec.body.is_some() || expects_body(&spec.method);
        let frame = Frame::compile(spec, has_body)?;
        let body = match &spec.body {
            Some(text) => Body::Template(Part::compile("body", text, frame.headers.body_escape())?),
            None if has_body => Body::Record,
            None => Body::Nothing,
        };
        Ok(Self { frame, body })
    }

    /// The fields of a record that the template names. Fields that are reached otherwise (`record["a b"]`
    /// by an expression, a loop over `record`) are not among them.
    #[must_use]
    pub fn fields(&self) -> BTreeSet<String> {
        self.parts().flat_map(Part::fields).collect()
    }

    /// Those of [`RequestTemplate::fields`] that every record must have: the template does not say what
    /// stands in their place (`default`, `is defined`). A source whose header lacks one cannot be sent.
    #[must_use]
    pub fn required_fields(&self) -> BTreeSet<String> {
        self.parts().flat_map(Part::required_fields).collect()
    }

    /// The request for `record`.
    ///
    /// # Errors
    /// When the record lacks a field, or one of its values cannot stand where the template puts it. The
    /// error names the template's line and the record's.
    pub fn render(&self, record: &Record) -> Result<Rendered, TemplateError> {
        let frame = self.frame.render(|part| part.render(record), Some(record));
        let rendered = frame.and_then(|head| {
            let body = self.render_body(record)?;
            let cost = self.frame.cost.render(|part| part.render(record))?;
            Ok(self.frame.finish(head, body, cost))
        });
        rendered.map_err(|error| error.for_records(std::slice::from_ref(record)))
    }

    fn render_body(&self, record: &Record) -> Result<Bytes, TemplateError> {
        match &self.body {
            Body::Nothing => Ok(Bytes::new()),
            Body::Record => {
                Ok(serde_json::to_vec(&record.fields).expect("a map of JSON values is always JSON").into())
            }
            Body::Template(part) => finish_body(part, &part.render(record)?),
        }
    }

    fn parts(&self) -> impl Iterator<Item = &Part> {
        let body = match &self.body {
            Body::Template(part) => Some(part),
            Body::Nothing | Body::Record => None,
        };
        self.frame.parts().chain(body)
    }
}

/// What surrounds the body: method, URL, headers; and what it costs.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) method: Method,
    url: Part,
    /// The URL when it never changes.
    fixed_url: Option<Uri>,
    pub(super) headers: Headers,
    pub(super) cost: CallCost,
}

impl Frame {
    pub(super) fn compile(spec: &RequestSpec, has_body: bool) -> Result<Self, TemplateError> {
        let text = Text::new(spec.url.as_str(), spec.url_origin.clone());
        let part = Part::compile("url", &text, Escape::Url)?;
        let fixed_url = part.fixed().map(url::parse).transpose().map_err(|fault| part.error(fault, None))?;
        let headers = Headers::compile(&spec.headers, has_body)?;
        let cost = CallCost::compile(spec.cost.as_ref())?;
        Ok(Self { method: spec.method.clone(), url: part, fixed_url, headers, cost })
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = &Part> {
        std::iter::once(&self.url).chain(self.headers.parts()).chain(self.cost.part())
    }

    /// URL and headers, each part as `render` renders it; `record` explains what is wrong.
    pub(super) fn render(
        &self,
        render: impl Fn(&Part) -> Result<String, TemplateError>,
        record: Option<&Record>,
    ) -> Result<(Uri, HeaderMap), TemplateError> {
        let url = match &self.fixed_url {
            Some(url) => url.clone(),
            None => url::settle(&render(&self.url)?).map_err(|fault| self.url.error(fault, record))?,
        };
        Ok((url, self.headers.render(render)?))
    }

    /// The whole request.
    pub(super) fn finish(&self, (url, headers): (Uri, HeaderMap), body: Bytes, cost: Cost) -> Rendered {
        Rendered { method: self.method.clone(), url, headers, body, cost }
    }
}

/// Takes the marks out of a rendered body.
pub(super) fn finish_body(part: &Part, rendered: &str) -> Result<Bytes, TemplateError> {
    match part.escape() {
        Escape::Json => Ok(json::settle(rendered).map_err(|fault| part.error(fault, None))?.into()),
        Escape::Form => Ok(url::strip(rendered).map_err(|fault| part.error(fault, None))?.into()),
        Escape::Url | Escape::Xml | Escape::Plain => Ok(rendered.to_owned().into()),
    }
}

/// Whether a call of `method` carries the record when nothing else is said.
pub(crate) fn expects_body(method: &Method) -> bool {
    ![Method::GET, Method::HEAD, Method::DELETE, Method::OPTIONS, Method::TRACE].contains(method)
}
