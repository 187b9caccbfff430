//! The driver on a paused clock.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use paceline::driver::{CallSpec, Ended, InFlight, LastLook, Next, Permit, Waiting};
use paceline::{Config, Event, GiveUp, Outcome, Pacer, Reply, ScopeKind, ScopeSet, SubmitError};
use tokio::time::Instant;

use crate::platform::{fast, limit, one_slot};

#[tokio::test(start_paused = true)]
async fn calls_of_one_client_depart_in_order() {
    let (pacer, scopes) = one_at_a_time().await;
    let waiting: Vec<_> = (0..10).map(|_| pacer.submit(CallSpec::new(scopes))).collect();
    let mut last = None;
    for waiting in waiting {
        let permit = waiting.await.unwrap();
        let call = Some(permit.attempt().call);
        assert!(last < call);
        last = call;
        accept(permit).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_permit_lets_the_next_call_depart() {
    let (pacer, scopes) = one_at_a_time().await;
    let first = pacer.submit(CallSpec::new(scopes)).await.unwrap();
    let second = pacer.submit(CallSpec::new(scopes));
    drop(first);
    accept(second.await.unwrap()).await;
}

#[tokio::test(start_paused = true)]
async fn a_granted_permit_that_nobody_fetched_is_returned() {
    let (pacer, scopes) = one_at_a_time().await;
    let unfetched = pacer.submit(CallSpec::new(scopes));
    let mut status = pacer.status();
    status.wait_for(|status| status.in_flight == 1).await.unwrap();
    drop(unfetched);
    accept(pacer.submit(CallSpec::new(scopes)).await.unwrap()).await;
}

#[tokio::test(start_paused = true)]
async fn an_attempt_dropped_in_flight_frees_its_slot_and_counts_for_nothing() {
    let (pacer, scopes) = one_at_a_time().await;
    let mut events = pacer.subscribe();
    drop(depart(pacer.submit(CallSpec::new(scopes))).await);
    accept(pacer.submit(CallSpec::new(scopes)).await.unwrap()).await;
    let outcome = loop {
        if let Event::Answered { outcome, .. } = events.recv().await.unwrap() {
            break outcome;
        }
    };
    // That of the second: of the first nobody knows.
    assert_eq!(outcome, Outcome::Accepted);
}

#[tokio::test(start_paused = true)]
async fn the_slot_is_held_while_a_body_is_read() {
    let (pacer, scopes) = one_at_a_time().await;
    let in_flight = depart(pacer.submit(CallSpec::new(scopes))).await;
    let (slot, next) = in_flight.reply(Reply::status(404)).await.unwrap();
    assert!(matches!(next, Next::GiveUp(GiveUp::Rejected)));
    let mut waiting = pacer.submit(CallSpec::new(scopes));
    let nothing = tokio::time::timeout(Duration::from_secs(3600), &mut waiting).await;
    assert!(nothing.is_err());
    drop(slot);
    accept(waiting.await.unwrap()).await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_call_departs_again_when_its_wait_has_passed() {
    let (pacer, scopes) = start().await;
    let in_flight = depart(pacer.submit(CallSpec::new(scopes))).await;
    let told = Instant::now();
    let Next::Retry(waiting) = in_flight.settle(refusal(30)).await.unwrap() else { panic!("no retry") };
    let permit = waiting.await.unwrap();
    assert!(told.elapsed() >= Duration::from_secs(30));
    assert_eq!(permit.attempt().number, 2);
    accept(permit).await;
}

#[tokio::test(start_paused = true)]
async fn the_timer_is_moved_when_an_earlier_wake_up_appears() {
    let (pacer, long) = start().await;
    let short = ScopeSet::one(pacer.scope(ScopeKind::Credential, "short").await.unwrap());
    let long_wait = refuse(&pacer, long, 3600).await;
    let short_wait = refuse(&pacer, short, 5).await;
    let told = Instant::now();
    let permit = short_wait.await.unwrap();
    assert!(told.elapsed() < Duration::from_secs(3600));
    accept(permit).await;
    accept(long_wait.await.unwrap()).await;
    assert!(told.elapsed() >= Duration::from_secs(3600));
}

#[tokio::test(start_paused = true)]
async fn a_call_submitted_behind_a_closed_gate_waits_for_it() {
    let (pacer, scopes) = start().await;
    let told = Instant::now();
    drop(refuse(&pacer, scopes, 60).await);
    accept(pacer.submit(CallSpec::new(scopes)).await.unwrap()).await;
    assert!(told.elapsed() >= Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn a_permit_from_before_a_closing_is_recalled() {
    let (pacer, scopes) = start().await;
    let old = pacer.submit(CallSpec::new(scopes)).await.unwrap();
    let told = Instant::now();
    drop(refuse(&pacer, scopes, 60).await);
    let LastLook::Recalled(waiting) = old.depart().await.unwrap() else { panic!("it departed") };
    accept(waiting.await.unwrap()).await;
    assert!(told.elapsed() >= Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn a_closing_elsewhere_recalls_nothing() {
    let (pacer, scopes) = start().await;
    let elsewhere = ScopeSet::one(pacer.scope(ScopeKind::Credential, "elsewhere").await.unwrap());
    let old = pacer.submit(CallSpec::new(scopes)).await.unwrap();
    drop(refuse(&pacer, elsewhere, 60).await);
    accept(old).await;
}

#[tokio::test(start_paused = true)]
async fn a_reply_to_an_attempt_of_before_a_closing_is_delivered() {
    let (pacer, scopes) = start().await;
    let late = depart(pacer.submit(CallSpec::new(scopes))).await;
    drop(refuse(&pacer, scopes, 60).await);
    assert!(matches!(late.settle(Reply::status(200)).await.unwrap(), Next::Deliver));
}

#[tokio::test(start_paused = true)]
async fn a_closed_gate_is_told_before_the_next_permit() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&told);
    let pacer =
        Pacer::start_told(Config::default(), Some(Box::new(move |gate| log.lock().unwrap().push(gate.name))));
    let [closed, open] = scopes(&pacer).await;
    let waiting = refuse(&pacer, closed, 60).await;
    accept(pacer.submit(CallSpec::new(open)).await.unwrap()).await;
    assert_eq!(*told.lock().unwrap(), ["closed".into()]);
    drop(waiting);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_a_call_that_waits() {
    let (pacer, scopes) = one_at_a_time().await;
    let _held = pacer.submit(CallSpec::new(scopes)).await.unwrap();
    let deadline = Some(Instant::now() + Duration::from_secs(5));
    let ended = pacer.submit(CallSpec { deadline, ..CallSpec::new(scopes) }).await.unwrap_err();
    assert_eq!(ended, Ended::GaveUp(GiveUp::Expired));
}

#[tokio::test(start_paused = true)]
async fn more_calls_than_may_wait_are_refused() {
    let pacer = Pacer::start(Config { max_waiting: 1, ..Config::default() });
    let scope = limit(&pacer, one_slot()).await;
    let spec = CallSpec::new(ScopeSet::one(scope));
    let _held = pacer.submit(spec).await.unwrap();
    let _waiting = pacer.submit(spec);
    assert_eq!(pacer.submit(spec).await.unwrap_err(), Ended::NotTaken(SubmitError::QueueFull));
}

#[tokio::test(start_paused = true)]
async fn the_status_comes_to_rest_on_the_last_word() {
    let (pacer, scopes) = one_at_a_time().await;
    let mut status = pacer.status();
    let held = pacer.submit(CallSpec::new(scopes)).await.unwrap();
    let waiting: Vec<_> = (0..5).map(|_| pacer.submit(CallSpec::new(scopes))).collect();
    status.wait_for(|status| (status.in_flight, status.waiting) == (1, 5)).await.unwrap();
    drop((held, waiting));
    status.wait_for(|status| (status.in_flight, status.waiting) == (0, 0)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_task_stops_with_its_last_handle() {
    let (pacer, scopes) = start().await;
    let mut status = pacer.status();
    let in_flight = depart(pacer.submit(CallSpec::new(scopes))).await;
    drop(pacer);
    // Somebody still holds a slot: it is not over.
    assert!(matches!(in_flight.settle(Reply::status(200)).await, Ok(Next::Deliver)));
    while status.changed().await.is_ok() {}
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_closes_the_gates_of_another_pacer() {
    let (before, scopes) = start().await;
    drop(refuse(&before, scopes, 600).await);
    let (after, scopes) = start().await;
    after.restore(before.snapshot().await.unwrap());
    let told = Instant::now();
    accept(after.submit(CallSpec::new(scopes)).await.unwrap()).await;
    assert!(told.elapsed() >= Duration::from_secs(590));
}

async fn start() -> (Pacer, ScopeSet) {
    let pacer = Pacer::start(Config::default());
    let scope = limit(&pacer, fast()).await;
    (pacer, ScopeSet::one(scope))
}

async fn one_at_a_time() -> (Pacer, ScopeSet) {
    let (pacer, scopes) = start().await;
    limit(&pacer, one_slot()).await;
    (pacer, scopes)
}

async fn scopes(pacer: &Pacer) -> [ScopeSet; 2] {
    let closed = pacer.scope(ScopeKind::Credential, "closed").await.unwrap();
    let open = pacer.scope(ScopeKind::Credential, "open").await.unwrap();
    [ScopeSet::one(closed), ScopeSet::one(open)]
}

async fn depart(waiting: Waiting) -> InFlight {
    match waiting.await.unwrap().depart().await.unwrap() {
        LastLook::Departed(in_flight) => in_flight,
        LastLook::Recalled(_) => panic!("recalled"),
    }
}

async fn accept(permit: Permit) {
    let LastLook::Departed(in_flight) = permit.depart().await.unwrap() else { panic!("recalled") };
    assert!(matches!(in_flight.settle(Reply::status(200)).await.unwrap(), Next::Deliver));
}

/// Has one call of `scopes` refused for `seconds`, and returns its wait.
async fn refuse(pacer: &Pacer, scopes: ScopeSet, seconds: u64) -> Waiting {
    let in_flight = depart(pacer.submit(CallSpec::new(scopes))).await;
    let Next::Retry(waiting) = in_flight.settle(refusal(seconds)).await.unwrap() else { panic!("no retry") };
    waiting
}

fn refusal(seconds: u64) -> Reply {
    Reply::refused(429, Duration::from_secs(seconds))
}

#[tokio::test(start_paused = true)]
async fn a_call_that_declines_to_be_late_is_told_when_it_is_refused_again() {
    let (pacer, scopes) = start().await;
    let in_flight = depart(pacer.submit(impatient(scopes, 10))).await;
    let Next::Retry(waiting) = in_flight.settle(refusal(30)).await.unwrap() else { panic!("no retry") };
    assert_late(waiting, 30).await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_declines_to_be_late_is_told_when_a_gate_closes_over_it() {
    let (pacer, scopes) = one_at_a_time().await;
    let in_flight = depart(pacer.submit(CallSpec::new(scopes))).await;
    let (impatient, patient) = (pacer.submit(impatient(scopes, 10)), pacer.submit(impatient(scopes, 3_600)));
    drop(in_flight.settle(refusal(30)).await.unwrap());
    assert_late(impatient, 30).await;
    accept(patient.await.unwrap()).await;
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_deadline_passed_in_flight_is_told_when_the_gate_opens() {
    let (pacer, scopes) = start().await;
    let in_flight = depart(pacer.submit(impatient(scopes, 10))).await;
    tokio::time::advance(Duration::from_secs(20)).await;
    let Next::Retry(waiting) = in_flight.settle(refusal(30)).await.unwrap() else { panic!("no retry") };
    assert_late(waiting, 30).await;
}

/// A call that wants to depart within so many seconds, or to know that it will not.
fn impatient(scopes: ScopeSet, seconds: u64) -> CallSpec {
    let deadline = Some(Instant::now() + Duration::from_secs(seconds));
    CallSpec { deadline, decline_late: true, ..CallSpec::new(scopes) }
}

/// It ends now, and is told to come back no earlier than in so many seconds.
async fn assert_late(waiting: Waiting, seconds: u64) {
    let now = Instant::now();
    let Err(Ended::Late { expected }) = waiting.await else { panic!("it is not late") };
    assert_eq!(Instant::now(), now, "at once");
    assert!(expected >= now + Duration::from_secs(seconds), "{:?}", expected - now);
}
