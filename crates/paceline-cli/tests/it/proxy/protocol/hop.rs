//! Headers that are meant for one connection, and those by which the proxy says that it was there.

use super::stage::{GET, Stage};
use super::wire::Message;

/// RFC 9110 7.6.1, 11.7, 7.8, 10.1.1; RFC 9112 7.4, 9, appendix C.2.2; RFC 9113 3.1. What a client sends, and what of it the
/// platform gets beside what every request has.
#[tokio::test]
async fn what_is_meant_for_one_connection_is_not_sent_on() {
    let cases: [(&str, &[(&str, &str)]); 15] = [
        ("connection: close\r\na: 1\r\n", &[("a", "1")]),
        ("connection: keep-alive, x-hop\r\nkeep-alive: timeout=5\r\nx-hop: 1\r\na: 1\r\n", &[("a", "1")]),
        ("connection: x-one\r\nconnection: X-Two\r\nx-one: 1\r\nX-TWO: 1\r\n", &[]),
        ("connection: ,, ,x-hop,\r\nx-hop: 1\r\n", &[]),
        ("connection: not a name, x-hop\r\nx-hop: 1\r\na: 1\r\n", &[("a", "1")]),
        ("connection: authorization, cache-control, host\r\nauthorization: s\r\n", &[("authorization", "s")]),
        ("te: trailers, deflate;q=0.5\r\nconnection: te\r\n", &[("te", "trailers"), ("connection", "te")]),
        ("te: gzip\r\nconnection: te\r\n", &[]),
        ("proxy-authorization: s\r\nproxy-authenticate: s\r\nproxy-connection: close\r\n", &[]),
        ("expect: 100-continue\r\n", &[]),
        ("upgrade: websocket\r\n", &[]),
        ("connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n", &[]),
        ("connection: x-forwarded-for, via\r\nx-forwarded-for: evil\r\nvia: 1.1 evil\r\n", &[]),
        ("x-empty:\r\n", &[("x-empty", "")]),
        ("x-two: 1\r\nx-two: 2\r\n", &[("x-two", "1"), ("x-two", "2")]),
    ];
    for (sent, gotten) in cases {
        let stage = Stage::new().await;
        let asked = stage.sent_on(format!("GET / HTTP/1.1\r\nhost: here\r\n{sent}\r\n")).await;
        let mut others: Vec<_> = of_its_own(&asked);
        others.sort_unstable();
        let mut gotten = gotten.to_vec();
        gotten.sort_unstable();
        assert_eq!(others, gotten, "{sent}");
        assert_eq!(asked.of("x-forwarded-for"), "127.0.0.1", "{sent}");
        assert_eq!(asked.of("via"), "1.1 paceline", "{sent}");
    }
}

/// Without what every request has.
fn of_its_own(asked: &Message) -> Vec<(&str, &str)> {
    let always = ["host", "user-agent", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"];
    let headers = asked.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    headers.filter(|(name, _)| !always.contains(name)).collect()
}

#[tokio::test]
async fn what_is_meant_for_one_connection_is_not_passed_back() {
    let cases: [(&str, &[&str]); 6] = [
        ("connection: x-hop\r\nx-hop: 1\r\na: 1\r\n", &["a"]),
        ("keep-alive: timeout=5, max=3\r\na: 1\r\n", &["a"]),
        ("connection: close\r\na: 1\r\n", &["a"]),
        (
            "proxy-connection: close\r\nproxy-authenticate: Basic\r\nupgrade: h2c\r\nconnection: upgrade\r\n",
            &[],
        ),
        ("te: trailers\r\n", &[]),
        ("set-cookie: a\r\nset-cookie: b\r\n", &["set-cookie", "set-cookie"]),
    ];
    for (sent, gotten) in cases {
        let stage = Stage::new().await;
        let reply = stage.passed_back(format!("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n{sent}\r\n")).await;
        let always = ["content-length", "via", "server-timing", "date"];
        let names = reply.headers.iter().map(|(name, _)| name.as_str());
        let others: Vec<&str> = names.filter(|name| !always.contains(name)).collect();
        assert_eq!(others, gotten, "{sent}");
    }
}

#[tokio::test]
async fn the_proxy_says_for_whom_it_asks() {
    let stage = Stage::new().await;
    let asked = stage.sent_on(GET).await;
    assert_eq!(asked.of("x-forwarded-for"), "127.0.0.1");
    assert_eq!(asked.of("x-forwarded-host"), "here");
    assert_eq!(asked.of("x-forwarded-proto"), "http");
    let stage = Stage::new().await;
    let asked = stage
        .sent_on("GET / HTTP/1.1\r\nhost: here\r\nx-forwarded-for: 10.0.0.1\r\nx-forwarded-for: 10.0.0.2\r\nx-forwarded-host: there\r\nx-forwarded-proto: https\r\nvia: 1.0 first\r\n\r\n")
        .await;
    assert_eq!(asked.of("x-forwarded-for"), "10.0.0.1, 10.0.0.2, 127.0.0.1");
    assert_eq!(asked.of("x-forwarded-host"), "there");
    assert_eq!(asked.of("x-forwarded-proto"), "https");
    assert_eq!(asked.of("via"), "1.0 first, 1.1 paceline");
}

#[tokio::test]
async fn a_reply_says_how_long_it_took_and_by_whom_it_came() {
    let stage = Stage::new().await;
    let reply = stage
        .passed_back(
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nserver-timing: db;dur=1\r\nvia: 1.1 edge\r\n\r\n",
        )
        .await;
    assert_eq!(reply.of("via"), "1.1 edge, 1.1 paceline");
    let timings = reply.all("server-timing");
    let [theirs, ours] = timings.as_slice() else { panic!("{reply:?}") };
    assert_eq!(*theirs, "db;dur=1");
    let parts: Vec<&str> = ours.split(", ").collect();
    let [held, upstream] = parts.as_slice() else { panic!("{ours}") };
    for (part, name) in [(held, "paceline-held;dur="), (upstream, "upstream;dur=")] {
        let millis: f64 = part.strip_prefix(name).unwrap().parse().unwrap();
        assert!(millis >= 0.0, "{part}");
    }
    // RFC 9209: that is for who makes answers of its own.
    assert!(!reply.has("proxy-status"));
}

#[tokio::test]
async fn an_answer_of_the_proxy_is_marked_as_its_own() {
    let stage = Stage::new().await;
    let mut client = stage.client().await;
    client.say("TRACE / HTTP/1.1\r\nhost: h\r\n\r\n").await;
    let answer = client.message().await;
    assert_eq!(answer.of("proxy-status"), "paceline; error=http_request_error");
    // RFC 9110 15.5.6.
    assert!(answer.of("allow").contains("GET"));
    assert!(!answer.has("server-timing") && !answer.has("via"));
    client.say("HEAD /../ HTTP/1.1\r\nhost: h\r\n\r\n").await;
    let answer = client.head().await;
    assert_eq!((answer.status(), answer.has("proxy-status")), (400, true));
    // No body followed it: what comes next is the next answer.
    client.say("GET /../ HTTP/1.1\r\nhost: h\r\n\r\n").await;
    assert_eq!(client.message().await.status(), 400);
}
