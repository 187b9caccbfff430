//! A platform that is not there for a while.

use std::time::Duration;

use paceline_sim::platform::{Outage, OutageKind, PlatformConfig};
use tokio::net::TcpListener;

use super::super::desk::{Desk, Ended, stand_in};
use super::super::scripted::{Answer, Scripted};

fn outage(kind: OutageKind, from: u64, until: u64) -> PlatformConfig {
    let [from, until] = [from, until].map(Duration::from_millis);
    PlatformConfig { outages: vec![Outage { from, until, kind }], ..PlatformConfig::default() }
}

#[tokio::test]
async fn an_outage_that_is_waited_out_costs_no_record_and_leaves_few_in_doubt() {
    for kind in [OutageKind::Reset, OutageKind::Unavailable] {
        let platform = stand_in(outage(kind, 500, 3_000)).await;
        let desk = Desk::with_records(800);
        let ended = desk.sync(&["records.csv", "--to", &platform.url(), "--json"]).ended().await;
        let [delivered, dead, in_doubt, remaining] = ended.counts();
        assert_eq!((delivered + in_doubt, dead, remaining), (800, 0, 0), "{kind:?}: {}", ended.stderr);
        assert!((1..=30).contains(&in_doubt), "{kind:?}: {in_doubt}");
        assert_eq!(ended.code, Some(3));
        let stats = platform.stats();
        assert_eq!((stats.duplicates, stats.distinct), (0, delivered), "{kind:?}");
    }
}

#[tokio::test]
async fn with_an_idempotency_key_an_outage_leaves_nothing_in_doubt() {
    for kind in [OutageKind::Reset, OutageKind::Unavailable] {
        let platform = stand_in(outage(kind, 500, 3_000)).await;
        let desk = Desk::with_records(800);
        let arguments = ["records.csv", "--to", &platform.url(), "--idempotency-key", "--json"];
        let ended = desk.sync(&arguments).ended().await.expect(0);
        assert_eq!(ended.counts(), [800, 0, 0, 0], "{kind:?}: {}", ended.stderr);
        let stats = platform.stats();
        assert_eq!((stats.duplicates, stats.distinct), (0, 800), "{kind:?}");
        assert!(stats.unavailable > 0, "there was an outage");
    }
}

#[tokio::test]
async fn connections_that_are_refused_leave_nothing_in_doubt() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let desk = Desk::with_records(200);
    let to = format!("http://{address}/");
    let mut child = desk.sync(&["records.csv", "--to", &to, "--json"]).spawn();
    // It is up to the platform when it comes back: here, once the program has begun.
    while !desk.path("records.csv.journal").exists() {
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(child.try_wait().unwrap().is_none(), "it waits for the platform");
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let listener = TcpListener::bind(address).await.unwrap();
    let platform = paceline_cli::platform::serve(listener, PlatformConfig::default().into(), 1).unwrap();
    let ended = Ended::of(child).await.expect(0);
    assert_eq!(ended.counts(), [200, 0, 0, 0]);
    assert_eq!((platform.stats().distinct, platform.stats().duplicates), (200, 0));
}

#[tokio::test]
async fn an_outage_longer_than_the_longest_wait_suspends_the_run() {
    let platform = stand_in(outage(OutageKind::Unavailable, 0, 3_600_000)).await;
    let desk = Desk::with_records(200);
    let to = platform.url();
    let arguments = ["records.csv", "--to", &to, "--idempotency-key", "--json"];
    let ended = desk.sync(&[&arguments[..], &["--max-wait", "2s"]].concat()).ended().await.expect(4);
    assert_eq!(ended.counts(), [0, 0, 0, 200]);
    let json = ended.json();
    assert_eq!(json["exit_reason"], "suspended");
    let at = json["resume_at"].as_str().unwrap();
    assert!(ended.stderr.contains(at) && ended.stderr.contains("--max-wait 2s"), "{}", ended.stderr);
    assert_eq!(desk.dead(), []);
    assert!(ended.stderr.contains("\nlast answer: 503 Service Unavailable"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_wait_that_nobody_named_is_shown_with_what_was_said() {
    let platform = Scripted::start(|_| Answer::new(503, "{\n  \"reason\": \"maintenance\"\n}")).await;
    let desk = Desk::with_records(50);
    let arguments = ["records.csv", "--to", &platform.url, "--idempotency-key", "--max-wait", "7s"];
    let ended = desk.sync(&arguments).ended().await.expect(4);
    let words = "503 Service Unavailable: { \"reason\": \"maintenance\" }";
    let waits = ended.stderr.lines().filter(|line| line.contains("gate closed") && line.contains(words));
    assert!(waits.count() > 0, "{}", ended.stderr);
    assert!(ended.stderr.contains(&format!("\nlast answer: {words}\n")), "{}", ended.stderr);
}

#[tokio::test]
async fn a_suspended_run_goes_on_when_the_platform_is_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let desk = Desk::with_records(200);
    let to = format!("http://{address}/");
    let arguments = ["records.csv", "--to", &to, "--json", "--max-wait", "2s"];
    let ended = desk.sync(&arguments).ended().await.expect(4);
    assert_eq!(ended.counts(), [0, 0, 0, 200]);
    let listener = TcpListener::bind(address).await.unwrap();
    let platform = paceline_cli::platform::serve(listener, PlatformConfig::default().into(), 1).unwrap();
    let ended = desk.sync(&["records.csv", "--to", &to, "--json"]).ended().await.expect(0);
    assert_eq!(ended.counts(), [200, 0, 0, 0]);
    assert_eq!(platform.stats().duplicates, 0);
}
