//! `--dry-run`.

use paceline_sim::platform::PlatformConfig;

use super::super::desk::{Desk, stand_in};
use super::super::scripted::{Answer, Scripted};

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
    let platform = Scripted::start(|_| Answer::new(201, "")).await;
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
    let platform = Scripted::start(|_| Answer::new(201, "")).await;
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
async fn with_a_key_only_what_would_be_sent_is_forecast() {
    let desk = Desk::with_records(50);
    let platform = Scripted::start(|asked| match asked.json()["id"].as_str().unwrap() {
        "7" => Answer::new(422, "no"),
        _ => Answer::new(201, ""),
    })
    .await;
    let arguments = ["records.csv", "--to", &platform.url, "--key", "id", "--json"];
    desk.sync(&arguments).ended().await.expect(3);
    // Ten are gone, one of those left is changed, one is dead, one comes twice, one has no key, and two are new.
    let rows: String = (0..40).filter(|id| *id != 3).map(|id| format!("{id},name {id}\n")).collect();
    desk.put("records.csv", format!("id,name\n{rows}3,changed\n5,again\n,nobody\n50,new\n51,new\n"));
    let dry = [&arguments[..], &["--dry-run"]].concat();
    desk.sync(&arguments).ended().await.expect(3);
    let asked = platform.asked().len();
    let json = desk.sync(&dry).ended().await.expect(0).json();
    assert_eq!((&json["settled"], &json["calls"]), (&44.into(), &0.into()));

    desk.put("records.csv", format!("id,name\n{rows}3,changed twice\n52,new\n"));
    let json = desk.sync(&dry).ended().await.expect(0).json();
    assert_eq!((&json["records"], &json["settled"], &json["calls"]), (&41.into(), &39.into(), &2.into()));
    assert_eq!(platform.asked().len(), asked);
    desk.sync(&arguments).ended().await.expect(3);
    assert_eq!(platform.asked().len(), asked + 2, "as it was forecast");
}

#[tokio::test]
async fn a_dry_run_refuses_the_journal_that_a_run_would_refuse() {
    let desk = Desk::with_records(5);
    let platform = Scripted::start(|_| Answer::new(201, "")).await;
    let arguments = ["records.csv", "--to", &platform.url];
    desk.sync(&arguments).ended().await.expect(0);
    for flags in [&["--key", "id"][..], &["--batch", "2"]] {
        let ended = desk.sync(&[&arguments, flags, &["--dry-run"]].concat()).ended().await.expect(2);
        assert!(ended.stderr.contains("--start-over"), "{}", ended.stderr);
        desk.sync(&[&arguments, flags, &["--dry-run", "--start-over"]].concat()).ended().await.expect(0);
    }
    desk.put("records.csv", "id,name\n0,changed\n");
    let ended = desk.sync(&[&arguments[..], &["--dry-run"]].concat()).ended().await.expect(2);
    assert!(ended.stderr.contains("has changed"), "{}", ended.stderr);
    assert_eq!(platform.asked().len(), 5);
}

#[tokio::test]
async fn nothing_is_settled_for_a_rehearsal() {
    let desk = Desk::with_records(5);
    let platform = Scripted::start(|_| Answer::new(201, "")).await;
    desk.sync(&["records.csv", "--to", &platform.url]).ended().await.expect(0);
    let ended = desk.sync(&["records.csv", "--rehearse", "--dry-run", "--json"]).ended().await.expect(0);
    let json = ended.json();
    assert_eq!((&json["settled"], &json["calls"]), (&0.into(), &5.into()));
    assert_eq!(desk.names(), ["records.csv", "records.csv.journal"]);
}

#[tokio::test]
async fn a_forecast_does_not_show_the_query_of_the_url() {
    let desk = Desk::with_records(5);
    let to = "https://h/people/{{ id }}?token=sesame&name={{ name }}";
    for flags in [&[][..], &["--json"]] {
        let ended =
            desk.sync(&[&["records.csv", "--to", to, "--dry-run"], flags].concat()).ended().await.expect(0);
        assert!(ended.stdout.contains("POST https://h/people/0?…"), "{}", ended.stdout);
        assert!(!ended.stdout.contains("sesame"), "{}", ended.stdout);
    }
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
