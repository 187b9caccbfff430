//! Bodies on their way, both ways.

use super::stage::{GET, MAX_BODY, OK, Stage};

fn chunked(pieces: &[&str], after: &str) -> String {
    let pieces: String = pieces.iter().map(|piece| format!("{:x}\r\n{piece}\r\n", piece.len())).collect();
    format!("{pieces}0\r\n{after}\r\n")
}

fn post(fields: &str, body: &str) -> String {
    format!("POST / HTTP/1.1\r\nhost: h\r\n{fields}\r\n{body}")
}

#[tokio::test]
async fn a_reply_is_passed_on_as_it_comes() {
    let stage = Stage::new().await;
    let (mut client, mut platform, _) = stage.asked(GET).await;
    platform.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
    assert_eq!(client.head().await.status(), 200);
    for piece in ["data: 1\n\n", "data: 2\n\n"] {
        platform.say(format!("{:x}\r\n{piece}\r\n", piece.len())).await;
        assert_eq!(client.chunk().await, piece);
    }
    platform.say("0\r\n\r\n").await;
    assert_eq!(client.chunk().await, "");
    assert!(client.trailers().await.is_empty());
}

#[tokio::test]
async fn a_body_that_is_kept_is_sent_again_after_a_refusal() {
    let stage = Stage::new().await;
    let body = "b".repeat(MAX_BODY);
    let request = post("transfer-encoding: chunked\r\n", &chunked(&[&body[..700], &body[700..]], ""));
    let (mut client, mut platform, asked) = stage.asked(request).await;
    assert_eq!((asked.of("content-length"), asked.body.len()), ("1024", MAX_BODY));
    platform.say("HTTP/1.1 429 Slow down\r\ncontent-length: 0\r\nretry-after: 1\r\n\r\n").await;
    assert_eq!(platform.message().await, asked);
    platform.say(OK).await;
    assert_eq!(client.message().await.body, "ok");
    assert_eq!(stage.end().await.counts.refused, 1);
}

#[tokio::test]
async fn a_body_that_is_not_kept_is_sent_as_it_comes_and_once() {
    for fields in
        [format!("content-length: {}\r\n", 2 * MAX_BODY), "transfer-encoding: chunked\r\n".to_owned()]
    {
        let is_chunked = fields.starts_with("transfer");
        let piece = |letter: &str| {
            let piece = letter.repeat(MAX_BODY);
            if is_chunked { format!("400\r\n{piece}\r\n") } else { piece }
        };
        let stage = Stage::new().await;
        let mut client = stage.client().await;
        client.say(post(&fields, &piece("a"))).await;
        // What is chunked may still fit until a second piece has come.
        let first = if is_chunked { piece("b") } else { String::new() };
        client.say(first).await;
        let mut platform = stage.platform().await;
        let asked = platform.head().await;
        assert_eq!(asked.has("transfer-encoding"), is_chunked);
        if is_chunked {
            let (mut come, mut chunk) = (0, String::new());
            while come < 2 * MAX_BODY {
                chunk = platform.chunk().await;
                come += chunk.len();
            }
            assert!(chunk.ends_with('b'));
            client.say("0\r\n\r\n").await;
            assert_eq!(platform.chunk().await, "");
            assert!(platform.trailers().await.is_empty());
        } else {
            assert_eq!(platform.bytes(MAX_BODY).await, "a".repeat(MAX_BODY));
            client.say(piece("b")).await;
            assert_eq!(platform.bytes(MAX_BODY).await, "b".repeat(MAX_BODY));
        }
        platform.say("HTTP/1.1 429 Slow down\r\ncontent-length: 0\r\nretry-after: 1\r\n\r\n").await;
        let reply = client.message().await;
        // It is the platform's, who says when to come back.
        assert_eq!((reply.status(), reply.of("retry-after"), reply.has("proxy-status")), (429, "1", false));
        drop(client);
        assert!(!stage.end().await.has_called());
    }
}

#[tokio::test]
async fn a_get_with_a_body_that_is_not_kept_has_it_sent_on() {
    let stage = Stage::new().await;
    let body = "b".repeat(2 * MAX_BODY);
    let pieces = chunked(&[&body], "");
    let asked = stage
        .sent_on(format!("GET / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n{pieces}"))
        .await;
    assert_eq!(asked.body.len(), body.len());
}

