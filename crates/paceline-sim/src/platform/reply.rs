//! What a platform answers.

use std::borrow::Cow;
use std::fmt::Write;

use crate::platform::limits::Refuser;
use crate::platform::published::PublishedQuota;
use crate::platform::retry_after::RetryAfter;

/// An answer. Its text is only written when somebody asks for it: a simulated world never does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// When to come back.
    pub retry_after: Option<RetryAfter>,
    /// How the tightest of its limits stands.
    pub published: Option<PublishedQuota>,
    /// Whether it is the reply that an earlier call with the same idempotency key earned.
    pub replayed: bool,
    /// What it says.
    pub body: Body,
}

impl Reply {
    pub(crate) const fn new(status: u16, body: Body) -> Self {
        Self { status, retry_after: None, published: None, replayed: false, body }
    }

    pub(crate) const fn problem(problem: Problem) -> Self {
        Self::new(problem.status(), Body::Problem(problem))
    }

    /// Whether the call was accepted: any 2xx.
    #[must_use]
    pub const fn is_accepted(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// Its headers, beside those that every JSON reply has.
    #[must_use]
    pub fn headers(&self) -> Vec<(&'static str, Cow<'static, str>)> {
        let mut headers = Vec::new();
        if let Some(retry_after) = self.retry_after {
            headers.push(("retry-after", Cow::Owned(retry_after.to_string())));
            headers.extend(retry_after.date().map(|date| ("date", Cow::Owned(date))));
        }
        headers.extend(self.published.iter().flat_map(PublishedQuota::headers));
        if self.replayed {
            headers.push(("idempotent-replayed", Cow::Borrowed("true")));
        }
        headers
    }
}

/// What a reply says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Nothing was asked to be applied.
    Read,
    /// The record was applied.
    Applied,
    /// How each item of a bulk call fared, in an order of the platform's own.
    Items(Vec<ItemResult>),
    /// A limit is used up.
    Refused(Refuser),
    /// Why the call did not succeed.
    Problem(Problem),
}

impl Body {
    /// Appends the body as JSON. `ids` are the JSON texts of the request's ids, by position; an item
    /// without one has `null`.
    pub fn write_json(&self, ids: &[&str], out: &mut String) {
        match self {
            Self::Read => out.push_str(r#"{"status":200,"success":true}"#),
            Self::Applied => out.push_str(r#"{"status":201,"success":true}"#),
            Self::Items(items) => write_items(items, ids, out),
            Self::Refused(by) => write_refusal(*by, out),
            Self::Problem(problem) => write_problem(*problem, out),
        }
    }
}

/// How one item of a bulk call fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemResult {
    /// Its position in the request.
    pub index: u32,
    /// Why it failed; none if it was applied.
    pub problem: Option<Problem>,
}

impl ItemResult {
    /// Its status: 201 or the problem's.
    #[must_use]
    pub fn status(self) -> u16 {
        self.problem.map_or(201, Problem::status)
    }
}

/// Why a call or an item did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Problem {
    /// The body cannot be read.
    Malformed,
    /// A record spoils the whole request.
    Poison,
    /// The credential is not the expected one.
    Unauthorized,
    /// The credential came back early too often.
    Banned,
    /// The body is above the limit.
    TooLarge,
    /// It costs more at once than a limit ever holds.
    TooCostly,
    /// The record is refused for its content.
    Rejected,
    /// The idempotency key belongs to other records.
    KeyReused,
    /// It would succeed later.
    TryLater,
    /// An injected fault: 500.
    Internal,
    /// An injected fault: 502.
    BadGateway,
    /// An injected fault or an outage: 503.
    Unavailable,
}

impl Problem {
    /// The status code that it is answered with.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Malformed | Self::Poison => 400,
            Self::Unauthorized => 401,
            Self::Banned => 403,
            Self::TooLarge | Self::TooCostly => 413,
            Self::Rejected | Self::KeyReused => 422,
            Self::Internal => 500,
            Self::BadGateway => 502,
            Self::TryLater | Self::Unavailable => 503,
        }
    }

    /// Whether the same record may succeed later.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        self.status() >= 500
    }

    const fn code_and_message(self) -> (&'static str, &'static str) {
        match self {
            Self::Malformed => ("malformed", "the body is not an object with a list of entities"),
            Self::Poison => ("poison", "a record makes the whole request unreadable"),
            Self::Unauthorized => ("unauthorized", "this credential is not known here"),
            Self::Banned => ("banned", "calls kept coming before the told wait was over"),
            Self::TooLarge => ("too_large", "the body has more bytes than a request may have"),
            Self::TooCostly => ("too_costly", "the request costs more than its limit ever holds"),
            Self::Rejected => ("rejected", "the record is not acceptable"),
            Self::KeyReused => ("key_reused", "the idempotency key was used for other records"),
            Self::TryLater => ("try_later", "not now, but later"),
            Self::Internal => ("internal", "something broke"),
            Self::BadGateway => ("bad_gateway", "the answer was lost on its way"),
            Self::Unavailable => ("unavailable", "nobody is there"),
        }
    }
}

