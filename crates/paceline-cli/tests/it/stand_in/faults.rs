//! Faults, as a client sees them.

use std::io::ErrorKind;
use std::num::NonZeroU64;
use std::time::Duration;

use paceline_cli::platform::StandIn;
use paceline_sim::platform::{
    Fault, FaultKind, LimitConfig, LimiterKind, Outage, OutageKind, PlatformConfig, ServerError, Trigger,
};

use super::wire::{Wire, start};

/// A stand-in on which every second call meets `kind`, after a first call that did not.
async fn faulty(kind: FaultKind) -> (StandIn, Wire) {
    let trigger = Trigger::Every(NonZeroU64::new(2).expect("two is not zero"));
    let one = LimitConfig::per_credential(LimiterKind::Concurrency { slots: std::num::NonZeroU32::MIN });
    let config =
        PlatformConfig { faults: vec![Fault { kind, trigger }], limits: vec![one], ..Default::default() };
    let stand_in = start(config).await;
    let mut wire = Wire::open(stand_in.address()).await;
    assert_eq!(wire.post(r#"{"id":1}"#).await.status, 201);
    (stand_in, wire)
}

#[tokio::test(start_paused = true)]
async fn a_reset_is_a_reset_and_frees_the_slot() {
    for (kind, distinct) in [(FaultKind::ResetBefore, 1), (FaultKind::ResetAfter, 2)] {
        let (stand_in, mut wire) = faulty(kind).await;
        let error = wire.try_call("POST /records", "", r#"{"id":2}"#).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        let mut other = Wire::open(stand_in.address()).await;
        assert_eq!(other.post(r#"{"id":1}"#).await.status, 201);
        let stats = stand_in.stop().await;
        assert_eq!((stats.distinct, stats.faults, stats.connections_dropped), (distinct, 1, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_truncated_reply_announces_more_than_it_sends() {
    let (stand_in, mut wire) = faulty(FaultKind::Truncated).await;
    wire.send("POST /records", "", r#"{"id":2}"#).await.unwrap();
    let rest = String::from_utf8(wire.rest().await.unwrap()).unwrap();
    let (head, body) = rest.split_once("\r\n\r\n").unwrap();
    let announced = head.to_lowercase();
    let announced = announced.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    assert!(head.starts_with("HTTP/1.1 201"));
    assert!(!body.is_empty() && body.len() < announced.parse().unwrap(), "{body} of {announced}");
    assert_eq!(stand_in.stats().distinct, 2);
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_never_comes_and_holds_its_slot_until_the_client_goes() {
    let (stand_in, mut wire) = faulty(FaultKind::LostReply).await;
    wire.send("POST /records", "", r#"{"id":2}"#).await.unwrap();
    let mut other = Wire::open(stand_in.address()).await;
    while other.stats().await["distinct"] != 2 {}
    assert_eq!(other.post(r#"{"id":3}"#).await.status, 429);
    let answer = tokio::time::timeout(Duration::from_secs(3_600), wire.receive()).await;
    assert!(answer.is_err(), "no reply within the hour");
    drop(wire);
    tokio::time::advance(Duration::from_secs(3_600)).await;
    while other.post(r#"{"id":3}"#).await.status != 201 {}
    assert_eq!(stand_in.stats().connections_dropped, 0, "nothing was owed any more");
}

#[tokio::test(start_paused = true)]
async fn a_slow_reply_comes_so_much_later() {
    let (_stand_in, mut wire) = faulty(FaultKind::Slow(Duration::from_secs(5))).await;
    let asked = tokio::time::Instant::now();
    assert_eq!(wire.post(r#"{"id":2}"#).await.status, 201);
    assert!(asked.elapsed() >= Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_server_error_may_or_may_not_have_applied_the_call() {
    let kinds = [
        (FaultKind::ErrorBefore(ServerError::Internal), 500, 1),
        (FaultKind::ErrorAfter(ServerError::BadGateway), 502, 2),
    ];
    for (kind, status, distinct) in kinds {
        let (stand_in, mut wire) = faulty(kind).await;
        let answer = wire.post(r#"{"id":2}"#).await;
        assert_eq!((answer.status, answer.header("retry-after")), (status, None));
        assert_eq!(stand_in.stats().distinct, distinct);
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_ends() {
    let outage = |kind| Outage { from: Duration::ZERO, until: Duration::from_secs(60), kind };
    for kind in [OutageKind::Reset, OutageKind::Unavailable] {
        let stand_in = start(PlatformConfig { outages: vec![outage(kind)], ..Default::default() }).await;
        let mut wire = Wire::open(stand_in.address()).await;
        match wire.try_call("POST /records", "", "1").await {
            Err(error) => assert_eq!((kind, error.kind()), (OutageKind::Reset, ErrorKind::ConnectionReset)),
            Ok(answer) => assert_eq!((kind, answer.status), (OutageKind::Unavailable, 503)),
        }
        tokio::time::advance(Duration::from_secs(60)).await;
        let mut wire = Wire::open(stand_in.address()).await;
        assert_eq!(wire.post("1").await.status, 201);
    }
}
