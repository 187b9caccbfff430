//! Secrets stay out of everything that is shown.

use std::error::Error;

use paceline::{CallError, HeaderValue, Request};

use crate::platform::{Act, Platform, client, post, reply};

#[tokio::test]
async fn no_error_shows_a_header_a_query_or_a_body() {
    let platform =
        Platform::start([reply("422 Unprocessable Entity", "set-cookie: s3cret\r\n", "s3cret"), Act::Reset])
            .await;
    let (client, scopes) = client().await;
    for _ in 0..2 {
        let error = client.call(secretive(post(platform.url("/?key=s3cret"), scopes))).await.unwrap_err();
        let shown = format!("{error:?} {}", chain(&error));
        assert!(!shown.contains("s3cret"), "{shown}");
        assert!(shown.contains("POST http://127.0.0.1"), "{shown}");
    }
    assert!(platform.seen().requests[0].contains("authorization: s3cret\r\n"));
}

#[tokio::test]
async fn a_request_shows_neither_header_values_nor_its_query() {
    let (_client, scopes) = client().await;
    let request = secretive(post("http://me.example/records?key=s3cret".parse().unwrap(), scopes));
    let shown = format!("{request:?}");
    assert!(shown.contains("http://me.example/records") && shown.contains("authorization"), "{shown}");
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[tokio::test]
async fn a_url_that_holds_a_password_is_refused_without_showing_it() {
    let (client, scopes) = client().await;
    let request = post("http://me:s3cret@127.0.0.1/".parse().unwrap(), scopes);
    let error = client.call(request).await.unwrap_err();
    assert!(matches!(error, CallError::Target(_)));
    assert!(!format!("{error:?} {}", chain(&error)).contains("s3cret"));
}

fn secretive(mut request: Request) -> Request {
    request.headers.insert("authorization", HeaderValue::from_static("s3cret"));
    request
}

fn chain(error: &CallError) -> String {
    let mut shown = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        shown += &format!(": {error}");
        cause = error.source();
    }
    shown
}
