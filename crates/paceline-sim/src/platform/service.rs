//! What becomes of a request.

use paceline_core::Instant;

use crate::platform::fault::{FaultKind, OutageKind, ServerError};
use crate::platform::limits::LimitKey;
use crate::platform::penalty::ClientIndex;
use crate::platform::reply::{Problem, Reply};

/// What the platform does with one request, and when.
#[derive(Debug)]
#[must_use = "the ticket must be handed back to the platform"]
pub struct Service {
    /// When the ending is due.
    pub at: Instant,
    /// What happens then.
    pub ending: Ending,
    /// Until when the reply tells this client to stay away, counted from `at`; judged if it does not.
    pub told_until: Option<Instant>,
    /// Whether the request came before an earlier such instant, and is held against the client.
    pub early: bool,
    /// Whether all limits let it through.
    pub admitted: bool,
    /// The limits that refused it: a bit for each place in the configuration below 64.
    pub refused_by: u64,
    /// Hand it back to [`crate::platform::Platform::finish`] when the ending has happened.
    pub ticket: Ticket,
}

impl Service {
    /// Not admitted: nothing is held, nothing was told.
    pub(crate) fn turned_away(at: Instant, ending: Ending) -> Self {
        Self {
            at,
            ending,
            told_until: None,
            early: false,
            admitted: false,
            refused_by: 0,
            ticket: Ticket::default(),
        }
    }

    pub(crate) fn problem(at: Instant, problem: Problem) -> Self {
        Self::turned_away(at, Ending::Reply(Reply::problem(problem)))
    }
}

/// How a request ends.
#[derive(Debug, PartialEq, Eq)]
pub enum Ending {
    /// The reply is sent.
    Reply(Reply),
    /// The connection is reset; nothing was applied.
    ResetBefore,
    /// The connection is reset; what was asked was done.
    ResetAfter,
    /// What was asked was done; no reply is ever sent.
    NoReply,
    /// What was asked was done; the reply breaks off in its body.
    Truncated(Reply),
}

impl Ending {
    /// The reply that reaches the client whole.
    #[must_use]
    pub const fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Reply(reply) => Some(reply),
            Self::ResetBefore | Self::ResetAfter | Self::NoReply | Self::Truncated(_) => None,
        }
    }

    /// What a client sees of an outage.
    pub(crate) const fn of_outage(kind: OutageKind) -> Self {
        match kind {
            OutageKind::Reset => Self::ResetBefore,
            OutageKind::Unavailable => Self::Reply(Reply::problem(Problem::Unavailable)),
        }
    }

    pub(crate) const fn of_error(error: ServerError) -> Self {
        Self::Reply(Reply::problem(match error {
            ServerError::Internal => Problem::Internal,
            ServerError::BadGateway => Problem::BadGateway,
            ServerError::Unavailable => Problem::Unavailable,
        }))
    }

    /// What a fault makes of a reply that was due at an instant, and when it happens.
    pub(crate) fn of_reply(reply: Reply, due: Instant, fault: Option<FaultKind>) -> (Self, Instant) {
        match fault {
            Some(FaultKind::ResetAfter) => (Self::ResetAfter, due),
            Some(FaultKind::LostReply) => (Self::NoReply, due),
            Some(FaultKind::Truncated) => (Self::Truncated(reply), due),
            Some(FaultKind::ErrorAfter(error)) => (Self::of_error(error), due),
            Some(FaultKind::Slow(longer)) => (Self::Reply(reply), due + longer),
            // With the two that apply nothing there is no reply to break off.
            Some(FaultKind::ResetBefore | FaultKind::ErrorBefore(_)) | None => (Self::Reply(reply), due),
        }
    }
}

/// What a request leaves open: the slots that it holds while it is served, and the wait that its reply tells.
/// Not to be copied, so that no slot is freed twice.
#[derive(Debug, Default)]
pub struct Ticket {
    pub(crate) slots: Vec<LimitKey>,
    pub(crate) wait: Option<Wait>,
}

/// A wait that is told once its reply is sent.
#[derive(Debug)]
pub(crate) struct Wait {
    pub(crate) client: ClientIndex,
    pub(crate) keys: Vec<LimitKey>,
    pub(crate) until: Instant,
}
