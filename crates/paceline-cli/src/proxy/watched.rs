//! What stands between hyper and a connection of HTTP/1: heads are looked at on their way to it, and its own refusals are marked.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::heads::Heads;

/// A stream that shows what comes to `heads`.
#[derive(Debug)]
pub(super) struct Watched<S> {
    stream: S,
    heads: Arc<Heads>,
    /// What has come behind a blank line, and has not been asked for.
    behind: Bytes,
    /// What is being said in the place of hyper's own words.
    words: Bytes,
}

impl<S> Watched<S> {
    pub(super) const fn new(stream: S, heads: Arc<Heads>) -> Self {
        Self { stream, heads, behind: Bytes::new(), words: Bytes::new() }
    }

    /// The stream, and what was read from it that hyper has not had.
    pub(super) fn into_parts(self) -> (S, Bytes) {
        (self.stream, self.behind)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.behind.is_empty() {
            let most = this.behind.len().min(buffer.remaining());
            let passed = this.heads.pass(&this.behind[..most]);
            buffer.put_slice(&this.behind.split_to(passed));
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buffer))?;
        let fresh = &buffer.filled()[before..];
        let passed = this.heads.pass(fresh);
        if passed < fresh.len() {
            this.behind = Bytes::copy_from_slice(&fresh[passed..]);
            buffer.set_filled(before + passed);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> Watched<S> {
    /// RFC 9209: what hyper refuses by itself is no word of the platform, and says so. Nothing else can be written before there is
    /// a request.
    fn poll_marked(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.words.is_empty() {
            let head = bytes.strip_suffix(b"\r\n").unwrap_or(bytes);
            self.words = [head, MARK].concat().into();
        }
        while !self.words.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.words))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            drop(self.words.split_to(written));
        }
        Poll::Ready(Ok(bytes.len()))
    }

    /// Whether `bytes` are a refusal of hyper's own, whole.
    fn is_unmarked(&self, bytes: &[u8]) -> bool {
        let is_head = || bytes.starts_with(b"HTTP/1.1 4") && bytes.ends_with(b"\r\n\r\n");
        !self.heads.has_asked() && is_head() && memchr::memmem::find(bytes, b"proxy-status:").is_none()
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_unmarked(bytes) {
            return self.poll_marked(cx, bytes);
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
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
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

const MARK: &[u8] = b"proxy-status: paceline; error=http_request_error\r\n\r\n";
