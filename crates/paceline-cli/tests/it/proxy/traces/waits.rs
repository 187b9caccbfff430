//! Calls that are tried again, and what they wait for.

use std::num::NonZeroU32;

use paceline_core::Limits;

use super::collector::{Answers, CLIENT, INTERNAL, SERVER, of_kind};
use super::stage::{PATIENCE, Stage, ok, refuses};
use crate::scripted::Answer;

#[tokio::test]
async fn attempts_are_siblings_and_the_wait_between_them_is_told() {
    let stage = Stage::new(refuses(1)).await;
    assert!(stage.get("").await.starts_with("HTTP/1.1 200"));
    let (told, asked) = stage.ended().await;
    let [call] = of_kind(&told, SERVER)[..] else { panic!("{told:#?}") };
    let [first, second] = of_kind(&told, CLIENT)[..] else { panic!("{told:#?}") };
    assert_eq!((&first.parent, &second.parent), (&call.id, &call.id));
    let names = [
        "http.response.status_code",
        "paceline.outcome",
        "paceline.retry_after",
        "error.type",
        "http.request.resend_count",
    ];
    assert_eq!(first.said(names), ["429", "throttled", "1", "429", "-"]);
    assert_eq!(second.said(names), ["200", "accepted", "-", "-", "1"]);
    assert!(first.is_error && !second.is_error && !call.is_error);
    assert_eq!(call.says("http.response.status_code"), Some("200"));
    let held = of_kind(&told, INTERNAL);
    let [held] = held.iter().filter(|held| held.start >= first.end).collect::<Vec<_>>()[..] else {
        panic!("{told:#?}")
    };
    assert_eq!((held.name.as_str(), &held.parent), ("held", &call.id));
    assert_eq!(held.says("paceline.held.reason"), Some("retry_after"));
    assert!(held.end - held.start >= 900_000_000 && held.end <= second.start, "{told:#?}");
    let waited: f64 = second.says("paceline.held").unwrap().parse().unwrap();
    assert!(waited >= 0.9, "{waited}");
    let parents: Vec<&str> =
        asked.iter().map(|asked| asked.headers["traceparent"].to_str().unwrap()).collect();
    assert!(parents[0].contains(&first.id) && parents[1].contains(&second.id), "{parents:?}");
}

#[tokio::test]
async fn a_call_that_comes_before_a_closed_gate_waits_for_it() {
    let stage = Stage::new(refuses(1)).await;
    let first = tokio::spawn({
        let address = stage.running.address();
        async move { crate::proxy::admin::site::call(address, "a").await }
    });
    // The refusal was counted: its gate is closed.
    while stage.running.counts().refused == 0 {
        tokio::task::yield_now().await;
    }
    stage.get("authorization: a\r\n").await;
    assert_eq!(first.await.unwrap(), 200);
    let (told, _) = stage.ended().await;
    let reasons: Vec<_> =
        of_kind(&told, INTERNAL).iter().filter_map(|held| held.says("paceline.held.reason")).collect();
    assert!(reasons.contains(&"gate") && reasons.contains(&"retry_after"), "{told:#?}");
}

#[tokio::test]
async fn a_call_that_waits_for_another_waits_for_its_turn() {
    let script =
        |_: &crate::scripted::Asked| Answer::new(200, "{}").after(std::time::Duration::from_millis(50));
    let stage = Stage::with(Answers::Takes, script, |plan| {
        let one = Limits { in_flight: NonZeroU32::new(1), ..Limits::default() };
        plan.limits = Box::new(move |_, _| one);
    })
    .await;
    let calls = [stage.get(""), stage.get(""), stage.get("")];
    futures_util::future::join_all(calls).await;
    let (told, _) = stage.ended().await;
    let held = of_kind(&told, INTERNAL);
    assert!(
        held.iter().filter(|held| held.says("paceline.held.reason") == Some("turn")).count() >= 2,
        "{told:#?}"
    );
}

#[tokio::test]
async fn a_platform_that_cannot_be_reached_is_told_of_each_attempt() {
    let stage = Stage::with(Answers::Takes, ok, |plan| {
        // Nobody listens on port 1 of this machine.
        plan.rules.to = Some("http://127.0.0.1:1".parse().unwrap());
        plan.rules.patience = std::time::Duration::from_millis(300);
    })
    .await;
    let answered = stage.get("").await;
    assert!(answered.starts_with("HTTP/1.1 502"), "{answered}");
    stage.running.drain(PATIENCE).await.unwrap();
    let told = stage.collector.told();
    let [call] = of_kind(&told, SERVER)[..] else { panic!("{told:#?}") };
    assert_eq!(call.said(["error.type", "paceline.answered_by"]), ["unreachable", "paceline"]);
    let attempts = of_kind(&told, CLIENT);
    assert!(!attempts.is_empty());
    for attempt in attempts {
        assert_eq!(attempt.said(["error.type", "paceline.outcome"]), ["not_sent", "transient"]);
        assert!(attempt.is_error && attempt.parent == call.id);
    }
}
