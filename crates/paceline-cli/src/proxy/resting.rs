//! Connections of HTTP/1 whose calls wait in a crowd: they keep their socket and their call, and nothing else.
//!
//! hyper has two buffers of 8 KB for each connection that it serves, until the answer is written. So where thousands wait, it is taken
//! off the connection. When the answer has come, a fresh one reads the opening of the request again, as much of it as decides
//! how an answer is written, and is handed the answer. After that the connection idles without hyper, as long as the crowd is there.

mod resumable;

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONNECTION, TE, TRANSFER_ENCODING};
use http::{Request, Response, Version};
use hyper::body::{Body, Frame, SizeHint};
use paceline::http::AttemptError;

use super::downstream::Answer;
use super::hop;
pub(super) use resumable::Resumable;

/// A call under way.
pub(super) type Answering = Pin<Box<dyn Future<Output = Response<Answer>> + Send>>;

/// What a connection and the call on it know of each other. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Rest(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// Whether the call waits, and has all that it needs of its connection.
    is_wanted: AtomicBool,
    /// Whether a call that rested is answered, to the end of its body: nothing is left of it.
    is_answered: AtomicBool,
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

    /// The answer to a call that rested, which says when it is at its end.
    pub(super) fn last_of(&self, answer: Response<Answer>) -> Response<Told> {
        answer.map(|answer| Told { answer, over: Some(self.clone()) })
    }

    /// Whether the connection may rest until its client asks for something else. Only after a call that rested: of another, a part
    /// of the body may be still to come.
    pub(super) fn begin_idle(&self) -> bool {
        let shared = &self.0;
        shared.is_flushed.load(Ordering::Relaxed) && shared.is_answered.swap(false, Ordering::Relaxed)
    }

    /// Another call has come.
    pub(super) fn is_asked(&self) {
        self.0.is_answered.store(false, Ordering::Relaxed);
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

/// The body of an answer.
pub(super) struct Told {
    answer: Answer,
    /// Of a call that rested.
    over: Option<Rest>,
}

impl Told {
    /// Of a call that did not rest.
    pub(super) const fn new(answer: Answer) -> Self {
        Self { answer, over: None }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        if let Some(rest) = &self.over {
            rest.0.is_answered.store(true, Ordering::Relaxed);
        }
    }
}

impl Body for Told {
    type Data = Bytes;
    type Error = AttemptError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, AttemptError>>> {
        Pin::new(&mut self.answer).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.answer.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.answer.size_hint()
    }
}

/// What of a request decides how its answer is written: its method, its version, and two headers.
pub(super) struct Opening(Vec<u8>);

impl Opening {
    /// `None` where something else decides, too: whether its connection becomes something else, or was framed in two ways, of which
    /// hyper leaves no trace.
    pub(super) fn of<B>(request: &Request<B>) -> Option<Self> {
        let headers = request.headers();
        let repeated = headers.get_all(CONNECTION).iter().chain(headers.get_all(TE));
        if headers.contains_key(TRANSFER_ENCODING)
            || hop::upgrade(headers).is_some()
            || repeated.count() > MOST_REPEATED
        {
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

/// hyper takes so many headers and no more, and the opening has two of its own.
const MOST_REPEATED: usize = 16;

#[cfg(test)]
mod tests {
    use http::header::{COOKIE, HeaderValue};

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

    #[test]
    fn a_connection_idles_when_the_answer_to_a_call_that_rested_is_written_whole() {
        let rest = Rest::default();
        let answer = rest.last_of(Response::new(Answer::Own(http_body_util::Full::default())));
        rest.wrote_all(true);
        assert!(!rest.begin_idle(), "its body is still to come");
        drop(answer);
        rest.wrote_all(false);
        assert!(!rest.begin_idle(), "a part of it is not written");
        rest.wrote_all(true);
        assert!(rest.begin_idle());
        assert!(!rest.begin_idle(), "once");
        drop(rest.last_of(Response::new(Answer::Own(http_body_util::Full::default()))));
        rest.is_asked();
        assert!(!rest.begin_idle(), "another call has come");
    }
}
