//! How long a refusal asks to be left alone.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};
use httpdate::{fmt_http_date, parse_http_date};
use paceline_core::profile::{Profile, Wait};
use paceline_core::{Answered, headers};

use super::look::Look;
use super::{is_refusal, refuses};

/// What `Retry-After` says.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all(RETRY_AFTER).iter().filter_map(|value| value.to_str().ok());
    let date = headers.get(DATE).and_then(|value| value.to_str().ok());
    // Without a clock of the platform's, a date is read against ours.
    let date = date.filter(|date| parse_http_date(date.trim()).is_ok());
    let date = date.map_or_else(|| fmt_http_date(SystemTime::now()), str::to_owned);
    headers::retry_after::read(values, Some(&date))
}

/// What a refusal says by the ways of its platform; never zero. A 503 is one once it tells a wait.
pub(super) fn told(profile: &Profile, answered: &Answered, look: &Look<'_>) -> Option<Duration> {
    let is_refused = is_refusal(answered);
    let may_refuse = is_refused || (answered.status == 503 && answered.meaning.is_none_or(refuses));
    profile.waits.iter().find_map(|wait| {
        let wait = match wait {
            Wait::At(place, form) if may_refuse => {
                look.first(place, |text| form.read(text, look.head().now()))
            }
            Wait::Reset if is_refused => longest_reset(answered),
            Wait::Usual(wait) if is_refused => Some(*wait),
            Wait::At(..) | Wait::Reset | Wait::Usual(_) => None,
        };
        wait.filter(|wait| !wait.is_zero())
    })
}

/// Of the limits that may have refused.
fn longest_reset(answered: &Answered) -> Option<Duration> {
    let spent = answered.published.iter().filter(|limit| limit.remaining.is_none_or(|left| left == 0));
    spent.filter_map(|limit| limit.reset).max()
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue, StatusCode};
    use paceline_core::headers::ResetForm;
    use paceline_core::headers::x_ratelimit::{TimeField, Triple};
    use paceline_core::profile::{Family, Place};

    use super::super::{Received, answered};
    use super::*;

    type Line = (&'static str, &'static str);

    fn head(lines: &[Line]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    fn wait_of(lines: &[Line]) -> Option<Duration> {
        answered(StatusCode::TOO_MANY_REQUESTS, &head(lines)).retry_after
    }

    #[test]
    fn of_several_waits_the_longest_counts() {
        let waits = [("retry-after", "2"), ("retry-after", "7"), ("retry-after", "3")];
        assert_eq!(wait_of(&waits), Some(Duration::from_secs(7)));
    }

    #[test]
    fn a_date_is_read_against_the_reply_s_own_clock() {
        let reply =
            [("date", "Sun, 06 Nov 1994 08:49:37 GMT"), ("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT")];
        assert_eq!(wait_of(&reply), Some(Duration::from_secs(11)));
    }

    #[test]
    fn a_date_is_read_against_our_clock_where_the_reply_has_none() {
        for date in [None, Some(("date", "yesterday"))] {
            let wait = [("retry-after", "Fri, 31 Dec 2100 23:59:59 GMT")];
            let reply: Vec<_> = wait.into_iter().chain(date).collect();
            assert!(wait_of(&reply) > Some(Duration::from_secs(365 * 86_400)), "{reply:?}");
        }
        assert_eq!(wait_of(&[("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT")]), None, "long past");
    }

    #[test]
    fn a_value_that_is_no_text_counts_as_missing() {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_bytes(b"\xff\xfe").unwrap());
        assert_eq!(answered(StatusCode::SERVICE_UNAVAILABLE, &headers), Answered::status(503));
    }

    /// Milliseconds in a header, else the reset of a limit of which nothing is left, else half a minute.
    fn profile() -> Profile {
        let reset = TimeField { name: "x-reset".to_owned(), form: ResetForm::Seconds };
        let remaining = Some("x-left".to_owned());
        let triple = Triple { remaining, reset: Some(reset), ..Triple::default() };
        let millis = Wait::At(Place::Header("retry-after-ms".to_owned()), ResetForm::Millis);
        Profile {
            published: vec![Family::Triple(triple)],
            waits: vec![millis, Wait::Reset, Wait::Usual(Duration::from_secs(30))],
            ..Profile::generic()
        }
    }

    #[test]
    fn the_ways_of_a_platform_come_after_retry_after_and_in_order() {
        let cases: [(u16, &[Line], Option<u64>); 10] = [
            (429, &[("retry-after", "2"), ("retry-after-ms", "9000")], Some(2_000)),
            (429, &[("retry-after-ms", "1500"), ("x-left", "0"), ("x-reset", "9")], Some(1_500)),
            (429, &[("x-left", "0"), ("x-reset", "9")], Some(9_000)),
            (429, &[("x-reset", "9")], Some(9_000)),
            (429, &[("x-left", "3"), ("x-reset", "9")], Some(30_000)),
            (429, &[("retry-after-ms", "0"), ("x-left", "0"), ("x-reset", "0")], Some(30_000)),
            (503, &[("retry-after-ms", "250")], Some(250)),
            (503, &[("x-left", "0"), ("x-reset", "9")], None),
            (200, &[("retry-after-ms", "250"), ("x-left", "0"), ("x-reset", "9")], None),
            (404, &[("retry-after-ms", "250")], None),
        ];
        for (status, lines, millis) in cases {
            let headers = head(lines);
            let status = StatusCode::from_u16(status).unwrap();
            let received = Received { status, headers: &headers, path: "/", body: &[] };
            let wait = received.read(&profile()).retry_after;
            assert_eq!(wait, millis.map(Duration::from_millis), "{status} {lines:?}");
        }
    }
}
