//! The invariants that need a longer story than a random trace tells.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::controller::{Controller, Departure, WaitReason};
use crate::{
    Answered, AttemptId, Call, CallId, ClientId, Config, Cost, Event, GateCause, GiveUp, Instant, KnownRate,
    Limits, OnUncertain, Priority, Rate, Reply, ScopeId, ScopeKind, ScopeSet, SubmitError, Verdict, WallTime,
    Weight,
};

const SECOND: Duration = Duration::from_secs(1);

pub(super) fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

pub(super) fn call(id: u64, scopes: ScopeSet) -> Call {
    Call {
        id: CallId(id),
        client: ClientId(0),
        scopes,
        cost: Cost::ONE,
        weight: Weight::ONE,
        priority: Priority::Normal,
        deadline: None,
        on_uncertain: OnUncertain::Retry,
    }
}

pub(super) fn known(per_second: f64, burst: u32) -> Limits {
    let rate = Rate::per_second(per_second).expect("legal");
    let burst = NonZeroU32::new(burst).expect("positive");
    Limits { known: Some(KnownRate { rate, burst }), ..Limits::default() }
}

/// A machine with one credential of these limits and `calls` calls.
pub(super) fn machine(limits: Limits, calls: u64) -> (Controller, ScopeId) {
    let mut machine = Controller::new(Config::default());
    let scope = machine.scope(at(0), ScopeKind::Credential, "a");
    machine.set_limits(at(0), scope, limits).expect("known scope");
    for id in 0..calls {
        machine.try_submit(at(0), call(id, ScopeSet::one(scope))).expect("it has room");
    }
    (machine, scope)
}

/// What departs until the machine waits, and for how long it waits.
pub(super) fn departures(machine: &mut Controller, now: Instant) -> (Vec<AttemptId>, Departure) {
    let mut started = Vec::new();
    loop {
        match machine.poll_departure(now) {
            Departure::Start { attempt, .. } => started.push(attempt),
            other => return (started, other),
        }
    }
}

/// Plays until `until`, answering each attempt at once. Returns the instants of all departures.
pub(super) fn run(
    machine: &mut Controller,
    from: Instant,
    until: Instant,
    reply: &Reply,
) -> Vec<(Instant, AttemptId)> {
    let (mut now, mut all) = (from, Vec::new());
    while now < until {
        let (started, next) = departures(machine, now);
        let is_moving = !started.is_empty();
        for attempt in started {
            all.push((now, attempt));
            machine.handle_sent(now, attempt);
            machine.handle_reply(now, attempt, reply);
            machine.handle_done(now, attempt);
        }
        now = match next {
            _ if is_moving => now,
            Departure::WaitUntil { at, .. } => at,
            _ => return all,
        };
    }
    all
}

#[test]
fn departures_after_a_closing_are_paced_and_what_accrued_is_not_lost() {
    let (mut machine, _) = machine(known(100.0, 200), 2_000);
    let (first, _) = departures(&mut machine, at(0));
    machine.handle_reply(at(0), first[0], &Reply::refused(429, 2 * SECOND));
    let after = run(&mut machine, at(0), at(12_000), &Reply::status(200));
    assert!(after[0].0 >= at(2_000), "the gate held");
    let within = |from: u64, to: u64| after.iter().filter(|(t, _)| (at(from)..at(to)).contains(t)).count();
    let opened = after[0].0.as_nanos() / 1_000_000;
    assert!(within(opened, opened + 100) <= 15, "a burst at the opening: {}", within(opened, opened + 100));
    let first_second = within(opened, opened + 1_000);
    assert!((100..=127).contains(&first_second), "1.25 times the rate at most: {first_second}");
    let later_second = within(opened + 5_000, opened + 6_000);
    assert!(later_second <= 101, "caught up, back at the rate: {later_second}");
}

