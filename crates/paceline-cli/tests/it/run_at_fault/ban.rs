//! A platform that shuts the client out.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::desk::Desk;
use super::super::scripted::{Answer, Scripted};

#[tokio::test]
async fn a_ban_ends_the_run_at_once_and_condemns_no_record() {
    let calls = AtomicUsize::new(0);
    let platform = Scripted::start(move |_| match calls.fetch_add(1, Ordering::SeqCst) {
        0..10 => Answer::new(201, "{}"),
        10 => Answer::new(429, "slow down").header("retry-after", "1"),
        _ => Answer::new(403, "banned"),
    })
    .await;
    let desk = Desk::with_records(300);
    let arguments = ["records.csv", "--to", &platform.url, "--workers", "4", "--json"];
    let ended = desk.sync(&arguments).ended().await.expect(6);
    let [delivered, dead, in_doubt, remaining] = ended.counts();
    assert_eq!((delivered, dead, in_doubt, remaining), (10, 0, 0, 290), "{}", ended.stderr);
    assert_eq!(ended.json()["exit_reason"], "banned");
    let asked = platform.asked().len();
    assert!(asked <= 15, "nothing hammers: {asked}");
    assert!(ended.stderr.contains("Do not retry by script"), "{}", ended.stderr);
    assert_eq!(desk.dead(), []);
}

#[tokio::test]
async fn a_ban_with_an_end_is_not_tried_before_it() {
    let calls = AtomicUsize::new(0);
    let platform = Scripted::start(move |_| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => Answer::new(429, "slow down").header("retry-after", "1"),
        _ => Answer::new(403, "banned").header("retry-after", "3600"),
    })
    .await;
    let desk = Desk::with_records(20);
    let arguments = ["records.csv", "--to", &platform.url, "--workers", "1", "--json"];
    let ended = desk.sync(&arguments).ended().await.expect(6);
    assert!(ended.stderr.contains("\nlast answer: 403 Forbidden: banned\n"), "{}", ended.stderr);
    let asked = platform.asked().len();
    let ended = desk.sync(&arguments).ended().await.expect(6);
    assert_eq!(platform.asked().len(), asked, "the second run sends nothing");
    assert_eq!(ended.counts(), [0, 0, 0, 20]);
    let until = &ended.json()["closed_scopes"][0]["until"];
    assert!(until.is_string() && ended.stderr.contains(until.as_str().unwrap()), "{}", ended.stderr);
}
