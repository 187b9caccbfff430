//! What the platform says of a run.

use paceline_core::ScopeKind;
use paceline_sim::platform::{Fingerprint, LimiterKind, Platform, PlatformConfig, Request};

use crate::fixture::{bucket, limit, limited, post, some, status};

#[test]
fn a_client_that_takes_every_token_reaches_the_oracle() {
    let mut platform = Platform::new(limited(&[bucket(100, 10)]), 1);
    (0..10).for_each(|n| assert_eq!(status(&mut platform, 250, &post(n)), 201));
    (1..=100).for_each(|n| assert_eq!(status(&mut platform, 250 + n * 10, &post(100 + n)), 201));
    let stats = platform.stats();
    assert_eq!((stats.first_arrival_ms, stats.last_accept_ms), (Some(250), Some(1_250)));
    assert_eq!((stats.oracle, stats.goodput_ratio), (Some(110), Some(1.0)));
    assert_eq!((stats.accepted, stats.throttled, stats.peak_per_100ms), (110, 0, 14));
}

#[test]
fn a_client_at_half_the_rate_reaches_about_half_the_oracle() {
    let mut platform = Platform::new(limited(&[bucket(100, 1)]), 1);
    (0..=500).for_each(|n| assert_eq!(status(&mut platform, n * 20, &post(n)), 201));
    let ratio = platform.stats().goodput_ratio.unwrap();
    assert!((0.49..0.51).contains(&ratio), "{ratio}");
}

#[test]
fn the_tightest_limit_bounds_the_oracle() {
    let limits = vec![
        limit(ScopeKind::Tenant, bucket(10, 5)),
        limit(ScopeKind::Credential, bucket(100, 50)),
        limit(ScopeKind::Credential, LimiterKind::Concurrency { slots: some(50) }),
    ];
    let mut platform = Platform::new(PlatformConfig { limits, ..limited(&[]) }, 1);
    (0..=100).for_each(|n| assert_eq!(status(&mut platform, n * 100, &post(n)), 201));
    assert_eq!(platform.stats().oracle, Some(105));
}

#[test]
fn every_credential_has_its_own_share_of_the_oracle() {
    let mut platform = Platform::new(limited(&[bucket(10, 5)]), 1);
    for credential in [1, 2] {
        let request = Request { credential: Fingerprint::number(credential), ..post(credential) };
        (0..5).for_each(|_| assert_eq!(status(&mut platform, 0, &request), 201));
    }
    assert_eq!((platform.stats().oracle, platform.stats().goodput_ratio), (Some(10), Some(1.0)));
}

#[test]
fn a_limit_for_one_endpoint_bounds_only_what_falls_under_it() {
    let mut slow = limit(ScopeKind::Endpoint, bucket(1, 1));
    slow.only = Some(Fingerprint::of(b"POST /slow"));
    let mut platform = Platform::new(PlatformConfig { limits: vec![slow], ..limited(&[]) }, 1);
    let to = |endpoint: &str| Request { endpoint: Fingerprint::of(endpoint.as_bytes()), ..post(1) };
    assert_eq!(status(&mut platform, 0, &to("POST /slow")), 201);
    (0..7).for_each(|_| assert_eq!(status(&mut platform, 0, &to("POST /fast")), 201));
    assert_eq!(platform.stats().oracle, Some(8));
}

#[test]
fn nothing_is_promised_where_nothing_limits_or_nothing_came() {
    let mut platform = Platform::new(limited(&[]), 1);
    assert_eq!(platform.stats().first_arrival_ms, None);
    assert_eq!(status(&mut platform, 3, &post(1)), 201);
    assert_eq!((platform.stats().oracle, platform.stats().goodput_ratio), (None, None));
}

#[test]
fn connections_are_counted_as_the_caller_tells() {
    let mut platform = Platform::new(limited(&[]), 1);
    (0..3).for_each(|_| platform.connection_opened());
    platform.connection_dropped();
    let stats = platform.stats();
    assert_eq!((stats.connections_opened, stats.connections_dropped), (3, 1));
}
