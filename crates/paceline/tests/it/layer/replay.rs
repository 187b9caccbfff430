//! What is sent again, and what is not.

use paceline::layer::SentOnce;
use paceline::{GiveUp, HeaderValue};

use super::*;
use crate::layer::strict::refusal;
use crate::platform::one_slot;

#[tokio::test(start_paused = true)]
async fn every_attempt_sends_the_same_request() {
    let world = World::new([refusal(1), Act::Fail, refusal(1)]).await;
    let mut request = put();
    request.headers_mut().insert("idempotency-key", HeaderValue::from_static("7"));
    let response = world.paced().oneshot(request).await.unwrap();
    assert_eq!(end(&response).attempts, 4);
    for seen in world.below.seen() {
        assert_eq!((&*seen.body, &seen.head.method), (&b"hello"[..], &Method::PUT));
        assert_eq!(seen.head.uri, "http://localhost/records?key=1");
        assert_eq!(seen.head.headers["idempotency-key"], "7");
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_copied_is_sent_once_and_its_refusal_delivered_and_heeded() {
    let world = World::limited(one_slot(), [refusal(60)]).await;
    let once = world.layer().replay(SentOnce).layer(world.below.clone());
    let response = once.oneshot(post()).await.unwrap();
    assert_eq!(response.status(), 429);
    assert_eq!(end(&response), CallEnd { attempts: 1, given_up: Some(GiveUp::Cancelled) });
    drop(response);
    assert_eq!(in_time(world.paced().oneshot(post())).await.unwrap().status(), 200);
    let seen = world.below.seen();
    assert_eq!(seen.len(), 2);
    assert!(seen[1].at >= seen[0].at + Duration::from_secs(60));
    world.until(0, 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_what_cannot_be_copied_is_its_end() {
    let world = World::new([Act::Fail]).await;
    let once = world.layer().replay(SentOnce).layer(world.below.clone());
    let error = once.oneshot(put()).await.unwrap_err();
    assert_eq!(error.to_string(), "attempt 1 brought no reply, and it cannot be sent again");
    world.until(0, 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_closure_says_which_requests_are_copied() {
    let world = World::new([refusal(1), refusal(1)]).await;
    let small = |request: &http::Request<Full<Bytes>>| {
        (http_body::Body::size_hint(request.body()).exact()? <= 5).then(|| request.clone())
    };
    let paced = world.layer().replay(small).layer(world.below.clone());
    let large = post().map(|_| Full::from("hello, world"));
    assert_eq!(paced.clone().oneshot(large).await.unwrap().status(), 429);
    let response = paced.oneshot(post()).await.unwrap();
    assert_eq!((response.status().as_u16(), end(&response).attempts), (200, 2));
}
