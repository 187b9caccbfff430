//! Connections that become something else.

use super::stage::{GET, Stage};

const ASK: &str = "GET /socket HTTP/1.1\r\nhost: h\r\nconnection: keep-alive, Upgrade\r\nupgrade: websocket\r\n\
    sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n";
const GRANT: &str = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
    sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

#[tokio::test]
async fn a_websocket_passes_through_until_either_side_ends() {
    for is_client_first in [true, false] {
        let stage = Stage::new().await;
        let (mut client, mut platform, asked) = stage.asked(ASK).await;
        assert_eq!((asked.of("upgrade"), asked.of("connection")), ("websocket", "upgrade"));
        assert_eq!(asked.of("sec-websocket-version"), "13");
        // What is said right behind the head is not lost.
        platform.say(format!("{GRANT}first")).await;
        let reply = client.head().await;
        assert_eq!(
            (reply.status(), reply.of("upgrade"), reply.of("connection")),
            (101, "websocket", "upgrade")
        );
        assert_eq!(reply.of("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(client.bytes(5).await, "first");
        client.say("\0ping\r\n\r\n").await;
        assert_eq!(platform.bytes(9).await, "\0ping\r\n\r\n");
        platform.say("pong").await;
        assert_eq!(client.bytes(4).await, "pong");
        let (mut one, mut other) = if is_client_first { (client, platform) } else { (platform, client) };
        one.say("bye").await;
        drop(one);
        assert_eq!(other.rest().await, "bye");
        drop(other);
        assert_eq!(stage.end().await.counts.accepted, 1);
    }
}

#[tokio::test]
async fn what_a_client_says_before_the_upgrade_is_granted_is_not_lost() {
    let stage = Stage::new().await;
    let mut client = stage.client().await;
    client.say(format!("{ASK}early")).await;
    let mut platform = stage.platform().await;
    platform.head().await;
    platform.say(GRANT).await;
    assert_eq!(client.head().await.status(), 101);
    assert_eq!(platform.bytes(5).await, "early");
}

#[tokio::test]
async fn an_upgrade_that_is_not_granted_is_a_call_as_any() {
    let stage = Stage::new().await;
    let (mut client, mut platform, _) = stage.asked(ASK).await;
    platform.say("HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno").await;
    assert_eq!(client.message().await.body, "no");
    client.say(GET).await;
    platform.message().await;
    platform.say("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n1").await;
    assert_eq!(client.message().await.body, "1");
}

/// RFC 9113 3.1 has given `h2c` up; granted, it would be a way past every limit.
#[tokio::test]
async fn no_upgrade_is_a_way_past_the_proxy() {
    let others = ["h2c", "HTTP/2.0", "TLS/1.0", "websocket, h2c"];
    for protocol in others {
        let stage = Stage::new().await;
        let asked = stage
            .sent_on(format!(
                "GET / HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: {protocol}\r\n\r\n"
            ))
            .await;
        assert!(!asked.has("upgrade") && !asked.has("connection"), "{protocol}");
    }
}

#[tokio::test]
async fn an_upgrade_that_nobody_asked_for_is_not_passed_back() {
    let unnamed = ASK.replace("keep-alive, Upgrade", "keep-alive");
    let old = ASK.replace("HTTP/1.1", "HTTP/1.0");
    for request in [GET, &unnamed, &old] {
        let stage = Stage::new().await;
        let (mut client, mut platform, asked) = stage.asked(request).await;
        assert!(!asked.has("upgrade"));
        platform.say(GRANT).await;
        let reply = client.message().await;
        assert_eq!((reply.status(), reply.has("proxy-status")), (502, true));
    }
}
