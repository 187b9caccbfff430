//! What is full, slow or too large is answered honestly.

use std::time::Duration;

use paceline_cli::proxy::ProxyBounds;

use super::platform::Platform;
use super::stage::{Stage, one_at_a_time, plan};

async fn bounded(platform: &Platform, change: impl FnOnce(&mut ProxyBounds)) -> Stage {
    let mut plan = one_at_a_time(&platform.url);
    change(&mut plan.bounds);
    Stage::start(plan).await
}

#[tokio::test]
async fn a_full_queue_is_an_honest_503() {
    let mut platform = Platform::start().await;
    let stage = bounded(&platform, |bounds| bounds.max_waiting = 1).await;
    let [mut first, mut second, mut third] =
        [stage.caller().await, stage.caller().await, stage.caller().await];
    first.get("").await;
    let call = platform.call().await;
    second.get("").await;
    stage.until_waiting(1).await;
    third.get("").await;
    let told = third.answer().await.expect_own(503);
    assert!(told.retry_after() >= Duration::from_secs(1) && told.body.contains("max_waiting"), "{told:?}");
    call.answer("200 OK").await;
    first.answer().await.expect(200);
    platform.call().await.answer("200 OK").await;
    second.answer().await.expect(200);
    stage.settled().await;
}

#[tokio::test]
async fn full_memory_is_an_honest_503_and_slow_bodies_do_not_fill_it() {
    let mut platform = Platform::start().await;
    let stage = bounded(&platform, |bounds| (bounds.max_body, bounds.max_held) = (100, 100)).await;
    let mut slow = Vec::new();
    for _ in 0..5 {
        let mut caller = stage.caller().await;
        caller.send("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n").await;
        slow.push(caller);
    }
    stage.until(|load| load.bytes_held == 5).await;
    let mut large = stage.caller().await;
    large.post("", &"x".repeat(90)).await;
    let call = platform.call().await;
    let mut more = stage.caller().await;
    more.post("", &"x".repeat(90)).await;
    let told = more.answer().await.expect_own(503);
    assert!(told.retry_after() >= Duration::from_secs(1) && told.body.contains("max_held"), "{told:?}");
    let mut grown = slow.pop().unwrap();
    grown.send("9\r\nxxxxxxxxx\r\n").await;
    grown.answer().await.expect_own(503);
    call.answer("200 OK").await;
    large.answer().await.expect(200);
    drop(slow);
    stage.settled().await;
}

#[tokio::test]
async fn a_connection_too_many_is_told_so_and_hears_it() {
    let platform = Platform::start().await;
    let stage = bounded(&platform, |bounds| bounds.max_connections = 1).await;
    let idle = stage.caller().await;
    stage.until(|load| load.connections == 1).await;
    for body in ["", "a body that nobody reads"] {
        let mut caller = stage.caller().await;
        caller.post("", body).await;
        let told = caller.answer().await.expect_own(503);
        assert_eq!(told.retry_after(), Duration::from_secs(1));
        caller.closed().await;
    }
    drop(idle);
    stage.until(|load| load.connections == 0).await;
}

/// What a connection has become is still a connection.
#[tokio::test]
async fn a_tunnel_counts_among_the_connections() {
    let mut platform = Platform::start().await;
    let stage = bounded(&platform, |bounds| bounds.max_connections = 1).await;
    let mut tunnel = stage.caller().await;
    tunnel.get("connection: upgrade\r\nupgrade: echo\r\n").await;
    let mut call = platform.call().await;
    call.say("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n").await;
    tunnel.answer().await.expect(101);
    stage.until_in_flight(0).await;
    let mut caller = stage.caller().await;
    caller.answer().await.expect_own(503);
    drop(tunnel);
    call.is_left().await;
    stage.until(|load| load.connections == 0).await;
}

