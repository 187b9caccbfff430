//! From the permit to the freed slot.

use paceline_core::{AttemptId, GiveUp, Reply};
use tokio::sync::oneshot;

use super::Stopped;
use super::command::{Body, Command, Confirmed, Grant, Wanted};
use super::line::Line;
use super::waiting::Waiting;

/// The right to start one attempt. Dropped, it is returned unused and the call is cancelled.
#[derive(Debug)]
#[must_use = "dropping it cancels the call"]
pub struct Permit {
    held: Held,
    closings: u64,
}

impl Permit {
    pub(crate) fn new(line: Line, grant: Grant) -> Self {
        let held = Held { line, wanted: grant.wanted, attempt: grant.attempt, stage: Stage::Permitted };
        Self { held, closings: grant.closings }
    }

    /// The attempt it permits.
    #[must_use]
    pub const fn attempt(&self) -> AttemptId {
        self.held.attempt
    }

    /// The last step before the first byte. A permit may have grown old while a connection was made or a
    /// journal written: when a gate of the call closed meanwhile, it is taken back, its slot and tokens are
    /// refunded, and the call waits again.
    ///
    /// # Errors
    /// When the pacer has stopped.
    pub async fn depart(mut self) -> Result<LastLook, Stopped> {
        if self.held.line.closings() != self.closings {
            let (answer, told) = oneshot::channel();
            let (wanted, attempt) = (self.held.wanted, self.held.attempt);
            self.held.line.tell(Command::Confirm { wanted, attempt, answer });
            if let Confirmed::Recalled(waiting) = told.await.map_err(|_| Stopped)? {
                self.held.stage = Stage::Settled;
                return Ok(LastLook::Recalled(waiting));
            }
        }
        self.held.line.tell(Command::Sent { attempt: self.held.attempt });
        self.held.stage = Stage::Departed;
        Ok(LastLook::Departed(InFlight { held: self.held }))
    }

    /// Nothing could be sent: no connection ([`Reply::NotSent`]). Returns what to do with the call.
    ///
    /// # Errors
    /// When the pacer has stopped.
    pub async fn not_sent(self) -> Result<Next, Stopped> {
        self.held.settle(Reply::NotSent).await
    }
}

/// What a last look at the gates says.
#[derive(Debug)]
pub enum LastLook {
    /// It is in flight: send it now.
    Departed(InFlight),
    /// A gate closed before it left; the call waits for another permit.
    Recalled(Waiting),
}

/// A departed attempt without a reply yet. Dropped, the call is cancelled; what it took stays taken, since the platform may have
/// done what was asked, and nothing is learned from it.
#[derive(Debug)]
#[must_use = "dropping it cancels the call"]
pub struct InFlight {
    held: Held,
}

impl InFlight {
    /// The attempt.
    #[must_use]
    pub const fn attempt(&self) -> AttemptId {
        self.held.attempt
    }

    /// Tells the machine of a reply whose body is still to come. To be called as soon as the head is read:
    /// a refusal closes the gate for everybody. The slot is free when [`Slot`] is dropped.
    ///
    /// # Errors
    /// When the pacer has stopped.
    pub async fn reply(mut self, reply: Reply) -> Result<(Slot, Next), Stopped> {
        self.held.stage = Stage::Answered;
        let next = self.held.tell_reply(reply, Body::ToCome).await?;
        Ok((Slot { _held: self.held }, next))
    }

    /// Tells the machine of a reply after which nothing more comes; the slot is free at once.
    ///
    /// # Errors
    /// When the pacer has stopped.
    pub async fn settle(self, reply: Reply) -> Result<Next, Stopped> {
        self.held.settle(reply).await
    }
}

/// A place among the calls in flight, held until dropped: while a reply's body is read.
#[derive(Debug)]
#[must_use = "dropping it frees the slot"]
pub struct Slot {
    _held: Held,
}

/// What to do with a call after an attempt.
#[derive(Debug)]
pub enum Next {
    /// Hand the reply to the caller; the call has ended.
    Deliver,
    /// It is queued again already.
    Retry(Waiting),
    /// The call has ended without success.
    GiveUp(GiveUp),
}

/// What an attempt holds, and how far it came: dropping it gives back what it still holds.
#[derive(Debug)]
struct Held {
    line: Line,
    wanted: Wanted,
    attempt: AttemptId,
    stage: Stage,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    Permitted,
    Departed,
    Answered,
    Settled,
}

impl Held {
    async fn settle(mut self, reply: Reply) -> Result<Next, Stopped> {
        self.stage = Stage::Settled;
        self.tell_reply(reply, Body::Complete).await
    }

    async fn tell_reply(&self, reply: Reply, body: Body) -> Result<Next, Stopped> {
        let (answer, told) = oneshot::channel();
        let (wanted, attempt) = (self.wanted, self.attempt);
        self.line.tell(Command::Reply { wanted, attempt, reply, body, answer });
        told.await.map_err(|_| Stopped)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let attempt = self.attempt;
        match self.stage {
            Stage::Permitted => self.line.tell(Command::Unused { attempt }),
            Stage::Departed => self.line.tell(Command::Abandoned { attempt }),
            Stage::Answered => self.line.tell(Command::Done { attempt }),
            Stage::Settled => {}
        }
    }
}
