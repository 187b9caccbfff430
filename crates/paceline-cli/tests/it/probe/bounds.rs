//! A probe stops where it said that it would, and before it does harm.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::desk::{Desk, Ended, stand_in};
use super::super::scripted::{Answer, Scripted};
use super::probe;
use paceline_sim::platform::PlatformConfig;

/// A platform that answers its first calls so, and all others as the last.
async fn scripted(statuses: &'static [u16], retry_after: &'static str) -> Scripted {
    let count = AtomicUsize::new(0);
    Scripted::start(move |_| {
        let number = count.fetch_add(1, Ordering::SeqCst);
        let status = statuses[number.min(statuses.len() - 1)];
        let answer = Answer::new(status, "as scripted");
        if status == 429 { answer.header("retry-after", retry_after) } else { answer }
    })
    .await
}

#[tokio::test]
async fn no_more_calls_leave_than_allowed() {
    for (calls, most) in [("1", 1), ("7", 7), ("40", 40)] {
        let platform = stand_in(PlatformConfig::default()).await;
        let json =
            probe(&Desk::empty(), &[&platform.url(), "--max-calls", calls, "--json"]).await.expect(0).json();
        assert_eq!((platform.stats().arrivals, &json["exit_reason"]), (most, &"calls".into()));
        assert_eq!(json["attempts"], most);
    }
}

#[tokio::test]
async fn it_ends_at_the_last_allowed_refusal() {
    let platform = scripted(&[429], "1").await;
    let arguments = [&platform.url, "--max-refusals", "2", "--json"];
    let json = probe(&Desk::empty(), &arguments).await.expect(0).json();
    assert_eq!((&json["refusals"], &json["exit_reason"]), (&2.into(), &"refusals".into()));
    assert_eq!(platform.asked().len(), 2, "one at a time, each after its wait");
}

#[tokio::test]
async fn a_call_that_was_refused_counts_as_one_of_those_allowed() {
    let platform = scripted(&[429], "1").await;
    let json = probe(&Desk::empty(), &[&platform.url, "--max-calls", "1", "--json"]).await.expect(0).json();
    assert_eq!((platform.asked().len(), &json["exit_reason"]), (1, &"calls".into()));
}

#[tokio::test]
async fn its_time_is_kept() {
    let platform = stand_in(PlatformConfig::default()).await;
    let arguments = [&platform.url(), "--max-time", "300ms", "--max-calls", "1000000", "--json"];
    let json = probe(&Desk::empty(), &arguments).await.expect(0).json();
    assert_eq!(json["exit_reason"], "time");
}

#[tokio::test]
async fn a_wait_longer_than_the_time_left_is_told_and_not_sat_out() {
    let platform = scripted(&[200, 429], "3600").await;
    let desk = Desk::empty();
    let ended = probe(&desk, &[&platform.url, "--max-time", "30s", "--json"]).await.expect(4);
    let json = ended.json();
    assert_eq!(json["exit_reason"], "suspended");
    assert!(json["resume_at"].as_str().unwrap().ends_with('Z'), "{json}");
    assert!(ended.stderr.contains("longer than there is time left. Ask again at "), "{}", ended.stderr);
}

#[tokio::test]
async fn a_ban_ends_it_at_once() {
    let platform = scripted(&[200, 429, 403], "1").await;
    let ended = probe(&Desk::empty(), &[&platform.url, "--max-refusals", "9", "--json"]).await.expect(6);
    assert_eq!(ended.json()["exit_reason"], "banned");
    assert!(ended.stderr.contains("shut this client out"), "{}", ended.stderr);
}

async fn fails(url: &str) -> Ended {
    let ended = probe(&Desk::empty(), &[url, "--json"]).await.expect(1);
    assert_eq!(ended.json()["toml"], serde_json::Value::Null);
    ended
}

#[tokio::test]
async fn what_takes_no_call_is_asked_once() {
    for (status, reason, words) in [
        ([404], "rejected", "takes no such call (404 Not Found)"),
        ([302], "rejected", "takes no such call (302 Found)"),
        ([401], "unauthorized", "does not accept the credential (401)"),
    ] {
        let platform = scripted(Box::leak(Box::new(status)), "1").await;
        let ended = fails(&platform.url).await;
        assert_eq!((platform.asked().len(), &ended.json()["exit_reason"]), (1, &reason.into()));
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
    }
}

#[tokio::test]
async fn what_nobody_answers_is_said_at_once() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let ended = fails(&format!("http://127.0.0.1:{port}/")).await;
    assert_eq!((&ended.json()["exit_reason"], &ended.json()["attempts"]), (&"unreachable".into(), &0.into()));
    assert!(ended.stderr.contains("nothing reached the platform: "), "{}", ended.stderr);
}

#[cfg(unix)]
#[tokio::test]
async fn an_interrupted_probe_tells_what_it_has_seen() {
    let (seen, mut first) = tokio::sync::mpsc::unbounded_channel();
    let platform = Scripted::start(move |_| {
        let _ = seen.send(());
        Answer::new(200, "")
    })
    .await;
    let desk = Desk::empty();
    let child = desk.program(&["probe", &platform.url, "--max-calls", "1000000", "--json"]).spawn();
    first.recv().await.unwrap();
    let process = child.id().unwrap().to_string();
    desk.command("kill", &["-INT", &process]).ended().await.expect(0);
    let ended = Ended::of(child).await.expect(1);
    let json = ended.json();
    assert_eq!(json["exit_reason"], "interrupted");
    assert_eq!(json["accepted"], json["attempts"], "what was under way came back: {json}");
}
