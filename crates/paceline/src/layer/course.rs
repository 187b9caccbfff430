//! One call's attempts: the machine decides, this follows.

use std::sync::Arc;
use std::time::Duration;

use http::{Response, StatusCode, response};
use http_body::Body;
use paceline_core::{GiveUp, Profile, Reply};

use super::{CallEnd, Error, PacedBody};
use crate::driver::{CallSpec, Ended, InFlight, LastLook, Next, Pacer, Permit, Waiting};
use crate::http::BoxError;
use crate::signals::{BODY_LOOK, BodyNeed, Received};

/// A call that is sent through somebody else's client.
pub(crate) trait Outbound: Send {
    /// A client that takes one request, now.
    type Ready: Send;
    /// The body of its replies.
    type Body: Body<Data: Send, Error: Send> + Send;

    /// Waits until the client takes a request.
    fn ready(&mut self) -> impl Future<Output = Result<Self::Ready, BoxError>> + Send;

    /// Sends the request.
    fn send(
        &mut self,
        ready: Self::Ready,
    ) -> impl Future<Output = Result<Response<Self::Body>, Failed>> + Send;

    /// Whether the request is still there to be sent.
    fn is_repeatable(&self) -> bool;
}

/// An attempt that brought no reply.
pub(crate) struct Failed {
    pub(crate) error: BoxError,
    /// Whether nothing of the request can have been written.
    pub(crate) was_never_sent: bool,
}

/// A call under way.
pub(crate) struct Course<O> {
    pub(crate) pacer: Pacer,
    pub(crate) profile: Arc<Profile>,
    /// The path that is called, without query.
    pub(crate) path: Box<str>,
    pub(crate) outbound: O,
    pub(crate) progress: Progress,
}

/// How far a call came.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Progress {
    attempts: u32,
    /// The status of the last refusal.
    last: Option<StatusCode>,
}

/// What an attempt leads to.
enum Step<B: Body> {
    Delivered(Response<PacedBody<B>>),
    Again(Permit),
}

// All of it takes `&mut self`: what is not shared need not be `Sync`, and many bodies are not.
impl<O: Outbound> Course<O> {
    /// Makes the call, as often and as late as it takes.
    pub(crate) async fn run(mut self, spec: CallSpec) -> Result<Response<PacedBody<O::Body>>, Error> {
        let waiting = self.pacer.submit(spec);
        let mut permit = self.turn(waiting).await?;
        loop {
            match self.attempt(permit).await? {
                Step::Delivered(response) => return Ok(response),
                Step::Again(next) => permit = next,
            }
        }
    }

    /// Waits for the call's turn.
    async fn turn(&mut self, waiting: Waiting) -> Result<Permit, Error> {
        waiting.await.map_err(|ended| self.ended(ended))
    }

    const fn ended(&self, ended: Ended) -> Error {
        Error::ended(ended, self.progress.attempts, self.progress.last)
    }

    /// Uses `permit`. The client is asked whether it is ready only now: had it promised before, its promise would be
    /// held, and missed by others, as long as the platform's wait lasts.
    async fn attempt(&mut self, permit: Permit) -> Result<Step<O::Body>, Error> {
        let attempt = self.progress.attempts + 1;
        let ready = self.outbound.ready().await.map_err(|source| Error::NotReady { attempt, source })?;
        let in_flight = match permit.depart().await? {
            LastLook::Departed(in_flight) => in_flight,
            LastLook::Recalled(waiting) => {
                drop(ready);
                return Ok(Step::Again(self.turn(waiting).await?));
            }
        };
        self.progress.attempts = attempt;
        match self.outbound.send(ready).await {
            Ok(response) => self.answered(in_flight, response).await,
            Err(failed) => self.failed(in_flight, failed).await,
        }
    }

    async fn failed(&mut self, in_flight: InFlight, failed: Failed) -> Result<Step<O::Body>, Error> {
        let reply = if failed.was_never_sent { Reply::NotSent } else { Reply::Lost };
        let why = match in_flight.settle(reply).await? {
            Next::Retry(waiting) if self.outbound.is_repeatable() => {
                return Ok(Step::Again(self.turn(waiting).await?));
            }
            Next::Retry(_) => GiveUp::Cancelled,
            Next::GiveUp(why) => why,
            // There is nothing to deliver; nobody knows whether it was applied.
            Next::Deliver => GiveUp::InDoubt,
        };
        Err(Error::Failed { why, attempts: self.progress.attempts, source: failed.error })
    }

    /// Tells the machine of a reply as soon as it is known what it is: a refusal closes the gate for everybody.
    async fn answered(
        &mut self,
        in_flight: InFlight,
        response: Response<O::Body>,
    ) -> Result<Step<O::Body>, Error> {
        let (mut head, body) = response.into_parts();
        let mut body = PacedBody::new(body);
        self.read_what_tells(&head, &mut body).await;
        let reply = Reply::Answered(self.received(&head, &body.seen()).read(&self.profile));
        let (slot, next) = in_flight.reply(reply).await?;
        body.hold(slot);
        let given_up = match next {
            Next::Retry(waiting) if self.outbound.is_repeatable() => {
                self.progress.last = Some(head.status);
                return self.drain_until_turn(body, waiting).await;
            }
            Next::Retry(_) => Some(GiveUp::Cancelled),
            Next::GiveUp(why) => Some(why),
            Next::Deliver => None,
        };
        head.extensions.insert(CallEnd { attempts: self.progress.attempts, given_up });
        Ok(Step::Delivered(Response::from_parts(head, body)))
    }

    /// Reads so much of a body as the platform's profile asks for. What does not come in time counts as not said.
    async fn read_what_tells(&mut self, head: &response::Parts, body: &mut PacedBody<O::Body>) {
        let patience = match self.received(head, &[]).needs_body(&self.profile) {
            BodyNeed::None => return,
            BodyNeed::Wanted => MORE_WORDS_PATIENCE,
            BodyNeed::Decisive => MEANING_PATIENCE,
        };
        // Late is as good as not said.
        drop(tokio::time::timeout(patience, body.look_ahead(BODY_LOOK)).await);
    }

    fn received<'a>(&'a self, head: &'a response::Parts, body: &'a [u8]) -> Received<'a> {
        Received { status: head.status, headers: &head.headers, path: &self.path, body }
    }

    /// Reads the rest of a refusal, so that its connection can be used again, but not past the call's turn.
    async fn drain_until_turn(
        &mut self,
        mut body: PacedBody<O::Body>,
        mut waiting: Waiting,
    ) -> Result<Step<O::Body>, Error> {
        let come = tokio::select! {
            biased;
            turn = &mut waiting => Some(turn),
            () = body.look_ahead(REFUSAL_READ) => None,
            () = tokio::time::sleep(DRAIN_PATIENCE) => None,
        };
        drop(body);
        let turn = match come {
            Some(turn) => turn,
            None => waiting.await,
        };
        turn.map(Step::Again).map_err(|ended| self.ended(ended))
    }
}

/// How long a refusal may take to name its scope or wait, while calls that it concerns may still depart. Its body mostly
/// comes with its head.
const MORE_WORDS_PATIENCE: Duration = Duration::from_secs(1);
/// How long a body may take to say whether it is a refusal: as long as most clients wait for a reply at all.
const MEANING_PATIENCE: Duration = Duration::from_secs(60);
/// The most that is read of a refusal that is not delivered: a new connection costs less than more.
const REFUSAL_READ: usize = 64 * 1024;
/// How long that may take: its slot is not free meanwhile.
const DRAIN_PATIENCE: Duration = Duration::from_secs(1);
