//! A caller that leaves takes nothing with it.

use std::time::Duration;

use paceline::driver::{CallSpec, LastLook};
use paceline::{Client, Pacer, Reply, ScopeSet};

use crate::platform::{Act, Platform, client, limit, one_slot, post};

#[tokio::test]
async fn a_dropped_attempt_frees_its_slot_and_closes_its_connection() {
    let platform = Platform::start([Act::Silence]).await;
    let (client, scopes) = one_at_a_time().await;
    let stuck = tokio::spawn({
        let (client, request) = (client.clone(), post(platform.url("/stuck"), scopes));
        async move { client.call(request).await }
    });
    platform.until(|seen| seen.requests.len() == 1).await;
    stuck.abort();
    let response = client.call(post(platform.url("/next"), scopes)).await.unwrap();
    assert_eq!(response.status, 200);
    platform.until(|seen| seen.closed == 1).await;
}

#[tokio::test]
async fn a_call_dropped_while_it_waits_is_never_sent() {
    let platform = Platform::start([Act::Silence]).await;
    let (client, scopes) = one_at_a_time().await;
    let stuck = tokio::spawn({
        let (client, request) = (client.clone(), post(platform.url("/stuck"), scopes));
        async move { client.call(request).await }
    });
    platform.until(|seen| seen.requests.len() == 1).await;
    let mut status = client.pacer().status();
    let waiting = tokio::spawn({
        let (client, request) = (client.clone(), post(platform.url("/waiting"), scopes));
        async move { client.call(request).await }
    });
    status.wait_for(|status| status.waiting == 1).await.unwrap();
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    stuck.abort();
    client.call(post(platform.url("/next"), scopes)).await.unwrap();
    let paths: Vec<_> = platform
        .seen()
        .requests
        .iter()
        .map(|request| request.split(' ').nth(1).unwrap().to_owned())
        .collect();
    assert_eq!(paths, ["/stuck", "/next"]);
}

#[tokio::test(start_paused = true)]
async fn callers_that_leave_at_any_step_leak_neither_slot_nor_call() {
    let (client, scopes) = one_at_a_time().await;
    for patience in 0..200 {
        let pacer = client.pacer().clone();
        let leaving = tokio::spawn(call_in_steps(pacer.clone(), scopes));
        let staying = tokio::spawn(call_in_steps(pacer, scopes));
        for _ in 0..patience % 25 {
            tokio::task::yield_now().await;
        }
        leaving.abort();
        // On the paused clock an hour passes only when nothing can happen any more.
        tokio::time::timeout(Duration::from_secs(3600), staying).await.unwrap().unwrap();
    }
    let mut status = client.pacer().status();
    status.wait_for(|status| (status.in_flight, status.waiting) == (0, 0)).await.unwrap();
}

/// One call, with a pause at each step where its caller may leave.
async fn call_in_steps(pacer: Pacer, scopes: ScopeSet) {
    let permit = pacer.submit(CallSpec::new(scopes)).await.unwrap();
    tokio::task::yield_now().await;
    let LastLook::Departed(in_flight) = permit.depart().await.unwrap() else { return };
    tokio::task::yield_now().await;
    let (slot, _) = in_flight.reply(Reply::status(200)).await.unwrap();
    tokio::task::yield_now().await;
    drop(slot);
}

/// A client whose calls may only follow one another.
async fn one_at_a_time() -> (Client, ScopeSet) {
    let (client, scopes) = client().await;
    limit(client.pacer(), one_slot()).await;
    (client, scopes)
}

#[tokio::test(start_paused = true)]
async fn callers_that_leave_in_flight_say_nothing_of_the_platform() {
    let pacer = Pacer::start(paceline::Config::default());
    let scope = pacer.scope(paceline::ScopeKind::Credential, "default").await.unwrap();
    for _ in 0..50 {
        let permit = pacer.submit(CallSpec::new(ScopeSet::one(scope))).await.unwrap();
        let LastLook::Departed(in_flight) = permit.depart().await.unwrap() else { panic!("no gate closed") };
        drop(in_flight);
    }
    let closed = pacer.snapshot().await.unwrap().scopes.into_iter().find_map(|scope| scope.closed);
    assert_eq!(closed, None);
    let status = pacer.status().borrow_and_update().in_flight;
    assert_eq!(status, 0);
}
