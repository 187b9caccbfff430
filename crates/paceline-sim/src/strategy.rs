//! The seam for a decision-maker: who decides when a call leaves, and what its answer means.

use paceline_core::{AttemptId, CallId, GiveUp, Instant, Reply};

/// A client's brain in a world. The core is one ([`crate::driver::Paced`]); what people do today are others.
pub trait Strategy {
    /// A user has a call to make; `is_repeatable` tells whether applying it twice does no harm.
    fn submit(&mut self, now: Instant, call: CallId, is_repeatable: bool);

    /// What to do next; asked until it says `Wait`.
    fn poll(&mut self, now: Instant) -> Move;

    /// What became of an attempt. The reply was read to its end.
    fn answered(&mut self, now: Instant, attempt: AttemptId, reply: &Reply) -> Fate;
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
