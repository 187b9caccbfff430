//! How Paceline fares, cold, on each kind of limiter: goodput ratio, refusals per 1,000 accepted, early returns.
//! `cargo run --release -p paceline-sim --example limiters [RECORDS] [SEEDS] [USERS]`

#![expect(clippy::print_stdout, clippy::cast_precision_loss, reason = "a table for people")]

use std::num::NonZeroU32;
use std::time::Duration;

use paceline_core::{Config, Limits};
use paceline_sim::driver::Paced;
use paceline_sim::platform::{LatencyRange, LimitConfig, LimiterKind, PlatformConfig, Rate, RetryAfterForm};
use paceline_sim::scenario::{Arrivals, Callers, Scenario};
use paceline_sim::world::{self, Run, Terms};

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>().expect("a number"));
    let records = arguments.next().unwrap_or(12_000);
    let seeds = arguments.next().unwrap_or(5);
    let users = arguments.next().unwrap_or(500);
    let users = u32::try_from(users).ok().and_then(NonZeroU32::new).expect("one user or more");
    println!("{records} records, {users} users, {seeds} seeds: median (worst)");
    for (name, kind, retry_after) in platforms() {
        let mut runs: Vec<Run> =
            (0..seeds).map(|seed| run(kind, retry_after, users, records, seed)).collect();
        let waste = |run: &Run| 1_000.0 * run.stats.throttled as f64 / run.stats.accepted as f64;
        runs.sort_by(|a, b| waste(a).total_cmp(&waste(b)));
        let (median, worst) = (waste(&runs[runs.len() / 2]), waste(runs.last().expect("one seed or more")));
        let mut ratios: Vec<f64> = runs.iter().filter_map(|run| run.stats.goodput_ratio).collect();
        ratios.sort_by(f64::total_cmp);
        let early: u64 = runs.iter().map(|run| run.stats.early_returns).sum();
        let lost: usize = runs.iter().map(|run| run.findings.lost.len()).sum();
        println!(
            "{name:<44} ratio {:.3} ({:.3})  waste {median:>6.2} ({worst:.2})  early {early}  lost {lost}",
            ratios[ratios.len() / 2],
            ratios[0],
        );
    }
}

fn run(kind: LimiterKind, retry_after: RetryAfterForm, users: NonZeroU32, records: u64, seed: u64) -> Run {
    let ms = Duration::from_millis;
    let scenario = Scenario {
        arrivals: Arrivals::Closed { users, think: LatencyRange::default() },
        records,
        record_bytes: 2_000,
        callers: Callers::default(),
        platform: PlatformConfig {
            limits: vec![LimitConfig::per_credential(kind)],
            retry_after,
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

fn platforms() -> Vec<(&'static str, LimiterKind, RetryAfterForm)> {
    use RetryAfterForm::{Absent, Seconds};
    let count = |n| NonZeroU32::new(n).expect("positive");
    let per = |n, seconds| Rate::new(count(n), Duration::from_secs(seconds)).expect("legal");
    let bucket = |burst| LimiterKind::TokenBucket { rate: per(120, 1), burst: count(burst) };
    let window =
        |n, seconds| LimiterKind::FixedWindow { rate: per(n, seconds), phase: Duration::from_millis(300) };
    vec![
        ("token bucket 120/s burst 120", bucket(120), Seconds),
        ("token bucket 120/s burst 12", bucket(12), Seconds),
        ("fixed window 1,200 per 10 s", window(1_200, 10), Seconds),
        ("sliding log 1,200 per 10 s", LimiterKind::SlidingLog { rate: per(1_200, 10) }, Seconds),
        ("fixed window 120 per 1 s", window(120, 1), Seconds),
        ("sliding counter 1,200 per 10 s", LimiterKind::SlidingCounter { rate: per(1_200, 10) }, Seconds),
        ("leaky bucket 120/s queue 60", LimiterKind::LeakyBucket { rate: per(120, 1), queue: 60 }, Absent),
        ("token bucket 120/s burst 120, no header", bucket(120), Absent),
        ("concurrency 10", LimiterKind::Concurrency { slots: count(10) }, Seconds),
    ]
}