#[tokio::test]
async fn trailers_are_sent_on_and_passed_back() {
    let trailers = "x-sum: 7\r\nx-not-named: 1\r\ncontent-length: 3\r\nhost: evil\r\n";
    let body = "b".repeat(2 * MAX_BODY);
    for (method, body) in [("POST", "hello"), ("POST", &body), ("GET", "hello"), ("GET", &body)] {
        let stage = Stage::new().await;
        let pieces = chunked(&[body], trailers);
        let fields = "te: trailers\r\nconnection: te\r\ntrailer: x-sum\r\ntransfer-encoding: chunked\r\n";
        let request = format!("{method} / HTTP/1.1\r\nhost: h\r\n{fields}\r\n{pieces}");
        let (mut client, mut platform, asked) = stage.asked(request).await;
        assert_eq!(asked.body, body);
        assert_eq!(asked.of("trailer"), "x-sum");
        assert_eq!(asked.trailers, [("x-sum".to_owned(), "7".to_owned())], "{method} of {}", body.len());
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n";
        platform.say(format!("{head}{}", chunked(&["hi"], "x-sum: 9\r\ncontent-length: 3\r\n"))).await;
        let reply = client.message().await;
        assert_eq!(reply.body, "hi");
        assert_eq!(reply.trailers, [("x-sum".to_owned(), "9".to_owned())]);
    }
}

#[tokio::test]
async fn trailers_that_nobody_announced_do_not_keep_a_body_from_ending() {
    let stage = Stage::new().await;
    let pieces = chunked(&["hello"], "x-sum: 7\r\n");
    let (mut client, mut platform, asked) =
        stage.asked(post("transfer-encoding: chunked\r\n", &pieces)).await;
    assert_eq!((asked.body.as_str(), asked.trailers.len()), ("hello", 0));
    platform.say(format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{pieces}")).await;
    let reply = client.message().await;
    assert_eq!((reply.body.as_str(), reply.trailers.len()), ("hello", 0));
}

#[tokio::test]
async fn who_expects_to_be_asked_for_the_body_is_asked_when_it_is_wanted() {
    for size in [5, 2 * MAX_BODY] {
        let stage = Stage::new().await;
        let mut client = stage.client().await;
        client.say(post(&format!("content-length: {size}\r\nexpect: 100-continue\r\n"), "")).await;
        assert_eq!(client.head().await.status(), 100);
        client.say("b".repeat(size)).await;
        let mut platform = stage.platform().await;
        let asked = platform.message().await;
        assert_eq!((asked.body.len(), asked.has("expect")), (size, false));
        platform.say(OK).await;
        assert_eq!(client.message().await.status(), 200);
    }
}

#[tokio::test]
async fn who_expects_to_be_asked_is_not_asked_for_what_is_refused() {
    let stage = Stage::new().await;
    let mut client = stage.client().await;
    client.say("POST /a/../b HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n").await;
    assert_eq!(client.head().await.status(), 400);
}

#[tokio::test]
async fn an_answer_before_the_body_is_read_is_passed_back() {
    let stage = Stage::new().await;
    let mut client = stage.client().await;
    client.say(post("content-length: 1000000\r\n", &"b".repeat(2 * MAX_BODY))).await;
    let mut platform = stage.platform().await;
    platform.head().await;
    platform.say("HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\nconnection: close\r\n\r\nno!").await;
    let reply = client.message().await;
    assert_eq!((reply.status(), reply.body.as_str()), (413, "no!"));
}

#[tokio::test]
async fn a_body_that_breaks_off_is_never_taken_for_a_whole_one() {
    for fields in ["content-length: 100000\r\n", "transfer-encoding: chunked\r\n"] {
        let stage = Stage::new().await;
        let mut client = stage.client().await;
        let piece = "b".repeat(2 * MAX_BODY);
        let piece = if fields.starts_with('t') { format!("800\r\n{piece}\r\n") } else { piece };
        client.say(post(fields, &piece)).await;
        let mut platform = stage.platform().await;
        platform.head().await;
        client.end().await;
        drop(client);
        let rest = platform.rest().await;
        assert!(!rest.ends_with("0\r\n\r\n") && rest.len() < 3 * MAX_BODY, "{}", rest.len());
    }
}
