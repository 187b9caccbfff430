//! What is found out of a platform, and how it is told.

use paceline_cli::settings::{ConfigFile, Layers};
use paceline_sim::platform::{LimiterKind, PlatformConfig, Rate};
use serde_json::Value;

use super::super::desk::{Desk, stand_in};
use super::super::scripted::{Answer, Scripted};
use super::{bucket, limited, probe, some};

/// What every probe of a limited platform keeps to.
async fn refused_by(kind: LimiterKind) -> Value {
    let platform = stand_in(limited(kind)).await;
    // Calls or refusals end it: a wait that outlasts the time would be another exit code.
    let ended =
        probe(&Desk::empty(), &[&platform.url(), "--max-calls", "600", "--max-time", "30s", "--json"]).await;
    let json = ended.expect(0).json();
    let stats = platform.stats();
    assert_eq!((stats.early_returns, stats.distinct, stats.connections_dropped), (0, 0, 0), "{stats:?}");
    assert_eq!(json["attempts"], stats.arrivals, "{json}");
    assert_eq!((&json["accepted"], &json["refused"]), (&stats.accepted.into(), &stats.throttled.into()));
    assert!(stats.throttled > 0 && stats.arrivals <= 600, "{stats:?}");
    assert!(json["refusals"].as_u64().unwrap() <= 5, "{json}");
    assert!(json["believed"]["words"].is_string(), "{json}");
    let toml = json["toml"].as_str().unwrap_or_else(|| panic!("{json}"));
    let layers = Layers::new().with_file(&ConfigFile::from_text("paceline.toml", toml));
    assert_eq!(layers.resolve().expect("a configuration").settings.limits.len(), 1, "{toml}");
    json
}

#[tokio::test]
async fn a_token_bucket_is_believed_in_at_no_more_than_it_admits_with_its_burst() {
    let json = refused_by(bucket(150, 30)).await;
    let believed = json["believed"]["rate_per_s"].as_f64().unwrap();
    assert!(believed > 0.0 && believed < 300.0, "{json}");
}

#[tokio::test]
async fn a_fixed_window_is_met_and_told() {
    let rate = Rate::per_second(some(100));
    let json = refused_by(LimiterKind::FixedWindow { rate, phase: std::time::Duration::ZERO }).await;
    assert!(json["longest_retry_after_s"].as_f64().unwrap() >= 1.0, "{json}");
}

#[tokio::test]
async fn a_limit_on_concurrency_is_met_and_told() {
    let platform = limited(LimiterKind::Concurrency { slots: some(4) });
    let slow = std::time::Duration::from_millis(60);
    let latency = paceline_sim::platform::LatencyRange::between(slow, slow);
    let platform = stand_in(PlatformConfig { latency, ..platform }).await;
    let ended =
        probe(&Desk::empty(), &[&platform.url(), "--max-refusals", "2", "--max-time", "20s", "--json"]).await;
    let json = ended.expect(0).json();
    let stats = platform.stats();
    assert!(stats.throttled > 0, "{stats:?}");
    assert_eq!(stats.early_returns, 0, "{stats:?}");
    assert!(json["most_in_flight"].as_u64().unwrap() > 0 && json["toml"].is_string(), "{json}");
}

#[tokio::test]
async fn where_no_limit_is_met_none_is_believed_in_and_none_written() {
    let platform = stand_in(PlatformConfig::default()).await;
    let desk = Desk::empty();
    let ended =
        probe(&desk, &[&platform.url(), "--max-calls", "60", "--out", "paceline.toml"]).await.expect(0);
    assert!(ended.stderr.contains("no limit met up to "), "{}", ended.stderr);
    assert!(ended.stderr.contains("paceline.toml is not written"), "{}", ended.stderr);
    assert_eq!((ended.stdout.as_str(), desk.names().len()), ("", 0));
    let json = probe(&desk, &[&platform.url(), "--max-calls", "60", "--json"]).await.expect(0).json();
    assert_eq!(
        (&json["believed"], &json["toml"], &json["exit_reason"]),
        (&Value::Null, &Value::Null, &"calls".into())
    );
}

#[tokio::test]
async fn people_read_what_was_asked_what_came_what_is_believed_and_that_the_quota_is_shared() {
    let platform = stand_in(limited(bucket(200, 10))).await;
    let desk = Desk::empty();
    let url = format!("{}/people?token=s3cret", platform.url());
    let ended = probe(&desk, &[&url, "--max-refusals", "1", "--out", "found.toml"]).await.expect(0);
    for words in ["asked: GET http", "/people, ", "came: ", "published: ", "reached: ", "believed: "] {
        assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
    }
    assert!(ended.stderr.contains("warning: the quota is shared with everything else"), "{}", ended.stderr);
    assert!(ended.stderr.contains("stopped after --max-refusals 1"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("s3cret") && !ended.stdout.contains("s3cret"), "{ended:?}");
    assert_eq!(std::fs::read_to_string(desk.path("found.toml")).unwrap(), ended.stdout);
    assert!(ended.stdout.contains("[limits.credential]\nrate = "), "{}", ended.stdout);
    desk.put("records.csv", "id\n1\n");
    let sync = ["records.csv", "--to", "http://127.0.0.1:1/", "-c", "found.toml", "--print-config"];
    desk.sync(&sync).ended().await.expect(0);
}

#[tokio::test]
async fn it_never_writes_unless_it_is_told_to() {
    let platform = Scripted::start(|_| Answer::new(200, "")).await;
    let desk = Desk::empty();
    let target =
        format!("[target]\nurl = \"{}\"\nmethod = \"POST\"\nbody = \"{{{{ id }}}}\"\n", platform.url);
    desk.put(
        "paceline.toml",
        target + "[target.headers]\nX-Kind = \"probe\"\n[auth]\nbearer_env = \"TOKEN\"\n",
    );
    let arguments = ["probe", "-c", "paceline.toml", "--max-calls", "9", "--header", "Accept: text/html"];
    let ended = desk.program(&arguments).env("TOKEN", "open-sesame").ended().await.expect(0);
    let asked = platform.asked();
    assert_eq!(asked.len(), 9);
    for asked in asked {
        assert_eq!((asked.line.as_str(), asked.body.as_str()), ("GET /", ""));
        let headers = ["x-kind", "accept", "authorization"]
            .map(|name| asked.headers[name].to_str().unwrap().to_owned());
        assert_eq!(headers, ["probe", "text/html", "Bearer open-sesame"]);
    }
    assert!(!format!("{ended:?}").contains("open-sesame"));

    let arguments = [&platform.url, "--method", "POST", "--body", "{\"name\":\"probe\"}", "--max-calls", "2"];
    probe(&desk, &arguments).await.expect(0);
    let asked = platform.asked().split_off(9);
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|asked| asked.line == "POST /" && asked.json()["name"] == "probe"));
}
