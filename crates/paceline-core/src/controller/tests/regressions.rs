//! Bugs that were found, each as the story that showed it.

use std::num::NonZeroU32;
use std::time::Duration;

use super::stories::{at, call, departures, known, machine, run};
use crate::controller::{Controller, Departure};
use crate::{
    Answered, AttemptId, Call, CallId, Config, GateCause, GiveUp, Instant, Learned, Limits, Quota, Rate,
    Reply, ScopeKind, ScopeSet, ScopeSnapshot, Snapshot, Verdict, WaitReason, WallTime,
};

/// Starts the one call that may depart, and sends it.
fn start(machine: &mut Controller, now: Instant) -> AttemptId {
    match machine.poll_departure(now) {
        Departure::Start { attempt, .. } => {
            machine.handle_sent(now, attempt);
            attempt
        }
        other => panic!("nothing departs: {other:?}"),
    }
}

fn answer(machine: &mut Controller, now: Instant, attempt: AttemptId, reply: &Reply) -> Verdict {
    let verdict = machine.handle_reply(now, attempt, reply);
    machine.handle_done(now, attempt);
    verdict
}

#[test]
fn a_wait_is_obeyed_whatever_the_status() {
    for status in [500, 502, 504, 529, 413] {
        let (mut machine, _) = machine(Limits::default(), 3);
        let attempt = start(&mut machine, at(0));
        answer(&mut machine, at(10), attempt, &Reply::refused(status, Duration::from_secs(30)));
        let (early, _) = departures(&mut machine, at(29_000));
        assert!(early.is_empty(), "{status}: siblings wait too");
        let (started, _) = departures(&mut machine, at(31_000));
        assert!(!started.is_empty(), "{status}");
    }
}

#[test]
fn a_scope_is_forgotten_with_its_timer() {
    let mut machine = Controller::new(Config { max_idle_scopes: 1, ..Config::default() });
    let scope = ScopeSet::one(machine.scope(at(0), ScopeKind::Credential, "a"));
    for id in 0..5 {
        machine.try_submit(at(0), call(id, scope)).expect("room");
    }
    let (started, wait) = departures(&mut machine, at(0));
    assert!(matches!(wait, Departure::WaitUntil { .. }));
    (0..5).for_each(|id| machine.handle_cancel(at(1), CallId(id)));
    started.into_iter().for_each(|attempt| machine.handle_done(at(1), attempt));
    machine.scope(at(2), ScopeKind::Credential, "b");
    assert_eq!(machine.poll_departure(at(1_000)), Departure::Idle);
}

#[test]
fn a_deadline_that_passes_in_flight_holds_for_the_retry() {
    let (mut machine, scope) = machine(Limits::default(), 0);
    let deadline = Some(at(1_000));
    machine.try_submit(at(0), Call { deadline, ..call(1, ScopeSet::one(scope)) }).expect("room");
    let attempt = start(&mut machine, at(0));
    assert_eq!(machine.poll_departure(at(1_500)), Departure::Idle);
    answer(&mut machine, at(2_000), attempt, &Reply::refused(429, Duration::from_secs(60)));
    let ended = Departure::Ended { call: CallId(1), why: GiveUp::Expired };
    assert_eq!(machine.poll_departure(at(2_000)), ended);
}

#[test]
fn a_late_refusal_without_a_wait_is_not_tried_again_at_once() {
    let (mut machine, _) = machine(Limits::default(), 2);
    let first = start(&mut machine, at(0));
    departures(&mut machine, at(0));
    let late = start(&mut machine, at(60));
    answer(&mut machine, at(100), first, &Reply::status(429));
    let again = start(&mut machine, at(3_000));
    answer(&mut machine, at(3_100), again, &Reply::status(200));
    answer(&mut machine, at(4_000), late, &Reply::status(429));
    let (none, wait) = departures(&mut machine, at(4_001));
    assert!(none.is_empty());
    assert!(matches!(wait, Departure::WaitUntil { at: next, .. } if next >= at(5_000)), "{wait:?}");
}

