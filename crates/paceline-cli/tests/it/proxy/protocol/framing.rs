//! One request in is one request out, with one framing, whatever its client wrote.

use super::stage::{GET, OK, Stage};

/// What the platform gets of `request`: this start line and body, once, and no byte more.
async fn is_sent_on_once(what: &str, request: &[u8], start: &str, body: &str) {
    let stage = Stage::new().await;
    let (mut client, mut platform, asked) = stage.asked(request).await;
    platform.say(OK).await;
    assert_eq!(client.message().await.body, "ok", "{what}");
    drop(client);
    let ended = stage.end().await;
    assert_eq!((asked.start.as_str(), asked.body.as_str()), (start, body), "{what}");
    assert_eq!(platform.rest().await, "", "{what}: more than one request");
    assert!(!ended.has_called(), "{what}: another connection");
    assert_eq!(ended.counts.accepted, 1, "{what}");
}

#[tokio::test]
async fn the_platform_sees_one_request_with_one_framing() {
    let smuggled = "GET /smuggled HTTP/1.1\r\nhost: h\r\n\r\n";
    let chunked = "transfer-encoding: chunked\r\n";
    let same_twice = "POST /a HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\ncontent-length: 5\r\n\r\nhello";
    let extended = format!(
        "POST /a HTTP/1.1\r\nhost: h\r\n{chunked}\r\n5;a=\"b;c\";d\r\nhello\r\n00001 \r\n!\r\n0;last\r\n\r\n"
    );
    let capital =
        "POST /a HTTP/1.1\r\nhost: h\r\nTRANSFER-ENCODING:\t Chunked \r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let in_body =
        format!("POST /a HTTP/1.1\r\nhost: h\r\ncontent-length: {}\r\n\r\n{smuggled}", smuggled.len());
    let bare = "GET /a HTTP/1.1\nhost: h\n\n";
    let in_trailer =
        format!("POST /a HTTP/1.1\r\nhost: h\r\n{chunked}\r\n0\r\ncontent-length: 9\r\nhost: evil\r\n\r\n");
    let cases = [
        ("the same length twice", same_twice, "POST /a HTTP/1.1", "hello"),
        ("chunk extensions", extended.as_str(), "POST /a HTTP/1.1", "hello!"),
        ("a coding in capitals", capital, "POST /a HTTP/1.1", "hello"),
        ("a request in a body", in_body.as_str(), "POST /a HTTP/1.1", smuggled),
        ("lines that end in LF alone", bare, "GET /a HTTP/1.1", ""),
        ("a length in a trailer", in_trailer.as_str(), "POST /a HTTP/1.1", ""),
        (
            "a GET with a body",
            "GET /a HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\n\r\nhi",
            "GET /a HTTP/1.1",
            "hi",
        ),
    ];
    for (what, request, start, body) in cases {
        is_sent_on_once(what, request.as_bytes(), start, body).await;
    }
}

#[tokio::test]
async fn what_looks_like_a_length_in_a_body_is_none() {
    let stage = Stage::new().await;
    let (mut client, mut platform) = (stage.client().await, None);
    let text = "content-length: 5\r\n\r\na\ncontent-length: 7\n";
    let whole = format!("POST /a HTTP/1.1\r\nhost: h\r\ncontent-length: {}\r\n\r\n{text}", text.len());
    let chunked = format!(
        "POST /a HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{text}\r\n0\r\ncontent-length: 9\r\n\r\n",
        text.len()
    );
    client.say([whole.as_str(), &chunked, &chunked, &whole, &chunked, GET].concat()).await;
    for body in [text, text, text, text, text, ""] {
        if platform.is_none() {
            platform = Some(stage.platform().await);
        }
        let platform = platform.as_mut().unwrap();
        assert_eq!(platform.message().await.body, body);
        platform.say(OK).await;
        assert_eq!(client.message().await.status(), 200);
    }
}

#[tokio::test]
async fn the_target_is_sent_in_origin_form_and_the_host_is_the_platform_s() {
    let stage = Stage::new().await;
    let request = "GET http://evil.example:99/a?b=%20c HTTP/1.1\r\nhost: other.example\r\n\r\n";
    let asked = stage.sent_on(request).await;
    assert_eq!(asked.start, "GET /a?b=%20c HTTP/1.1");
    assert_eq!(asked.of("host"), stage.platform_address());
    // RFC 9112 3.2.2: the target's own host counts, whatever Host says.
    assert_eq!(asked.of("x-forwarded-host"), "evil.example:99");
}

#[tokio::test]
async fn requests_that_come_at_once_are_answered_in_order() {
    let stage = Stage::new().await;
    let mut client = stage.client().await;
    let post = "POST /1 HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\n\r\nhi";
    let last = "GET /2 HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";
    client
        .say(format!("GET /0 HTTP/1.1\r\nhost: h\r\n\r\n{post}{last}GET /3 HTTP/1.1\r\nhost: h\r\n\r\n"))
        .await;
    let mut platform = stage.platform().await;
    for number in 0..3 {
        let asked = platform.message().await;
        assert!(asked.start.contains(&format!(" /{number} ")), "{asked:?}");
        let body = number.to_string();
        platform.say(format!("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{body}")).await;
        assert_eq!(client.message().await.body, body);
    }
    assert_eq!(client.rest().await, "", "nothing follows a request that closes its connection");
    let ended = stage.end().await;
    assert_eq!((platform.rest().await.as_str(), ended.counts.offered), ("", 3));
}

#[tokio::test]
async fn a_client_of_http_1_0_is_answered_in_its_way() {
    let stage = Stage::new().await;
    let (mut client, mut platform, asked) = stage.asked("GET /a HTTP/1.0\r\n\r\n").await;
    assert_eq!(asked.start, "GET /a HTTP/1.1");
    assert_eq!(asked.of("via"), "1.0 paceline");
    platform.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n").await;
    let reply = client.message().await;
    assert!(reply.start.starts_with("HTTP/1.0 200"), "{reply:?}");
    assert!(!reply.has("transfer-encoding"));
    // Its end is the connection's.
    assert_eq!(reply.body, "hello");
}
