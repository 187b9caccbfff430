//! A collector that is slow, full or gone costs spans, and no call anything.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use paceline_cli::proxy::ProxyPlan;
use paceline_cli::traces::TracesPlan;

use super::collector::Answers;
use super::stage::{PATIENCE, Stage, bounds, get, ok, plan, running};
use crate::proxy::admin::asking::ask;
use crate::proxy::admin::prometheus::read;
use crate::scripted::Scripted;

/// What a person is told.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<String>>>);

impl Said {
    fn hear(&self, traces: &mut TracesPlan) {
        let said = self.clone();
        traces.tell = Arc::new(move |line| said.0.lock().unwrap().push(line.to_owned()));
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn a_drain_sends_what_is_left_in_batches() {
    let stage = Stage::with(Answers::Takes, ok, |plan| {
        let traces = plan.traces.as_mut().unwrap();
        // Nothing is sent before the end but full batches.
        traces.bounds =
            paceline_cli::traces::DeliveryBounds { linger: Duration::from_secs(3_600), ..bounds(1_000, 8) };
    })
    .await;
    for _ in 0..10 {
        stage.get("").await;
    }
    stage.running.drain(PATIENCE).await.unwrap();
    let sizes: Vec<usize> = stage.collector.asked().iter().map(|asked| asked.spans).collect();
    assert!(sizes.iter().all(|size| *size <= 8) && sizes.len() >= 3, "{sizes:?}");
    assert!(stage.collector.told().len() >= 20);
}

#[tokio::test]
async fn spans_are_sent_while_calls_go_on() {
    let stage = Stage::with(Answers::Takes, ok, |plan| {
        plan.traces.as_mut().unwrap().bounds.linger = Duration::from_millis(1);
    })
    .await;
    stage.get("").await;
    let told = async {
        while stage.collector.told().len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, told).await.expect("nothing is sent");
}

#[tokio::test]
async fn a_collector_that_is_gone_loses_spans_and_no_call() {
    let said = Said::default();
    let platform = Scripted::start(ok).await;
    let mut traces = TracesPlan::to("http://127.0.0.1:1/v1/traces".parse().unwrap());
    traces.bounds.timeout = Duration::from_millis(500);
    said.hear(&mut traces);
    let running = running(ProxyPlan { traces: Some(traces), ..plan(&platform.url) }).await;
    for _ in 0..3 {
        assert!(get(&running, "").await.starts_with("HTTP/1.1 200"));
    }
    let counts = running.drain(PATIENCE).await.unwrap();
    assert_eq!((counts.offered, counts.accepted), (3, 3));
    let lines = said.lines();
    assert_eq!(lines.iter().filter(|line| line.contains("takes no traces")).count(), 1, "{lines:?}");
    assert!(lines.last().unwrap().contains("0 spans were delivered"), "{lines:?}");
}

#[tokio::test]
async fn a_queue_that_is_full_drops_spans_and_counts_them() {
    let said = Said::default();
    let stage = Stage::with(Answers::Never, ok, |plan| {
        let traces = plan.traces.as_mut().unwrap();
        traces.bounds = bounds(4, 2);
        said.hear(traces);
    })
    .await;
    let admin = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = admin.local_addr().unwrap();
    stage.running.serve_admin(admin, None);
    for _ in 0..10 {
        assert!(stage.get("").await.starts_with("HTTP/1.1 200"));
    }
    let counts = stage.running.spans().unwrap();
    assert!(counts.dropped > 0 && counts.waiting <= 6 && counts.delivered == 0, "{counts:?}");
    let metrics = read(&ask(address, "GET /metrics", "").await.body).unwrap();
    assert_eq!(metrics["paceline_proxy_spans_total{outcome=\"dropped\"}"], counts.dropped as f64);
    // The drain waits for a collector that never answers, and not for long.
    stage.running.drain(PATIENCE).await.unwrap();
    assert!(said.lines().iter().any(|line| line.contains("0 spans were delivered")), "{:?}", said.lines());
}

#[tokio::test]
async fn where_calls_are_traced_the_documents_name_the_metric() {
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/proxy.md");
    let document = std::fs::read_to_string(document).unwrap();
    assert!(document.lines().any(|line| line.contains("`spans_total`") && line.contains("| counter |")));
}
