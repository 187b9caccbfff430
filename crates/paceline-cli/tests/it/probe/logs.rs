//! `--from`: what an earlier load test tells.

use super::super::desk::Desk;
use super::probe;

const HEADER: &str = "timeStamp,elapsed,label,responseCode,responseMessage,threadName,success,allThreads\n";

/// 20 users of a bucket of 50 a second and 25 at once, each back 20 ms after an answer, for 20 s: when they left, and the codes.
fn calls() -> Vec<(u64, u16)> {
    let (mut tokens, mut at, mut calls) = (25.0_f64, 0_u64, Vec::new());
    while at < 20_000 {
        tokens = (tokens + 50.0 * 0.005).min(25.0);
        let code = if tokens >= 1.0 { 200 } else { 429 };
        tokens -= if code == 200 { 1.0 } else { 0.0 };
        calls.push((1_795_486_083_000 + at, code));
        at += 5;
    }
    calls
}

fn csv() -> String {
    let rows: String = calls()
        .iter()
        .map(|(at, code)| format!("{at},12,call,{code},,users 1-1,{},20\n", *code == 200))
        .collect();
    format!("{HEADER}{rows}")
}

fn xml() -> String {
    let row = |(at, code): &(u64, u16)| {
        format!("<httpSample t=\"12\" ts=\"{at}\" lb=\"call\" rc=\"{code}\" na=\"20\"/>\n")
    };
    let rows: String = calls().iter().map(row).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testResults version=\"1.2\">\n{rows}</testResults>\n"
    )
}

#[tokio::test]
async fn a_log_tells_its_limit_in_csv_and_in_xml() {
    let desk = Desk::empty();
    let mut told = Vec::new();
    for (name, content) in [("results.csv", csv()), ("results.xml", xml())] {
        desk.put(name, content);
        let json = probe(&desk, &["--from", name, "--json"]).await.expect(0).json();
        let limits = &json["candidates"][0]["limits"];
        assert_eq!(limits["kind"], "token_bucket", "{json}");
        assert!((limits["rate_per_s"].as_f64().unwrap() - 50.0).abs() < 1.0, "{json}");
        assert!((limits["burst"].as_f64().unwrap() - 25.0).abs() <= 2.0, "{json}");
        told.push(json["candidates"].clone());
    }
    assert_eq!(told[0], told[1]);
    let ended = probe(&desk, &["--from", "results.csv", "--out", "paceline.toml"]).await.expect(0);
    assert!(
        ended.stderr.contains("token bucket 50")
            && ended.stderr.contains(" refusals; by that count, the limit is between "),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("a log of JMeter has no Retry-After"), "{}", ended.stderr);
    assert!(ended.stdout.contains("[limits.credential]\nrate = "), "{}", ended.stdout);
    assert_eq!(std::fs::read_to_string(desk.path("paceline.toml")).unwrap(), ended.stdout);
}

#[tokio::test]
async fn a_log_without_refusals_tells_what_was_reached() {
    let desk = Desk::empty();
    let rows: String = (0..2_000).map(|n| format!("{},40,a,200,OK,t,true,1\n", 1_000_000 + n * 10)).collect();
    desk.put("results.jtl", format!("{HEADER}{rows}"));
    let ended = probe(&desk, &["--from", "results.jtl"]).await.expect(0);
    assert!(ended.stderr.contains("no limit was met: it is higher"), "{}", ended.stderr);
    assert!(ended.stderr.contains("reached: 100 accepted within 1 s"), "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
}

#[tokio::test]
async fn what_is_no_log_is_a_clear_error() {
    let desk = Desk::empty();
    desk.put("empty.jtl", "");
    desk.put("garbage.jtl", b"\x00\x01\xff\xfe\n\xff");
    desk.put("page.html", "<html></html>");
    desk.put("torn.xml", "<testResults><httpSample ts=\"1\" t=\"1\" rc=\"200\"></sample>");
    desk.put("endless.jtl", format!("{HEADER}\"{}", "x".repeat(20 * 1024 * 1024)));
    for (name, words) in [
        ("empty.jtl", "is empty"),
        ("garbage.jtl", "holds no results of JMeter"),
        ("page.html", "its first element is <html>"),
        ("torn.xml", "the XML is broken"),
        ("endless.jtl", "longer than 16 MiB"),
        ("missing.jtl", "cannot be read"),
        (".", "cannot be read"),
    ] {
        let ended = probe(&desk, &["--from", name]).await.expect(2);
        assert!(
            ended.stderr.starts_with("error: ") && ended.stderr.contains(words),
            "{name}: {}",
            ended.stderr
        );
    }
}
