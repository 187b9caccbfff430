//! Request templates: from a record, or a batch of records, to a request.
//!
//! A template is text with minijinja expressions. The record's fields are names; `record` is the whole
//! record, `records` the records of a batch. No value can break out of the place where it is written: in
//! the URL it is percent-encoded, in a JSON body it is escaped (or must be a value by itself where no
//! quotes stand around it), in a header a line break is refused. A field that a record does not have is
//! an error, not an empty text.

mod batch;
mod context;
mod cost;
mod error;
mod escape;
mod header;
mod json;
mod marks;
mod part;
mod request;
mod target_url;
mod url;

pub use batch::BatchTemplate;
pub use error::{TemplateError, TemplateFault};
pub(crate) use request::expects_body;
pub use request::{Rendered, RequestSpec, RequestTemplate};
pub use target_url::{TargetUrl, TargetUrlError};
