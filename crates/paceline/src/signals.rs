//! The head of an HTTP response as the signals that the machine reads.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use httpdate::{fmt_http_date, parse_http_date};
use paceline_core::headers::{Published, ratelimit};
use paceline_core::{Answered, headers};

/// What the head of a response tells about limits.
#[must_use]
pub fn answered(status: StatusCode, headers: &HeaderMap) -> Answered {
    Answered {
        retry_after: retry_after(headers),
        published: published(headers),
        ..Answered::status(status.as_u16())
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    if !headers.contains_key(RETRY_AFTER) {
        return None;
    }
    let values = headers.get_all(RETRY_AFTER).iter().filter_map(|value| value.to_str().ok());
    let date = headers.get(DATE).and_then(|value| value.to_str().ok());
    // Without a clock of the platform's, a date is read against ours.
    let date = date.filter(|date| parse_http_date(date.trim()).is_ok());
    let date = date.map_or_else(|| fmt_http_date(SystemTime::now()), str::to_owned);
    headers::retry_after::read(values, Some(&date))
}

/// The IETF fields, under their own names or under those that a platform tries out first.
fn published(headers: &HeaderMap) -> Published {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn wait_of(headers: &[(http::HeaderName, &'static str)]) -> Option<Duration> {
        let headers = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value);
        }
        answered(StatusCode::TOO_MANY_REQUESTS, &map).retry_after
    }

    #[test]
    fn of_several_waits_the_longest_counts() {
        let waits = [(RETRY_AFTER, "2"), (RETRY_AFTER, "7"), (RETRY_AFTER, "3")];
        assert_eq!(wait_of(&waits), Some(Duration::from_secs(7)));
    }

    #[test]
    fn a_date_is_read_against_the_reply_s_own_clock() {
        let reply = [(DATE, "Sun, 06 Nov 1994 08:49:37 GMT"), (RETRY_AFTER, "Sun, 06 Nov 1994 08:49:47 GMT")];
        assert_eq!(wait_of(&reply), Some(Duration::from_secs(11)));
    }

    #[test]
    fn a_date_is_read_against_our_clock_where_the_reply_has_none() {
        for date in [None, Some((DATE, "yesterday"))] {
            let wait = [(RETRY_AFTER, "Fri, 31 Dec 2100 23:59:59 GMT")];
            let reply: Vec<_> = wait.into_iter().chain(date).collect();
            assert!(wait_of(&reply) > Some(Duration::from_secs(365 * 86_400)), "{reply:?}");
        }
        assert_eq!(wait_of(&[(RETRY_AFTER, "Sun, 06 Nov 1994 08:49:47 GMT")]), None, "long past");
    }

    fn published_by(lines: &[(&'static str, &'static str)]) -> Vec<(Option<u64>, Option<u64>)> {
        let mut map = HeaderMap::new();
        for &(name, value) in lines {
            map.append(name, HeaderValue::from_static(value));
        }
        let published = answered(StatusCode::OK, &map).published;
        published.iter().map(|limit| (limit.count, limit.remaining)).collect()
    }

    #[test]
    fn the_lines_of_a_published_field_are_one_list() {
        let lines = [
            ("ratelimit", "\"burst\";r=50;t=30"),
            ("ratelimit-policy", "\"daily\";q=1000"),
            ("ratelimit", "\"daily\";r=700"),
            ("ratelimit-policy", "\"burst\";q=100;w=60"),
        ];
        assert_eq!(published_by(&lines), [(Some(100), Some(50)), (Some(1_000), Some(700))]);
    }

    #[test]
    fn fields_that_a_platform_tries_out_count_where_there_are_no_others() {
        let tried = ("beta-ratelimit", "\"global-app-quota\";r=13500;t=600");
        assert_eq!(published_by(&[tried]), [(None, Some(13_500))]);
        assert_eq!(published_by(&[tried, ("ratelimit", "\"default\";r=5")]), [(None, Some(5))]);
        assert!(published_by(&[("ratelimit", "junk")]).is_empty());
    }

    #[test]
    fn a_value_that_is_no_text_counts_as_missing() {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_bytes(b"\xff\xfe").unwrap());
        assert_eq!(answered(StatusCode::SERVICE_UNAVAILABLE, &headers), Answered::status(503));
    }
}
