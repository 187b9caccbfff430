//! The service that paces another.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::course::{Course, Failed, Outbound, Progress};
use super::terms::Terms;
use super::{Cloned, Error, PacedBody, Replay};
use crate::http::BoxError;

/// A service whose calls wait for their permits: see [the module](super).
#[derive(Clone)]
pub struct Paced<S, R = Cloned> {
    inner: S,
    terms: Arc<Terms>,
    replay: R,
}

/// A call under way. Dropped, it cancels the call: what was not sent is refunded, and the future of an attempt under way
/// is dropped with it.
pub type PacedFuture<B> = Pin<Box<dyn Future<Output = Result<Response<PacedBody<B>>, Error>> + Send>>;

impl<S, R> Paced<S, R> {
    pub(super) const fn new(inner: S, terms: Arc<Terms>, replay: R) -> Self {
        Self { inner, terms, replay }
    }

    /// The service below.
    pub const fn inner(&self) -> &S {
        &self.inner
    }
}

impl<S, B, T, R> Service<Request<B>> for Paced<S, R>
where
    S: Service<Request<B>, Response = Response<T>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Send + 'static,
    T: Body<Data: Send, Error: Send> + Send + 'static,
    R: Replay<B> + Clone + Send + 'static,
{
    type Response = Response<PacedBody<T>>;
    type Error = Error;
    type Future = PacedFuture<T>;

    /// Always ready: calls wait in the pacer. Readiness of the service below belongs to the clone that was asked
    /// for it, and may hold a place there; so each attempt asks its own clone, just before it departs.
    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> PacedFuture<T> {
        let (parts, body) = request.into_parts();
        let spec = self.terms.spec(&parts);
        let course = Course {
            pacer: self.terms.pacer.clone(),
            profile: Arc::clone(&self.terms.profile),
            path: parts.uri.path().into(),
            outbound: Sending {
                service: self.inner.clone(),
                request: Some(Request::from_parts(parts, body)),
                terms: Arc::clone(&self.terms),
                replay: self.replay.clone(),
            },
            progress: Progress::default(),
        };
        Box::pin(course.run(spec))
    }
}

impl<S: fmt::Debug, R> fmt::Debug for Paced<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paced")
            .field("inner", &self.inner)
            .field("terms", &self.terms)
            .finish_non_exhaustive()
    }
}

/// One request on its way through a service.
struct Sending<S, B, R> {
    /// Never called itself: only a clone that said that it is ready is.
    service: S,
    /// `None` once it was sent and could not be copied.
    request: Option<Request<B>>,
    terms: Arc<Terms>,
    replay: R,
}

impl<S, B, T, R> Outbound for Sending<S, B, R>
where
    S: Service<Request<B>, Response = Response<T>> + Clone + Send,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Send,
    T: Body<Data: Send, Error: Send> + Send,
    R: Replay<B> + Send,
{
    type Ready = S;
    type Body = T;

    async fn ready(&mut self) -> Result<S, BoxError> {
        let mut service = self.service.clone();
        std::future::poll_fn(|cx| service.poll_ready(cx)).await.map_err(Into::into)?;
        Ok(service)
    }

    async fn send(&mut self, mut ready: S) -> Result<Response<T>, Failed> {
        let request = self.request.take().expect("only what is repeatable is sent again");
        let reply = match self.replay.copy(&request) {
            Some(copy) => {
                self.request = Some(request);
                ready.call(copy)
            }
            None => ready.call(request),
        };
        // The clone may hold something that others wait for.
        drop(ready);
        reply.await.map_err(|error| self.terms.failed(error.into()))
    }

    fn is_repeatable(&self) -> bool {
        self.request.is_some()
    }
}
