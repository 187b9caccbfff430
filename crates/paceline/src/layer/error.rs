//! How a paced call ends without a reply.

use http::StatusCode;
use paceline_core::{GiveUp, SubmitError};

use crate::driver::{Ended, Stopped};
use crate::http::BoxError;

/// Why a call brought no reply. Where one came, it is delivered, whatever its status.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The service below broke before this attempt; by tower's contract it is of no more use. The attempt
    /// was not sent.
    #[error("the service failed before attempt {attempt} was sent")]
    NotReady {
        /// Which attempt, counted from 1.
        attempt: u32,
        /// What the service says.
        source: BoxError,
    },
    /// The last attempt brought no reply, and there is no other.
    #[error("attempt {attempts} brought no reply, and {}", after_failure(*why))]
    Failed {
        /// Why there is no other. [`GiveUp::Cancelled`]: the request could not be copied.
        why: GiveUp,
        /// How many attempts were made.
        attempts: u32,
        /// How the last one failed.
        source: BoxError,
    },
    /// Given up while it waited for its turn.
    #[error("given up while it waited, after {attempts} attempts: {}", while_waiting(*why))]
    GaveUp {
        /// Why: mostly [`GiveUp::Expired`], its deadline passed.
        why: GiveUp,
        /// How many attempts were made.
        attempts: u32,
        /// The status of the last refusal, if any came.
        last: Option<StatusCode>,
    },
    /// The machine did not take it: too many wait already, or its scope was forgotten. This attempt was
    /// not sent.
    #[error(transparent)]
    NotTaken(#[from] SubmitError),
    /// Its turn would come after its deadline, and it asked to be told at once ([`CallSpec::decline_late`](crate::CallSpec)). Nothing
    /// was sent.
    #[error("its turn would come after its deadline")]
    Late {
        /// When it would have come.
        expected: tokio::time::Instant,
    },
    /// The pacer has stopped. An attempt that had departed may have been applied.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl Error {
    pub(super) const fn ended(ended: Ended, attempts: u32, last: Option<StatusCode>) -> Self {
        match ended {
            Ended::GaveUp(why) => Self::GaveUp { why, attempts, last },
            Ended::NotTaken(why) => Self::NotTaken(why),
            Ended::Late { expected } => Self::Late { expected },
            Ended::Stopped(stopped) => Self::Stopped(stopped),
        }
    }
}

const fn after_failure(why: GiveUp) -> &'static str {
    match why {
        GiveUp::InDoubt => "it may have been applied: sending it again might double it",
        GiveUp::Exhausted => "it failed too often while other calls passed",
        GiveUp::Cancelled => "it cannot be sent again",
        GiveUp::Rejected | GiveUp::Expired => "it is not sent again",
    }
}

const fn while_waiting(why: GiveUp) -> &'static str {
    match why {
        GiveUp::Expired => "its deadline passed",
        GiveUp::Cancelled => "it was taken back",
        GiveUp::Rejected | GiveUp::InDoubt | GiveUp::Exhausted => "it is not sent again",
    }
}
