//! What lies between a client and the platform: on loopback nothing, unless it is asked for.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use paceline_sim::platform::LatencyRange;

/// How far away a stand-in seems to be. The default is not far at all.
///
/// A request is shown to the model when it has been on its way for `uplink`, and its reply leaves `downlink` after the model
/// was done with it; a new connection takes one of each before its first request. So waits, slots and limits are what they
/// would be at that distance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// How long a request takes to arrive.
    pub uplink: LatencyRange,
    /// How long a reply takes to come back.
    pub downlink: LatencyRange,
}

/// A network, and its chance.
#[derive(Debug)]
pub(super) struct Distance {
    network: Network,
    rng: Mutex<Rng>,
}

impl Distance {
    pub(super) fn new(network: Network, seed: u64) -> Self {
        Self { network, rng: Mutex::new(Rng::with_seed(seed ^ SEED)) }
    }

    /// A request is under way.
    pub(super) async fn up(&self) {
        wait(self.sample(self.network.uplink)).await;
    }

    /// A reply is under way.
    pub(super) async fn down(&self) {
        wait(self.sample(self.network.downlink)).await;
    }

    /// A connection is being opened.
    pub(super) async fn there_and_back(&self) {
        wait(self.sample(self.network.uplink) + self.sample(self.network.downlink)).await;
    }

    fn sample(&self, range: LatencyRange) -> Duration {
        let nanos = |span: Duration| u64::try_from(span.as_nanos()).expect("a latency is at most an hour");
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        Duration::from_nanos(rng.u64(nanos(range.shortest())..=nanos(range.longest())))
    }
}

/// Where there is no distance, nobody waits for the next tick of a timer.
async fn wait(span: Duration) {
    if !span.is_zero() {
        tokio::time::sleep(span).await;
    }
}

/// Sets the network's chance apart from the platform's.
const SEED: u64 = 0x6469_7374_616e_6365;
