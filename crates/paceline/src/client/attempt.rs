//! One call's attempts, each from its permit to the head of its reply.

use std::time::Duration;

use http::{HeaderMap, StatusCode, Version};
use paceline_core::{GiveUp, Outcome, Reply};
use tokio::time::Instant;

use super::error::{CallError, GivenUp};
use super::request::{
    AttemptReport, AttemptStep, BeforeDeparture, OnAttempt, OnSetback, OnStep, Request, Setback,
};
use super::{Inner, Response};
use crate::driver::{Ended, InFlight, LastLook, Next, Permit, Slot, Waiting};
use crate::http::{AttemptError, BodyEnd, Connection, Message, Need, ReadBody, Target, TlsConfigs};
use crate::signals::{BODY_LOOK, BodyNeed, Received};

/// A call under way.
pub(super) struct Run<'a> {
    pub(super) client: &'a Inner,
    pub(super) target: Target,
    tls: Option<TlsConfigs>,
    message: Message,
    before_departure: Option<BeforeDeparture>,
    on_step: Option<OnStep>,
    on_attempt: Option<OnAttempt>,
    on_setback: Option<OnSetback>,
    pub(super) attempts: u32,
    /// How long it has waited for permits.
    pub(super) held: Duration,
    last: Option<Box<Response>>,
    /// Whether its last attempt was refused, so that what it waits for is a gate.
    pub(super) is_refused: bool,
    pub(super) detail: Option<AttemptError>,
}

/// What using a permit leads to.
pub(super) enum Sent {
    /// The head of a reply has come.
    Answered(Box<Arriving>, InFlight),
    /// Nothing came of it: here is another permit.
    Again(Permit),
}

/// What a reply leads to.
pub(super) enum Step<T> {
    Delivered(T),
    Again(Permit),
}

/// A reply's head, and its body still to come.
pub(super) struct Arriving {
    pub(super) status: StatusCode,
    pub(super) version: Version,
    pub(super) headers: HeaderMap,
    pub(super) extensions: http::Extensions,
    pub(super) body: ReadBody,
    pub(super) connection: Connection,
    /// When its attempt departed.
    pub(super) departed: Instant,
    /// When its attempt has taken too long.
    pub(super) expires: Instant,
}

impl<'a> Run<'a> {
    pub(super) fn new(client: &'a Inner, request: Request, target: Target, tls: Option<TlsConfigs>) -> Self {
        Self {
            client,
            tls,
            message: Message::new(request.method, request.headers, request.body, &target),
            target,
            before_departure: request.before_departure,
            on_step: request.on_step,
            on_attempt: request.on_attempt,
            on_setback: request.on_setback,
            attempts: 0,
            held: Duration::ZERO,
            last: None,
            is_refused: false,
            detail: None,
        }
    }

    /// Waits for the call's turn.
    pub(super) async fn turn(&mut self, waiting: Waiting) -> Result<Permit, CallError> {
        let since = Instant::now();
        let turn = waiting.await;
        self.held += since.elapsed();
        turn.map_err(|ended| self.ended(ended))
    }

