//! WebSockets that are held while something else goes on.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

/// Sockets, each with a task that pings and listens. Dropped, all are closed.
#[derive(Debug)]
pub(super) struct WebSockets {
    tasks: JoinSet<()>,
    held: u32,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    lost: AtomicU64,
    pongs: AtomicU64,
}

impl WebSockets {
    /// Opens `count` sockets one after the other; their pings come at `interval`, spread evenly over it. Those that cannot be
    /// opened are not held.
    pub(super) async fn open(address: SocketAddr, count: u32, interval: Option<Duration>) -> Self {
        let (mut tasks, mut held, counts) = (JoinSet::new(), 0, Arc::<Counts>::default());
        for place in 0..count {
            let Some(socket) = dial(address).await else { continue };
            held += 1;
            let first = interval.map(|interval| (interval, interval * (place + 1) / count));
            tasks.spawn(hold(socket, first, Arc::clone(&counts)));
        }
        Self { tasks, held, counts }
    }

    /// Those that were opened.
    pub(super) const fn held(&self) -> u32 {
        self.held
    }

    /// Those that were closed since.
    pub(super) fn lost(&self) -> u32 {
        u32::try_from(self.counts.lost.load(Ordering::Relaxed)).expect("no more than are held")
    }

    /// Pings that were answered.
    pub(super) fn pongs(&self) -> u64 {
        self.counts.pongs.load(Ordering::Relaxed)
    }

    /// Closes them all.
    pub(super) async fn close(mut self) {
        self.tasks.shutdown().await;
    }
}

async fn dial(address: SocketAddr) -> Option<WebSocketStream<TcpStream>> {
    let dialled = async {
        let stream = TcpStream::connect(address).await.ok()?;
        let url = format!("ws://{address}/notifications");
        client_async(url, stream).await.ok().map(|(socket, _)| socket)
    };
    timeout(OPEN_WITHIN, dialled).await.ok().flatten()
}

/// Holds a socket until it is lost. `pings` are the time between two, and until the first.
async fn hold(
    mut socket: WebSocketStream<TcpStream>,
    pings: Option<(Duration, Duration)>,
    counts: Arc<Counts>,
) {
    let (interval, first) = pings.unwrap_or((NEVER, NEVER));
    let mut ticks = interval_at(Instant::now() + first, interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            heard = socket.next() => match heard {
                Some(Ok(message)) => {
                    counts.pongs.fetch_add(u64::from(message.is_pong()), Ordering::Relaxed);
                }
                Some(Err(_)) | None => break,
            },
            _ = ticks.tick() => {
                if socket.send(Message::Ping(Default::default())).await.is_err() {
                    break;
                }
            }
        }
    }
    counts.lost.fetch_add(1, Ordering::Relaxed);
}

/// As long as the product takes to connect.
const OPEN_WITHIN: Duration = Duration::from_secs(10);
/// Longer than any run.
const NEVER: Duration = Duration::from_secs(86_400);
