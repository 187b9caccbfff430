//! The tokio driver and the virtual one, fed the same trace, take the same decisions.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use paceline::driver::{CallSpec, InFlight, LastLook, Next, Pacer, Permit, Waiting};
use paceline_core::{
    AttemptId, Backoff, CallId, Config, Cost, Instant, Jitter, KnownRate, Limits, OnUncertain, Rate, Reply,
    ScopeId, ScopeKind, ScopeSet,
};
use paceline_sim::driver::Paced;
use paceline_sim::strategy::{Fate, Lane, Move, Strategy as _, Submission};
use proptest::prelude::*;

/// When each call is submitted, and what each of its attempts is answered with, after how long.
#[derive(Clone, Debug)]
struct Trace {
    seed: u64,
    /// Milliseconds between submissions; more than zero.
    gaps: Vec<u64>,
    /// For the attempts in the order of their departures; later ones are accepted, so that every trace ends.
    answers: Vec<(u64, Reply)>,
}

impl Trace {
    fn answer(&self, departures: usize) -> (u64, Reply) {
        self.answers.get(departures).cloned().unwrap_or((40, Reply::status(200)))
    }
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

fn submission(call: u64) -> Submission {
    Submission { call: CallId(call), lane: Lane::default(), cost: Cost::ONE, is_repeatable: true }
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
        // What is due by itself comes before what is told at the same instant; one thing is told at a time.
        let is_due_by_itself = wake.is_some_and(|wake| wake <= now);
        if !is_due_by_itself {
            let (_, input) = due.pop_first().expect("it is due");
            match input {
                Input::Submit(call) => paced.submit(instant, &submission(call)),
                Input::Answer(attempt, reply) => match paced.answered(instant, attempt, &reply.into()) {
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
                    let (delay, reply) = trace.answer(departures);
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

async fn on_tokio(trace: &Trace) -> Vec<Decision> {
    let pacer = Pacer::start(config(trace.seed));
    let scope = pacer.set_limits(ScopeKind::Credential, "world", limits()).await.expect("it runs");
    let mut player = Player::new(trace, pacer, scope);
    assert_eq!(player.pacer.instant(player.epoch), Instant::EPOCH);
    loop {
        if let Some(granted) = player.granted().await {
            player.depart(granted).await;
            continue;
        }
        match player.next_due() {
            Some(at) => {
                tokio::select! {
                    biased;
                    Some(granted) = player.waiting.next(), if !player.waiting.is_empty() => player.depart(granted).await,
                    () = tokio::time::sleep_until(at) => match player.granted().await {
                        Some(granted) => player.depart(granted).await,
                        None => player.tell().await,
                    },
                }
            }
            None => match player.waiting.next().await {
                Some(granted) => player.depart(granted).await,
                None => return player.decisions,
            },
        }
    }
}

type Granted = (u64, u32, Permit);

/// Attempt number, and the answer that it will get.
type UnderWay = (u32, InFlight, Reply);

struct Player<'a> {
    trace: &'a Trace,
    pacer: Pacer,
    scope: ScopeId,
    epoch: tokio::time::Instant,
    /// Of which call: its submission, or what its attempt under way is answered with.
    due: Due<(u64, Option<UnderWay>)>,
    sequence: u64,
    waiting: FuturesUnordered<Pin<Box<dyn Future<Output = Granted>>>>,
    departures: usize,
    decisions: Vec<Decision>,
}

impl<'a> Player<'a> {
    fn new(trace: &'a Trace, pacer: Pacer, scope: ScopeId) -> Self {
        let mut player = Self {
            trace,
            pacer,
            scope,
            epoch: tokio::time::Instant::now(),
            due: BTreeMap::new(),
            sequence: 0,
            waiting: FuturesUnordered::new(),
            departures: 0,
            decisions: Vec::new(),
        };
        for (call, at) in (0..).zip(submissions(trace)) {
            player.sequence += 1;
            player.due.insert((at, player.sequence), (call, None));
        }
        player
    }

    fn next_due(&self) -> Option<tokio::time::Instant> {
        self.due.first_key_value().map(|(key, _)| self.epoch + Duration::from_millis(key.0))
    }

    /// A permit that is there already, after the pacer's task has done what is due by itself.
    async fn granted(&mut self) -> Option<Granted> {
        for _ in 0..TURNS {
            tokio::task::yield_now().await;
        }
        self.waiting.next().now_or_never().flatten()
    }

    async fn depart(&mut self, (call, number, permit): Granted) {
        let at = self.now();
        let LastLook::Departed(in_flight) = permit.depart().await.expect("it runs") else {
            panic!("nothing happens between a permit and its departure")
        };
        let (delay, reply) = self.trace.answer(self.departures);
        self.departures += 1;
        self.sequence += 1;
        self.due.insert((at + delay, self.sequence), (call, Some((number, in_flight, reply))));
        self.decisions.push(Decision::Departed { at, call, number });
    }

    /// Tells the pacer the next thing that is due.
    async fn tell(&mut self) {
        let (_, (call, input)) = self.due.pop_first().expect("it is due");
        let Some((number, in_flight, reply)) = input else {
            let waiting = self.pacer.submit(CallSpec {
                on_uncertain: OnUncertain::Retry,
                ..CallSpec::new(ScopeSet::one(self.scope))
            });
            return self.wait(call, 1, waiting);
        };
        let how = match in_flight.settle(reply).await.expect("it runs") {
            Next::Retry(again) => return self.wait(call, number + 1, again),
            Next::Deliver => "Delivered".to_owned(),
            Next::GiveUp(why) => format!("{why:?}"),
        };
        self.decisions.push(Decision::Ended { at: self.now(), call, how });
    }

    fn wait(&mut self, call: u64, number: u32, waiting: Waiting) {
        self.waiting.push(Box::pin(async move {
            (call, number, waiting.await.expect("no call of the trace expires"))
        }));
    }

    fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_millis()).expect("a test is short")
    }
}

/// More than the pacer's task needs to take its messages, decide and answer.
const TURNS: usize = 8;

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
