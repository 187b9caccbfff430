//! The tokio driver and the virtual one, fed the same trace, take the same decisions.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use paceline::driver::{CallSpec, InFlight, LastLook, Next, Pacer, Permit, Waiting};
use paceline_core::{
    AttemptId, Backoff, CallId, ClientId, Config, Cost, Instant, Jitter, KnownRate, Limits, OnUncertain,
    Rate, Reply, ScopeKind, ScopeSet,
};
use paceline_sim::driver::Paced;
use paceline_sim::strategy::{Fate, Move, Strategy as _};
use proptest::prelude::*;

/// When each call is submitted, and what each of its attempts is answered with, after how long.
#[derive(Clone, Debug)]
struct Trace {
    seed: u64,
    /// Milliseconds between submissions; more than zero.
    gaps: Vec<u64>,
    /// For the attempts in the order of their departures, over and over.
    answers: Vec<(u64, Reply)>,
}

/// What a driver decided: at which millisecond which call's which attempt departed, or how the call ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Decision {
    Departed { at: u64, call: u64, number: u32 },
    Ended { at: u64, call: u64, how: String },
}

fn config(seed: u64) -> Config {
    // Waits without jitter are whole milliseconds, the grain of tokio's timers.
    let exact = |backoff: Backoff| Backoff { cap: backoff.base, jitter: Jitter::Decorrelated, ..backoff };
    Config {
        seed,
        retry_after_jitter: Duration::ZERO,
        unnamed_wait: exact(Backoff::UNNAMED_WAIT),
        failure_wait: exact(Backoff::FAILURE),
        ..Config::default()
    }
}

fn limits() -> Limits {
    let rate = Rate::per_second(100.0 / 0.996).expect("a legal rate");
    let burst = NonZeroU32::new(4).expect("positive");
    let in_flight = NonZeroU32::new(5);
    Limits { known: Some(KnownRate { rate, burst }), in_flight, ..Limits::default() }
}

fn answer() -> impl Strategy<Value = (u64, Reply)> {
    let refused = (1_u64..4).prop_map(|seconds| Reply::refused(429, Duration::from_secs(seconds)));
    let reply = prop_oneof![
        10 => Just(Reply::status(200)),
        2 => refused,
        1 => Just(Reply::status(429)),
        1 => Just(Reply::status(404)),
        1 => Just(Reply::NotSent),
        1 => Just(Reply::Lost),
    ];
    (1_u64..90, reply)
}

fn trace() -> impl Strategy<Value = Trace> {
    let gaps = prop::collection::vec(1_u64..40, 1..60);
    let answers = prop::collection::vec(answer(), 1..40);
    (any::<u64>(), gaps, answers).prop_map(|(seed, gaps, answers)| Trace { seed, gaps, answers })
}

/// What is due: (millisecond, sequence).
type Due<T> = BTreeMap<(u64, u64), T>;

enum Input {
    Submit(u64),
    Answer(AttemptId, Reply),
}

fn submissions(trace: &Trace) -> Vec<u64> {
    let instants = trace.gaps.iter().scan(0, |at, gap| {
        *at += gap;
        Some(*at)
    });
    instants.collect()
}

fn in_virtual_time(trace: &Trace) -> Vec<Decision> {
    let mut paced = Paced::new(config(trace.seed), limits());
    let mut due: Due<Input> = BTreeMap::new();
    let mut sequence = 0;
    for (call, at) in (0..).zip(submissions(trace)) {
        sequence += 1;
        due.insert((at, sequence), Input::Submit(call));
    }
    let (mut decisions, mut departures, mut wake) = (Vec::new(), 0, None);
    loop {
        let next_input = due.first_key_value().map(|(key, _)| key.0);
        let Some(now) = next_input.into_iter().chain(wake).min() else { return decisions };
        let instant = Instant::from_nanos(now * 1_000_000);
        while let Some(entry) = due.first_entry().filter(|entry| entry.key().0 <= now) {
            match entry.remove() {
                Input::Submit(call) => paced.submit(instant, CallId(call), true),
                Input::Answer(attempt, reply) => match paced.answered(instant, attempt, &reply) {
                    Fate::Again => {}
                    fate => decisions.push(Decision::Ended {
                        at: now,
                        call: attempt.call.0,
                        how: match fate {
                            Fate::GivenUp(why) => format!("{why:?}"),
                            _ => "Delivered".to_owned(),
                        },
                    }),
                },
            }
        }
        wake = loop {
            match paced.poll(instant) {
                Move::Send(attempt) => {
                    let (delay, reply) = trace.answers[departures % trace.answers.len()];
                    departures += 1;
                    sequence += 1;
                    due.insert((now + delay, sequence), Input::Answer(attempt, reply));
                    let (call, number) = (attempt.call.0, attempt.number);
                    decisions.push(Decision::Departed { at: now, call, number });
                }
                // tokio's timers round up to a millisecond.
                Move::Wait(at) => break at.map(|at| at.as_nanos().div_ceil(1_000_000)),
            }
        };
    }
}

