//! Clients of HTTP/2, before a platform of HTTP/1.1.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, Version};
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};

use super::frames::{
    CANCEL, DATA, END_HEADERS, END_STREAM, Frames, GOAWAY, HEADERS, INITIAL_WINDOW_SIZE, PROTOCOL_ERROR,
    RST_STREAM, block,
};
use super::stage::{OK, Stage};
use super::wire::in_time;

type Body = http_body_util::combinators::BoxBody<Bytes, std::convert::Infallible>;

/// A client's connection.
async fn client(stage: &Stage) -> http2::SendRequest<Body> {
    let io = TokioIo::new(stage.tcp().await);
    let (client, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    client
}

fn get(path: &str) -> Request<Body> {
    let uri = format!("http://public.example:81{path}");
    Request::builder().uri(uri).version(Version::HTTP_2).body(Full::default().boxed()).unwrap()
}

async fn text(response: Response<Incoming>) -> (String, Option<HeaderMap>) {
    let collected = in_time(response.into_body().collect()).await.unwrap();
    let trailers = collected.trailers().cloned();
    (String::from_utf8(collected.to_bytes().to_vec()).unwrap(), trailers)
}

#[tokio::test]
async fn a_call_is_sent_on_as_http_1_1_has_it() {
    let stage = Stage::new().await;
    let mut client = client(&stage).await;
    let mut request = get("/a?b=c");
    request.headers_mut().append("cookie", "a=1".parse().unwrap());
    request.headers_mut().append("cookie", "b=2".parse().unwrap());
    let asking = tokio::spawn(async move { client.send_request(request).await.unwrap() });
    let mut platform = stage.platform().await;
    let asked = platform.message().await;
    assert_eq!(asked.start, "GET /a?b=c HTTP/1.1");
    assert_eq!((asked.of("host"), asked.of("via")), (stage.platform_address().as_str(), "2 paceline"));
    assert_eq!(asked.of("x-forwarded-host"), "public.example:81");
    // RFC 9113 8.2.3.
    assert_eq!(asked.of("cookie"), "a=1; b=2");
    platform
        .say("HTTP/1.1 200 OK\r\nconnection: keep-alive, x-hop\r\nkeep-alive: timeout=5\r\nx-hop: 1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")
        .await;
    let reply = in_time(asking).await.unwrap();
    for name in ["connection", "keep-alive", "x-hop", "transfer-encoding"] {
        assert!(!reply.headers().contains_key(name), "{name}");
    }
    assert_eq!(reply.headers()["via"], "1.1 paceline");
    assert_eq!(text(reply).await.0, "ok");
}

#[tokio::test]
async fn calls_of_one_connection_are_answered_each_in_its_time() {
    let stage = Stage::new().await;
    let client = client(&stage).await;
    let ask = |path: &str| {
        let (mut client, request) = (client.clone(), get(path));
        tokio::spawn(async move { text(client.send_request(request).await.unwrap()).await.0 })
    };
    let slow = ask("/slow");
    let mut slow_platform = stage.platform().await;
    slow_platform.message().await;
    let quick = ask("/quick");
    let mut platform = stage.platform().await;
    assert!(platform.message().await.start.contains("/quick"));
    platform.say(OK).await;
    assert_eq!(in_time(quick).await.unwrap(), "ok");
    slow_platform.say("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlate").await;
    assert_eq!(in_time(slow).await.unwrap(), "late");
}

#[tokio::test]
async fn a_stream_that_its_client_resets_takes_its_call_with_it() {
    let stage = Stage::new().await;
    let mut client = client(&stage).await;
    let asking = tokio::spawn({
        let mut client = client.clone();
        async move { drop(client.send_request(get("/gone")).await) }
    });
    let mut platform = stage.platform().await;
    platform.message().await;
    asking.abort();
    assert_eq!(platform.rest().await, "");
    // The connection is as good as before.
    let again = tokio::spawn(async move { client.send_request(get("/")).await.unwrap().status() });
    let mut platform = stage.platform().await;
    platform.message().await;
    platform.say(OK).await;
    assert_eq!(in_time(again).await.unwrap(), 200);
}

#[tokio::test]
async fn trailers_are_sent_on_and_passed_back() {
    let stage = Stage::new().await;
    let mut client = client(&stage).await;
    let trailers = HeaderMap::from_iter([("x-sum".parse().unwrap(), "7".parse().unwrap())]);
    let frames = [Frame::data(Bytes::from("hello")), Frame::trailers(trailers)].map(Ok);
    let body = StreamBody::new(futures_util::stream::iter(frames)).boxed();
    let request = get("/").map(|_| body);
    let (mut head, body) = request.into_parts();
    head.method = http::Method::POST;
    head.headers.insert("te", "trailers".parse().unwrap());
    head.headers.insert("trailer", "x-sum".parse().unwrap());
    let request = Request::from_parts(head, body);
    let asking = tokio::spawn(async move { text(client.send_request(request).await.unwrap()).await });
    let mut platform = stage.platform().await;
    let asked = platform.message().await;
    assert_eq!((asked.body.as_str(), asked.of("connection")), ("hello", "te"));
    assert_eq!(asked.trailers, [("x-sum".to_owned(), "7".to_owned())]);
    platform.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-sum: 9\r\nconnection: x\r\n\r\n").await;
    let (body, trailers) = in_time(asking).await.unwrap();
    let trailers = trailers.unwrap();
    assert_eq!((body.as_str(), &trailers["x-sum"], trailers.len()), ("ok", &"9".parse().unwrap(), 1));
}

/// What HTTP/1.1 would read otherwise than HTTP/2 (RFC 9113 8.1.1, 8.2.1, 8.2.2, 8.3.1).
#[tokio::test]
async fn a_request_that_is_two_in_http_1_1_is_refused() {
    let whole = [(":method", "POST"), (":scheme", "http"), (":authority", "h"), (":path", "/")];
    let cases: [(&str, &[(&str, &str)]); 14] = [
        ("chunks", &[("transfer-encoding", "chunked")]),
        ("a connection", &[("connection", "close")]),
        ("another connection", &[("proxy-connection", "close")]),
        ("an upgrade", &[("upgrade", "h2c")]),
        ("codings", &[("te", "gzip")]),
        ("a line in a value", &[("a", "b\r\nc: d")]),
        ("a bare LF in a value", &[("a", "b\nc: d")]),
        ("a NUL in a value", &[("a", "b\0c")]),
        ("a line in a name", &[("a: b\r\nc", "d")]),
        ("a capital in a name", &[("Transfer-Encoding", "chunked")]),
        ("a space in a name", &[("content-length ", "5")]),
        ("two lengths", &[("content-length", "5"), ("content-length", "6")]),
        ("a length that is not the body's", &[("content-length", "3")]),
        ("a pseudo-header too late", &[("a", "b"), (":path", "/b")]),
    ];
    for (what, fields) in cases {
        refuses(what, &[&whole[..], fields].concat()).await;
    }
    for (what, instead) in [
        ("a space in the path", (":path", "/ HTTP/1.1")),
        ("a line in the path", (":path", "/\r\nhost: evil")),
        ("no slash before the path", (":path", "b")),
        ("a space in the method", (":method", "GET / HTTP/1.1")),
        ("a user in the authority", (":authority", "me@h")),
        ("a tunnel", (":method", "TRACE")),
    ] {
        let fields = whole.map(|field| if field.0 == instead.0 { instead } else { field });
        refuses(what, &fields).await;
    }
}

async fn refuses(what: &str, fields: &[(&str, &str)]) {
    let stage = Stage::new().await;
    let mut client = Frames::connect(&stage).await;
    client.send(HEADERS, END_HEADERS, 1, &block(fields)).await;
    client.send(DATA, END_STREAM, 1, b"hello").await;
    let frame = client.next().await.unwrap_or_else(|| panic!("{what}: no answer"));
    match frame.kind {
        RST_STREAM => assert_eq!(frame.code(), PROTOCOL_ERROR, "{what}"),
        GOAWAY => assert_eq!(frame.payload[4..8], PROTOCOL_ERROR.to_be_bytes(), "{what}"),
        // RFC 7541 appendix A: 12 is `:status: 400`; others begin with a literal of the name at 8.
        HEADERS => assert!(frame.payload[0] == 0x8c || frame.payload[0] & 0x0f == 8, "{what}: {frame:?}"),
        _ => panic!("{what}: {frame:?}"),
    }
    drop(client);
    assert!(!stage.end().await.has_called(), "{what}: it was sent on");
}

#[tokio::test]
async fn a_stream_whose_client_takes_nothing_is_cancelled_and_no_other() {
    let stage = Stage::with(|plan| plan.bounds.body_timeout = Duration::from_millis(300)).await;
    let mut client = Frames::connect_with(&stage, &[(INITIAL_WINDOW_SIZE, 0)]).await;
    let get = block(&[(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "/")]);
    for stream in [1, 3] {
        client.send(HEADERS, END_HEADERS | END_STREAM, stream, &get).await;
        let mut platform = stage.platform().await;
        platform.message().await;
        platform.say("HTTP/1.1 200 OK\r\ncontent-length: 40000\r\n\r\n").await;
        platform.say("x".repeat(40_000)).await;
        assert_eq!(client.next().await.unwrap().kind, HEADERS);
        if stream == 1 {
            let reset = client.next().await.unwrap();
            assert_eq!((reset.kind, reset.stream, reset.code()), (RST_STREAM, 1, CANCEL));
            continue;
        }
        let mut taken = 0;
        while taken < 40_000 {
            client.open_window(stream, 8_000).await;
            let data = client.next().await.unwrap();
            assert_eq!((data.kind, data.stream), (DATA, stream), "{taken}");
            taken += data.payload.len();
        }
    }
    drop(client);
    assert_eq!(stage.end().await.counts.accepted, 2);
}
