//! Single records: identity, replay, natures, bodies that are no records.

use paceline_cli::platform::{StandInConfig, serve};
use paceline_sim::platform::{Fingerprint, PlatformConfig};
use serde_json::json;
use tokio::net::TcpListener;

use super::wire::{Wire, start};

#[tokio::test(start_paused = true)]
async fn a_record_is_accepted_on_any_path() {
    let stand_in = start(PlatformConfig::default()).await;
    let mut wire = Wire::open(stand_in.address()).await;
    assert_eq!(wire.post(r#"{"id":1}"#).await.status, 201);
    let put = wire.call("PUT /api/v2/things/2?dry=false", "", r#"{"id":2}"#).await;
    assert_eq!((put.status, put.json()), (201, json!({"status":201,"success":true})));
    assert_eq!(put.header("content-type"), Some("application/json"));
    assert_eq!(wire.call("GET /anything", "", "").await.status, 200);
    let stats = stand_in.stop().await;
    assert_eq!((stats.accepted, stats.distinct, stats.duplicates), (3, 2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_repeated_key_is_replayed_and_a_repeated_record_doubled() {
    let stand_in = start(PlatformConfig::default()).await;
    let mut wire = Wire::open(stand_in.address()).await;
    let key = "idempotency-key: k1\r\n";
    let first = wire.call("POST /records", key, r#"{"id":1}"#).await;
    let again = wire.call("POST /records", key, r#"{"id":1}"#).await;
    assert_eq!((first.status, &first.body), (again.status, &again.body));
    assert_eq!(first.header("idempotent-replayed"), None);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(wire.post(r#"{"id":1}"#).await.status, 201);
    let stats = wire.stats().await;
    assert_eq!(
        (&stats["distinct"], &stats["duplicates"], &stats["replayed"]),
        (&json!(1), &json!(1), &json!(1))
    );
}

#[tokio::test(start_paused = true)]
async fn without_an_id_a_record_is_its_key_or_its_text() {
    let stand_in = start(PlatformConfig::default()).await;
    let mut wire = Wire::open(stand_in.address()).await;
    for body in ["same", "same", "{not json", r#"{"name":"x"}"#] {
        assert_eq!(wire.post(body).await.status, 201);
    }
    wire.call("POST /records", "idempotency-key: a\r\n", "same").await;
    for path in ["DELETE /things/1", "DELETE /things/2"] {
        assert_eq!(wire.call(path, "", "").await.status, 201);
    }
    let stats = stand_in.stats();
    assert_eq!((stats.distinct, stats.duplicates), (6, 1));
}

#[tokio::test(start_paused = true)]
async fn another_field_can_identify_records() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = StandInConfig { platform: PlatformConfig::default(), key_field: "iata".to_owned() };
    let stand_in = serve(listener, config, 1).unwrap();
    let mut wire = Wire::open(stand_in.address()).await;
    wire.post(r#"{"iata":"TXL","id":1}"#).await;
    wire.post(r#"{"iata":"TXL","id":2}"#).await;
    assert_eq!(stand_in.stats().duplicates, 1);
}

#[tokio::test(start_paused = true)]
async fn a_record_fails_as_it_asks_to() {
    let stand_in = start(PlatformConfig::default()).await;
    let mut wire = Wire::open(stand_in.address()).await;
    assert_eq!(wire.post(r#"{"id":1,"fail":"reject"}"#).await.status, 422);
    assert_eq!(wire.post(r#"{"id":2,"fail":"poison"}"#).await.status, 400);
    let first = wire.post(r#"{"id":3,"fail":"retry"}"#).await;
    assert_eq!((first.status, first.header("retry-after")), (503, Some("1")));
    assert_eq!(wire.post(r#"{"id":3,"fail":"retry"}"#).await.status, 201);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_token_is_answered_with_401() {
    let config = PlatformConfig { expected_credential: Some(Fingerprint::of(b"good")), ..Default::default() };
    let stand_in = start(config).await;
    let mut wire = Wire::open(stand_in.address()).await;
    assert_eq!(wire.post("{}").await.status, 401);
    assert_eq!(wire.call("POST /records", "authorization: Bearer bad\r\n", "{}").await.status, 401);
    assert_eq!(wire.call("POST /records", "authorization: Bearer good\r\n", "{}").await.status, 201);
    assert_eq!(stand_in.stats().unauthorized, 2);
}

#[tokio::test(start_paused = true)]
async fn a_body_above_the_limit_is_answered_with_413_and_an_endless_one_not_read() {
    let stand_in = start(PlatformConfig::default()).await;
    let mut wire = Wire::open(stand_in.address()).await;
    assert_eq!(wire.post(&"x".repeat(512_000)).await.status, 201);
    assert_eq!(wire.post(&"x".repeat(512_001)).await.status, 413);
    assert_eq!(wire.post("short again").await.status, 201);
    let mut other = Wire::open(stand_in.address()).await;
    other.announce("POST /records", 16 * 1024 * 1024 + 1).await;
    let refused = other.receive().await.unwrap();
    assert_eq!((refused.status, refused.header("connection")), (413, Some("close")));
}
