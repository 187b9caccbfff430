//! What stands in our signatures can be named through us alone: in the versions that fit, with nothing else in a manifest.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use paceline::dependencies::http::{Request, Response, request::Parts};
use paceline::dependencies::http_body::{Body, Frame, SizeHint};
use paceline::dependencies::paceline_core::Outcome;
use paceline::dependencies::tokio::sync::{broadcast, watch};
use paceline::dependencies::tokio::time::Instant;
use paceline::dependencies::tower_layer::Layer as _;
use paceline::dependencies::tower_service::Service;
use paceline::dependencies::{bytes::Bytes, hyper, rustls};
use paceline::driver::{CallSpec, Status};
use paceline::http::AttemptError;
use paceline::layer::{PacedBody, PacedLayer};
use paceline::{ClientBuilder, Config, Event, Pacer, ScopeKind, ScopeSet};

#[derive(Clone)]
struct Empty;

impl Body for Empty {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(None)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(0)
    }
}

#[derive(Clone)]
struct Below;

impl Service<Request<Empty>> for Below {
    type Response = Response<Empty>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Empty>, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _request: Request<Empty>) -> Self::Future {
        ready(Ok(Response::new(Empty)))
    }
}

#[tokio::test(start_paused = true)]
async fn a_layer_and_its_service_are_written_with_the_declared_crates_alone() {
    let pacer = Pacer::start(Config::default());
    let _status: watch::Receiver<Status> = pacer.status();
    let _events: broadcast::Receiver<Event> = pacer.subscribe();
    let scopes = ScopeSet::one(pacer.scope(ScopeKind::Credential, "default").await.unwrap());
    let deadline: Option<Instant> = None;
    let layer = PacedLayer::new(pacer, scopes)
        .spec_of(move |_: &Parts| CallSpec { deadline, ..CallSpec::new(scopes) });
    let response = layer.layer(Below).call(Request::new(Empty)).await.unwrap();
    let _body: PacedBody<Empty> = response.into_body();
}

#[test]
fn what_a_client_is_given_and_how_it_fails_have_declared_types() {
    let _: fn(ClientBuilder, Arc<rustls::ClientConfig>) -> ClientBuilder = ClientBuilder::tls;
    let _: fn(&AttemptError) -> Option<&hyper::Error> = |error| match error {
        AttemptError::Broken { source, .. } => Some(source),
        _ => None,
    };
    let _: fn(&paceline::Reply, bool) -> Outcome = Outcome::of;
}
