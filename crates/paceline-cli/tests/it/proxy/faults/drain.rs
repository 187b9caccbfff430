//! Stopping: what is under way ends, what cannot is told so.

use std::time::Duration;

use paceline_cli::proxy::ProxyPlan;
use tempfile::TempDir;
use tokio::net::TcpStream;

use super::platform::Platform;
use super::stage::{PATIENCE, Stage, one_at_a_time, plan};

#[tokio::test]
async fn calls_under_way_end_and_new_connections_are_refused() {
    let mut platform = Platform::start().await;
    let stage = Stage::start(one_at_a_time(&platform.url)).await;
    let address = stage.running.address();
    let mut callers = [stage.caller().await, stage.caller().await];
    callers[0].post("", "first").await;
    let call = platform.call().await;
    callers[1].post("", "second").await;
    stage.until_waiting(1).await;
    // Neither has anything under way: one has said nothing, the other nothing whole.
    let silent = stage.caller().await;
    stage.until(|load| load.connections == 3).await;
    let draining = tokio::spawn(stage.running.drain(PATIENCE));
    super::stage::until(|| std::net::TcpStream::connect(address).is_err(), String::new).await;
    call.answer("201 Created").await;
    let answered = callers[0].answer().await.expect(201);
    assert_eq!(answered.header("connection"), Some("close"));
    let call = platform.call().await;
    assert_eq!(call.body, b"second");
    call.answer("201 Created").await;
    callers[1].answer().await.expect(201);
    let counts = draining.await.unwrap().unwrap();
    assert_eq!((counts.accepted, counts.declined), (2, 0), "{counts:?}");
    drop(silent);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn what_cannot_end_in_time_is_told_what_became_of_it() {
    let mut platform = Platform::start().await;
    let stage = Stage::start(one_at_a_time(&platform.url)).await;
    let [mut sent, mut waiting, mut sending] =
        [stage.caller().await, stage.caller().await, stage.caller().await];
    sent.post("", "order").await;
    let call = platform.call().await;
    waiting.post("", "order").await;
    stage.until_waiting(1).await;
    sending.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf").await;
    stage.until(|load| load.bytes_held == 14).await;
    let draining = tokio::spawn(stage.running.drain(Duration::from_millis(1)));
    let told = sent.answer().await.expect_own(502);
    assert!(told.body.contains("may have done"), "{told:?}");
    assert!(waiting.answer().await.expect_own(503).retry_after() >= Duration::from_secs(1));
    sending.answer().await.expect_own(503);
    draining.await.unwrap().unwrap();
    drop(call);
    assert!(platform.try_call().is_none());
}

/// A run that was owed nothing leaves nothing to wait out.
#[tokio::test]
async fn a_tunnel_that_outlives_the_drain_is_no_crash() {
    let folder = TempDir::new().unwrap();
    let state = folder.path().join("state");
    let mut platform = Platform::start().await;
    let stage = Stage::start(ProxyPlan { state: Some(state.clone()), ..plan(&platform.url) }).await;
    let mut tunnel = stage.caller().await;
    tunnel.get("connection: upgrade\r\nupgrade: echo\r\n").await;
    let mut call = platform.call().await;
    call.say("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n").await;
    tunnel.answer().await.expect(101);
    stage.until_in_flight(0).await;
    let is_running = || std::fs::read_to_string(&state).unwrap().contains("\"is_running\": true");
    assert!(is_running());
    stage.running.drain(Duration::from_millis(1)).await.unwrap();
    assert!(!is_running());
    call.is_left().await;
}

#[tokio::test]
async fn a_proxy_that_is_dropped_ends_its_calls() {
    let mut platform = Platform::start().await;
    let stage = Stage::start(one_at_a_time(&platform.url)).await;
    let mut caller = stage.caller().await;
    caller.post("", "order").await;
    let mut call = platform.call().await;
    drop(stage);
    caller.answer().await.expect_own(502);
    call.is_left().await;
}
