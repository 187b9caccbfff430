//! A request that can be sent again as it is.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, Uri};
use http_body_util::Full;

use super::target::Target;

/// What every attempt of a call sends.
pub(crate) struct Message {
    method: Method,
    path: Uri,
    headers: HeaderMap,
    body: Bytes,
}

impl Message {
    /// The caller's headers, and those that every request has.
    pub(crate) fn new(method: Method, mut headers: HeaderMap, body: Bytes, target: &Target) -> Self {
        // The body is at hand, so its length is known; a wrong one from the caller would break the connection.
        headers.remove(CONTENT_LENGTH);
        headers.remove(TRANSFER_ENCODING);
        headers.entry(HOST).or_insert_with(|| target.host.clone());
        headers.entry(USER_AGENT).or_insert(OUR_NAME);
        Self { method, path: target.path.clone(), headers, body }
    }

    /// One copy for one attempt; the body is shared, not copied.
    pub(crate) fn copy(&self) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.path.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

/// Some platforms refuse requests that do not say who they are.
const OUR_NAME: HeaderValue = HeaderValue::from_static(concat!("paceline/", env!("CARGO_PKG_VERSION")));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_s_headers_are_sent_and_its_claims_about_length_are_not() {
        let target = Target::new(&"http://example.com/a?b".parse().unwrap()).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("7"));
        headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        headers.insert(USER_AGENT, HeaderValue::from_static("mine"));
        let request = Message::new(Method::POST, headers, Bytes::from_static(b"hello"), &target).copy();
        assert_eq!(request.uri(), "/a?b");
        assert_eq!(request.headers().len(), 2);
        assert_eq!(request.headers()[HOST], "example.com");
        assert_eq!(request.headers()[USER_AGENT], "mine");
    }
}
