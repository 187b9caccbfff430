//! One call's attempts, each from its permit to the next.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use hyper::body::Incoming;
use paceline_core::{GiveUp, Reply};
use rustls::ClientConfig;
use tokio::time::Sleep;

use super::error::{CallError, GivenUp};
use super::request::{AttemptReport, BeforeDeparture, OnAttempt, OnSetback, Request, Setback};
use super::{Inner, Response};
use crate::driver::{Ended, InFlight, LastLook, Next, Permit, Slot, Waiting};
use crate::http::{AttemptError, BodyEnd, Connection, Message, ReadBody, Target, shown};
use crate::signals::{BODY_LOOK, BodyNeed, Received};

/// A call under way.
pub(super) struct Run<'a> {
    client: &'a Inner,
    target: Target,
    tls: Option<Arc<ClientConfig>>,
    message: Message,
    before_departure: Option<BeforeDeparture>,
    on_attempt: Option<OnAttempt>,
    on_setback: Option<OnSetback>,
    /// Method and URL as messages may show them.
    shown: Box<str>,
    attempts: u32,
    last: Option<Response>,
    detail: Option<AttemptError>,
}

/// What an attempt leads to.
pub(super) enum Step {
    Delivered(Response),
    Again(Permit),
}

/// A reply's head, and its body still to come.
struct Arriving {
    status: StatusCode,
    headers: HeaderMap,
    body: ReadBody,
    connection: Connection,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        client: &'a Inner,
        request: Request,
        target: Target,
        tls: Option<Arc<ClientConfig>>,
    ) -> Self {
        let shown = format!("{} {}", request.method, shown(&request.uri)).into();
        Self {
            client,
            tls,
            message: Message::new(request.method, request.headers, request.body, &target),
            target,
            before_departure: request.before_departure,
            on_attempt: request.on_attempt,
            on_setback: request.on_setback,
            shown,
            attempts: 0,
            last: None,
            detail: None,
        }
    }

    /// Waits for the call's turn.
    pub(super) async fn turn(&mut self, waiting: Waiting) -> Result<Permit, CallError> {
        waiting.await.map_err(|ended| self.ended(ended))
    }

    /// Uses `permit`: connection, hook, a last look at the gates, and only then the first byte. A connection
    /// first, because an attempt that finds none has not departed, and the hook need not say that it did.
    pub(super) async fn attempt(&mut self, permit: Permit) -> Result<Step, CallError> {
        let connection = match self.connection().await {
            Ok(connection) => connection,
            Err(failed) => return self.not_sent(permit, failed).await,
        };
        let connection = match self.hold_ready(connection).await? {
            Ok(connection) => connection,
            Err(failed) => return self.not_sent(permit, failed).await,
        };
        match permit.depart().await? {
            LastLook::Departed(in_flight) => self.exchange(connection, in_flight).await,
            LastLook::Recalled(waiting) => {
                self.client.pool.keep(&self.target.origin, connection);
                self.report(self.attempts + 1, Reply::NotSent);
                Ok(Step::Again(self.turn(waiting).await?))
            }
        }
    }

    async fn connection(&self) -> Result<Connection, AttemptError> {
        self.client.pool.connection(&self.target.origin, self.tls.clone()).await
    }

    /// Runs the hook, if there is one. The platform may have closed the connection meanwhile; then another
    /// is found.
    async fn hold_ready(
        &self,
        mut connection: Connection,
    ) -> Result<Result<Connection, AttemptError>, CallError> {
        let Some(hook) = &self.before_departure else { return Ok(Ok(connection)) };
        let number = self.attempts + 1;
        if let Err(source) = hook(number).await {
            self.client.pool.keep(&self.target.origin, connection);
            return Err(CallError::HeldBack { number, source });
        }
        Ok(if connection.is_usable().await { Ok(connection) } else { self.connection().await })
    }

    async fn not_sent(&mut self, permit: Permit, failed: AttemptError) -> Result<Step, CallError> {
        self.attempts += 1;
        let next = permit.not_sent().await?;
        self.failed(next, failed).await
    }

    /// Sends the request and reads the reply, all within the attempt's time.
    async fn exchange(&mut self, mut connection: Connection, in_flight: InFlight) -> Result<Step, CallError> {
        self.attempts += 1;
        let time_out = tokio::time::sleep(self.client.timeouts.attempt);
        tokio::pin!(time_out);
        let head = tokio::select! {
            biased;
            head = connection.send(&self.target.origin, self.message.copy()) => head,
            () = &mut time_out => Err(self.timed_out()),
        };
        match head {
            Err(failed) => {
                let next = in_flight.settle(failed.reply()).await?;
                self.failed(next, failed).await
            }
            Ok(head) => {
                let arriving = Arriving::new(head, connection);
                if arriving.status.as_u16() < 400 {
                    self.read_then_settle(arriving, in_flight, time_out).await
                } else {
                    self.settle_then_read(arriving, in_flight, time_out).await
                }
            }
        }
    }

    /// A reply below 400 is worth nothing before its last byte: until then it may still be lost.
    async fn read_then_settle(
        &mut self,
        mut arriving: Arriving,
        in_flight: InFlight,
        time_out: Pin<&mut Sleep>,
    ) -> Result<Step, CallError> {
        let limit = self.client.max_reply_body;
        let failed = tokio::select! {
            biased;
            end = arriving.body.read(limit) => match end {
                BodyEnd::Complete => None,
                BodyEnd::Cut => Some(AttemptError::TooLarge { limit }),
                BodyEnd::Broken(source) => Some(AttemptError::Truncated { source }),
            },
            () = time_out => Some(self.timed_out()),
        };
        if let Some(failed) = failed {
            let next = in_flight.settle(failed.reply()).await?;
            return self.failed(next, failed).await;
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
        mut time_out: Pin<&mut Sleep>,
    ) -> Result<Step, CallError> {
        self.read_what_tells(&mut arriving, time_out.as_mut()).await;
        let reply = self.reply(&arriving);
        let (slot, next) = in_flight.reply(reply.clone()).await?;
        self.report(self.attempts, reply);
        if let Next::Retry(waiting) = next {
            return self.drain_until_turn(arriving, slot, waiting, time_out).await;
        }
        let complete = tokio::select! {
            biased;
            end = arriving.body.read(REFUSAL_READ) => matches!(end, BodyEnd::Complete),
            () = time_out => false,
        };
        let response = self.keep(arriving, complete);
        drop(slot);
        self.answered(next, response).await
    }

    /// Reads so much of a body as the platform's profile asks for. What does not come in time counts as not said.
    async fn read_what_tells(&self, arriving: &mut Arriving, time_out: Pin<&mut Sleep>) {
        let patience = match self.received(arriving).needs_body(&self.client.profile) {
            BodyNeed::None => return,
            BodyNeed::Wanted => SCOPE_PATIENCE,
            BodyNeed::Decisive => self.client.timeouts.attempt,
        };
        tokio::select! {
            biased;
            _ = arriving.body.read(BODY_LOOK) => {}
            () = tokio::time::sleep(patience) => {}
            () = time_out => {}
        }
    }

    fn received<'b>(&'b self, arriving: &'b Arriving) -> Received<'b> {
        let Arriving { status, headers, body, .. } = arriving;
        Received { status: *status, headers, path: self.target.path.path(), body: body.so_far() }
    }

    fn reply(&self, arriving: &Arriving) -> Reply {
        Reply::Answered(self.received(arriving).read(&self.client.profile))
    }

    /// Reads the rest of a refusal so that its connection can be used again, but not past the call's turn.
    async fn drain_until_turn(
        &mut self,
        mut arriving: Arriving,
        slot: Slot,
        mut waiting: Waiting,
        time_out: Pin<&mut Sleep>,
    ) -> Result<Step, CallError> {
        let mut come = None;
        let complete = tokio::select! {
            biased;
            end = arriving.body.read(REFUSAL_READ) => matches!(end, BodyEnd::Complete),
            turn = &mut waiting => { come = Some(turn); false }
            () = time_out => false,
        };
        let refusal = self.keep(arriving, complete).cut();
        self.refused(refusal);
        drop(slot);
        let turn = match come {
            Some(turn) => turn,
            None => waiting.await,
        };
        turn.map(Step::Again).map_err(|ended| self.ended(ended))
    }

    /// Follows the verdict on an attempt that brought no reply.
    async fn failed(&mut self, next: Next, failed: AttemptError) -> Result<Step, CallError> {
        self.report(self.attempts, failed.reply());
        if matches!(next, Next::Retry(_)) {
            self.tell_setback(Setback::Failed(&failed));
        }
        self.detail = Some(failed);
        match next {
            Next::Retry(waiting) => Ok(Step::Again(self.turn(waiting).await?)),
            Next::GiveUp(why) => Err(self.given_up(why)),
            // There is nothing to deliver; nobody knows whether it was applied.
            Next::Deliver => Err(self.given_up(GiveUp::InDoubt)),
        }
    }

    /// Follows the verdict on a reply that was read.
    async fn answered(&mut self, next: Next, response: Response) -> Result<Step, CallError> {
        match next {
            Next::Deliver => Ok(Step::Delivered(response)),
            Next::Retry(waiting) => {
                self.refused(response.cut());
                Ok(Step::Again(self.turn(waiting).await?))
            }
            Next::GiveUp(why) => {
                (self.last, self.detail) = (Some(response), None);
                Err(self.given_up(why))
            }
        }
    }

    /// Remembers a refusal while the call waits.
    fn refused(&mut self, refusal: Response) {
        self.tell_setback(Setback::Refused(&refusal));
        (self.last, self.detail) = (Some(refusal), None);
    }

    /// The reply as far as it was read; its connection is kept when it was read to its end.
    fn keep(&self, arriving: Arriving, complete: bool) -> Response {
        let Arriving { status, headers, body, connection } = arriving;
        let body = body.into_bytes();
        if complete {
            self.client.pool.keep(&self.target.origin, connection);
        }
        Response { status, headers, body, truncated: !complete, attempts: self.attempts }
    }

    fn report(&self, number: u32, reply: Reply) {
        if let Some(told) = &self.on_attempt {
            told(AttemptReport { number, reply });
        }
    }

    fn tell_setback(&self, setback: Setback<'_>) {
        if let Some(told) = &self.on_setback {
            told(setback);
        }
    }

    const fn timed_out(&self) -> AttemptError {
        AttemptError::TimedOut { within: self.client.timeouts.attempt }
    }

    fn ended(&mut self, ended: Ended) -> CallError {
        match ended {
            Ended::GaveUp(why) => self.given_up(why),
            Ended::NotTaken(why) => CallError::NotTaken(why),
            Ended::Stopped(stopped) => CallError::Stopped(stopped),
        }
    }

    fn given_up(&mut self, why: GiveUp) -> CallError {
        CallError::GaveUp(Box::new(GivenUp {
            why,
            call: std::mem::take(&mut self.shown),
            attempts: self.attempts,
            last: self.last.take(),
            detail: self.detail.take(),
        }))
    }
}

impl Arriving {
    fn new(head: http::Response<Incoming>, connection: Connection) -> Self {
        let (head, body) = head.into_parts();
        Self { status: head.status, headers: head.headers, body: ReadBody::new(body), connection }
    }
}

/// The most that is read of the body of a status of 400 or more: a new connection costs less than more.
const REFUSAL_READ: usize = 64 * 1024;
/// How long a refusal may take to name its scope or wait, while calls that it concerns may still depart. Its body mostly comes
/// with its head.
const SCOPE_PATIENCE: Duration = Duration::from_secs(1);
