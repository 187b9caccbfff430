//! What the proxy tells of a call in its spans: no header, no query, and no name that the admin port would not tell.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::HOST;
use http::uri::Authority;
use http::{Request, Response, Uri, Version};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use opentelemetry::{Array, KeyValue, StringValue, Value};
use paceline::client::ReplyBody;
use paceline::http::AttemptError;

use super::downstream::{Answer, Visitor};
use super::own_answer::OwnAnswer;
use super::scopes::Names;
use crate::traces::{CallSpans, Traces, authority, cut, method, span_name, target};

/// A reply on its way to a client whose call is traced: the call is over when it has all of it.
#[derive(Debug)]
pub(super) struct TracedReply {
    body: ReplyBody,
    spans: CallSpans,
}

/// The spans of a call that has just come.
pub(super) fn begin(traces: &Traces, visitor: &Visitor, request: &Request<Incoming>) -> CallSpans {
    let (scheme, port) = if visitor.is_tls { ("https", 443) } else { ("http", 80) };
    let mut attributes = vec![
        method(request.method()),
        KeyValue::new("url.scheme", scheme),
        KeyValue::new("url.path", cut(request.uri().path())),
    ];
    if let Some(version) = version(request.version()) {
        attributes.push(KeyValue::new("network.protocol.version", version));
    }
    let host = request.headers().get(HOST).and_then(|value| Authority::try_from(value.as_bytes()).ok());
    if let Some(named) = request.uri().authority().or(host.as_ref()) {
        attributes.extend(authority(named, port));
    }
    traces.begin(request.headers(), span_name(request.method()), attributes)
}

/// Where the call goes, and which limits it falls under.
pub(super) fn plan(spans: &CallSpans, called: &http::Method, uri: &Uri, names: &Names<'_>) {
    if !spans.is_seen() {
        return;
    }
    let named = names.iter().map(|(kind, name)| StringValue::from(format!("{kind} {name}")));
    let scopes = KeyValue::new("paceline.scopes", Value::Array(Array::String(named.collect())));
    spans.say([scopes.clone()]);
    let mut of_attempts = target(uri);
    of_attempts.extend([method(called), scopes]);
    spans.plan_attempts(span_name(called), of_attempts);
}

/// We answer a call ourselves.
pub(super) fn declined(spans: Option<&CallSpans>, own: &OwnAnswer) {
    if let Some(spans) = spans {
        spans.declined(own.status(), own.reason());
        spans.end();
    }
}

/// The platform's `response`, whose end is that of its call.
pub(super) fn pass_back(spans: Option<CallSpans>, response: Response<Answer>) -> Response<Answer> {
    let Some(spans) = spans else { return response };
    spans.answered(response.status());
    response.map(|answer| match answer {
        Answer::Reply(body) => Answer::Traced(Box::new(TracedReply { body: *body, spans })),
        whole => {
            spans.end();
            whole
        }
    })
}

fn version(version: Version) -> Option<&'static str> {
    match version {
        Version::HTTP_10 => Some("1.0"),
        Version::HTTP_11 => Some("1.1"),
        Version::HTTP_2 => Some("2"),
        _ => None,
    }
}

impl Body for TracedReply {
    type Data = Bytes;
    type Error = AttemptError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, AttemptError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Err(_))) => {
                self.spans.broke_off("broken_off");
                self.spans.end();
            }
            Poll::Ready(None) => self.spans.end(),
            Poll::Ready(Some(Ok(_))) if self.body.is_end_stream() => self.spans.end(),
            Poll::Ready(Some(Ok(_))) | Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for TracedReply {
    /// Not all of it was wanted, or there was nothing to come.
    fn drop(&mut self) {
        if !self.body.is_end_stream() {
            self.spans.broke_off("hung_up");
        }
        self.spans.end();
    }
}
