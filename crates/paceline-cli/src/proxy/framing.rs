//! What hyper lets through and a second parser might read otherwise.

use http::header::{HOST, TRANSFER_ENCODING};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, StatusCode, Version};

use super::heads::TwoFramings;
use super::own_answer::OwnAnswer;

/// Whether a request has one framing, one host and no user.
///
/// # Errors
/// The answer to one that has not.
pub(super) fn check(head: &Parts) -> Result<(), OwnAnswer> {
    if head.extensions.get::<TwoFramings>().is_some() {
        return Err(OwnAnswer::bad_request("a request has a length or a transfer coding, not both"));
    }
    if !is_chunked_at_most(&head.headers) {
        let why = "of transfer codings paceline knows `chunked`, once".to_owned();
        return Err(OwnAnswer::Refused(StatusCode::NOT_IMPLEMENTED, why));
    }
    // RFC 9112 3.2.
    let mut hosts = head.headers.get_all(HOST).iter();
    let is_named = match (hosts.next(), hosts.next()) {
        (None, _) => head.version != Version::HTTP_11,
        (Some(only), None) => is_host(only),
        _ => false,
    };
    if !is_named {
        return Err(OwnAnswer::bad_request("a request has one Host header, which names a host"));
    }
    // RFC 9110 4.2.4: a name and a password in a URL are there to mislead.
    if head.uri.authority().is_some_and(|named| named.as_str().contains('@')) {
        return Err(OwnAnswer::bad_request("the target of a request names no user"));
    }
    Ok(())
}

/// Whether no transfer coding is named, or `chunked`, once.
pub(super) fn is_chunked_at_most(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(only), None) => only.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked"),
        _ => false,
    }
}

/// RFC 9110 7.2: a host, perhaps with a port, or nothing.
fn is_host(value: &HeaderValue) -> bool {
    let is_named = || Authority::try_from(value.as_bytes()).is_ok_and(|named| !named.as_str().contains('@'));
    value.is_empty() || is_named()
}
