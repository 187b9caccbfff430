//! How a request is sent again.

use http::Request;

/// How a request is copied for an attempt, so that it is still there for the next one.
///
/// Any `Fn(&http::Request<B>) -> Option<http::Request<B>>` is one: for bodies that know how to copy
/// themselves, or to add a header per attempt.
pub trait Replay<B> {
    /// The request to send now; `None` when it cannot be copied: it is sent itself then, and only once.
    fn copy(&self, request: &Request<B>) -> Option<Request<B>>;
}

/// Clones the request, and with it its body. The clone of a body must yield the same bytes again, whatever
/// became of the others: `http_body_util::Full` and `Empty` do, a shared stream does not.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cloned;

/// Copies nothing: each request is sent once, and what is answered is delivered.
#[derive(Clone, Copy, Debug, Default)]
pub struct SentOnce;

impl<B: Clone> Replay<B> for Cloned {
    fn copy(&self, request: &Request<B>) -> Option<Request<B>> {
        Some(request.clone())
    }
}

impl<B> Replay<B> for SentOnce {
    fn copy(&self, _request: &Request<B>) -> Option<Request<B>> {
        None
    }
}

impl<B, F: Fn(&Request<B>) -> Option<Request<B>>> Replay<B> for F {
    fn copy(&self, request: &Request<B>) -> Option<Request<B>> {
        self(request)
    }
}
