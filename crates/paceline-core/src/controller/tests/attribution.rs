//! Refusals that name no scope: which scope closes, which is held, and what siblings say of it.

use std::time::Duration;

use super::stories::{at, call, departures, known};
use crate::controller::{Controller, Departure};
use crate::{
    Answered, AttemptId, Config, Event, GateCause, Instant, Reply, ScopeId, ScopeKind, ScopeSet, WallTime,
};

const SECOND: Duration = Duration::from_secs(1);

/// Two credentials under one tenant; even calls are of the first, odd ones of the second.
struct Family {
    machine: Controller,
    tenant: ScopeId,
    credentials: [ScopeId; 2],
    calls: u64,
}

impl Family {
    fn new() -> Self {
        let mut machine = Controller::new(Config::default());
        let mut scope = |kind, name| {
            let id = machine.scope(at(0), kind, name);
            machine.set_limits(at(0), id, known(10_000.0, 1_000)).expect("known scope");
            id
        };
        let tenant = scope(ScopeKind::Tenant, "t");
        let credentials = ["a", "b"].map(|name| scope(ScopeKind::Credential, name));
        Self { machine, tenant, credentials, calls: 0 }
    }

    /// So many calls of each credential are submitted and all depart: those of the first, those of the second.
    fn depart(&mut self, now: Instant, each: u64) -> [Vec<AttemptId>; 2] {
        let started = self.try_depart(now, each);
        assert_eq!([started[0].len(), started[1].len()].map(|len| len as u64), [each; 2]);
        started
    }

    fn try_depart(&mut self, now: Instant, each: u64) -> [Vec<AttemptId>; 2] {
        for id in self.calls..self.calls + 2 * each {
            let credential = self.credentials[usize::from(id % 2 == 1)];
            let scopes = ScopeSet::one(self.tenant).with(credential);
            self.machine.try_submit(now, call(id, scopes)).expect("room");
        }
        self.calls += 2 * each;
        let (started, _) = departures(&mut self.machine, now);
        let (odd, even) = started.into_iter().partition(|attempt| attempt.call.0 % 2 == 1);
        [even, odd]
    }

    fn reply(&mut self, now: Instant, attempt: AttemptId, reply: &Reply) {
        self.machine.handle_reply(now, attempt, reply);
        self.machine.handle_done(now, attempt);
    }

    fn closings(&mut self) -> Vec<(ScopeId, GateCause)> {
        let events = std::iter::from_fn(|| self.machine.poll_event());
        let closing = |event| match event {
            Event::GateClosed { scope, cause, .. } => Some((scope, cause)),
            _ => None,
        };
        events.filter_map(closing).collect()
    }

