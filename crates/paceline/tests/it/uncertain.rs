//! Failures that leave open whether an attempt was applied: one that may not be repeated is never doubled.

use std::error::Error as _;
use std::time::Duration;

use paceline::client::Timeouts;
use paceline::http::AttemptError;
use paceline::{Client, GiveUp};
use tokio::net::{TcpListener, TcpSocket};

use crate::platform::{
    Act, Platform, client, client_of, failure_among_others, ok, post, put, quick, read_request, reply, reset,
};

#[tokio::test]
async fn a_reset_after_the_request_leaves_a_post_in_doubt() {
    let platform = Platform::start([Act::Reset]).await;
    let (client, scopes) = client().await;
    let error = client.call(post(platform.url("/"), scopes)).await.unwrap_err();
    let given_up = error.given_up().unwrap();
    assert_eq!(given_up.why, GiveUp::InDoubt);
    assert!(matches!(given_up.detail, Some(AttemptError::Broken { .. })), "{given_up:?}");
    assert_eq!(platform.seen().requests.len(), 1);
}

#[tokio::test]
async fn a_reset_after_the_request_repeats_a_put() {
    let platform = Platform::start([Act::Reset]).await;
    let (client, scopes) = client().await;
    let response = client.call(put(platform.url("/"), scopes)).await.unwrap();
    assert_eq!(response.attempts, 2);
    assert_eq!(platform.seen().requests.len(), 2);
}

#[tokio::test]
async fn a_reset_before_the_request_is_read_is_survived_by_a_put() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let platform = tokio::spawn(async move {
        reset(listener.accept().await.unwrap().0);
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_request(&mut stream).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        request
    });
    let (client, scopes) = client().await;
    let response = client.call(put(url, scopes)).await.unwrap();
    assert_eq!((response.status.as_u16(), response.attempts), (204, 2));
    assert!(platform.await.unwrap().ends_with("hello"));
}

#[tokio::test]
async fn a_body_that_breaks_off_after_success_leaves_a_post_in_doubt() {
    let platform = Platform::start([truncated("200 OK")]).await;
    let (client, scopes) = client().await;
    let error = client.call(post(platform.url("/"), scopes)).await.unwrap_err();
    let given_up = error.given_up().unwrap();
    assert_eq!(given_up.why, GiveUp::InDoubt);
    assert!(matches!(given_up.detail, Some(AttemptError::Truncated { .. })), "{given_up:?}");
}

#[tokio::test]
async fn a_body_that_breaks_off_after_a_rejection_changes_nothing() {
    let platform = Platform::start([truncated("400 Bad Request")]).await;
    let (client, scopes) = client().await;
    let error = client.call(put(platform.url("/"), scopes)).await.unwrap_err();
    let given_up = error.given_up().unwrap();
    assert_eq!((given_up.why, given_up.attempts), (GiveUp::Rejected, 1));
    let last = given_up.last.as_ref().unwrap();
    assert_eq!(last.body, "half");
    assert!(last.truncated);
}

#[tokio::test]
async fn a_server_error_leaves_a_post_in_doubt_with_its_reply() {
    let platform = Platform::start([reply("500 Internal Server Error", "", "oops")]).await;
    let (client, scopes) = client().await;
    let error = client.call(post(platform.url("/"), scopes)).await.unwrap_err();
    let given_up = error.given_up().unwrap();
    assert_eq!(given_up.why, GiveUp::InDoubt);
    assert_eq!(given_up.last.as_ref().unwrap().body, "oops");
}

#[tokio::test]
async fn a_reply_larger_than_allowed_leaves_a_post_in_doubt() {
    let platform = Platform::start([ok("12345")]).await;
    let (client, scopes) = client_of(Client::builder().max_reply_body(4)).await;
    let error = client.call(post(platform.url("/"), scopes)).await.unwrap_err();
    assert!(matches!(error.given_up().unwrap().detail, Some(AttemptError::TooLarge { limit: 4 })));
}

#[tokio::test]
async fn silence_is_given_up_after_the_attempt_s_time() {
    let platform = Platform::start([Act::Silence]).await;
    let timeouts = Timeouts { attempt: Duration::from_millis(50), ..Timeouts::default() };
    let (client, scopes) = client_of(Client::builder().timeouts(timeouts)).await;
    let error = client.call(post(platform.url("/"), scopes)).await.unwrap_err();
    assert_eq!(error.given_up().unwrap().why, GiveUp::InDoubt);
    assert_eq!(error.source().unwrap().to_string(), "no reply within 0.05 s");
    // The platform owes a reply on that connection, so it is of no more use.
    platform.until(|seen| seen.closed == 1).await;
}

#[tokio::test]
async fn a_refused_connection_is_tried_again_and_then_given_up_while_others_pass() {
    let bound = TcpSocket::new_v4().unwrap();
    bound.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = bound.local_addr().unwrap();
    let (client, scopes) = client_of(Client::builder().machine(quick())).await;
    let url = format!("http://{address}/").parse().unwrap();
    let error = failure_among_others(&client, scopes, post(url, scopes)).await;
    let given_up = error.given_up().unwrap();
    assert_eq!(given_up.why, GiveUp::Exhausted);
    assert!(given_up.attempts >= 2, "{given_up:?}");
    assert_eq!(error.source().unwrap().to_string(), format!("connection refused by {address}"));
}

/// A reply that promises more than it brings.
fn truncated(status: &str) -> Act {
    Act::ReplyAndClose(format!("HTTP/1.1 {status}\r\ncontent-length: 100\r\n\r\nhalf"))
}
