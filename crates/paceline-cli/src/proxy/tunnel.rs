//! Connections that became something else: bytes both ways until one side ends.

use std::sync::Arc;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use paceline::http::Upgrade;
use tokio::io::copy_bidirectional;
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
    let (Ok(downstream), Ok(mut upstream)) = (downstream, upstream) else { return };
    let mut downstream = TokioIo::new(downstream);
    tokio::select! {
        // Each side sees how the other ended; there is nobody else to tell.
        copied = copy_bidirectional(&mut downstream, &mut upstream) => drop(copied),
        () = drain.cancelled() => {}
    }
}
