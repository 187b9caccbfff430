//! `paceline probe` as a user types it.

mod bounds;
mod findings;
mod logs;
mod usage;

use paceline_sim::platform::{LatencyRange, LimitConfig, LimiterKind, PlatformConfig, Rate};

use super::desk::{Desk, Ended};

/// A platform with one limit, that answers in 5 to 15 ms.
fn limited(kind: LimiterKind) -> PlatformConfig {
    let millis = std::time::Duration::from_millis;
    PlatformConfig {
        limits: vec![LimitConfig::per_credential(kind)],
        latency: LatencyRange::between(millis(5), millis(15)),
        ..PlatformConfig::default()
    }
}

fn some(count: u32) -> std::num::NonZeroU32 {
    std::num::NonZeroU32::new(count).unwrap()
}

fn bucket(per_second: u32, burst: u32) -> LimiterKind {
    LimiterKind::TokenBucket { rate: Rate::per_second(some(per_second)), burst: some(burst) }
}

/// `paceline probe` with these arguments, whatever it exits with.
async fn probe(desk: &Desk, arguments: &[&str]) -> Ended {
    desk.program(&[&["probe"], arguments].concat()).ended().await
}
