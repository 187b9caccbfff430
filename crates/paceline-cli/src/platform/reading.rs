//! An HTTP request as the model sees it.

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{AUTHORIZATION, HeaderMap};
use hyper::{Method, Request};
use paceline_sim::platform::Fingerprint;

/// The body of a request.
#[derive(Debug)]
pub(super) enum ReadBody {
    /// All of it.
    Whole(Bytes),
    /// It is above [`BODY_BOUND`]; the rest was not read, and the connection cannot be used again.
    TooLong,
}

/// Reads a body; none if the client left or broke the protocol before its end.
pub(super) async fn body(incoming: Incoming) -> Option<ReadBody> {
    if incoming.size_hint().lower() > BODY_BOUND as u64 {
        return Some(ReadBody::TooLong);
    }
    match Limited::new(incoming, BODY_BOUND).collect().await {
        Ok(collected) => Some(ReadBody::Whole(collected.to_bytes())),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Some(ReadBody::TooLong),
        Err(_) => None,
    }
}

/// Who calls, and for what; texts only as fingerprints.
#[derive(Clone, Copy, Debug)]
pub(super) struct Envelope {
    pub(super) credential: Fingerprint,
    pub(super) tenant: Fingerprint,
    pub(super) integration: Fingerprint,
    pub(super) endpoint: Fingerprint,
    pub(super) idempotency_key: Option<Fingerprint>,
    pub(super) purpose: Purpose,
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// `GET /stats`: not part of the modelled platform.
    Stats,
    /// `GET /notifications`: it wants to become a WebSocket.
    Notifications,
    /// It is somebody else's: it takes from the same limits and is in none of the counts.
    Foreign,
    /// It reads.
    Read,
    /// It carries one record.
    One,
    /// It carries a list of them.
    Bulk,
}

impl Envelope {
    /// Reads the head of a request.
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        let (method, headers, path) = (request.method(), request.headers(), request.uri().path());
        let scope = |name| header(headers, name).map(Fingerprint::of).unwrap_or_default();
        Self {
            credential: credential(headers),
            tenant: scope("x-tenant"),
            integration: scope("x-integration"),
            endpoint: Fingerprint::of(format!("{method} {path}").as_bytes()),
            idempotency_key: header(headers, "idempotency-key").map(Fingerprint::of),
            purpose: if headers.contains_key(FOREIGN) { Purpose::Foreign } else { purpose(method, path) },
        }
    }
}

/// The fingerprint of a token, as a client that sends it as a bearer or a key has it.
pub(crate) fn token(text: &str) -> Fingerprint {
    Fingerprint::of(text.as_bytes())
}

fn purpose(method: &Method, path: &str) -> Purpose {
    match *method {
        Method::GET if path == "/stats" => Purpose::Stats,
        Method::GET if path == "/notifications" => Purpose::Notifications,
        Method::GET | Method::HEAD | Method::OPTIONS => Purpose::Read,
        Method::POST if is_bulk(path) => Purpose::Bulk,
        _ => Purpose::One,
    }
}

/// There is a bulk endpoint, and more of them below it: `/records/bulk/0`.
fn is_bulk(path: &str) -> bool {
    path.strip_prefix("/records/bulk").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A client is its credential: `Authorization`, else `X-Api-Key`, else nobody in particular. A token is the
/// same credential in either header.
fn credential(headers: &HeaderMap) -> Fingerprint {
    if let Some(value) = headers.get(AUTHORIZATION) {
        let value = value.as_bytes();
        return Fingerprint::of(value.strip_prefix(b"Bearer ").unwrap_or(value));
    }
    header(headers, "x-api-key").map(Fingerprint::of).unwrap_or_default()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a [u8]> {
    headers.get(name).map(hyper::header::HeaderValue::as_bytes)
}

/// A request with this header is somebody else's, whatever else it has.
pub(crate) const FOREIGN: &str = "x-foreign";
/// Far above what any body limit of a platform was seen to be; bounds what one request can hold in memory.
const BODY_BOUND: usize = 16 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(request: http::request::Builder) -> Envelope {
        Envelope::of(&request.body(()).unwrap())
    }

    #[test]
    fn a_token_is_the_same_credential_in_either_header() {
        let bearer = envelope(Request::post("/").header("authorization", "Bearer abc"));
        let key = envelope(Request::post("/").header("x-api-key", "abc"));
        assert_eq!(bearer.credential, key.credential);
        assert_eq!(bearer.credential, token("abc"));
        let both =
            envelope(Request::post("/").header("x-api-key", "other").header("authorization", "Bearer abc"));
        assert_eq!(both.credential, bearer.credential);
        assert_eq!(envelope(Request::post("/")).credential, Fingerprint::default());
    }

    #[test]
    fn the_query_is_not_part_of_the_endpoint() {
        let one = envelope(Request::post("/records?a=1"));
        assert_eq!(one.endpoint, Fingerprint::of(b"POST /records"));
    }

    #[test]
    fn every_request_has_its_purpose() {
        let purpose = |request| envelope(request).purpose;
        assert_eq!(purpose(Request::get("/stats")), Purpose::Stats);
        assert_eq!(purpose(Request::post("/stats")), Purpose::One);
        assert_eq!(purpose(Request::get("/records/bulk")), Purpose::Read);
        assert_eq!(purpose(Request::post("/records/bulk")), Purpose::Bulk);
        assert_eq!(purpose(Request::delete("/anything")), Purpose::One);
        assert_eq!(purpose(Request::post("/records/bulk")), Purpose::Bulk);
        assert_eq!(purpose(Request::post("/records/bulk/7")), Purpose::Bulk);
        assert_eq!(purpose(Request::post("/records/bulky")), Purpose::One);
        assert_eq!(purpose(Request::get("/notifications")), Purpose::Notifications);
        assert_eq!(purpose(Request::post("/notifications")), Purpose::One);
        assert_eq!(purpose(Request::get("/").header(FOREIGN, "")), Purpose::Foreign);
    }
}
