//! What a caller wants sent, and what it wants to know of each attempt.

use std::fmt;
use std::pin::Pin;

use http::{HeaderMap, Method, Uri};
use paceline_core::{ClientId, Cost, OnUncertain, Outcome, Priority, Reply, ScopeSet, Weight};

use super::Response;
use crate::http::{AttemptError, RequestBody};

/// One call: an HTTP request that can be sent again as it is, and how it is paced.
pub struct Request {
    /// The method.
    pub method: Method,
    /// The URL, absolute. Its user name, password and query are never shown in errors.
    pub uri: Uri,
    /// The headers. `Host`, `User-Agent` and `Content-Length` are added; values are never shown.
    pub headers: HeaderMap,
    /// The body; every attempt sends the same bytes, and a stream is sent once.
    pub body: RequestBody,
    /// On whose behalf; clients take turns.
    pub client: ClientId,
    /// The limits it falls under.
    pub scopes: ScopeSet,
    /// What one attempt takes from each quota.
    pub cost: Cost,
    /// How many turns its client has for one of a client of weight 1.
    pub weight: Weight,
    /// Whether it goes before others that wait for the same scopes.
    pub priority: Priority,
    /// When it is no longer worth starting. An attempt that has departed by then is waited for.
    pub deadline: Option<tokio::time::Instant>,
    /// Whether it ends at once, as [`CallError::Late`](super::CallError::Late), when its next attempt is expected to depart after its
    /// deadline. Otherwise it waits until then: an expectation is no promise. A call whose last attempt failed rather than being
    /// refused ends as given up.
    pub decline_late: bool,
    /// What to do when nobody knows whether an attempt was applied.
    pub on_uncertain: OnUncertain,
    /// Runs before each attempt leaves.
    pub before_departure: Option<BeforeDeparture>,
    /// Told of each attempt's steps before its end.
    pub on_step: Option<OnStep>,
    /// Told of each attempt's end.
    pub on_attempt: Option<OnAttempt>,
    /// Told why an attempt is not the last one.
    pub on_setback: Option<OnSetback>,
}

/// Runs after an attempt has its permit and its connection, and before its first byte leaves; it is told the
/// attempt's number, counted from 1. When it fails, the attempt does not leave, the permit is returned, and
/// the call ends with its error. A number comes twice when a gate closed while it ran: the first time
/// nothing left, as [`Request::on_attempt`] is told in between.
pub type BeforeDeparture = Box<dyn Fn(u32) -> BeforeDepartureFuture + Send + Sync>;

/// What [`BeforeDeparture`] returns.
pub type BeforeDepartureFuture =
    Pin<Box<dyn Future<Output = Result<(), Box<dyn std::error::Error + Send + Sync>>> + Send>>;

/// Told of each step of an attempt as it is taken; it must not wait.
pub type OnStep = Box<dyn Fn(AttemptStep<'_>) + Send + Sync>;

/// A step of an attempt, whose number is counted from 1.
#[derive(Debug)]
#[non_exhaustive]
pub enum AttemptStep<'a> {
    /// It has its permit, if it needs one, and looks for a connection.
    Begun {
        /// Which.
        number: u32,
    },
    /// A gate has closed before it left: it waits again, and comes back under the same number.
    Recalled {
        /// Which.
        number: u32,
    },
    /// It leaves with these headers. What is changed in them is sent with this attempt alone.
    Leaving {
        /// Which.
        number: u32,
        /// `Host` and `User-Agent` among them. What frames the body is not to be touched.
        headers: &'a mut HeaderMap,
    },
}

/// Told of each attempt's end, before the next one starts; it must not wait. It is not told of an attempt
/// whose call is dropped, nor of one that [`BeforeDeparture`] refused.
pub type OnAttempt = Box<dyn Fn(AttemptReport) + Send + Sync>;

/// Told why an attempt is not the last one of its call, once that is fully known; it must not wait. It is not told where
/// the call is dropped before.
pub type OnSetback = Box<dyn Fn(Setback<'_>) + Send + Sync>;

/// Why an attempt has to be made again.
#[derive(Clone, Copy, Debug)]
pub enum Setback<'a> {
    /// It brought no reply.
    Failed(&'a AttemptError),
    /// The platform refused it; the body is as far as it was read.
    Refused(&'a Response),
}

/// How one attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptReport {
    /// Its number, counted from 1.
    pub number: u32,
    /// What came back.
    pub reply: Reply,
}

/// Whether the platform has done what an attempt asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Applied {
    /// It said so.
    Yes,
    /// It refused, or nothing reached it.
    No,
    /// Nobody knows.
    Maybe,
}

impl Request {
    /// A call without headers or body, for [`ClientId`] 0, of cost 1, of the usual weight and priority, without a
    /// deadline. An uncertain attempt is repeated when the method is idempotent (RFC 9110 9.2.2), else the call is held.
    #[must_use]
    pub fn new(method: Method, uri: Uri, scopes: ScopeSet) -> Self {
        let on_uncertain = if method.is_idempotent() { OnUncertain::Retry } else { OnUncertain::Hold };
        Self {
            method,
            uri,
            headers: HeaderMap::new(),
            body: RequestBody::default(),
            client: ClientId(0),
            scopes,
            cost: Cost::ONE,
            weight: Weight::ONE,
            priority: Priority::Normal,
            deadline: None,
            decline_late: false,
            on_uncertain,
            before_departure: None,
            on_step: None,
            on_attempt: None,
            on_setback: None,
        }
    }
}

impl AttemptReport {
    /// Whether it was applied, as far as its reply tells.
    #[must_use]
    pub fn applied(&self) -> Applied {
        match Outcome::of(&self.reply, false) {
            Outcome::Accepted => Applied::Yes,
            Outcome::Uncertain => Applied::Maybe,
            Outcome::Throttled
            | Outcome::Overloaded
            | Outcome::Transient
            | Outcome::Unauthorized
            | Outcome::Banned
            | Outcome::Rejected => Applied::No,
        }
    }
}

impl fmt::Debug for Request {
    /// Shows neither the query nor the value of any header: both may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("uri", &crate::http::shown(&self.uri))
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body", &self.body)
            .field("client", &self.client)
            .field("scopes", &self.scopes)
            .field("cost", &self.cost)
            .field("weight", &self.weight)
            .field("priority", &self.priority)
            .field("deadline", &self.deadline)
            .field("on_uncertain", &self.on_uncertain)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reply_tells_whether_it_was_applied() {
        let cases = [
            (Reply::status(201), Applied::Yes),
            (Reply::status(429), Applied::No),
            (Reply::status(404), Applied::No),
            (Reply::NotSent, Applied::No),
            (Reply::status(500), Applied::Maybe),
            (Reply::status(503), Applied::Maybe),
            (Reply::Lost, Applied::Maybe),
        ];
        for (reply, applied) in cases {
            assert_eq!(AttemptReport { number: 1, reply: reply.clone() }.applied(), applied, "{reply:?}");
        }
    }
}
