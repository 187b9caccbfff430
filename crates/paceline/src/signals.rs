//! The head of an HTTP response as the signals that the machine reads.

use std::time::SystemTime;

use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use httpdate::{fmt_http_date, parse_http_date};
use paceline_core::{Answered, headers};

/// What the head of a response tells about limits.
#[must_use]
pub fn answered(status: StatusCode, headers: &HeaderMap) -> Answered {
    if !headers.contains_key(RETRY_AFTER) {
        return Answered::status(status.as_u16());
    }
    let values = headers.get_all(RETRY_AFTER).iter().filter_map(|value| value.to_str().ok());
    let date = headers.get(DATE).and_then(|value| value.to_str().ok());
    // Without a clock of the platform's, a date is read against ours.
    let date = date.filter(|date| parse_http_date(date.trim()).is_ok());
    let date = date.map_or_else(|| fmt_http_date(SystemTime::now()), str::to_owned);
    let retry_after = headers::retry_after::read(values, Some(&date));
    Answered { retry_after, ..Answered::status(status.as_u16()) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::HeaderValue;

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

    #[test]
    fn a_value_that_is_no_text_counts_as_missing() {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_bytes(b"\xff\xfe").unwrap());
        assert_eq!(answered(StatusCode::SERVICE_UNAVAILABLE, &headers), Answered::status(503));
    }
}
