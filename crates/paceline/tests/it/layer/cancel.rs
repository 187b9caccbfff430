//! A caller that leaves takes nothing with it.

use http_body_util::BodyExt as _;

use super::*;
use crate::layer::strict::{Body, refusal, reply};
use crate::platform::one_slot;

#[tokio::test(start_paused = true)]
async fn a_call_dropped_while_it_waits_for_its_permit_is_never_sent() {
    let world = World::limited(one_slot(), [Act::Never]).await;
    let stuck = tokio::spawn(world.paced().oneshot(post()));
    world.below.until_seen(1).await;
    let waiting = tokio::spawn(world.paced().oneshot(post()));
    world.until(1, 1).await;
    waiting.abort();
    world.until(0, 1).await;
    stuck.abort();
    world.until(0, 0).await;
    assert_eq!(world.below.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_while_the_service_is_not_ready_gives_its_permit_back() {
    let world = World::new([]).await;
    let _places = world.below.places().acquire_many(64).await.unwrap();
    let call = tokio::spawn(world.paced().oneshot(post()));
    world.until(0, 1).await;
    call.abort();
    world.until(0, 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_while_it_waits_out_a_refusal_gives_its_place_back() {
    let world = World::new([refusal(600)]).await;
    let call = tokio::spawn(world.paced().oneshot(post()));
    world.until(1, 0).await;
    call.abort();
    world.until(0, 0).await;
}

#[tokio::test(start_paused = true)]
async fn the_slot_is_held_until_the_body_is_dropped() {
    let world = World::limited(one_slot(), [Act::Reply(endless(200))]).await;
    let response = in_time(world.paced().oneshot(post())).await.unwrap();
    let next = tokio::spawn(world.paced().oneshot(post()));
    world.until(1, 1).await;
    drop(response);
    assert_eq!(in_time(next).await.unwrap().unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn the_slot_is_free_when_the_body_was_read_whoever_keeps_it() {
    let world = World::limited(one_slot(), [Act::Reply(reply(200, "first"))]).await;
    let mut response = in_time(world.paced().oneshot(post())).await.unwrap();
    world.until(0, 1).await;
    let chunk = response.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(chunk, "first");
    assert_eq!(in_time(world.paced().oneshot(post())).await.unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_whose_body_does_not_end_holds_its_slot_for_a_second_at_most() {
    let mut refusal = endless(429);
    refusal.headers_mut().insert("retry-after", 600.into());
    let world = World::new([Act::Reply(refusal)]).await;
    let began = Instant::now();
    let call = tokio::spawn(world.paced().oneshot(post()));
    world.until(1, 0).await;
    assert!(began.elapsed() < Duration::from_secs(2));
    assert_eq!(in_time(call).await.unwrap().unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn callers_that_leave_at_any_step_leak_neither_slot_nor_call() {
    let acts = std::iter::repeat_with(|| [refusal(1), Act::Fail, Act::Reply(reply(404, "no"))]);
    let world = World::limited(one_slot(), acts.take(100).flatten()).await;
    for patience in 0..200 {
        let leaving = tokio::spawn(world.paced().oneshot(put()));
        let staying = tokio::spawn(world.paced().oneshot(put()));
        for _ in 0..patience % 40 {
            tokio::task::yield_now().await;
        }
        leaving.abort();
        // With it goes the reply, if it came first.
        drop(leaving);
        drop(in_time(staying).await.unwrap());
    }
    world.until(0, 0).await;
    assert_eq!(world.below.places().available_permits(), 64);
}

/// A reply whose body never comes.
fn endless(status: u16) -> Reply {
    struct Endless;
    impl http_body::Body for Endless {
        type Data = Bytes;
        type Error = strict::Failure;
        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, strict::Failure>>> {
            std::task::Poll::Pending
        }
    }
    reply(status, "").map(|_| Body::new(Endless))
}
