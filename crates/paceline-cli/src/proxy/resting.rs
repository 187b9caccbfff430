//! Connections of HTTP/1 whose calls wait in a crowd: they keep their socket and their call, and nothing else.
//!
//! hyper has two buffers of 8 KB for each connection that it serves, until the answer is written. So where thousands wait, it is taken
//! off the connection. When the answer has come, a fresh one reads the opening of the request again, as much of it as decides
//! how an answer is written, and is handed the answer.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes, BytesMut};
use http::header::{CONNECTION, TE, TRANSFER_ENCODING};
use http::{Request, Response, Version};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::downstream::Answer;
use super::hop;
use super::socket::Socket;

/// A call under way.
pub(super) type Answering = Pin<Box<dyn Future<Output = Response<Answer>> + Send>>;

/// What a connection and the call on it know of each other. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Rest(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// Whether the call waits, and has all that it needs of its connection.
    is_wanted: AtomicBool,
    /// Whether hyper has written all that it had to write.
    is_flushed: AtomicBool,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Of a call that may rest.
    call: Option<(Opening, Answering)>,
    /// To be given when the opening has been read again.
    answer: Option<Response<Answer>>,
}

impl Rest {
    /// To be called when the body has been read, and a crowd waits.
    pub(super) fn want(&self) {
        self.0.is_wanted.store(true, Ordering::Relaxed);
    }

    /// The call departs.
    pub(super) fn want_no_more(&self) {
        self.0.is_wanted.store(false, Ordering::Relaxed);
    }

    /// Keeps a call that may rest; the future that is returned is the call, until it rests.
    pub(super) fn keep(&self, opening: Opening, answering: Answering) -> Awake {
        self.lock().call = Some((opening, answering));
        Awake(self.clone())
    }

    /// The answer to a request whose opening was read again.
    pub(super) fn take_answer(&self) -> Option<Response<Answer>> {
        self.lock().answer.take()
    }

    /// For the request whose opening will be read again.
    pub(super) fn give_answer(&self, answer: Response<Answer>) {
        self.lock().answer = Some(answer);
    }

    /// The call, if it is time for it to rest.
    pub(super) fn begin(&self) -> Option<(Opening, Answering)> {
        let shared = &self.0;
        if !shared.is_wanted.load(Ordering::Relaxed) || !shared.is_flushed.load(Ordering::Relaxed) {
            return None;
        }
        self.want_no_more();
        self.lock().call.take()
    }

    fn wrote_all(&self, is_flushed: bool) {
        self.0.is_flushed.store(is_flushed, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A kept call that does not rest. Dropped, it takes its call with it, unless that has begun to rest.
pub(super) struct Awake(Rest);

impl Future for Awake {
    type Output = Response<Answer>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response<Answer>> {
        // Not under the lock: a call is much that may happen.
        let Some((opening, mut answering)) = self.0.lock().call.take() else { return Poll::Pending };
        let polled = answering.as_mut().poll(cx);
        if polled.is_pending() {
            self.0.lock().call = Some((opening, answering));
        }
        polled
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        let call = self.0.lock().call.take();
        self.0.want_no_more();
        drop(call);
    }
}

/// What of a request decides how its answer is written: its method, its version, and two headers.
pub(super) struct Opening(Vec<u8>);

impl Opening {
    /// `None` where something else decides, too: whether its connection becomes something else, or was framed in two ways, of which
    /// hyper leaves no trace.
    pub(super) fn of<B>(request: &Request<B>) -> Option<Self> {
        let headers = request.headers();
        if headers.contains_key(TRANSFER_ENCODING) || hop::upgrade(headers).is_some() {
            return None;
        }
        let version = if request.version() == Version::HTTP_10 { "1.0" } else { "1.1" };
        let mut written = format!("{} / HTTP/{version}\r\nhost: \r\n", request.method()).into_bytes();
        for name in [CONNECTION, TE] {
            for value in headers.get_all(&name) {
                for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                    written.extend_from_slice(part);
                }
            }
        }
        Some(Self(written))
    }

    /// To be read by hyper, before what came on the connection `behind` the request. Where it `is_last`, the connection is closed
    /// after the answer.
    pub(super) fn again(self, behind: &[u8], is_last: bool) -> Bytes {
        let Self(mut written) = self;
        let end: &[u8] = if is_last { b"connection: close\r\n\r\n" } else { b"\r\n" };
        written.extend_from_slice(end);
        written.extend_from_slice(behind);
        written.into()
    }
}

/// A socket under hyper that may be taken away from it.
pub(super) struct Resumable<S> {
    socket: Socket<S>,
    /// What is read before all that still comes.
    again: Bytes,
    rest: Rest,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Resumable<S> {
    pub(super) fn new(socket: Socket<S>, rest: Rest) -> Self {
        rest.wrote_all(true);
        Self { socket, again: Bytes::new(), rest }
    }

    pub(super) fn into_inner(self) -> Socket<S> {
        self.socket
    }

    /// Reads `again` first, from now on.
    pub(super) fn resume(&mut self, again: Bytes) {
        self.again = again;
    }

    /// Resolves when the client has gone. What it has sent `behind` its request is kept; past that nobody looks, hyper neither.
    pub(super) async fn gone(&mut self, behind: &mut BytesMut) {
        std::future::poll_fn(|cx| {
            let mut space = [0; 1024];
            while behind.is_empty() {
                let mut buffer = ReadBuf::new(&mut space);
                let read = ready!(Pin::new(&mut self.socket).poll_read(cx, &mut buffer));
                if read.is_err() || buffer.filled().is_empty() {
                    return Poll::Ready(());
                }
                behind.extend_from_slice(buffer.filled());
            }
            Poll::Pending
        })
        .await;
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
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::header::{COOKIE, HeaderValue};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[test]
    fn an_opening_says_no_more_than_decides_how_an_answer_is_written() {
        let mut request = Request::new(());
        *request.method_mut() = http::Method::HEAD;
        *request.version_mut() = Version::HTTP_10;
        request.headers_mut().insert(CONNECTION, HeaderValue::from_static("keep-alive"));
        request.headers_mut().insert(COOKIE, HeaderValue::from_static("secret"));
        let again = Opening::of(&request).unwrap().again(b"GET", true);
        let wanted = "HEAD / HTTP/1.0\r\nhost: \r\nconnection: keep-alive\r\nconnection: close\r\n\r\nGET";
        assert_eq!(again, wanted);
        request.headers_mut().insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        assert!(Opening::of(&request).is_none());
    }

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

    #[tokio::test]
    async fn a_call_goes_with_its_connection_unless_it_rests() {
        for rests in [false, true] {
            let alive = Arc::new(());
            let rest = Rest::default();
            let call = Arc::clone(&alive);
            let answering = Box::pin(async move {
                let _call = call;
                std::future::pending().await
            });
            let awake = rest.keep(Opening::of(&Request::new(())).unwrap(), answering);
            rest.wrote_all(true);
            assert!(rest.begin().is_none(), "nobody wants it");
            rest.want();
            let resting = if rests { rest.begin() } else { None };
            drop(awake);
            assert_eq!(Arc::strong_count(&alive) == 2, rests);
            assert_eq!(resting.is_some(), rests);
        }
    }
}
