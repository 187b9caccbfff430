//! What speaks against a request, in words: what the platform said, and what it was said to.

use paceline::Response;
use paceline::client::{GivenUp, Setback};

use super::items;
use super::plan::{BatchPlan, SyncPlan};
use crate::origin::{Origin, Text};
use crate::settings::Credential;
use crate::template::{RequestSpec, expects_body};

/// A call that the platform rejected, and the line of the template that is to blame.
pub(super) fn of_rejection(plan: &SyncPlan, given_up: &GivenUp) -> String {
    let last = given_up.last.as_ref();
    let answer = last.map(|last| format!(" was answered with {}", answer(plan.credential.as_ref(), last)));
    let status = last.map(|last| last.status.as_u16());
    let line = template_line(&plan.request, plan.batch.is_some(), status);
    format!("{}{}\n{line}", given_up.call, answer.unwrap_or_default())
}

/// A batch that the platform took with a reply that tells nothing of its records, and what was looked for in it.
pub(super) fn of_silence(plan: &SyncPlan, batch: &BatchPlan, reply: &Response) -> String {
    let url = plan.request.url.as_str();
    let called = format!("{} {}", plan.request.method, url.split(['?', '#']).next().unwrap_or(url));
    let answer = answer(plan.credential.as_ref(), reply);
    format!("{called} was answered with {answer}\n{}", items::looked_for(batch))
}

/// Why an attempt must be made again, in a line: what the platform said, or how it failed.
pub(super) fn of_setback(credential: Option<&Credential>, setback: Setback<'_>) -> String {
    let words = match setback {
        Setback::Refused(reply) => answer(credential, reply),
        Setback::Failed(error) => without_secrets(credential, &error.to_string()),
    };
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    line.trim_end_matches(':').chars().filter(|letter| !letter.is_control()).take(SHOWN).collect()
}

/// What a reply said: its status and the beginning of its body.
pub(super) fn answer(credential: Option<&Credential>, reply: &Response) -> String {
    format!("{}: {}", reply.status, excerpt(credential, &reply.body))
}

/// The beginning of a body, as text.
pub(super) fn excerpt(credential: Option<&Credential>, body: &[u8]) -> String {
    // Secrets go before the cut: half of one tells too much. What is looked at is longer by the longest of them.
    let looked_at = &body[..body.len().min(EXCERPT + LONGEST_SECRET)];
    let mut text = without_secrets(credential, &String::from_utf8_lossy(looked_at));
    if text.len() > EXCERPT {
        let end = (0..=EXCERPT).rev().find(|&end| text.is_char_boundary(end)).unwrap_or_default();
        text.truncate(end);
    }
    text
}

/// A platform may repeat what it was sent.
pub(super) fn without_secrets(credential: Option<&Credential>, text: &str) -> String {
    credential.map_or_else(|| text.to_owned(), |credential| credential.hide_in(text))
}

/// Where what was sent is written, and how it begins: the URL where `status` says that nothing is there, else the body.
fn template_line(request: &RequestSpec, is_batch: bool, status: Option<u16>) -> String {
    let body = if is_batch { &request.batch_body } else { &request.body };
    let has_body = is_batch || body.is_some() || expects_body(&request.method);
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

/// Of a body, in bytes: what a person reads, not what an endless error page holds.
const EXCERPT: usize = 2_048;
/// In bytes: no server takes longer headers than these.
const LONGEST_SECRET: usize = 64 * 1024;
/// Characters of a line that is quoted: two lines on a terminal.
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
        let asking = RequestSpec { method: http::Method::OPTIONS, ..request(None) };
        assert_eq!(
            template_line(&asking, false, Some(422)),
            "url (--to): https://h/people",
            "it has no body"
        );
    }
}
