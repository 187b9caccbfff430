//! What the proxy answers by itself, marked so that nobody takes it for the platform's word.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use serde_json::json;

/// Why a call is not the platform's to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum OwnAnswer {
    /// Its turn would come after its client has given up.
    Late {
        /// How long until it would come.
        retry_after: Duration,
    },
    /// As many calls wait as may.
    QueueFull,
    /// As many bytes of bodies are held as may be.
    MemoryFull,
    /// The proxy is going away.
    Draining,
    /// Nothing was sent: the platform cannot be reached.
    Unreachable(String),
    /// It was sent, and nobody knows what became of it.
    InDoubt(String),
    /// No reply in time; nobody knows what became of it.
    TimedOut(String),
    /// The platform's answer cannot be passed back.
    Unreadable {
        /// RFC 9209 2.3: the registered name of what is wrong with it.
        error: &'static str,
        /// The same for a person.
        why: &'static str,
    },
    /// The call itself cannot be sent on.
    Refused(StatusCode, String),
    /// `OPTIONS` of the proxy itself: RFC 9110 9.3.7 and 7.6.2.
    Options,
    /// A part of the proxy that calls need is gone.
    Internal(String),
}

impl OwnAnswer {
    /// A call that cannot be sent on as it is.
    pub(super) fn bad_request(why: impl ToString) -> Self {
        Self::Refused(StatusCode::BAD_REQUEST, why.to_string())
    }

    /// To a call of this method that goes no further than here.
    pub(super) fn to_method(method: &Method) -> Self {
        if *method == Method::OPTIONS {
            return Self::Options;
        }
        let why = format!("paceline forwards no {method} like this one");
        Self::Refused(StatusCode::METHOD_NOT_ALLOWED, why)
    }

    /// Its status.
    pub(super) const fn status(&self) -> StatusCode {
        match self {
            Self::Late { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::QueueFull | Self::MemoryFull | Self::Draining => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unreachable(_) | Self::InDoubt(_) | Self::Unreadable { .. } => StatusCode::BAD_GATEWAY,
            Self::TimedOut(_) => StatusCode::GATEWAY_TIMEOUT,
            Self::Refused(status, _) => *status,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Options => StatusCode::NO_CONTENT,
        }
    }

    /// RFC 9209 2.3: the registered name of the error, for `Proxy-Status`.
    const fn error_type(&self) -> &'static str {
        match self {
            Self::Options => "",
            Self::Late { .. } => "http_request_denied",
            Self::QueueFull | Self::MemoryFull => "connection_limit_reached",
            Self::Unreachable(_) => "destination_unavailable",
            Self::InDoubt(_) => "connection_terminated",
            Self::TimedOut(_) => "connection_read_timeout",
            Self::Unreadable { error, .. } => error,
            Self::Refused(..) => "http_request_error",
            Self::Draining | Self::Internal(_) => "proxy_internal_error",
        }
    }

