//! The spans of one call: its own, one for each of its attempts, and one for each time that it was held.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode};
use opentelemetry::trace::{Span as _, SpanKind, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{SdkTracer, Span};
use paceline::Request;
use paceline::client::{AttemptReport, AttemptStep};
use paceline_core::{Outcome, Reply};

use super::closed_gates::ClosedGates;
use super::parent;

/// Known to whoever takes part in the call. Cheap to clone; when the last is gone, the call is over, however it ended.
#[derive(Clone, Debug)]
pub(crate) struct CallSpans {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    tracer: SdkTracer,
    gates: ClosedGates,
    spans: Mutex<Spans>,
}

#[derive(Debug)]
struct Spans {
    call: Span,
    /// What its children are of.
    context: Context,
    name: &'static str,
    /// What every attempt says of itself.
    of_attempts: Vec<KeyValue>,
    attempt: Option<Attempt>,
    held: Option<Held>,
    /// What is wrong with the call; of several things the last.
    error: Option<Cow<'static, str>>,
    is_over: bool,
}

/// An attempt that has not ended.
#[derive(Debug)]
struct Attempt {
    number: u32,
    begun: SystemTime,
    /// None before it leaves: until then it may be taken back.
    span: Option<Span>,
    held: Duration,
}

/// A call that waits for a permit.
#[derive(Clone, Copy, Debug)]
struct Held {
    since: SystemTime,
    reason: &'static str,
}

impl CallSpans {
    pub(super) fn new(tracer: SdkTracer, gates: ClosedGates, call: Span) -> Self {
        let context = Context::new().with_remote_span_context(call.span_context().clone());
        let spans = Spans {
            call,
            context,
            name: "HTTP",
            of_attempts: Vec::new(),
            attempt: None,
            held: None,
            error: None,
            is_over: false,
        };
        Self { shared: Arc::new(Shared { tracer, gates, spans: Mutex::new(spans) }) }
    }

    /// Whether anybody will see what is said of it. If not, it is worth no effort.
    pub(crate) fn is_seen(&self) -> bool {
        self.lock().call.is_recording()
    }

    /// What more is known of the call itself.
    pub(crate) fn say(&self, attributes: impl IntoIterator<Item = KeyValue>) {
        self.lock().call.set_attributes(attributes);
    }

    /// What every attempt says of itself, and what it is called.
    pub(crate) fn plan_attempts(&self, name: &'static str, attributes: Vec<KeyValue>) {
        let mut spans = self.lock();
        (spans.name, spans.of_attempts) = (name, attributes);
    }

    /// Sees what becomes of `request`, which is about to be made, and tells its attempts whose part they are.
    pub(crate) fn watch(&self, request: &mut Request, is_paced: bool) {
        if is_paced {
            let reason = if self.shared.gates.hold(&request.scopes) { "gate" } else { "turn" };
            self.lock().held = Some(Held { since: SystemTime::now(), reason });
        }
        let spans = self.clone();
        request.on_step = Some(Box::new(move |step| spans.step(step)));
        let (spans, told) = (self.clone(), request.on_attempt.take());
        request.on_attempt = Some(Box::new(move |attempt| {
            spans.attempted(&attempt);
            if let Some(told) = &told {
                told(attempt);
            }
        }));
    }

    /// The platform's reply has come, and goes back to the client.
    pub(crate) fn answered(&self, status: StatusCode) {
        let mut spans = self.lock();
        // Of a call past the pacer nobody else tells.
        spans.end_attempt(Ending::Status(status));
        spans.call.set_attributes([status_code(status), KeyValue::new("paceline.answered_by", "platform")]);
        if status.is_server_error() {
            spans.error = Some(status.as_str().to_owned().into());
            spans.call.set_status(Status::error(""));
        }
    }

    /// We answer it ourselves, for `reason`.
    pub(crate) fn declined(&self, status: StatusCode, reason: &'static str) {
        let mut spans = self.lock();
        spans.end_attempt(Ending::Error(reason));
        spans.end_hold(&self.shared.tracer, SystemTime::now());
        spans.call.set_attributes([status_code(status), KeyValue::new("paceline.answered_by", "paceline")]);
        if !status.is_success() {
            spans.error = Some(reason.into());
        }
        if status.is_server_error() {
            spans.call.set_status(Status::error(reason));
        }
    }

    /// What came of it is not whole.
    pub(crate) fn broke_off(&self, reason: &'static str) {
        let mut spans = self.lock();
        spans.error = Some(reason.into());
        spans.call.set_status(Status::error(reason));
    }

    /// It is over: whoever still knows of it adds nothing.
    pub(crate) fn end(&self) {
        self.lock().end();
    }

    fn step(&self, step: AttemptStep<'_>) {
        match step {
            AttemptStep::Begun { number } => self.begun(number),
            AttemptStep::Recalled { .. } => {
                let mut spans = self.lock();
                spans.attempt = None;
                spans.held = Some(Held { since: SystemTime::now(), reason: "gate" });
            }
            AttemptStep::Leaving { number, headers } => self.leaving(number, headers),
            _ => {}
        }
    }

    fn begun(&self, number: u32) {
        let now = SystemTime::now();
        let mut spans = self.lock();
        // A connection that closed before the request was begun; nobody else tells of that past the pacer.
        spans.end_attempt(Ending::Error("not_sent"));
        let held = spans.end_hold(&self.shared.tracer, now);
        spans.attempt = Some(Attempt { number, begun: now, span: None, held });
    }

    fn leaving(&self, number: u32, headers: &mut HeaderMap) {
        let mut spans = self.lock();
        if !spans.call.is_recording() {
            return parent::write(spans.call.span_context(), headers);
        }
        let now = SystemTime::now();
        let mut attempt =
            spans.attempt.take().unwrap_or(Attempt { number, begun: now, span: None, held: Duration::ZERO });
        let span = spans.attempt_span(&self.shared.tracer, &attempt);
        parent::write(span.span_context(), headers);
        attempt.span = Some(span);
        spans.attempt = Some(attempt);
    }

    fn attempted(&self, report: &AttemptReport) {
        let mut spans = self.lock();
        // One that was recalled was not made.
        let Some(mut attempt) = spans.attempt.take() else { return };
        if attempt.span.is_none() && spans.call.is_recording() {
            attempt.span = Some(spans.attempt_span(&self.shared.tracer, &attempt));
        }
        spans.attempt = Some(attempt);
        spans.end_attempt(Ending::Reply(&report.reply));
        spans.held = Some(Held { since: SystemTime::now(), reason: why_held(&report.reply) });
    }

    fn lock(&self) -> MutexGuard<'_, Spans> {
        self.shared.spans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How an attempt ended.
#[derive(Clone, Copy)]
enum Ending<'a> {
    Reply(&'a Reply),
    Status(StatusCode),
    Error(&'static str),
}

impl Spans {
    fn attempt_span(&self, tracer: &SdkTracer, attempt: &Attempt) -> Span {
        let mut attributes = self.of_attempts.clone();
        if attempt.number > 1 {
            attributes.push(KeyValue::new("http.request.resend_count", i64::from(attempt.number - 1)));
        }
        attributes.push(KeyValue::new("paceline.held", attempt.held.as_secs_f64()));
        let builder =
            tracer.span_builder(self.name).with_kind(SpanKind::Client).with_start_time(attempt.begun);
        tracer.build_with_context(builder.with_attributes(attributes), &self.context)
    }

    /// Ends the attempt that has not ended, if there is one.
    fn end_attempt(&mut self, ending: Ending<'_>) {
        let Some(Attempt { span: Some(mut span), .. }) = self.attempt.take() else { return };
        match ending {
            Ending::Reply(reply) => describe(&mut span, reply),
            Ending::Status(status) => describe_status(&mut span, status),
            Ending::Error(reason) => describe_error(&mut span, reason),
        }
        span.end();
    }

    /// A wait that is over now, and how long it was.
    fn end_hold(&mut self, tracer: &SdkTracer, now: SystemTime) -> Duration {
        let Some(Held { since, reason }) = self.held.take() else { return Duration::ZERO };
        let held = now.duration_since(since).unwrap_or_default();
        if held >= WORTH_A_SPAN && self.call.is_recording() {
            let builder = tracer.span_builder("held").with_kind(SpanKind::Internal).with_start_time(since);
            let builder = builder.with_attributes([KeyValue::new("paceline.held.reason", reason)]);
            tracer.build_with_context(builder, &self.context).end_with_timestamp(now);
        }
        held
    }

    fn end(&mut self) {
        self.is_over = true;
        // Here, for what is set twice is told twice.
        if let Some(error) = self.error.take() {
            self.call.set_attribute(error_type(error));
        }
        self.call.end();
    }
}

impl Drop for Shared {
    /// Nobody has said how it ended: its client went.
    fn drop(&mut self) {
        let tracer = self.tracer.clone();
        let spans = self.spans.get_mut().unwrap_or_else(PoisonError::into_inner);
        if spans.is_over {
            return;
        }
        spans.end_attempt(Ending::Error(HUNG_UP));
        spans.end_hold(&tracer, SystemTime::now());
        spans.error = Some(HUNG_UP.into());
        spans.call.set_status(Status::error("the client went before it was answered"));
        spans.end();
    }
}

fn describe(span: &mut Span, reply: &Reply) {
    let outcome = Outcome::of(reply, false);
    match reply {
        Reply::Answered(answered) => {
            if let Ok(status) = StatusCode::from_u16(answered.status) {
                describe_status(span, status);
            }
            if let Some(wait) = answered.retry_after {
                span.set_attribute(KeyValue::new("paceline.retry_after", wait.as_secs_f64()));
            }
        }
        Reply::NotSent => describe_error(span, "not_sent"),
        Reply::Lost => describe_error(span, "lost"),
    }
    span.set_attribute(KeyValue::new("paceline.outcome", name_of(outcome)));
}

fn describe_status(span: &mut Span, status: StatusCode) {
    span.set_attribute(status_code(status));
    if status.is_client_error() || status.is_server_error() {
        span.set_attribute(error_type(status.as_str().to_owned()));
        span.set_status(Status::error(""));
    }
}

fn describe_error(span: &mut Span, reason: &'static str) {
    span.set_attribute(error_type(reason));
    span.set_status(Status::error(reason));
}

fn status_code(status: StatusCode) -> KeyValue {
    KeyValue::new("http.response.status_code", i64::from(status.as_u16()))
}

fn error_type(name: impl Into<opentelemetry::Value>) -> KeyValue {
    KeyValue::new("error.type", name)
}

const fn name_of(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted => "accepted",
        Outcome::Throttled => "throttled",
        Outcome::Overloaded => "overloaded",
        Outcome::Transient => "transient",
        Outcome::Uncertain => "uncertain",
        Outcome::Unauthorized => "unauthorized",
        Outcome::Banned => "banned",
        Outcome::Rejected => "rejected",
    }
}

/// What a call waits for after `reply`, if it is tried again.
const fn why_held(reply: &Reply) -> &'static str {
    match reply {
        Reply::Answered(answered) if answered.retry_after.is_some() => "retry_after",
        _ => "backoff",
    }
}

/// What a call waits that nothing holds is noise.
const WORTH_A_SPAN: Duration = Duration::from_millis(1);
const HUNG_UP: &str = "hung_up";