fn write_refusal(by: Refuser, out: &mut String) {
    let kind = if by.is_concurrency { "concurrency" } else { "rate" };
    let code = r#"{"status":429,"success":false,"code":"limit_reached","#;
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        r#"{code}"limit":"{kind}","scope":"{scope}","message":"the {kind} limit of this {scope} is reached"}}"#,
        scope = by.scope,
    );
}

fn write_problem(problem: Problem, out: &mut String) {
    let (code, message) = problem.code_and_message();
    let status = problem.status();
    let _ = write!(out, r#"{{"status":{status},"success":false,"code":"{code}","message":"{message}"}}"#);
}

fn write_items(items: &[ItemResult], ids: &[&str], out: &mut String) {
    out.push_str(r#"{"results":["#);
    for (place, item) in items.iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
        let id = ids.get(item.index as usize).copied().unwrap_or("null");
        let _ = write!(out, r#"{comma}{{"id":{id},"status":{}"#, item.status());
        match item.problem {
            None => out.push_str(r#","success":true}"#),
            Some(problem) => write_item_problem(problem, out),
        }
    }
    let failed: Vec<String> = (0..items.len())
        .filter(|&place| items[place].problem.is_some())
        .map(|place| place.to_string())
        .collect();
    let _ = write!(out, r#"],"errorCount":{},"errorIndexes":[{}]}}"#, failed.len(), failed.join(","));
}

fn write_item_problem(problem: Problem, out: &mut String) {
    let (code, message) = problem.code_and_message();
    let retryable = problem.is_retryable();
    let _ = write!(
        out,
        r#","success":false,"retryable":{retryable},"error":{{"code":"{code}","message":"{message}"}}}}"#
    );
}

#[cfg(test)]
mod tests {
    use paceline_core::ScopeKind;

    use super::*;

    fn text(body: &Body, ids: &[&str]) -> String {
        let mut out = String::new();
        body.write_json(ids, &mut out);
        out
    }

    #[test]
    fn items_are_named_by_their_own_ids_whatever_their_order() {
        let items = vec![
            ItemResult { index: 1, problem: Some(Problem::TryLater) },
            ItemResult { index: 0, problem: None },
            ItemResult { index: 2, problem: Some(Problem::Rejected) },
        ];
        assert_eq!(
            text(&Body::Items(items), &["\"a\"", "7"]),
            concat!(
                r#"{"results":[{"id":7,"status":503,"success":false,"retryable":true,"#,
                r#""error":{"code":"try_later","message":"not now, but later"}},"#,
                r#"{"id":"a","status":201,"success":true},"#,
                r#"{"id":null,"status":422,"success":false,"retryable":false,"#,
                r#""error":{"code":"rejected","message":"the record is not acceptable"}}],"#,
                r#""errorCount":2,"errorIndexes":[0,2]}"#,
            )
        );
    }

    #[test]
    fn an_empty_bulk_call_has_no_results() {
        assert_eq!(text(&Body::Items(Vec::new()), &[]), r#"{"results":[],"errorCount":0,"errorIndexes":[]}"#);
    }

    #[test]
    fn a_refusal_names_the_limit() {
        let by = Refuser { scope: ScopeKind::Tenant, is_concurrency: true };
        let text = text(&Body::Refused(by), &[]);
        assert!(text.contains(r#""limit":"concurrency","scope":"tenant""#), "{text}");
    }

    #[test]
    fn a_date_comes_with_the_date_it_was_written() {
        let mut reply = Reply::new(429, Body::Read);
        let at = paceline_core::WallTime::from_unix_millis;
        reply.retry_after = Some(RetryAfter::Date { at: at(2_000), sent: at(500) });
        let names: Vec<&str> = reply.headers().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["retry-after", "date"]);
    }
}
