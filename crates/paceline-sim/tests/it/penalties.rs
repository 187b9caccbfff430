//! Early returns, and the ban that they earn.

use paceline_sim::check::{self, Law, Sighting};
use paceline_sim::platform::{Ban, Fingerprint, Platform, PlatformConfig, Request};

use crate::fixture::{at, bucket, call, call_at, limited, millis, post, status};

fn strict() -> PlatformConfig {
    PlatformConfig { ban: Some(ban()), ..limited(&[bucket(1, 1)]) }
}

fn ban() -> Ban {
    Ban { early_returns: crate::fixture::some(20), within: millis(60_000), lasts: millis(60_000) }
}

#[test]
fn a_refusal_to_one_call_pauses_all_calls_of_the_client() {
    let mut platform = Platform::new(strict(), 1);
    assert_eq!(status(&mut platform, 0, &post(1)), 201);
    let refused = call(&mut platform, 1, &post(2));
    let excused = refused.at + millis(250 + 80);
    let last_excused = platform.arrive(excused, &post(3));
    assert!(!last_excused.early);
    let early = platform.arrive(excused + std::time::Duration::from_nanos(1), &post(4));
    assert!(early.early, "another call of the same client");
    let stranger = Request { credential: Fingerprint::number(9), ..post(5) };
    assert!(!platform.arrive(excused + millis(1), &stranger).early);
}

#[test]
fn a_refusal_that_is_sent_late_excuses_for_longer_and_one_never_sent_tells_nothing() {
    for (sent, blamed) in [(Some(at(700)), false), (Some(at(600)), true), (None, false)] {
        let mut platform = Platform::new(strict(), 1);
        assert_eq!(status(&mut platform, 0, &post(1)), 201);
        let refused = platform.arrive(at(1), &post(2));
        match sent {
            Some(sent) => platform.finish(sent, refused.ticket),
            None => platform.abandon(refused.ticket),
        }
        assert_eq!(platform.arrive(at(1_000), &post(3)).early, blamed, "sent: {sent:?}");
    }
}

#[test]
fn an_early_return_is_counted_even_when_it_is_accepted() {
    let mut platform = Platform::new(PlatformConfig { ban: None, ..limited(&[bucket(100, 1)]) }, 1);
    assert_eq!(status(&mut platform, 0, &post(1)), 201);
    assert_eq!(status(&mut platform, 0, &post(2)), 429);
    let early = call(&mut platform, 600, &post(2));
    assert!(early.early && early.ending.reply().unwrap().is_accepted());
    assert_eq!(platform.stats().early_returns, 1);
}

#[test]
fn twenty_early_returns_within_a_minute_shut_the_credential_out_for_a_minute() {
    let mut platform = Platform::new(strict(), 1);
    assert_eq!(status(&mut platform, 0, &post(1)), 201);
    // A storm: every refusal tells a new wait, and every call from 500 ms on is early.
    let statuses: Vec<u16> = (0..31).map(|n| status(&mut platform, 1 + n * 20, &post(2))).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 403).count(), 0);
    let storm: Vec<u16> = (0..40).map(|n| status(&mut platform, 640 + n, &post(2))).collect();
    let shut_from = storm.iter().position(|status| *status == 403).unwrap();
    assert!(storm[shut_from..].iter().all(|status| *status == 403));
    let stats = platform.stats();
    assert_eq!(stats.early_returns, 20);
    assert_eq!(usize::try_from(stats.banned), Ok(storm.len() - shut_from));
    let stranger = Request { credential: Fingerprint::number(9), ..post(5) };
    assert_eq!(status(&mut platform, 700, &stranger), 201);
    let over = 640 + shut_from as u64 + 60_000;
    assert_eq!(status(&mut platform, over - 1, &post(2)), 403);
    assert_eq!(status(&mut platform, over, &post(2)), 201);
}

#[test]
fn the_platform_and_the_second_judge_count_the_same_early_returns() {
    let client = Fingerprint::number(1);
    let mut platform = Platform::new(PlatformConfig { ban: None, ..limited(&[bucket(20, 3)]) }, 5);
    let mut rng = fastrand::Rng::with_seed(11);
    let mut sightings = Vec::new();
    let mut now = at(0);
    for number in 0..5_000 {
        now = now + millis(rng.u64(0..120));
        let service = call_at(&mut platform, now, &post(number));
        sightings.push(Sighting::Arrived { arrival: number, at: now, client, limit: client });
        if let Some(until) = service.told_until {
            sightings.push(Sighting::Told { sent: service.at, client, limit: client, until });
        }
    }
    let findings = check::judge(&sightings, &[], &[], &Law { excuse: millis(250 + 80), ban: ban() });
    assert!(platform.stats().early_returns > 100);
    assert_eq!(findings.early_returns.len() as u64, platform.stats().early_returns);
}

#[test]
fn an_unknown_credential_is_neither_limited_nor_judged() {
    let config = PlatformConfig { expected_credential: Some(Fingerprint::of(b"good")), ..strict() };
    let mut platform = Platform::new(config, 1);
    (0..50).for_each(|n| assert_eq!(status(&mut platform, n, &post(1)), 401));
    let known = Request { credential: Fingerprint::of(b"good"), ..post(1) };
    assert_eq!(status(&mut platform, 50, &known), 201);
    let stats = platform.stats();
    assert_eq!((stats.unauthorized, stats.throttled, stats.early_returns), (50, 0, 0));
}
