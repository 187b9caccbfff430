//! Platforms that break, at every stage of a call: nothing is sent twice unless it may be, and its client is told.

use std::time::Duration;

use paceline::client::Timeouts;
use paceline_cli::proxy::ProxyPlan;

use super::platform::Platform;
use super::stage::{Stage, plan};

/// The platform breaks off before, inside and with nonsense for a head.
const BREAKS: [&str; 5] =
    ["", "HTTP/1.1 20", "SSH-2.0-OpenSSH_9.6\r\n\r\n", "HTTP/1.1 99999 No\r\n\r\n", "\0\0\0\0"];

#[tokio::test]
async fn a_post_whose_answer_is_lost_is_not_repeated_and_its_client_is_told() {
    let mut platform = Platform::start().await;
    let stage = Stage::start(plan(&platform.url)).await;
    for said in BREAKS {
        let mut caller = stage.caller().await;
        caller.post("", "order").await;
        let mut call = platform.call().await;
        call.say(said).await;
        drop(call);
        let told = caller.answer().await.expect_own(502);
        assert!(told.body.contains("may have done"), "{told:?}");
        stage.settled().await;
        assert!(platform.try_call().is_none(), "{said:?}");
    }
}

#[tokio::test]
async fn what_may_be_repeated_is_repeated() {
    let mut platform = Platform::start().await;
    let stage = Stage::start(plan(&platform.url)).await;
    for said in BREAKS {
        let mut keyed = stage.caller().await;
        keyed.post("idempotency-key: k\r\n", "order").await;
        let mut call = platform.call().await;
        call.say(said).await;
        drop(call);
        let again = platform.call().await;
        assert!(again.head.contains("idempotency-key: k"), "{}", again.head);
        assert_eq!(again.body, b"order");
        again.answer("201 Created").await;
        keyed.answer().await.expect(201);
    }
    stage.settled().await;
}

/// Its head was delivered: nobody can take that back, and nobody may think that it was all.
#[tokio::test]
async fn an_answer_that_breaks_off_is_seen_to() {
    let mut platform = Platform::start().await;
    let stage = Stage::start(plan(&platform.url)).await;
    let heads = ["content-length: 100", "transfer-encoding: chunked"];
    for head in heads {
        let mut caller = stage.caller().await;
        caller.get("").await;
        let mut call = platform.call().await;
        call.say(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n4\r\nhalf\r\n")).await;
        drop(call);
        let answered = caller.answer().await.expect(200);
        assert!(!answered.is_whole, "{head}: {answered:?}");
        stage.settled().await;
        assert!(platform.try_call().is_none(), "{head}");
    }
}

#[tokio::test]
async fn an_answer_of_malformed_chunks_is_no_whole_answer() {
    let mut platform = Platform::start().await;
    let stage = Stage::start(plan(&platform.url)).await;
    let mut caller = stage.caller().await;
    caller.get("").await;
    let mut call = platform.call().await;
    call.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\nzzz\r\n").await;
    assert!(!caller.answer().await.expect(200).is_whole);
    stage.settled().await;
}

#[tokio::test]
async fn a_platform_that_never_answers_is_given_up_in_time() {
    let mut platform = Platform::start().await;
    let timeouts = Timeouts { attempt: Duration::from_millis(200), ..Timeouts::default() };
    let stage = Stage::start(ProxyPlan { timeouts, ..plan(&platform.url) }).await;
    let mut caller = stage.caller().await;
    caller.post("", "order").await;
    let call = platform.call().await;
    let told = caller.answer().await.expect_own(504);
    assert!(told.body.contains("may have done"), "{told:?}");
    drop(call);
    stage.settled().await;
    assert!(platform.try_call().is_none());
}

#[tokio::test]
async fn a_platform_that_falls_silent_inside_its_answer_is_given_up() {
    let mut platform = Platform::start().await;
    let timeouts = Timeouts { attempt: Duration::from_millis(200), ..Timeouts::default() };
    let stage = Stage::start(ProxyPlan { timeouts, ..plan(&platform.url) }).await;
    let mut caller = stage.caller().await;
    caller.get("").await;
    let mut call = platform.call().await;
    call.say("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").await;
    assert!(!caller.answer().await.expect(200).is_whole);
    stage.settled().await;
    call.is_left().await;
}

#[tokio::test]
async fn a_kept_connection_that_closed_meanwhile_costs_no_call() {
    let mut platform = Platform::start().await;
    let stage = Stage::start(plan(&platform.url)).await;
    for number in 0..3 {
        let mut caller = stage.caller().await;
        caller.post("", &number.to_string()).await;
        let mut call = platform.call().await;
        assert_eq!(call.body, number.to_string().as_bytes());
        call.say("HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n").await;
        caller.answer().await.expect(201);
        // Idle by now, or about to be.
        drop(call);
        stage.settled().await;
    }
    assert_eq!(stage.running.counts().accepted, 3);
}

#[tokio::test]
async fn a_platform_that_is_gone_is_told_of_as_such() {
    let platform = Platform::start().await;
    let stage = Stage::start(plan(&platform.url)).await;
    platform.vanish();
    let mut caller = stage.caller().await;
    caller.post("prefer: wait=1\r\n", "order").await;
    let told = caller.answer().await.expect_own(502);
    assert!(told.body.contains("nothing was sent"), "{told:?}");
    stage.settled().await;
}

/// A 101 that nobody asked for would leave the client with a connection of no protocol.
#[tokio::test]
async fn a_switch_of_protocols_that_nobody_asked_for_is_not_passed_on() {
    let mut platform = Platform::start().await;
    let stage = Stage::start(plan(&platform.url)).await;
    let mut caller = stage.caller().await;
    caller.post("", "order").await;
    let mut call = platform.call().await;
    call.say("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n").await;
    drop(call);
    let answered = caller.answer().await;
    assert!(answered.status == 502 || answered.status == 500, "{answered:?}");
    stage.settled().await;
}
