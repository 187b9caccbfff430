//! What is said to the driver's task.

use paceline_core::{
    AttemptId, Belief, Call, CallId, GateCause, Instant, Limits, Reply, ScopeId, ScopeKind, Snapshot,
    WallTime,
};
use tokio::sync::oneshot;

use super::permit::Next;
use super::waiting::{Ended, Waiting};

/// A gate that closed, or whose opening moved later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateRecord {
    /// The kind of the scope.
    pub kind: ScopeKind,
    /// The name of the scope.
    pub name: Box<str>,
    /// When it opens, in the pacer's time.
    pub until: Instant,
    /// When it opens, in civil time, rounded up to a millisecond.
    pub until_wall: WallTime,
    /// Why it closed.
    pub cause: GateCause,
}

/// One message to the driver. What has no answer is never refused.
#[derive(Debug)]
pub(crate) enum Command {
    Scope {
        kind: ScopeKind,
        name: Box<str>,
        answer: oneshot::Sender<ScopeId>,
    },
    SetLimits {
        kind: ScopeKind,
        name: Box<str>,
        limits: Limits,
        answer: oneshot::Sender<ScopeId>,
    },
    Reopen {
        scope: ScopeId,
    },
    Submit {
        wanted: Wanted,
        turn: Turn,
    },
    Cancel {
        call: CallId,
    },
    /// A permit that grew old while a gate closed: whether it may still be used.
    Confirm {
        wanted: Wanted,
        attempt: AttemptId,
        answer: oneshot::Sender<Confirmed>,
    },
    /// A permit came back unused: nothing was sent, the call is cancelled.
    Unused {
        attempt: AttemptId,
    },
    Sent {
        attempt: AttemptId,
    },
    Reply {
        wanted: Wanted,
        attempt: AttemptId,
        reply: Reply,
        body: Body,
        answer: oneshot::Sender<Next>,
    },
    /// Departed and forgotten: the call is cancelled, and nothing is learned of it.
    Abandoned {
        attempt: AttemptId,
    },
    Done {
        attempt: AttemptId,
    },
    Forecast {
        call: CallId,
        answer: oneshot::Sender<Option<Instant>>,
    },
    Belief {
        scope: ScopeId,
        answer: oneshot::Sender<Option<Belief>>,
    },
    Snapshot {
        answer: oneshot::Sender<Snapshot>,
    },
    Restore {
        snapshot: Box<Snapshot>,
    },
}

/// A call, and what its driver needs to know of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) call: Call,
    /// Whether it ends as soon as it is expected to depart after its deadline.
    pub(crate) decline_late: bool,
}

/// Whether the reply that is told is all there will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// Its body is still to come: the slot is held until `Done`.
    ToCome,
    /// Nothing more comes: the slot is free.
    Complete,
}

/// Where the driver says that the call's turn has come.
pub(crate) type Turn = oneshot::Sender<Result<Grant, Ended>>;

/// The right to start one attempt, as the driver gives it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grant {
    /// The call, which whoever waits need not keep.
    pub(crate) wanted: Wanted,
    pub(crate) attempt: AttemptId,
    /// How often gates had closed when it was granted.
    pub(crate) closings: u64,
}

/// What became of a permit that was asked about again.
#[derive(Debug)]
pub(crate) enum Confirmed {
    /// Its gates are open: depart.
    Valid,
    /// A gate closed: it was taken back, and the call waits again.
    Recalled(Waiting),
}
