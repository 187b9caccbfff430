//! How Paceline fares, cold, on each kind of limiter: goodput ratio, refusals per 1,000 accepted, early returns.
//! `cargo run --release -p paceline-sim --example limiters [RECORDS] [SEEDS] [NAME PART] [FIRST SEED]`

#![expect(clippy::print_stdout, clippy::cast_precision_loss, reason = "a table for people")]

use std::num::NonZeroU32;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use paceline_core::{AttemptId, Config, Event, Instant, Limits, ScopeKind};
use paceline_sim::driver::Paced;
use paceline_sim::platform::{
    Change, Fault, FaultKind, LatencyRange, LimitConfig, LimiterKind, PlatformConfig, Rate, RetryAfterForm,
    Trigger,
};
use paceline_sim::scenario::{Arrivals, Callers, Scenario};
use paceline_sim::strategy::{Answer, Fate, Move, Strategy, Submission};
use paceline_sim::world::{self, Run, Terms};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number =
        |at: usize, default: u64| arguments.get(at).map_or(default, |text| text.parse().expect("a number"));
    let (records, seeds) = (number(0, 60_000), number(1, 20));
    let part = arguments.get(2).cloned().unwrap_or_default();
    let first = number(3, 0);
    println!("{records} records, {seeds} seeds: median (worst)");
    for row in rows(records).into_iter().filter(|row| row.name.contains(&part)) {
        let runs = Mutex::new(Vec::new());
        let next = AtomicU64::new(first);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= first + seeds {
                            return;
                        }
                        let run = play(&row, seed);
                        runs.lock().expect("no panic").push((seed, run));
                    }
                });
            }
        });
        report(&row, runs.into_inner().expect("no panic"));
    }
}

struct Row {
    name: &'static str,
    scenario: Scenario,
    floor: (f64, f64),
    scopes: Vec<(ScopeKind, Limits)>,
}

fn report(row: &Row, mut runs: Vec<(u64, Run)>) {
    let waste = |run: &Run| 1_000.0 * run.stats.throttled as f64 / run.stats.accepted as f64;
    runs.sort_by_key(|run| run.0);
    let ratio = |run: &Run| match row.scenario.platform.limits[0].kind {
        LimiterKind::Concurrency { slots } => {
            let seconds = (run.stats.last_accept_ms.unwrap_or(1) - run.stats.first_arrival_ms.unwrap_or(0))
                as f64
                / 1e3;
            run.stats.accepted as f64 / (f64::from(slots.get()) * seconds / 0.065)
        }
        _ => run.stats.goodput_ratio.unwrap_or(0.0),
    };
    let mut wastes: Vec<f64> = runs.iter().map(|(_, run)| waste(run)).collect();
    let mut ratios: Vec<f64> = runs.iter().map(|(_, run)| ratio(run)).collect();
    let worst = runs.iter().min_by(|a, b| ratio(&a.1).total_cmp(&ratio(&b.1))).expect("one");
    wastes.sort_by(f64::total_cmp);
    ratios.sort_by(f64::total_cmp);
    let mut of_rates: Vec<f64> = runs
        .iter()
        .map(|(_, run)| {
            let seconds = (run.stats.last_accept_ms.unwrap_or(1) - run.stats.first_arrival_ms.unwrap_or(0))
                as f64
                / 1e3;
            run.stats.accepted as f64 / (120.0 * seconds)
        })
        .collect();
    of_rates.sort_by(f64::total_cmp);
    let of_rate = of_rates[of_rates.len() / 2];
    let early: u64 = runs.iter().map(|(_, run)| run.stats.early_returns).sum();
    let lost: usize = runs.iter().map(|(_, run)| run.findings.lost.len()).sum();
    let (ratio, least) = (ratios[ratios.len() / 2], ratios[0]);
    let (waste, most) = (wastes[wastes.len() / 2], wastes[wastes.len() - 1]);
    let (floor, ceiling) = row.floor;
    let met = |ok| if ok { ' ' } else { '!' };
    println!(
        "{:<34} of rate {of_rate:.3} ratio {ratio:.3}{} ({least:.3}{} seed {:>2}) floor {floor:.3}  waste {waste:>6.2}{} ({most:.2}{}) floor {ceiling}  early {early} lost {lost}",
        row.name,
        met(ratio >= floor),
        met(least >= floor - 0.02),
        worst.0,
        met(waste <= ceiling),
        met(most <= ceiling + 1.0),
    );
    if std::env::var_os("TENTHS").is_some() {
        let tenths = runs[0].1.timeline.tenths();
        for (at, chunk) in tenths.chunks(10).enumerate() {
            let sum = |f: fn(&world::Tenth) -> u32| chunk.iter().map(f).sum::<u32>();
            println!("{at:4} admitted {:4} refused {:3}", sum(|t| t.admitted), sum(|t| t.refused));
        }
    }
    if row.name.starts_with("changing") {
        for (from, to, rate) in [(0, 150, 120.0), (180, 300, 60.0), (360, 450, 180.0), (480, 560, 120.0)] {
            let mut parts: Vec<f64> = runs
                .iter()
                .map(|(_, run)| accepted_in(run, from, to) / (rate * (to - from) as f64))
                .collect();
            parts.sort_by(f64::total_cmp);
            println!("      {from:>4}..{to} s at {rate}: {:.3} ({:.3})", parts[parts.len() / 2], parts[0]);
        }
    }
}

