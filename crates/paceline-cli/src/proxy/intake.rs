//! Reading the body of a call: whole, so that it can be sent again, or as it comes where it is too large for that.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use paceline::RequestBody;
use tokio::time::Sleep;

use super::bounds::{Bound, Share};
use super::own_answer::OwnAnswer;
use super::{compact, hop};

/// How bodies are taken in.
#[derive(Clone, Debug)]
pub(super) struct Intake {
    /// Larger bodies are sent as they come, once.
    pub(super) max_body: u64,
    /// All that are held at once.
    pub(super) held: Bound,
    /// How long a client may be silent inside a body.
    pub(super) patience: Duration,
}

/// A body that has been taken in.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) body: RequestBody,
    /// What it takes of what may be held, until it is dropped.
    pub(super) share: Option<Share>,
}

impl Taken {
    /// Whether all of it has come.
    pub(super) fn is_whole(&self) -> bool {
        self.share.is_some() || self.body.is_empty()
    }
}

impl Intake {
    /// Reads `body`; with `is_small`, into no more memory than it takes. A call whose body breaks off is answered here, and nothing
    /// of it is sent.
    pub(super) async fn take(&self, body: Incoming, is_small: bool) -> Result<Taken, OwnAnswer> {
        if body.is_end_stream() {
            return Ok(Taken { body: RequestBody::default(), share: None });
        }
        let length = body.size_hint().exact();
        if length.is_some_and(|length| length > self.max_body) {
            return Ok(self.passed_on(Bytes::new(), body));
        }
        if length.is_some_and(|length| !self.held.has_room(length)) {
            return Err(OwnAnswer::MemoryFull);
        }
        // What is only announced takes nothing: whoever sends slowly keeps nobody else out.
        let share = self.held.try_hold(0).ok_or(OwnAnswer::MemoryFull)?;
        self.read(body, share, is_small).await
    }

    async fn read(&self, mut body: Incoming, mut share: Share, is_small: bool) -> Result<Taken, OwnAnswer> {
        let mut read = BytesMut::new();
        let mut only = Bytes::new();
        loop {
            let next = tokio::time::timeout(self.patience, body.frame()).await.map_err(|_| self.slow())?;
            let frame = match next {
                None => break,
                Some(frame) => frame.map_err(broken)?,
            };
            let chunk = match frame.into_data() {
                Ok(chunk) => chunk,
                Err(frame) => {
                    let bytes = joined(only, read);
                    let mut trailers = frame.into_trailers().unwrap_or_default();
                    hop::strip_trailers(&mut trailers);
                    return Ok(Taken {
                        body: RequestBody::with_trailers(bytes, trailers),
                        share: Some(share),
                    });
                }
            };
            if (only.len() + read.len() + chunk.len()) as u64 > self.max_body {
                let mut first = BytesMut::from(joined(only, read));
                first.extend_from_slice(&chunk);
                return Ok(self.passed_on(first.freeze(), body));
            }
            if !share.try_grow(chunk.len() as u64) {
                return Err(OwnAnswer::MemoryFull);
            }
            // Most bodies have one chunk, which is not joined.
            if only.is_empty() && read.is_empty() {
                only = if is_small { compact::body(chunk) } else { chunk };
            } else {
                read.extend_from_slice(&std::mem::take(&mut only));
                read.extend_from_slice(&chunk);
            }
        }
        let bytes = joined(only, read);
        Ok(Taken { body: bytes.into(), share: Some(share) })
    }

    fn passed_on(&self, first: Bytes, rest: Incoming) -> Taken {
        let passing = Passing { first, rest, silence: None, patience: self.patience };
        Taken { body: RequestBody::once(passing), share: None }
    }

    fn slow(&self) -> OwnAnswer {
        let why = format!("no byte of the body came for {} s", self.patience.as_secs());
        OwnAnswer::Refused(StatusCode::REQUEST_TIMEOUT, why)
    }
}

fn joined(only: Bytes, read: BytesMut) -> Bytes {
    if read.is_empty() { only } else { read.freeze() }
}

fn broken(error: hyper::Error) -> OwnAnswer {
    OwnAnswer::bad_request(format!("the body broke off or is not framed as HTTP wants it: {error}"))
}

/// A body on its way through: what was read of it, and the rest as it comes.
#[derive(Debug)]
struct Passing {
    first: Bytes,
    rest: Incoming,
    silence: Option<Pin<Box<Sleep>>>,
    patience: Duration,
}

/// Why a body on its way broke off.
#[derive(Debug, thiserror::Error)]
enum PassingError {
    #[error("the client was silent for too long")]
    Silent,
    #[error(transparent)]
    Broken(#[from] hyper::Error),
}

impl Body for Passing {
    type Data = Bytes;
    type Error = PassingError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, PassingError>>> {
        if !self.first.is_empty() {
            let first = std::mem::take(&mut self.first);
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        if let Poll::Ready(mut frame) = Pin::new(&mut self.rest).poll_frame(cx) {
            self.silence = None;
            if let Some(trailers) = frame.as_mut().and_then(|frame| frame.as_mut().ok()?.trailers_mut()) {
                hop::strip_trailers(trailers);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(PassingError::from)));
        }
        let patience = self.patience;
        let silence = self.silence.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        silence.as_mut().poll(cx).map(|()| Some(Err(PassingError::Silent)))
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_empty() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match self.rest.size_hint().exact() {
            Some(rest) => SizeHint::with_exact(rest + self.first.len() as u64),
            None => SizeHint::new(),
        }
    }
}
