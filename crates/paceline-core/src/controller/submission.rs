//! Why a call is not taken.

use std::fmt;

use crate::scope::ScopeId;

/// Why a call was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SubmitError {
    /// [`Config::max_waiting`](crate::Config::max_waiting) calls wait already.
    QueueFull,
    /// The scope was forgotten because nobody used it; intern it again with
    /// [`Controller::scope`](crate::Controller::scope).
    ForgottenScope(ScopeId),
    /// A call of this name has not ended yet.
    DuplicateCall,
}

impl fmt::Display for SubmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::QueueFull => "the queue is full: try again when calls have ended, or raise its limit",
            Self::ForgottenScope(_) => "the scope was forgotten because it was idle: intern it again",
            Self::DuplicateCall => "a call of this name has not ended yet: give each call its own name",
        })
    }
}

impl std::error::Error for SubmitError {}