/// What a call's future resolves to.
async fn permit(call: u64, number: u32, waiting: Waiting) -> (u64, u32, Permit) {
    (call, number, waiting.await.expect("no call of the trace expires"))
}

async fn on_tokio(trace: &Trace) -> Vec<Decision> {
    let pacer = Pacer::start(config(trace.seed));
    let scope = pacer.set_limits(ScopeKind::Credential, "world", limits()).await.expect("it runs");
    let epoch = tokio::time::Instant::now();
    assert_eq!(pacer.instant(epoch), Instant::EPOCH);
    let mut due: Due<(u64, Option<(u32, InFlight, Reply)>)> = BTreeMap::new();
    let mut sequence = 0;
    for (call, at) in (0..).zip(submissions(trace)) {
        sequence += 1;
        due.insert((at, sequence), (call, None));
    }
    let mut waiting = FuturesUnordered::new();
    let (mut decisions, mut departures) = (Vec::new(), 0);
    loop {
        let next = due.first_key_value().map(|(key, _)| epoch + Duration::from_millis(key.0));
        if next.is_none() && waiting.is_empty() {
            return decisions;
        }
        tokio::select! {
            Some((call, number, permit)) = waiting.next(), if !waiting.is_empty() => {
                let at = millis_since(epoch);
                let LastLook::Departed(in_flight) = Permit::depart(permit).await.expect("it runs") else {
                    panic!("nothing happens between a permit and its departure")
                };
                let (delay, reply) = trace.answers[departures % trace.answers.len()];
                departures += 1;
                sequence += 1;
                due.insert((at + delay, sequence), (call, Some((number, in_flight, reply))));
                decisions.push(Decision::Departed { at, call, number });
            }
            () = tokio::time::sleep_until(next.unwrap_or(epoch)), if next.is_some() => {
                let (_, (call, input)) = due.pop_first().expect("it is due");
                let Some((number, in_flight, reply)) = input else {
                    waiting.push(permit(call, 1, pacer.submit(spec(scope))));
                    continue;
                };
                let how = match in_flight.settle(reply).await.expect("it runs") {
                    Next::Retry(again) => {
                        waiting.push(permit(call, number + 1, again));
                        continue;
                    }
                    Next::Deliver => "Delivered".to_owned(),
                    Next::GiveUp(why) => format!("{why:?}"),
                };
                decisions.push(Decision::Ended { at: millis_since(epoch), call, how });
            }
        }
    }
}

fn spec(scope: paceline_core::ScopeId) -> CallSpec {
    CallSpec {
        client: ClientId(0),
        scopes: ScopeSet::one(scope),
        cost: Cost::ONE,
        deadline: None,
        on_uncertain: OnUncertain::Retry,
    }
}

fn millis_since(epoch: tokio::time::Instant) -> u64 {
    u64::try_from(epoch.elapsed().as_millis()).expect("a test is short")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn both_drivers_take_the_same_decisions(trace in trace()) {
        let mut expected = in_virtual_time(&trace);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let mut decisions = runtime.expect("a runtime").block_on(on_tokio(&trace));
        // Within a millisecond the order of what does not depend on each other is free.
        expected.sort();
        decisions.sort();
        prop_assert_eq!(decisions, expected);
    }
}