fn accepted_in(run: &Run, from: u64, to: u64) -> f64 {
    let tenths = run.timeline.tenths();
    let place = |second: u64| usize::try_from(10 * second).unwrap_or(usize::MAX).min(tenths.len());
    tenths[place(from)..place(to)].iter().map(|tenth| f64::from(tenth.admitted)).sum()
}

fn play(row: &Row, seed: u64) -> Run {
    let config = Config { seed, ..Config::default() };
    let mut paced = Paced::with_scopes(config, row.scopes.clone());
    let mut scenario = row.scenario.clone();
    for limit in &mut scenario.platform.limits {
        if let LimiterKind::FixedWindow { rate, phase } = &mut limit.kind {
            *phase = rate.per() * u32::try_from((seed * 37 + 30) % 100).expect("small") / 100;
        }
    }
    let terms = Terms::unbatched(seed, Duration::from_secs(36_000));
    if std::env::var_os("WATCH").is_some() {
        return world::play(&scenario, &mut Watched { paced }, &terms);
    }
    let run = world::play(&scenario, &mut paced, &terms);
    let is_warm = std::env::var_os("WARM").is_some();
    if !is_warm {
        return run;
    }
    let wall = paceline_core::WallTime::from_unix_millis(0);
    let snapshot = paced.machine().snapshot(run.finished, wall);
    println!("{snapshot:?}");
    let mut paced = Paced::with_scopes(Config { seed: seed + 100, ..Config::default() }, row.scopes.clone());
    paced.machine().restore(Instant::EPOCH, wall, &snapshot);
    world::play(&scenario, &mut Watched { paced }, &Terms::unbatched(seed + 100, Duration::from_secs(36_000)))
}

