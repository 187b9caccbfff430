//! Others who use up the same limits, over sockets of their own.

use std::net::SocketAddr;

use fastrand::Rng;
use paceline_sim::platform::Rate;
use paceline_sim::strategy::Lane;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

use super::demand::gap;
use super::message;
use super::wire::{Refusals, Wire};

/// Foreign calls, at a rate, by chance; they end when this is dropped.
#[derive(Debug)]
pub(super) struct Strangers {
    wire: Wire,
    calling: Option<AbortHandle>,
}

impl Strangers {
    /// Starts calling the platform at `address`, from now on.
    pub(super) fn start(rate: Option<Rate>, address: SocketAddr, seed: u64) -> Self {
        let wire = Wire::new(address);
        let rng = Rng::with_seed(seed ^ SEED);
        let call = |rate| tokio::spawn(call(rate, rng, wire.clone())).abort_handle();
        let calling = rate.map(call);
        Self { wire, calling }
    }

    /// Connections that they opened.
    pub(super) fn connections(&self) -> u64 {
        self.wire.connections()
    }
}

impl Drop for Strangers {
    fn drop(&mut self) {
        if let Some(calling) = &self.calling {
            calling.abort();
        }
    }
}

async fn call(rate: Rate, mut rng: Rng, wire: Wire) {
    let mut calls = JoinSet::new();
    // Each is counted from when the last was due: a late timer slows nobody down.
    let mut due = Instant::now();
    loop {
        due += gap(rate, &mut rng);
        tokio::time::sleep_until(due).await;
        while calls.try_join_next().is_some() {}
        let wire = wire.clone();
        calls.spawn(async move { wire.attempt(message::foreign(Lane::default()), Refusals::Read).await });
    }
}

/// Sets the strangers' chance apart from the users'.
const SEED: u64 = 0x7374_7261_6e67_6572;
