//! New connections: name, address, TCP, TLS, within one time limit.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::rt::{Read, Write};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tower_service::Service;

use super::error::{AttemptError, BoxError};
use super::target::Origin;

/// Dials.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    tcp: HttpConnector,
    within: Duration,
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

    /// A new connection. `tls` is used for a secure origin and must be there for one.
    ///
    /// # Errors
    /// Any of those that mean [`paceline_core::Reply::NotSent`].
    pub(crate) async fn dial(
        &self,
        origin: &Origin,
        tls: Option<Arc<ClientConfig>>,
    ) -> Result<SendRequest<Full<Bytes>>, AttemptError> {
        let dialled = tokio::time::timeout(self.within, self.dial_untimed(origin, tls)).await;
        dialled.unwrap_or_else(|_| {
            Err(AttemptError::ConnectTimedOut { authority: name(origin), within: self.within })
        })
    }

    async fn dial_untimed(
        &self,
        origin: &Origin,
        tls: Option<Arc<ClientConfig>>,
    ) -> Result<SendRequest<Full<Bytes>>, AttemptError> {
        let tcp = self.tcp.clone().call(origin.uri()).await.map_err(|error| refused(origin, error.into()))?;
        match tls {
            None => converse(origin, tcp).await,
            Some(config) => {
                let stream = secure(origin, config, tcp.into_inner())
                    .await
                    .map_err(|source| AttemptError::Tls { authority: name(origin), source })?;
                converse(origin, stream).await
            }
        }
    }
}

async fn secure(
    origin: &Origin,
    config: Arc<ClientConfig>,
    tcp: TcpStream,
) -> io::Result<TokioIo<tokio_rustls::client::TlsStream<TcpStream>>> {
    let host = origin.authority.host();
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let host = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    Ok(TokioIo::new(TlsConnector::from(config).connect(host, tcp).await?))
}

/// Speaks HTTP/1.1 over `stream`. The spawned task belongs to the returned sender: it ends with it, when the
/// platform closes, or when a reply is abandoned midway.
async fn converse<S>(origin: &Origin, stream: S) -> Result<SendRequest<Full<Bytes>>, AttemptError>
where
    S: Read + Write + Send + Unpin + 'static,
{
    let (sender, connection) = http1::handshake(stream)
        .await
        .map_err(|source| AttemptError::Connect { authority: name(origin), source: source.into() })?;
    tokio::spawn(async move {
        // How it ends is told to whoever waits for a reply on it; to nobody else does it matter.
        drop(connection.await);
    });
    Ok(sender)
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
