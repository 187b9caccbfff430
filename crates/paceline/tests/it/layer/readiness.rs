//! Readiness of the service below is asked of the clone that is called, and not held while a permit is waited for.

use paceline::driver::{CallSpec, LastLook};
use paceline::layer::Error;
use tokio::time::Instant;

use super::*;
use crate::layer::strict::refusal;

#[tokio::test(start_paused = true)]
async fn every_attempt_has_a_clone_that_said_it_is_ready() {
    let world = World::new([refusal(1), refusal(1)]).await;
    // Not asked itself whether it is ready: its contract is the caller's to keep, and it always is.
    let response = in_time(world.paced().oneshot(post())).await.unwrap();
    assert_eq!(end(&response), CallEnd { attempts: 3, given_up: None });
    assert_eq!(world.below.seen().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_not_ready_is_waited_for() {
    let world = World::new([]).await;
    let places = world.below.places().acquire_many(64).await.unwrap();
    let call = tokio::spawn(world.paced().oneshot(post()));
    world.until(0, 1).await;
    assert!(world.below.seen().is_empty());
    drop(places);
    assert_eq!(in_time(call).await.unwrap().unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_for_its_permit_holds_no_place_below() {
    let world = World::new([refusal(600)]).await;
    let call = tokio::spawn(world.paced().oneshot(post()));
    world.until(1, 0).await;
    assert_eq!(world.below.seen().len(), 1);
    assert_eq!(world.below.places().available_permits(), 64);
    assert_eq!(in_time(call).await.unwrap().unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_permit_that_grew_old_while_the_service_was_not_ready_is_recalled() {
    let world = World::new([]).await;
    let places = world.below.places().acquire_many(64).await.unwrap();
    let call = tokio::spawn(world.paced().oneshot(post()));
    world.until(0, 1).await;
    let told = Instant::now();
    let permit = world.pacer.submit(CallSpec::new(world.scopes)).await.unwrap();
    let LastLook::Departed(sibling) = permit.depart().await.unwrap() else { panic!("recalled") };
    let refusal = paceline::Reply::refused(429, Duration::from_secs(60));
    drop(sibling.settle(refusal).await.unwrap());
    drop(places);
    world.until(1, 0).await;
    assert_eq!(world.below.places().available_permits(), 64);
    let response = in_time(call).await.unwrap().unwrap();
    assert_eq!(end(&response).attempts, 1);
    assert!(world.below.seen()[0].at >= told + Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_breaks_ends_the_call_and_nothing_is_sent() {
    let world = World::new([]).await;
    world.below.places().close();
    let error = in_time(world.paced().oneshot(post())).await.unwrap_err();
    assert!(matches!(error, Error::NotReady { attempt: 1, .. }), "{error:?}");
    assert_eq!(error.to_string(), "the service failed before attempt 1 was sent");
    world.until(0, 0).await;
}
