//! From an HTTP request to what becomes of it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response};
use paceline_sim::platform::{self as model, Ending, Payload, Service, Stats, Ticket};
use serde::Serialize;
use serde_json::json;

use crate::platform::line::Fate;
use crate::platform::notifications::{NotificationStats, Socket};
use crate::platform::payload::{self, Bulk};
use crate::platform::reading::{self, Envelope, Purpose, ReadBody};
use crate::platform::scene::Scene;

/// Answers one request: reads it, asks the model, waits until the ending is due, and makes it happen.
///
/// One that asks for a WebSocket, and may have it, leaves it in `becoming`.
pub(super) async fn answer(
    scene: Arc<Scene>,
    fate: Fate,
    becoming: &Mutex<Option<Socket>>,
    mut request: Request<Incoming>,
) -> Result<Response<ReplyBody>, Broken> {
    let envelope = Envelope::of(&request);
    match envelope.purpose {
        Purpose::Stats => return Ok(stats(&scene)),
        Purpose::Notifications => return Ok(open_socket(&scene, &mut request, becoming)),
        Purpose::Foreign => return Ok(serve_foreign(&scene, &envelope).await),
        Purpose::Read | Purpose::One | Purpose::Bulk => {}
    }
    let body = reading::body(request.into_body()).await.ok_or(Broken)?;
    scene.distance().up().await;
    let (service, ids) = arrive(&scene, &envelope, &body);
    let owed = Owed::new(&scene, service.ticket);
    let due = scene.clock_time(service.at);
    if due > tokio::time::Instant::now() {
        tokio::time::sleep_until(due).await;
    }
    let mut response = match service.ending {
        Ending::Reply(reply) => response(&reply, &ids, Cut::No),
        Ending::Truncated(reply) => response(&reply, &ids, Cut::Half),
        Ending::ResetBefore | Ending::ResetAfter => {
            owed.settle();
            scene.distance().down().await;
            fate.reset();
            return Err(Broken);
        }
        Ending::NoReply => {
            owed.until_the_client_leaves().await;
            return Err(Broken);
        }
    };
    if matches!(body, ReadBody::TooLong) {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    owed.settle();
    scene.distance().down().await;
    Ok(response)
}

/// Answers a request for a WebSocket.
fn open_socket(
    scene: &Scene,
    request: &mut Request<Incoming>,
    becoming: &Mutex<Option<Socket>>,
) -> Response<ReplyBody> {
    match scene.notifications().open(request) {
        Ok((response, socket)) => {
            *becoming.lock().unwrap_or_else(PoisonError::into_inner) = Some(socket);
            response.map(|()| ReplyBody { text: Bytes::new(), cut: Cut::No })
        }
        Err((status, message)) => {
            let text = json!({ "status": status, "code": "not_opened", "message": message });
            json(status, Bytes::from(text.to_string()), Cut::No)
        }
    }
}

/// Serves somebody else.
async fn serve_foreign(scene: &Scene, envelope: &Envelope) -> Response<ReplyBody> {
    let (at, ticket) = scene.arrive_foreign(&model::Request {
        credential: envelope.credential,
        tenant: envelope.tenant,
        integration: envelope.integration,
        endpoint: envelope.endpoint,
        ..model::Request::bare(Payload::Nothing)
    });
    let mut owed = Owed::new(scene, ticket);
    owed.is_coming = false;
    tokio::time::sleep_until(scene.clock_time(at)).await;
    owed.settle();
    json(200, Bytes::from_static(b"{}"), Cut::No)
}

/// The connection ends here.
#[derive(Debug, thiserror::Error)]
#[error("the connection was broken off")]
pub(super) struct Broken;

/// Shows the request to the model; the ids are those of a bulk call, as JSON.
fn arrive<'a>(scene: &Scene, envelope: &Envelope, body: &'a ReadBody) -> (Service, Vec<&'a str>) {
    let (bytes, body_bytes): (&'a [u8], _) = match body {
        ReadBody::Whole(bytes) => (bytes, bytes.len() as u64),
        // More than any limit: whatever else the model asks first, it ends at 413.
        ReadBody::TooLong => (&[], u64::MAX),
    };
    let bulk = (envelope.purpose == Purpose::Bulk).then(|| payload::bulk(bytes, scene.key_field()));
    let payload = match (&bulk, envelope.purpose) {
        (Some(Some(bulk)), _) => Payload::Bulk(&bulk.records),
        (Some(None), _) => Payload::Malformed,
        (None, Purpose::Read) => Payload::Nothing,
        (None, _) => Payload::One(payload::record(bytes, scene.key_field(), fallback(envelope, bytes))),
    };
    let service = scene.arrive(&model::Request {
        credential: envelope.credential,
        tenant: envelope.tenant,
        integration: envelope.integration,
        endpoint: envelope.endpoint,
        idempotency_key: envelope.idempotency_key,
        body_bytes,
        payload,
    });
    (service, bulk.flatten().unwrap_or_else(Bulk::default).ids)
}

