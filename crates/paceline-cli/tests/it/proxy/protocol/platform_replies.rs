//! Replies of the platform: those without a body, early ones, and those that are not as HTTP wants them.

use super::stage::{GET, OK, Stage};

#[tokio::test]
async fn a_length_without_a_body_is_passed_back_without_one() {
    let cases = [
        ("HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", vec!["5"]),
        ("HEAD", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", vec![]),
        ("GET", "HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\netag: \"a\"\r\n\r\n", vec![]),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n", vec![]),
        // RFC 9110 8.6: such a reply has none; who sends one is not believed.
        ("GET", "HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n", vec![]),
    ];
    for (method, reply, length) in cases {
        let stage = Stage::new().await;
        let mut client = stage.client().await;
        let mut platform = None;
        // Twice on one connection: after the first, the second is where its client looks for it.
        for _ in 0..2 {
            client.say(format!("{method} / HTTP/1.1\r\nhost: h\r\n\r\n")).await;
            if platform.is_none() {
                platform = Some(stage.platform().await);
            }
            let platform = platform.as_mut().unwrap();
            platform.message().await;
            platform.say(reply).await;
            let passed = client.head().await;
            assert_eq!(passed.start, reply.lines().next().unwrap());
            assert_eq!(passed.all("content-length"), length, "{method} {reply}");
        }
    }
}

#[tokio::test]
async fn what_comes_before_the_reply_is_not_taken_for_it() {
    let stage = Stage::new().await;
    let early = "HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n";
    let reply = stage.passed_back(format!("{early}{OK}")).await;
    assert_eq!((reply.status(), reply.body.as_str(), reply.has("link")), (200, "ok", false));
}

#[tokio::test]
async fn a_reply_that_ends_with_its_connection_is_passed_back_whole() {
    let stage = Stage::new().await;
    let reply = stage.passed_back("HTTP/1.1 200 OK\r\n\r\nuntil the end").await;
    assert_eq!(reply.body, "until the end");
    let stage = Stage::new().await;
    let reply = stage.passed_back("HTTP/1.0 200 OK\r\n\r\nuntil the end").await;
    assert_eq!(reply.body, "until the end");
}

/// RFC 9112 6.3: of a length and chunks, chunks count, and the length is not passed on.
#[tokio::test]
async fn a_reply_of_two_framings_is_passed_back_with_one() {
    let chunks = "5\r\nhello\r\n0\r\n\r\n";
    for length in [2, 5, 9] {
        for fields in [
            format!("content-length: {length}\r\ntransfer-encoding: chunked\r\n"),
            format!("transfer-encoding: chunked\r\ncontent-length: {length}\r\n"),
        ] {
            let stage = Stage::new().await;
            let reply = stage.passed_back(format!("HTTP/1.1 200 OK\r\n{fields}\r\n{chunks}")).await;
            assert_eq!((reply.body.as_str(), reply.has("content-length")), ("hello", false), "{fields}");
        }
    }
    for lengths in ["content-length: 2\r\ncontent-length: 2\r\n", "content-length: 2, 2\r\n"] {
        let stage = Stage::new().await;
        let reply = stage.passed_back(format!("HTTP/1.1 200 OK\r\n{lengths}\r\nok")).await;
        assert_eq!((reply.body.as_str(), reply.of("content-length")), ("ok", "2"), "{lengths}");
    }
}

#[tokio::test]
async fn a_reply_that_is_not_as_http_wants_it_is_not_passed_back() {
    let cases = [
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok!",
        "HTTP/1.1 200 OK\r\ncontent-length: 2, 3\r\n\r\nok!",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\na: b\r\n c: d\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\na: b\0\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\na : b\r\n\r\nok",
        "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        // A coding that we would take off half way (RFC 9112 7): its client could not read what is left.
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nok",
        "HTTP/2 200 OK\r\n\r\n",
        "200 OK\r\n\r\n",
    ];
    for reply in cases {
        let stage = Stage::new().await;
        // Not idempotent: sent once.
        let (mut client, mut platform, _) =
            stage.asked("POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n").await;
        platform.say(reply).await;
        let answer = client.message().await;
        assert_eq!((answer.status(), answer.has("proxy-status")), (502, true), "{reply}");
        drop((client, platform));
        assert!(!stage.end().await.has_called(), "{reply}");
    }
}

/// Bytes that nobody asked for are no answer to the next request on that connection.
#[tokio::test]
async fn a_reply_too_many_answers_nobody() {
    let evil = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil";
    let firsts = [
        format!("{OK}{evil}"),
        format!("HTTP/1.1 204 No Content\r\ncontent-length: {}\r\n\r\n{evil}", evil.len()),
        format!("HTTP/1.1 304 Not Modified\r\n\r\n{evil}"),
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{evil}"),
    ];
    for first in firsts {
        let stage = Stage::new().await;
        let (mut client, mut platform, _) = stage.asked(GET).await;
        platform.say(&first).await;
        client.message().await;
        client.say(GET).await;
        let mut second = stage.platform().await;
        second.message().await;
        second.say(OK).await;
        assert_eq!(client.message().await.body, "ok", "{first}");
    }
}

#[tokio::test]
async fn a_reply_that_breaks_off_is_never_taken_for_a_whole_one() {
    for (head, part) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n", "part"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "4\r\npart\r\n"),
    ] {
        let stage = Stage::new().await;
        let (mut client, mut platform, _) = stage.asked(GET).await;
        platform.say(format!("{head}{part}")).await;
        assert_eq!(client.head().await.status(), 200);
        drop(platform);
        let rest = client.rest().await;
        assert!(!rest.contains("0\r\n\r\n") && rest.contains("part"), "{rest}");
    }
}

#[tokio::test]
async fn connections_to_the_platform_are_kept_unless_it_closes_them() {
    let stage = Stage::new().await;
    let (mut client, mut platform, _) = stage.asked(GET).await;
    platform.say(OK).await;
    client.message().await;
    // Another client's call goes the same way.
    let mut another = stage.client().await;
    another.say(GET).await;
    platform.message().await;
    platform.say("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await;
    let reply = another.message().await;
    assert!(!reply.has("connection"), "the platform's connection is not the client's: {reply:?}");
    another.say(GET).await;
    let mut second = stage.platform().await;
    second.message().await;
    second.say(OK).await;
    assert_eq!(another.message().await.status(), 200);
}

#[tokio::test]
async fn a_client_that_goes_takes_its_call_with_it() {
    let stage = Stage::new().await;
    let (client, mut platform, _) = stage.asked(GET).await;
    drop(client);
    assert_eq!(platform.rest().await, "", "the platform sees that nobody waits any more");
}
