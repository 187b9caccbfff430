//! Connections that become something else (RFC 9110 7.8): a WebSocket, for example.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::error::BoxError;

/// What the platform has agreed to; the connection is handed over when its reply is through.
#[derive(Debug)]
pub struct Upgrade(OnUpgrade);

/// The connection, raw, in both directions.
#[derive(Debug)]
pub struct Upgraded(TokioIo<hyper::upgrade::Upgraded>);

impl Upgrade {
    pub(crate) const fn new(upgrade: OnUpgrade) -> Self {
        Self(upgrade)
    }

    /// The raw connection.
    ///
    /// # Errors
    /// When it broke before it was handed over.
    pub async fn connection(self) -> Result<Upgraded, BoxError> {
        Ok(Upgraded(TokioIo::new(self.0.await?)))
    }
}

impl AsyncRead for Upgraded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Upgraded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
