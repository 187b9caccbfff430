//! Starting the proxy, and ending it in order.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use paceline::Client;
use paceline::client::Timeouts;
use paceline::driver::Status;
use paceline_core::{Config, Profile, Snapshot};
use rustls::{ClientConfig, ServerConfig};
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::board::{Counts, Tally};
use super::bounds::Bound;
use super::clients::Clients;
use super::fingerprint::Fingerprints;
use super::intake::Intake;
use super::rules::Rules;
use super::scopes::{LimitsOf, Scopes};
use super::state::{Restored, StateError, StateKeeper};
use super::{Proxy, Timings, downstream};
use crate::traces::{SpanCounts, Traces, TracesError, TracesPlan};
use crate::wall_clock::wall_now;

/// All that a proxy needs to know before it starts.
pub struct ProxyPlan {
    /// What is configured about calls.
    pub rules: Rules,
    /// The platform's habits.
    pub profile: Arc<Profile>,
    /// How long the parts of an attempt may take.
    pub timeouts: Timeouts,
    /// The limits that are configured for the scope of a kind and name.
    pub limits: LimitsOf,
    /// Whether a ceiling of the user's holds for all calls together: then they share a tenant.
    pub has_ceiling: bool,
    /// How often a call may fail while others pass, until it is given up.
    pub max_attempts: NonZeroU32,
    /// What is held at once, and for how long.
    pub bounds: ProxyBounds,
    /// Where closed gates and learned limits outlive the proxy.
    pub state: Option<PathBuf>,
    /// Where calls are traced to, if they are.
    pub traces: Option<TracesPlan>,
    /// How clients are spoken to, if not in the clear.
    pub tls: Option<Arc<ServerConfig>>,
    /// Whom the platform's certificates have to be from; those whom the machine trusts, if it is not said. What it offers by ALPN is
    /// offered.
    pub upstream_tls: Option<Arc<ClientConfig>>,
}

/// What the proxy holds at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProxyBounds {
    /// Calls that wait for their permit.
    pub max_waiting: usize,
    /// Bytes of one body that is kept for another attempt.
    pub max_body: u64,
    /// Bytes of all bodies that are kept.
    pub max_held: u64,
    /// Connections of clients.
    pub max_connections: u64,
    /// How long a client may take for the head of a request, and be idle between two.
    pub head_timeout: Duration,
    /// How long a client may be silent inside a body.
    pub body_timeout: Duration,
}

/// A proxy that runs. Dropped, it ends within a second; see [`Running::drain`].
pub struct Running {
    address: SocketAddr,
    scheme: &'static str,
    pub(super) proxy: Arc<Proxy>,
}

/// What a proxy holds at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Calls that wait for their permit; as of some 50 ms ago at most.
    pub waiting: usize,
    /// Attempts that the platform is at; of the same moment.
    pub in_flight: usize,
    /// Bytes of bodies.
    pub bytes_held: u64,
    /// Connections of clients, and what they have become.
    pub connections: u64,
}

