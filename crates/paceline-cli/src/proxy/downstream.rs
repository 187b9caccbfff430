//! The clients' side: accepting connections and speaking HTTP on them.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{HeaderValue, Request};
use http_body_util::Full;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use paceline::client::ReplyBody;
use paceline::http::AttemptError;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use super::Proxy;
use super::bounds::{Bound, Share};
use super::socket::Socket;
use super::streams::{Portions, Streams};
use super::traced::TracedReply;
use super::{forward, hop, http1};

/// Where a call comes from.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    /// As it is told to the platform.
    pub(super) address: HeaderValue,
    pub(super) is_tls: bool,
}

impl Visitor {
    fn new(address: IpAddr, is_tls: bool) -> Self {
        let address = HeaderValue::try_from(address.to_canonical().to_string());
        Self { address: address.expect("an address is plain ASCII"), is_tls }
    }
}

/// The body of an answer.
#[derive(Debug)]
pub(super) enum Answer {
    Reply(Box<ReplyBody>),
    Traced(Box<TracedReply>),
    Own(Full<Bytes>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Http1,
    Http2,
}

/// Accepts until the proxy drains. Connections go on by themselves, as tasks of the proxy.
pub(super) async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, proxy: Arc<Proxy>) {
    let turned_away = Bound::of(MOST_TURNED_AWAY);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = proxy.draining.cancelled() => return,
        };
        match accepted {
            Ok((stream, from)) => {
                let (proxy, tls, turned_away) = (Arc::clone(&proxy), tls.clone(), turned_away.clone());
                let tasks = proxy.tasks.clone();
                tasks.spawn(async move {
                    let Some(seat) = proxy.connections.try_hold(1) else {
                        return turn_away(stream, tls, turned_away.try_hold(1)).await;
                    };
                    // How a connection ends is told to its client, and to nobody else.
                    drop(welcome(stream, from.ip(), tls, proxy, Arc::new(seat)).await);
                });
            }
            // Out of file descriptors, mostly: asking again at once would only burn the processor.
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn welcome(
    stream: TcpStream,
    address: IpAddr,
    tls: Option<TlsAcceptor>,
    proxy: Arc<Proxy>,
    seat: Arc<Share>,
) -> io::Result<()> {
    // Where it is refused, answers are a little later and no less right.
    let _ = stream.set_nodelay(true);
    let visitor = Visitor::new(address, tls.is_some());
    let patience = proxy.head_timeout;
    let draining = proxy.draining.clone();
    let first = async {
        match tls {
            None => {
                let Ok(protocol) = tokio::time::timeout(patience, sniff(&stream)).await else {
                    let has_begun = stream.peek(&mut [0]).now_or_never().is_some();
                    let words = if has_begun { LATE } else { b"" };
                    part(Socket::new(stream, LAST_WORDS), words).await;
                    return Err(io::ErrorKind::TimedOut.into());
                };
                Ok::<_, io::Error>((First::Clear(stream), protocol?))
            }
            Some(tls) => {
                let stream = tokio::time::timeout(patience, tls.accept(stream)).await??;
                let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                let protocol = if is_http2 { Protocol::Http2 } else { Protocol::Http1 };
                Ok((First::Tls(Box::new(stream)), protocol))
            }
        }
    };
    // Boxed, as what follows: a connection takes the room of what it has come to, and not of all that it might have.
    let (stream, protocol) = tokio::select! {
        first = Box::pin(first) => first?,
        // It has not asked for anything.
        () = draining.cancelled() => return Ok(()),
    };
    match stream {
        First::Clear(stream) => Box::pin(converse(stream, protocol, visitor, proxy, seat)).await,
        First::Tls(stream) => Box::pin(converse(*stream, protocol, visitor, proxy, seat)).await,
    }
    Ok(())
}

/// A stream that is about to speak HTTP.
enum First {
    Clear(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// RFC 9113 3.4: who knows that we speak HTTP/2 begins with a preface, and no method of HTTP/1 begins as that does. The whole of it
/// must come in time: from then on pings tell whether anybody is there.
async fn sniff(stream: &TcpStream) -> io::Result<Protocol> {
    let mut first = [0; PREFACE.len()];
    loop {
        let seen = stream.peek(&mut first).await?;
        if seen == 0 || first[..seen] != PREFACE[..seen] {
            return Ok(Protocol::Http1);
        }
        if seen == PREFACE.len() {
            return Ok(Protocol::Http2);
        }
        // A peek is ready as long as anything is there; a first packet of a part of it is rare enough for a pause.
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

async fn converse<S>(stream: S, protocol: Protocol, visitor: Visitor, proxy: Arc<Proxy>, seat: Arc<Share>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let socket = Socket::new(stream, proxy.intake.patience);
    // What goes wrong on a connection is the client's to see.
    match protocol {
        Protocol::Http1 => http1::converse(socket, visitor, proxy, seat).await,
        Protocol::Http2 => converse_http2(socket, visitor, proxy, seat).await,
    }
}

async fn converse_http2<S>(socket: Socket<S>, visitor: Visitor, proxy: Arc<Proxy>, seat: Arc<Share>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (draining, drained) = (proxy.draining.clone(), proxy.drained.clone());
    let mut builder = http2::Builder::new(Streams { patience: proxy.intake.patience });
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(proxy.head_timeout)
        .max_concurrent_streams(MAX_STREAMS);
    builder.max_header_list_size(MAX_HEADER_LIST);
    let service = service_fn(move |request: Request<Incoming>| {
        let (proxy, visitor, seat) = (Arc::clone(&proxy), visitor.clone(), Arc::clone(&seat));
        let answer = Box::pin(forward::answer(proxy, visitor, seat, request, None));
        async move { Ok::<_, Infallible>(answer.await.map(Portions::of)) }
    });
    let mut connection = Box::pin(builder.serve_connection(TokioIo::new(socket), service));
    tokio::select! {
        ended = connection.as_mut() => return drop(ended),
        () = draining.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        ended = connection => drop(ended),
        () = last_words(&drained) => {}
    }
}

/// The time in which answers to calls that were cut off can be written.
pub(super) async fn last_words(drained: &CancellationToken) {
    drained.cancelled().await;
    tokio::time::sleep(LAST_WORDS).await;
}

/// There are as many connections as may be: says so, where it can be said without a handshake, and closes.
async fn turn_away(stream: TcpStream, tls: Option<TlsAcceptor>, room: Option<Share>) {
    if tls.is_none() && room.is_some() {
        part(Socket::new(stream, LAST_WORDS), TURNED_AWAY).await;
    }
}

pub(super) async fn part<S>(mut socket: Socket<S>, words: &[u8])
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // Nobody is left to tell when they do not arrive.
    if socket.write_all(words).await.is_ok() {
        let _ = socket.shutdown().await;
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = AttemptError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, AttemptError>>> {
        match &mut *self {
            Self::Reply(reply) => Pin::new(&mut **reply).poll_frame(cx).map_ok(passed_back),
            Self::Traced(reply) => Pin::new(&mut **reply).poll_frame(cx).map_ok(passed_back),
            Self::Own(own) => Pin::new(own).poll_frame(cx).map_err(|never| match never {}),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Reply(reply) => reply.is_end_stream(),
            Self::Traced(reply) => reply.is_end_stream(),
            Self::Own(own) => own.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Reply(reply) => reply.size_hint(),
            Self::Traced(reply) => reply.size_hint(),
            Self::Own(own) => own.size_hint(),
        }
    }
}

/// Of trailers, what is not meant for us.
fn passed_back(mut frame: Frame<Bytes>) -> Frame<Bytes> {
    if let Some(trailers) = frame.trailers_mut() {
        hop::strip_trailers(trailers);
    }
    frame
}

const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Long enough for a connection to end, short enough not to be noticed.
pub(super) const ACCEPT_PAUSE: Duration = Duration::from_millis(10);
const MAX_HEADER_LIST: u32 = 64 * 1024;
/// Streams of one client's connection: as many as RFC 9113 6.5.2 recommends at least, and twice that.
const MAX_STREAMS: u32 = 250;
/// Each takes a socket for as long as it is heard out; more are closed without a word.
const MOST_TURNED_AWAY: u64 = 1_000;
/// An answer of ours is a kilobyte.
pub(super) const LAST_WORDS: Duration = Duration::from_millis(500);
pub(super) const LATE: &[u8] = b"HTTP/1.1 408 Request Timeout\r\n\
    content-length: 0\r\nconnection: close\r\n\
    proxy-status: paceline; error=http_request_error; details=\"head\"\r\n\r\n";
const TURNED_AWAY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-length: 0\r\nconnection: close\r\nretry-after: 1\r\n\
    proxy-status: paceline; error=connection_limit_reached; details=\"connections\"\r\n\r\n";
