//! The body of a reply, which holds its call's slot until it ends.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};

use crate::driver::Slot;

/// A reply's body as it comes. The call counts as in flight until the body has ended, failed or was dropped.
pub struct PacedBody<B: Body> {
    body: Pin<Box<B>>,
    /// What was read before the reply was handed over: only so does a refusal that stands in a body show.
    ahead: VecDeque<Result<Frame<Bytes>, B::Error>>,
    /// Nothing more comes of `body`.
    is_over: bool,
    slot: Option<Slot>,
}

impl<B: Body> PacedBody<B> {
    pub(crate) fn new(body: B) -> Self {
        let is_over = body.is_end_stream();
        Self { body: Box::pin(body), ahead: VecDeque::new(), is_over, slot: None }
    }

    /// Holds `slot` until nothing more comes.
    pub(crate) fn hold(&mut self, slot: Slot) {
        self.slot = Some(slot).filter(|_| !self.is_over);
    }

    /// Reads ahead until about `limit` bytes have come, or the end. Dropped midway, it loses nothing.
    pub(crate) async fn look_ahead(&mut self, limit: usize) {
        while self.bytes_ahead() < limit
            && let Some(frame) = std::future::poll_fn(|cx| self.poll_more(cx)).await
        {
            self.ahead.push_back(frame);
        }
    }

    /// The bytes that were read ahead.
    pub(crate) fn seen(&self) -> Vec<u8> {
        let chunks = self.ahead.iter().filter_map(|frame| frame.as_ref().ok()?.data_ref());
        chunks.flatten().copied().collect()
    }

    fn bytes_ahead(&self) -> usize {
        let chunks = self.ahead.iter().filter_map(|frame| frame.as_ref().ok()?.data_ref());
        chunks.map(Bytes::len).sum()
    }

    /// The next frame that nobody has seen.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let frame = ready!(self.body.as_mut().poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) || self.body.is_end_stream() {
            self.is_over = true;
            self.slot = None;
        }
        // No copy where the chunks are `Bytes` already.
        Poll::Ready(
            frame.map(|frame| Ok(frame?.map_data(|mut chunk| chunk.copy_to_bytes(chunk.remaining())))),
        )
    }
}

impl<B: Body> Body for PacedBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.ahead.pop_front() {
            Some(frame) => Poll::Ready(Some(frame)),
            None => self.poll_more(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_over && self.ahead.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let ahead = u64::try_from(self.bytes_ahead()).unwrap_or(u64::MAX);
        let rest = if self.is_over { SizeHint::with_exact(0) } else { self.body.size_hint() };
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(ahead));
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(ahead));
        }
        hint
    }
}

// The body is pinned in its box, and nothing else is ever pinned.
impl<B: Body> Unpin for PacedBody<B> {}

impl<B: Body> fmt::Debug for PacedBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PacedBody")
            .field("is_over", &self.is_over)
            .field("slot", &self.slot.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt as _, Full};

    use super::*;

    #[tokio::test]
    async fn what_was_read_ahead_is_still_there() {
        let mut body = PacedBody::new(Full::new(Bytes::from_static(b"hello")));
        body.look_ahead(3).await;
        assert_eq!(body.seen(), b"hello");
        assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(5), false));
        assert_eq!(body.collect().await.unwrap().to_bytes(), "hello");
    }

    #[tokio::test]
    async fn a_body_that_was_looked_at_in_vain_is_unchanged() {
        let mut body = PacedBody::new(Full::<Bytes>::default());
        body.look_ahead(3).await;
        assert!(body.is_end_stream());
        assert_eq!(body.size_hint().exact(), Some(0));
    }
}
