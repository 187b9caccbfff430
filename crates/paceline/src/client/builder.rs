//! A client's settings and their defaults.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use paceline_core::{Config, Profile};
use rustls::ClientConfig;

use super::{Client, Inner};
use crate::driver::{GateRecord, OnGateClosed, Pacer};
use crate::http::{Connector, Pool, Tls};

/// How long each part of an attempt may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// To connect: name, TCP and TLS together. 10 s by default.
    pub connect: Duration,
    /// From the first byte of the request to the last byte of the reply. 60 s by default.
    pub attempt: Duration,
    /// How long an idle connection is kept for the next attempt. 15 s by default: shorter than the 60 s of
    /// the usual load balancers, so that they rarely close one just as it is used.
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            attempt: Duration::from_secs(60),
            idle: Duration::from_secs(15),
        }
    }
}

/// Configures a [`Client`].
#[must_use = "a builder does nothing until it builds"]
pub struct ClientBuilder {
    machine: Config,
    timeouts: Timeouts,
    profile: Arc<Profile>,
    max_reply_body: usize,
    tls: Option<Arc<ClientConfig>>,
    on_gate_closed: Option<OnGateClosed>,
}

impl ClientBuilder {
    pub(super) fn new() -> Self {
        Self {
            machine: Config::default(),
            timeouts: Timeouts::default(),
            profile: Arc::default(),
            max_reply_body: MAX_REPLY_BODY,
            tls: None,
            on_gate_closed: None,
        }
    }

    /// The machine that decides when to send.
    pub fn machine(self, machine: Config) -> Self {
        Self { machine, ..self }
    }

    /// How long things may take.
    pub fn timeouts(self, timeouts: Timeouts) -> Self {
        Self { timeouts, ..self }
    }

    /// The habits of the platform that is called; those of any platform by default.
    pub fn profile(self, profile: impl Into<Arc<Profile>>) -> Self {
        Self { profile: profile.into(), ..self }
    }

    /// The most bytes of a reply's body; 16 MiB by default. A larger reply counts as lost.
    pub fn max_reply_body(self, bytes: usize) -> Self {
        Self { max_reply_body: bytes, ..self }
    }

    /// TLS as configured here, instead of the certificates that the machine trusts.
    pub fn tls(self, config: Arc<ClientConfig>) -> Self {
        Self { tls: Some(config), ..self }
    }

    /// Told of every gate that closes, or closes for longer, before any later attempt departs. It runs
    /// inside the pacer's task, so it must not wait.
    pub fn on_gate_closed(self, told: impl Fn(GateRecord) + Send + 'static) -> Self {
        Self { on_gate_closed: Some(Box::new(told)), ..self }
    }

    /// Starts the pacer and returns its client.
    ///
    /// # Panics
    /// Outside a tokio runtime with its timer on.
    #[must_use]
    pub fn build(self) -> Client {
        let pacer = Pacer::start_told(self.machine, self.on_gate_closed);
        let pool = Pool::new(Connector::new(self.timeouts.connect), self.timeouts.idle);
        let tls = self.tls.map_or_else(Tls::of_the_machine, Tls::of);
        let Self { timeouts, profile, max_reply_body, .. } = self;
        Client { inner: Arc::new(Inner { pacer, pool, tls, timeouts, profile, max_reply_body }) }
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("machine", &self.machine)
            .field("timeouts", &self.timeouts)
            .field("profile", &self.profile.name)
            .field("max_reply_body", &self.max_reply_body)
            .finish_non_exhaustive()
    }
}

/// Generous for an API, small enough that 500 of them at once do not end the program.
const MAX_REPLY_BODY: usize = 16 * 1024 * 1024;