/// Why a proxy does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The state file is of no use.
    #[error(transparent)]
    State(#[from] StateError),
    /// Calls cannot be traced.
    #[error(transparent)]
    Traces(#[from] TracesError),
    /// The listener is of no use.
    #[error("cannot listen: {0}")]
    Listen(#[from] io::Error),
}

/// Starts a proxy on a socket that listens already.
///
/// # Errors
/// When the state file cannot be read, or the listener does not know its own address.
///
/// # Panics
/// Outside a tokio runtime with its clock and its sockets enabled.
pub async fn start(plan: ProxyPlan, listener: TcpListener) -> Result<Running, StartError> {
    let address = listener.local_addr()?;
    let tls = plan.tls.clone().map(TlsAcceptor::from);
    let scheme = if tls.is_some() { "https" } else { "http" };
    let proxy = Arc::new(proxy(plan)?);
    proxy.tasks.spawn(downstream::accept(listener, tls, Arc::clone(&proxy)));
    if let Some(state) = &proxy.state {
        // No task that a drain waits for: what is under way until its end may still close gates.
        tokio::spawn(keep_saving(Arc::clone(&proxy), state.clone()));
    }
    Ok(Running { address, scheme, proxy })
}

fn proxy(plan: ProxyPlan) -> Result<Proxy, StartError> {
    let restored = plan.state.as_deref().map(|path| StateKeeper::open(path, wall_now())).transpose()?;
    let (state, fingerprints, snapshot, pause) = match restored {
        Some(Restored { keeper, fingerprints, snapshot, pause }) => {
            (Some(keeper), fingerprints, snapshot, pause)
        }
        None => (None, Fingerprints::fresh(), Snapshot::default(), None),
    };
    let client = client(&plan, state.clone());
    let traces = plan.traces.map(|plan| Traces::start(plan, client.pacer())).transpose()?;
    let scopes = Scopes::new(client.pacer().clone(), plan.limits, snapshot, pause);
    let bounds = plan.bounds;
    let (held, patience) = (Bound::of(bounds.max_held), bounds.body_timeout);
    Ok(Proxy {
        client,
        rules: Arc::new(plan.rules).into(),
        clients: Clients::default(),
        scopes,
        fingerprints,
        has_ceiling: plan.has_ceiling.into(),
        intake: Intake { max_body: bounds.max_body, held, patience },
        connections: Bound::of(bounds.max_connections),
        head_timeout: bounds.head_timeout,
        state,
        tally: Arc::new(Tally::default()),
        traces,
        timings: Timings::default(),
        started: Instant::now(),
        tasks: TaskTracker::new(),
        admin_tasks: TaskTracker::new(),
        draining: CancellationToken::new(),
        drained: CancellationToken::new(),
        has_lost_reply: AtomicBool::new(false),
    })
}

fn client(plan: &ProxyPlan, state: Option<StateKeeper>) -> Client {
    let machine = Config {
        seed: fastrand::u64(..),
        max_waiting: plan.bounds.max_waiting,
        max_attempts: plan.max_attempts.get(),
        // A call's own credential is at fault, and its client can mend that.
        wait_for_credential: false,
        ..Config::default()
    };
    let mut builder =
        Client::builder().machine(machine).timeouts(plan.timeouts).profile(Arc::clone(&plan.profile));
    if let Some(tls) = &plan.upstream_tls {
        builder = builder.tls(Arc::clone(tls));
    }
    match state {
        Some(state) => builder.on_gate_closed(move |gate| state.closed(&gate, wall_now())).build(),
        None => builder.build(),
    }
}

/// Saves closings as they come, and what is learned now and then: it is worth little, and grows slowly.
async fn keep_saving(proxy: Arc<Proxy>, state: StateKeeper) {
    let mut due = tokio::time::interval_at(Instant::now() + SAVE_EVERY, SAVE_EVERY);
    loop {
        tokio::select! {
            _ = due.tick() => {}
            () = state.closing() => {
                // A departure that comes meanwhile tries for itself, and is held back where this failed.
                drop(state.save().await);
                continue;
            }
            () = proxy.drained.cancelled() => return,
        }
        let Ok(snapshot) = proxy.scopes.snapshot().await else { return };
        // The disk may have room again the next time; closings are another matter, and hold departures back.
        drop(state.save_learned(&snapshot, wall_now()).await);
    }
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its root as a URL, such as `http://127.0.0.1:8088`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// What it has seen so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.proxy.tally.counts()
    }

    /// What became of the spans so far; None where calls are not traced.
    #[must_use]
    pub fn spans(&self) -> Option<SpanCounts> {
        self.proxy.traces.as_ref().map(Traces::counts)
    }

    /// What it holds now.
    #[must_use]
    pub fn load(&self) -> Load {
        let proxy = &self.proxy;
        let Status { waiting, in_flight, .. } = *proxy.client.pacer().status().borrow();
        Load {
            waiting,
            in_flight,
            bytes_held: proxy.intake.held.held(),
            connections: proxy.connections.held(),
        }
    }

    /// Takes over other rules and limits; `has_ceiling` is as in [`ProxyPlan`]. Calls that wait keep those that they came under.
    pub fn reload(&self, rules: Rules, limits: LimitsOf, has_ceiling: bool) {
        self.proxy.has_ceiling.store(has_ceiling, Ordering::Release);
        *self.proxy.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
        self.proxy.scopes.set_limits(limits);
    }

    /// Takes no new connections, lets those that there are finish their calls, and after `within` ends what is left: calls that wait
    /// are answered 503, those that the platform is at 502. Returns what it has seen.
    ///
    /// # Errors
    /// When the state file cannot be written: the next run waits a little, as after a crash.
    pub async fn drain(self, within: Duration) -> Result<Counts, StateError> {
        let proxy = &self.proxy;
        proxy.draining.cancel();
        proxy.tasks.close();
        let done = tokio::time::timeout(within, proxy.tasks.wait()).await;
        proxy.drained.cancel();
        if done.is_err() {
            // Who is not done then takes no answer.
            drop(tokio::time::timeout(2 * downstream::LAST_WORDS, proxy.tasks.wait()).await);
        }
        let in_order = !proxy.has_lost_reply.load(Ordering::Acquire);
        proxy.admin_tasks.close();
        proxy.admin_tasks.wait().await;
        let saved = proxy.save_last(in_order).await;
        if let Some(traces) = &proxy.traces {
            traces.finish(LAST_SPANS).await;
        }
        saved.map(|()| self.counts())
    }
}

impl Proxy {
    async fn save_last(&self, in_order: bool) -> Result<(), StateError> {
        let (Some(state), Ok(snapshot)) = (&self.state, self.scopes.snapshot().await) else { return Ok(()) };
        if in_order {
            state.finish(&snapshot, wall_now()).await
        } else {
            state.save_learned(&snapshot, wall_now()).await
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.proxy.draining.cancel();
        self.proxy.drained.cancel();
    }
}

/// What a collector on the way takes for what is left; who stops the proxy waits for no more.
const LAST_SPANS: Duration = Duration::from_secs(3);
const SAVE_EVERY: Duration = Duration::from_secs(10);
