//! Faults and outages.

use std::num::NonZeroU64;

use paceline_sim::platform::{
    Ending, Fault, FaultKind, Outage, OutageKind, Platform, PlatformConfig, ServerError, Trigger,
};

use crate::fixture::{at, call, limited, millis, post, record, status};

/// A platform on which every second call meets `kind`.
fn faulty(kind: FaultKind) -> Platform {
    let trigger = Trigger::Every(NonZeroU64::new(2).expect("two is not zero"));
    Platform::new(PlatformConfig { faults: vec![Fault { kind, trigger }], ..limited(&[]) }, 1)
}

/// The ending of the second call, and whether it was applied.
fn struck(kind: FaultKind) -> (Ending, bool) {
    let mut platform = faulty(kind);
    assert_eq!(status(&mut platform, 0, &post(1)), 201);
    let ending = call(&mut platform, 1, &post(2)).ending;
    assert_eq!(platform.stats().faults, 1);
    (ending, platform.times_applied(record(2).identity) == 1)
}

#[test]
fn every_fault_applies_what_it_says_and_no_more() {
    assert_eq!(struck(FaultKind::ResetBefore), (Ending::ResetBefore, false));
    assert_eq!(struck(FaultKind::ResetAfter), (Ending::ResetAfter, true));
    assert_eq!(struck(FaultKind::LostReply), (Ending::NoReply, true));
    let (ending, applied) = struck(FaultKind::Truncated);
    assert!(matches!(ending, Ending::Truncated(reply) if reply.status == 201) && applied);
    let errors =
        [(ServerError::Internal, 500), (ServerError::BadGateway, 502), (ServerError::Unavailable, 503)];
    for (error, status) in errors {
        let (ending, applied) = struck(FaultKind::ErrorBefore(error));
        assert!(ending.reply().unwrap().status == status && !applied);
        let (ending, applied) = struck(FaultKind::ErrorAfter(error));
        assert!(ending.reply().unwrap().status == status && applied);
        assert_eq!(ending.reply().unwrap().retry_after, None);
    }
}

#[test]
fn a_slow_call_is_answered_so_much_later() {
    let mut platform = faulty(FaultKind::Slow(millis(5_000)));
    assert!(platform.arrive(at(0), &post(1)).at <= at(80));
    let slow = platform.arrive(at(0), &post(2));
    assert!((at(5_030)..=at(5_080)).contains(&slow.at));
}

#[test]
fn an_outage_applies_nothing_and_holds_nothing_against_anybody() {
    for kind in [OutageKind::Reset, OutageKind::Unavailable] {
        let outage = Outage { from: millis(1_000), until: millis(61_000), kind };
        let config = PlatformConfig { outages: vec![outage], ..limited(&[crate::fixture::bucket(1, 1)]) };
        let mut platform = Platform::new(config, 1);
        (0..100).for_each(|n| {
            let ending = call(&mut platform, 1_000 + n, &post(n)).ending;
            match kind {
                OutageKind::Reset => assert_eq!(ending, Ending::ResetBefore),
                OutageKind::Unavailable => assert_eq!(ending.reply().unwrap().status, 503),
            }
        });
        assert_eq!(status(&mut platform, 61_000, &post(0)), 201);
        let stats = platform.stats();
        assert_eq!((stats.unavailable, stats.throttled, stats.distinct, stats.early_returns), (100, 0, 1, 0));
    }
}
