//! What the platform replied.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

/// A reply with its body.
#[derive(Clone)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; of a status of 400 or more at most its first 64 KiB.
    pub body: Bytes,
    /// Whether the platform sent more than is kept, or broke off. Never for a status below 400.
    pub truncated: bool,
    /// How many attempts the call took, this one included.
    pub attempts: u32,
}

impl Response {
    /// The same with no more than the beginning of its body, to be held while the call waits.
    pub(super) fn cut(mut self) -> Self {
        if self.body.len() > BODY_HELD {
            // A copy: a slice would hold the whole.
            self.body = Bytes::copy_from_slice(&self.body[..BODY_HELD]);
            self.truncated = true;
        }
        self
    }
}

impl fmt::Debug for Response {
    /// Shows no value of any header, and no body: both may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body_bytes", &self.body.len())
            .field("truncated", &self.truncated)
            .field("attempts", &self.attempts)
            .finish()
    }
}

/// Bytes of a refusal's body that a waiting call holds: enough for any message, and 50,000 waiting calls
/// stay within 200 MB at the very worst.
const BODY_HELD: usize = 4096;