/// What identifies a record without a key: the idempotency key, else its text, of which a request without a
/// body has none.
fn fallback(envelope: &Envelope, body: &[u8]) -> Option<model::Fingerprint> {
    envelope.idempotency_key.or_else(|| body.is_empty().then_some(envelope.endpoint))
}

/// A reply that is owed to a client; if it is let go of unsettled, the client has left without it.
#[derive(Debug)]
struct Owed<'a> {
    scene: &'a Scene,
    ticket: Option<Ticket>,
    /// Whether a client that leaves now leaves something behind.
    is_coming: bool,
}

impl<'a> Owed<'a> {
    const fn new(scene: &'a Scene, ticket: Ticket) -> Self {
        Self { scene, ticket: Some(ticket), is_coming: true }
    }

    fn settle(mut self) {
        self.is_coming = false;
        if let Some(ticket) = self.ticket.take() {
            self.scene.finish(ticket);
        }
    }

    /// Never returns: the connection's end drops it. No reply will come, so leaving is no fault of the client.
    async fn until_the_client_leaves(mut self) {
        self.is_coming = false;
        std::future::pending::<()>().await;
    }
}

impl Drop for Owed<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.scene.abandon(ticket);
        }
        if self.is_coming {
            self.scene.connection_dropped();
        }
    }
}

/// What `GET /stats` tells.
#[derive(Serialize)]
struct Seen {
    #[serde(flatten)]
    stats: Stats,
    #[serde(flatten)]
    notifications: NotificationStats,
}

fn stats(scene: &Scene) -> Response<ReplyBody> {
    let seen = Seen { stats: scene.stats(), notifications: scene.notifications().stats() };
    let text = serde_json::to_string(&seen).expect("counts are JSON");
    json(200, Bytes::from(text), Cut::No)
}

fn response(reply: &model::Reply, ids: &[&str], cut: Cut) -> Response<ReplyBody> {
    let mut text = String::new();
    reply.body.write_json(ids, &mut text);
    let mut response = json(reply.status, Bytes::from(text), cut);
    for (name, value) in reply.headers() {
        let value = HeaderValue::from_str(&value).expect("the model writes numbers and dates");
        response.headers_mut().insert(name, value);
    }
    response
}

fn json(status: u16, text: Bytes, cut: Cut) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody { text, cut });
    *response.status_mut() = hyper::StatusCode::from_u16(status).expect("the model answers with real codes");
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A body that may break off: fewer bytes come than its length announced.
#[derive(Debug)]
pub(super) struct ReplyBody {
    text: Bytes,
    cut: Cut,
}

/// Where a body breaks off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// It does not.
    No,
    /// Half of it is still to be sent.
    Half,
    /// Half of it was handed over and is being written.
    Writing,
    /// Half of it was written.
    Here,
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match self.cut {
            Cut::No if self.text.is_empty() => Poll::Ready(None),
            Cut::No => Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.text))))),
            Cut::Half => {
                self.cut = Cut::Writing;
                let half = self.text.len() / 2;
                Poll::Ready(Some(Ok(Frame::data(self.text.split_to(half)))))
            }
            // A failing body takes what is not written yet with it; a pause lets the half go out first.
            Cut::Writing => {
                self.cut = Cut::Here;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Cut::Here => Poll::Ready(Some(Err(Broken))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.cut == Cut::No && self.text.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.text.len() as u64)
    }
}
