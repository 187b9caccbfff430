//! How a call ends without being accepted.

use std::fmt;

use paceline_core::{GiveUp, SubmitError};

use super::Response;
use crate::driver::Stopped;
use crate::http::{AttemptError, BoxError, TargetError};

/// Why a call brought no accepted reply.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// Its URL cannot be sent to. Nothing was sent.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The machine did not take it: too many wait already, or its scope was forgotten. This attempt was
    /// not sent.
    #[error(transparent)]
    NotTaken(#[from] SubmitError),
    /// Its turn would come after its deadline, and it asked to be told as soon as that is known
    /// ([`Request::decline_late`](super::Request)). Nothing was sent, or all attempts were refused.
    #[error("its turn would come after its deadline")]
    Late {
        /// When it would come.
        expected: tokio::time::Instant,
    },
    /// The hook before the departure failed. This attempt was not sent.
    #[error("attempt {number} was held back")]
    HeldBack {
        /// Which attempt, counted from 1.
        number: u32,
        /// What the hook says.
        source: BoxError,
    },
    /// The machine gave it up.
    #[error(transparent)]
    GaveUp(Box<GivenUp>),
    /// The pacer has stopped. An attempt that had departed may have been applied.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// A call that was given up, and what is known of it.
#[derive(Debug)]
pub struct GivenUp {
    /// Why.
    pub why: GiveUp,
    /// Method and URL, without user name, password and query.
    pub call: Box<str>,
    /// How many attempts were made.
    pub attempts: u32,
    /// The last reply that came, if any did.
    pub last: Option<Response>,
    /// How the last attempt failed, if it brought no reply.
    pub detail: Option<AttemptError>,
}

impl CallError {
    /// The call that was given up, when that is what happened.
    #[must_use]
    pub fn given_up(&self) -> Option<&GivenUp> {
        match self {
            Self::GaveUp(given_up) => Some(given_up),
            _ => None,
        }
    }
}

impl fmt::Display for GivenUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { call, attempts, .. } = self;
        let plural = if *attempts == 1 { "" } else { "s" };
        write!(f, "{call} was given up after {attempts} attempt{plural}: {}", reason(self.why))?;
        match (&self.last, &self.detail) {
            (Some(last), None) => write!(f, ", status {}", last.status.as_u16()),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for GivenUp {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.detail.as_ref().map(|detail| detail as _)
    }
}

const fn reason(why: GiveUp) -> &'static str {
    match why {
        GiveUp::Rejected => "the platform does not want it",
        GiveUp::InDoubt => "it may have been applied, and sending it again might double it",
        GiveUp::Exhausted => "it failed too often while other calls passed",
        GiveUp::Expired => "its deadline passed",
        GiveUp::Cancelled => "it was taken back",
    }
}
