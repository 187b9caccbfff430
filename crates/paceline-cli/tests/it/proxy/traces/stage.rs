//! A proxy between clients, a platform that does what a test says, and a collector.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use paceline::client::Timeouts;
use paceline_cli::proxy::rules::Rules;
use paceline_cli::proxy::{ProxyBounds, ProxyPlan, Running, start};
use paceline_cli::traces::{DeliveryBounds, TracesPlan};
use paceline_core::Limits;
use tokio::net::TcpListener;

use super::collector::{Answers, Collector, Told};
use crate::proxy::admin::site::exchange;
use crate::scripted::{Answer, Asked, Scripted};

pub(super) struct Stage {
    pub(super) running: Running,
    pub(super) platform: Scripted,
    pub(super) collector: Collector,
}

impl Stage {
    pub(super) async fn new(script: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self::with(Answers::Takes, script, |_| {}).await
    }

    /// One whose plan a test changes.
    pub(super) async fn with(
        answers: Answers,
        script: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
        change: impl FnOnce(&mut ProxyPlan),
    ) -> Self {
        let (platform, collector) = (Scripted::start(script).await, Collector::start(answers).await);
        let mut plan = plan(&platform.url);
        plan.traces = Some(TracesPlan::to(collector.url.parse().unwrap()));
        change(&mut plan);
        Self { running: running(plan).await, platform, collector }
    }

    /// What a GET with these header lines, each ending with CRLF, is answered.
    pub(super) async fn get(&self, headers: &str) -> String {
        get(&self.running, headers).await
    }

    /// Drains, and returns all spans that were told and all that the platform was asked.
    pub(super) async fn ended(self) -> (Vec<Told>, Vec<Asked>) {
        self.running.drain(PATIENCE).await.unwrap();
        (self.collector.told(), self.platform.asked())
    }
}

pub(super) async fn get(running: &Running, headers: &str) -> String {
    let text =
        format!("GET /it?key=open-sesame HTTP/1.1\r\nhost: here:81\r\nconnection: close\r\n{headers}\r\n");
    let answered = tokio::time::timeout(PATIENCE, exchange(running.address(), &text)).await;
    answered.expect("it is not answered")
}

pub(super) async fn running(plan: ProxyPlan) -> Running {
    start(plan, TcpListener::bind("127.0.0.1:0").await.unwrap()).await.unwrap()
}

/// A proxy before `to` that traces nothing.
pub(super) fn plan(to: &str) -> ProxyPlan {
    ProxyPlan {
        rules: Rules { to: Some(to.parse().unwrap()), ..Rules::default() },
        profile: Arc::default(),
        timeouts: Timeouts::default(),
        limits: Box::new(|_, _| Limits::default()),
        has_ceiling: false,
        max_attempts: NonZeroU32::new(3).unwrap(),
        bounds: ProxyBounds {
            max_waiting: 100,
            max_body: 1_000,
            max_held: 10_000,
            max_connections: 100,
            head_timeout: PATIENCE,
            body_timeout: PATIENCE,
        },
        state: None,
        traces: None,
        tls: None,
        upstream_tls: None,
    }
}

/// A queue and batches of so many spans.
pub(super) fn bounds(queue: usize, batch: usize) -> DeliveryBounds {
    let [queue, batch] = [queue, batch].map(|spans| NonZeroUsize::new(spans).unwrap());
    DeliveryBounds { queue, batch, ..DeliveryBounds::default() }
}

pub(super) fn ok(_: &Asked) -> Answer {
    Answer::new(200, "{}")
}

/// Refuses so many calls, naming a wait of a second, and then takes all.
pub(super) fn refuses(calls: usize) -> impl Fn(&Asked) -> Answer + Send + Sync + 'static {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    move |_| match asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
        before if before < calls => Answer::new(429, "no").header("retry-after", "1"),
        _ => Answer::new(200, "{}"),
    }
}

/// Far beyond what anything here takes on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
