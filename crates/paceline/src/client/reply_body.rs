//! The body of a reply, passed on as it comes; while it comes its attempt is in flight.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::Sleep;

use crate::driver::Slot;
use crate::http::{AttemptError, Connection, HalfRead, Origin, Pool};

/// A body that comes as the platform sends it. Read to its end, its connection is kept for the next attempt; dropped before, it is
/// closed. A platform that falls silent for longer than an attempt may take has broken it off.
pub struct ReplyBody {
    /// What was read before it was delivered, in order.
    read: [Bytes; 2],
    trailers: Option<HeaderMap>,
    is_broken: bool,
    incoming: Incoming,
    lease: Option<Lease>,
    silence: Option<Pin<Box<Sleep>>>,
    patience: Duration,
}

/// What a body holds until its end: its connection, and a place among the calls in flight.
pub(super) struct Lease {
    pool: Pool,
    origin: Origin,
    connection: Connection,
    /// None of a call that was never paced.
    _slot: Option<Slot>,
}

impl Lease {
    pub(super) fn new(pool: &Pool, origin: &Origin, connection: Connection, slot: Option<Slot>) -> Self {
        Self { pool: pool.clone(), origin: origin.clone(), connection, _slot: slot }
    }

    fn give_back(self) {
        self.pool.keep(&self.origin, self.connection);
    }
}

impl ReplyBody {
    pub(super) fn new(half_read: HalfRead, lease: Lease, patience: Duration) -> Self {
        let HalfRead { read, trailers, is_broken, incoming } = half_read;
        let mut body =
            Self { read, trailers, is_broken, incoming, lease: Some(lease), silence: None, patience };
        if body.is_end_stream() {
            body.end();
        }
        body
    }

    /// Its connection is not for the pool, and its attempt is done.
    pub(super) fn give_up_lease(&mut self) {
        self.lease = None;
    }

    /// All of it has come.
    fn end(&mut self) {
        self.silence = None;
        if let Some(lease) = self.lease.take() {
            lease.give_back();
        }
    }

    fn break_off(&mut self, error: AttemptError) -> Poll<Option<Result<Frame<Bytes>, AttemptError>>> {
        (self.silence, self.lease) = (None, None);
        Poll::Ready(Some(Err(error)))
    }

    /// What was read before, if it is not passed on yet.
    fn next_read(&mut self) -> Option<Bytes> {
        let next = self.read.iter_mut().find(|chunk| !chunk.is_empty())?;
        Some(std::mem::take(next))
    }

    /// Whether the platform has been silent for too long. The timer runs only while nothing comes.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let patience = self.patience;
        self.silence.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience))).as_mut().poll(cx)
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = AttemptError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, AttemptError>>> {
        if let Some(chunk) = self.next_read() {
            return Poll::Ready(Some(Ok(Frame::data(chunk))));
        }
        if let Some(trailers) = self.trailers.take() {
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        if std::mem::take(&mut self.is_broken) {
            return self.break_off(AttemptError::BrokenOff);
        }
        match Pin::new(&mut self.incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                self.silence = None;
                if self.is_end_stream() {
                    self.end();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(source))) => self.break_off(AttemptError::Truncated { source }),
            Poll::Ready(None) => {
                self.end();
                Poll::Ready(None)
            }
            Poll::Pending => match self.poll_silence(cx) {
                Poll::Ready(()) => {
                    let within = self.patience;
                    self.break_off(AttemptError::TimedOut { within })
                }
                Poll::Pending => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        let is_read = self.read.iter().all(Bytes::is_empty);
        is_read && self.trailers.is_none() && !self.is_broken && self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let read: u64 = self.read.iter().map(|chunk| chunk.len() as u64).sum();
        let coming = self.incoming.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(read + coming.lower());
        if let Some(upper) = coming.upper() {
            hint.set_upper(read + upper);
        }
        hint
    }
}

impl fmt::Debug for ReplyBody {
    /// Shows nothing of what it holds: that may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyBody").field("is_open", &self.lease.is_some()).finish_non_exhaustive()
    }
}
