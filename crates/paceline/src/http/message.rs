//! A request, and the copies of it that attempts send.

use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING, UPGRADE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, Uri};
use hyper::body::Body as _;

use super::outgoing::{Outgoing, RequestBody};
use super::target::Target;

/// What every attempt of a call sends.
pub(crate) struct Message {
    method: Method,
    headers: HeaderMap,
    body: RequestBody,
}

/// How a connection wants a request written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    Http1,
    Http2,
}

impl Message {
    /// The caller's headers, and those that every request has.
    pub(crate) fn new(method: Method, mut headers: HeaderMap, body: RequestBody, target: &Target) -> Self {
        // hyper frames the body by what it knows of it; a wrong word of the caller's would break the connection.
        headers.remove(CONTENT_LENGTH);
        headers.remove(TRANSFER_ENCODING);
        headers.entry(HOST).or_insert_with(|| target.host.clone());
        headers.entry(USER_AGENT).or_insert(OUR_NAME);
        Self { method, headers, body }
    }

    pub(crate) const fn method(&self) -> &Method {
        &self.method
    }

    /// Whether another attempt would send the same.
    pub(crate) const fn can_be_sent(&self) -> bool {
        self.body.can_be_sent()
    }

    /// Whether it asks for another protocol: only HTTP/1.1 can (RFC 9113 8.6).
    pub(crate) fn wants_upgrade(&self) -> bool {
        self.headers.contains_key(UPGRADE)
    }

    /// One copy for one attempt; bytes of a body are shared, not copied.
    pub(crate) fn copy(&mut self, target: &Target, wire: Wire) -> Request<Outgoing> {
        let mut request = Request::new(self.body.take());
        *request.method_mut() = self.method.clone();
        *request.headers_mut() = self.headers.clone();
        if wire == Wire::Http1 && request.body().size_hint().exact().is_none() {
            // hyper would take a GET or HEAD to have no body where its length is not known.
            request.headers_mut().insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
        *request.uri_mut() = match wire {
            Wire::Http1 => target.path.clone(),
            Wire::Http2 => self.absolute(target, request.headers_mut()),
        };
        request
    }

    /// RFC 9113 8.3.1 and 8.2.2: `:authority` stands for `Host`, and no header speaks of the connection.
    fn absolute(&self, target: &Target, headers: &mut HeaderMap) -> Uri {
        headers.remove(CONNECTION);
        let host = headers.remove(HOST);
        target.absolute(host.as_ref())
    }
}

/// Some platforms refuse requests that do not say who they are.
const OUR_NAME: HeaderValue = HeaderValue::from_static(concat!("paceline/", env!("CARGO_PKG_VERSION")));

#[cfg(test)]
mod tests {
    use super::*;

    fn message(target: &Target) -> Message {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("7"));
        headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        headers.insert(USER_AGENT, HeaderValue::from_static("mine"));
        Message::new(Method::POST, headers, "hello".into(), target)
    }

    #[test]
    fn the_caller_s_headers_are_sent_and_its_claims_about_length_are_not() {
        let target = Target::new(&"http://example.com/a?b".parse().unwrap()).unwrap();
        let request = message(&target).copy(&target, Wire::Http1);
        assert_eq!(request.uri(), "/a?b");
        assert_eq!(request.headers().len(), 2);
        assert_eq!(request.headers()[HOST], "example.com");
        assert_eq!(request.headers()[USER_AGENT], "mine");
    }

    #[test]
    fn over_http_2_the_authority_stands_for_the_host() {
        let target = Target::new(&"https://example.com/a?b".parse().unwrap()).unwrap();
        let request = message(&target).copy(&target, Wire::Http2);
        assert_eq!(request.uri(), "https://example.com/a?b");
        assert!(!request.headers().contains_key(HOST));
    }

    #[test]
    fn what_comes_once_is_sent_once() {
        let target = Target::new(&"http://example.com/".parse().unwrap()).unwrap();
        let stream = http_body_util::Empty::new();
        let mut message = Message::new(Method::POST, HeaderMap::new(), RequestBody::once(stream), &target);
        assert!(message.can_be_sent());
        drop(message.copy(&target, Wire::Http1));
        assert!(!message.can_be_sent());
    }
}