#[tokio::test]
async fn a_slow_head_is_told_so_and_an_idle_connection_is_not() {
    let platform = Platform::start().await;
    let stage = bounded(&platform, |bounds| bounds.head_timeout = Duration::from_millis(100)).await;
    for begun in ["P", "PRI * HT", "GET /it HTTP/1.1\r\nhost:", "GET /it HTTP/1.1\r\nhost: x\r\n"] {
        let mut caller = stage.caller().await;
        caller.send(begun).await;
        let told = caller.try_answer().await.unwrap_or_else(|| panic!("{begun:?} has no answer"));
        told.expect_own(408);
        caller.closed().await;
    }
    let mut idle = stage.caller().await;
    assert!(idle.try_answer().await.is_none());
    stage.until(|load| load.connections == 0).await;
    assert_eq!(stage.settled().await.offered, 0);
}

#[tokio::test]
async fn a_preface_of_http_2_and_nothing_else_holds_no_connection() {
    let platform = Platform::start().await;
    let stage = bounded(&platform, |bounds| bounds.head_timeout = Duration::from_millis(100)).await;
    let mut caller = stage.caller().await;
    caller.send("PRI * HTTP/2.0\r\n\r\n").await;
    caller.closed().await;
    stage.until(|load| load.connections == 0).await;
}

#[tokio::test]
async fn a_slow_body_is_told_so_and_never_sent() {
    let mut platform = Platform::start().await;
    let stage = bounded(&platform, |bounds| bounds.body_timeout = Duration::from_millis(100)).await;
    let begun = [("content-length: 9", "half"), ("transfer-encoding: chunked", "4\r\nhalf\r\n")];
    for (framing, half) in begun {
        let mut caller = stage.caller().await;
        caller.send(format!("POST / HTTP/1.1\r\nhost: x\r\n{framing}\r\n\r\n{half}")).await;
        caller.answer().await.expect_own(408);
        caller.closed().await;
    }
    assert_eq!(stage.settled().await.hung_up, 0, "that is no hang-up");
    assert!(platform.try_call().is_none());
}

#[tokio::test]
async fn a_large_body_that_falls_silent_is_given_up() {
    let platform = Platform::start().await;
    let stage = bounded(&platform, |bounds| {
        (bounds.max_body, bounds.body_timeout) = (8, Duration::from_millis(100));
    })
    .await;
    let mut caller = stage.caller().await;
    caller.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\nhalf").await;
    caller.answer().await.expect_own(502);
    stage.settled().await;
    super::stage::until(|| platform.broken() == 1, String::new).await;
}

#[tokio::test]
async fn a_head_too_large_is_a_431_that_arrives() {
    let platform = Platform::start().await;
    let stage = Stage::start(plan(&platform.url)).await;
    let mut caller = stage.caller().await;
    let large = format!("GET / HTTP/1.1\r\nhost: x\r\nx-large: {}", "x".repeat(300_000));
    // It may be answered before all of it is taken.
    let _ = tokio::io::AsyncWriteExt::write_all(&mut caller.stream, large.as_bytes()).await;
    assert_eq!(caller.answer().await.status, 431);
    stage.until(|load| load.connections == 0).await;
    stage.settled().await;
}

#[tokio::test]
async fn an_answer_reaches_a_client_that_is_still_sending() {
    let mut platform = Platform::start().await;
    let stage = bounded(&platform, |bounds| (bounds.max_body, bounds.max_held) = (2 << 20, 2 << 20)).await;
    let mut first = stage.caller().await;
    first.post("", &"x".repeat(2 << 20)).await;
    let call = platform.call().await;
    let mut caller = stage.caller().await;
    let body = "x".repeat(1 << 20);
    let head = format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len());
    let _ = tokio::io::AsyncWriteExt::write_all(&mut caller.stream, (head + &body).as_bytes()).await;
    caller.answer().await.expect_own(503);
    call.answer("200 OK").await;
    first.answer().await.expect(200);
    stage.settled().await;
}

#[tokio::test]
async fn malformed_chunks_are_a_400_and_nothing_is_sent() {
    let mut platform = Platform::start().await;
    let stage = Stage::start(plan(&platform.url)).await;
    for chunks in ["zz\r\n", "4\r\nhalf!!!\r\n", "-1\r\n", "fffffffffffffffff\r\n"] {
        let mut caller = stage.caller().await;
        caller
            .send(format!("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{chunks}"))
            .await;
        caller.answer().await.expect_own(400);
        caller.closed().await;
    }
    stage.settled().await;
    assert!(platform.try_call().is_none());
}
