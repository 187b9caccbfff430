//! The socket of a connection that may rest.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::super::socket::Socket;
use super::Rest;

/// A socket under hyper that may be taken away from it.
pub(in crate::proxy) struct Resumable<S> {
    socket: Socket<S>,
    /// What is read before all that still comes.
    again: Bytes,
    rest: Rest,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Resumable<S> {
    pub(in crate::proxy) fn new(socket: Socket<S>, rest: Rest) -> Self {
        rest.wrote_all(true);
        Self { socket, again: Bytes::new(), rest }
    }

    pub(in crate::proxy) fn into_inner(self) -> Socket<S> {
        self.socket
    }

    /// Reads `again` first, from now on.
    pub(in crate::proxy) fn resume(&mut self, again: Bytes) {
        self.again = again;
    }

    /// What hyper has not read of it yet.
    pub(in crate::proxy) fn take_again(&mut self) -> Bytes {
        std::mem::take(&mut self.again)
    }

    /// Waits for what comes next, and keeps it; whether anything has.
    pub(in crate::proxy) async fn heard(&mut self, behind: &mut BytesMut) -> bool {
        std::future::poll_fn(|cx| {
            let mut space = [0; 1024];
            let mut buffer = ReadBuf::new(&mut space);
            if behind.is_empty() {
                let read = ready!(Pin::new(&mut self.socket).poll_read(cx, &mut buffer));
                behind.extend_from_slice(buffer.filled());
                return Poll::Ready(read.is_ok() && !behind.is_empty());
            }
            Poll::Ready(true)
        })
        .await
    }

    /// Resolves when the client has gone. What it has sent `behind` its request is kept; past that nobody looks, hyper neither.
    pub(in crate::proxy) async fn gone(&mut self, behind: &mut BytesMut) {
        if self.heard(behind).await {
            std::future::pending().await
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Resumable<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.again.is_empty() {
            return Pin::new(&mut self.socket).poll_read(cx, buffer);
        }
        let read = self.again.len().min(buffer.remaining());
        buffer.put_slice(&self.again[..read]);
        self.again.advance(read);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Resumable<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.rest.wrote_all(false);
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.rest.wrote_all(false);
        Pin::new(&mut self.socket).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    /// hyper flushes when it has nothing left to write.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.socket).poll_flush(cx);
        self.rest.wrote_all(flushed.is_ready());
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Who says goodbye does not rest.
        self.rest.wrote_all(false);
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn what_came_behind_a_request_is_read_after_its_opening_and_before_the_rest() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let mut socket = Resumable::new(Socket::new(ours, Duration::from_secs(5)), Rest::default());
        let mut behind = BytesMut::new();
        theirs.write_all(b"behind ").await.unwrap();
        tokio::select! {
            biased;
            () = socket.gone(&mut behind) => panic!("the client is there"),
            () = tokio::task::yield_now() => {}
        }
        theirs.write_all(b"and after").await.unwrap();
        drop(theirs);
        socket.resume([b"opening, ", &behind[..]].concat().into());
        let mut read = String::new();
        socket.read_to_string(&mut read).await.unwrap();
        assert_eq!(read, "opening, behind and after");
    }

    #[tokio::test]
    async fn a_client_that_goes_while_its_connection_rests_is_missed() {
        let (ours, theirs) = tokio::io::duplex(64);
        let mut socket = Resumable::new(Socket::new(ours, Duration::from_secs(5)), Rest::default());
        drop(theirs);
        socket.gone(&mut BytesMut::new()).await;
    }
}
