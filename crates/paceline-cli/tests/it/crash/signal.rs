//! SIGINT and SIGTERM: what is in flight comes back, the rest stays to do, and the next run goes on.

use std::num::NonZeroU32;
use std::time::Duration;

use paceline_sim::platform::{LatencyRange, LimitConfig, LimiterKind, PlatformConfig, Rate};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::scene::{Scene, id};
use super::script::Script;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_run_settles_what_is_in_flight_and_the_next_one_does_the_rest() {
    interrupted_with("INT", "/records", &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminated_run_settles_what_is_in_flight_and_the_next_one_does_the_rest() {
    interrupted_with("TERM", "/records/bulk", &["--batch", "5"]).await;
}

async fn interrupted_with(signal: &str, path: &str, flags: &[&str]) {
    let rate = Rate::per_second(NonZeroU32::new(50).unwrap());
    let bucket = LimiterKind::TokenBucket { rate, burst: NonZeroU32::new(10).unwrap() };
    let config = PlatformConfig {
        limits: vec![LimitConfig::per_credential(bucket)],
        latency: LatencyRange::between(Duration::from_millis(50), Duration::from_millis(90)),
        ..PlatformConfig::default()
    };
    let scene = Scene::new(config, RECORDS, 1).await;
    let mut life = scene.sync(path, flags);
    life.until(|| scene.stand_in.stats().distinct >= 30).await;
    life.signal(signal).await;
    let ended = life.ended().await;

    assert_eq!((ended.code, &ended.json["exit_reason"]), (Some(1), &"interrupted".into()), "{ended:?}");
    assert!(ended.stderr.contains("run the same command again"), "{ended:?}");
    let [delivered, dead, in_doubt, remaining] = ended.counts();
    let stats = scene.stand_in.stats();
    assert_eq!((delivered, dead, in_doubt), (stats.distinct, 0, 0), "nothing was in flight: {ended:?}");
    assert!(remaining > 0, "it was not done yet: {ended:?}");
    assert_eq!(scene.counts().delivered, delivered, "the journal says the same");

    let ended = scene.sync(path, flags).ended().await;
    assert_eq!((ended.code, ended.counts()), (Some(0), [RECORDS, 0, 0, 0]), "{ended:?}");
    let stats = scene.stand_in.stats();
    assert_eq!((stats.distinct, stats.duplicates, stats.early_returns), (RECORDS, 0, 0), "{stats:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_run_waits_for_the_answers_that_it_is_owed() {
    let scene = Scene::new(PlatformConfig::default(), 20, 1).await;
    let mut script = Script::start().await;
    let mut life = scene.sync_to(&script.url, &["--workers", "3"]);
    let calls = [script.call().await, script.call().await, script.call().await];
    life.signal("INT").await;
    life.says("stopping").await;
    let [taken, rejected, refused] = calls;
    taken.answer(201);
    rejected.answer(422);
    refused.refuse(1);
    let ended = life.ended().await;
    assert_eq!((ended.code, ended.counts()), (Some(1), [1, 1, 0, 18]), "{ended:?}");
    assert!(script.try_call().is_none(), "nothing left after the signal");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_run_hears_a_slow_answer_to_its_end() {
    let scene = Scene::new(PlatformConfig::default(), 1, 1).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut life = scene.sync_to(&format!("http://{}", listener.local_addr().unwrap()), &[]);
    let (mut stream, _) = listener.accept().await.unwrap();
    // The request is small: it comes in one piece, or its beginning says as much.
    assert!(stream.read(&mut [0; 4_096]).await.unwrap() > 0);
    life.signal("INT").await;
    life.says("stopping").await;
    stream.write_all(b"HTTP/1.1 500 Oops\r\ncontent-length: 4\r\n\r\n").await.unwrap();
    tokio::time::sleep(SLOW).await;
    // The run may have gone already, which is what the counts would tell.
    let _ = stream.write_all(b"oops").await;
    let ended = life.ended().await;
    assert_eq!((ended.code, ended.counts()), (Some(1), [0, 0, 1, 0]), "{ended:?}");
    assert_eq!(scene.counts().in_doubt, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_stops_at_once_and_what_was_in_flight_is_in_doubt() {
    let scene = Scene::new(PlatformConfig::default(), 20, 1).await;
    let mut script = Script::start().await;
    let mut life = scene.sync_to(&script.url, &["--workers", "1"]);
    let call = script.call().await;
    let lost = call.id().to_owned();
    life.signal("INT").await;
    life.says("stopping").await;
    life.signal("TERM").await;
    let ended = life.ended().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    drop(call);

    let mut life = scene.sync_to(&script.url, &["--workers", "1"]);
    let mut sent = Vec::new();
    while sent.len() < 19 {
        let call = script.call().await;
        sent.push(call.id().to_owned());
        call.answer(201);
    }
    let ended = life.ended().await;
    assert_eq!((ended.code, ended.counts()), (Some(3), [19, 0, 1, 0]), "{ended:?}");
    let all: Vec<String> = (0..20).map(id).filter(|id| *id != lost).collect();
    sent.sort();
    let mut expected = all;
    expected.sort();
    assert_eq!(sent, expected, "the one that was in flight is not sent again");
}

const RECORDS: u64 = 200;
/// Between the head and the body of an answer.
const SLOW: Duration = Duration::from_millis(300);
