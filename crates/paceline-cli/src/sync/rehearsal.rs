//! `--rehearse`: the stand-in inside the program, as the platform of a run and as its judge.

use std::io;
use std::num::NonZeroU32;
use std::time::Duration;

use paceline_sim::platform::{Ban, LatencyRange, LimitConfig, LimiterKind, PlatformConfig, Rate, Stats};
use tokio::net::TcpListener;

use super::waste;
use crate::platform::{Profile, StandIn, StandInConfig, serve};

/// Which platform is rehearsed with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scene {
    /// 120 calls a second with a burst of 120, whole seconds of `Retry-After`, a ban after 20 early returns
    /// in a minute, answers in 30 to 80 ms.
    #[default]
    Usual,
    /// A platform by name, with that ban and those answers.
    Of(Profile),
}

/// A running stand-in.
#[derive(Debug)]
pub struct Rehearsal {
    stand_in: StandIn,
}

impl Rehearsal {
    /// Starts a stand-in on a free port of this machine. Records are identified by `key_field`.
    ///
    /// # Errors
    /// When the machine has no port to give.
    pub async fn start(scene: Scene, key_field: Option<&str>) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let mut config = StandInConfig::from(platform(scene));
        if let Some(key_field) = key_field {
            key_field.clone_into(&mut config.key_field);
        }
        Ok(Self { stand_in: serve(listener, config, fastrand::u64(..))? })
    }

    /// Its root, such as `http://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> String {
        self.stand_in.url()
    }

    /// Stops it. What it saw is the judgement.
    pub async fn stop(self) -> Stats {
        self.stand_in.stop().await
    }
}

/// A judgement for people.
#[must_use]
pub fn judgement(stats: &Stats) -> String {
    let waste = waste::per_thousand(stats.throttled, stats.accepted);
    let mut text = format!(
        "as the stand-in saw it: {} records applied, {} more than once; {} calls refused ({waste:.1} per 1,000); \
         {} early returns; {} calls shut out",
        stats.distinct, stats.duplicates, stats.throttled, stats.early_returns, stats.banned,
    );
    if let (Some(ratio), Some(oracle)) = (stats.goodput_ratio, stats.oracle) {
        text.push_str(&format!(
            "\ngoodput {:.1} % of the {oracle} calls that any client could have had",
            100.0 * ratio
        ));
    }
    text
}

fn platform(scene: Scene) -> PlatformConfig {
    let ms = Duration::from_millis;
    let some = |count| NonZeroU32::new(count).expect("a constant that is not zero");
    let minute = Duration::from_secs(60);
    let usual = LimiterKind::TokenBucket { rate: Rate::per_second(some(120)), burst: some(120) };
    let platform = match scene {
        Scene::Usual => {
            PlatformConfig { limits: vec![LimitConfig::per_credential(usual)], ..PlatformConfig::default() }
        }
        Scene::Of(profile) => profile.config(),
    };
    PlatformConfig {
        latency: LatencyRange::between(ms(30), ms(80)),
        ban: Some(Ban { early_returns: some(20), within: minute, lasts: minute }),
        ..platform
    }
}
