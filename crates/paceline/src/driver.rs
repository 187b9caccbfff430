//! The machine on tokio: one task owns the controller and its timer; permits are handed out, nobody polls.
//!
//! A call moves through types, so that every way out gives back what it holds:
//!
//! | holds | until | dropped instead |
//! | --- | --- | --- |
//! | [`Waiting`] | its turn comes | the call is cancelled |
//! | [`Permit`] | [`Permit::depart`] | nothing was sent: slot and tokens are refunded, the call is cancelled |
//! | [`InFlight`] | [`InFlight::reply`] | the call is cancelled; what it took stays taken |
//! | [`Slot`] | the reply's body is complete | the slot is free |

mod clock;
mod closed_scopes;
mod command;
mod line;
mod permit;
mod status;
mod task;
mod waiting;

use std::fmt;

use paceline_core::{
    Belief, Call, CallId, ClientId, Config, Cost, Event, Instant, Limits, OnUncertain, Priority, ScopeId,
    ScopeKind, ScopeSet, Snapshot, WallTime, Weight,
};
use tokio::sync::{broadcast, oneshot, watch};

use clock::Clock;
pub use command::GateRecord;
use command::{Command, Wanted};
use line::Line;
pub use permit::{InFlight, LastLook, Next, Permit, Slot};
pub use status::Status;
use task::Task;
pub use waiting::{Ended, Waiting};

/// What a call needs of the pacer.
#[derive(Clone, Copy, Debug)]
pub struct CallSpec {
    /// Whose it is; clients take turns.
    pub client: ClientId,
    /// The limits it falls under.
    pub scopes: ScopeSet,
    /// What one attempt takes from each quota.
    pub cost: Cost,
    /// How many turns its client has for one of a client of weight 1.
    pub weight: Weight,
    /// Whether it goes before others that wait for the same scopes.
    pub priority: Priority,
    /// When it is no longer worth starting.
    pub deadline: Option<tokio::time::Instant>,
    /// Whether it ends as [`Ended::Late`] as soon as its next attempt is expected to depart after its deadline: when it comes, when
    /// it is to be attempted again, or when a gate closes while it waits.
    pub decline_late: bool,
    /// What an uncertain outcome means for it.
    pub on_uncertain: OnUncertain,
}

impl CallSpec {
    /// A call under `scopes` of client 0 that costs one request, has the usual weight and priority and no deadline, and is held
    /// when in doubt.
    #[must_use]
    pub const fn new(scopes: ScopeSet) -> Self {
        Self {
            client: ClientId(0),
            scopes,
            cost: Cost::ONE,
            weight: Weight::ONE,
            priority: Priority::Normal,
            deadline: None,
            decline_late: false,
            on_uncertain: OnUncertain::Hold,
        }
    }
}

/// Told of every closed gate before the next permit is granted; runs inside the driver, so it must not wait.
pub type OnGateClosed = Box<dyn Fn(GateRecord) + Send>;

/// The task that drives the machine has ended: it panicked, or its runtime shut down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pacer has stopped: its runtime was shut down, or it failed")]
pub struct Stopped;

/// Hands out permits, each when its call may depart. Cheap to clone; dropping the last handle, and all
/// that wait or hold a permit, stops its task.
#[derive(Clone)]
pub struct Pacer {
    line: Line,
    clock: Clock,
    events: broadcast::WeakSender<Event>,
    status: watch::Receiver<Status>,
}

impl Pacer {
    /// Starts the task that drives a machine of `config`.
    ///
    /// # Panics
    /// Outside a tokio runtime with its timer on.
    #[must_use]
    pub fn start(config: Config) -> Self {
        Self::start_told(config, None)
    }

    /// As [`Pacer::start`]; `on_gate_closed` is told of every gate that closes, or closes for longer,
    /// before any later permit is granted.
    ///
    /// # Panics
    /// Outside a tokio runtime with its timer on.
    #[must_use]
    pub fn start_told(config: Config, on_gate_closed: Option<OnGateClosed>) -> Self {
        let clock = Clock::start();
        let (line, inbox) = Line::open();
        let (events, _) = broadcast::channel(EVENTS_KEPT);
        let weak_events = events.downgrade();
        let (task, status) = Task::new(config, clock, line.downgrade(), events, on_gate_closed);
        // Its owner is the last handle: without one the inbox closes and the task ends.
        tokio::spawn(task.run(inbox));
        Self { line, clock, events: weak_events, status }
    }