#[test]
fn refusals_of_attempts_that_left_before_the_closing_are_one_event() {
    let limits = Limits { start: Rate::per_second(5_000.0), ..Limits::default() };
    let (mut machine, _) = machine(limits, 20);
    let (started, _) = departures(&mut machine, at(0));
    assert!(started.len() >= 5);
    for &attempt in &started {
        let verdict = machine.handle_reply(at(50), attempt, &Reply::refused(429, SECOND));
        assert_eq!(verdict, Verdict::Retry);
    }
    let events: Vec<Event> = std::iter::from_fn(|| machine.poll_event()).collect();
    let decreases = events.iter().filter(|event| matches!(event, Event::Believed { .. })).count();
    assert_eq!(decreases, 1);
}

#[test]
fn unnamed_refusals_of_one_episode_back_off_once_and_one_attempt_tries_first() {
    let limits = Limits { start: Rate::per_second(5_000.0), ..Limits::default() };
    let (mut machine, scope) = machine(limits, 20);
    let (started, _) = departures(&mut machine, at(0));
    for &attempt in &started {
        machine.handle_reply(at(50), attempt, &Reply::status(429));
        machine.handle_done(at(50), attempt);
    }
    let (none, wait) = departures(&mut machine, at(60));
    assert!(none.is_empty());
    let Departure::WaitUntil { at: opens, reason } = wait else { panic!("{wait:?}") };
    assert_eq!(reason, WaitReason::Gate { scope, cause: GateCause::Backoff });
    assert!((at(1_050)..=at(2_050)).contains(&opens), "1 to 2 s: {opens}");
    let (scouts, wait) = departures(&mut machine, opens);
    assert_eq!((scouts.len(), wait), (1, Departure::Idle), "one tries first");
    machine.handle_reply(opens, scouts[0], &Reply::status(200));
    machine.handle_done(opens, scouts[0]);
    let more = run(&mut machine, opens, opens + 2 * SECOND, &Reply::status(200));
    assert!(more.len() >= 10);
}

#[test]
fn a_failed_scout_doubles_the_wait() {
    let (mut machine, _) = machine(Limits::default(), 5);
    let (mut now, mut refused_at, mut waits) = (at(0), None::<Instant>, Vec::new());
    while waits.len() < 5 {
        let (started, next) = departures(&mut machine, now);
        for &attempt in &started {
            waits.extend(refused_at.map(|refused_at| now.saturating_since(refused_at).as_secs_f64()));
            machine.handle_reply(now, attempt, &Reply::status(429));
            machine.handle_done(now, attempt);
            refused_at = Some(now);
        }
        now = match next {
            Departure::WaitUntil { at, .. } => at,
            _ => now + Duration::from_millis(1),
        };
    }
    for (step, wait) in (0..).zip(waits) {
        let unit = 2_f64.powi(step);
        assert!((unit..=2.0 * unit).contains(&wait), "step {step}: {wait}");
    }
}

#[test]
fn clients_of_a_lane_take_turns_whatever_they_queued() {
    let (mut machine, scope) = machine(known(100.0, 1), 1_000);
    for id in 1_000..1_010 {
        let call = Call { client: ClientId(7), ..call(id, ScopeSet::one(scope)) };
        machine.try_submit(at(0), call).expect("it has room");
    }
    let all = run(&mut machine, at(0), at(400), &Reply::status(200));
    let of_seven = all.iter().take(22).filter(|(_, attempt)| attempt.call.0 >= 1_000).count();
    assert!(of_seven >= 10, "{of_seven} of 10");
}