#[test]
fn a_closed_gate_holds_no_slot_of_another_scope() {
    for reply in [Reply::refused(429, Duration::from_secs(3_600)), Reply::status(401)] {
        let mut machine = Controller::new(Config::default());
        let tenant = machine.scope(at(0), ScopeKind::Tenant, "t");
        let [slow, other] = ["slow", "other"].map(|name| machine.scope(at(0), ScopeKind::Credential, name));
        let in_flight = NonZeroU32::new(1);
        machine.set_limits(at(0), tenant, Limits { in_flight, ..known(1_000.0, 100) }).expect("known scope");
        machine.set_limits(at(0), slow, known(1.0, 1)).expect("known scope");
        machine.try_submit(at(0), call(0, ScopeSet::one(slow))).expect("room");
        let first = start(&mut machine, at(0));
        machine.try_submit(at(1_000), call(1, ScopeSet::one(tenant).with(slow))).expect("room");
        let second = start(&mut machine, at(2_000));
        machine.try_submit(at(2_001), call(2, ScopeSet::one(tenant).with(slow))).expect("room");
        departures(&mut machine, at(2_001));
        answer(&mut machine, at(2_010), second, &Reply::status(200));
        departures(&mut machine, at(2_010));
        answer(&mut machine, at(2_020), first, &reply);
        departures(&mut machine, at(2_020));
        machine.try_submit(at(2_030), call(3, ScopeSet::one(tenant).with(other))).expect("room");
        let (started, _) = departures(&mut machine, at(60_000));
        assert_eq!(started.len(), 1, "the tenant's slot is free: {reply:?}");
    }
}

#[test]
fn a_403_that_greets_the_return_from_a_long_wait_is_a_ban() {
    let (mut machine, _) = machine(Limits::default(), 1);
    let attempt = start(&mut machine, at(0));
    answer(&mut machine, at(10), attempt, &Reply::refused(429, Duration::from_secs(120)));
    let attempt = start(&mut machine, at(121_000));
    assert_eq!(answer(&mut machine, at(121_050), attempt, &Reply::status(403)), Verdict::Retry);
}

#[test]
fn a_late_401_does_not_shut_a_scope_that_was_reopened() {
    let limits = Limits { start: Rate::per_second(5_000.0), ..Limits::default() };
    let (mut machine, scope) = machine(limits, 10);
    let (started, _) = departures(&mut machine, at(0));
    answer(&mut machine, at(10), started[0], &Reply::status(401));
    machine.reopen(at(20), scope);
    answer(&mut machine, at(30), started[1], &Reply::status(401));
    let (again, _) = departures(&mut machine, at(100));
    assert!(!again.is_empty(), "the new credential is tried");
    answer(&mut machine, at(200), again[0], &Reply::status(401));
    let (none, _) = departures(&mut machine, at(3_600_000));
    assert!(none.is_empty(), "and if it is not accepted either, the scope is shut");
}

#[test]
fn a_known_limit_is_paced_at_whatever_an_earlier_run_learned() {
    let (mut machine, _) = machine(known(120.0, 1), 5_000);
    let saved = ScopeSnapshot {
        kind: ScopeKind::Credential,
        name: "a".into(),
        closed: None,
        learned: Learned { quota: Rate::per_second(5.0).map(|rate| Quota::Pace { rate }), in_flight: None },
    };
    machine.restore(at(0), WallTime::from_unix_millis(0), &Snapshot { scopes: vec![saved] });
    let sent = run(&mut machine, at(0), at(10_000), &Reply::status(200)).len();
    assert!((1_180..=1_200).contains(&sent), "{sent} in 10 s at 120/s");
}

