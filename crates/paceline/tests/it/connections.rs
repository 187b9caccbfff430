//! Which connections are made, kept and closed.

use std::time::Duration;

use paceline::client::Timeouts;
use paceline::{Client, GiveUp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::platform::{Act, Platform, client, client_of, post, read_request};

#[tokio::test]
async fn calls_in_a_row_share_one_connection() {
    let platform = Platform::start([]).await;
    let (client, scopes) = client().await;
    for _ in 0..50 {
        let response = client.call(post(platform.url("/records"), scopes)).await.unwrap();
        assert_eq!(response.status, 200);
        assert_eq!(response.body, "ok");
        assert_eq!(response.attempts, 1);
    }
    assert_eq!(platform.seen().connections, 1);
    assert_eq!(platform.seen().requests.len(), 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_need_no_more_connections_than_there_are_of_them() {
    let platform = Platform::start([]).await;
    let (client, scopes) = client().await;
    let workers: Vec<_> = (0..16)
        .map(|_| {
            let (client, url) = (client.clone(), platform.url("/"));
            tokio::spawn(async move {
                for _ in 0..50 {
                    client.call(post(url.clone(), scopes)).await.unwrap();
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    let seen = platform.seen();
    assert_eq!(seen.requests.len(), 16 * 50);
    assert!(seen.connections <= 16, "{}", seen.connections);
}

#[tokio::test]
async fn a_connection_that_the_platform_closed_costs_no_call() {
    let last = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_owned();
    let platform = Platform::start(vec![Act::ReplyAndClose(last); 20]).await;
    let (client, scopes) = client().await;
    for _ in 0..20 {
        let response = client.call(post(platform.url("/"), scopes)).await.unwrap();
        assert_eq!(response.attempts, 1);
    }
    assert_eq!(platform.seen().connections, 20);
}

#[tokio::test]
async fn a_connection_that_was_idle_too_long_is_not_used_again() {
    let platform = Platform::start([]).await;
    let timeouts = Timeouts { idle: Duration::ZERO, ..Timeouts::default() };
    let (client, scopes) = client_of(Client::builder().timeouts(timeouts)).await;
    for _ in 0..3 {
        client.call(post(platform.url("/"), scopes)).await.unwrap();
    }
    assert_eq!(platform.seen().connections, 3);
    platform.until(|seen| seen.closed == 2).await;
}

#[tokio::test]
async fn a_platform_that_answers_without_reading_the_request_is_heard() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: paceline::Uri = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let platform = tokio::spawn(async move {
        let (mut unread, _) = listener.accept().await.unwrap();
        unread.read_exact(&mut [0; 100]).await.unwrap();
        let refusal = b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n";
        unread.write_all(refusal).await.unwrap();
        let (mut next, _) = listener.accept().await.unwrap();
        read_request(&mut next).await.unwrap();
        next.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    });
    let (client, scopes) = client().await;
    let mut large = post(url.clone(), scopes);
    // More than the buffers between the two hold, so that the rest of it is stuck.
    large.body = vec![b'x'; 64 * 1024 * 1024].into();
    let error = client.call(large).await.unwrap_err();
    let given_up = error.given_up().unwrap();
    assert_eq!(given_up.why, GiveUp::Rejected);
    assert_eq!(given_up.last.as_ref().unwrap().status, 413);
    assert_eq!(client.call(post(url, scopes)).await.unwrap().status, 204);
    platform.await.unwrap();
}
