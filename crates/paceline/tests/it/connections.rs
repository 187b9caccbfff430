//! Which connections are made, kept and closed.

use crate::platform::{Platform, client, post};

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
