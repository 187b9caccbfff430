//! `--dry-run`.

use paceline_sim::platform::PlatformConfig;

use super::super::desk::{Desk, stand_in};

#[tokio::test]
async fn a_dry_run_sends_nothing_writes_nothing_and_says_what_would_be() {
    let desk = Desk::with_records(1_000);
    let platform = stand_in(PlatformConfig::default()).await;
    let to = format!("{}/records/bulk", platform.url());
    let arguments = ["records.csv", "--to", &to, "--batch", "30", "--max-rate", "2/s", "--dry-run"];
    let ended = desk.sync(&arguments).ended().await.expect(0);
    insta::assert_snapshot!(ended.stdout.replace(&platform.url(), "URL"));
    let json = desk.sync(&[&arguments[..], &["--json"]].concat()).ended().await.expect(0).json();
    assert_eq!((&json["records"], &json["settled"], &json["calls"]), (&1_000.into(), &0.into(), &34.into()));
    assert_eq!((&json["calls_per_s"], &json["seconds"]), (&2.0.into(), &17.0.into()));
    assert_eq!(platform.stats().arrivals, 0);
    assert_eq!(desk.names(), ["records.csv"]);
}

#[tokio::test]
async fn the_forecast_of_bytes_is_near_what_is_sent() {
    let desk = Desk::with_records(500);
    let platform =
        super::super::scripted::Scripted::start(|_| super::super::scripted::Answer::new(201, "")).await;
    let arguments = ["records.csv", "--to", &platform.url, "--json"];
    let forecast = desk.sync(&[&arguments[..], &["--dry-run"]].concat()).ended().await.expect(0).json();
    desk.sync(&arguments).ended().await.expect(0);
    let sent: usize = platform.asked().iter().map(|asked| asked.body.len()).sum();
    let expected = forecast["bytes"].as_u64().unwrap();
    let (low, high) = (sent as u64 * 8 / 10, sent as u64 * 12 / 10);
    assert!((low..=high).contains(&expected), "{expected} of {sent}");
}

#[tokio::test]
async fn the_bytes_of_a_last_batch_that_is_not_full_are_not_counted_twice() {
    let desk = Desk::with_records(130);
    let arguments = ["records.csv", "--to", "https://h/", "--batch", "100", "--dry-run", "--json"];
    let json = desk.sync(&arguments).ended().await.expect(0).json();
    assert_eq!(json["calls"], 2);
    let bytes = json["bytes"].as_u64().unwrap();
    let each = r#"{"id":"00","name":"name 00"},"#.len() as u64;
    assert!((120 * each..=140 * each).contains(&bytes), "{bytes}");
}

#[tokio::test]
async fn the_bytes_that_a_batch_may_have_count_in_the_forecast_of_calls() {
    let desk = Desk::with_records(1_000);
    desk.put("paceline.toml", "[batch]\ncount = 100\nbytes = \"300B\"\n");
    let platform =
        super::super::scripted::Scripted::start(|_| super::super::scripted::Answer::new(201, "")).await;
    let arguments = ["records.csv", "--to", &platform.url, "-c", "paceline.toml", "--json"];
    let forecast = desk.sync(&[&arguments[..], &["--dry-run"]].concat()).ended().await.expect(0).json();
    desk.sync(&arguments).ended().await.expect(0);
    let (calls, sent) = (forecast["calls"].as_u64().unwrap(), platform.asked().len() as u64);
    assert!((sent * 8 / 10..=sent * 12 / 10).contains(&calls), "{calls} of {sent}");
}

#[tokio::test]
async fn what_is_left_to_others_is_not_counted_on() {
    let desk = Desk::with_records(100);
    desk.put("paceline.toml", "[limits.tenant]\nrate = \"10/s\"\nknown = true\n");
    let arguments = [
        "records.csv",
        "--to",
        "https://h/",
        "-c",
        "paceline.toml",
        "--reserve",
        "20%",
        "--dry-run",
        "--json",
    ];
    let json = desk.sync(&arguments).ended().await.expect(0).json();
    assert_eq!((&json["calls_per_s"], &json["seconds"]), (&8.0.into(), &12.5.into()));
}

#[tokio::test]
async fn after_a_run_only_the_rest_is_forecast() {
    let desk = Desk::with_records(50);
    let platform = stand_in(PlatformConfig::default()).await;
    let to = platform.url();
    let arguments = ["records.csv", "--to", &to, "--key", "id"];
    desk.sync(&arguments).ended().await.expect(0);
    let rows = std::fs::read_to_string(desk.path("records.csv")).unwrap();
    desk.put("records.csv", rows + "50,new\n51,new\n");
    let json = desk.sync(&[&arguments[..], &["--dry-run", "--json"]].concat()).ended().await.expect(0).json();
    assert_eq!((&json["records"], &json["settled"], &json["calls"]), (&52.into(), &50.into(), &2.into()));
}

#[tokio::test]
async fn a_dry_run_needs_no_secret_and_leaves_a_pipe_alone() {
    let desk = Desk::with_records(5);
    desk.put("paceline.toml", "[auth]\nbearer_env = \"NO_SUCH_TOKEN\"\n");
    desk.sync(&["records.csv", "--to", "https://h/", "-c", "paceline.toml", "--dry-run"])
        .ended()
        .await
        .expect(0);
    let pipe = ["-", "--to", "https://h/", "--journal", "pipe.journal", "--dry-run", "--json"];
    let json = desk.sync(&pipe).input("id\n1\n").ended().await.expect(0).json();
    assert!(json["records"].is_null() && json["calls"].is_null(), "{json}");
}
