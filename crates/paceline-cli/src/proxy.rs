//! The proxy: in front of a platform, for clients that cannot be changed or are not worth changing.
//!
//! A call comes in at `downstream`, is looked at and forwarded in `forward`, and is paced, sent and repeated by
//! `paceline::Client`, as everything is.

mod admin;
mod board;
mod bounds;
mod clients;
mod compact;
mod departing;
mod downstream;
mod ending;
mod fingerprint;
mod forward;
mod framing;
mod heads;
mod histogram;
mod hop;
mod http1;
mod intake;
mod own_answer;
mod patience;
mod plan;
mod reply;
mod resting;
pub mod rules;
mod scopes;
mod socket;
mod start;
mod state;
mod streams;
mod tallies;
mod traced;
mod tunnel;
mod watched;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use http::HeaderMap;
use paceline::Client;
use paceline::client::Streamed;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use board::Tally;
use bounds::Bound;
use clients::Clients;
use fingerprint::Fingerprints;
use histogram::Histogram;
use intake::Intake;
use plan::NOBODY;
use rules::Rules;
use scopes::Scopes;
use state::StateKeeper;

use crate::traces::Traces;

pub use board::Counts;
pub use scopes::LimitsOf;
pub use start::{Load, ProxyBounds, ProxyPlan, Running, StartError, start};
pub use state::StateError;

/// What all calls share.
struct Proxy {
    client: Client,
    rules: RwLock<Arc<Rules>>,
    clients: Clients,
    scopes: Scopes,
    fingerprints: Fingerprints,
    /// Whether a ceiling of the user's holds for all calls together: those that name no tenant share one then.
    has_ceiling: AtomicBool,
    intake: Intake,
    connections: Bound,
    head_timeout: Duration,
    state: Option<StateKeeper>,
    tally: Arc<Tally>,
    /// Where calls are traced to, if they are.
    traces: Option<Traces>,
    timings: Timings,
    started: Instant,
    tasks: TaskTracker,
    /// Those of the admin port, which go on while calls do.
    admin_tasks: TaskTracker,
    /// No new calls; those under way go on.
    draining: CancellationToken,
    /// Nothing goes on.
    drained: CancellationToken,
    /// Whether a call was cut off that the platform may have been at.
    has_lost_reply: AtomicBool,
}

/// How long calls took, of all that were answered by the platform.
#[derive(Debug, Default)]
struct Timings {
    held: Histogram,
    upstream: Histogram,
}

impl Timings {
    fn saw(&self, streamed: &Streamed) {
        self.held.saw(streamed.held);
        self.upstream.saw(streamed.answered_in);
    }
}

impl Proxy {
    fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The name of a call's credential, which tells nobody what it is.
    fn credential(&self, rules: &Rules, headers: &HeaderMap) -> String {
        let credential = rules.credential_of(headers);
        credential.map_or_else(|| NOBODY.to_owned(), |(name, value)| self.fingerprints.of(name, value))
    }

    /// Whether so many calls wait that the memory of their connections counts.
    fn is_crowded(&self) -> bool {
        self.tally.waiting() >= CROWD
    }

    /// The tenant of calls that name none, where they need one.
    fn everyone(&self) -> Option<&'static str> {
        self.has_ceiling.load(Ordering::Acquire).then_some(EVERYONE)
    }
}

/// With hyper's buffers they take some 12 MB.
const CROWD: u64 = 500;
/// The tenant of all calls that name none.
const EVERYONE: &str = "everyone";
