//! A platform that does what the test says, call by call.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::http::response::Builder;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// A listening platform whose calls wait for the test; it stops when it is dropped.
pub(super) struct Script {
    pub(super) url: String,
    calls: mpsc::UnboundedReceiver<Call>,
    desk: SharedDesk,
    listening: JoinHandle<()>,
}

/// What takes calls, in the very moment in which they arrive.
pub(super) type Desk = Arc<dyn Fn(Call) + Send + Sync>;
/// The desk that new connections are led to.
type SharedDesk = Arc<Mutex<Desk>>;

/// A call that waits for its answer. Dropped without one, its connection is broken off.
pub(super) struct Call {
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
    pub(super) at: Instant,
    reply: oneshot::Sender<Response<Full<Bytes>>>,
}

/// Listens on a free port for the rest of the test; returns the root of its URLs.
pub(super) async fn listen(desk: Desk) -> String {
    listen_for(Arc::new(Mutex::new(desk))).await.0
}

async fn listen_for(desk: SharedDesk) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (url, tokio::spawn(accept(listener, desk)))
}

/// A desk that lays calls down for somebody else.
fn tray() -> (Desk, mpsc::UnboundedReceiver<Call>) {
    let (lay, calls) = mpsc::unbounded_channel();
    // Calls that nobody waits for any more are let go of.
    (Arc::new(move |call| drop(lay.send(call))), calls)
}

impl Script {
    pub(super) async fn start() -> Self {
        let (desk, calls) = tray();
        let desk = Arc::new(Mutex::new(desk));
        let (url, listening) = listen_for(Arc::clone(&desk)).await;
        Self { url, calls, desk, listening }
    }

    /// The next call.
    pub(super) async fn call(&mut self) -> Call {
        let call = tokio::time::timeout(PATIENCE, self.calls.recv()).await;
        call.expect("no call comes").expect("the listener holds a sender")
    }

    /// From now on only calls on new connections count: what a dead process has sent may still arrive.
    pub(super) fn forget_the_dead(&mut self) {
        let (desk, calls) = tray();
        *self.desk.lock().unwrap() = desk;
        self.calls = calls;
    }

    /// A call that has arrived already.
    pub(super) fn try_call(&mut self) -> Option<Call> {
        self.calls.try_recv().ok()
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Call {
    pub(super) fn id(&self) -> &str {
        self.body["id"].as_str().expect("every record has one")
    }

    /// Its records; one, unless it is a batch.
    pub(super) fn records(&self) -> Vec<Value> {
        self.body["entities"].as_array().cloned().unwrap_or_else(|| vec![self.body.clone()])
    }

    pub(super) fn answer(self, status: u16) {
        self.answer_with(Response::builder().status(status), "{}");
    }

    /// Answers 429 with a `Retry-After` of so many seconds.
    pub(super) fn refuse(self, seconds: u64) {
        self.answer_with(Response::builder().status(429).header("retry-after", seconds), "{}");
    }

    fn answer_with(self, head: Builder, body: &'static str) {
        // A client that was killed needs no answer.
        let _ = self.reply.send(head.body(Full::from(body)).unwrap());
    }
}

async fn accept(listener: TcpListener, desk: SharedDesk) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let desk = Arc::clone(&desk.lock().unwrap());
        let service = service_fn(move |request| take(request, Arc::clone(&desk)));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn take(
    request: Request<Incoming>,
    desk: Desk,
) -> Result<Response<Full<Bytes>>, Box<dyn std::error::Error + Send + Sync>> {
    let (head, body) = request.into_parts();
    let body = serde_json::from_slice(&body.collect().await?.to_bytes())?;
    let (reply, replied) = oneshot::channel();
    desk(Call { headers: head.headers, body, at: Instant::now(), reply });
    Ok(replied.await?)
}

/// Far beyond what anything here takes on a busy machine; reached only when a run hangs.
const PATIENCE: Duration = Duration::from_secs(60);
