//! A plain HTTP/1.1 client, as a strategy of today would have: connections are kept, and nothing else is clever.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{DATE, HOST, HeaderMap, HeaderValue, RETRY_AFTER};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use paceline::client::Timeouts;
use paceline_core::{Reply, WallTime};
use paceline_sim::platform::RetryAfter;
use paceline_sim::strategy::Answer;
use tokio::net::TcpStream;

use super::message::Message;

/// The client. Clones share its connections.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    shared: Arc<Shared>,
}

/// What happens to the bodies of refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusals {
    /// They are read, and their connections kept.
    Read,
    /// They are left where they are, and their connections closed.
    LeftUnread,
}

#[derive(Debug)]
struct Shared {
    address: SocketAddr,
    host: HeaderValue,
    timeouts: Timeouts,
    /// The last one used is the first used again.
    idle: Mutex<Vec<Sender>>,
    opened: AtomicU64,
}

type Sender = SendRequest<Full<Bytes>>;

impl Wire {
    /// A client of the platform at `address`, with the time-outs of the product.
    pub(super) fn new(address: SocketAddr) -> Self {
        let host = HeaderValue::from_str(&address.to_string()).expect("an address is text");
        let (timeouts, idle, opened) = (Timeouts::default(), Mutex::default(), AtomicU64::default());
        Self { shared: Arc::new(Shared { address, host, timeouts, idle, opened }) }
    }

    /// Connections that it opened.
    pub(super) fn connections(&self) -> u64 {
        self.shared.opened.load(Ordering::Relaxed)
    }

    /// Makes one attempt.
    pub(super) async fn attempt(&self, message: Message, refusals: Refusals) -> Answer {
        let Some(sender) = self.connection().await else { return Reply::NotSent.into() };
        let exchange = self.exchange(sender, message, refusals);
        let answered = tokio::time::timeout(self.shared.timeouts.attempt, exchange).await;
        answered.unwrap_or_else(|_| Reply::Lost.into())
    }

    async fn connection(&self) -> Option<Sender> {
        while let Some(mut sender) = self.take() {
            if sender.ready().await.is_ok() {
                return Some(sender);
            }
        }
        tokio::time::timeout(self.shared.timeouts.connect, self.dial()).await.ok()?
    }

    async fn dial(&self) -> Option<Sender> {
        let stream = TcpStream::connect(self.shared.address).await.ok()?;
        self.shared.opened.fetch_add(1, Ordering::Relaxed);
        // Where it is refused, requests leave a little later.
        let _ = stream.set_nodelay(true);
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
        // It ends with its sender, or when the platform closes; whoever waits on it is told how.
        tokio::spawn(async move { drop(connection.await) });
        Some(sender)
    }

    async fn exchange(&self, mut sender: Sender, message: Message, refusals: Refusals) -> Answer {
        let reply = match sender.try_send_request(self.request(message)).await {
            Ok(reply) => reply,
            Err(mut failed) => {
                let is_untouched = failed.take_message().is_some();
                return if is_untouched { Reply::NotSent } else { Reply::Lost }.into();
            }
        };
        let answer = answer(&reply);
        let is_accepted = reply.status().is_success();
        if !is_accepted && refusals == Refusals::LeftUnread {
            return answer;
        }
        let is_read = Limited::new(reply.into_body(), BODY_BOUND).collect().await.is_ok();
        if is_read {
            self.idle().push(sender);
        } else if is_accepted {
            return Reply::Lost.into();
        }
        answer
    }

    fn request(&self, message: Message) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(message.body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = message.path.parse().expect("a path is a URI");
        *request.headers_mut() = message.headers;
        request.headers_mut().insert(HOST, self.shared.host.clone());
        request
    }

    fn take(&self) -> Option<Sender> {
        self.idle().pop()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Sender>> {
        // Nothing that runs under the lock leaves it half done.
        self.shared.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn answer(reply: &Response<Incoming>) -> Answer {
    let answered = paceline::signals::answered(reply.status(), reply.headers());
    // Both ends are on this machine: there is one clock.
    let clock_behind = Duration::ZERO;
    Answer { reply: Reply::Answered(answered), retry_after: written(reply.headers()), clock_behind }
}

/// The `Retry-After` as it stands there; what is none of its forms counts as absent.
fn written(headers: &HeaderMap) -> Option<RetryAfter> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(RetryAfter::Seconds(seconds));
    }
    if let Some(seconds) = value.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()) {
        return Some(RetryAfter::Millis(millis(seconds)));
    }
    let at = wall_time(value)?;
    let sent = headers.get(DATE).and_then(|date| wall_time(date.to_str().ok()?))?;
    Some(RetryAfter::Date { at, sent })
}

fn wall_time(date: &str) -> Option<WallTime> {
    let at = httpdate::parse_http_date(date).ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(WallTime::from_unix_millis(millis(at)))
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// No reply of the stand-in is near it.
const BODY_BOUND: usize = 16 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &'static str) -> Option<RetryAfter> {
        let date = "Thu, 09 Oct 2025 08:53:20 GMT";
        let headers = [(RETRY_AFTER, value), (DATE, date)];
        written(&headers.map(|(name, value)| (name, HeaderValue::from_static(value))).into_iter().collect())
    }

    #[test]
    fn a_retry_after_is_shown_as_it_was_written() {
        assert_eq!(read("0"), Some(RetryAfter::Seconds(0)));
        assert_eq!(read("7"), Some(RetryAfter::Seconds(7)));
        assert_eq!(read("0.417"), Some(RetryAfter::Millis(417)));
        for nonsense in ["", "-1", "soon", "NaN", "inf"] {
            assert_eq!(read(nonsense), None, "{nonsense}");
        }
        let date = read("Thu, 09 Oct 2025 08:53:22 GMT").unwrap();
        assert_eq!(date.told(), Some(Duration::from_secs(2)));
    }
}
