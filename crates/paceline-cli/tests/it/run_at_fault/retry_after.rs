//! Waits that a platform names and that are longer than the run may wait.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::super::desk::Desk;
use super::super::scripted::{Answer, Scripted};

#[tokio::test]
async fn a_named_wait_that_is_too_long_suspends_at_once_and_says_when_to_come_back() {
    let platform = Scripted::start(|_| Answer::new(429, "slow down").header("retry-after", "900")).await;
    let desk = Desk::with_records(100);
    let arguments = ["records.csv", "--to", &platform.url, "--max-wait", "60s", "--json"];
    let before = Timestamp::now();
    let ended = desk.sync(&arguments).ended().await.expect(4);
    assert_eq!(ended.counts(), [0, 0, 0, 100]);
    let json = ended.json();
    let at: Timestamp = json["resume_at"].as_str().unwrap().parse().unwrap();
    assert!(at.duration_since(before).as_secs() >= 900, "{at}");
    assert!(ended.stderr.contains(json["resume_at"].as_str().unwrap()), "{}", ended.stderr);
    assert!(ended.stderr.contains("\nlast answer: 429 Too Many Requests: slow down\n"), "{}", ended.stderr);
    assert_eq!(json["closed_scopes"][0]["scope"], "credential default");
    assert_eq!(json["early_returns"], 0);
    // Running it again at once sends nothing, however often.
    let asked = platform.asked().len();
    for _ in 0..2 {
        let ended = desk.sync(&arguments).ended().await.expect(4);
        let again: Timestamp = ended.json()["resume_at"].as_str().unwrap().parse().unwrap();
        // To the millisecond: it goes through the clock of another process.
        assert!(again.duration_since(at).abs().as_millis() <= 50, "{again} is not {at}");
    }
    assert_eq!(platform.asked().len(), asked);
}

#[tokio::test]
async fn a_run_that_comes_back_early_but_may_wait_that_long_waits() {
    let refused_at = std::sync::Mutex::new(None::<Instant>);
    let platform = Scripted::start(move |_| {
        let mut refused_at = refused_at.lock().unwrap();
        match *refused_at {
            Some(at) if at.elapsed() >= Duration::from_secs(4) => Answer::new(201, "{}"),
            Some(_) => Answer::new(403, "too early"),
            None => {
                *refused_at = Some(Instant::now());
                Answer::new(429, "slow down").header("retry-after", "4")
            }
        }
    })
    .await;
    let desk = Desk::with_records(50);
    let arguments = ["records.csv", "--to", &platform.url, "--workers", "1", "--json"];
    let ended = desk.sync(&[&arguments[..], &["--max-wait", "1s"]].concat()).ended().await.expect(4);
    assert_eq!(ended.counts(), [0, 0, 0, 50]);
    let ended = desk.sync(&arguments).ended().await.expect(0);
    assert_eq!(ended.counts(), [50, 0, 0, 0]);
}
