//! Gates and limits outlive the process.

use std::time::Duration;

use paceline_cli::journal::{Counts, Entry, Open, Repeat, SavedScope, ScopeName};
use paceline_core::{GateCause, ScopeKind, WallTime};

use super::{Desk, wait};

fn scope() -> ScopeName {
    ScopeName { kind: ScopeKind::Credential, name: "default".to_owned() }
}

fn closed(until: u64, cause: GateCause) -> Entry {
    Entry::GateClosed { scope: scope(), until: WallTime::from_unix_millis(until), cause }
}

fn saved(desk: &Desk) -> SavedScope {
    let opened = desk.open(Repeat::Unsafe);
    wait(opened.journal.close()).unwrap();
    let mut scopes = opened.scopes;
    assert_eq!(scopes.len(), 1);
    scopes.remove(0)
}

#[test]
fn an_opening_only_ever_moves_later() {
    let desk = Desk::unkeyed();
    desk.run(
        Repeat::Unsafe,
        vec![
            closed(20, GateCause::Banned),
            closed(10, GateCause::RetryAfter),
            closed(30, GateCause::Outage),
            closed(30, GateCause::Backoff),
        ],
    );
    assert_eq!(saved(&desk).closed, Some((WallTime::from_unix_millis(30), GateCause::Outage)));
}

#[test]
fn a_gate_closed_until_somebody_intervenes_stays_so() {
    let desk = Desk::unkeyed();
    desk.run(Repeat::Unsafe, vec![closed(u64::MAX, GateCause::Unauthorized)]);
    assert_eq!(saved(&desk).closed, Some((WallTime::FAR_FUTURE, GateCause::Unauthorized)));
}

#[test]
fn the_limits_learned_and_the_longest_wait_are_kept_beside_a_closing() {
    let desk = Desk::unkeyed();
    let learned = |limits: Option<&str>, wait| Entry::Learned {
        scope: scope(),
        limits: limits.map(str::to_owned),
        retry_after: Some(Duration::from_millis(wait)),
    };
    desk.run(
        Repeat::Unsafe,
        vec![learned(Some("100/s"), 900), closed(20, GateCause::Banned), learned(None, 400)],
    );
    assert_eq!(
        saved(&desk),
        SavedScope {
            scope: scope(),
            closed: Some((WallTime::from_unix_millis(20), GateCause::Banned)),
            learned: Some("100/s".to_owned()),
            longest_retry_after: Some(Duration::from_millis(900)),
        }
    );
}

#[test]
fn starting_over_does_not_forget_a_closed_gate_of_the_same_target() {
    let mut desk = Desk::unkeyed();
    desk.run(Repeat::Unsafe, vec![closed(99, GateCause::RetryAfter)]);
    let opened = desk.try_open(Open::StartOver, Repeat::Unsafe).unwrap();
    assert_eq!(opened.scopes[0].closed, Some((WallTime::from_unix_millis(99), GateCause::RetryAfter)));
    wait(opened.journal.close()).unwrap();
    desk.binding.target = "POST https://elsewhere.example.com/".to_owned();
    assert_eq!(desk.try_open(Open::StartOver, Repeat::Unsafe).unwrap().scopes, []);
}

#[test]
fn a_run_that_sent_something_and_said_no_end_has_crashed() {
    let desk = Desk::unkeyed();
    let crashed_before = |desk: &Desk| {
        let opened = desk.open(Repeat::Unsafe);
        wait(opened.journal.close()).unwrap();
        opened.crashed_before
    };
    desk.run(Repeat::Unsafe, vec![]);
    assert_eq!(crashed_before(&desk), None, "nothing was sent");
    desk.run(Repeat::Unsafe, vec![Entry::FirstDeparture]);
    assert!(crashed_before(&desk).is_some());
    let crash = crashed_before(&desk);
    assert!(crash.is_some());
    assert_eq!(crashed_before(&desk), crash, "later runs, which sent nothing, do not make it later");
    let end = Entry::RunEnded { reason: "done".to_owned(), counts: Counts::default() };
    desk.run(Repeat::Unsafe, vec![Entry::FirstDeparture, end]);
    assert_eq!(crashed_before(&desk), None, "it ended in good order");
}

#[test]
fn starting_over_does_not_forget_a_crash() {
    let desk = Desk::unkeyed();
    desk.run(Repeat::Unsafe, vec![Entry::FirstDeparture]);
    assert!(desk.try_open(Open::StartOver, Repeat::Unsafe).unwrap().crashed_before.is_some());
}
