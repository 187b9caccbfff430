//! Batches of a run that is over, met by another source: what may have been applied is not sent under another key.

use paceline_sim::platform::PlatformConfig;
use serde_json::{Value, json};

use super::scene::Scene;
use super::script::Script;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rest_of_a_batch_that_a_crash_left_open_is_in_doubt() {
    let (scene, mut script) = (scene(1).await, Script::start().await);
    let mut life = scene.sync_to(&script.url, &FLAGS);
    let lost = script.call().await;
    assert!(life.killed_when(|| true).await.is_none());
    script.forget_the_dead();
    drop(lost);

    // One record of the batch has changed; the next run is stopped when it has met it, the one after it is not.
    scene.write([record("a", 1), record("b", 1), record("c", 2)]);
    let mut life = scene.sync_to(&script.url, &FLAGS);
    let refused = script.call().await;
    assert_eq!(refused.records(), [record("c", 2)]);
    life.signal("INT").await;
    life.says("stopping").await;
    refused.refuse(1);
    let ended = life.ended().await;
    assert_eq!((ended.code, ended.counts()), (Some(1), [0, 0, 2, 1]), "{ended:?}");

    let mut life = scene.sync_to(&script.url, &FLAGS);
    let call = script.call().await;
    assert_eq!(call.records(), [record("c", 2)]);
    call.answer(201);
    let ended = life.ended().await;
    assert_eq!((ended.code, ended.counts()), (Some(3), [1, 0, 2, 0]), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_batch_stays_in_doubt_when_the_run_that_met_it_did_not_come_to_its_end() {
    let (scene, mut script) = (scene(1).await, Script::start().await);
    let mut life = scene.sync_to(&script.url, &FLAGS);
    let lost = script.call().await;
    assert!(life.killed_when(|| true).await.is_none());
    script.forget_the_dead();
    drop(lost);

    // Another batch keeps the next run busy before the source has ended.
    let many = (0..2_000).map(|number| json!({"id": format!("x{number}"), "version": 1}));
    scene.write([record("c", 2), record("a", 1)].into_iter().chain(many));
    let mut life = scene.sync_to(&script.url, &FLAGS);
    let refused = script.call().await;
    life.signal("INT").await;
    life.says("stopping").await;
    refused.refuse(1);
    assert_eq!(life.ended().await.code, Some(1));

    scene.write([record("c", 2), record("a", 1)]);
    let mut life = scene.sync_to(&script.url, &FLAGS);
    let call = script.call().await;
    assert_eq!(call.records(), [record("c", 2)]);
    call.answer(201);
    assert_eq!(life.ended().await.counts(), [1, 0, 1, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_was_refused_is_free_for_others_when_the_run_stops() {
    let (scene, mut script) = (scene(1).await, Script::start().await);
    let mut life = scene.sync_to(&script.url, &FLAGS);
    let call = script.call().await;
    life.signal("INT").await;
    life.says("stopping").await;
    call.refuse(1);
    let ended = life.ended().await;
    assert_eq!((ended.code, ended.counts()), (Some(1), [0, 0, 0, 3]), "{ended:?}");

    scene.write([record("a", 1), record("b", 1), record("c", 2)]);
    let mut life = scene.sync_to(&script.url, &FLAGS);
    let call = script.call().await;
    assert_eq!(call.records(), [record("a", 1), record("b", 1), record("c", 2)]);
    call.answer(201);
    let ended = life.ended().await;
    assert_eq!((ended.code, ended.counts()), (Some(0), [3, 0, 0, 0]), "{ended:?}");
}

async fn scene(version: u64) -> Scene {
    let scene = Scene::new(PlatformConfig::default(), 0, 1).await.keyed();
    scene.write(["a", "b", "c"].map(|id| record(id, version)));
    scene
}

fn record(id: &str, version: u64) -> Value {
    json!({"id": id, "version": version})
}

const FLAGS: [&str; 5] = ["--batch", "3", "--idempotency-key", "--workers", "1"];
