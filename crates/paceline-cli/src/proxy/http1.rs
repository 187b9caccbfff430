//! A client's connection of HTTP/1.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::BytesMut;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::bounds::Share;
use super::downstream::{Answer, LATE, Visitor, last_words, part};
use super::heads::Heads;
use super::resting::{Answering, Awake, Opening, Rest, Resumable, Told};
use super::socket::Socket;
use super::watched::Watched;
use super::{Proxy, forward};

/// Speaks HTTP/1 until the connection ends.
pub(super) async fn converse<S>(socket: Socket<S>, visitor: Visitor, proxy: Arc<Proxy>, seat: Arc<Share>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut client = Client { visitor, proxy, seat, rest: Rest::default() };
    let mut socket = Resumable::new(socket, client.rest.clone());
    // Boxed: who rests makes no room for what it had awake.
    while let Some((mut resting, call)) = Box::pin(client.serve(socket)).await {
        let draining = &client.proxy.draining;
        let again = match call {
            Some((opening, answering)) => {
                let Some(answer) = resting.until_answered(answering).await else { return };
                client.rest.give_answer(answer);
                opening.again(&resting.behind, draining.is_cancelled())
            }
            None => {
                let asked = tokio::select! {
                    asked = timeout(client.proxy.head_timeout, resting.socket.heard(&mut resting.behind)) => asked,
                    () = draining.cancelled() => Ok(false),
                };
                if !asked.is_ok_and(|asked| asked) {
                    return part(resting.socket.into_inner(), b"").await;
                }
                resting.behind.freeze()
            }
        };
        socket = resting.socket;
        socket.resume(again);
    }
}

/// Who is at the other end.
struct Client {
    visitor: Visitor,
    proxy: Arc<Proxy>,
    seat: Arc<Share>,
    rest: Rest,
}

/// A connection whose call waits in a crowd, or was answered there.
struct Resting<S> {
    socket: Resumable<S>,
    /// What came behind the request.
    behind: BytesMut,
}

enum Turn {
    Ended(hyper::Result<()>),
    Rests(Option<(Opening, Answering)>),
}

impl Client {
    /// Serves calls until the connection ends, or it rests, perhaps with a call.
    async fn serve<S>(&mut self, socket: Resumable<S>) -> Option<(Resting<S>, Option<(Opening, Answering)>)>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (proxy, visitor, seat) = (Arc::clone(&self.proxy), self.visitor.clone(), Arc::clone(&self.seat));
        let (rest, heads) = (self.rest.clone(), Arc::new(Heads::default()));
        let stream = TokioIo::new(Watched::new(socket, Arc::clone(&heads)));
        let service = service_fn(move |mut request: Request<Incoming>| {
            // Here and now: hyper has read nothing behind this head yet.
            heads.begin(&mut request);
            let called = match rest.take_answer() {
                Some(answer) => Called::Answered(Some(rest.last_of(answer))),
                None => Called::new(&proxy, &visitor, &seat, &rest, request),
            };
            let heads = Arc::clone(&heads);
            async move {
                let response = called.await;
                if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                    heads.end();
                }
                Ok::<_, Infallible>(response)
            }
        });
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(self.proxy.head_timeout).max_buf_size(MAX_HEAD);
        let mut connection = builder.serve_connection(stream, service).with_upgrades();
        let (draining, drained) = (&self.proxy.draining, &self.proxy.drained);
        let turn = tokio::select! {
            biased;
            turn = self.next_turn(&mut connection) => turn,
            () = draining.cancelled() => {
                Pin::new(&mut connection).graceful_shutdown();
                tokio::select! {
                    turn = self.next_turn(&mut connection) => turn,
                    () = last_words(drained) => return None,
                }
            }
        };
        let parts = connection.into_parts()?;
        match turn {
            Turn::Rests(call) => {
                let (mut socket, unread) = parts.io.into_inner().into_parts();
                // Copied: even when nothing came, it is a part of a buffer of 8 KB.
                let mut behind = BytesMut::from(&parts.read_buf[..]);
                behind.extend_from_slice(&unread);
                behind.extend_from_slice(&socket.take_again());
                Some((Resting { socket, behind }, call))
            }
            // A head that was begun and not ended in time has an answer. A client that was idle has not asked.
            Turn::Ended(Err(error)) if error.is_timeout() && !parts.read_buf.is_empty() => {
                let (socket, _) = parts.io.into_inner().into_parts();
                part(socket.into_inner(), LATE).await;
                None
            }
            Turn::Ended(_) => None,
        }
    }

    async fn next_turn<C>(&self, connection: &mut C) -> Turn
    where
        C: Future<Output = hyper::Result<()>> + Unpin,
    {
        let turn = poll_fn(|cx| match Pin::new(&mut *connection).poll(cx) {
            Poll::Ready(ended) => Poll::Ready(Turn::Ended(ended)),
            Poll::Pending => match self.rest.begin() {
                None if !self.proxy.is_crowded() || !self.rest.begin_idle() => Poll::Pending,
                call => Poll::Ready(Turn::Rests(call)),
            },
        });
        turn.await
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Resting<S> {
    /// The answer; nothing, if the client goes before it has come.
    async fn until_answered(&mut self, answering: Answering) -> Option<Response<Answer>> {
        tokio::select! {
            biased;
            answer = answering => Some(answer),
            () = self.socket.gone(&mut self.behind) => None,
        }
    }
}

/// What hyper asks for the answer.
enum Called {
    Now(Answering),
    /// In a crowd.
    Awake(Awake),
    /// It has rested.
    Answered(Option<Response<Told>>),
}

impl Called {
    fn new(
        proxy: &Arc<Proxy>,
        visitor: &Visitor,
        seat: &Arc<Share>,
        rest: &Rest,
        request: Request<Incoming>,
    ) -> Self {
        rest.is_asked();
        let (proxy, visitor, seat) = (Arc::clone(proxy), visitor.clone(), Arc::clone(seat));
        let opening = proxy.is_crowded().then(|| Opening::of(&request)).flatten();
        if let Some(opening) = opening {
            let answering = Box::pin(forward::answer(proxy, visitor, seat, request, Some(rest.clone())));
            return Self::Awake(rest.keep(opening, answering));
        }
        // Boxed: hyper keeps room for it on idle connections too.
        Self::Now(Box::pin(forward::answer(proxy, visitor, seat, request, None)))
    }
}

impl Future for Called {
    type Output = Response<Told>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response<Told>> {
        match &mut *self {
            Self::Now(answering) => answering.as_mut().poll(cx).map(|answer| answer.map(Told::new)),
            Self::Awake(awake) => Pin::new(awake).poll(cx).map(|answer| answer.map(Told::new)),
            Self::Answered(answer) => answer.take().map_or(Poll::Pending, Poll::Ready),
        }
    }
}

/// The head of a request, give or take one read: four times what common servers take.
const MAX_HEAD: usize = 64 * 1024;
