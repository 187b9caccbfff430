//! A service that panics when tower's contract is broken: every call needs readiness of that very clone, and
//! readiness is a place that others then lack.

use std::collections::VecDeque;
use std::future::pending;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full};
use paceline::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;
use tower::Service;

pub(super) type Body = BoxBody<Bytes, Failure>;
pub(super) type Reply = http::Response<Body>;
type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What it does with one request.
pub(super) enum Act {
    Reply(Reply),
    Fail,
    Never,
}

/// How a request fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it failed on purpose")]
pub(super) struct Failure;

/// A request that came.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) at: Instant,
    pub(super) head: Arc<http::request::Parts>,
    pub(super) body: Bytes,
}

pub(super) struct Strict {
    shared: Arc<Shared>,
    coming: Option<BoxFuture<Option<OwnedSemaphorePermit>>>,
    place: Option<OwnedSemaphorePermit>,
}

struct Shared {
    acts: Mutex<VecDeque<Act>>,
    seen: watch::Sender<Vec<Seen>>,
    places: Arc<Semaphore>,
    latency: Duration,
}

impl Strict {
    pub(super) fn new(acts: impl IntoIterator<Item = Act>) -> Self {
        Self::slow(acts, Duration::ZERO)
    }

    /// Each reply takes `latency` to come.
    pub(super) fn slow(acts: impl IntoIterator<Item = Act>, latency: Duration) -> Self {
        let acts = Mutex::new(acts.into_iter().collect());
        let places = Arc::new(Semaphore::new(PLACES));
        let shared = Shared { acts, seen: watch::Sender::default(), places, latency };
        Self { shared: Arc::new(shared), coming: None, place: None }
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.borrow().clone()
    }

    pub(super) async fn until_seen(&self, count: usize) {
        super::in_time(self.shared.seen.subscribe().wait_for(|seen| seen.len() >= count)).await.unwrap();
    }

    /// The places: taking them away makes it not ready, closing them breaks it.
    pub(super) fn places(&self) -> &Arc<Semaphore> {
        &self.shared.places
    }
}

impl Clone for Strict {
    /// Readiness is not cloned.
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), coming: None, place: None }
    }
}

impl Service<http::Request<Full<Bytes>>> for Strict {
    type Response = Reply;
    type Error = Failure;
    type Future = BoxFuture<Result<Reply, Failure>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        if self.place.is_none() {
            let places = Arc::clone(&self.shared.places);
            let coming =
                self.coming.get_or_insert_with(|| Box::pin(async { places.acquire_owned().await.ok() }));
            let place = ready!(coming.as_mut().poll(cx));
            self.coming = None;
            self.place = Some(place.ok_or(Failure)?);
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Full<Bytes>>) -> Self::Future {
        let place = self.place.take().expect("this clone was asked whether it is ready");
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            let _place = place;
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let seen = Seen { at: Instant::now(), head: Arc::new(head), body };
            let act = shared.acts.lock().unwrap().pop_front();
            shared.seen.send_modify(|all| all.push(seen));
            if !shared.latency.is_zero() {
                tokio::time::sleep(shared.latency).await;
            }
            match act {
                Some(Act::Reply(reply)) => Ok(reply),
                Some(Act::Fail) => Err(Failure),
                Some(Act::Never) => pending().await,
                None => Ok(reply(200, "ok")),
            }
        })
    }
}

pub(super) fn reply(status: u16, body: &'static str) -> Reply {
    let body = Full::from(body).map_err(|never| match never {}).boxed();
    http::Response::builder().status(status).body(body).unwrap()
}

/// A 429 that asks for a wait.
pub(super) fn refusal(seconds: u64) -> Act {
    let mut refusal = reply(429, "slow down");
    refusal.headers_mut().insert("retry-after", seconds.into());
    Act::Reply(refusal)
}

/// More than any test needs at once.
const PLACES: usize = 64;
