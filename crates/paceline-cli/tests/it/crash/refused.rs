//! Runs that must not start: exit code 2, a word on what to do, and nothing sent.

use paceline_sim::platform::PlatformConfig;
use serde_json::json;

use super::scene::{Ended, Scene, id};
use super::script::Script;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_on_a_journal_is_refused_and_the_first_does_not_notice() {
    let scene = Scene::new(PlatformConfig::default(), 1, 1).await;
    let mut script = Script::start().await;
    let mut first = scene.sync_to(&script.url, &[]);
    let call = script.call().await;
    let ended = scene.sync_to(&script.url, &[]).ended().await;
    refused(&ended, &["in use", &first.id().to_string(), "--journal"]);
    assert!(script.try_call().is_none(), "the second one sent something");
    call.answer(201);
    assert_eq!(first.ended().await.counts(), [1, 0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_of_another_target_is_refused() {
    let scene = delivered().await;
    let ended = scene.sync("/elsewhere", &[]).ended().await;
    refused(&ended, &["another target", "/records", "/elsewhere", "--start-over"]);
    nothing_more_was_sent(&scene);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_of_another_template_is_refused() {
    let scene = delivered().await;
    let config = scene.folder().join("paceline.toml");
    std::fs::write(&config, "[target]\nbody = '{\"only\": {{ id | tojson }}}'\n").unwrap();
    let ended = scene.sync("/records", &["--config", config.to_str().unwrap()]).ended().await;
    refused(&ended, &["another template", "--start-over"]);
    nothing_more_was_sent(&scene);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_of_another_source_is_refused() {
    let scene = delivered().await;
    scene.write((0..3).map(|number| json!({"id": id(number), "changed": true})));
    let ended = scene.sync("/records", &[]).ended().await;
    refused(&ended, &["has changed", "--key", "--start-over"]);
    nothing_more_was_sent(&scene);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_with_another_key_field_is_refused() {
    let scene = delivered().await.keyed();
    let ended = scene.sync("/records", &[]).ended().await;
    refused(&ended, &["another key field", "none", "id", "--start-over"]);
    nothing_more_was_sent(&scene);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipe_needs_a_journal_and_to_be_resumed_a_key() {
    let scene = Scene::new(PlatformConfig::default(), 3, 1).await;
    let url = scene.stand_in.url();
    let ended = scene.sync_piped(&url, &[]).ended().await;
    refused(&ended, &["--journal"]);
    assert_eq!(scene.stand_in.stats().arrivals, 0);

    let journal = scene.journal();
    let flags = ["--journal", journal.to_str().unwrap()];
    assert_eq!(scene.sync_piped(&url, &flags).ended().await.counts(), [3, 0, 0, 0]);
    let ended = scene.sync_piped(&url, &flags).ended().await;
    refused(&ended, &["--key", "--start-over"]);
    nothing_more_was_sent(&scene);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn starting_over_keeps_the_old_journal_and_sends_everything_again() {
    let scene = delivered().await;
    let ended = scene.sync("/records", &["--start-over"]).ended().await;
    assert_eq!((ended.code, ended.counts()), (Some(0), [3, 0, 0, 0]), "{ended:?}");
    assert_eq!(scene.stand_in.stats().arrivals, 6);
    assert!(scene.folder().join("records.jsonl.journal.1").exists());
}

/// Three records, delivered.
async fn delivered() -> Scene {
    let scene = Scene::new(PlatformConfig::default(), 3, 1).await;
    let ended = scene.sync("/records", &[]).ended().await;
    assert_eq!((ended.code, ended.counts()), (Some(0), [3, 0, 0, 0]), "{ended:?}");
    scene
}

fn refused(ended: &Ended, words: &[&str]) {
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let latest = ended.stderr.rsplit("error: ").next().unwrap();
    for word in words {
        assert!(latest.contains(word), "`{word}` is not said: {ended:?}");
    }
}

fn nothing_more_was_sent(scene: &Scene) {
    let stats = scene.stand_in.stats();
    assert_eq!((stats.arrivals, stats.distinct), (3, 3), "{stats:?}");
}
