//! The middleware for `reqwest`, over real sockets on a paused clock.

use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use paceline::driver::CallSpec;
use paceline::layer::{CallEnd, Error};
use paceline::reqwest::PacedMiddleware;
use paceline::{Bytes, GiveUp, OnUncertain, Pacer, ScopeSet};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use tokio::time::Instant;

use crate::platform::{Act, Platform, fast, limit, ok, one_slot, quick, reply};

async fn client(configure: impl FnOnce(PacedMiddleware) -> PacedMiddleware) -> (ClientWithMiddleware, Pacer) {
    let pacer = Pacer::start(quick());
    let scope = limit(&pacer, fast()).await;
    let middleware = configure(PacedMiddleware::new(pacer.clone(), ScopeSet::one(scope)));
    let bare = reqwest::Client::builder().no_proxy().build().unwrap();
    (ClientBuilder::new(bare).with(middleware).build(), pacer)
}

fn url(platform: &Platform, path: &str) -> String {
    platform.url(path).to_string()
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_waited_out_and_the_same_bytes_are_sent_again() {
    let refusal = reply("429 Too Many Requests", "retry-after: 600\r\n", "slow down");
    let platform = Platform::start([refusal, ok("done")]).await;
    let (client, _) = client(|middleware| middleware).await;
    let began = Instant::now();
    let response = client.post(url(&platform, "/a?b=c")).body("hello").send().await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(600));
    assert_eq!(response.url().as_str(), url(&platform, "/a?b=c"));
    assert_eq!(response.extensions().get(), Some(&CallEnd { attempts: 2, given_up: None }));
    assert_eq!((response.content_length(), &*response.text().await.unwrap()), (Some(4), "done"));
    let requests = platform.seen().requests;
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0], requests[1]);
    assert!(requests[0].ends_with("hello"));
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_sent_once_and_its_refusal_delivered() {
    let refusal = reply("429 Too Many Requests", "retry-after: 600\r\n", "slow down");
    let platform = Platform::start([refusal]).await;
    let (client, _) = client(|middleware| middleware).await;
    let stream = reqwest::Body::wrap(Full::<Bytes>::from("hello").boxed());
    let response = client.post(url(&platform, "/")).body(stream).send().await.unwrap();
    assert_eq!(response.status(), 429);
    let end = CallEnd { attempts: 1, given_up: Some(GiveUp::Cancelled) };
    assert_eq!(response.extensions().get(), Some(&end));
    assert_eq!(response.text().await.unwrap(), "slow down");
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_may_have_been_applied_ends_with_the_clients_own_error() {
    let platform = Platform::start([Act::Reset]).await;
    let (client, _) = client(|middleware| middleware).await;
    let error = client.post(url(&platform, "/")).body("hello").send().await.unwrap_err();
    assert!(error.is_request(), "{error:?}");
    assert_eq!(platform.seen().requests.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_says_itself_how_it_is_paced() {
    let platform = Platform::start([Act::Reset, Act::Reset]).await;
    let (client, pacer) = client(|middleware| middleware).await;
    let scopes = ScopeSet::one(limit(&pacer, fast()).await);
    let spec = CallSpec { on_uncertain: OnUncertain::Retry, ..CallSpec::new(scopes) };
    let request = client.post(url(&platform, "/")).with_extension(spec).body("hello");
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert_eq!(platform.seen().requests.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_end_without_a_reply_is_the_middlewares_error() {
    let refusal = reply("429 Too Many Requests", "retry-after: 600\r\n", "");
    let platform = Platform::start([refusal]).await;
    let (client, pacer) = client(|middleware| middleware).await;
    let scopes = ScopeSet::one(limit(&pacer, fast()).await);
    let deadline = Some(Instant::now() + Duration::from_secs(60));
    let spec = CallSpec { deadline, ..CallSpec::new(scopes) };
    let error = client.get(url(&platform, "/")).with_extension(spec).send().await.unwrap_err();
    let reqwest_middleware::Error::Middleware(error) = error else { panic!("{error:?}") };
    let error = error.downcast_ref::<Error>();
    assert!(matches!(error, Some(Error::GaveUp { why: GiveUp::Expired, .. })), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_failure_to_connect_is_repeated_where_it_is_said_to_prove_that_nothing_was_sent() {
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    let (client, pacer) = client(|middleware| middleware.never_sent(reqwest::Error::is_connect)).await;
    let scopes = ScopeSet::one(limit(&pacer, fast()).await);
    let deadline = Some(Instant::now() + Duration::from_secs(1));
    let spec = CallSpec { deadline, ..CallSpec::new(scopes) };
    let request = client.post(format!("http://{address}/")).with_extension(spec);
    let reqwest_middleware::Error::Middleware(error) = request.send().await.unwrap_err() else {
        panic!("not the middleware's")
    };
    // Nothing is proven against the call while nobody passes: it was tried until its deadline.
    let Some(Error::GaveUp { attempts, .. }) = error.downcast_ref() else { panic!("{error:?}") };
    assert!(*attempts > 1);
}

#[tokio::test(start_paused = true)]
async fn the_slot_is_held_until_the_body_was_read() {
    let platform = Platform::start([ok("one"), ok("two")]).await;
    let (client, pacer) = client(|middleware| middleware).await;
    limit(&pacer, one_slot()).await;
    let first = client.get(url(&platform, "/")).send().await.unwrap();
    let next = tokio::spawn(client.get(url(&platform, "/")).send());
    pacer.status().wait_for(|status| (status.waiting, status.in_flight) == (1, 1)).await.unwrap();
    assert_eq!(first.text().await.unwrap(), "one");
    assert_eq!(next.await.unwrap().unwrap().text().await.unwrap(), "two");
}