    /// Uses `permit`: connection, hook, a last look at the gates, and only then the first byte. A connection
    /// first, because an attempt that finds none has not departed, and the hook need not say that it did.
    pub(super) async fn attempt(&mut self, permit: Permit) -> Result<Sent, CallError> {
        self.step(AttemptStep::Begun { number: self.attempts + 1 });
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
                self.step(AttemptStep::Recalled { number: self.attempts + 1 });
                self.report(self.attempts + 1, Reply::NotSent);
                Ok(Sent::Again(self.turn(waiting).await?))
            }
        }
    }

    pub(super) async fn connection(&self) -> Result<Connection, AttemptError> {
        let need = if self.message.wants_upgrade() { Need::Upgrade } else { Need::Request };
        let tls = self.tls.as_ref().map(|configs| match need {
            Need::Request => configs.any.clone(),
            Need::Upgrade => configs.http1.clone(),
        });
        self.client.pool.connection(&self.target.origin, tls, need).await
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

    async fn not_sent(&mut self, permit: Permit, failed: AttemptError) -> Result<Sent, CallError> {
        self.attempts += 1;
        let next = permit.not_sent().await?;
        self.failed(next, failed).await.map(Sent::Again)
    }

    /// Sends the request, and follows the verdict where no reply comes.
    async fn exchange(&mut self, connection: Connection, in_flight: InFlight) -> Result<Sent, CallError> {
        match self.send(connection).await {
            Ok(arriving) => Ok(Sent::Answered(Box::new(arriving), in_flight)),
            Err(failed) => {
                let next = in_flight.settle(failed.reply()).await?;
                self.failed(next, failed).await.map(Sent::Again)
            }
        }
    }

    /// Sends the request and waits for the head of the reply, within the attempt's time.
    pub(super) async fn send(&mut self, mut connection: Connection) -> Result<Arriving, AttemptError> {
        self.attempts += 1;
        let departed = Instant::now();
        let expires = departed + self.client.timeouts.attempt;
        let mut request = self.message.copy(&self.target, connection.wire());
        self.step(AttemptStep::Leaving { number: self.attempts, headers: request.headers_mut() });
        let sending = connection.send(&self.target.origin, request);
        let head =
            tokio::time::timeout_at(expires, sending).await.unwrap_or_else(|_| Err(self.timed_out()))?;
        let (head, body) = head.into_parts();
        Ok(Arriving {
            status: head.status,
            version: head.version,
            headers: head.headers,
            extensions: head.extensions,
            body: ReadBody::new(body),
            connection,
            departed,
            expires,
        })
    }

    /// Reads so much of a body as the platform's profile asks for. What does not come in time counts as not said.
    pub(super) async fn read_what_tells(&self, arriving: &mut Arriving) {
        let until = match self.received(arriving).needs_body(&self.client.profile) {
            BodyNeed::None => return,
            BodyNeed::Wanted => arriving.expires.min(Instant::now() + SCOPE_PATIENCE),
            BodyNeed::Decisive => arriving.expires,
        };
        drop(tokio::time::timeout_at(until, arriving.body.read(BODY_LOOK)).await);
    }

    fn received<'b>(&'b self, arriving: &'b Arriving) -> Received<'b> {
        let Arriving { status, headers, body, .. } = arriving;
        Received { status: *status, headers, path: self.target.path.path(), body: body.so_far() }
    }

    pub(super) fn reply(&mut self, arriving: &Arriving) -> Reply {
        let reply = Reply::Answered(self.received(arriving).read(&self.client.profile));
        self.is_refused = matches!(Outcome::of(&reply, false), Outcome::Throttled | Outcome::Overloaded);
        reply
    }

    /// Whether another attempt would send the same.
    pub(super) const fn can_repeat(&self) -> bool {
        self.message.can_be_sent()
    }

    /// Reads the rest of a refusal so that its connection can be used again, but not past the call's turn.
    pub(super) async fn drain_until_turn(
        &mut self,
        mut arriving: Arriving,
        slot: Slot,
        mut waiting: Waiting,
    ) -> Result<Permit, CallError> {
        let since = Instant::now();
        let mut come = None;
        let complete = tokio::select! {
            biased;
            end = arriving.body.read(REFUSAL_READ) => matches!(end, BodyEnd::Complete),
            turn = &mut waiting => { come = Some(turn); false }
            () = tokio::time::sleep_until(arriving.expires) => false,
        };
        let refusal = self.keep(arriving, complete).cut();
        self.refused(refusal);
        drop(slot);
        let turn = match come {
            Some(turn) => turn,
            None => waiting.await,
        };
        self.held += since.elapsed();
        turn.map_err(|ended| self.ended(ended))
    }

    /// Follows the verdict on an attempt that brought no reply.
    pub(super) async fn failed(&mut self, next: Next, failed: AttemptError) -> Result<Permit, CallError> {
        self.report(self.attempts, failed.reply());
        self.is_refused = false;
        let is_again = matches!(next, Next::Retry(_)) && self.can_repeat();
        if is_again {
            self.tell_setback(Setback::Failed(&failed));
        }
        self.detail = Some(failed);
        match next {
            Next::Retry(waiting) if is_again => self.turn(waiting).await,
            Next::GiveUp(why) => Err(self.given_up(why)),
            // There is nothing to deliver or to send; nobody knows whether it was applied.
            Next::Retry(_) | Next::Deliver => Err(self.given_up(GiveUp::InDoubt)),
        }
    }

    /// Follows the verdict on a reply that was read.
    pub(super) async fn answered(
        &mut self,
        next: Next,
        response: Response,
    ) -> Result<Step<Response>, CallError> {
        match next {
            Next::Deliver => Ok(Step::Delivered(response)),
            Next::Retry(waiting) if self.can_repeat() => {
                self.refused(response.cut());
                Ok(Step::Again(self.turn(waiting).await?))
            }
            // What it carried is gone: the refusal is the last word. The call is taken back.
            Next::Retry(_) => Ok(Step::Delivered(response)),
            Next::GiveUp(why) => {
                (self.last, self.detail) = (Some(Box::new(response)), None);
                Err(self.given_up(why))
            }
        }
    }

    /// Remembers a refusal while the call waits.
    fn refused(&mut self, refusal: Response) {
        self.tell_setback(Setback::Refused(&refusal));
        (self.last, self.detail) = (Some(Box::new(refusal)), None);
    }

    /// The reply as far as it was read; its connection is kept when it was read to its end.
    pub(super) fn keep(&self, arriving: Arriving, complete: bool) -> Response {
        let Arriving { status, headers, body, connection, .. } = arriving;
        let body = body.into_bytes();
        if complete {
            self.client.pool.keep(&self.target.origin, connection);
        }
        Response { status, headers, body, truncated: !complete, attempts: self.attempts }
    }

    pub(super) fn step(&self, step: AttemptStep<'_>) {
        if let Some(told) = &self.on_step {
            told(step);
        }
    }

    pub(super) fn report(&self, number: u32, reply: Reply) {
        if let Some(told) = &self.on_attempt {
            told(AttemptReport { number, reply });
        }
    }

    fn tell_setback(&self, setback: Setback<'_>) {
        if let Some(told) = &self.on_setback {
            told(setback);
        }
    }

    pub(super) const fn timed_out(&self) -> AttemptError {
        AttemptError::TimedOut { within: self.client.timeouts.attempt }
    }

    fn ended(&mut self, ended: Ended) -> CallError {
        match ended {
            Ended::GaveUp(why) => self.given_up(why),
            Ended::NotTaken(why) => CallError::NotTaken(why),
            Ended::Late { expected } if self.attempts == 0 || self.is_refused => CallError::Late { expected },
            // What it has waited for is the end of a failure, which says more than that it comes too late.
            Ended::Late { .. } => self.given_up(GiveUp::Expired),
            Ended::Stopped(stopped) => CallError::Stopped(stopped),
        }
    }

    pub(super) fn given_up(&mut self, why: GiveUp) -> CallError {
        CallError::GaveUp(Box::new(GivenUp {
            why,
            call: format!("{} {}", self.message.method(), self.target.shown()).into(),
            attempts: self.attempts,
            last: self.last.take().map(|last| *last),
            detail: self.detail.take(),
        }))
    }
}

/// The most that is read of the body of a status of 400 or more: a new connection costs less than more.
pub(super) const REFUSAL_READ: usize = 64 * 1024;
/// How long a refusal may take to name its scope or wait, while calls that it concerns may still depart. Its body mostly comes
/// with its head.
const SCOPE_PATIENCE: Duration = Duration::from_secs(1);
