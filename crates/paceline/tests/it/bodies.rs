//! Reply bodies: read whole, drained, or abandoned with their connection.

use crate::platform::{Act, Platform, client, ok, post, put, reply};

#[tokio::test]
async fn a_large_body_is_delivered_whole() {
    let body: String = ('a'..='z').cycle().take(1_000_000).collect();
    let platform = Platform::start([ok(&body), ok(&body)]).await;
    let (client, scopes) = client().await;
    for _ in 0..2 {
        let response = client.call(post(platform.url("/"), scopes)).await.unwrap();
        assert!(response.body == body, "{} bytes", response.body.len());
    }
    assert_eq!(platform.seen().connections, 1);
}

#[tokio::test]
async fn a_refusal_s_body_is_drained_and_its_connection_used_again() {
    let refusal = reply("429 Too Many Requests", "retry-after: 1\r\n", &"x".repeat(10_000));
    let platform = Platform::start([refusal]).await;
    let (client, scopes) = client().await;
    assert_eq!(client.call(post(platform.url("/"), scopes)).await.unwrap().attempts, 2);
    assert_eq!(platform.seen().connections, 1);
}

#[tokio::test]
async fn a_refusal_s_endless_body_costs_its_connection_and_nothing_else() {
    let refusal = reply("429 Too Many Requests", "retry-after: 1\r\n", &"x".repeat(10_000_000));
    let platform = Platform::start([refusal]).await;
    let (client, scopes) = client().await;
    assert_eq!(client.call(post(platform.url("/"), scopes)).await.unwrap().attempts, 2);
    platform.until(|seen| seen.closed == 1).await;
    assert_eq!(platform.seen().connections, 2);
}

#[tokio::test]
async fn a_refusal_whose_body_never_ends_does_not_delay_the_next_attempt() {
    let head = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 100\r\n\r\nhalf";
    let platform = Platform::start([Act::Reply(head.to_owned())]).await;
    let (client, scopes) = client().await;
    assert_eq!(client.call(post(platform.url("/"), scopes)).await.unwrap().attempts, 2);
    assert_eq!(platform.seen().connections, 2);
}

#[tokio::test]
async fn a_rejection_s_body_is_cut_at_64_kib() {
    let platform = Platform::start([reply("400 Bad Request", "", &"x".repeat(100_000))]).await;
    let (client, scopes) = client().await;
    let error = client.call(put(platform.url("/"), scopes)).await.unwrap_err();
    let last = error.given_up().unwrap().last.clone().unwrap();
    assert_eq!((last.body.len(), last.truncated), (64 * 1024, true));
}
