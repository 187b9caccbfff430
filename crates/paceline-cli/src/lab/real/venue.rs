//! Where a real run takes place: a stand-in on loopback, on a thread of its own.

use std::io;
use std::thread::JoinHandle;

use paceline_core::ScopeKind;
use paceline_sim::platform::{Fingerprint, PlatformConfig};
use paceline_sim::scenario::Scenario;
use paceline_sim::strategy::Lane;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use super::{descriptors, message};
use crate::platform::{Network, NotificationTerms, StandIn, Surroundings, serve_in};

/// A stand-in and its thread: the client's work delays no answer of the platform's. Dropped, both end.
#[derive(Debug)]
pub(super) struct Venue {
    stand_in: StandIn,
    // Dropping it closes the venue.
    closing: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Venue {
    /// Opens a venue for `scenario`, with room for so many WebSockets.
    pub(super) async fn open(
        scenario: &Scenario,
        websockets: u32,
        notifications: NotificationTerms,
        seed: u64,
    ) -> io::Result<Self> {
        descriptors::make_room(scenario, websockets)?;
        let network = Network { uplink: scenario.uplink, downlink: scenario.downlink };
        let surroundings = Surroundings { network, notifications };
        let platform = as_seen_from_outside(scenario);
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (closing, closed) = oneshot::channel::<()>();
        let (opened, stand_in) = oneshot::channel();
        let stay_open = move |runtime: Runtime| {
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await;
                let served = listener.and_then(|on| serve_in(surroundings, on, platform.into(), seed));
                // It is not received where the venue was dropped while it was opened.
                let _ = opened.send(served);
                let _ = closed.await;
            });
        };
        let thread = std::thread::Builder::new().name("stand-in".into()).spawn(|| stay_open(runtime))?;
        let stand_in = stand_in.await.map_err(io::Error::other)??;
        Ok(Self { stand_in, closing: Some(closing), thread: Some(thread) })
    }

    pub(super) const fn stand_in(&self) -> &StandIn {
        &self.stand_in
    }
}

impl Drop for Venue {
    fn drop(&mut self) {
        drop(self.closing.take());
        if let Some(thread) = self.thread.take() {
            // Its runtime drops what is left, which takes no time. A panic of its own was told by the thread.
            let _ = thread.join();
        }
    }
}

/// The platform, with the names that calls over sockets have instead of numbers.
fn as_seen_from_outside(scenario: &Scenario) -> PlatformConfig {
    let mut platform = scenario.platform.clone();
    let callers = scenario.callers;
    let fingerprint = |text: String| Fingerprint::of(text.as_bytes());
    let endpoint = |endpoint| {
        let lane = Lane { endpoint, ..Lane::default() };
        fingerprint(format!("POST {}", message::path(lane, false)))
    };
    for limit in &mut platform.limits {
        let Some(only) = limit.only else { continue };
        limit.only = Some(match limit.scope {
            ScopeKind::Integration => {
                named(only, callers.integrations.get(), |index| fingerprint(message::integration(index)))
            }
            ScopeKind::Endpoint => named(only, callers.endpoints.get(), endpoint),
            ScopeKind::Tenant | ScopeKind::Credential => only,
        });
    }
    let credentials = callers.credentials.get();
    platform.expected_credential = platform
        .expected_credential
        .map(|expected| named(expected, credentials, |index| fingerprint(message::credential(index))));
    platform
}

/// The name of the number that `known` is; what is no number of ours stays what it is.
fn named(known: Fingerprint, count: u32, name: impl Fn(u32) -> Fingerprint) -> Fingerprint {
    (0..count).find(|&index| Fingerprint::number(u64::from(index)) == known).map_or(known, name)
}
