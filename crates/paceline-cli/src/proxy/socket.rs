//! A client's socket, with an end to every wait for its client.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// A stream whose peer must take what it is sent, and is heard out at the end.
#[derive(Debug)]
pub(super) struct Socket<S> {
    stream: S,
    patience: Duration,
    /// Runs while the peer takes nothing.
    silence: Option<Pin<Box<Sleep>>>,
    parting: Parting,
}

#[derive(Debug)]
enum Parting {
    NotYet,
    /// Our side is closed; what still comes is thrown away.
    Lingering {
        until: Pin<Box<Sleep>>,
        left: usize,
    },
}

impl<S> Socket<S> {
    /// The peer may take nothing for as long as `patience`.
    pub(super) const fn new(stream: S, patience: Duration) -> Self {
        Self { stream, patience, silence: None, parting: Parting::NotYet }
    }

    fn within_patience<T>(&mut self, cx: &mut Context<'_>, done: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if done.is_ready() {
            self.silence = None;
            return done;
        }
        let patience = self.patience;
        let silence = self.silence.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        silence.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Socket<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Socket<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.within_patience(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.within_patience(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.within_patience(cx, flushed)
    }

    /// RFC 9112 9.6: a socket that is closed while its peer still sends is reset, and the reset may reach the peer before the last
    /// answer is read. So our side is closed first, and what comes is read for a while.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if matches!(this.parting, Parting::NotYet) {
            let closed = Pin::new(&mut this.stream).poll_shutdown(cx);
            ready!(this.within_patience(cx, closed))?;
            let until = Box::pin(tokio::time::sleep(LINGER));
            this.parting = Parting::Lingering { until, left: LINGER_BYTES };
        }
        let Parting::Lingering { until, left } = &mut this.parting else { return Poll::Ready(Ok(())) };
        while *left > 0 && until.as_mut().poll(cx).is_pending() {
            let mut space = [0; 4096];
            let mut buffer = ReadBuf::new(&mut space);
            let read = ready!(Pin::new(&mut this.stream).poll_read(cx, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                break;
            }
            *left = left.saturating_sub(buffer.filled().len());
        }
        Poll::Ready(Ok(()))
    }
}

/// Longer than an answer takes to the other side of the world, and short enough that no drain is felt to wait for it.
const LINGER: Duration = Duration::from_millis(300);
/// What a client may have under way when it learns that nobody reads: a large socket buffer.
const LINGER_BYTES: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_nothing_is_left() {
        let (ours, _theirs) = tokio::io::duplex(8);
        let mut socket = Socket::new(ours, Duration::from_secs(5));
        let error = socket.write_all(&[0; 100]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_is_still_sending_is_heard_out() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let mut socket = Socket::new(ours, Duration::from_secs(5));
        let parting = tokio::spawn(async move { socket.shutdown().await });
        theirs.write_all(&[0; 10_000]).await.unwrap();
        assert_eq!(theirs.read(&mut [0]).await.unwrap(), 0);
        drop(theirs);
        parting.await.unwrap().unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_never_ends_is_not_heard_for_ever() {
        let (ours, _theirs) = tokio::io::duplex(64);
        Socket::new(ours, Duration::from_secs(5)).shutdown().await.unwrap();
    }
}
