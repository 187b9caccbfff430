//! Replies that are delivered with their body.

use tokio::time::timeout_at;

use super::Response;
use super::attempt::{Arriving, REFUSAL_READ, Run, Step};
use super::error::CallError;
use crate::driver::{InFlight, Next};
use crate::http::{AttemptError, BodyEnd};

impl Run<'_> {
    /// Reads a reply, and follows the verdict on it.
    pub(super) async fn take_whole(
        &mut self,
        arriving: Arriving,
        in_flight: InFlight,
    ) -> Result<Step<Response>, CallError> {
        if arriving.status.as_u16() < 400 {
            self.read_then_settle(arriving, in_flight).await
        } else {
            self.settle_then_read(arriving, in_flight).await
        }
    }

    /// A reply below 400 is worth nothing before its last byte: until then it may still be lost.
    async fn read_then_settle(
        &mut self,
        mut arriving: Arriving,
        in_flight: InFlight,
    ) -> Result<Step<Response>, CallError> {
        let limit = self.client.max_reply_body;
        let failed = match timeout_at(arriving.expires, arriving.body.read(limit)).await {
            Ok(BodyEnd::Complete) => None,
            Ok(BodyEnd::Cut) => Some(AttemptError::TooLarge { limit }),
            Ok(BodyEnd::Broken(source)) => Some(AttemptError::Truncated { source }),
            Err(_) => Some(self.timed_out()),
        };
        if let Some(failed) = failed {
            let next = in_flight.settle(failed.reply()).await?;
            return self.failed(next, failed).await.map(Step::Again);
        }
        let reply = self.reply(&arriving);
        let response = self.keep(arriving, true);
        let next = in_flight.settle(reply.clone()).await?;
        self.report(self.attempts, reply);
        self.answered(next, response).await
    }

    /// A reply of 400 or more may close a gate: the machine is told before the body is read, unless only that tells.
    async fn settle_then_read(
        &mut self,
        mut arriving: Arriving,
        in_flight: InFlight,
    ) -> Result<Step<Response>, CallError> {
        self.read_what_tells(&mut arriving).await;
        let reply = self.reply(&arriving);
        let (slot, next) = in_flight.reply(reply.clone()).await?;
        self.report(self.attempts, reply);
        if let Next::Retry(waiting) = next {
            if self.can_repeat() {
                return self.drain_until_turn(arriving, slot, waiting).await.map(Step::Again);
            }
            let response = self.read_refusal(arriving).await;
            drop(slot);
            return self.answered(Next::Retry(waiting), response).await;
        }
        let response = self.read_refusal(arriving).await;
        drop(slot);
        self.answered(next, response).await
    }

    async fn read_refusal(&self, mut arriving: Arriving) -> Response {
        let read = timeout_at(arriving.expires, arriving.body.read(REFUSAL_READ)).await;
        self.keep(arriving, matches!(read, Ok(BodyEnd::Complete)))
    }
}
