//! A collector that keeps what it is told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// It listens until it is dropped.
pub(super) struct Collector {
    pub(super) url: String,
    shared: Arc<Shared>,
    listening: JoinHandle<()>,
}

/// How it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answers {
    Takes,
    Refuses,
    Never,
}

struct Shared {
    answers: Answers,
    told: Mutex<Vec<Told>>,
    asked: Mutex<Vec<Asked>>,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    /// All of its bytes, as far as they are text.
    pub(super) text: String,
    pub(super) resource: BTreeMap<String, String>,
    pub(super) spans: usize,
}

/// A span as it was told.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) name: String,
    pub(super) kind: i32,
    pub(super) trace: String,
    pub(super) id: String,
    pub(super) parent: String,
    pub(super) state: String,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) is_error: bool,
    attributes: BTreeMap<String, String>,
}

/// As the protocol numbers them.
pub(super) const INTERNAL: i32 = 1;
pub(super) const SERVER: i32 = 2;
pub(super) const CLIENT: i32 = 3;

impl Collector {
    pub(super) async fn start(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1/traces", listener.local_addr().unwrap());
        let shared = Arc::new(Shared { answers, told: Mutex::default(), asked: Mutex::default() });
        let listening = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { url, shared, listening }
    }

    /// All spans, in the order in which they began.
    pub(super) fn told(&self) -> Vec<Told> {
        let mut told = self.shared.told.lock().unwrap().clone();
        told.sort_by_key(|span| (span.start, span.kind != SERVER));
        told
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Told {
    pub(super) fn says(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// The values of these attributes; `-` where there is none.
    pub(super) fn said<const N: usize>(&self, names: [&str; N]) -> [&str; N] {
        names.map(|name| self.says(name).unwrap_or("-"))
    }

    fn of(span: &Span) -> Self {
        Self {
            name: span.name.clone(),
            kind: span.kind,
            trace: hex(&span.trace_id),
            id: hex(&span.span_id),
            parent: hex(&span.parent_span_id),
            state: span.trace_state.clone(),
            start: span.start_time_unix_nano,
            end: span.end_time_unix_nano,
            is_error: span.status.as_ref().is_some_and(|status| status.code == 2),
            attributes: attributes(&span.attributes),
        }
    }
}

/// Those of one kind.
pub(super) fn of_kind(told: &[Told], kind: i32) -> Vec<&Told> {
    told.iter().filter(|span| span.kind == kind).collect()
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(hold(stream, Arc::clone(&shared)));
    }
}

async fn hold(stream: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(|request| take(Arc::clone(&shared), request));
    // Whoever tells may leave.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn take(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let text = String::from_utf8_lossy(&body).into_owned();
    let exported = ExportTraceServiceRequest::decode(body).unwrap();
    let resource = exported.resource_spans[0].resource.as_ref().unwrap();
    let resource = attributes(&resource.attributes);
    let spans =
        exported.resource_spans.iter().flat_map(|told| &told.scope_spans).flat_map(|told| &told.spans);
    let told: Vec<Told> = spans.map(Told::of).collect();
    let path = head.uri.path().to_owned();
    let asked = Asked { path, headers: head.headers, text, resource, spans: told.len() };
    shared.asked.lock().unwrap().push(asked);
    let mut response = Response::new(Full::default());
    match shared.answers {
        Answers::Takes => shared.told.lock().unwrap().extend(told),
        Answers::Refuses => *response.status_mut() = http::StatusCode::BAD_REQUEST,
        Answers::Never => std::future::pending().await,
    }
    Ok(response)
}

/// No key comes twice.
fn attributes(told: &[KeyValue]) -> BTreeMap<String, String> {
    let read: BTreeMap<String, String> =
        told.iter().map(|told| (told.key.clone(), shown(told.value.as_ref()))).collect();
    assert_eq!(read.len(), told.len(), "{told:#?}");
    read
}

fn shown(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) => text.clone(),
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        Some(any_value::Value::DoubleValue(number)) => number.to_string(),
        Some(any_value::Value::BoolValue(is_so)) => is_so.to_string(),
        Some(any_value::Value::ArrayValue(list)) => {
            list.values.iter().map(|value| shown(Some(value))).collect::<Vec<_>>().join(", ")
        }
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
