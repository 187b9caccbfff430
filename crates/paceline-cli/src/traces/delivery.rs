//! The thread that sends spans: nothing of it runs where calls do.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use tokio::runtime;
use tokio::sync::mpsc::Receiver;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::TracesError;
use super::collector::Collector;
use super::outbox::SpanTally;
use super::plan::{DeliveryBounds, Tell, TracesPlan};

/// Sends until it is dropped, or asked to finish.
#[derive(Debug)]
pub(super) struct Delivery {
    stop: CancellationToken,
    done: Mutex<Option<oneshot::Receiver<()>>>,
}

/// What the thread has.
struct Courier {
    exporter: SpanExporter,
    queue: Receiver<SpanData>,
    tally: Arc<SpanTally>,
    bounds: DeliveryBounds,
    stop: CancellationToken,
    complaints: Complaints,
}

/// What is told once.
struct Complaints {
    tell: Tell,
    /// Whom spans are sent to, without path and query.
    collector: String,
    has_told_loss: bool,
    has_told_drop: bool,
}

impl Delivery {
    pub(super) fn start(
        plan: TracesPlan,
        resource: &Resource,
        queue: Receiver<SpanData>,
        tally: Arc<SpanTally>,
    ) -> Result<Self, TracesError> {
        let collector = plan.endpoint.authority().map_or("", |authority| authority.as_str()).to_owned();
        let mut exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(plan.endpoint.to_string())
            .with_timeout(plan.bounds.timeout)
            .with_http_client(Collector::new(plan.header, plan.bounds.timeout))
            .build()?;
        exporter.set_resource(resource);
        let stop = CancellationToken::new();
        let (tell_done, done) = oneshot::channel();
        let complaints =
            Complaints { tell: plan.tell, collector, has_told_loss: false, has_told_drop: false };
        let courier = Courier { exporter, queue, tally, bounds: plan.bounds, stop: stop.clone(), complaints };
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().name("traces".to_owned()).spawn(move || {
            runtime.block_on(courier.work());
            // Whoever has waited may have gone.
            let _ = tell_done.send(());
        })?;
        Ok(Self { stop, done: Mutex::new(Some(done)) })
    }

    /// Sends what is left, for so long at most.
    pub(super) async fn finish(&self, within: Duration) {
        self.stop.cancel();
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(done) = done {
            drop(tokio::time::timeout(within, done).await);
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Courier {
    /// Until it is stopped and nothing is left.
    async fn work(mut self) {
        while let Some(batch) = self.next_batch().await {
            self.send(batch).await;
        }
    }

    /// None when it is stopped and nothing is left.
    async fn next_batch(&mut self) -> Option<Vec<SpanData>> {
        let Self { queue, stop, bounds, .. } = self;
        let most = bounds.batch.get();
        let mut batch = Vec::new();
        take(queue, stop, &mut batch, most).await?;
        let due = tokio::time::sleep_until(Instant::now() + bounds.linger);
        tokio::pin!(due);
        while let Some(room) = NonZeroUsize::new(most - batch.len()) {
            tokio::select! {
                biased;
                more = take(queue, stop, &mut batch, room.get()) => if more.is_none() { break },
                () = &mut due => break,
            }
        }
        Some(batch)
    }

    async fn send(&mut self, batch: Vec<SpanData>) {
        let spans = batch.len();
        let sent = tokio::time::timeout(self.bounds.timeout, self.exporter.export(batch)).await;
        let failed = match sent {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("it does not answer in time".to_owned()),
        };
        match &failed {
            None => self.tally.delivered(spans),
            Some(_) => self.tally.lost(spans),
        }
        self.complaints.after(failed.as_deref(), self.tally.counts().dropped);
    }
}

impl Complaints {
    fn after(&mut self, failed: Option<&str>, dropped: u64) {
        let Self { tell, collector, .. } = self;
        if let Some(why) = failed.filter(|_| !self.has_told_loss) {
            tell(&format!(
                "warning: the collector at {collector} takes no traces: {why}; calls go on, spans are lost while that \
                 lasts, and this is said once"
            ));
            self.has_told_loss = true;
        }
        if dropped > 0 && !self.has_told_drop {
            tell(&format!(
                "warning: there are more spans than the collector at {collector} takes in time: the newest are dropped, and \
                 this is said once; [traces] sample traces a share of the calls"
            ));
            self.has_told_drop = true;
        }
    }
}

/// Puts what there is into `batch`, `most` at most, and waits where there is nothing. None when it is stopped and nothing is left.
async fn take(
    queue: &mut Receiver<SpanData>,
    stop: &CancellationToken,
    batch: &mut Vec<SpanData>,
    most: usize,
) -> Option<()> {
    if stop.is_cancelled() {
        queue.close();
    }
    let taken = tokio::select! {
        biased;
        taken = queue.recv_many(batch, most) => taken,
        () = stop.cancelled(), if !stop.is_cancelled() => {
            queue.close();
            queue.recv_many(batch, most).await
        }
    };
    (taken > 0).then_some(())
}
