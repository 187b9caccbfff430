//! The clients' side: accepting connections and speaking HTTP on them.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request};
use http_body_util::Full;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::rt::{Read, Write};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use paceline::client::ReplyBody;
use paceline::http::AttemptError;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::Proxy;
use super::bounds::Share;
use super::forward;

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
    Reply(ReplyBody),
    Own(Full<Bytes>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Http1,
    Http2,
}

/// Accepts until the proxy drains. Connections go on by themselves, as tasks of the proxy.
pub(super) async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, proxy: Arc<Proxy>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = proxy.draining.cancelled() => return,
        };
        match accepted {
            Ok((stream, from)) => {
                let (proxy, tls) = (Arc::clone(&proxy), tls.clone());
                let tasks = proxy.tasks.clone();
                tasks.spawn(async move {
                    let Some(share) = proxy.connections.try_hold(1) else {
                        return turn_away(stream, tls).await;
                    };
                    // How a connection ends is told to its client, and to nobody else.
                    drop(welcome(stream, from.ip(), tls, proxy, share).await);
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
    _share: Share,
) -> io::Result<()> {
    // Where it is refused, answers are a little later and no less right.
    let _ = stream.set_nodelay(true);
    let visitor = Visitor::new(address, tls.is_some());
    let patience = proxy.head_timeout;
    match tls {
        None => {
            let protocol = tokio::time::timeout(patience, sniff(&stream)).await??;
            converse(TokioIo::new(stream), protocol, visitor, proxy).await;
        }
        Some(tls) => {
            let stream = tokio::time::timeout(patience, tls.accept(stream)).await??;
            let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            let protocol = if is_http2 { Protocol::Http2 } else { Protocol::Http1 };
            converse(TokioIo::new(stream), protocol, visitor, proxy).await;
        }
    }
    Ok(())
}

/// RFC 9113 3.3: who knows that we speak HTTP/2 begins with a preface, and no method of HTTP/1 begins as that does.
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
        // A peek is ready as long as anything is there; a first packet of one or two bytes is rare enough for a pause.
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

async fn converse<S>(stream: S, protocol: Protocol, visitor: Visitor, proxy: Arc<Proxy>)
where
    S: Read + Write + Send + Unpin + 'static,
{
    let draining = proxy.draining.clone();
    let head_timeout = proxy.head_timeout;
    let service = service_fn(move |request: Request<Incoming>| {
        let (proxy, visitor) = (Arc::clone(&proxy), visitor.clone());
        async move { Ok::<_, Infallible>(forward::answer(proxy, visitor, request).await) }
    });
    // What goes wrong on a connection is the client's to see.
    match protocol {
        Protocol::Http1 => {
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(head_timeout).max_buf_size(MAX_HEAD);
            let mut connection = pin!(builder.serve_connection(stream, service).with_upgrades());
            tokio::select! {
                ended = connection.as_mut() => return drop(ended),
                () = draining.cancelled() => connection.as_mut().graceful_shutdown(),
            }
            drop(connection.await);
        }
        Protocol::Http2 => {
            let mut builder = http2::Builder::new(TokioExecutor::new());
            builder
                .timer(TokioTimer::new())
                .keep_alive_interval(head_timeout)
                .max_concurrent_streams(MAX_STREAMS);
            builder.max_header_list_size(MAX_HEADER_LIST);
            let mut connection = pin!(builder.serve_connection(stream, service));
            tokio::select! {
                ended = connection.as_mut() => return drop(ended),
                () = draining.cancelled() => connection.as_mut().graceful_shutdown(),
            }
            drop(connection.await);
        }
    }
}

/// There are as many connections as may be: says so, where it can be said without a handshake, and closes.
async fn turn_away(mut stream: TcpStream, tls: Option<TlsAcceptor>) {
    if tls.is_none() {
        // Nobody waits for this to arrive.
        let said = tokio::time::timeout(ACCEPT_PAUSE, stream.write_all(TURNED_AWAY));
        drop(said.await);
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
            Self::Reply(reply) => Pin::new(reply).poll_frame(cx),
            Self::Own(own) => Pin::new(own).poll_frame(cx).map_err(|never| match never {}),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Reply(reply) => reply.is_end_stream(),
            Self::Own(own) => own.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Reply(reply) => reply.size_hint(),
            Self::Own(own) => own.size_hint(),
        }
    }
}

const PREFACE: &[u8; 3] = b"PRI";
/// Long enough for a connection to end, short enough not to be noticed.
pub(super) const ACCEPT_PAUSE: Duration = Duration::from_millis(10);
/// The head of a request, give or take one read: four times what common servers take.
const MAX_HEAD: usize = 64 * 1024;
const MAX_HEADER_LIST: u32 = 64 * 1024;
/// Streams of one client's connection: as many as RFC 9113 6.5.2 recommends at least, and twice that.
const MAX_STREAMS: u32 = 250;
const TURNED_AWAY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-length: 0\r\nconnection: close\r\nretry-after: 1\r\n\
    proxy-status: paceline; error=connection_limit_reached; details=\"connections\"\r\n\r\n";
