//! The template of a request for a batch of records.

use bytes::Bytes;

use super::error::{TemplateError, TemplateFault};
use super::part::Part;
use super::request::{Frame, Rendered, RequestSpec, finish_body};
use crate::records::Record;

/// The compiled template of a request for a batch.
#[derive(Debug)]
pub struct BatchTemplate {
    frame: Frame,
    /// Without it, `{"entities":[...]}`.
    body: Option<Part>,
}

impl BatchTemplate {
    /// Compiles `spec`.
    ///
    /// # Errors
    /// When a text is not a template, a header cannot be sent or would hold a secret, or a text names a
    /// field: a batch has no single record.
    pub fn compile(spec: &RequestSpec) -> Result<Self, TemplateError> {
        let frame = Frame::compile(spec, true)?;
        let escape = frame.headers.body_escape();
        let body =
            spec.batch_body.as_ref().map(|text| Part::compile("batch body", text, escape)).transpose()?;
        for part in frame.parts().chain(&body) {
            let names = part.single_names();
            if !names.is_empty() {
                return Err(part.error(TemplateFault::SingleInBatch(names), None));
            }
        }
        Ok(Self { frame, body })
    }

    /// The request for `records`, in their order.
    ///
    /// # Errors
    /// When a record lacks a field, or one of its values cannot stand where the template puts it.
    pub fn render(&self, records: &[Record]) -> Result<Rendered, TemplateError> {
        let rendered = self.frame.render(|part| part.render_batch(records), None).and_then(|head| {
            let body = match &self.body {
                None => entities(records),
                Some(part) => finish_body(part, &part.render_batch(records)?)?,
            };
            let cost = self.frame.cost.render(|part| part.render_batch(records))?;
            Ok(self.frame.finish(head, body, cost))
        });
        rendered.map_err(|error| error.for_records(records))
    }
}

/// `{"entities":[...]}`, each record a JSON object.
fn entities(records: &[Record]) -> Bytes {
    let mut body = br#"{"entities":["#.to_vec();
    for (index, record) in records.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        serde_json::to_writer(&mut body, &record.fields).expect("a Vec takes any write");
    }
    body.extend_from_slice(b"]}");
    body.into()
}
