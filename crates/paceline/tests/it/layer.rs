//! The tower layer over a service that enforces tower's contract.

mod cancel;
mod endings;
mod readiness;
mod replay;
mod strict;
mod waits;

use std::time::Duration;

use http_body_util::Full;
use paceline::layer::{CallEnd, Paced, PacedLayer};
use paceline::{Bytes, Config, Limits, Method, Pacer, Profile, ScopeSet};
use tokio::time::Instant;
use tower::{Layer, ServiceExt as _};

use crate::platform::{fast, limit, quick};
use strict::{Act, Reply, Strict};

/// A pacer, one scope for all calls, and the service below.
struct World {
    pacer: Pacer,
    scopes: ScopeSet,
    below: Strict,
}

impl World {
    /// The service does `acts` in order, then answers 200.
    async fn new(acts: impl IntoIterator<Item = Act>) -> Self {
        Self::limited(fast(), acts).await
    }

    async fn limited(limits: Limits, acts: impl IntoIterator<Item = Act>) -> Self {
        let pacer = Pacer::start(quick());
        let scopes = ScopeSet::one(limit(&pacer, limits).await);
        Self { pacer, scopes, below: Strict::new(acts) }
    }

    fn layer(&self) -> PacedLayer {
        PacedLayer::new(self.pacer.clone(), self.scopes)
    }

    fn paced(&self) -> Paced<Strict> {
        self.layer().layer(self.below.clone())
    }

    /// Waits until the pacer has so many calls waiting and in flight.
    async fn until(&self, waiting: usize, in_flight: usize) {
        let mut status = self.pacer.status();
        let so =
            |status: &paceline::driver::Status| (status.waiting, status.in_flight) == (waiting, in_flight);
        in_time(status.wait_for(so)).await.unwrap();
    }
}

/// On the paused clock a day passes only when nothing can happen any more.
async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(86_400), future).await.expect("it comes to pass")
}

fn request(method: Method) -> http::Request<Full<Bytes>> {
    let request = http::Request::builder().method(method).uri("http://localhost/records?key=1");
    request.body(Full::from("hello")).unwrap()
}

fn post() -> http::Request<Full<Bytes>> {
    request(Method::POST)
}

fn put() -> http::Request<Full<Bytes>> {
    request(Method::PUT)
}

fn end(response: &http::Response<impl Sized>) -> CallEnd {
    *response.extensions().get().unwrap()
}
