//! Real runs: the same scenario and strategies over real sockets, against a stand-in in this process.
//!
//! The strategy is the same object that decides in virtual time; only the clock, the sockets and the processor are real.
//! What the scenario's network takes is added on the stand-in's side, so that round trips take as long as in virtual time.
//! One seed does not make two real runs the same: they differ as much as the machine lets them.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroU32;
use std::time::Duration;

use paceline_core::{Config, GiveUp, Limits, ScopeKind};
use paceline_sim::platform::Stats;
use paceline_sim::scenario::Scenario;
use paceline_sim::strategy::Strategy;
use paceline_sim::world::Terms;
use tokio_util::sync::CancellationToken;

use crate::lab::outcome::Brief;
use crate::platform::NotificationTerms;

mod agenda;
mod compare;
mod demand;
mod descriptors;
mod intake;
mod keep_alive;
mod message;
mod paced;
mod stage;
mod strangers;
mod tally;
mod venue;
mod websockets;
mod wire;

pub use compare::{Agreement, Contender, compare};
pub use keep_alive::{Keeping, keep_alive};

use stage::Stage;
use venue::Venue;

/// Who brings the records through.
pub enum Player {
    /// A strategy, over a plain HTTP client that keeps its connections.
    Strategy(Box<dyn Strategy>),
    /// The product itself: `paceline::Client`.
    Paceline(Paceline),
}

/// How Paceline is set up.
#[derive(Clone, Debug, PartialEq)]
pub struct Paceline {
    /// Its machine.
    pub machine: Config,
    /// A call falls under a scope of each of these kinds, and this is what is known of it. At least one.
    pub limits: Vec<(ScopeKind, Limits)>,
}

impl Default for Paceline {
    /// It knows nothing but that the calls of one credential share a limit.
    fn default() -> Self {
        Self { machine: Config::default(), limits: vec![(ScopeKind::Credential, Limits::default())] }
    }
}

/// What came of a real run.
#[derive(Clone, Debug)]
pub struct RealRun {
    /// What the platform saw: the judge.
    pub stats: Stats,
    /// What the client saw.
    pub seen: Seen,
    /// Records whose users were served.
    pub delivered: u64,
    /// Calls given up, and why.
    pub given_up: BTreeMap<u64, GiveUp>,
    /// Records of those calls.
    pub given_up_records: u64,
    /// Records still on their way, or not even begun, when the run was stopped.
    pub unfinished: u64,
    /// From the start until the last user was served.
    pub finished: Duration,
    /// How long each delivered record took from its user's hand to success; ascending.
    pub times_to_success: Vec<Duration>,
    /// Connections that the client opened for its calls.
    pub connections: u64,
    /// Whether it was stopped before the records were through and before its time was over.
    pub is_interrupted: bool,
}

/// Attempts as the client saw them end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// All that ended.
    pub attempts: u64,
    /// Those that were answered with a 2xx.
    pub accepted: u64,
    /// Those that were answered with 429.
    pub refused: u64,
}

/// Plays `scenario` once over sockets. It stops when every record is delivered or given up, at the limit of real time, or
/// when `stop` is cancelled; then it says what is there.
///
/// It decides inside this future, which therefore stays on its thread; attempts run as tasks of the runtime.
///
/// # Errors
/// When the stand-in cannot listen on loopback, or the system allows fewer open files than the run needs.
///
/// # Panics
/// Outside a tokio runtime with its clock and its sockets enabled, or when Paceline has no scope.
pub async fn play(
    scenario: &Scenario,
    player: Player,
    terms: &Terms,
    stop: &CancellationToken,
) -> io::Result<RealRun> {
    let venue = Venue::open(scenario, 0, NotificationTerms::default(), terms.seed).await?;
    Ok(Stage::new(scenario, player, terms, &venue).await.play(stop).await)
}

impl RealRun {
    /// The figures that runs are compared by.
    #[must_use]
    pub fn brief(&self) -> Brief {
        let finish_s = self.finished.as_secs_f64();
        Brief { connections: self.connections, ..brief(&self.stats, self.delivered, finish_s) }
    }
}

/// What a platform's counts come to. Where nothing limits a platform, no client does better than another.
fn brief(stats: &Stats, delivered: u64, finish_s: f64) -> Brief {
    Brief {
        delivered,
        finish_s,
        goodput_ratio: stats.goodput_ratio.unwrap_or(1.0),
        waste_per_1000: 1_000.0 * float(stats.throttled) / float(stats.accepted.max(1)),
        early_returns: stats.early_returns,
        connections: stats.connections_opened,
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of a run stay far below 2^53")]
const fn float(count: u64) -> f64 {
    count as f64
}

/// The cost of a call that carries so many records.
fn items(count: usize) -> NonZeroU32 {
    u32::try_from(count).ok().and_then(NonZeroU32::new).expect("a call carries at least one record")
}
