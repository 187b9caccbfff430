//! The modelled platform behind HTTP: a stand-in that judges whoever calls it.
//!
//! Any path answers as `POST /records` does: the body is one record. `POST /records/bulk` takes
//! `{"entities":[...]}` and answers for each item; `GET /stats` says what the platform saw. `GET`, `HEAD` and
//! `OPTIONS` apply nothing.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use paceline_sim::platform::{Fingerprint, PlatformConfig, Stats};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

mod answer;
mod connection;
mod line;
mod payload;
mod profile;
mod reading;
mod scene;
pub(crate) mod words;

pub(crate) use reading::token;
use scene::Scene;

pub use profile::Profile;

/// A platform, and how its stand-in reads records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandInConfig {
    /// The modelled platform. Its epoch is set to the moment at which it starts.
    pub platform: PlatformConfig,
    /// The field of a record that identifies it.
    pub key_field: String,
}

impl From<PlatformConfig> for StandInConfig {
    /// Records are identified by their `id`.
    fn from(platform: PlatformConfig) -> Self {
        Self { platform, key_field: "id".to_owned() }
    }
}

/// A running stand-in; it stops when it is dropped.
#[derive(Debug)]
pub struct StandIn {
    address: SocketAddr,
    scene: Arc<Scene>,
    listening: JoinHandle<()>,
}

/// Starts a stand-in on a socket that listens already. The same seed and calls give the same answers, as far
/// as the clock allows.
///
/// # Errors
/// When the listener does not know its own address.
///
/// # Panics
/// Outside a tokio runtime with its clock and its sockets enabled.
pub fn serve(listener: TcpListener, config: StandInConfig, seed: u64) -> io::Result<StandIn> {
    let address = listener.local_addr()?;
    let scene = Arc::new(Scene::new(config, seed));
    let listening = tokio::spawn(connection::accept_all(listener, Arc::clone(&scene)));
    Ok(StandIn { address, scene, listening })
}

impl StandIn {
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its root as a URL, such as `http://127.0.0.1:8080`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it saw so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.scene.stats()
    }

    /// How often the record whose key field has the text `key` was applied.
    #[must_use]
    pub fn times_applied(&self, key: &str) -> u32 {
        self.scene.times_applied(Fingerprint::of(key.as_bytes()))
    }

    /// Closes the listener and every connection; returns what it saw until then.
    pub async fn stop(mut self) -> Stats {
        let stats = self.stats();
        self.listening.abort();
        // Only an aborted task ends here, and that is what was asked for.
        let _ = (&mut self.listening).await;
        stats
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.listening.abort();
    }
}