#[test]
fn a_users_ceiling_is_not_exceeded_after_a_closing() {
    let limits = Limits { ceiling: Rate::per_second(100.0), ..Limits::default() };
    let (mut machine, _) = machine(limits, 10_000);
    run(&mut machine, at(0), at(10_000), &Reply::status(200));
    let mut now = 10_000;
    for wait in [1, 5] {
        let (started, _) = departures(&mut machine, at(now + 20));
        for attempt in started {
            answer(&mut machine, at(now + 20), attempt, &Reply::refused(429, Duration::from_secs(wait)));
        }
        now += 1_000 * (wait + 1);
        let after = run(&mut machine, at(now), at(now + 8_000), &Reply::status(200));
        for from in (now..now + 7_000).step_by(100) {
            let second = after.iter().filter(|(t, _)| (at(from)..at(from + 1_000)).contains(t)).count();
            assert!(second <= 102, "{second} in the second from {from} ms");
        }
        now += 8_000;
    }
}

#[test]
fn new_limits_for_a_scope_in_use_are_no_new_burst() {
    let (mut machine, scope) = machine(known(10.0, 20), 1_000);
    run(&mut machine, at(0), at(5_000), &Reply::status(200));
    machine.set_limits(at(5_000), scope, known(10.0, 20)).expect("known scope");
    let after = run(&mut machine, at(5_000), at(6_000), &Reply::status(200)).len();
    assert!(after <= 14, "{after} in a second at 10/s");
}

#[test]
fn a_ban_that_names_its_end_is_a_ban_until_then() {
    let (mut machine, scope) = machine(Limits::default(), 5);
    let attempt = start(&mut machine, at(0));
    answer(&mut machine, at(10), attempt, &Reply::refused(429, Duration::from_secs(1)));
    let attempt = start(&mut machine, at(1_100));
    answer(&mut machine, at(1_110), attempt, &Reply::refused(403, Duration::from_secs(60)));
    let (none, wait) = departures(&mut machine, at(60_000));
    assert!(none.is_empty());
    let cause = GateCause::Banned;
    assert!(
        matches!(wait, Departure::WaitUntil { reason, .. } if reason == WaitReason::Gate { scope, cause })
    );
    let (started, _) = departures(&mut machine, at(62_000));
    assert_eq!(started.len(), 1, "one asks first");
}

/// Of a call under these kinds, the one whose gate closes when a refusal names `named`.
fn closed_by(kinds: &[ScopeKind], named: Option<ScopeKind>) -> ScopeKind {
    let mut machine = Controller::new(Config::default());
    let ids: Vec<_> = kinds.iter().map(|&kind| machine.scope(at(0), kind, "a")).collect();
    let set = ids[1..].iter().fold(ScopeSet::one(ids[0]), |set, &id| set.with(id));
    machine.try_submit(at(0), call(0, set)).expect("it has room");
    let attempt = start(&mut machine, at(0));
    let wait = Some(Duration::from_secs(1));
    let answered = Answered { retry_after: wait, named_scope: named, ..Answered::status(429) };
    answer(&mut machine, at(1), attempt, &Reply::Answered(answered));
    let closed = ids.iter().filter(|&&id| machine.scopes.state(id).gate.is_closed(at(2)));
    let closed: Vec<_> = closed.filter_map(|&id| machine.scope_name(id)).map(|(kind, _)| kind).collect();
    assert_eq!(closed.len(), 1, "{closed:?}");
    closed[0]
}

#[test]
fn a_named_limit_that_the_call_has_no_scope_for_closes_no_less_than_its_calls() {
    use ScopeKind::{Credential, Endpoint, Integration, Tenant};
    let cases = [
        (&[Credential, Endpoint][..], None, Endpoint),
        (&[Credential, Endpoint], Some(Credential), Credential),
        (&[Credential, Endpoint], Some(Integration), Credential),
        (&[Credential, Endpoint], Some(Tenant), Credential),
        (&[Tenant, Credential], Some(Endpoint), Credential),
        (&[Tenant, Endpoint], Some(Integration), Tenant),
        (&[Endpoint], Some(Tenant), Endpoint),
    ];
    for (kinds, named, closed) in cases {
        assert_eq!(closed_by(kinds, named), closed, "{kinds:?} {named:?}");
    }
}
