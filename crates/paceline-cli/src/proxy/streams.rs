//! Streams of HTTP/2, with an end to every wait for a client that opens no window.
//!
//! hyper takes a frame of a body, and asks for the next when the client's window has let that one go. Between the two it is the
//! client that is waited for, however many other streams of the connection go on.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

/// Runs streams, and cancels those whose client takes nothing for so long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Streams {
    pub(super) patience: Duration,
}

/// A body in portions, so that who takes little at a time is not taken for somebody who takes nothing.
#[derive(Debug)]
pub(super) struct Portions<B> {
    body: B,
    /// What was not handed out of the last frame.
    rest: Bytes,
}

/// Counts up with every portion that is asked for or handed out: odd while one waits for the client.
#[derive(Clone, Debug, Default)]
struct Steps(Arc<AtomicU64>);

/// One stream under way.
struct Stream<F> {
    future: Pin<Box<F>>,
    steps: Steps,
    /// Runs while a portion waits, since this step.
    silence: Option<(u64, Pin<Box<Sleep>>)>,
    patience: Duration,
}

tokio::task_local! {
    static STEPS: Steps;
}

impl<F> hyper::rt::Executor<F> for Streams
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        let (steps, future) = (Steps::default(), Box::pin(future));
        let stream = Stream { future, steps: steps.clone(), silence: None, patience: self.patience };
        tokio::spawn(STEPS.scope(steps, stream));
    }
}

impl Steps {
    fn now(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    fn asked(&self) {
        self.0.fetch_add(self.now() % 2, Ordering::AcqRel);
    }

    fn handed_out(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

impl<F: Future> Future for Stream<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if this.future.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let step = this.steps.now();
        if step.is_multiple_of(2) {
            this.silence = None;
            return Poll::Pending;
        }
        if this.silence.as_ref().is_none_or(|(since, _)| *since != step) {
            this.silence = Some((step, Box::pin(tokio::time::sleep(this.patience))));
        }
        let Some((_, silence)) = &mut this.silence else { return Poll::Pending };
        // What is dropped is reset (RFC 9113 8.1), and its call's slot is free.
        silence.as_mut().poll(cx)
    }
}

impl<B> Portions<B> {
    pub(super) const fn of(body: B) -> Self {
        Self { body, rest: Bytes::new() }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Portions<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        // Elsewhere than in a stream nobody is waited for.
        let _ = STEPS.try_with(Steps::asked);
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)).map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => self.rest = data,
                Some(Ok(Err(other))) => return Poll::Ready(Some(Ok(other))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        let _ = STEPS.try_with(Steps::handed_out);
        let size = self.rest.len().min(PORTION);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(size)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match self.body.size_hint().exact() {
            Some(body) => SizeHint::with_exact(body + self.rest.len() as u64),
            None => SizeHint::new(),
        }
    }
}

/// RFC 9113 4.2: what every client takes as one frame.
const PORTION: usize = 16 * 1024;
