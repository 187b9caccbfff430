//! One connection, as an attempt has it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};

use super::connect::StreamLimit;
use super::error::AttemptError;
use super::message::Wire;
use super::outgoing::Outgoing;
use super::target::Origin;

/// A connection, or one stream's right to one. Dropped instead of [kept](super::Pool::keep), it is closed, or its stream is.
#[derive(Debug)]
pub(crate) enum Connection {
    /// HTTP/1.1: nobody else has it.
    Own(http1::SendRequest<Outgoing>),
    /// HTTP/2: others have it too.
    Shared(Stream),
}

/// A connection of many streams.
#[derive(Clone, Debug)]
pub(crate) struct Trunk {
    sender: http2::SendRequest<Outgoing>,
    limit: StreamLimit,
    streams: Arc<AtomicUsize>,
}

/// The right to one stream of a trunk, until dropped.
#[derive(Debug)]
pub(crate) struct Stream {
    sender: http2::SendRequest<Outgoing>,
    streams: Arc<AtomicUsize>,
}

impl Connection {
    /// How requests on it are written.
    pub(crate) const fn wire(&self) -> Wire {
        match self {
            Self::Own(_) => Wire::Http1,
            Self::Shared(_) => Wire::Http2,
        }
    }

    /// Whether it can take a request now, or within the moment that its task needs to finish the last one.
    pub(crate) async fn is_usable(&mut self) -> bool {
        let sender = match self {
            Self::Shared(stream) => return !stream.sender.is_closed(),
            Self::Own(sender) => sender,
        };
        if sender.is_ready() {
            return true;
        }
        if sender.is_closed() {
            return false;
        }
        // Not ready: its task has not run since the reply's last byte, or the platform answered without
        // reading the request and the rest of it is stuck. Only the first is worth a moment.
        matches!(tokio::time::timeout(READY_WITHIN, sender.ready()).await, Ok(Ok(())))
    }

    /// Sends a request and waits for the head of its reply.
    ///
    /// # Errors
    /// [`AttemptError::NotStarted`] when the request came back untouched, [`AttemptError::Broken`] when
    /// nobody knows.
    pub(crate) async fn send(
        &mut self,
        origin: &Origin,
        request: Request<Outgoing>,
    ) -> Result<Response<Incoming>, AttemptError> {
        let sent = match self {
            Self::Own(sender) => sender.try_send_request(request).await,
            Self::Shared(stream) => stream.sender.try_send_request(request).await,
        };
        sent.map_err(|failed| not_sent(origin, failed))
    }
}

fn not_sent(origin: &Origin, mut failed: TrySendError<Request<Outgoing>>) -> AttemptError {
    let authority = origin.authority.as_str().into();
    // hyper returns the message only when it never began to write it.
    match failed.take_message() {
        Some(_) => AttemptError::NotStarted { authority },
        None => match failed.into_error() {
            source if is_unprocessed(&source) => AttemptError::NotStarted { authority },
            source => AttemptError::Broken { authority, source },
        },
    }
}

/// RFC 9113 8.7: whether the stream was closed before any processing occurred: it was refused, or is above the last one that its
/// platform names as it goes away. (h2 ends no other stream with a GOAWAY of the platform.)
fn is_unprocessed(error: &hyper::Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<h2::Error>());
    cause.is_some_and(|cause| {
        let is_refused = cause.is_reset() && cause.reason() == Some(h2::Reason::REFUSED_STREAM);
        cause.is_remote() && (is_refused || cause.is_go_away())
    })
}

impl Trunk {
    pub(crate) fn new(sender: http2::SendRequest<Outgoing>, limit: StreamLimit) -> Self {
        Self { sender, limit, streams: Arc::default() }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.streams.load(Ordering::Acquire) == 0
    }

    /// The stream for which it was made, whatever the platform has said meanwhile.
    pub(crate) fn first_stream(&self) -> Stream {
        self.streams.fetch_add(1, Ordering::AcqRel);
        Stream { sender: self.sender.clone(), streams: Arc::clone(&self.streams) }
    }

    /// A stream of it, unless it has as many as the platform allows.
    pub(crate) fn try_stream(&self) -> Option<Stream> {
        let grown = |streams: usize| (streams < self.limit.now()).then_some(streams + 1);
        self.streams.fetch_update(Ordering::AcqRel, Ordering::Acquire, grown).ok()?;
        Some(Stream { sender: self.sender.clone(), streams: Arc::clone(&self.streams) })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.streams.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A task that is scheduled at all runs within this time; a stuck connection costs an attempt no more.
const READY_WITHIN: Duration = Duration::from_millis(20);
