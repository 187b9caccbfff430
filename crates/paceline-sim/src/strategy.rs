//! The seam for a decision-maker: who decides when a call leaves, and what its answer means.

use std::time::Duration;

use paceline_core::{Answered, AttemptId, CallId, Cost, GiveUp, Instant, Reply};

use crate::platform::RetryAfter;

/// A client's brain in a world. The core is one ([`crate::driver::Paced`]); what people do today are others
/// ([`crate::strategies`]).
///
/// The world calls it so: [`Strategy::submit`] for a new call and [`Strategy::answered`] for each attempt's end, at most
/// once each at a time; then [`Strategy::poll`] until it says [`Move::Wait`]. `now` never goes back.
pub trait Strategy {
    /// A user has a call to make.
    fn submit(&mut self, now: Instant, submission: &Submission);

    /// What to do next; asked until it says `Wait`.
    fn poll(&mut self, now: Instant) -> Move;

    /// What became of an attempt.
    fn answered(&mut self, now: Instant, attempt: AttemptId, answer: &Answer) -> Fate;

    /// Whether it leaves the bodies of refusals unread, so that their connections cannot be used again.
    fn leaves_bodies_unread(&self) -> bool {
        false
    }
}

/// A call that a user has to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Its name; a strategy sees each once.
    pub call: CallId,
    /// Whose call it is.
    pub lane: Lane,
    /// What it costs under the platform's limits.
    pub cost: Cost,
    /// Whether applying it twice does no harm.
    pub is_repeatable: bool,
}

/// The credential, integration and endpoint of a call, each counted from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lane {
    /// Which credential: what a client of today keeps one state for.
    pub credential: u32,
    /// Which kind of integration.
    pub integration: u32,
    /// Which endpoint.
    pub endpoint: u32,
}

/// What a client sees of an attempt's end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The reply, read as Paceline reads it.
    pub reply: Reply,
    /// The `Retry-After` as it was written, for those who read it otherwise.
    pub retry_after: Option<RetryAfter>,
    /// How far the clock that wrote a date into it is behind the client's own.
    pub clock_behind: Duration,
}

impl Answer {
    /// The status code; None when no reply came.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        match self.reply {
            Reply::Answered(Answered { status, .. }) => Some(status),
            Reply::NotSent | Reply::Lost => None,
        }
    }
}

impl From<Reply> for Answer {
    /// An answer whose `Retry-After`, if it has one, is not shown as it was written.
    fn from(reply: Reply) -> Self {
        Self { reply, retry_after: None, clock_behind: Duration::ZERO }
    }
}

/// What a strategy does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// Sends an attempt.
    Send(AttemptId),
    /// Waits until then, or until something is told; None: only an answer can move it.
    Wait(Option<Instant>),
}

/// What becomes of a call after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Its user is served.
    Delivered,
    /// It will be sent again.
    Again,
    /// It is given up.
    GivenUp(GiveUp),
}
