//! Refusals that do not look like one, as platforms send them and their profiles read them.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::desk::Desk;
use super::super::scripted::{Answer, Scripted};

/// A platform that refuses the first `refusals` calls so, and takes all others.
async fn refusing(refusals: usize, refusal: Answer) -> Scripted {
    let asked = AtomicUsize::new(0);
    Scripted::start(move |_| {
        let is_refused = asked.fetch_add(1, Ordering::SeqCst) < refusals;
        if is_refused { refusal.clone() } else { Answer::new(200, "{\"data\":{}}") }
    })
    .await
}

#[tokio::test]
async fn a_200_that_says_throttled_delivers_nothing_and_is_sent_again() {
    let body = r#"{"errors":[{"extensions":{"code":"THROTTLED"}}]}"#;
    let platform = refusing(1, Answer::new(200, body)).await;
    let desk = Desk::with_records(10);
    let arguments = ["records.csv", "--to", &platform.url, "--profile", "shopify", "--json"];
    let ended = desk.sync(&arguments).ended().await.expect(0);
    assert_eq!(ended.counts(), [10, 0, 0, 0], "{}", ended.stderr);
    assert_eq!(platform.asked().len(), 11);
    assert_eq!(ended.json()["throttled"], 1);
}

#[tokio::test]
async fn a_403_that_is_a_refusal_condemns_no_record_and_is_no_ban() {
    let refusal = Answer::new(403, r#"{"message":"You have exceeded a secondary rate limit"}"#)
        .header("retry-after", "1");
    let platform = refusing(2, refusal).await;
    let desk = Desk::with_records(10);
    desk.put("paceline.toml", "[target]\nprofile = \"github\"\n[limits.credential]\nrate = \"100/s\"\n");
    let arguments = ["records.csv", "-c", "paceline.toml", "--to", &platform.url, "--json"];
    let ended = desk.sync(&arguments).ended().await.expect(0);
    assert_eq!(ended.counts(), [10, 0, 0, 0], "{}", ended.stderr);
}

#[tokio::test]
async fn what_is_laid_over_a_profile_is_obeyed() {
    let platform = refusing(1, Answer::new(500, "busy, come back later")).await;
    let desk = Desk::with_records(10);
    let over = "[[profile.disguise]]\nstatus = 500\ntext = \"Busy\"\nmeans = \"overloaded\"\n";
    desk.put("paceline.toml", over);
    let arguments = ["records.csv", "-c", "paceline.toml", "--to", &platform.url, "--json"];
    let ended = desk.sync(&arguments).ended().await.expect(0);
    assert_eq!(ended.counts(), [10, 0, 0, 0], "without it, a record would be in doubt: {}", ended.stderr);
}
