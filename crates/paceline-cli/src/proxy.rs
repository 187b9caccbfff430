//! The proxy: in front of a platform, for clients that cannot be changed or are not worth changing.
//!
//! A call comes in at [`downstream`], is looked at and forwarded in [`forward`], and is paced, sent and repeated by
//! `paceline::Client`, as everything is.

mod board;
mod bounds;
mod clients;
mod downstream;
mod fingerprint;
mod forward;
mod hop;
mod intake;
mod own_answer;
mod patience;
mod reply;
pub mod rules;
mod scopes;
mod start;
mod state;
mod tunnel;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use http::HeaderMap;
use paceline::Client;
use paceline::client::BeforeDeparture;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use board::Tally;
use bounds::Bound;
use clients::Clients;
use fingerprint::Fingerprints;
use forward::NOBODY;
use intake::Intake;
use rules::Rules;
use scopes::Scopes;
use state::StateKeeper;

pub use board::Counts;
pub use scopes::LimitsOf;
pub use start::{ProxyBounds, ProxyPlan, Running, StartError, start};
pub use state::StateError;

/// What all calls share.
struct Proxy {
    client: Client,
    rules: RwLock<Arc<Rules>>,
    clients: Clients,
    scopes: Scopes,
    fingerprints: Fingerprints,
    /// The tenant of calls that name none, where a ceiling of the user's holds for all of them.
    everyone: Option<&'static str>,
    intake: Intake,
    connections: Bound,
    head_timeout: Duration,
    state: Option<StateKeeper>,
    tally: Arc<Tally>,
    tasks: TaskTracker,
    /// No new calls; those under way go on.
    draining: CancellationToken,
    /// Nothing goes on.
    drained: CancellationToken,
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

    /// What a departure waits for: that every closing so far is durable.
    fn saving(&self) -> Option<BeforeDeparture> {
        let state = self.state.clone()?;
        Some(Box::new(move |_| {
            let state = state.clone();
            Box::pin(async move {
                if state.is_unsaved() { state.save().await.map_err(Into::into) } else { Ok(()) }
            })
        }))
    }
}