fn rows(records: u64) -> Vec<Row> {
    use RetryAfterForm::{Absent, Seconds};
    let ms = Duration::from_millis;
    let count = |n| NonZeroU32::new(n).expect("positive");
    let per = |n, seconds| Rate::new(count(n), Duration::from_secs(seconds)).expect("legal");
    let bucket = |rate, burst| LimiterKind::TokenBucket { rate: per(rate, 1), burst: count(burst) };
    let window =
        |n, seconds| LimiterKind::FixedWindow { rate: per(n, seconds), phase: Duration::from_millis(300) };
    let scenario = |kind, retry_after| Scenario {
        arrivals: Arrivals::Closed { users: count(500), think: LatencyRange::default() },
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
    let row = |name, kind, retry_after, floor| Row {
        name,
        scenario: scenario(kind, retry_after),
        floor,
        scopes: vec![(ScopeKind::Credential, Limits::default())],
    };
    let log = LimiterKind::SlidingLog { rate: per(1_200, 10) };
    let mut rows = vec![
        row("token bucket burst 120", bucket(120, 120), Seconds, (0.99, 1.0)),
        row("token bucket burst 12", bucket(120, 12), Seconds, (0.98, 1.0)),
        row("fixed window 10 s", window(1_200, 10), Seconds, (0.97, 1.0)),
        row("sliding log 10 s", log, Seconds, (0.97, 1.0)),
        row("fixed window 1 s", window(120, 1), Seconds, (0.955, 1.0)),
        row(
            "sliding counter 10 s",
            LimiterKind::SlidingCounter { rate: per(1_200, 10) },
            Seconds,
            (0.94, 1.5),
        ),
        row(
            "leaky queue 60 no header",
            LimiterKind::LeakyBucket { rate: per(120, 1), queue: 60 },
            Absent,
            (0.96, 2.0),
        ),
        row("token bucket burst 120 no header", bucket(120, 120), Absent, (0.95, 1.0)),
    ];
    let mut counting = row("sliding log counts refused", log, Seconds, (0.945, 2.0));
    counting.scenario.platform.limits[0].counts_refused = true;
    rows.push(counting);
    let mut slots =
        row("concurrency 10", LimiterKind::Concurrency { slots: count(10) }, Seconds, (0.93, 2.0));
    slots.scenario.platform.latency = LatencyRange::between(ms(45), ms(65));
    let us = Duration::from_micros;
    slots.scenario.uplink = LatencyRange::between(us(2_500), us(7_500));
    slots.scenario.downlink = LatencyRange::between(us(2_500), us(7_500));
    rows.push(slots);
    let mut three = row("three credentials", window(300, 60), Seconds, (0.97, 5.0));
    three.scenario.callers.credentials = count(3);
    three
        .scenario
        .platform
        .limits
        .push(LimitConfig { scope: ScopeKind::Tenant, ..LimitConfig::per_credential(window(1_200, 60)) });
    three.scopes.insert(0, (ScopeKind::Tenant, Limits::default()));
    rows.push(three);
    let mut changing = row("changing", bucket(120, 120), Seconds, (0.0, 3.0));
    changing.scenario.records = 72_000;
    changing.scenario.platform.changes = [(150, 60), (300, 180), (450, 120)]
        .map(|(at, rate)| Change { at: Duration::from_secs(at), limit: 0, kind: bucket(rate, rate) })
        .to_vec();
    rows.push(changing);
    let mut late = row("stragglers", bucket(120, 120), Seconds, (0.97, 1.0));
    late.scenario.platform.faults =
        vec![Fault { kind: FaultKind::Slow(Duration::from_secs(5)), trigger: Trigger::PerTenThousand(50) }];
    rows.push(late);
    rows
}

/// Tells what is believed, as it changes.
struct Watched {
    paced: Paced,
}

impl Watched {
    fn tell(&mut self, now: Instant) {
        while let Some(event) = self.paced.machine().poll_event() {
            if let Event::Believed { scope, belief } = event {
                println!("{now} {:?} {belief:?}", self.paced.machine().scope_name(scope));
            }
        }
    }
}

impl Strategy for Watched {
    fn submit(&mut self, now: Instant, submission: &Submission) {
        self.paced.submit(now, submission);
    }

    fn poll(&mut self, now: Instant) -> Move {
        let next = self.paced.poll(now);
        self.tell(now);
        next
    }

    fn answered(&mut self, now: Instant, attempt: AttemptId, answer: &Answer) -> Fate {
        self.paced.answered(now, attempt, answer)
    }
}
