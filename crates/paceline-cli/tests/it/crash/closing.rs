//! `kill -9` while a gate is closed for a long time.

use std::num::NonZeroU32;
use std::time::Duration;

use paceline_cli::journal::JournalReader;
use paceline_sim::platform::{LimitConfig, LimiterKind, PlatformConfig, Rate};
use tokio::time::Instant;

use super::scene::Scene;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_closing_outlives_every_kill() {
    let rate = Rate::new(NonZeroU32::new(60).unwrap(), Duration::from_secs(20)).unwrap();
    let window = LimitConfig::per_credential(LimiterKind::FixedWindow { rate, phase: Duration::ZERO });
    let config = PlatformConfig { limits: vec![window], ..PlatformConfig::default() };
    let scene = Scene::new(config, 100, 1).await;

    let mut life = scene.sync("/records", &["--idempotency-key"]);
    assert!(life.killed_when(|| has_been_told_to_wait(&scene)).await.is_none());
    let told = scene.stand_in.stats();
    assert!(told.throttled > 0, "{told:?}");
    for millis in [20, 150, 400, 1_300] {
        let mut life = scene.sync("/records", &["--idempotency-key"]);
        let born = Instant::now();
        assert!(life.killed_when(|| born.elapsed() >= Duration::from_millis(millis)).await.is_none());
        assert_eq!(scene.stand_in.stats().arrivals, told.arrivals, "a run that lived {millis} ms called");
    }
    let ended = scene.sync("/records", &["--idempotency-key"]).ended().await;

    assert_eq!((ended.code, ended.counts()), (Some(0), [100, 0, 0, 0]), "{ended:?}");
    let stats = scene.stand_in.stats();
    assert_eq!((stats.early_returns, stats.banned, stats.duplicates), (0, 0, 0), "{stats:?}");
    assert_eq!(stats.distinct, 100);
}

/// Whether the journal has a wait of more than some seconds.
fn has_been_told_to_wait(scene: &Scene) -> bool {
    let Ok(reader) = JournalReader::open(&scene.journal()) else { return false };
    let scopes = reader.scopes().unwrap();
    scopes.iter().any(|scope| scope.longest_retry_after > Some(Duration::from_secs(3)))
}
