//! Events a second of whole runs, the checks included. `cargo xtask bench world`

#![expect(clippy::unwrap_used, reason = "a benchmark")]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::num::NonZeroU32;
use std::time::Duration;

use divan::Bencher;
use divan::counter::ItemsCount;
use paceline_core::{AttemptId, Config, Instant, Limits};
use paceline_sim::driver::Paced;
use paceline_sim::platform::{LatencyRange, LimitConfig, LimiterKind, PlatformConfig, Rate};
use paceline_sim::scenario::{Arrivals, Callers, Scenario};
use paceline_sim::strategy::{Answer, Fate, Move, Strategy, Submission};
use paceline_sim::world::{self, Run, Terms};

fn main() {
    divan::main();
}

/// 120 calls a second with a burst of 120, 12,000 records.
fn founding(users: u32) -> Scenario {
    let ms = Duration::from_millis;
    let some = |count| NonZeroU32::new(count).unwrap();
    let bucket = LimiterKind::TokenBucket { rate: Rate::per_second(some(120)), burst: some(120) };
    Scenario {
        arrivals: Arrivals::Closed { users: some(users), think: LatencyRange::default() },
        records: 12_000.max(u64::from(users)),
        record_bytes: 2_000,
        callers: Callers::default(),
        platform: PlatformConfig {
            limits: vec![LimitConfig::per_credential(bucket)],
            latency: LatencyRange::between(ms(10), ms(20)),
            ..PlatformConfig::default()
        },
        uplink: LatencyRange::between(ms(10), ms(30)),
        downlink: LatencyRange::between(ms(10), ms(30)),
        bulk: None,
        foreign: None,
        is_repeatable: true,
    }
}

/// Every worker sleeps out its own wait: many refusals, and nothing to decide, so that it is the world that is measured.
#[derive(Default)]
struct Sleepers {
    due: BinaryHeap<Reverse<(Instant, AttemptId)>>,
}

impl Strategy for Sleepers {
    fn submit(&mut self, now: Instant, submission: &Submission) {
        self.due.push(Reverse((now, AttemptId { call: submission.call, number: 1 })));
    }

    fn poll(&mut self, now: Instant) -> Move {
        match self.due.peek() {
            Some(&Reverse((at, attempt))) if at <= now => {
                self.due.pop();
                Move::Send(attempt)
            }
            next => Move::Wait(next.map(|Reverse((at, _))| *at)),
        }
    }

    fn answered(&mut self, now: Instant, attempt: AttemptId, answer: &Answer) -> Fate {
        if answer.status() == Some(201) {
            return Fate::Delivered;
        }
        let jitter = Duration::from_millis(attempt.call.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 54);
        let next = AttemptId { number: attempt.number + 1, ..attempt };
        self.due.push(Reverse((now + Duration::from_secs(1) + jitter, next)));
        Fate::Again
    }
}

fn measure(bencher: Bencher, scenario: &Scenario, strategy: impl Fn() -> Box<dyn Strategy>) {
    let play = || -> Run {
        let terms = Terms::unbatched(1, LIMIT);
        world::play(scenario, strategy().as_mut(), &terms)
    };
    bencher.counter(ItemsCount::new(play().events)).bench_local(play);
}

#[divan::bench(args = [500, 50_000])]
fn sleepers(bencher: Bencher, users: u32) {
    measure(bencher, &founding(users), || Box::new(Sleepers::default()));
}

#[divan::bench(args = [500, 50_000])]
fn paced(bencher: Bencher, users: u32) {
    measure(bencher, &founding(users), || Box::new(Paced::new(Config::default(), Limits::default())));
}

/// 50,000 sleepers at 120 calls a second would go on for hours.
const LIMIT: Duration = Duration::from_secs(100);
