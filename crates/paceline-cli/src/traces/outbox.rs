//! Where spans go when they end: a queue that never makes anybody wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use serde::Serialize;
use tokio::sync::mpsc::Sender;

/// The front of the queue.
#[derive(Debug)]
pub(super) struct Outbox {
    queue: Sender<SpanData>,
    tally: Arc<SpanTally>,
}

/// Counters that only grow.
#[derive(Debug, Default)]
pub(super) struct SpanTally {
    queued: AtomicU64,
    delivered: AtomicU64,
    dropped: AtomicU64,
    lost: AtomicU64,
}

/// What became of spans, at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SpanCounts {
    /// Those that the collector took.
    pub delivered: u64,
    /// Those for which there was no room.
    pub dropped: u64,
    /// Those that the collector did not take.
    pub lost: u64,
    /// Those that wait to be sent, or are on their way.
    pub waiting: u64,
}

impl Outbox {
    pub(super) const fn new(queue: Sender<SpanData>, tally: Arc<SpanTally>) -> Self {
        Self { queue, tally }
    }
}

impl SpanProcessor for Outbox {
    fn on_start(&self, _span: &mut Span, _context: &Context) {}

    fn on_end(&self, span: SpanData) {
        if !span.span_context.is_sampled() {
            return;
        }
        // Counted before: who takes it out may be done with it at once.
        self.tally.queued.fetch_add(1, Ordering::Relaxed);
        if self.queue.try_send(span).is_err() {
            self.tally.queued.fetch_sub(1, Ordering::Relaxed);
            self.tally.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The delivery is told by itself: nothing here waits.
    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}

impl SpanTally {
    pub(super) fn delivered(&self, spans: usize) {
        self.delivered.fetch_add(spans as u64, Ordering::Relaxed);
    }

    pub(super) fn lost(&self, spans: usize) {
        self.lost.fetch_add(spans as u64, Ordering::Relaxed);
    }

    pub(super) fn counts(&self) -> SpanCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (delivered, lost) = (read(&self.delivered), read(&self.lost));
        let waiting = read(&self.queued).saturating_sub(delivered + lost);
        SpanCounts { delivered, dropped: read(&self.dropped), lost, waiting }
    }
}
