//! Limits, waits and bans.

use std::num::NonZeroU32;
use std::time::Duration;

use paceline_sim::platform::{Ban, LimitConfig, LimiterKind, PlatformConfig, Rate, RetryAfterForm};
use serde_json::json;

use super::wire::{Wire, only, start};

#[tokio::test(start_paused = true)]
async fn a_refusal_names_the_wait_and_the_limit() {
    let stand_in = start(only(1)).await;
    let mut wire = Wire::open(stand_in.address()).await;
    assert_eq!(wire.post(r#"{"id":1}"#).await.status, 201);
    let refused = wire.post(r#"{"id":2}"#).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("3600")));
    assert_eq!(refused.json()["scope"], json!("credential"));
    let stats = wire.stats().await;
    assert_eq!(
        (&stats["accepted"], &stats["throttled"], &stats["distinct"]),
        (&json!(1), &json!(1), &json!(1))
    );
}

#[tokio::test(start_paused = true)]
async fn who_obeys_the_wait_is_let_in_and_not_blamed() {
    let stand_in = start(only(1)).await;
    let mut wire = Wire::open(stand_in.address()).await;
    wire.post("1").await;
    let wait: u64 = wire.post("2").await.header("retry-after").unwrap().parse().unwrap();
    tokio::time::advance(Duration::from_secs(wait)).await;
    assert_eq!(wire.post("2").await.status, 201);
    assert_eq!(stand_in.stats().early_returns, 0);
}

#[tokio::test(start_paused = true)]
async fn every_credential_has_its_own_limit() {
    let stand_in = start(only(1)).await;
    let mut wire = Wire::open(stand_in.address()).await;
    let mut status = async |headers: &str| wire.call("POST /records", headers, "{}").await.status;
    assert_eq!(status("authorization: Bearer a\r\n").await, 201);
    assert_eq!(status("authorization: Bearer b\r\n").await, 201);
    assert_eq!(status("x-api-key: c\r\n").await, 201);
    assert_eq!(status("").await, 201);
    assert_eq!(status("x-api-key: a\r\n").await, 429);
}

#[tokio::test(start_paused = true)]
async fn waits_are_written_in_every_form() {
    let forms = [
        (RetryAfterForm::Decimal, Some("3600.000")),
        (RetryAfterForm::Zero, Some("0")),
        (RetryAfterForm::Absent, None),
    ];
    for (retry_after, expected) in forms {
        let stand_in = start(PlatformConfig { retry_after, ..only(1) }).await;
        let mut wire = Wire::open(stand_in.address()).await;
        wire.post("1").await;
        assert_eq!(wire.post("2").await.header("retry-after"), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_date_is_an_hour_after_the_date_of_the_reply() {
    let stand_in = start(PlatformConfig { retry_after: RetryAfterForm::Date, ..only(1) }).await;
    let mut wire = Wire::open(stand_in.address()).await;
    wire.post("1").await;
    let refused = wire.post("2").await;
    let seconds = |name| unix_seconds(refused.header(name).unwrap());
    let wait = seconds("retry-after") - seconds("date");
    assert!((3_600..=3_601).contains(&wait), "{wait}");
}

#[tokio::test(start_paused = true)]
async fn early_returns_earn_a_ban_that_ends() {
    let ban = Ban {
        early_returns: NonZeroU32::new(3).unwrap(),
        within: Duration::from_secs(60),
        lasts: Duration::from_secs(60),
    };
    let stand_in = start(PlatformConfig { ban: Some(ban), ..only(1) }).await;
    let mut wire = Wire::open(stand_in.address()).await;
    wire.post("1").await;
    assert_eq!(wire.post("2").await.status, 429);
    assert_eq!(wire.post("2").await.status, 429, "in flight when it was told: excused");
    tokio::time::advance(Duration::from_millis(251)).await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(wire.post("2").await.status);
    }
    assert_eq!(statuses, [429, 429, 403, 403]);
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(wire.post("2").await.status, 429, "shut out no longer, and still early");
    let stats = stand_in.stop().await;
    assert_eq!((stats.early_returns, stats.banned, stats.throttled), (4, 2, 5));
}

#[tokio::test(start_paused = true)]
async fn latency_is_waited_and_a_leaky_bucket_queues() {
    let rate = Rate::new(NonZeroU32::new(1).unwrap(), Duration::from_secs(10)).unwrap();
    let queue = LimitConfig::per_credential(LimiterKind::LeakyBucket { rate, queue: 1 });
    let stand_in = start(PlatformConfig { limits: vec![queue], ..Default::default() }).await;
    let mut wire = Wire::open(stand_in.address()).await;
    let started = tokio::time::Instant::now();
    assert_eq!(wire.post("1").await.status, 201);
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(wire.post("2").await.status, 201);
    assert!(started.elapsed() >= Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_slot_is_free_again_once_the_reply_is_there() {
    let one = LimitConfig::per_credential(LimiterKind::Concurrency { slots: NonZeroU32::MIN });
    let stand_in = start(PlatformConfig { limits: vec![one], ..Default::default() }).await;
    let mut wire = Wire::open(stand_in.address()).await;
    for number in 0..20 {
        assert_eq!(wire.post(&number.to_string()).await.status, 201);
    }
}

/// Seconds since the Unix epoch of an HTTP date.
fn unix_seconds(date: &str) -> u64 {
    let time = httpdate::parse_http_date(date).expect("an HTTP date");
    time.duration_since(std::time::SystemTime::UNIX_EPOCH).expect("not before 1970").as_secs()
}
