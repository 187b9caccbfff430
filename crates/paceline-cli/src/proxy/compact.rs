//! What a call holds while it waits in a crowd, in as little memory as it takes.
//!
//! What comes from a connection is a slice of the buffer that it was read into, and keeps all of that.

use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};

/// The method and the headers of a request. The rest is let go, and with `is_small` the buffer, too.
pub(super) fn head(head: Parts, is_small: bool) -> (Method, HeaderMap) {
    // What a pattern does not name stays where it is: in `head`, which ends with this function.
    let Parts { method, headers: mut kept, .. } = head;
    if is_small {
        headers(&mut kept);
    }
    (method, kept)
}

/// The same headers, whose values share a block of just their size.
fn headers(headers: &mut HeaderMap) {
    let mut block = BytesMut::with_capacity(headers.values().map(HeaderValue::len).sum());
    headers.values().for_each(|value| block.extend_from_slice(value.as_bytes()));
    let mut block = block.freeze();
    for value in headers.values_mut() {
        let is_sensitive = value.is_sensitive();
        let copied = block.split_to(value.len());
        *value = HeaderValue::from_maybe_shared(copied).expect("it was a header's value before");
        value.set_sensitive(is_sensitive);
    }
}

/// The same bytes in a block of their own, unless they fill most of a buffer anyway.
pub(super) fn body(bytes: Bytes) -> Bytes {
    if bytes.len() < WORTH_A_COPY { Bytes::copy_from_slice(&bytes) } else { bytes }
}

/// hyper's smallest buffer.
const WORTH_A_COPY: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_stay_what_they_were() {
        let mut before = HeaderMap::new();
        before.append("a", HeaderValue::from_static("1"));
        before.append("b", HeaderValue::from_static(""));
        before.append("a", HeaderValue::from_bytes(b"\xFF two").unwrap());
        let mut secret = HeaderValue::from_static("s");
        secret.set_sensitive(true);
        before.append("c", secret);
        let mut after = before.clone();
        headers(&mut after);
        assert_eq!(after, before);
        assert!(after["c"].is_sensitive());
    }
}
