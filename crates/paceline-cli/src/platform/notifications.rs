//! `GET /notifications`: WebSockets on which a platform tells what happens. They count against no quota.
//!
//! A socket hears a heartbeat now and then, has its pings answered, and is closed when its client has been silent for too
//! long: what the platform itself sends does not keep it open.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hyper::body::Incoming;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::create_response;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, Role, WebSocketConfig};

/// How a stand-in keeps its WebSockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotificationTerms {
    /// How long between two heartbeats of the platform; 30 s by default.
    pub heartbeat: Duration,
    /// A client that has sent nothing for so long is closed upon, with 1001; 5 minutes by default.
    pub idle: Duration,
    /// The most sockets at once; one more is answered with 503. 10,000 by default.
    pub at_most: u64,
}

impl Default for NotificationTerms {
    fn default() -> Self {
        Self { heartbeat: HEARTBEAT, idle: IDLE, at_most: AT_MOST }
    }
}

/// What became of the WebSockets so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NotificationStats {
    /// Sockets that were opened.
    pub notifications_opened: u64,
    /// Those that are open.
    pub notifications_open: u64,
    /// Those that were closed upon, for their clients were silent.
    pub notifications_idled: u64,
    /// Pings that were answered.
    pub pongs: u64,
}

/// All sockets of a stand-in.
#[derive(Debug)]
pub(super) struct Notifications {
    terms: NotificationTerms,
    opened: AtomicU64,
    open: AtomicU64,
    idled: AtomicU64,
    pongs: AtomicU64,
}

impl Notifications {
    pub(super) fn new(terms: NotificationTerms) -> Arc<Self> {
        let zero = AtomicU64::default;
        Arc::new(Self { terms, opened: zero(), open: zero(), idled: zero(), pongs: zero() })
    }

    pub(super) fn stats(&self) -> NotificationStats {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        NotificationStats {
            notifications_opened: count(&self.opened),
            notifications_open: count(&self.open),
            notifications_idled: count(&self.idled),
            pongs: count(&self.pongs),
        }
    }

    /// Answers a request for a socket: with 101, and the socket that it becomes.
    ///
    /// # Errors
    /// With the status and the reason when it becomes none.
    pub(super) fn open(
        self: &Arc<Self>,
        request: &mut Request<Incoming>,
    ) -> Result<(Response<()>, Socket), (u16, String)> {
        let response = create_response(&head(request)).map_err(|error| {
            (400, format!("this is where WebSockets are opened, and the request opens none: {error}"))
        })?;
        let place = Place::take(self).ok_or_else(|| {
            (503, format!("{} WebSockets are open, and no more are taken", self.terms.at_most))
        })?;
        Ok((response, Socket { becoming: hyper::upgrade::on(request), place }))
    }
}

/// A socket that a connection becomes.
#[derive(Debug)]
pub(super) struct Socket {
    becoming: OnUpgrade,
    place: Place,
}

impl Socket {
    /// Speaks with the client until one of them closes.
    pub(super) async fn attend(self) {
        let Ok(line) = self.becoming.await else { return };
        let config = WebSocketConfig::default()
            .max_message_size(Some(LONGEST_MESSAGE))
            .max_frame_size(Some(LONGEST_MESSAGE));
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(line), Role::Server, Some(config)).await;
        converse(socket, &self.place.0).await;
    }
}

/// One of the places for sockets; given back when it is dropped.
#[derive(Debug)]
struct Place(Arc<Notifications>);

impl Place {
    fn take(all: &Arc<Notifications>) -> Option<Self> {
        let more = |open| (open < all.terms.at_most).then_some(open + 1);
        all.open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        all.opened.fetch_add(1, Ordering::Relaxed);
        Some(Self(Arc::clone(all)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn converse(mut socket: WebSocketStream<TokioIo<Upgraded>>, all: &Notifications) {
    let NotificationTerms { heartbeat, idle, .. } = all.terms;
    let mut beats = interval_at(Instant::now() + heartbeat, heartbeat);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut idle_at = Instant::now() + idle;
    loop {
        tokio::select! {
            biased;
            heard = socket.next() => match heard {
                None | Some(Err(_)) => return,
                // The answer leaves with the next look at the socket, which then ends.
                Some(Ok(Message::Close(_))) => {}
                Some(Ok(message)) => {
                    all.pongs.fetch_add(u64::from(message.is_ping()), Ordering::Relaxed);
                    idle_at = Instant::now() + idle;
                }
            },
            () = sleep_until(idle_at) => {
                all.idled.fetch_add(1, Ordering::Relaxed);
                return close(socket).await;
            }
            _ = beats.tick() => {
                let sent = timeout(PATIENCE, socket.send(Message::text(HEARTBEAT_TEXT))).await;
                if !matches!(sent, Ok(Ok(()))) {
                    return;
                }
            }
        }
    }
}

/// RFC 6455 7.1.1: whoever closes waits for the other's close, here not for ever.
async fn close(mut socket: WebSocketStream<TokioIo<Upgraded>>) {
    let frame = CloseFrame { code: CloseCode::Away, reason: "idle".into() };
    let goodbye = async {
        if socket.close(Some(frame)).await.is_ok() {
            while let Some(Ok(_)) = socket.next().await {}
        }
    };
    // A client that does not answer is left.
    let _ = timeout(PATIENCE, goodbye).await;
}

fn head(request: &Request<Incoming>) -> Request<()> {
    let mut head = Request::new(());
    *head.method_mut() = request.method().clone();
    *head.version_mut() = request.version();
    *head.headers_mut() = request.headers().clone();
    head
}

/// A large platform's, which sends one every 30 s.
const HEARTBEAT_TEXT: &str =
    r#"{"topicName":"channel.metadata","eventBody":{"message":"WebSocket Heartbeat"}}"#;
const HEARTBEAT: Duration = Duration::from_secs(30);
/// Longer than the minute of common load balancers, whose heartbeats count, and shorter than the ten minutes of gateways
/// that take no heartbeat for a sign of life.
const IDLE: Duration = Duration::from_secs(300);
/// More than any lab holds; bounds memory.
const AT_MOST: u64 = 10_000;
/// Clients have nothing to say here; bounds what one of them can make us hold.
const LONGEST_MESSAGE: usize = 64 * 1024;
/// A heartbeat fits into any socket's buffer: a client that takes none for so long reads no more.
const PATIENCE: Duration = Duration::from_secs(5);