#[test]
fn a_lane_of_two_scopes_is_not_starved_by_lanes_of_one() {
    let mut machine = Controller::new(Config::default());
    let tenant = machine.scope(at(0), ScopeKind::Tenant, "t");
    let endpoint = machine.scope(at(0), ScopeKind::Endpoint, "e");
    machine.set_limits(at(0), tenant, known(100.0, 1)).expect("known scope");
    machine.set_limits(at(0), endpoint, known(70.0, 1)).expect("known scope");
    let sets = [ScopeSet::one(tenant), ScopeSet::one(endpoint), ScopeSet::one(tenant).with(endpoint)];
    for id in 0..6_000 {
        machine.try_submit(at(0), call(id, sets[usize::try_from(id % 3).expect("0 to 2")])).expect("room");
    }
    let all = run(&mut machine, at(0), at(10_000), &Reply::status(200));
    let mut by_set = [0_usize; 3];
    all.iter().for_each(|(_, attempt)| by_set[usize::try_from(attempt.call.0 % 3).expect("0 to 2")] += 1);
    assert!(by_set[2] >= 250, "fair would be 350 of both: {by_set:?}");
    assert!(by_set[0] + by_set[2] >= 960, "the tenant's limit is used: {by_set:?}");
}

#[test]
fn a_closed_scope_blocks_no_other() {
    let mut machine = Controller::new(Config::default());
    let tenant = machine.scope(at(0), ScopeKind::Tenant, "t");
    let [a, b] = ["a", "b"].map(|name| machine.scope(at(0), ScopeKind::Credential, name));
    for (id, scope) in (0..).zip([a, b].into_iter().cycle().take(40)) {
        machine.try_submit(at(0), call(id, ScopeSet::one(tenant).with(scope))).expect("room");
    }
    let (first, _) = departures(&mut machine, at(0));
    assert_eq!(first[0].call, CallId(0));
    let mut refused = Answered::status(429);
    (refused.retry_after, refused.named_scope) = (Some(60 * SECOND), Some(ScopeKind::Credential));
    machine.handle_reply(at(0), first[0], &Reply::Answered(refused));
    let all = run(&mut machine, at(1), at(10_000), &Reply::status(200));
    assert!(all.iter().all(|(_, attempt)| attempt.call.0 % 2 == 1));
    assert!(all.len() >= 19, "all of b: {}", all.len());
}

#[test]
fn a_call_refused_again_and_again_while_siblings_pass_stands_aside() {
    let limits = Limits { start: Rate::per_second(1_000.0), ..Limits::default() };
    let (mut machine, _) = machine(limits, 200);
    let (mut now, mut attempts_of_poison, mut others, mut asides) = (at(0), Vec::new(), 0, 0);
    while others < 199 {
        let (started, next) = departures(&mut machine, now);
        for attempt in started {
            let is_poison = attempt.call == CallId(0);
            let reply = if is_poison { Reply::status(429) } else { Reply::status(200) };
            machine.handle_reply(now, attempt, &reply);
            machine.handle_done(now, attempt);
            if is_poison { attempts_of_poison.push(now) } else { others += 1 }
        }
        asides += std::iter::from_fn(|| machine.poll_event())
            .filter(|e| matches!(e, Event::SetAside { .. }))
            .count();
        now = match next {
            Departure::WaitUntil { at, .. } => at,
            _ => now + Duration::from_millis(1),
        };
    }
    assert_eq!(others, 199, "it blocks nobody");
    assert!(asides >= 1, "{attempts_of_poison:?}");
}

#[test]
fn an_outage_gives_no_call_up_and_leaves_few_in_doubt() {
    let mut machine = Controller::new(Config::default());
    let scope = machine.scope(at(0), ScopeKind::Credential, "a");
    for id in 0..1_000 {
        let call = Call { on_uncertain: OnUncertain::Hold, ..call(id, ScopeSet::one(scope)) };
        machine.try_submit(at(0), call).expect("room");
    }
    let (mut now, mut in_doubt, mut sent) = (at(0), 0, 0);
    while now < at(60_000) {
        let (started, next) = departures(&mut machine, now);
        for attempt in started {
            sent += 1;
            let verdict = machine.handle_reply(now, attempt, &Reply::status(502));
            in_doubt += usize::from(verdict == Verdict::GiveUp(GiveUp::InDoubt));
            machine.handle_done(now, attempt);
        }
        now = match next {
            Departure::WaitUntil { at, .. } => at,
            _ => now + Duration::from_millis(1),
        };
    }
    assert_eq!(in_doubt, sent);
    assert!(in_doubt <= 25, "{in_doubt} in doubt");
    let after = run(&mut machine, at(60_000), at(180_000), &Reply::status(200));
    assert_eq!(after.len() + in_doubt, 1_000);
}

