//! What a request carries: bytes that every attempt sends again, or a stream that can be sent once.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body_util::{BodyExt as _, Full, combinators::BoxBody};
use hyper::body::{Body, Frame, SizeHint};

use super::error::BoxError;

/// The body of a request.
pub struct RequestBody(Carried);

enum Carried {
    Whole(Bytes),
    WithTrailers(Bytes, HeaderMap),
    Once(BoxBody<Bytes, BoxError>),
    /// It was a stream, and an attempt has taken it.
    Gone,
}

impl RequestBody {
    /// A body that is sent as it comes. A call that carries it is attempted once: what the platform answers is delivered, be it
    /// a refusal.
    pub fn once<B>(body: B) -> Self
    where
        B: Body<Data = Bytes> + Send + Sync + 'static,
        B::Error: Into<BoxError>,
    {
        Self(Carried::Once(body.map_err(Into::into).boxed()))
    }

    /// Bytes, and the trailers that follow them.
    #[must_use]
    pub const fn with_trailers(bytes: Bytes, trailers: HeaderMap) -> Self {
        Self(Carried::WithTrailers(bytes, trailers))
    }

    /// Its length in bytes, where that is known before it is sent.
    #[must_use]
    pub fn len(&self) -> Option<u64> {
        match &self.0 {
            Carried::Whole(bytes) | Carried::WithTrailers(bytes, _) => Some(bytes.len() as u64),
            Carried::Once(body) => body.size_hint().exact(),
            Carried::Gone => None,
        }
    }

    /// Whether it is known to have no byte.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// What one attempt sends. Of a stream the second attempt sends nothing; see [`Self::can_be_sent`].
    pub(crate) fn take(&mut self) -> Outgoing {
        match &mut self.0 {
            Carried::Whole(bytes) => Outgoing(Sending::Whole(Full::new(bytes.clone()))),
            Carried::WithTrailers(bytes, trailers) => {
                let trailers = std::future::ready(Some(Ok(trailers.clone())));
                let body = Full::new(bytes.clone()).map_err(|never| match never {}).with_trailers(trailers);
                Outgoing(Sending::Trailed(body.boxed()))
            }
            Carried::Once(body) => {
                let body = std::mem::take(body);
                self.0 = Carried::Gone;
                Outgoing(Sending::Once(body))
            }
            Carried::Gone => Outgoing(Sending::Whole(Full::default())),
        }
    }

    /// Whether another attempt would send what the caller gave.
    pub(crate) const fn can_be_sent(&self) -> bool {
        !matches!(self.0, Carried::Gone)
    }
}

impl Default for RequestBody {
    /// No body.
    fn default() -> Self {
        Self(Carried::Whole(Bytes::new()))
    }
}

impl<T: Into<Bytes>> From<T> for RequestBody {
    fn from(bytes: T) -> Self {
        Self(Carried::Whole(bytes.into()))
    }
}

impl fmt::Debug for RequestBody {
    /// Shows the length only: what it holds may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBody").field("bytes", &self.len()).finish()
    }
}

/// The body of one attempt, as hyper reads it.
pub(crate) struct Outgoing(Sending);

enum Sending {
    Whole(Full<Bytes>),
    Trailed(BoxBody<Bytes, BoxError>),
    Once(BoxBody<Bytes, BoxError>),
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Sending::Whole(whole) => Pin::new(whole).poll_frame(cx).map_err(|never| match never {}),
            Sending::Trailed(stream) | Sending::Once(stream) => Pin::new(stream).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Sending::Whole(whole) => whole.is_end_stream(),
            Sending::Trailed(stream) | Sending::Once(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Sending::Whole(whole) => whole.size_hint(),
            // RFC 9112 7.1.2: trailers follow chunks; behind a length there is no place for them.
            Sending::Trailed(_) => SizeHint::default(),
            Sending::Once(stream) => stream.size_hint(),
        }
    }
}
