//! How an attempt fails, and on which side of the first byte.

use std::time::Duration;

use paceline_core::Reply;

/// Why an attempt brought no usable reply.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttemptError {
    /// Nothing listens there.
    #[error("connection refused by {authority}")]
    Refused {
        /// Host and port.
        authority: Box<str>,
    },
    /// No connection came about: the name is unknown, the network unreachable.
    #[error("no connection to {authority}")]
    Connect {
        /// Host and port.
        authority: Box<str>,
        /// What the system says.
        source: BoxError,
    },
    /// The platform could not prove who it is, or does not speak TLS.
    #[error("no TLS connection to {authority}")]
    Tls {
        /// Host and port.
        authority: Box<str>,
        /// What TLS says.
        source: std::io::Error,
    },
    /// Connecting took too long.
    #[error("no connection to {authority} within {} s", within.as_secs_f64())]
    ConnectTimedOut {
        /// Host and port.
        authority: Box<str>,
        /// The time it had.
        within: Duration,
    },
    /// A kept connection closed before the request was started on it.
    #[error("the connection to {authority} closed before anything was sent")]
    NotStarted {
        /// Host and port.
        authority: Box<str>,
    },
    /// No complete reply in time.
    #[error("no reply within {} s", within.as_secs_f64())]
    TimedOut {
        /// The time it had, from the departure to the last byte of the body.
        within: Duration,
    },
    /// The connection broke between the request and the head of the reply.
    #[error("the connection to {authority} broke before a reply came")]
    Broken {
        /// Host and port.
        authority: Box<str>,
        /// What hyper says.
        source: hyper::Error,
    },
    /// The connection broke inside the reply's body.
    #[error("the reply broke off")]
    Truncated {
        /// What hyper says.
        source: hyper::Error,
    },
    /// The connection broke inside the reply's body while it was looked at.
    #[error("the reply broke off")]
    BrokenOff,
    /// The reply's body is larger than the client takes.
    #[error("the reply is larger than {limit} bytes: raise the client's `max_reply_body`")]
    TooLarge {
        /// The most it takes, in bytes.
        limit: usize,
    },
}

impl AttemptError {
    /// What the machine is told: [`Reply::NotSent`] only when no byte of the request can have been written.
    #[must_use]
    pub const fn reply(&self) -> Reply {
        match self {
            Self::Refused { .. }
            | Self::Connect { .. }
            | Self::Tls { .. }
            | Self::ConnectTimedOut { .. }
            | Self::NotStarted { .. } => Reply::NotSent,
            Self::TimedOut { .. }
            | Self::Broken { .. }
            | Self::Truncated { .. }
            | Self::BrokenOff
            | Self::TooLarge { .. } => Reply::Lost,
        }
    }
}

/// Any error of another crate.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