#[test]
fn a_platform_that_cannot_be_reached_exhausts_no_call() {
    let (mut machine, _) = machine(Limits::default(), 50);
    run(&mut machine, at(0), at(600_000), &Reply::NotSent);
    assert_eq!(machine.waiting(), 50);
    let after = run(&mut machine, at(640_000), at(900_000), &Reply::status(200));
    assert_eq!(after.len(), 50);
}

#[test]
fn a_call_that_fails_while_others_pass_is_exhausted() {
    let (mut machine, scope) = machine(Limits::default(), 1);
    let mut now = at(0);
    for id in 1..2_000 {
        machine.try_submit(now, call(id, ScopeSet::one(scope))).expect("room");
        let (started, next) = departures(&mut machine, now);
        for attempt in started {
            let reply = if attempt.call == CallId(0) { Reply::Lost } else { Reply::status(200) };
            if machine.handle_reply(now, attempt, &reply) == Verdict::GiveUp(GiveUp::Exhausted) {
                // Before its first failure nobody had passed: that one was not its own.
                assert_eq!((attempt.call, attempt.number), (CallId(0), 9));
                return;
            }
            machine.handle_done(now, attempt);
        }
        now = match next {
            Departure::WaitUntil { at, .. } => at.max(now + Duration::from_millis(200)),
            _ => now + Duration::from_millis(200),
        };
    }
    panic!("never given up");
}

#[test]
fn an_unaccepted_credential_condemns_no_call_and_a_new_one_continues() {
    let (mut machine, scope) = machine(Limits::default(), 30);
    let (started, _) = departures(&mut machine, at(0));
    for attempt in started {
        assert_eq!(machine.handle_reply(at(1), attempt, &Reply::status(401)), Verdict::Retry);
        machine.handle_done(at(1), attempt);
    }
    let (none, wait) = departures(&mut machine, at(3_600_000));
    assert!(none.is_empty());
    let reason = WaitReason::Gate { scope, cause: GateCause::Unauthorized };
    assert_eq!(wait, Departure::WaitUntil { at: Instant::FAR_FUTURE, reason });
    machine.reopen(at(3_600_001), scope);
    assert_eq!(run(&mut machine, at(3_600_001), at(4_000_000), &Reply::status(200)).len(), 30);
}

#[test]
fn a_403_is_a_ban_only_after_throttling() {
    let (mut machine, scope) = machine(Limits { start: Rate::per_second(1_000.0), ..Limits::default() }, 10);
    let (first, _) = departures(&mut machine, at(0));
    assert_eq!(machine.handle_reply(at(0), first[0], &Reply::status(403)), Verdict::GiveUp(GiveUp::Rejected));
    machine.handle_reply(at(0), first[1], &Reply::refused(429, SECOND));
    first.iter().for_each(|&attempt| machine.handle_done(at(0), attempt));
    let (second, _) = departures(&mut machine, at(2_000));
    assert_eq!(machine.handle_reply(at(2_000), second[0], &Reply::status(403)), Verdict::Retry);
    let (none, wait) = departures(&mut machine, at(9_000_000));
    assert!(none.is_empty());
    let reason = WaitReason::Gate { scope, cause: GateCause::Banned };
    assert_eq!(wait, Departure::WaitUntil { at: Instant::FAR_FUTURE, reason });
}

