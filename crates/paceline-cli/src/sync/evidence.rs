//! The line of a template that an answer speaks against.

use http::Method;

use crate::origin::{Origin, Text};
use crate::template::RequestSpec;

/// Where what was sent is written, and how it begins: the URL where `status` says that nothing is there, else the body.
pub(super) fn template_line(request: &RequestSpec, is_batch: bool, status: Option<u16>) -> String {
    let body = if is_batch { &request.batch_body } else { &request.body };
    let has_body = body.is_some() || ![Method::GET, Method::HEAD, Method::DELETE].contains(&request.method);
    match body {
        _ if !has_body || matches!(status, Some(404 | 405 | 410)) => url_line(request),
        Some(text) => first_line(text),
        None if is_batch => {
            r#"body: the default, {"entities":[...]}; [batch] body gives it another form"#.to_owned()
        }
        None => {
            "body: the default, the record as a JSON object; [target] body gives it another form".to_owned()
        }
    }
}

/// The query may hold a secret.
fn url_line(request: &RequestSpec) -> String {
    let url = request.url.as_str();
    placed("url", &request.url_origin, url.split(['?', '#']).next().unwrap_or(url))
}

fn first_line(text: &Text) -> String {
    let mut lines = text.text.lines().enumerate();
    let (index, line) = lines.find(|(_, line)| !line.trim().is_empty()).unwrap_or_default();
    placed("body", &text.origin.at_line(index + 1), line)
}

fn placed(part: &str, origin: &Origin, line: &str) -> String {
    let shown: String = line.trim().chars().take(SHOWN).collect();
    format!("{part} ({origin}): {shown}")
}

/// Characters of a template's line: two lines on a terminal.
const SHOWN: usize = 160;

#[cfg(test)]
mod tests {
    use super::*;

    fn request(body: Option<&str>) -> RequestSpec {
        let url = "https://h/people?token=sesame".parse().expect("a URL");
        let body = body.map(|text| Text::new(text, Origin::file("paceline.toml", 3)));
        RequestSpec { body, ..RequestSpec::post(url, Origin::Flag("--to")) }
    }

    #[test]
    fn a_page_that_is_not_there_speaks_against_the_url_whose_query_stays_hidden() {
        let line = template_line(&request(Some("{}")), false, Some(404));
        assert_eq!(line, "url (--to): https://h/people");
    }

    #[test]
    fn anything_else_speaks_against_the_first_line_of_the_body() {
        let line = template_line(&request(Some("\n  {\"id\": 1,\n}")), false, Some(422));
        assert_eq!(line, "body (paceline.toml:4): {\"id\": 1,");
        assert!(template_line(&request(None), false, Some(422)).contains("JSON object"));
        assert!(template_line(&request(None), true, None).contains("entities"));
    }
}
