//! A client's socket, with an end to every wait for its client, and with an eye on what passes.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::heads::Heads;

/// A stream whose peer must take what it is sent, and is heard out at the end.
#[derive(Debug)]
pub(super) struct Socket<S> {
    stream: S,
    patience: Duration,
    /// Runs while the peer takes nothing.
    silence: Option<Pin<Box<Sleep>>>,
    parting: Parting,
    /// Where heads are looked at on their way.
    heads: Option<Arc<Heads>>,
    /// What has come behind a blank line, and has not been asked for.
    behind: Bytes,
    /// What is being said in the place of hyper's own words.
    words: Bytes,
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
        Self {
            stream,
            patience,
            silence: None,
            parting: Parting::NotYet,
            heads: None,
            behind: Bytes::new(),
            words: Bytes::new(),
        }
    }

    /// Shows `heads` what comes.
    pub(super) fn watched(mut self, heads: Arc<Heads>) -> Self {
        self.heads = Some(heads);
        self
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
        let this = &mut *self;
        let Some(heads) = &this.heads else { return Pin::new(&mut this.stream).poll_read(cx, buffer) };
        if !this.behind.is_empty() {
            let most = this.behind.len().min(buffer.remaining());
            let passed = heads.pass(&this.behind[..most]);
            buffer.put_slice(&this.behind.split_to(passed));
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buffer))?;
        let fresh = &buffer.filled()[before..];
        let passed = heads.pass(fresh);
        if passed < fresh.len() {
            this.behind = Bytes::copy_from_slice(&fresh[passed..]);
            buffer.set_filled(before + passed);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// RFC 9209: what hyper refuses by itself is no word of the platform, and says so. Nothing else can be written before there is
    /// a request.
    fn poll_marked(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.words.is_empty() {
            let head = bytes.strip_suffix(b"\r\n").unwrap_or(bytes);
            self.words = [head, MARK].concat().into();
        }
        while !self.words.is_empty() {
            let written = Pin::new(&mut self.stream).poll_write(cx, &self.words);
            let written = ready!(self.within_patience(cx, written))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            drop(self.words.split_to(written));
        }
        Poll::Ready(Ok(bytes.len()))
    }

    /// Whether `bytes` are a refusal of hyper's own, whole.
    fn is_unmarked(&self, bytes: &[u8]) -> bool {
        let is_early = self.heads.as_ref().is_some_and(|heads| !heads.has_asked());
        let is_head = || bytes.starts_with(b"HTTP/1.1 4") && bytes.ends_with(b"\r\n\r\n");
        is_early && is_head() && memchr::memmem::find(bytes, b"proxy-status:").is_none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Socket<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_unmarked(bytes) {
            return self.poll_marked(cx, bytes);
        }
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.within_patience(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Some(only) =
            slices.iter().find(|slice| !slice.is_empty()).filter(|slice| self.is_unmarked(slice))
        {
            return self.poll_marked(cx, only);
        }
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

const MARK: &[u8] = b"proxy-status: paceline; error=http_request_error\r\n\r\n";
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