#[test]
fn a_restart_comes_no_earlier_and_starts_warm() {
    let (mut old, _) = machine(Limits { start: Rate::per_second(500.0), ..Limits::default() }, 10);
    let (started, _) = departures(&mut old, at(0));
    old.handle_reply(at(5), started[0], &Reply::refused(429, 20 * SECOND));
    let wall = WallTime::from_unix_millis(1_000_000);
    let snapshot = old.snapshot(at(105), wall);
    let mut new = Controller::new(Config::default());
    // 3 s later by the wall clock, another epoch.
    new.restore(at(0), wall + 3 * SECOND, &snapshot);
    let scope = new.scope(at(0), ScopeKind::Credential, "a");
    new.try_submit(at(0), call(1, ScopeSet::one(scope))).expect("room");
    let (none, wait) = departures(&mut new, at(16_899));
    assert!(none.is_empty(), "19.9 s were left, 3 have passed");
    let Departure::WaitUntil { at: opens, .. } = wait else { panic!("{wait:?}") };
    assert!((at(16_900)..=at(16_951)).contains(&opens), "{opens}");
}

#[test]
fn a_snapshot_has_the_longest_unused_scope_first() {
    let mut machine = Controller::new(Config::default());
    let scopes = ["a", "b", "c"].map(|name| machine.scope(at(0), ScopeKind::Credential, name));
    for (number, used) in [(1, 2), (2, 0), (3, 1)] {
        machine.try_submit(at(number), call(number, ScopeSet::one(scopes[used]))).expect("room");
        let (started, _) = departures(&mut machine, at(number));
        machine.handle_reply(at(number), started[0], &Reply::refused(429, 20 * SECOND));
    }
    let snapshot = machine.snapshot(at(10), WallTime::from_unix_millis(1_000_000));
    let names: Vec<&str> = snapshot.scopes.iter().map(|scope| scope.name.as_str()).collect();
    assert_eq!(names, ["c", "a", "b"]);
}

#[test]
fn a_cancelled_attempt_that_never_left_gives_everything_back() {
    let (mut machine, _) = machine(Limits { in_flight: NonZeroU32::new(1), ..known(1.0, 1) }, 2);
    let (started, _) = departures(&mut machine, at(0));
    machine.handle_cancel(at(10), started[0].call);
    let (second, _) = departures(&mut machine, at(10));
    assert_eq!(second.len(), 1, "slot and token are back");
    machine.handle_sent(at(20), second[0]);
    machine.handle_cancel(at(30), second[0].call);
    assert_eq!(machine.in_flight(), 1, "sent: the slot is held until it is done");
    machine.handle_done(at(40), second[0]);
    assert_eq!(machine.in_flight(), 0);
}

#[test]
fn a_recalled_attempt_waits_again_at_its_original_place_and_has_taken_nothing() {
    let (mut machine, _) = machine(known(1.0, 1), 3);
    let (started, _) = departures(&mut machine, at(0));
    assert!(machine.handle_recall(at(10), started[0]));
    assert!(!machine.handle_recall(at(10), started[0]), "once");
    assert_eq!((machine.waiting(), machine.in_flight()), (3, 0));
    let (again, _) = departures(&mut machine, at(10));
    assert_eq!(again, started, "the same call, the same attempt");
    machine.handle_sent(at(20), again[0]);
    assert!(!machine.handle_recall(at(30), again[0]), "what was sent cannot be recalled");
}

#[test]
fn idle_scopes_are_forgotten_and_closed_ones_are_not() {
    let mut machine = Controller::new(Config { max_idle_scopes: 100, ..Config::default() });
    let closed = machine.scope(at(0), ScopeKind::Credential, "closed");
    machine.try_submit(at(0), call(0, ScopeSet::one(closed))).expect("room");
    let (started, _) = departures(&mut machine, at(0));
    machine.handle_reply(at(0), started[0], &Reply::refused(429, 60 * SECOND));
    machine.handle_cancel(at(0), CallId(0));
    machine.handle_done(at(0), started[0]);
    let first = machine.scope(at(1), ScopeKind::Credential, "first");
    for index in 0..10_000 {
        machine.scope(at(2), ScopeKind::Credential, &index.to_string());
    }
    assert!(machine.scopes.len() <= 100);
    assert!(machine.scope_name(closed).is_some());
    let forgotten = machine.try_submit(at(3), call(1, ScopeSet::one(first)));
    assert_eq!(forgotten, Err(SubmitError::ForgottenScope(first)));
}

