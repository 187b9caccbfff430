//! What came back from the platform, as typed signals.

use std::time::Duration;

use crate::headers::Published;
use crate::outcome::Meaning;
use crate::scope::ScopeKind;

/// What became of one attempt, as far as the client can see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The head of an HTTP response arrived.
    Answered(Answered),
    /// Nothing of the request was written: no connection, or it was refused.
    NotSent,
    /// At least one byte may have been written and no usable answer came back: time-out, reset,
    /// truncated answer.
    Lost,
}

/// The head of an HTTP response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The status code, 100 to 999.
    pub status: u16,
    /// How long the platform asked to be left alone, counted from receipt
    /// (see [`crate::headers::retry_after::read`]).
    pub retry_after: Option<Duration>,
    /// Which kind of limit refused, when the answer says so.
    pub named_scope: Option<ScopeKind>,
    /// What it says about limits otherwise.
    pub published: Published,
    /// What it means, where a profile knows better than its status.
    pub meaning: Option<Meaning>,
    /// What the call has cost, where the answer says so; at most [`u32::MAX`].
    pub cost: Option<u32>,
}

impl Answered {
    /// An answer that says nothing beside its status.
    #[must_use]
    pub const fn status(status: u16) -> Self {
        Self {
            status,
            retry_after: None,
            named_scope: None,
            published: Published::NONE,
            meaning: None,
            cost: None,
        }
    }
}

impl Reply {
    /// An answer that says nothing beside its status.
    #[must_use]
    pub const fn status(status: u16) -> Self {
        Self::Answered(Answered::status(status))
    }

    /// An answer with a status and a wait.
    #[must_use]
    pub fn refused(status: u16, retry_after: Duration) -> Self {
        Self::Answered(Answered { retry_after: Some(retry_after), ..Answered::status(status) })
    }
}
