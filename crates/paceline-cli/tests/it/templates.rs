//! Request templates: what they make of records, and what they refuse.

mod properties;
mod refusals;
mod rendering;

use http::Method;
use paceline_cli::origin::{Origin, Text};
use paceline_cli::records::Record;
use paceline_cli::template::{RequestSpec, RequestTemplate};
use serde_json::Value;

fn record(json: &str) -> Record {
    Record { position: 5, line: 7, fields: serde_json::from_str(json).expect("a JSON object") }
}

/// A text on line 4 of a file.
fn text(text: &str) -> Text {
    Text::new(text, Origin::file("paceline.toml", 4))
}

fn spec(url: &str) -> RequestSpec {
    RequestSpec::post(url.parse().expect("a URL"), Origin::Flag("--to"))
}

fn with_body(body: &str) -> RequestSpec {
    RequestSpec { body: Some(text(body)), ..spec("https://api.example.com/items") }
}

fn with_header(name: &str, value: &str) -> RequestSpec {
    let headers = vec![(name.to_owned(), text(value))];
    RequestSpec { headers, method: Method::PUT, ..spec("https://api.example.com/items") }
}

/// The body that `body` makes of `record`, or the error.
fn body_of(body: &str, record: &Record) -> Result<String, String> {
    body_under(&with_body(body), record)
}

fn body_under(spec: &RequestSpec, record: &Record) -> Result<String, String> {
    let template = RequestTemplate::compile(spec).map_err(|error| error.to_string())?;
    let rendered = template.render(record).map_err(|error| error.to_string())?;
    Ok(String::from_utf8(rendered.body.to_vec()).expect("bodies are text"))
}

fn json_of(body: &str, record: &Record) -> Result<Value, String> {
    Ok(serde_json::from_str(&body_of(body, record)?).expect("checked to be JSON"))
}

/// The URL that `url` makes of `record`, or the error.
fn url_of(url: &str, record: &Record) -> Result<String, String> {
    let template = RequestTemplate::compile(&spec(url)).map_err(|error| error.to_string())?;
    let rendered = template.render(record).map_err(|error| error.to_string())?;
    Ok(rendered.url.to_string())
}
