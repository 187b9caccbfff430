//! New connections: name, address, TCP, TLS, within one time limit.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper::client::conn::{http1, http2};
use hyper::rt::{Read, Write};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower_service::Service;

use super::error::{AttemptError, BoxError};
use super::outgoing::Outgoing;
use super::target::Origin;
use super::tls::HTTP2;

/// Dials.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    tcp: HttpConnector,
    within: Duration,
}

/// A new connection, by what both sides agreed to speak.
#[derive(Debug)]
pub(crate) enum Dialled {
    Http1(http1::SendRequest<Outgoing>),
    Http2(http2::SendRequest<Outgoing>, StreamLimit),
}

/// How many streams a platform lets one connection have, as it said last.
#[derive(Clone, Debug)]
pub(crate) struct StreamLimit(Arc<AtomicUsize>);

impl StreamLimit {
    pub(crate) fn now(&self) -> usize {
        self.0.load(Ordering::Relaxed).min(MOST_STREAMS)
    }
}

impl Connector {
    /// Dials with this much time for name, TCP and TLS together.
    pub(crate) fn new(within: Duration) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        // A request is one small write; Nagle would hold its tail for the platform's delayed ACK.
        tcp.set_nodelay(true);
        // Shares the time among the addresses of a name, so that a dead first one does not take it all.
        tcp.set_connect_timeout(Some(within));
        Self { tcp, within }
    }

    /// A new connection. `tls` is used for a secure origin and must be there for one; without it HTTP/1.1 is spoken.
    ///
    /// # Errors
    /// Any of those that mean [`paceline_core::Reply::NotSent`].
    pub(crate) async fn dial(
        &self,
        origin: &Origin,
        tls: Option<Arc<ClientConfig>>,
    ) -> Result<Dialled, AttemptError> {
        let dialled = tokio::time::timeout(self.within, self.dial_untimed(origin, tls)).await;
        dialled.unwrap_or_else(|_| {
            Err(AttemptError::ConnectTimedOut { authority: name(origin), within: self.within })
        })
    }

    async fn dial_untimed(
        &self,
        origin: &Origin,
        tls: Option<Arc<ClientConfig>>,
    ) -> Result<Dialled, AttemptError> {
        let tcp = self.tcp.clone().call(origin.uri()).await.map_err(|error| refused(origin, error.into()))?;
        let spoken = match tls {
            None => speak_http1(tcp).await,
            Some(config) => {
                let stream = secure(origin, config, tcp.into_inner())
                    .await
                    .map_err(|source| AttemptError::Tls { authority: name(origin), source })?;
                if stream.get_ref().1.alpn_protocol() == Some(HTTP2) {
                    speak_http2(TokioIo::new(stream)).await
                } else {
                    speak_http1(TokioIo::new(stream)).await
                }
            }
        };
        spoken.map_err(|source| AttemptError::Connect { authority: name(origin), source: source.into() })
    }
}

async fn secure(
    origin: &Origin,
    config: Arc<ClientConfig>,
    tcp: TcpStream,
) -> io::Result<TlsStream<TcpStream>> {
    let host = origin.authority.host();
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let host = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    TlsConnector::from(config).connect(host, tcp).await
}

/// Speaks HTTP/1.1 over `stream`. The spawned task belongs to the returned sender: it ends with it, when the
/// platform closes, when a reply is abandoned midway, or hands the stream over when the platform upgrades it.
async fn speak_http1<S>(stream: S) -> hyper::Result<Dialled>
where
    S: Read + Write + Send + Unpin + 'static,
{
    let (sender, connection) = http1::handshake(stream).await?;
    tokio::spawn(async move {
        // How it ends is told to whoever waits for a reply on it; to nobody else does it matter.
        drop(connection.with_upgrades().await);
    });
    Ok(Dialled::Http1(sender))
}

/// Speaks HTTP/2 over `stream`. The spawned task ends when the last sender and the last stream are gone, or when the platform
/// closes.
async fn speak_http2<S>(stream: S) -> hyper::Result<Dialled>
where
    S: Read + Write + Send + Unpin + 'static,
{
    let mut builder = http2::Builder::new(TokioExecutor::new());
    // A connection that died without a word is found out while replies are owed on it.
    builder.timer(TokioTimer::new()).adaptive_window(true).keep_alive_interval(PING_EVERY);
    let (sender, mut connection) = builder.handshake(stream).await?;
    let limit = StreamLimit(Arc::new(AtomicUsize::new(MOST_STREAMS)));
    let told = limit.clone();
    tokio::spawn(async move {
        let conversation = poll_fn(|cx| {
            let polled = Pin::new(&mut connection).poll(cx);
            told.0.store(connection.current_max_send_streams(), Ordering::Relaxed);
            polled
        });
        drop(conversation.await);
    });
    Ok(Dialled::Http2(sender, limit))
}

fn refused(origin: &Origin, source: BoxError) -> AttemptError {
    let authority = name(origin);
    let io = source.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    match io.map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => AttemptError::Refused { authority },
        _ => AttemptError::Connect { authority, source },
    }
}

fn name(origin: &Origin) -> Box<str> {
    origin.authority.as_str().into()
}

/// Well below the idle limits of load balancers, and rare enough not to be taken for a flood of pings.
const PING_EVERY: Duration = Duration::from_secs(20);

/// RFC 9113 6.5.2 recommends no limit below it, and most platforms have just that. A stream beyond a platform's limit would be
/// queued inside the connection, and reach the platform later than it departed.
const MOST_STREAMS: usize = 100;
