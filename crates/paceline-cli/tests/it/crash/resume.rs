//! Running the same command again: what is sent, and what is not.

use paceline_sim::platform::PlatformConfig;
use serde_json::{Value, json};

use super::scene::{Ended, Life, Scene};
use super::script::Script;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_key_only_what_is_new_or_changed_is_sent() {
    let (scene, mut script) = (scene().await.keyed(), Script::start().await);
    scene.write([record("a", 1), record("b", 1), record("c", 1)]);
    let (sent, ended) = serve(scene.sync_to(&script.url, &[]), &mut script, |_| 201).await;
    assert_eq!((sent, ended.counts()), (strings(["a1", "b1", "c1"]), [3, 0, 0, 0]));

    scene.write([record("d", 1), record("c", 1), record("b", 2)]);
    let (sent, ended) = serve(scene.sync_to(&script.url, &[]), &mut script, |_| 201).await;
    assert_eq!((sent, ended.counts()), (strings(["b2", "d1"]), [3, 0, 0, 0]));
    assert_eq!(ended.code, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_dead_or_in_doubt_is_not_sent_again_until_it_changes() {
    let (scene, mut script) = (scene().await.keyed(), Script::start().await);
    let answer = |id: &str| match id {
        "b" => 422,
        "c" => 500,
        _ => 201,
    };
    scene.write([record("a", 1), record("b", 1), record("c", 1)]);
    let (sent, ended) = serve(scene.sync_to(&script.url, &[]), &mut script, answer).await;
    assert_eq!((sent, ended.counts(), ended.code), (strings(["a1", "b1", "c1"]), [1, 1, 1, 0], Some(3)));
    let (sent, ended) = serve(scene.sync_to(&script.url, &[]), &mut script, answer).await;
    assert_eq!((sent, ended.counts(), ended.code), (strings([]), [1, 1, 1, 0], Some(3)));

    // What is in doubt may have been applied in its older form: that is for a person to look at first.
    scene.write([record("a", 1), record("b", 2), record("c", 2)]);
    let (sent, ended) = serve(scene.sync_to(&script.url, &[]), &mut script, |_| 201).await;
    assert_eq!((sent, ended.counts(), ended.code), (strings(["b2"]), [2, 0, 1, 0], Some(3)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_record_with_the_same_key_is_dead_and_the_first_is_sent_once() {
    let (scene, mut script) = (scene().await.keyed(), Script::start().await);
    scene.write([record("a", 1), record("b", 1), record("a", 2)]);
    for sent_now in [strings(["a1", "b1"]), strings([])] {
        let (sent, ended) = serve(scene.sync_to(&script.url, &[]), &mut script, |_| 201).await;
        assert_eq!((sent, ended.counts(), ended.code), (sent_now, [2, 1, 0, 0], Some(3)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipe_with_a_key_is_resumed() {
    let (scene, mut script) = (scene().await.keyed(), Script::start().await);
    let journal = scene.journal();
    let flags = ["--journal", journal.to_str().unwrap()];
    scene.write([record("a", 1), record("b", 1)]);
    let mut life = scene.sync_piped(&script.url, &[&flags[..], &["--workers", "1"]].concat());
    script.call().await.answer(201);
    let lost = script.call().await;
    assert!(life.killed_when(|| true).await.is_none());
    script.forget_the_dead();
    drop(lost);

    scene.write([record("a", 1), record("b", 1), record("c", 1)]);
    let (sent, ended) = serve(scene.sync_piped(&script.url, &flags), &mut script, |_| 201).await;
    assert_eq!((sent, ended.counts(), ended.code), (strings(["c1"]), [2, 0, 1, 0], Some(3)));
}

async fn scene() -> Scene {
    Scene::new(PlatformConfig::default(), 0, 1).await
}

fn record(id: &str, version: u64) -> Value {
    json!({"id": id, "version": version})
}

fn strings<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}

/// Answers every call of a run by its record's id; returns who came, by id and version, and how the run ended.
async fn serve(mut life: Life, script: &mut Script, answer: impl Fn(&str) -> u16) -> (Vec<String>, Ended) {
    let mut sent = Vec::new();
    let ended = loop {
        tokio::select! {
            biased;
            call = script.call() => {
                sent.push(format!("{}{}", call.id(), call.body["version"]));
                let status = answer(call.id());
                call.answer(status);
            }
            ended = life.ended() => break ended,
        }
    };
    sent.sort();
    (sent, ended)
}
