//! How a call ends that no reply is streamed for, and what that is to its client.

use std::sync::atomic::Ordering;
use std::time::Duration;

use paceline::client::{CallError, GivenUp, Response};
use paceline::http::AttemptError;
use paceline_core::{GiveUp, Reply, SubmitError};
use tokio::time::Instant;

use super::Proxy;
use super::departing::Departing;
use super::own_answer::OwnAnswer;

/// How a call ends that no reply is streamed for.
pub(super) enum End {
    Own(OwnAnswer),
    /// Its time is over, and this is what the platform said last.
    Last(Box<Response>),
}

impl End {
    /// Of a call that `error` has ended.
    pub(super) fn of(proxy: &Proxy, error: CallError) -> Self {
        match error {
            CallError::GaveUp(given_up) => match *given_up {
                GivenUp { detail: None, last: Some(last), .. } => Self::Last(Box::new(last)),
                given_up => Self::Own(given_up_answer(&given_up)),
            },
            other => Self::Own(own_answer(proxy, other)),
        }
    }

    /// The proxy ends before the call does.
    pub(super) fn cut_off(proxy: &Proxy, departing: &Departing, is_paced: bool) -> Self {
        if departing.is_under_way() {
            proxy.has_lost_reply.store(true, Ordering::Release);
        } else if is_paced {
            return OwnAnswer::Draining.into();
        }
        OwnAnswer::InDoubt("paceline was told to stop".to_owned()).into()
    }
}

impl From<OwnAnswer> for End {
    fn from(own: OwnAnswer) -> Self {
        Self::Own(own)
    }
}

/// What the end of a call that brought no reply is to its client.
fn own_answer(proxy: &Proxy, error: CallError) -> OwnAnswer {
    match error {
        CallError::Late { expected } => {
            OwnAnswer::Late { retry_after: expected.saturating_duration_since(Instant::now()) }
        }
        CallError::NotTaken(SubmitError::QueueFull) => OwnAnswer::QueueFull,
        CallError::NotTaken(SubmitError::ForgottenScope(_)) => {
            proxy.scopes.forget_idle();
            OwnAnswer::QueueFull
        }
        other => OwnAnswer::Internal(with_causes(&other)),
    }
}

fn given_up_answer(given_up: &GivenUp) -> OwnAnswer {
    let why = given_up.detail.as_ref().map_or_else(|| given_up.to_string(), |detail| with_causes(detail));
    match (&given_up.detail, given_up.why) {
        (Some(AttemptError::TimedOut { .. }), _) => OwnAnswer::TimedOut(why),
        (Some(detail), _) if detail.reply() == Reply::NotSent => OwnAnswer::Unreachable(why),
        (None, GiveUp::Expired) => OwnAnswer::Late { retry_after: AFTER_EXPIRY },
        _ => OwnAnswer::InDoubt(why),
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// A call that was held in vain was forecast too early: nobody knows better yet.
const AFTER_EXPIRY: Duration = Duration::from_secs(5);