#[test]
fn a_full_queue_and_a_repeated_name_are_refused() {
    let mut machine = Controller::new(Config { max_waiting: 2, ..Config::default() });
    let scope = ScopeSet::one(machine.scope(at(0), ScopeKind::Tenant, "t"));
    machine.try_submit(at(0), call(1, scope)).expect("room");
    assert_eq!(machine.try_submit(at(0), call(1, scope)), Err(SubmitError::DuplicateCall));
    machine.try_submit(at(0), call(2, scope)).expect("room");
    assert_eq!(machine.try_submit(at(0), call(3, scope)), Err(SubmitError::QueueFull));
}

#[test]
fn a_forecast_counts_the_calls_ahead() {
    let (mut machine, _) = machine(known(10.0, 1), 100);
    departures(&mut machine, at(0));
    let forecast = machine.forecast(at(0), CallId(99)).expect("it waits");
    assert!((at(9_000)..at(11_000)).contains(&forecast), "{forecast}");
    assert_eq!(machine.forecast(at(0), CallId(12_345)), None);
}

#[test]
fn time_that_runs_backwards_does_no_harm() {
    let (mut machine, _) = machine(known(10.0, 1), 3);
    let (started, _) = departures(&mut machine, at(1_000));
    assert_eq!(started.len(), 1);
    let (none, wait) = departures(&mut machine, at(0));
    assert!(none.is_empty());
    assert!(matches!(wait, Departure::WaitUntil { at: next, .. } if next > at(1_000)));
}

/// When the next call departs after one that was charged `charged` and said to cost `actual`, at one unit a second.
fn next_after_correction(charged: u32, actual: u32) -> Instant {
    let (mut machine, scope) = machine(known(1.0, 100), 0);
    let cost = |units| Cost(NonZeroU32::new(units).expect("positive"));
    let of = |id, units| Call { cost: cost(units), ..call(id, ScopeSet::one(scope)) };
    machine.try_submit(at(0), of(0, charged)).expect("it has room");
    let (started, _) = departures(&mut machine, at(0));
    let answered = Answered { cost: Some(actual), ..Answered::status(200) };
    machine.handle_reply(at(0), started[0], &Reply::Answered(answered));
    machine.handle_done(at(0), started[0]);
    machine.try_submit(at(0), of(1, 100)).expect("it has room");
    match departures(&mut machine, at(0)).1 {
        Departure::WaitUntil { at, .. } => at,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_call_has_really_cost_is_charged_or_given_back() {
    let right = next_after_correction(30, 30);
    for charged in [1, 10, 50] {
        // Instants are whole nanoseconds, and each step of the arithmetic is rounded.
        let next = next_after_correction(charged, 30).as_nanos();
        assert!(next.abs_diff(right.as_nanos()) < 10, "{charged}");
    }
    assert!(next_after_correction(30, 1) < right && right < next_after_correction(30, 60));
}

#[test]
fn a_cost_beyond_reason_holds_nobody_up_for_longer_than_a_minute() {
    let honest = next_after_correction(1, 1);
    let held_up = next_after_correction(1, u32::MAX).saturating_since(honest);
    assert!((59 * SECOND..62 * SECOND).contains(&held_up), "{held_up:?}");
}

#[test]
fn nothing_is_given_back_of_what_a_closing_took_away() {
    let next = |actual| {
        let (mut machine, scope) = machine(known(100.0, 100), 2);
        let (started, _) = departures(&mut machine, at(0));
        assert_eq!(started.len(), 1);
        let (second, _) = departures(&mut machine, at(50));
        machine.handle_reply(at(60), second[0], &Reply::refused(429, SECOND));
        let answered = Answered { cost: Some(actual), ..Answered::status(200) };
        machine.handle_reply(at(61), started[0], &Reply::Answered(answered));
        machine.scopes.state(scope).paced_at(at(61), Cost::ONE)
    };
    assert_eq!(next(0), next(1));
}
