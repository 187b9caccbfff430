//! The IETF RateLimit fields of a response, under their own names or under those that a platform tries out first.

use std::borrow::Cow;

use http::{HeaderMap, HeaderValue};
use paceline_core::headers::{Published, ratelimit};

/// What they publish.
pub(super) fn published(headers: &HeaderMap) -> Published {
    let read = |prefix: &str| {
        let field = |name: &str| joined(headers, &format!("{prefix}{name}"));
        let [rate_limit, policy] = ["ratelimit", "ratelimit-policy"].map(field);
        let [limit, remaining, reset] =
            ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"].map(field);
        ratelimit::read(&ratelimit::Fields {
            rate_limit: rate_limit.as_deref(),
            policy: policy.as_deref(),
            limit: limit.as_deref(),
            remaining: remaining.as_deref(),
            reset: reset.as_deref(),
        })
    };
    if !headers.keys().any(|name| name.as_str().contains("ratelimit")) {
        return Published::NONE;
    }
    let published = read("");
    if published.is_empty() { read("beta-") } else { published }
}

/// The lines of a field as one; None if there is none, or one of them is no text.
fn joined<'a>(headers: &'a HeaderMap, name: &str) -> Option<Cow<'a, str>> {
    let mut lines = headers.get_all(name).iter().map(HeaderValue::to_str);
    let first = Cow::Borrowed(lines.next()?.ok()?);
    lines.try_fold(first, |joined, line| Some(Cow::Owned(format!("{joined}, {}", line.ok()?))))
}
