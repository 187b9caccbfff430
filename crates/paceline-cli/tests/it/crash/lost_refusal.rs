//! A refusal that dies with the process: what the platform said is true all the same.

use std::time::Duration;

use paceline_cli::journal::JournalReader;
use paceline_sim::platform::PlatformConfig;
use tokio::time::Instant;

use super::scene::Scene;
use super::script::Script;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_refusal_is_obeyed_though_it_was_told_to_a_dead_process() {
    let scene = Scene::new(PlatformConfig::default(), 1, 1).await;
    let mut script = Script::start().await;
    let mut life = scene.sync_to(&script.url, &["--idempotency-key"]);
    let call = script.call().await;
    life.freeze().await;
    call.refuse(1);
    let told = Instant::now();
    assert!(life.killed_when(|| true).await.is_none());

    let mut life = scene.sync_to(&script.url, &["--idempotency-key"]);
    let call = script.call().await;
    assert!(call.at >= told + Duration::from_secs(1), "early, though the one that was told is dead");
    call.answer(201);
    assert_eq!(life.ended().await.counts(), [1, 0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closing_that_is_known_does_not_hide_a_later_one_that_is_not() {
    let scene = Scene::new(PlatformConfig::default(), 2, 1).await;
    let mut script = Script::start().await;
    let mut life = scene.sync_to(&script.url, &["--idempotency-key"]);
    let (one, other) = (script.call().await, script.call().await);
    one.refuse(2);
    life.until(|| is_closed(&scene)).await;
    // The gate is half over when the other call, under way since before, is told the same.
    let half = Instant::now() + Duration::from_secs(1);
    life.until(|| Instant::now() >= half).await;
    life.freeze().await;
    other.refuse(2);
    let told = Instant::now();
    assert!(life.killed_when(|| true).await.is_none());

    let mut life = scene.sync_to(&script.url, &["--idempotency-key"]);
    for _ in 0..2 {
        let call = script.call().await;
        assert!(
            call.at >= told + Duration::from_secs(2),
            "early by {:?}",
            told + Duration::from_secs(2) - call.at
        );
        call.answer(201);
    }
    assert_eq!(life.ended().await.counts(), [2, 0, 0, 0]);
}

fn is_closed(scene: &Scene) -> bool {
    let Ok(reader) = JournalReader::open(&scene.journal()) else { return false };
    reader.scopes().unwrap().iter().any(|scope| scope.closed.is_some())
}
