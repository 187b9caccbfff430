//! Connections: counted, bounded, and gone when the stand-in is.

use std::time::Duration;

use paceline_sim::platform::{LatencyRange, PlatformConfig};
use serde_json::json;

use super::wire::{Wire, start};

#[tokio::test]
async fn a_client_that_leaves_before_its_reply_is_counted() {
    let hour = Duration::from_secs(3_600);
    let config = PlatformConfig { latency: LatencyRange::between(hour, hour), ..Default::default() };
    let stand_in = start(config).await;
    let mut wire = Wire::open(stand_in.address()).await;
    let mut watch = Wire::open(stand_in.address()).await;
    wire.send("POST /records", "", "1").await.unwrap();
    while watch.stats().await["arrivals"] != 1 {}
    assert_eq!(watch.stats().await["connections_dropped"], json!(0));
    drop(wire);
    while watch.stats().await["connections_dropped"] != 1 {}
    assert_eq!(watch.stats().await["connections_opened"], json!(2));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_after_its_reply_has_dropped_nothing() {
    let stand_in = start(PlatformConfig::default()).await;
    for _ in 0..3 {
        assert_eq!(Wire::open(stand_in.address()).await.post("1").await.status, 201);
    }
    let stats = stand_in.stop().await;
    assert_eq!((stats.connections_opened, stats.connections_dropped), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn a_connection_serves_any_number_of_calls() {
    let stand_in = start(PlatformConfig::default()).await;
    let mut wire = Wire::open(stand_in.address()).await;
    for number in 0..500 {
        assert_eq!(wire.post(&number.to_string()).await.status, 201);
    }
    assert_eq!(stand_in.stats().connections_opened, 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_http_or_has_an_endless_head_is_refused() {
    let stand_in = start(PlatformConfig::default()).await;
    let mut wire = Wire::open(stand_in.address()).await;
    let answer = wire.try_call("\u{1}\u{2}", "", "").await.unwrap();
    assert_eq!(answer.status, 400);
    let mut wire = Wire::open(stand_in.address()).await;
    let endless = format!("x: {}\r\n", "y".repeat(1_000_000));
    if let Ok(answer) = wire.try_call("POST /records", &endless, "").await {
        assert_eq!(answer.status, 431);
    }
    assert_eq!(stand_in.stats().arrivals, 0);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_stand_in_closes_what_is_open() {
    let stand_in = start(PlatformConfig::default()).await;
    let address = stand_in.address();
    let mut wire = Wire::open(address).await;
    assert_eq!(wire.post("1").await.status, 201);
    assert_eq!(stand_in.stop().await.accepted, 1);
    assert!(wire.try_call("POST /records", "", "2").await.is_err());
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
