//! Clients that go, at every stage of their calls.

use std::time::Duration;

use paceline_cli::proxy::{ProxyBounds, ProxyPlan};
use tokio::io::AsyncWriteExt;

use super::platform::Platform;
use super::stage::{Stage, one_at_a_time, plan};

#[tokio::test]
async fn a_client_that_goes_inside_its_head_leaves_nothing() {
    let mut platform = Platform::start().await;
    let stage = Stage::start(plan(&platform.url)).await;
    let mut caller = stage.caller().await;
    caller.send("POST /it HTTP/1.1\r\nhost").await;
    stage.until(|load| load.connections == 1).await;
    drop(caller);
    stage.until(|load| load.connections == 0).await;
    assert_eq!(stage.settled().await.offered, 0);
    assert!(platform.try_call().is_none());
}

#[tokio::test]
async fn half_a_post_is_never_sent() {
    let mut platform = Platform::start().await;
    let stage = Stage::start(plan(&platform.url)).await;
    let framings = [("content-length: 9", "half", 4), ("transfer-encoding: chunked", "4\r\nhalf\r\n", 4)];
    for (framing, half, held) in framings {
        let mut caller = stage.caller().await;
        caller.send(format!("POST /it HTTP/1.1\r\nhost: x\r\n{framing}\r\n\r\n{half}")).await;
        stage.until(|load| load.bytes_held == held).await;
        drop(caller);
        stage.until(|load| load.connections == 0).await;
        stage.settled().await;
        assert!(platform.try_call().is_none(), "{framing}");
    }
}

/// What is too large to be kept is sent as it comes: the platform must see that it is no whole request.
#[tokio::test]
async fn half_of_a_large_post_is_no_whole_request() {
    let platform = Platform::start().await;
    let bounds = ProxyBounds { max_body: 8, ..plan(&platform.url).bounds };
    let stage = Stage::start(ProxyPlan { bounds, ..plan(&platform.url) }).await;
    let large =
        ["content-length: 50\r\n\r\nhalf of it", "transfer-encoding: chunked\r\n\r\na\r\nhalf of it\r\n"];
    for (number, framing) in large.into_iter().enumerate() {
        let mut caller = stage.caller().await;
        caller.send(format!("POST /it HTTP/1.1\r\nhost: x\r\n{framing}")).await;
        stage.until_in_flight(1).await;
        drop(caller);
        stage.settled().await;
        super::stage::until(|| platform.broken() == number + 1, String::new).await;
    }
}

#[tokio::test]
async fn a_client_that_goes_while_it_waits_gives_its_place_back() {
    let mut platform = Platform::start().await;
    let stage = Stage::start(one_at_a_time(&platform.url)).await;
    let [mut first, mut second, mut third] =
        [stage.caller().await, stage.caller().await, stage.caller().await];
    first.post("", "first").await;
    let call = platform.call().await;
    second.post("", "second").await;
    stage.until_waiting(1).await;
    third.post("", "third").await;
    stage.until_waiting(2).await;
    drop(second);
    stage.until_waiting(1).await;
    call.answer("201 Created").await;
    first.answer().await.expect(201);
    let call = platform.call().await;
    assert_eq!(call.body, b"third", "nobody takes the turn of one that is gone");
    call.answer("201 Created").await;
    third.answer().await.expect(201);
    let counts = stage.settled().await;
    assert_eq!((counts.accepted, counts.hung_up), (2, 1), "{counts:?}");
}

#[tokio::test]
async fn a_client_that_goes_while_its_call_is_in_flight_frees_the_slot() {
    let mut platform = Platform::start().await;
    let stage = Stage::start(one_at_a_time(&platform.url)).await;
    let mut caller = stage.caller().await;
    caller.post("", "x").await;
    let mut call = platform.call().await;
    drop(caller);
    call.is_left().await;
    let counts = stage.settled().await;
    assert_eq!(counts.hung_up, 1, "{counts:?}");
    let mut next = stage.caller().await;
    next.get("").await;
    platform.call().await.answer("200 OK").await;
    next.answer().await.expect(200);
}

#[tokio::test]
async fn a_client_that_goes_inside_its_answer_frees_the_slot() {
    let mut platform = Platform::start().await;
    let stage = Stage::start(one_at_a_time(&platform.url)).await;
    let mut caller = stage.caller().await;
    caller.get("").await;
    let mut call = platform.call().await;
    call.say("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").await;
    stage.until_in_flight(1).await;
    drop(caller);
    call.is_left().await;
    stage.settled().await;
}

/// RFC 9112 9.6 lets either be meant; a client that closes its side looks as one that has gone.
#[tokio::test]
async fn a_client_that_closes_its_side_has_gone() {
    let mut platform = Platform::start().await;
    let stage = Stage::start(one_at_a_time(&platform.url)).await;
    let mut caller = stage.caller().await;
    caller.get("").await;
    let mut call = platform.call().await;
    caller.stream.shutdown().await.unwrap();
    call.is_left().await;
    stage.settled().await;
    stage.until(|load| load.connections == 0).await;
}

#[tokio::test]
async fn a_client_that_takes_no_answer_is_left() {
    let mut platform = Platform::start().await;
    let bounds = ProxyBounds { body_timeout: Duration::from_millis(200), ..plan(&platform.url).bounds };
    let stage = Stage::start(ProxyPlan { bounds, ..one_at_a_time(&platform.url) }).await;
    let mut caller = stage.caller().await;
    caller.get("").await;
    let mut call = platform.call().await;
    call.say("HTTP/1.1 200 OK\r\n\r\n").await;
    stage.until_in_flight(1).await;
    let sending = tokio::spawn(async move {
        let block = vec![b'x'; 1 << 16];
        for _ in 0..1_000 {
            call.say(&block).await;
        }
    });
    stage.settled().await;
    stage.until(|load| load.connections == 0).await;
    sending.abort();
    drop(caller);
}