    fn first_departure_after(&mut self, mut now: Instant) -> Instant {
        loop {
            match self.machine.poll_departure(now) {
                Departure::Start { .. } => return now,
                Departure::WaitUntil { at, .. } => now = at,
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn a_refusal_without_a_wait_stops_no_sibling() {
    let mut family = Family::new();
    let [a, _] = family.depart(at(0), 3);
    family.reply(at(50), a[0], &Reply::status(429));
    assert_eq!(family.closings(), [(family.credentials[0], GateCause::Backoff)]);
    let [a, b] = family.try_depart(at(60), 5);
    assert_eq!((a.len(), b.len()), (0, 5));
}

#[test]
fn siblings_that_are_refused_without_a_wait_close_what_they_share() {
    let mut family = Family::new();
    let [a, b] = family.depart(at(0), 3);
    family.reply(at(50), a[0], &Reply::status(429));
    family.reply(at(60), b[0], &Reply::status(429));
    let [tenant, first] = [family.tenant, family.credentials[0]];
    assert_eq!(family.closings(), [(first, GateCause::Backoff), (tenant, GateCause::Backoff)]);
    let [a, b] = family.try_depart(at(70), 5);
    assert_eq!((a.len(), b.len()), (0, 0));
}

#[test]
fn a_wait_that_names_no_scope_binds_every_sibling_until_it_has_passed() {
    let mut family = Family::new();
    let [a, _] = family.depart(at(0), 3);
    family.reply(at(50), a[0], &Reply::refused(429, 60 * SECOND));
    assert_eq!(family.closings(), [(family.credentials[0], GateCause::RetryAfter)]);
    let [a, b] = family.try_depart(at(60), 5);
    assert_eq!((a.len(), b.len()), (0, 0));
    assert!(family.first_departure_after(at(60)) >= at(60_050));
}

#[test]
fn siblings_that_are_accepted_end_the_hold_and_open_no_gate() {
    let mut family = Family::new();
    let [a, _] = family.depart(at(0), 3);
    let [_, b] = family.depart(at(30), 3);
    family.reply(at(50), a[0], &Reply::refused(429, 60 * SECOND));
    family.reply(at(70), b[0], &Reply::status(200));
    let [_, none] = family.try_depart(at(71), 5);
    assert_eq!(none.len(), 0, "one may have overtaken the refused one");
    family.reply(at(72), b[1], &Reply::status(200));
    family.reply(at(73), a[1], &Reply::refused(429, 60 * SECOND));
    let [a, b] = family.try_depart(at(80), 1);
    assert_eq!((a.len(), b.len()), (0, 6), "an echo holds nobody anew");
    assert!(family.first_departure_after(at(80)) >= at(60_050), "the refused credential's gate stays closed");
}

#[test]
fn a_late_refusal_that_tells_a_longer_wait_than_siblings_lifted_holds_anew() {
    for first in [Reply::status(429), Reply::refused(429, 20 * SECOND)] {
        let mut family = Family::new();
        let [a, _] = family.depart(at(0), 3);
        let [_, b] = family.depart(at(30), 3);
        family.reply(at(50), a[0], &first);
        b[1..].iter().for_each(|&attempt| family.reply(at(70), attempt, &Reply::status(200)));
        family.reply(at(73), a[1], &Reply::refused(429, 60 * SECOND));
        let [a, b] = family.try_depart(at(80), 1);
        assert_eq!((a.len(), b.len()), (0, 0), "{first:?}");
        assert!(family.first_departure_after(at(80)) >= at(60_073), "{first:?}");
    }
}

#[test]
fn a_wait_that_comes_late_and_with_a_failure_is_kept_whatever_siblings_lifted() {
    let mut family = Family::new();
    let [a, _] = family.depart(at(0), 3);
    let [_, b] = family.depart(at(30), 3);
    family.reply(at(50), a[0], &Reply::refused(429, 60 * SECOND));
    b[1..].iter().for_each(|&attempt| family.reply(at(70), attempt, &Reply::status(200)));
    family.reply(at(73), a[1], &Reply::refused(500, 20 * SECOND));
    let [_, b] = family.try_depart(at(80), 1);
    assert_eq!(b.len(), 0);
    assert!(family.first_departure_after(at(80)) >= at(20_073));
}

#[test]
fn siblings_that_left_before_the_refused_one_arrived_and_short_waits_say_nothing() {
    for (departed_at, wait) in [(10, 60 * SECOND), (30, SECOND)] {
        let mut family = Family::new();
        let [a, _] = family.depart(at(0), 3);
        let [_, b] = family.depart(at(departed_at), 3);
        family.reply(at(50), a[0], &Reply::refused(429, wait));
        b.into_iter().for_each(|attempt| family.reply(at(70), attempt, &Reply::status(200)));
        let [a, b] = family.try_depart(at(80), 5);
        assert_eq!((a.len(), b.len()), (0, 0), "{departed_at} {wait:?}");
    }
}

#[test]
fn siblings_lift_no_wait_that_came_with_a_failure() {
    let mut family = Family::new();
    let [a, _] = family.depart(at(0), 3);
    let [_, b] = family.depart(at(30), 3);
    family.reply(at(45), a[1], &Reply::refused(500, 20 * SECOND));
    family.reply(at(50), a[0], &Reply::refused(429, 60 * SECOND));
    b.into_iter().for_each(|attempt| family.reply(at(70), attempt, &Reply::status(200)));
    let [_, b] = family.try_depart(at(80), 5);
    assert_eq!(b.len(), 0);
    assert!(family.first_departure_after(at(80)) >= at(20_045));
}

#[test]
fn a_sibling_that_is_refused_convicts_the_scope_that_both_share() {
    let mut family = Family::new();
    let [a, _] = family.depart(at(0), 3);
    let [_, b] = family.depart(at(30), 4);
    family.reply(at(50), a[0], &Reply::refused(429, 10 * SECOND));
    family.reply(at(55), b[0], &Reply::refused(429, 30 * SECOND));
    let [tenant, first] = [family.tenant, family.credentials[0]];
    assert_eq!(family.closings(), [(first, GateCause::RetryAfter), (tenant, GateCause::RetryAfter)]);
    b[1..].iter().for_each(|&attempt| family.reply(at(70), attempt, &Reply::status(200)));
    assert!(family.first_departure_after(at(80)) >= at(30_055), "the longest wait told");
    let departed = family.try_depart(at(40_000), 3);
    let later = departed.concat();
    family.closings();
    family.reply(at(40_050), later[0], &Reply::refused(429, SECOND));
    assert_eq!(family.closings(), [(tenant, GateCause::RetryAfter)], "it closes at once now");
}

#[test]
fn a_wait_that_names_its_scope_holds_no_other() {
    let mut family = Family::new();
    let [a, _] = family.depart(at(0), 3);
    let mut refused = Answered::status(429);
    (refused.retry_after, refused.named_scope) = (Some(60 * SECOND), Some(ScopeKind::Credential));
    family.reply(at(50), a[0], &Reply::Answered(refused));
    let [a, b] = family.try_depart(at(60), 5);
    assert_eq!((a.len(), b.len()), (0, 5));
}

#[test]
fn a_hold_is_saved_as_a_closed_gate() {
    let mut family = Family::new();
    let [a, _] = family.depart(at(0), 3);
    family.reply(at(50), a[0], &Reply::refused(429, 60 * SECOND));
    let wall = WallTime::from_unix_millis(1_000_000);
    let snapshot = family.machine.snapshot(at(1_050), wall);
    let mut warm = Controller::new(Config::default());
    warm.restore(at(0), wall, &snapshot);
    let tenant = warm.scope(at(0), ScopeKind::Tenant, "t");
    warm.try_submit(at(0), call(0, ScopeSet::one(tenant))).expect("room");
    let Departure::WaitUntil { at: opens, .. } = warm.poll_departure(at(0)) else { panic!("it departed") };
    assert!(opens >= at(59_000), "{opens}");
}
