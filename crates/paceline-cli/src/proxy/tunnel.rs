//! Connections that became something else: bytes both ways until one side ends.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use paceline::http::Upgrade;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, split};
use tokio_util::sync::CancellationToken;

use super::bounds::Share;

/// Joins a client's connection and the platform's, once both are handed over. An upgrade is one call; what follows on it
/// falls under no limit of calls. It ends with either side, or when the proxy is going away; until then it has its `_seat` among
/// the connections.
pub(super) async fn join(
    downstream: OnUpgrade,
    upstream: Upgrade,
    _seat: Arc<Share>,
    drain: CancellationToken,
) {
    let (downstream, upstream) = tokio::join!(downstream, upstream.connection());
    let (Ok(downstream), Ok(upstream)) = (downstream, upstream) else { return };
    tokio::select! {
        () = copy_both(TokioIo::new(downstream), upstream) => {}
        () = drain.cancelled() => {}
    }
}

/// Each side sees how the other ended; there is nobody else to tell.
async fn copy_both(
    downstream: impl AsyncRead + AsyncWrite + Unpin,
    upstream: impl AsyncRead + AsyncWrite + Unpin,
) {
    let ((mut from_client, mut to_client), (mut from_platform, mut to_platform)) =
        (split(downstream), split(upstream));
    let mut up = std::pin::pin!(copy(&mut from_client, &mut to_platform));
    let mut down = std::pin::pin!(copy(&mut from_platform, &mut to_client));
    // What the other side has still under way may come.
    tokio::select! {
        _ = &mut up => drop(tokio::time::timeout(AFTERWARDS, down).await),
        _ = &mut down => drop(tokio::time::timeout(AFTERWARDS, up).await),
    }
}

async fn copy(from: &mut (impl AsyncRead + Unpin), to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    tokio::io::copy(from, to).await?;
    to.shutdown().await
}

/// A side that does not end when the other has would hold its connection for ever.
const AFTERWARDS: Duration = Duration::from_secs(2);
