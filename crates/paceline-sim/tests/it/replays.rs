//! Idempotency keys.

use std::num::NonZeroU64;

use paceline_sim::platform::{
    Body, Fault, FaultKind, Fingerprint, Payload, Platform, PlatformConfig, Problem, Request, Trigger,
};

use crate::fixture::{at, call, keyed, limited, post, record, reply, status};

#[test]
fn a_repeated_key_gets_the_first_reply_and_applies_nothing() {
    let mut platform = Platform::new(limited(&[]), 1);
    let first = reply(&mut platform, 0, &keyed(1));
    let again = reply(&mut platform, 500, &keyed(1));
    assert_eq!((again.status, &again.body, again.replayed), (first.status, &first.body, true));
    let stats = platform.stats();
    assert_eq!((stats.accepted, stats.distinct, stats.duplicates, stats.replayed), (2, 1, 0, 1));
}

#[test]
fn without_a_key_the_same_record_is_applied_again() {
    let mut platform = Platform::new(limited(&[]), 1);
    (0..3).for_each(|n| assert_eq!(status(&mut platform, n, &post(1)), 201));
    let stats = platform.stats();
    assert_eq!((stats.distinct, stats.duplicates, stats.replayed), (1, 2, 0));
    assert_eq!(platform.times_applied(record(1).identity), 3);
}

#[test]
fn a_repetition_is_not_answered_before_the_first_call() {
    for seed in 0..50 {
        let mut platform = Platform::new(limited(&[]), seed);
        let first = platform.arrive(at(0), &keyed(1));
        let again = platform.arrive(at(0), &keyed(1));
        assert!(again.at >= first.at);
    }
}

#[test]
fn a_bulk_call_is_replayed_with_its_items() {
    let mut platform = Platform::new(limited(&[]), 1);
    let records: Vec<_> = (0..20).map(record).collect();
    let bulk =
        Request { idempotency_key: Some(Fingerprint::number(1)), ..Request::bare(Payload::Bulk(&records)) };
    let first = reply(&mut platform, 0, &bulk);
    let again = reply(&mut platform, 1, &bulk);
    assert_eq!(first.body, again.body);
    assert_eq!(platform.stats().distinct, 20);
    assert_eq!(platform.stats().duplicates, 0);
}

#[test]
fn a_key_of_another_record_is_refused() {
    let mut platform = Platform::new(limited(&[]), 1);
    assert_eq!(status(&mut platform, 0, &keyed(1)), 201);
    let other = Request { payload: Payload::One(record(2)), ..keyed(1) };
    assert_eq!(reply(&mut platform, 1, &other).body, Body::Problem(Problem::KeyReused));
    assert_eq!(platform.times_applied(record(2).identity), 0);
}

#[test]
fn a_reply_that_a_fault_ate_is_replayed_and_a_refusal_is_not() {
    let trigger = Trigger::Every(NonZeroU64::new(2).expect("two is not zero"));
    let faults = vec![Fault { kind: FaultKind::LostReply, trigger }];
    let mut platform = Platform::new(PlatformConfig { faults, ..limited(&[]) }, 1);
    assert_eq!(status(&mut platform, 0, &keyed(1)), 201);
    assert_eq!(call(&mut platform, 1, &keyed(2)).ending.reply(), None);
    let again = reply(&mut platform, 2, &keyed(2));
    assert!(again.replayed && again.status == 201);
    assert_eq!(platform.times_applied(record(2).identity), 1);

    let mut limited = Platform::new(limited(&[crate::fixture::bucket(1, 1)]), 1);
    assert_eq!(status(&mut limited, 0, &keyed(1)), 201);
    assert_eq!(status(&mut limited, 1, &keyed(2)), 429);
    let later = reply(&mut limited, 5_000, &keyed(2));
    assert!(!later.replayed && later.status == 201);
}
