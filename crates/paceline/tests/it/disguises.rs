//! Replies that mean something else than their status, over real sockets.

use std::sync::{Arc, Mutex};

use paceline::client::{Applied, AttemptReport, Setback};
use paceline::{Client, Event, GateCause, GiveUp, Outcome, Profile, Reply, ScopeKind, ScopeSet};
use paceline_core::profile::{Disguise, NamedScope, Pattern, Place};
use paceline_core::{Meaning, headers::ResetForm, profile::Wait};

use crate::platform::{Act, Platform, client_of, fast, ok, post, quick, reply};

/// 200 with a code, and 400 with a text, are refusals; the body tells the wait.
fn profile() -> Profile {
    let disguise = |status, value, text: Option<&str>| Disguise {
        status,
        path: None,
        value,
        text: text.map(str::to_owned),
        means: Meaning::Throttled,
    };
    let code = Some((Place::Json("/errors/*/code".to_owned()), Pattern::new("THROTTLED")));
    Profile {
        disguises: vec![disguise(200, code, None), disguise(400, None, Some("rate limit exceeded"))],
        waits: vec![Wait::At(Place::Json("/wait".to_owned()), ResetForm::Millis)],
        ..Profile::generic()
    }
}

async fn client() -> (Client, ScopeSet) {
    client_of(Client::builder().machine(quick()).profile(profile())).await
}

const THROTTLED: &str = r#"{"errors":[{"code":"THROTTLED"}],"wait":20}"#;

#[tokio::test]
async fn a_200_that_is_a_refusal_is_repeated_and_never_delivered() {
    let platform = Platform::start([ok(THROTTLED), ok(THROTTLED), ok("done")]).await;
    let (client, scopes) = client().await;
    let (outcomes, bodies) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
    let (told, set_back) = (Arc::clone(&outcomes), Arc::clone(&bodies));
    let mut request = post(platform.url("/graphql"), scopes);
    request.on_attempt = Some(Box::new(move |report: AttemptReport| {
        told.lock().unwrap().push((Outcome::of(&report.reply, false), report.applied()));
    }));
    request.on_setback = Some(Box::new(move |setback| {
        if let Setback::Refused(response) = setback {
            set_back.lock().unwrap().push((response.status.as_u16(), response.body.clone()));
        }
    }));
    let response = client.call(request).await.unwrap();
    assert_eq!((&*response.body, response.attempts), (&b"done"[..], 3));
    let refused = (Outcome::Throttled, Applied::No);
    assert_eq!(*outcomes.lock().unwrap(), [refused, refused, (Outcome::Accepted, Applied::Yes)]);
    assert_eq!(*bodies.lock().unwrap(), [(200, THROTTLED.into()), (200, THROTTLED.into())]);
}

#[tokio::test]
async fn a_refusal_whose_body_tells_closes_the_gate_as_long_as_it_says() {
    let body = r#"{"description":"Rate limit exceeded","wait":30}"#;
    let platform = Platform::start([reply("400 Bad Request", "", body)]).await;
    let (client, scopes) = client().await;
    let mut events = client.pacer().subscribe();
    let response = client.call(post(platform.url("/"), scopes)).await.unwrap();
    assert_eq!((response.status.as_u16(), response.attempts), (200, 2));
    let cause = loop {
        if let Event::GateClosed { cause, .. } = events.recv().await.unwrap() {
            break cause;
        }
    };
    assert_eq!(cause, GateCause::RetryAfter);
    assert_eq!(platform.seen().connections, 1, "the refusal was read to its end");
}

#[tokio::test]
async fn the_same_status_without_what_tells_is_a_rejection() {
    let platform = Platform::start([reply("400 Bad Request", "", "no name")]).await;
    let (client, scopes) = client().await;
    let error = client.call(post(platform.url("/"), scopes)).await.unwrap_err();
    let given_up = error.given_up().unwrap();
    assert_eq!((given_up.why, &*given_up.last.as_ref().unwrap().body), (GiveUp::Rejected, &b"no name"[..]));
}

#[tokio::test]
async fn what_breaks_off_before_it_tells_is_what_its_head_says() {
    let head = "HTTP/1.1 400 Bad Request\r\ncontent-length: 500\r\n\r\nrate lim";
    let platform = Platform::start([Act::ReplyAndClose(head.to_owned())]).await;
    let (client, scopes) = client().await;
    let error = client.call(post(platform.url("/"), scopes)).await.unwrap_err();
    let last = error.given_up().unwrap().last.as_ref().unwrap();
    assert!(last.truncated);
    assert_eq!(last.body, "rate lim");
}

#[tokio::test]
async fn a_long_body_is_looked_at_to_its_bound_and_its_connection_is_not_kept() {
    let long = "x".repeat(200_000);
    let platform = Platform::start([reply("400 Bad Request", "", &long)]).await;
    let (client, scopes) = client().await;
    let error = client.call(post(platform.url("/"), scopes)).await.unwrap_err();
    let last = error.given_up().unwrap().last.as_ref().unwrap();
    assert_eq!((last.body.len(), last.truncated), (64 * 1024, true));
    client.call(post(platform.url("/"), scopes)).await.unwrap();
    assert_eq!(platform.seen().connections, 2);
}

#[tokio::test]
async fn a_refusal_names_in_its_body_whose_limit_it_is() {
    let values = vec![(Pattern::new("DAILY"), ScopeKind::Tenant)];
    let scopes = vec![NamedScope { place: Place::Json("/policy".to_owned()), values }];
    let profile = Profile { scopes, ..Profile::generic() };
    let refusal = reply("429 Too Many Requests", "retry-after: 1\r\n", r#"{"policy":"DAILY"}"#);
    let platform = Platform::start([refusal]).await;
    let (client, scopes) = client_of(Client::builder().machine(quick()).profile(profile)).await;
    let tenant = client.pacer().set_limits(ScopeKind::Tenant, "all", fast()).await.unwrap();
    let mut events = client.pacer().subscribe();
    let mut request = post(platform.url("/"), scopes.with(tenant));
    let named = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&named);
    request.on_attempt = Some(Box::new(move |report| {
        if let Reply::Answered(answered) = report.reply {
            told.lock().unwrap().push(answered.named_scope);
        }
    }));
    client.call(request).await.unwrap();
    let closed = loop {
        if let Event::GateClosed { scope, .. } = events.recv().await.unwrap() {
            break scope;
        }
    };
    assert_eq!(closed, tenant);
    assert_eq!(*named.lock().unwrap(), [Some(ScopeKind::Tenant), None]);
}
