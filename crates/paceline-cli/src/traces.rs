//! Calls as spans of OpenTelemetry, with their attempts below them, for a collector that the user names.
//!
//! Spans end on the thread of the calls and go into a bounded queue; a thread of its own takes them out and sends them. What the
//! queue has no room for, and what the collector does not take, is counted and gone: no call waits for it.

mod attributes;
mod call_spans;
mod closed_gates;
mod collector;
mod delivery;
mod outbox;
mod parent;
mod plan;
mod standard;

use std::borrow::Cow;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use opentelemetry::trace::{SpanKind, Tracer as _, TracerProvider as _};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::ExporterBuildError;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};
use paceline::Pacer;
use tokio::sync::mpsc;

pub(crate) use attributes::{authority, cut, method, span_name, target};
pub(crate) use call_spans::CallSpans;
pub use outbox::SpanCounts;
pub use plan::{DeliveryBounds, Tell, TracesPlan};
pub(crate) use standard::StandardVariables;

use closed_gates::ClosedGates;
use delivery::Delivery;
use outbox::{Outbox, SpanTally};

/// Makes spans, and sends them.
pub(crate) struct Traces {
    tracer: SdkTracer,
    gates: ClosedGates,
    tally: Arc<SpanTally>,
    delivery: Delivery,
    tell: Tell,
}

/// Why there are no traces.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// What the variables of OpenTelemetry ask of the exporter cannot be had.
    #[error("traces cannot be sent: {0}")]
    Exporter(#[from] ExporterBuildError),
    /// There is no thread to be had.
    #[error("there is no thread to send traces from: {0}")]
    Thread(#[from] io::Error),
}

impl Traces {
    /// Starts to send what `plan` asks for. Calls are paced by `pacer`.
    ///
    /// # Errors
    /// When there is no exporter or no thread for it.
    pub(crate) fn start(plan: TracesPlan, pacer: &Pacer) -> Result<Self, TracesError> {
        let tally = Arc::new(SpanTally::default());
        let (outbox, queue) = mpsc::channel(plan.bounds.queue.get());
        let resource = resource(plan.service.as_deref());
        let mut provider = SdkTracerProvider::builder()
            .with_span_processor(Outbox::new(outbox, Arc::clone(&tally)))
            .with_resource(resource.clone());
        if let Some(share) = plan.sample {
            let ours = Sampler::TraceIdRatioBased(share.fraction());
            provider = provider.with_sampler(Sampler::ParentBased(Box::new(ours)));
        }
        let scope = InstrumentationScope::builder("paceline").with_version(env!("CARGO_PKG_VERSION")).build();
        let tracer = provider.build().tracer_with_scope(scope);
        let tell = Arc::clone(&plan.tell);
        let delivery = Delivery::start(plan, &resource, queue, Arc::clone(&tally))?;
        Ok(Self { tracer, gates: ClosedGates::watch(pacer), tally, delivery, tell })
    }

    /// A call begins. Whose part it is, `headers` may tell (W3C Trace Context).
    pub(crate) fn begin(
        &self,
        headers: &HeaderMap,
        name: impl Into<Cow<'static, str>>,
        attributes: Vec<KeyValue>,
    ) -> CallSpans {
        let builder = self.tracer.span_builder(name).with_kind(SpanKind::Server).with_attributes(attributes);
        let span = self.tracer.build_with_context(builder, &parent::of(headers));
        CallSpans::new(self.tracer.clone(), self.gates.clone(), span)
    }

    /// What became of spans so far.
    pub(crate) fn counts(&self) -> SpanCounts {
        self.tally.counts()
    }

    /// Sends what is left, for so long at most.
    pub(crate) async fn finish(&self, within: Duration) {
        self.delivery.finish(within).await;
        let SpanCounts { delivered, dropped, lost, waiting } = self.counts();
        let lost = dropped + lost + waiting;
        if lost > 0 {
            (self.tell)(&format!(
                "warning: of the traces, {delivered} spans were delivered and {lost} were not"
            ));
        }
    }
}

/// Who sends the spans. What is configured for Paceline counts most, then the variables of OpenTelemetry, then our own name.
fn resource(service: Option<&str>) -> Resource {
    let found =
        Resource::builder().with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    let found = found.build();
    let named = found.get(&SERVICE_NAME.into()).map(|name| name.to_string());
    let named = named.filter(|name| !name.starts_with("unknown_service"));
    let name = service.map(str::to_owned).or(named).unwrap_or_else(|| "paceline".to_owned());
    let attributes = found.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
    Resource::builder_empty().with_attributes(attributes).with_service_name(name).build()
}

const SERVICE_NAME: &str = "service.name";
