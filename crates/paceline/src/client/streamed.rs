//! Replies that are delivered when their head has come, and whose body comes as it comes.

use std::time::Duration;

use http::{HeaderMap, StatusCode, Version};
use hyper::upgrade::OnUpgrade;
use paceline_core::GiveUp;

use super::attempt::{Arriving, Run, Step};
use super::error::CallError;
use super::reply_body::{Lease, ReplyBody};
use super::request::AttemptStep;
use crate::driver::{InFlight, Next, Slot};
use crate::http::{AttemptError, Upgrade};

/// The last reply of a call, whatever it says, with a body that is still to come.
#[derive(Debug)]
pub struct Streamed {
    /// The status.
    pub status: StatusCode,
    /// What its platform speaks.
    pub version: Version,
    /// The headers.
    pub headers: HeaderMap,
    /// The body. Until it is read to its end, or dropped, its attempt is in flight.
    pub body: ReplyBody,
    /// Why it is no success, if it is none; `None` for what was accepted and for what could not be sent again.
    pub given_up: Option<GiveUp>,
    /// How many attempts the call took, this one included.
    pub attempts: u32,
    /// How long it has waited for permits.
    pub held: Duration,
    /// From the departure of the last attempt to the head of its reply.
    pub answered_in: Duration,
    /// What the connection becomes, where the platform answered 101; its attempt is done then.
    pub upgrade: Option<Upgrade>,
}

impl Run<'_> {
    /// Tells the machine of a reply by its head, and follows the verdict on it.
    pub(super) async fn take_head(
        &mut self,
        mut arriving: Arriving,
        in_flight: InFlight,
    ) -> Result<Step<Streamed>, CallError> {
        let answered_in = arriving.departed.elapsed();
        self.read_what_tells(&mut arriving).await;
        let reply = self.reply(&arriving);
        let (slot, next) = in_flight.reply(reply.clone()).await?;
        self.report(self.attempts, reply);
        let given_up = match next {
            Next::Retry(waiting) if self.can_repeat() => {
                return self.drain_until_turn(arriving, slot, waiting).await.map(Step::Again);
            }
            // What it carried is gone: the refusal is the last word. The call is taken back.
            Next::Retry(_) | Next::Deliver => None,
            Next::GiveUp(why) => Some(why),
        };
        Ok(Step::Delivered(self.streamed(arriving, Some(slot), given_up, answered_in)))
    }

    /// Sends at once and asks nobody. A connection that closes before the request is begun is replaced once.
    pub(super) async fn pass(&mut self) -> Result<Streamed, CallError> {
        loop {
            self.step(AttemptStep::Begun { number: self.attempts + 1 });
            let connection = match self.connection().await {
                Ok(connection) => connection,
                Err(failed) => return Err(self.broken(failed, GiveUp::Exhausted)),
            };
            match self.send(connection).await {
                Ok(arriving) => {
                    let answered_in = arriving.departed.elapsed();
                    return Ok(self.streamed(arriving, None, None, answered_in));
                }
                Err(AttemptError::NotStarted { .. }) if self.attempts == 1 && self.can_repeat() => {}
                Err(failed) => return Err(self.broken(failed, GiveUp::InDoubt)),
            }
        }
    }

    fn broken(&mut self, failed: AttemptError, why: GiveUp) -> CallError {
        self.detail = Some(failed);
        self.given_up(why)
    }

    fn streamed(
        &self,
        mut arriving: Arriving,
        slot: Option<Slot>,
        given_up: Option<GiveUp>,
        answered_in: Duration,
    ) -> Streamed {
        let upgrade = match arriving.status {
            StatusCode::SWITCHING_PROTOCOLS => arriving.extensions.remove::<OnUpgrade>(),
            _ => None,
        };
        let Arriving { status, version, headers, body, connection, .. } = arriving;
        let lease = Lease::new(&self.client.pool, &self.target.origin, connection, slot);
        let mut body = ReplyBody::new(body.into_half_read(), lease, self.client.timeouts.attempt);
        if upgrade.is_some() {
            body.give_up_lease();
        }
        Streamed {
            status,
            version,
            headers,
            body,
            given_up,
            attempts: self.attempts,
            held: self.held,
            answered_in,
            upgrade: upgrade.map(Upgrade::new),
        }
    }
}
