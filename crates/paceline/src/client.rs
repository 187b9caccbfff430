//! The HTTP client: call, permit, attempt, reply, verdict. Its loop is that of everything in Paceline that makes calls.

mod attempt;
mod builder;
mod error;
mod reply_body;
mod request;
mod response;
mod streamed;
mod whole;

use std::sync::Arc;

use paceline_core::Profile;

use crate::driver::{CallSpec, Pacer, Waiting};
use crate::http::{Pool, Target, Tls, TlsConfigs};

pub use builder::{ClientBuilder, Timeouts};
pub use error::{CallError, GivenUp};
pub use reply_body::ReplyBody;
pub use request::{
    Applied, AttemptReport, AttemptStep, BeforeDeparture, BeforeDepartureFuture, OnAttempt, OnSetback,
    OnStep, Request, Setback,
};
pub use response::Response;
pub use streamed::Streamed;

use attempt::{Run, Sent, Step};

/// An HTTP client that never sends earlier than the platform allows. Cheap to clone; clones share the
/// pacer and the connections.
///
/// # What a call promises
/// It ends once: with the platform's reply, or with the reason why not. Between its attempts it waits as
/// long as the platform asks. Whether an attempt that failed is repeated depends on which side of the first
/// byte it failed:
///
/// | what happened | the machine is told | when |
/// | --- | --- | --- |
/// | no connection, or closed before the request was begun | not sent: safe to repeat | at once |
/// | time-out, reset, or truncated or oversized body of a 1xx to 3xx reply | lost: it may have been applied | at once |
/// | a status of 400 or more | the reply | when the head is read: the gate closes before the body comes |
/// | the same, where only the body tells what it means ([`ClientBuilder::profile`]) | the reply | after the first 64 KiB of the body |
/// | a status below 400 | the reply | after the body: until then the reply may still be lost |
///
/// A reply that refuses its call whatever its status says, such as a 200 whose body says that it was throttled, is waited out
/// and repeated as a 429 is, and never delivered.
///
/// Bodies of statuses of 400 and more are read up to 64 KiB, then the connection is closed rather than read
/// on; their truncation changes nothing. Redirects are not followed: they are delivered.
///
/// Dropping the future of a call cancels it: what was not sent is refunded, and a connection on which a
/// reply is owed is closed.
#[derive(Clone, Debug)]
pub struct Client {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    pacer: Pacer,
    pool: Pool,
    tls: Tls,
    timeouts: Timeouts,
    profile: Arc<Profile>,
    max_reply_body: usize,
}

impl Client {
    /// A client with the defaults of [`ClientBuilder`].
    ///
    /// # Panics
    /// Outside a tokio runtime with its timer on.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A client to be configured.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    /// The pacer that decides when this client's calls depart: name scopes and set limits there.
    #[must_use]
    pub fn pacer(&self) -> &Pacer {
        &self.inner.pacer
    }

    /// Makes a call, as often and as late as it takes.
    ///
    /// # Errors
    /// When it cannot be made, or has ended without being accepted: see [`CallError`].
    pub async fn call(&self, request: Request) -> Result<Response, CallError> {
        let (mut run, waiting) = self.begin(request)?;
        let mut permit = run.turn(waiting).await?;
        loop {
            permit = match Box::pin(run.attempt(permit)).await? {
                Sent::Again(next) => next,
                Sent::Answered(arriving, in_flight) => match run.take_whole(*arriving, in_flight).await? {
                    Step::Delivered(response) => return Ok(response),
                    Step::Again(next) => next,
                },
            };
        }
    }

    /// Makes a call as [`Client::call`] does, and delivers its last reply, whatever its status, when its head has come; the body follows.
    /// So a reply below 400 that breaks off is not repeated. It is queued at once, not only when what is returned is first polled.
    ///
    /// # Errors
    /// When it cannot be made, or has ended without a last reply to deliver: see [`CallError`].
    pub fn stream(&self, request: Request) -> impl Future<Output = Result<Streamed, CallError>> + Send {
        // Before the future is made: it would keep room for the whole request while it waits.
        let begun = self.begin(request);
        async move {
            let (mut run, waiting) = begun?;
            let mut permit = run.turn(waiting).await?;
            loop {
                permit = match Box::pin(run.attempt(permit)).await? {
                    Sent::Again(next) => next,
                    // Boxed: a call that waits for its first permit makes no room for its reply.
                    Sent::Answered(arriving, in_flight) => {
                        match Box::pin(run.take_head(*arriving, in_flight)).await? {
                            Step::Delivered(streamed) => return Ok(streamed),
                            Step::Again(next) => next,
                        }
                    }
                };
            }
        }
    }

    /// Makes a call past the pacer, at once and without another attempt: for what falls under none of its limits, such as
    /// signing in. Its answer teaches nobody anything.
    ///
    /// # Errors
    /// When it cannot be made, or no reply came.
    pub fn stream_unpaced(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<Streamed, CallError>> + Send {
        let run = self.run(request);
        async move { Box::pin(run?.pass()).await }
    }

    fn begin(&self, request: Request) -> Result<(Box<Run<'_>>, Waiting), CallError> {
        let spec = spec(&request);
        let run = self.run(request)?;
        Ok((run, self.inner.pacer.submit(spec)))
    }

    fn run(&self, request: Request) -> Result<Box<Run<'_>>, CallError> {
        let (target, tls) = self.target(&request)?;
        Ok(Box::new(Run::new(&self.inner, request, target, tls)))
    }

    fn target(&self, request: &Request) -> Result<(Target, Option<TlsConfigs>), CallError> {
        let target = Target::new(&request.uri)?;
        let tls = if target.origin.secure { Some(self.inner.tls.configs()?) } else { None };
        Ok((target, tls))
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

fn spec(request: &Request) -> CallSpec {
    CallSpec {
        client: request.client,
        scopes: request.scopes,
        cost: request.cost,
        weight: request.weight,
        priority: request.priority,
        deadline: request.deadline,
        decline_late: request.decline_late,
        on_uncertain: request.on_uncertain,
    }
}
