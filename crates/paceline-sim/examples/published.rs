//! How Paceline fares, cold, where a platform publishes its limits, on each kind of limiter.
//! `cargo run --release -p paceline-sim --example published [RECORDS] [SEEDS] [USERS]`

#![expect(clippy::print_stdout, clippy::cast_precision_loss, reason = "a table for people")]

use std::num::NonZeroU32;
use std::time::Duration;

use paceline_core::{Config, Limits};
use paceline_sim::driver::Paced;
use paceline_sim::platform::{
    LatencyRange, LimitConfig, LimiterKind, PlatformConfig, PublishedForm, Rate, RetryAfterForm,
};
use paceline_sim::scenario::{Arrivals, Callers, Scenario};
use paceline_sim::world::{self, Run, Terms};

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>().expect("a number"));
    let records = arguments.next().unwrap_or(60_000);
    let seeds = arguments.next().unwrap_or(5);
    let users = arguments.next().unwrap_or(500);
    let users = u32::try_from(users).ok().and_then(NonZeroU32::new).expect("one user or more");
    println!("{records} records, {users} users, {seeds} seeds: median (worst)");
    for (name, kind, in_all) in platforms() {
        let runs: Vec<Run> = (0..seeds).map(|seed| run(kind, users, records, seed)).collect();
        let spread = |of: &dyn Fn(&Run) -> f64| {
            let mut values: Vec<f64> = runs.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        let waste = spread(&|run| 1_000.0 * run.stats.throttled as f64 / run.stats.accepted as f64);
        let ratio = spread(&|run| run.stats.goodput_ratio.unwrap_or(0.0));
        let rate = spread(&|run| run.stats.accepted as f64 / span(run) / in_all);
        let early: u64 = runs.iter().map(|run| run.stats.early_returns).sum();
        let middle = runs.len() / 2;
        println!(
            "{name:<34} ratio {:.4} ({:.4})  of the rate {:.4} ({:.4})  waste {:.3} ({:.3})  early {early}",
            ratio[middle],
            ratio[0],
            rate[middle],
            rate[0],
            waste[middle],
            waste[runs.len() - 1],
        );
    }
}

/// Seconds from the first arrival to the last accept.
fn span(run: &Run) -> f64 {
    let millis = run.stats.last_accept_ms.unwrap_or(1) - run.stats.first_arrival_ms.unwrap_or(0);
    millis as f64 / 1_000.0
}

fn run(kind: LimiterKind, users: NonZeroU32, records: u64, seed: u64) -> Run {
    let ms = Duration::from_millis;
    let scenario = Scenario {
        arrivals: Arrivals::Closed { users, think: LatencyRange::default() },
        records,
        record_bytes: 2_000,
        callers: Callers::default(),
        platform: PlatformConfig {
            limits: vec![LimitConfig::per_credential(kind)],
            published: PublishedForm::Draft8,
            retry_after: RetryAfterForm::Seconds,
            latency: LatencyRange::between(ms(10), ms(20)),
            ..PlatformConfig::default()
        },
        uplink: LatencyRange::between(ms(10), ms(30)),
        downlink: LatencyRange::between(ms(10), ms(30)),
        bulk: None,
        foreign: None,
        is_repeatable: true,
    };
    let mut paced = Paced::new(Config { seed, ..Config::default() }, Limits::default());
    world::play(&scenario, &mut paced, &Terms::unbatched(seed, Duration::from_secs(3_600)))
}

/// With what each lets through in a second.
fn platforms() -> Vec<(&'static str, LimiterKind, f64)> {
    let count = |n| NonZeroU32::new(n).expect("positive");
    let per = |n, seconds| Rate::new(count(n), Duration::from_secs(seconds)).expect("legal");
    let bucket = |burst| LimiterKind::TokenBucket { rate: per(120, 1), burst: count(burst) };
    let window = |n, seconds, millis| LimiterKind::FixedWindow {
        rate: per(n, seconds),
        phase: Duration::from_millis(millis),
    };
    vec![
        ("token bucket 120/s burst 120", bucket(120), 120.0),
        ("token bucket 120/s burst 12", bucket(12), 120.0),
        ("fixed window 1,200 per 10 s", window(1_200, 10, 0), 120.0),
        ("fixed window 1,200 per 10 s late", window(1_200, 10, 300), 120.0),
        ("fixed window 120 per 1 s", window(120, 1, 300), 120.0),
        ("fixed window 3,000 per 60 s", window(3_000, 60, 18_000), 50.0),
        ("sliding log 1,200 per 10 s", LimiterKind::SlidingLog { rate: per(1_200, 10) }, 120.0),
        ("sliding log 120 per 1 s", LimiterKind::SlidingLog { rate: per(120, 1) }, 120.0),
        ("sliding counter 1,200 per 10 s", LimiterKind::SlidingCounter { rate: per(1_200, 10) }, 120.0),
        ("leaky bucket 120/s queue 60", LimiterKind::LeakyBucket { rate: per(120, 1), queue: 60 }, 120.0),
        ("concurrency 10", LimiterKind::Concurrency { slots: count(10) }, 10.0 / 0.015),
    ]
}
