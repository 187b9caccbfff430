//! Waits bind every clone of every service on the pacer, and nobody returns early.

use paceline::driver::CallSpec;
use paceline::layer::Error;
use paceline::{GiveUp, KnownRate, Meaning, Rate, ScopeKind, StatusCode};
use paceline_core::profile::Disguise;

use super::*;
use crate::layer::strict::refusal;
use crate::platform::one_slot;

#[tokio::test(start_paused = true)]
async fn a_wait_told_to_one_binds_all_clones() {
    let world = World::limited(one_slot(), [refusal(30)]).await;
    let (one, other) = (world.paced(), world.paced());
    let calls: Vec<_> = (0..20)
        .map(|n| tokio::spawn(if n % 2 == 0 { one.clone() } else { other.clone() }.oneshot(post())))
        .collect();
    for call in calls {
        assert_eq!(in_time(call).await.unwrap().unwrap().status(), 200);
    }
    let seen = world.below.seen();
    assert_eq!(seen.len(), 21);
    let opens_at = seen[0].at + Duration::from_secs(30);
    assert!(seen[1..].iter().all(|seen| seen.at >= opens_at));
}

#[tokio::test(start_paused = true)]
async fn nobody_returns_early_however_many_are_in_flight() {
    let refused = |n: u64| n % 7 == 3;
    let wait = |n: u64| 1 + n % 5;
    let acts = (0..200).map(|n| match refused(n) {
        true => refusal(wait(n)),
        false => Act::Reply(strict::reply(200, "")),
    });
    let mut world = World::limited(limits_of_ten(), []).await;
    world.below = Strict::slow(acts, LATENCY);
    let calls: Vec<_> = (0..100).map(|_| tokio::spawn(world.paced().oneshot(post()))).collect();
    for call in calls {
        assert_eq!(in_time(call).await.unwrap().unwrap().status(), 200);
    }
    let seen = world.below.seen();
    let told = |n: usize| {
        let n = n as u64;
        refused(n).then(|| Duration::from_secs(wait(n)))
    };
    for (n, refusal) in seen.iter().enumerate() {
        let Some(wait) = told(n) else { continue };
        let told_at = refusal.at + LATENCY;
        let is_early = |arrival: &Instant| told_at < *arrival && *arrival < told_at + wait;
        assert!(!seen.iter().map(|seen| seen.at).any(|at| is_early(&at)), "after refusal {n}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_a_call_that_waits_out_a_refusal() {
    let world = World::new([refusal(60)]).await;
    let mut request = post();
    let deadline = Some(Instant::now() + Duration::from_secs(5));
    request.extensions_mut().insert(CallSpec { deadline, ..CallSpec::new(world.scopes) });
    let began = Instant::now();
    let error = world.paced().oneshot(request).await.unwrap_err();
    let Error::GaveUp { why: GiveUp::Expired, attempts: 1, last } = error else { panic!("{error:?}") };
    assert_eq!(last, Some(StatusCode::TOO_MANY_REQUESTS));
    assert_eq!(began.elapsed().as_secs(), 5);
    assert_eq!(world.below.seen().len(), 1);
    world.until(0, 0).await;
}

#[tokio::test(start_paused = true)]
async fn each_request_goes_under_the_scopes_that_are_said_of_it() {
    let world = World::new([refusal(60)]).await;
    let elsewhere = ScopeSet::one(world.pacer.scope(ScopeKind::Credential, "elsewhere").await.unwrap());
    let here = world.scopes;
    let layer = world.layer().spec_of(move |parts| {
        CallSpec::new(if parts.uri.path().starts_with("/records") { here } else { elsewhere })
    });
    let paced = layer.layer(world.below.clone());
    let refused = tokio::spawn(paced.clone().oneshot(post()));
    world.until(1, 0).await;
    let began = Instant::now();
    let mut other = post();
    *other.uri_mut() = "http://localhost/other".parse().unwrap();
    assert_eq!(paced.oneshot(other).await.unwrap().status(), 200);
    assert!(began.elapsed() < Duration::from_secs(60));
    assert_eq!(in_time(refused).await.unwrap().unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_401_is_waited_out_until_a_person_reopens_its_scope() {
    let world = World::new([Act::Reply(strict::reply(401, "who are you?"))]).await;
    let call = tokio::spawn(world.paced().oneshot(post()));
    world.until(1, 0).await;
    world.pacer.reopen(world.scopes.as_slice()[0]);
    assert_eq!(in_time(call).await.unwrap().unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_401_that_a_profile_calls_a_rejection_is_delivered_at_once() {
    let world = World::new([Act::Reply(strict::reply(401, "who are you?"))]).await;
    let disguise = Disguise { status: 401, path: None, value: None, text: None, means: Meaning::Rejected };
    let layer = world.layer().profile(Profile { disguises: vec![disguise], ..Profile::generic() });
    let response = in_time(layer.layer(world.below.clone()).oneshot(post())).await.unwrap();
    assert_eq!((response.status().as_u16(), end(&response).given_up), (401, Some(GiveUp::Rejected)));
}

fn limits_of_ten() -> Limits {
    let rate = Rate::per_second(100.0).unwrap();
    let in_flight = std::num::NonZeroU32::new(10);
    Limits { known: Some(KnownRate { rate, burst: std::num::NonZeroU32::MIN }), in_flight, ..fast() }
}

const LATENCY: Duration = Duration::from_millis(50);
