//! What one call costs the model. A simulated world asks for two million a second.

use std::num::NonZeroU32;
use std::time::Duration;

use divan::{Bencher, black_box};
use paceline_core::Instant;
use paceline_sim::platform::{
    Ban, Fingerprint, LatencyRange, LimitConfig, LimiterKind, Payload, Platform, PlatformConfig, Rate,
    Record, Request,
};

fn main() {
    divan::main();
}

/// Calls offered at twice the rate that is admitted.
#[divan::bench(args = ["accepted", "half refused"])]
fn arrive(bencher: Bencher<'_, '_>, load: &str) {
    let some = |n| NonZeroU32::new(n).expect("not zero");
    let rate = Rate::per_second(some(1_000_000));
    let config = PlatformConfig {
        limits: vec![LimitConfig::per_credential(LimiterKind::TokenBucket { rate, burst: some(100) })],
        latency: LatencyRange::between(Duration::from_millis(30), Duration::from_millis(80)),
        ban: Some(Ban {
            early_returns: some(u32::MAX),
            within: Duration::from_millis(1),
            lasts: Duration::from_secs(60),
        }),
        ..PlatformConfig::default()
    };
    let mut platform = Platform::new(config, 1);
    let gap = if load == "accepted" { 1_000 } else { 500 };
    let mut now = 0;
    let mut number = 0;
    bencher.bench_local(|| {
        now += gap;
        number = (number + 1) % 100_000;
        let record = Record::sound(Fingerprint::number(number));
        let service =
            platform.arrive(Instant::from_nanos(now), black_box(&Request::bare(Payload::One(record))));
        platform.finish(Instant::from_nanos(now), service.ticket);
    });
}
