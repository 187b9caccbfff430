//! Limits: all must grant, and what they refuse may come back when it was told.

use paceline_core::ScopeKind;
use paceline_sim::platform::{
    Body, Fingerprint, LimitConfig, LimiterKind, Platform, PlatformConfig, Rate, Request, RetryAfterForm,
};
use proptest::prelude::*;

use crate::fixture::{at, bucket, call_at, limit, limited, millis, post, reply, some, status};

#[test]
fn what_one_limit_refuses_costs_the_others_nothing() {
    let config = PlatformConfig {
        limits: vec![limit(ScopeKind::Tenant, bucket(1, 3)), limit(ScopeKind::Credential, bucket(1, 1))],
        ..limited(&[])
    };
    let mut platform = Platform::new(config, 1);
    let by = |credential| Request { credential: Fingerprint::number(credential), ..post(1) };
    assert_eq!(status(&mut platform, 0, &by(1)), 201);
    (0..10).for_each(|_| assert_eq!(status(&mut platform, 0, &by(1)), 429));
    // The tenant still has two.
    assert_eq!(status(&mut platform, 0, &by(2)), 201);
    assert_eq!(status(&mut platform, 0, &by(3)), 201);
    let refused = reply(&mut platform, 0, &by(4));
    let Body::Refused(by) = refused.body else { panic!("{refused:?}") };
    assert_eq!((by.scope, by.is_concurrency), (ScopeKind::Tenant, false));
}

#[test]
fn a_limit_that_counts_refused_calls_counts_those_that_another_refused() {
    let tenant = LimitConfig { counts_refused: true, ..limit(ScopeKind::Tenant, bucket(1, 5)) };
    let limits = vec![tenant, limit(ScopeKind::Credential, bucket(1, 1))];
    let mut platform = Platform::new(PlatformConfig { limits, ..limited(&[]) }, 1);
    let by = |credential| Request { credential: Fingerprint::number(credential), ..post(1) };
    assert_eq!(status(&mut platform, 0, &by(1)), 201);
    (0..4).for_each(|_| assert_eq!(status(&mut platform, 0, &by(1)), 429));
    assert_eq!(status(&mut platform, 0, &by(2)), 429);
}

#[test]
fn a_limit_for_one_endpoint_leaves_the_others_alone() {
    let only = Some(Fingerprint::of(b"POST /slow"));
    let limits = vec![LimitConfig { only, ..limit(ScopeKind::Endpoint, bucket(1, 1)) }];
    let mut platform = Platform::new(PlatformConfig { limits, ..limited(&[]) }, 1);
    let to = |endpoint: &str| Request { endpoint: Fingerprint::of(endpoint.as_bytes()), ..post(1) };
    assert_eq!(status(&mut platform, 0, &to("POST /slow")), 201);
    assert_eq!(status(&mut platform, 0, &to("POST /slow")), 429);
    assert_eq!(status(&mut platform, 0, &to("POST /fast")), 201);
}

#[test]
fn a_slot_is_held_from_arrival_until_the_reply_is_sent() {
    let mut platform = Platform::new(limited(&[LimiterKind::Concurrency { slots: some(2) }]), 1);
    let first = platform.arrive(at(0), &post(1));
    let second = platform.arrive(at(0), &post(2));
    assert_eq!(status(&mut platform, 10, &post(3)), 429);
    platform.finish(at(40), first.ticket);
    assert_eq!(status(&mut platform, 40, &post(3)), 201);
    platform.finish(at(80), second.ticket);
}

#[test]
fn calls_that_wait_in_a_leaky_bucket_are_answered_later() {
    let rate = Rate::per_second(some(10));
    let config = PlatformConfig {
        latency: Default::default(),
        ..limited(&[LimiterKind::LeakyBucket { rate, queue: 2 }])
    };
    let mut platform = Platform::new(config, 1);
    let answered: Vec<_> = (0..3).map(|n| platform.arrive(at(0), &post(n)).at).collect();
    assert_eq!(answered, [at(0), at(100), at(200)]);
    assert_eq!(status(&mut platform, 0, &post(9)), 429);
}

#[test]
fn nobody_is_told_anything_by_zero_or_a_missing_header() {
    for form in [RetryAfterForm::Zero, RetryAfterForm::Absent] {
        let config = PlatformConfig { retry_after: form, ..limited(&[bucket(1, 1)]) };
        let mut platform = Platform::new(config, 1);
        assert_eq!(status(&mut platform, 0, &post(1)), 201);
        let refused = crate::fixture::call(&mut platform, 1, &post(2));
        assert_eq!(refused.told_until, None);
        (0..50).for_each(|n| assert_eq!(status(&mut platform, 500 + n, &post(2)), 429));
        assert_eq!(platform.stats().early_returns, 0);
    }
}

#[test]
fn the_told_wait_grows_with_overload() {
    let config = PlatformConfig { retry_after: RetryAfterForm::Scaled, ..limited(&[bucket(1, 1)]) };
    let mut platform = Platform::new(config, 1);
    let told: Vec<String> = (0..10)
        .filter_map(|n| reply(&mut platform, 0, &post(n)).retry_after)
        .map(|header| header.to_string())
        .collect();
    assert_eq!(told, ["2", "3", "4", "5", "6", "7", "8", "9", "10"]);
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = |seed| {
        let mut platform = Platform::new(limited(&[bucket(100, 10)]), seed);
        (0..500).map(|n| platform.arrive(at(n * 3), &post(n)).at).collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

proptest! {
    #[test]
    fn a_lone_client_that_obeys_is_never_refused_twice_and_never_early(
        which in 0..5_usize, count in 1_u32..20, per in 50_u64..3_000, form in 0..4_usize,
        gaps in prop::collection::vec(0_u64..400, 1..80), counts_refused in any::<bool>(),
    ) {
        let rate = Rate::new(some(count), millis(per)).unwrap();
        let kind = [
            LimiterKind::TokenBucket { rate, burst: some(count) },
            LimiterKind::FixedWindow { rate, phase: millis(per / 3) },
            LimiterKind::SlidingLog { rate },
            LimiterKind::SlidingCounter { rate },
            LimiterKind::LeakyBucket { rate, queue: count },
        ][which];
        let forms = [RetryAfterForm::Seconds, RetryAfterForm::Decimal, RetryAfterForm::Date, RetryAfterForm::Scaled];
        let limits = vec![LimitConfig { counts_refused, ..LimitConfig::per_credential(kind) }];
        let mut platform = Platform::new(PlatformConfig { limits, retry_after: forms[form], ..limited(&[]) }, 7);
        let mut now = at(0);
        for (number, gap) in (0..).zip(gaps) {
            now = now + millis(gap);
            let refused = call_at(&mut platform, now, &post(number));
            if refused.ending.reply().unwrap().is_accepted() {
                continue;
            }
            now = refused.at + refused.ending.reply().unwrap().retry_after.unwrap().told().unwrap();
            let again = call_at(&mut platform, now, &post(number));
            prop_assert!(again.ending.reply().unwrap().is_accepted());
        }
        prop_assert_eq!(platform.stats().early_returns, 0);
    }
}
