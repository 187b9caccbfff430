//! What `/metrics` tells.

use serde_json::Value;

use super::prometheus::read;
use super::site::{Site, call, only};

#[tokio::test]
async fn a_scraper_reads_what_status_tells() {
    let site = Site::open(only(2), None).await;
    for _ in 0..2 {
        site.call("a").await;
    }
    let proxy = site.running.address();
    let held = tokio::spawn(async move { call(proxy, "a").await });
    let status = site.status_when(|status| status["waits_for"] != Value::Null).await;
    let metrics = read(&site.ask("/metrics").await.body).unwrap();
    let told = |name: &str| metrics[&format!("paceline_proxy_{name}")];
    let name = status["scopes"][0]["name"].as_str().unwrap();
    let scope = format!("kind=\"credential\",name=\"{name}\"");
    let same = [
        ("calls_total".to_owned(), &status["totals"]["offered"]),
        ("attempts_total{outcome=\"accepted\"}".to_owned(), &status["totals"]["accepted"]),
        ("attempts_total{outcome=\"refused\"}".to_owned(), &status["totals"]["refused"]),
        ("waiting".to_owned(), &status["waiting"]),
        ("in_flight".to_owned(), &status["in_flight"]),
        ("known_clients".to_owned(), &status["clients_known"]),
        (format!("scope_calls_total{{{scope}}}"), &status["scopes"][0]["counts"]["offered"]),
        (format!("scope_waiting{{{scope}}}"), &status["scopes"][0]["waiting"]),
        (format!("scope_believed_rate{{{scope}}}"), &status["scopes"][0]["belief"]["rate_per_s"]),
    ];
    for (metric, value) in same {
        assert_eq!(Some(told(&metric)), value.as_f64(), "{metric}");
    }
    assert_eq!(told(&format!("scope_closed{{{scope}}}")), 1.0);
    assert!(told(&format!("scope_closed_seconds{{{scope}}}")) > 0.0);
    assert_eq!((told("held_seconds_count"), told("upstream_seconds_count")), (2.0, 2.0));
    held.abort();
}

#[tokio::test]
async fn of_many_scopes_only_the_busiest_are_named_and_of_clients_none() {
    let site = Site::open(only(5), None).await;
    for number in 0..25 {
        site.call(&number.to_string()).await;
    }
    let metrics = read(&site.ask("/metrics").await.body).unwrap();
    let named = metrics.keys().filter(|name| name.starts_with("paceline_proxy_scope_calls_total{"));
    assert_eq!(named.count(), 20);
    assert_eq!(metrics["paceline_proxy_known_scopes"], 25.0);
    assert!(metrics.keys().all(|name| !name.contains("client=")));
}

#[tokio::test]
async fn the_documents_name_every_metric() {
    let site = Site::open(only(5), None).await;
    site.call("a").await;
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/proxy.md");
    let document = std::fs::read_to_string(document).unwrap();
    let page = site.ask("/metrics").await.body;
    let families = page.lines().filter_map(|line| line.strip_prefix("# TYPE paceline_proxy_"));
    for family in families {
        let (name, kind) = family.split_once(' ').unwrap();
        let is_row =
            |line: &str| line.contains(&format!("`{name}`")) && line.contains(&format!("| {kind} |"));
        assert!(document.lines().any(is_row), "{family}");
    }
}
