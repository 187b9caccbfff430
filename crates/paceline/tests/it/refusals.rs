//! What becomes of calls that the platform refuses.

use std::sync::{Arc, Mutex};

use paceline::{Client, Event, GateCause, GiveUp, Instant, Response};

use crate::platform::{Platform, client, client_of, ok, post, quick, reply};

#[tokio::test]
async fn a_refused_call_is_sent_again_and_delivered_once() {
    let platform = Platform::start([refusal(), ok("done")]).await;
    let (client, scopes) = client().await;
    let response = client.call(post(platform.url("/records"), scopes)).await.unwrap();
    assert_eq!((response.status.as_u16(), response.attempts), (200, 2));
    assert_eq!(response.body, "done");
    let requests = platform.seen().requests;
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0], requests[1]);
    assert!(requests[0].ends_with("\r\n\r\nhello"), "{}", requests[0]);
}

#[tokio::test]
async fn a_closed_gate_is_told_before_anything_departs_again() {
    let platform = Arc::new(Platform::start([refusal()]).await);
    let told = Arc::new(Mutex::new(Vec::new()));
    let (log, seen) = (Arc::clone(&told), Arc::clone(&platform));
    let builder = Client::builder()
        .machine(quick())
        .on_gate_closed(move |gate| log.lock().unwrap().push((gate, seen.seen().requests.len())));
    let (client, scopes) = client_of(builder).await;
    client.call(post(platform.url("/records"), scopes)).await.unwrap();
    let told = told.lock().unwrap();
    let (gate, requests) = &told[0];
    assert_eq!((&*gate.name, gate.cause, *requests), ("test", GateCause::RetryAfter, 1));
}

#[tokio::test]
async fn a_rejected_call_brings_what_the_platform_said() {
    let platform = Platform::start([reply("422 Unprocessable Entity", "x-why: name\r\n", "no name")]).await;
    let (client, scopes) = client().await;
    let error = client.call(post(platform.url("/records"), scopes)).await.unwrap_err();
    let given_up = error.given_up().unwrap();
    assert_eq!(given_up.why, GiveUp::Rejected);
    let last = given_up.last.as_ref().unwrap();
    assert_eq!(last.body, "no name");
    assert_eq!(last.headers["x-why"], "name");
    let url = platform.url("/records");
    assert_eq!(
        error.to_string(),
        format!("POST {url} was given up after 1 attempt: the platform does not want it, status 422")
    );
}

#[tokio::test]
async fn a_forbidden_call_among_accepted_ones_is_rejected() {
    let platform = Platform::start([ok(""), reply("403 Forbidden", "", "")]).await;
    let (client, scopes) = client().await;
    client.call(post(platform.url("/"), scopes)).await.unwrap();
    let error = client.call(post(platform.url("/"), scopes)).await.unwrap_err();
    assert_eq!(error.given_up().unwrap().why, GiveUp::Rejected);
}

#[tokio::test]
async fn a_call_without_a_valid_credential_waits_until_there_is_one() {
    let platform = Platform::start([reply("401 Unauthorized", "", "")]).await;
    let response = reopened_after(&platform, GateCause::Unauthorized, 1).await;
    assert_eq!((response.status.as_u16(), response.attempts), (200, 2));
}

#[tokio::test]
async fn a_forbidden_call_after_a_refusal_is_a_ban_that_only_a_person_ends() {
    let platform = Platform::start([refusal(), reply("403 Forbidden", "", "")]).await;
    let response = reopened_after(&platform, GateCause::Banned, 2).await;
    assert_eq!((response.status.as_u16(), response.attempts), (200, 3));
}

#[tokio::test]
async fn a_redirect_is_no_delivery_and_is_not_followed() {
    let platform = Platform::start([reply("302 Found", "location: /elsewhere\r\n", "")]).await;
    let (client, scopes) = client().await;
    let error = client.call(post(platform.url("/"), scopes)).await.unwrap_err();
    let given_up = error.given_up().unwrap();
    assert_eq!(given_up.why, GiveUp::Rejected);
    assert_eq!(given_up.last.as_ref().unwrap().headers["location"], "/elsewhere");
    assert_eq!(platform.seen().requests.len(), 1);
}

/// Makes a call, reopens its scope by hand once it is closed for `cause` after `requests`, and returns what
/// came of it.
async fn reopened_after(platform: &Platform, cause: GateCause, requests: usize) -> Response {
    let (client, scopes) = client().await;
    let mut events = client.pacer().subscribe();
    let call = tokio::spawn({
        let (client, request) = (client.clone(), post(platform.url("/"), scopes));
        async move { client.call(request).await }
    });
    let scope = loop {
        match events.recv().await.unwrap() {
            Event::GateClosed { scope, until, cause: closed_for } if closed_for == cause => {
                assert_eq!(until, Instant::FAR_FUTURE);
                break scope;
            }
            _ => {}
        }
    };
    assert_eq!(platform.seen().requests.len(), requests);
    client.pacer().reopen(scope);
    call.await.unwrap().unwrap()
}

fn refusal() -> crate::platform::Act {
    reply("429 Too Many Requests", "retry-after: 1\r\n", "slow down")
}
