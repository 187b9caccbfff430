//! `POST /records/bulk`.

use paceline_sim::platform::PlatformConfig;
use serde_json::{Value, json};

use super::wire::{Wire, start};

async fn bulk(wire: &mut Wire, body: &str) -> Value {
    let answer = wire.call("POST /records/bulk", "", body).await;
    assert_eq!(answer.status, 200);
    answer.json()
}

#[tokio::test(start_paused = true)]
async fn every_item_is_answered_under_its_id_and_failures_are_listed() {
    let stand_in = start(PlatformConfig::default()).await;
    let mut wire = Wire::open(stand_in.address()).await;
    let mut entities: Vec<Value> = (0..20).map(|n| json!({"id": n, "name": "x"})).collect();
    entities[3]["fail"] = json!("reject");
    entities[7]["fail"] = json!("retry");
    let reply = bulk(&mut wire, &json!({"entities": entities}).to_string()).await;
    let results = reply["results"].as_array().unwrap();
    assert_eq!(results.len(), 20);
    for result in results {
        let expected = match result["id"].as_u64().unwrap() {
            3 => (422, false, Some(false)),
            7 => (503, false, Some(true)),
            _ => (201, true, None),
        };
        let found = (&result["status"], &result["success"], result["retryable"].as_bool());
        assert_eq!(found, (&json!(expected.0), &json!(expected.1), expected.2));
        assert_eq!(result["error"]["code"].is_string(), expected.2.is_some());
    }
    assert_eq!(reply["errorCount"], json!(2));
    let failed = reply["errorIndexes"].as_array().unwrap().iter();
    let mut failed: Vec<u64> = failed
        .map(|index| results[usize::try_from(index.as_u64().unwrap()).unwrap()]["id"].as_u64().unwrap())
        .collect();
    failed.sort_unstable();
    assert_eq!(failed, [3, 7]);
    assert_eq!(stand_in.stats().distinct, 18);
}

#[tokio::test(start_paused = true)]
async fn ids_come_back_as_they_were_written() {
    let stand_in = start(PlatformConfig::default()).await;
    let mut wire = Wire::open(stand_in.address()).await;
    let reply = bulk(&mut wire, r#"{"entities":[{"id":"a \"q\" ü"}]}"#).await;
    assert_eq!(reply["results"][0]["id"], json!("a \"q\" ü"));
    let reply = bulk(&mut wire, r#"{"entities":[{"name":"no id"}]}"#).await;
    assert_eq!(reply["results"][0]["id"], Value::Null);
    assert_eq!(
        bulk(&mut wire, r#"{"entities":[]}"#).await,
        json!({"results":[],"errorCount":0,"errorIndexes":[]})
    );
}

#[tokio::test(start_paused = true)]
async fn poison_spoils_the_batch_and_a_record_is_the_same_alone() {
    let stand_in = start(PlatformConfig::default()).await;
    let mut wire = Wire::open(stand_in.address()).await;
    let poisoned = r#"{"entities":[{"id":1},{"id":2,"fail":"poison"}]}"#;
    assert_eq!(wire.call("POST /records/bulk", "", poisoned).await.status, 400);
    assert_eq!(wire.post(r#"{"id":1}"#).await.status, 201);
    bulk(&mut wire, r#"{"entities":[{"id":1}]}"#).await;
    let stats = stand_in.stats();
    assert_eq!((stats.distinct, stats.duplicates, stats.rejected), (1, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_bulk_body_that_cannot_be_read_is_answered_with_400() {
    let stand_in = start(PlatformConfig::default()).await;
    let mut wire = Wire::open(stand_in.address()).await;
    for body in ["", "{", "[]", r#"{"entities":7}"#, r#"{"records":[]}"#] {
        assert_eq!(wire.call("POST /records/bulk", "", body).await.status, 400, "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_repeated_bulk_call_is_replayed_whole() {
    let stand_in = start(PlatformConfig::default()).await;
    let mut wire = Wire::open(stand_in.address()).await;
    let body = r#"{"entities":[{"id":1},{"id":2,"fail":"retry"},{"id":3}]}"#;
    let first = wire.call("POST /records/bulk", "idempotency-key: b\r\n", body).await;
    let again = wire.call("POST /records/bulk", "idempotency-key: b\r\n", body).await;
    assert_eq!(first.body, again.body);
    assert_eq!(stand_in.stats().duplicates, 0);
}