    /// Why, in a word or two, without anything that a client or a platform has said.
    pub(super) const fn reason(&self) -> &'static str {
        match self {
            Self::Late { .. } => "patience",
            Self::QueueFull => "queue-full",
            Self::MemoryFull => "memory-full",
            Self::Draining => "draining",
            Self::Unreachable(_) => "unreachable",
            Self::InDoubt(_) => "in-doubt",
            Self::TimedOut(_) => "timed-out",
            Self::Unreadable { .. } => "unreadable",
            Self::Refused(..) => "refused",
            Self::Options => "options",
            Self::Internal(_) => "internal",
        }
    }

    /// When it is worth coming back.
    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Late { retry_after } => Some(*retry_after),
            Self::QueueFull | Self::MemoryFull | Self::Draining => Some(SHORTLY),
            _ => None,
        }
    }

    /// What it says to a person.
    pub(super) fn message(&self) -> String {
        match self {
            Self::Late { retry_after } => format!(
                "paceline would hold this call for longer than its client waits: its turn is expected in {} s",
                seconds(*retry_after)
            ),
            Self::QueueFull => "paceline holds as many calls as it may (max_waiting)".to_owned(),
            Self::MemoryFull => "paceline holds as many bytes of calls as it may (max_held)".to_owned(),
            Self::Draining => "paceline is going away and takes no new calls".to_owned(),
            Self::Unreachable(why) => format!("the platform cannot be reached, and nothing was sent: {why}"),
            Self::InDoubt(why) => {
                format!("the platform did not answer, and it may have done what was asked: {why}")
            }
            Self::TimedOut(why) => {
                format!("the platform did not answer in time, and it may have done what was asked: {why}")
            }
            Self::Unreadable { why, .. } => {
                format!("the platform has answered, and paceline cannot pass that back: {why}")
            }
            Self::Refused(_, why) | Self::Internal(why) => why.clone(),
            Self::Options => String::new(),
        }
    }

    /// The answer: a problem (RFC 9457) with `Proxy-Status` (RFC 9209).
    pub(super) fn response(&self) -> Response<Bytes> {
        if *self == Self::Options {
            return options();
        }
        let (status, message) = (self.status(), self.message());
        let title = status.canonical_reason().unwrap_or("Error");
        let problem =
            json!({ "title": title, "status": status.as_u16(), "detail": message, "by": "paceline" });
        let mut response = Response::new(Bytes::from(format!("{problem}\n")));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(PROXY_STATUS, self.proxy_status());
        if let Some(after) = self.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds(after)));
        }
        if status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(ALLOW, HeaderValue::from_static(ALLOWED));
        }
        if *self == Self::Draining {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    fn proxy_status(&self) -> HeaderValue {
        let details = match self {
            Self::Late { .. } | Self::QueueFull | Self::MemoryFull | Self::Draining => {
                format!("; details=\"{}\"", self.reason())
            }
            _ => String::new(),
        };
        let text = format!("paceline; error={}{details}", self.error_type());
        HeaderValue::try_from(text).expect("names and reasons are plain ASCII")
    }
}

/// What the proxy takes, for whoever asks the proxy.
fn options() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = OwnAnswer::Options.status();
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(ALLOWED));
    response.headers_mut().insert(PROXY_STATUS, HeaderValue::from_static("paceline"));
    response
}

/// Whole seconds, rounded up, and never none: who came back at once would be told the same.
fn seconds(span: Duration) -> u64 {
    (span.as_secs() + u64::from(span.subsec_nanos() > 0)).max(1)
}

/// RFC 9209 2.
const PROXY_STATUS: HeaderName = HeaderName::from_static("proxy-status");
/// RFC 9110 15.5.6: those that are always forwarded; others that are no tunnel and no trace are, too.
const ALLOWED: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
/// What is full now has room when a few calls have gone.
const SHORTLY: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_refusal_is_marked_and_says_when_to_come_back() {
        let response = OwnAnswer::Late { retry_after: Duration::from_millis(41_200) }.response();
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()[RETRY_AFTER], "42");
        let marked = "paceline; error=http_request_denied; details=\"patience\"";
        assert_eq!(response.headers()[PROXY_STATUS], marked);
        let problem: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(problem["by"], "paceline");
    }

    #[test]
    fn every_own_answer_is_one_of_ours() {
        let why = || "why".to_owned();
        let answers = [
            OwnAnswer::QueueFull,
            OwnAnswer::MemoryFull,
            OwnAnswer::Draining,
            OwnAnswer::Unreachable(why()),
            OwnAnswer::InDoubt(why()),
            OwnAnswer::TimedOut(why()),
            OwnAnswer::Unreadable { error: "http_upgrade_failed", why: "why" },
            OwnAnswer::bad_request("why"),
            OwnAnswer::Internal(why()),
        ];
        for answer in answers {
            let response = answer.response();
            let marked = response.headers()[PROXY_STATUS].to_str().unwrap();
            assert!(marked.starts_with("paceline; error="), "{marked}");
            assert!(response.status().as_u16() >= 400);
        }
    }

    #[test]
    fn nobody_is_told_to_come_back_at_once() {
        assert_eq!(seconds(Duration::ZERO), 1);
        assert_eq!(seconds(Duration::from_secs(2)), 2);
    }
}
