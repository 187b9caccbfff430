//! How calls end: with the reply that came, whatever it is, or with the reason why none did.

use http_body_util::BodyExt as _;
use paceline::layer::{Error, call_spec};
use paceline::{GiveUp, Meaning, OnUncertain};
use paceline_core::profile::{Disguise, Pattern, Place};

use super::*;
use crate::layer::strict::{Failure, reply};

#[tokio::test(start_paused = true)]
async fn a_rejection_is_delivered_as_it_is() {
    let world = World::new([Act::Reply(reply(404, "no such record"))]).await;
    let response = in_time(world.paced().oneshot(post())).await.unwrap();
    assert_eq!(response.status(), 404);
    assert_eq!(end(&response), CallEnd { attempts: 1, given_up: Some(GiveUp::Rejected) });
    assert_eq!(response.collect().await.unwrap().to_bytes(), "no such record");
}

#[tokio::test(start_paused = true)]
async fn an_error_reply_that_leaves_its_call_in_doubt_is_delivered() {
    let world = World::new([Act::Reply(reply(500, "oops"))]).await;
    let response = in_time(world.paced().oneshot(post())).await.unwrap();
    assert_eq!(response.status(), 500);
    assert_eq!(end(&response).given_up, Some(GiveUp::InDoubt));
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_repeated_only_where_that_doubles_nothing() {
    let world = World::new([Act::Fail, Act::Fail]).await;
    let error = in_time(world.paced().oneshot(post())).await.unwrap_err();
    let Error::Failed { why: GiveUp::InDoubt, attempts: 1, source } = error else { panic!("{error:?}") };
    assert_eq!(source.downcast_ref(), Some(&Failure));
    let response = world.paced().oneshot(put()).await.unwrap();
    assert_eq!(end(&response).attempts, 2);
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_is_known_to_be_before_the_first_byte_is_repeated() {
    let world = World::new([Act::Fail]).await;
    let layer = world.layer().never_sent(|error| error.is::<Failure>());
    let response = layer.layer(world.below.clone()).oneshot(post()).await.unwrap();
    assert_eq!(end(&response), CallEnd { attempts: 2, given_up: None });
}

#[tokio::test(start_paused = true)]
async fn a_spec_for_all_requests_holds_for_each() {
    let world = World::new([Act::Fail]).await;
    let spec = call_spec(&Method::PUT, world.scopes);
    assert_eq!(spec.on_uncertain, OnUncertain::Retry);
    let response = world.layer().spec(spec).layer(world.below.clone()).oneshot(post()).await.unwrap();
    assert_eq!(end(&response).attempts, 2);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_in_disguise_is_repeated_and_the_body_of_what_is_none_stays_whole() {
    let refused = Act::Reply(reply(200, r#"{"code":"throttled"}"#));
    let world = World::new([refused, Act::Reply(reply(200, r#"{"code":"fine"}"#))]).await;
    let disguise = Disguise {
        status: 200,
        path: Some("/records".to_owned()),
        value: Some((Place::Json("/code".to_owned()), Pattern::new("throttled"))),
        text: None,
        means: Meaning::Throttled,
    };
    let layer = world.layer().profile(Profile { disguises: vec![disguise], ..Profile::generic() });
    let response = layer.layer(world.below.clone()).oneshot(post()).await.unwrap();
    assert_eq!(end(&response).attempts, 2);
    assert_eq!(response.collect().await.unwrap().to_bytes(), r#"{"code":"fine"}"#);
}

#[tokio::test(start_paused = true)]
async fn a_call_beyond_those_that_may_wait_is_not_taken() {
    let world = World::new([]).await;
    let full = Pacer::start(Config { max_waiting: 0, ..quick() });
    let scopes = ScopeSet::one(limit(&full, fast()).await);
    let paced = PacedLayer::new(full, scopes).layer(world.below.clone());
    assert!(matches!(paced.oneshot(post()).await, Err(Error::NotTaken(_))));
    assert!(world.below.seen().is_empty());
}
