//! What is said at the end, and on the way.

use std::sync::atomic::{AtomicBool, Ordering};

use paceline_sim::platform::PlatformConfig;

use super::super::desk::{Desk, stand_in};
use super::super::scripted::{Answer, Scripted};

#[tokio::test]
async fn json_is_one_object_with_every_field_whose_counts_add_up() {
    let platform = Scripted::start(|asked| match asked.json()["id"].as_str().unwrap() {
        "3" => Answer::new(422, "no"),
        "5" => Answer::new(500, "oops"),
        _ => Answer::new(201, ""),
    })
    .await;
    let desk = Desk::with_records(60);
    let ended = desk.sync(&["records.csv", "--to", &platform.url, "--json"]).ended().await.expect(3);
    assert_eq!(ended.stdout.lines().count(), 1);
    let json = ended.json();
    let names: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    insta::assert_snapshot!(names.join(" "));
    assert_eq!(ended.counts(), [58, 1, 1, 0]);
    assert_eq!((&json["records"], &json["calls"], &json["attempts"]), (&60.into(), &60.into(), &60.into()));
    assert_eq!((&json["throttled"], &json["early_returns"]), (&0.into(), &0.into()));
    assert_eq!((&json["exit_reason"], &json["journal"]), (&"done".into(), &"records.csv.journal".into()));
    assert!(json["resume_at"].is_null());
    let people = ended.stderr.lines().next().unwrap();
    assert_eq!(people, "58 of 60 delivered, 1 dead, 1 in doubt");
}

#[tokio::test]
async fn waste_is_told_per_thousand_accepted_calls() {
    let refused = AtomicBool::new(false);
    let platform = Scripted::start(move |asked| match asked.json()["id"].as_str().unwrap() {
        "0" if !refused.swap(true, Ordering::SeqCst) => Answer::new(429, "").header("retry-after", "0.1"),
        "0" => Answer::new(201, ""),
        _ => Answer::new(422, "no"),
    })
    .await;
    let desk = Desk::with_records(4);
    let arguments = ["records.csv", "--to", &platform.url, "--workers", "1", "--json"];
    let ended = desk.sync(&arguments).ended().await.expect(3);
    assert_eq!(ended.counts(), [1, 3, 0, 0]);
    assert_eq!((&ended.json()["throttled"], &ended.json()["waste_per_1000"]), (&1.into(), &1_000.0.into()));
    assert!(ended.stderr.contains("1 refused (1000.0 per 1,000 accepted)"), "{}", ended.stderr);
}

#[tokio::test]
async fn without_json_nothing_goes_to_standard_output() {
    let platform = stand_in(PlatformConfig::default()).await;
    let desk = Desk::with_records(5);
    let ended = desk.sync(&["records.csv", "--to", &platform.url()]).ended().await.expect(0);
    assert_eq!(ended.stdout, "");
    assert!(ended.stderr.starts_with("5 of 5 delivered\n"), "{}", ended.stderr);
    assert!(ended.stderr.ends_with("journal: records.csv.journal\n"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_run_whose_output_nobody_takes_ends_as_it_would() {
    let platform = stand_in(PlatformConfig::default()).await;
    let desk = Desk::with_records(5);
    let to = platform.url();
    for arguments in [["--json", "--key=id"], ["--key", "id"]] {
        let mut child = desk.sync(&[&["records.csv", "--to", &to][..], &arguments].concat()).spawn();
        drop((child.stdout.take(), child.stderr.take()));
        let status = child.wait().await.unwrap();
        assert_eq!(status.code(), Some(0), "{arguments:?}");
    }
    assert_eq!(platform.stats().distinct, 5);
}

#[tokio::test]
async fn a_second_run_says_where_it_goes_on() {
    let platform = stand_in(PlatformConfig::default()).await;
    let desk = Desk::with_records(5);
    let to = platform.url();
    desk.sync(&["records.csv", "--to", &to]).ended().await.expect(0);
    let ended = desk.sync(&["records.csv", "--to", &to, "--json"]).ended().await.expect(0);
    assert!(
        ended.stderr.starts_with("resuming: 5 delivered, 0 dead, 0 in doubt so far\n"),
        "{}",
        ended.stderr
    );
    assert_eq!(ended.counts(), [5, 0, 0, 0]);
    assert_eq!((&ended.json()["calls"], platform.stats().arrivals), (&0.into(), 5));
}

#[tokio::test]
async fn without_a_terminal_progress_comes_in_lines() {
    let platform = stand_in(PlatformConfig::default()).await;
    let desk = Desk::with_records(60);
    let ended =
        desk.sync(&["records.csv", "--to", &platform.url(), "--max-rate", "10/s"]).ended().await.expect(0);
    let progress: Vec<&str> = ended.stderr.lines().filter(|line| line.contains(" of 60, ")).collect();
    assert!(!progress.is_empty(), "{}", ended.stderr);
    assert!(progress.iter().all(|line| line.contains("/s") && line.contains(" left")), "{progress:?}");
    assert!(!ended.stderr.contains('\u{1b}') && !ended.stderr.contains('\r'), "{:?}", ended.stderr);
}
