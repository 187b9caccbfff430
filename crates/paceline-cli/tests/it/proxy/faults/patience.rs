//! Held as long as a client waits, declined honestly when that is too short.

use std::sync::atomic::Ordering;
use std::time::Duration;

use paceline_cli::proxy::{ProxyPlan, rules::Rules};

use super::platform::Platform;
use super::stage::{Stage, one_at_a_time, plan};

#[tokio::test]
async fn a_call_behind_a_long_closing_is_declined_with_the_wait_that_is_left() {
    let mut platform = Platform::start().await;
    let stage = Stage::start(plan(&platform.url)).await;
    let mut first = stage.caller().await;
    first.get("prefer: wait=5\r\n").await;
    platform.call().await.refuse(20).await;
    // The call that is refused is one of those that would come too late.
    let declined = first.answer().await.expect_own(429);
    assert!(declined.retry_after() >= Duration::from_secs(19), "{declined:?}");
    let mut second = stage.caller().await;
    second.post("prefer: wait=5\r\n", "x").await;
    let declined = second.answer().await.expect_own(429);
    assert!(declined.retry_after() >= Duration::from_secs(19), "{declined:?}");
    stage.settled().await;
    assert!(platform.try_call().is_none(), "nothing was sent early");
}

#[tokio::test]
async fn a_call_that_waits_is_declined_when_a_closing_makes_it_late() {
    let mut platform = Platform::start().await;
    let stage = Stage::start(one_at_a_time(&platform.url)).await;
    let (mut first, mut second) = (stage.caller().await, stage.caller().await);
    first.get("prefer: wait=3600\r\n").await;
    let call = platform.call().await;
    second.get("prefer: wait=40\r\n").await;
    stage.until_waiting(1).await;
    call.refuse(60).await;
    let declined = second.answer().await.expect_own(429);
    assert!(declined.retry_after() >= Duration::from_secs(59), "{declined:?}");
    stage.until_waiting(1).await;
    drop(first);
    let counts = stage.settled().await;
    assert_eq!((counts.declined, counts.hung_up), (1, 1), "{counts:?}");
}

#[tokio::test]
async fn a_wait_without_end_is_declined_at_once() {
    let mut platform = Platform::start().await;
    let stage = Stage::start(plan(&platform.url)).await;
    let mut caller = stage.caller().await;
    caller.get("").await;
    platform.call().await.answer("429 Too Many Requests\r\nretry-after: 99999999999999").await;
    let declined = caller.answer().await.expect_own(429);
    assert!(declined.retry_after() >= Duration::from_secs(80_000), "{declined:?}");
}

#[tokio::test]
async fn who_does_not_wait_at_all_is_served_where_nothing_is_in_the_way() {
    let (url, asked) = Platform::answering("200 OK").await;
    let stage = Stage::start(plan(&url)).await;
    let mut caller = stage.caller().await;
    caller.get("prefer: wait=0\r\n").await;
    caller.answer().await.expect(200);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_body_that_takes_longer_than_the_patience_is_still_sent() {
    let (url, _) = Platform::answering("201 Created").await;
    let rules =
        Rules { to: Some(url.parse().unwrap()), patience: Duration::from_millis(1), ..Rules::default() };
    let stage = Stage::start(ProxyPlan { rules, ..plan(&url) }).await;
    let mut caller = stage.caller().await;
    caller.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\na").await;
    stage.until(|load| load.bytes_held == 1).await;
    caller.send("b").await;
    caller.answer().await.expect(201);
}

#[tokio::test]
async fn a_short_wait_is_waited_out_and_its_call_sent_again() {
    let mut platform = Platform::start().await;
    let stage = Stage::start(plan(&platform.url)).await;
    let mut caller = stage.caller().await;
    caller.post("", "order").await;
    let told = tokio::time::Instant::now();
    platform.call().await.answer("503 Busy\r\nretry-after: 1").await;
    let again = platform.call().await;
    assert!(told.elapsed() >= Duration::from_secs(1), "never before");
    assert_eq!(again.body, b"order");
    again.answer("201 Created").await;
    caller.answer().await.expect(201);
    let counts = stage.settled().await;
    assert_eq!((counts.offered, counts.accepted, counts.refused, counts.declined), (1, 1, 1, 0));
}

#[tokio::test]
async fn of_a_platform_that_keeps_failing_its_last_answer_is_delivered() {
    let (url, asked) = Platform::answering("500 Oops").await;
    let stage = Stage::start(plan(&url)).await;
    let mut caller = stage.caller().await;
    caller.get("prefer: wait=2\r\n").await;
    let last = caller.answer().await.expect(500);
    assert_eq!((last.body.as_str(), last.header("via")), ("{}", Some("1.1 paceline")));
    assert!(asked.load(Ordering::SeqCst) > 1, "it may be repeated, and was");
    stage.settled().await;
}

#[tokio::test]
async fn what_a_platform_can_never_do_is_not_asked_again() {
    for (head, status) in [("501 Not Implemented", 501), ("505 HTTP Version Not Supported", 505)] {
        let (url, asked) = Platform::answering(head).await;
        let stage = Stage::start(plan(&url)).await;
        let mut caller = stage.caller().await;
        caller.get("prefer: wait=3600\r\n").await;
        caller.answer().await.expect(status);
        assert_eq!((asked.load(Ordering::SeqCst), stage.settled().await.rejected), (1, 1));
    }
}

#[tokio::test]
async fn a_wait_of_days_is_told_whole() {
    let mut platform = Platform::start().await;
    let stage = Stage::start(plan(&platform.url)).await;
    let mut caller = stage.caller().await;
    caller.get("").await;
    platform.call().await.refuse(TWO_DAYS).await;
    let declined = caller.answer().await.expect_own(429);
    assert!(declined.retry_after() > Duration::from_secs(TWO_DAYS - 600), "{declined:?}");
    stage.settled().await;
    assert!(platform.try_call().is_none());
}

const TWO_DAYS: u64 = 172_800;

#[tokio::test]
async fn hang_ups_that_agree_are_learned_and_the_next_call_is_declined() {
    let mut platform = Platform::start().await;
    let stage = Stage::start(plan(&platform.url)).await;
    let mut first = stage.caller().await;
    first.get("prefer: wait=3600\r\n").await;
    platform.call().await.refuse(25).await;
    for _ in 0..3 {
        let mut caller = stage.caller().await;
        caller.get("").await;
        // This is what is learned: a client's own time-out.
        let none = tokio::time::timeout(Duration::from_millis(600), caller.answer()).await;
        assert!(none.is_err(), "it is held");
    }
    let mut caller = stage.caller().await;
    caller.get("").await;
    let declined = caller.answer().await.expect_own(429);
    assert!(declined.retry_after() >= Duration::from_secs(15), "{declined:?}");
}
