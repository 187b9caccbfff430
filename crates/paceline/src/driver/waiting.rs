//! A call that waits for its turn.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use paceline_core::{CallId, GiveUp, SubmitError};
use tokio::sync::oneshot;

use super::Stopped;
use super::command::{Command, Grant, Turn};
use super::line::Line;
use super::permit::Permit;

/// Resolves to the call's next [`Permit`], or to [`Ended`] when it ended without another attempt.
/// Dropped before that, it cancels the call.
#[derive(Debug)]
#[must_use = "dropping it cancels the call"]
pub struct Waiting {
    line: Line,
    call: CallId,
    /// `None` once resolved.
    turn: Option<oneshot::Receiver<Result<Grant, Ended>>>,
}

/// A call ended while it waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// The machine gave it up: its deadline passed.
    #[error("given up while it waited: {0:?}")]
    GaveUp(GiveUp),
    /// It was not taken: too many wait already, or its scope was forgotten.
    #[error(transparent)]
    NotTaken(#[from] SubmitError),
    /// It was expected to depart after its deadline, and wanted to know as soon as that could be told.
    #[error("its turn would come after its deadline")]
    Late {
        /// When it would depart, or one that came now in its place; cut to a year from now.
        expected: tokio::time::Instant,
    },
    /// Nobody drives the machine any more.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl Waiting {
    pub(crate) fn new(line: Line, call: CallId) -> (Turn, Self) {
        let (turn, come) = oneshot::channel();
        (turn, Self { line, call, turn: Some(come) })
    }

    /// The call's name, for [`Pacer::forecast`](super::Pacer::forecast).
    #[must_use]
    pub const fn call(&self) -> CallId {
        self.call
    }
}

impl Future for Waiting {
    type Output = Result<Permit, Ended>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let turn = self.turn.as_mut().expect("a future is not polled after it resolved");
        let come = ready!(Pin::new(turn).poll(cx));
        self.turn = None;
        Poll::Ready(match come {
            Ok(Ok(grant)) => Ok(Permit::new(self.line.clone(), grant)),
            Ok(Err(ended)) => Err(ended),
            Err(_) => Err(Stopped.into()),
        })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let Some(mut turn) = self.turn.take() else { return };
        // After `close` a grant was either sent before and is seen here, or fails to be sent and is
        // returned by the driver: its slot is lost in neither case.
        turn.close();
        match turn.try_recv() {
            Ok(Ok(grant)) => drop(Permit::new(self.line.clone(), grant)),
            Ok(Err(_)) => {}
            Err(_) => self.line.tell(Command::Cancel { call: self.call }),
        }
    }
}
