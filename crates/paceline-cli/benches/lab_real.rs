//! The founding scenario in virtual time and over real sockets. `cargo xtask bench lab-real [RECORDS]`
//!
//! 500 users bring 12,000 records of 2 KB through 120 calls a second. Each client is played with five seeds in virtual time and
//! once over sockets; the last columns say whether the two agree. Then 500 WebSockets are held beside Paceline, pinged at four
//! intervals, on a platform that closes on whoever is silent for a minute.

#![expect(clippy::print_stdout, reason = "a table for people")]

#[path = "../tests/it/lab/naive.rs"]
mod naive;

use std::error::Error;
use std::num::NonZeroU32;
use std::time::Duration;

use naive::Naive;
use paceline_cli::lab::outcome::{Brief, Compared, KeptAlive};
use paceline_cli::lab::real::{Agreement, Contender, Keeping, Paceline, compare, keep_alive};
use paceline_cli::platform::NotificationTerms;
use paceline_sim::platform::{LatencyRange, LimitConfig, LimiterKind, PlatformConfig, Rate};
use paceline_sim::scenario::{Arrivals, Callers, Scenario};
use paceline_sim::strategy::Strategy;
use paceline_sim::world::Terms;
use tokio_util::sync::CancellationToken;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` only asks whether it runs.
    let is_trial = arguments.iter().any(|argument| argument == "--test");
    let records = arguments.iter().find_map(|argument| argument.parse().ok());
    let records = if is_trial { 300 } else { records.unwrap_or(12_000) };
    let (scenario, users) =
        if is_trial { (founding(records, 20), 20) } else { (founding(records, 500), 500) };
    let terms = Terms::unbatched(1, Duration::from_secs(1_800));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let stop = CancellationToken::new();
    runtime.block_on(async {
        println!("{:<28} {:<8} {HEADINGS}", "client", "world");
        compare(&scenario, &contenders(), &terms, 5, &stop).await?.iter().for_each(show_compared);
        let idle = if is_trial { Duration::from_secs(300) } else { Duration::from_secs(60) };
        let notifications = NotificationTerms { idle, ..NotificationTerms::default() };
        let mut keeping = Keeping { notifications, ..Keeping::usual(users) };
        keeping.intervals.truncate(if is_trial { 1 } else { usize::MAX });
        println!("\n{:<10} {:>6} {:>6} {:>8} {HEADINGS}", "keep-alive", "held", "lost", "pongs");
        let kept = keep_alive(&scenario, &keeping, &Paceline::default(), &terms, &stop).await?;
        kept.iter().for_each(show_kept);
        Ok(())
    })
}

fn contenders() -> Vec<Contender> {
    let naive = |name: &str, leaves_bodies_unread| Contender::Strategy {
        name: name.to_owned(),
        make: Box::new(move |_| {
            Box::new(Naive { leaves_bodies_unread, ..Naive::default() }) as Box<dyn Strategy>
        }),
    };
    vec![
        Contender::Paceline { name: "paceline, limit learned".to_owned(), settings: Paceline::default() },
        naive("each sleeps its own wait", false),
        naive("the same, bodies unread", true),
    ]
}

fn founding(records: u64, users: u32) -> Scenario {
    let some = |count| NonZeroU32::new(count).expect("no count of it is 0");
    let kind = LimiterKind::TokenBucket { rate: Rate::per_second(some(120)), burst: some(120) };
    let (nothing, millis) = (LatencyRange::default(), Duration::from_millis);
    Scenario {
        arrivals: Arrivals::Closed { users: some(users), think: nothing },
        records,
        record_bytes: 2_000,
        callers: Callers::default(),
        platform: PlatformConfig {
            limits: vec![LimitConfig::per_credential(kind)],
            latency: LatencyRange::between(millis(30), millis(80)),
            ..PlatformConfig::default()
        },
        uplink: nothing,
        downlink: nothing,
        bulk: None,
        foreign: None,
        is_repeatable: true,
    }
}

fn show_compared(compared: &Compared) {
    let agreement = Agreement::of(compared);
    let said = |agrees| if agrees { "agrees" } else { "DIFFERS" };
    println!("{:<28} {:<8} {}", compared.name, "virtual", figures(&compared.virtual_run));
    println!(
        "{:<28} {:<8} {} goodput {}, waste {}",
        "",
        "real",
        figures(&compared.real_run),
        said(agreement.on_goodput),
        said(agreement.on_waste),
    );
}

fn show_kept(kept: &KeptAlive) {
    let interval = kept.interval_s.map_or_else(|| "none".to_owned(), |seconds| format!("{seconds} s"));
    let KeptAlive { held, lost, pongs, run, .. } = kept;
    println!("{interval:<10} {held:>6} {lost:>6} {pongs:>8} {}", figures(run));
}

fn figures(brief: &Brief) -> String {
    let Brief { delivered, finish_s, goodput_ratio, waste_per_1000, early_returns, connections } = brief;
    format!(
        "{delivered:>9} {finish_s:>8.2} {goodput_ratio:>7.4} {waste_per_1000:>8.1} {early_returns:>6} {connections:>6}"
    )
}

const HEADINGS: &str = "delivered   finish goodput    waste  early  conns";