    /// The scope of this kind and name; the same pair is the same scope.
    /// Open scopes that nobody uses are forgotten when there are too many (see [`Config::max_idle_scopes`]).
    ///
    /// # Errors
    /// When the pacer has stopped.
    pub async fn scope(&self, kind: ScopeKind, name: &str) -> Result<ScopeId, Stopped> {
        let name = Box::from(name);
        self.ask(|answer| Command::Scope { kind, name, answer }).await
    }

    /// As [`Pacer::scope`], and sets what is known of its limits; what is not is learned anew.
    ///
    /// # Errors
    /// When the pacer has stopped.
    pub async fn set_limits(&self, kind: ScopeKind, name: &str, limits: Limits) -> Result<ScopeId, Stopped> {
        let name = Box::from(name);
        self.ask(|answer| Command::SetLimits { kind, name, limits, answer }).await
    }

    /// Opens the gate of `scope` by a person's word: there is a new credential, or a ban is lifted.
    pub fn reopen(&self, scope: ScopeId) {
        self.line.tell(Command::Reopen { scope });
    }

    /// Queues a call. What it returns resolves when the call may depart, or has ended without.
    pub fn submit(&self, spec: CallSpec) -> Waiting {
        let call = Call {
            id: self.line.name_call(),
            client: spec.client,
            scopes: spec.scopes,
            cost: spec.cost,
            weight: spec.weight,
            priority: spec.priority,
            deadline: spec.deadline.map(|at| self.clock.instant(at)),
            on_uncertain: spec.on_uncertain,
        };
        let wanted = Wanted { call, decline_late: spec.decline_late };
        let (turn, waiting) = Waiting::new(self.line.clone(), call.id);
        self.line.tell(Command::Submit { wanted, turn });
        waiting
    }

    /// When a waiting call departs, at the latest, if the machine can tell: see [`paceline_core::Controller::forecast`].
    /// Advice, not a promise.
    ///
    /// # Errors
    /// When the pacer has stopped.
    pub async fn forecast(&self, call: CallId) -> Result<Option<tokio::time::Instant>, Stopped> {
        let at = self.ask(|answer| Command::Forecast { call, answer }).await?;
        Ok(at.map(|at| self.clock.tokio_instant(at)))
    }

    /// What `scope` is believed to admit, and why; None when it was forgotten.
    ///
    /// # Errors
    /// When the pacer has stopped.
    pub async fn belief(&self, scope: ScopeId) -> Result<Option<Belief>, Stopped> {
        self.ask(|answer| Command::Belief { scope, answer }).await
    }

    /// Closed gates and learned limits, in wall time, for [`Pacer::restore`] after a restart.
    ///
    /// # Errors
    /// When the pacer has stopped.
    pub async fn snapshot(&self) -> Result<Snapshot, Stopped> {
        self.ask(|answer| Command::Snapshot { answer }).await
    }

    /// Closes the gates and takes over the limits of a snapshot. What is submitted later keeps them.
    pub fn restore(&self, snapshot: Snapshot) {
        self.line.tell(Command::Restore { snapshot: Box::new(snapshot) });
    }

    /// The machine's events from here on. A reader that falls [`EVENTS_KEPT`] behind loses the oldest and is
    /// told how many. Readers do not keep the pacer running.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.events.upgrade().map_or_else(
            // Stopped: a channel without a sender says so at the first read.
            || broadcast::channel(1).1,
            |events| events.subscribe(),
        )
    }

    /// How many calls wait and are in flight, and what for; brought up to date about 20 times a second.
    /// It closes when the pacer stops.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// The machine's name for an instant of tokio's clock.
    #[must_use]
    pub fn instant(&self, at: tokio::time::Instant) -> Instant {
        self.clock.instant(at)
    }

    /// What tokio's clock calls an instant of the machine.
    #[must_use]
    pub fn tokio_instant(&self, at: Instant) -> tokio::time::Instant {
        self.clock.tokio_instant(at)
    }

    /// The civil time of an instant of the machine, as the wall clock stands now.
    #[must_use]
    pub fn wall_time(&self, at: Instant) -> WallTime {
        self.clock.wall_time(self.clock.now(), at)
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, Stopped> {
        let (answer, told) = oneshot::channel();
        self.line.tell(command(answer));
        told.await.map_err(|_| Stopped)
    }
}

impl fmt::Debug for Pacer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pacer").field("status", &*self.status.borrow()).finish_non_exhaustive()
    }
}

/// Events that a slow reader may fall behind before it loses the oldest: about half a second of a pacer
/// at 4,000 calls a second.
pub const EVENTS_KEPT: usize = 4096;
