//! Requests of which two parsers could make two things: the platform hears nothing of them.

use super::stage::Stage;

/// Each is answered, or hung up on, and never sent on; what follows it on its connection is not either.
async fn is_refused(cases: &[(&str, &[u8], u16)]) {
    for (what, request, status) in cases {
        let stage = Stage::new().await;
        let mut client = stage.client().await;
        client.say(request).await;
        client.end().await;
        let reply = client.next().await.unwrap_or_else(|| panic!("{what}: no answer"));
        assert_eq!(reply.status(), *status, "{what}: {reply:?}");
        let rest = client.rest().await;
        assert!(!rest.contains(" 200 "), "{what}: {rest}");
        assert!(!stage.end().await.has_called(), "{what}: it was sent on");
    }
}

#[tokio::test]
async fn a_length_that_is_none_or_two_is_refused() {
    is_refused(&[
        (
            "two lengths",
            b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
            400,
        ),
        (
            "two lengths in one field",
            b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 5, 6\r\n\r\nhello!",
            400,
        ),
        ("a sign", b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: +5\r\n\r\nhello", 400),
        ("below nothing", b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: -5\r\n\r\nhello", 400),
        ("hexadecimal", b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 0x5\r\n\r\nhello", 400),
        ("nothing", b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: \r\n\r\nhello", 400),
        (
            "beyond every number",
            b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 99999999999999999999\r\n\r\nhello",
            400,
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_length_and_a_transfer_coding_are_refused_together() {
    let smuggled = "GET /smuggled HTTP/1.1\r\nhost: h\r\n\r\n";
    let (length, chunked) = ("Content-LENGTH: 6\r\n", "transfer-encoding: chunked\r\n");
    let both = [
        format!("{length}{chunked}"),
        format!("{chunked}{length}"),
        format!("{chunked}a: b\r\n{length}{length}"),
    ];
    for both in both {
        let request = format!("POST /a HTTP/1.1\r\nhost: h\r\n{both}\r\n0\r\n\r\n{smuggled}");
        is_refused(&[("both", request.as_bytes(), 400)]).await;
        let stage = Stage::new().await;
        let mut client = stage.client().await;
        client.say("TRACE / HTTP/1.1\r\nhost: h\r\n\r\n".to_owned() + &request).await;
        assert_eq!(client.message().await.status(), 405);
        let answer = client.message().await;
        assert_eq!((answer.status(), answer.of("connection")), (400, "close"));
        assert_eq!(client.rest().await, "");
        assert!(!stage.end().await.has_called());
    }
}

#[tokio::test]
async fn what_is_refused_before_it_is_a_request_is_marked_as_ours() {
    let long = format!("GET /{} HTTP/1.1\r\nhost: h\r\n\r\n", "b".repeat(65_535));
    let many = format!("GET / HTTP/1.1\r\nhost: h\r\n{}\r\n", "a: b\r\n".repeat(200));
    for (request, status) in [("no request\r\n\r\n", 400), (long.as_str(), 414), (many.as_str(), 431)] {
        let stage = Stage::new().await;
        let mut client = stage.client().await;
        client.say(request).await;
        let answer = client.message().await;
        assert_eq!(
            (answer.status(), answer.of("proxy-status")),
            (status, "paceline; error=http_request_error")
        );
        assert_eq!(client.rest().await, "");
    }
}

#[tokio::test]
async fn a_transfer_coding_that_is_not_chunked_once_is_refused() {
    is_refused(&[
        ("unknown", b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
        ("identity", b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n", 400),
        ("not the last", b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400),
        ("after another", b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        (
            "twice",
            b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            501,
        ),
        (
            "twice, one unknown",
            b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: cow\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            501,
        ),
        ("in quotes", b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 400),
        ("with a parameter", b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked;a=b\r\n\r\n0\r\n\r\n", 400),
        ("in HTTP/1.0", b"POST / HTTP/1.0\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ])
    .await;
}

#[tokio::test]
async fn a_head_that_is_not_written_as_http_wants_it_is_refused() {
    is_refused(&[
        (
            "a space before the colon",
            b"GET / HTTP/1.1\r\nhost: h\r\ntransfer-encoding : chunked\r\n\r\n",
            400,
        ),
        ("a folded line", b"GET / HTTP/1.1\r\nhost: h\r\na: b\r\n c\r\n\r\n", 400),
        ("a folded first line", b"GET / HTTP/1.1\r\n host: h\r\n\r\n", 400),
        ("a bare CR in a value", b"GET / HTTP/1.1\r\nhost: h\r\na: b\rc: d\r\n\r\n", 400),
        ("a bare CR in the target", b"GET /\rb HTTP/1.1\r\nhost: h\r\n\r\n", 400),
        ("a NUL in a value", b"GET / HTTP/1.1\r\nhost: h\r\na: b\0c\r\n\r\n", 400),
        ("a NUL in a name", b"GET / HTTP/1.1\r\nhost: h\r\na\0b: c\r\n\r\n", 400),
        ("a field without a colon", b"GET / HTTP/1.1\r\nhost: h\r\nab\r\n\r\n", 400),
        ("a field without a name", b"GET / HTTP/1.1\r\nhost: h\r\n: b\r\n\r\n", 400),
        ("two spaces in the request line", b"GET  / HTTP/1.1\r\nhost: h\r\n\r\n", 400),
        ("a space in the target", b"GET /a b HTTP/1.1\r\nhost: h\r\n\r\n", 400),
        ("another version", b"GET / HTTP/1.2\r\nhost: h\r\n\r\n", 400),
        ("no version", b"GET /\r\n\r\n", 400),
    ])
    .await;
}

#[tokio::test]
async fn a_chunk_that_is_not_written_as_http_wants_it_is_refused() {
    is_refused(&[
        (
            "no size",
            b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n",
            400,
        ),
        (
            "a sign",
            b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n",
            400,
        ),
        (
            "a prefix",
            b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
            400,
        ),
        (
            "beyond every number",
            b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n11111111111111111\r\nhello\r\n0\r\n\r\n",
            400,
        ),
        (
            "a bare LF after the size",
            b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n",
            400,
        ),
        (
            "a bare LF in an extension",
            b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n5;a\nhello\r\n0\r\n\r\n",
            400,
        ),
        (
            "more than its size",
            b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n",
            400,
        ),
        (
            "no end",
            b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
            400,
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_host_that_is_none_or_two_is_refused() {
    is_refused(&[
        ("no host", b"GET / HTTP/1.1\r\n\r\n", 400),
        ("two hosts", b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", 400),
        ("the same host twice", b"GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n", 400),
        ("two in one", b"GET / HTTP/1.1\r\nhost: a, b\r\n\r\n", 400),
        ("with a user", b"GET / HTTP/1.1\r\nhost: me@a\r\n\r\n", 400),
        ("with a user in the target", b"GET http://me:secret@a/ HTTP/1.1\r\nhost: a\r\n\r\n", 400),
        ("with a path", b"GET / HTTP/1.1\r\nhost: a/b\r\n\r\n", 400),
        ("two in HTTP/1.0", b"GET / HTTP/1.0\r\nhost: a\r\nhost: b\r\n\r\n", 400),
    ])
    .await;
}

#[tokio::test]
async fn what_is_no_call_to_a_platform_is_refused() {
    is_refused(&[
        ("a tunnel", b"CONNECT evil:443 HTTP/1.1\r\nhost: evil:443\r\n\r\n", 405),
        ("a trace", b"TRACE / HTTP/1.1\r\nhost: h\r\ncookie: secret\r\n\r\n", 405),
        ("everything, of a method that knows none", b"GET * HTTP/1.1\r\nhost: h\r\n\r\n", 400),
        ("a path that leads out", b"GET /a/../../b HTTP/1.1\r\nhost: h\r\n\r\n", 400),
        ("a path that leads out, encoded", b"GET /a/%2e%2e/%2e%2e/b HTTP/1.1\r\nhost: h\r\n\r\n", 400),
        ("an authority for a target", b"GET evil:80 HTTP/1.1\r\nhost: h\r\n\r\n", 400),
    ])
    .await;
}

/// RFC 9110 9.3.7, and 7.6.2 for those that have gone as far as they may.
#[tokio::test]
async fn options_of_the_proxy_itself_are_answered_by_it() {
    let stage = Stage::new().await;
    let mut client = stage.client().await;
    for request in
        ["OPTIONS * HTTP/1.1\r\nhost: h\r\n\r\n", "OPTIONS /a HTTP/1.1\r\nhost: h\r\nmax-forwards: 0\r\n\r\n"]
    {
        client.say(request).await;
        let answer = client.message().await;
        assert_eq!((answer.status(), answer.of("proxy-status")), (204, "paceline"));
        assert!(answer.of("allow").contains("OPTIONS"));
    }
    let ended = stage.end().await;
    assert_eq!((ended.counts.declined, ended.has_called()), (2, false));
}

#[tokio::test]
async fn a_head_beyond_every_measure_is_refused() {
    let many = format!("GET / HTTP/1.1\r\nhost: h\r\n{}\r\n", "a: b\r\n".repeat(5_000));
    let long = format!("GET / HTTP/1.1\r\nhost: h\r\na: {}\r\n\r\n", "b".repeat(1 << 20));
    let far = format!("GET /{} HTTP/1.1\r\nhost: h\r\n\r\n", "b".repeat(1 << 20));
    for (what, request) in [("many", many), ("long", long), ("far", far)] {
        let stage = Stage::new().await;
        let mut client = stage.client().await;
        client.say(request).await;
        let rest = client.rest().await;
        // Who is still speaking when we hang up may not hear why.
        let status = rest.split(' ').nth(1).unwrap_or("431");
        assert!(["431", "414"].contains(&status), "{what}: {rest}");
        assert!(!stage.end().await.has_called(), "{what}: it was sent on");
    }
}
