//! What the clients of today make of an answer, and which of their calls may not be repeated.

use std::time::Duration;

use paceline_core::{Answered, CallId, GiveUp, Reply};
use rustc_hash::FxHashSet;

use crate::strategy::{Answer, Fate, Submission};

/// The calls of a client, as far as their answers have to be read differently.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// Those that are lost rather than sent again when nobody knows whether they were applied.
    once: FxHashSet<CallId>,
}

/// What an answer means to a client that retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// The call has ended.
    Ended(Fate),
    /// The platform refused it: 429, 503 with a wait, or a 403, which clients of today take for another refusal.
    Refused,
    /// It failed, and may be sent again.
    Failed,
}

impl Calls {
    /// A call begins.
    pub(super) fn begin(&mut self, submission: &Submission) {
        if !submission.is_repeatable {
            self.once.insert(submission.call);
        }
    }

    /// Reads an answer to one of the calls' attempts; a call that ends is forgotten.
    pub(super) fn read(&mut self, call: CallId, answer: &Answer) -> Reading {
        let reading = match answer.reply {
            Reply::NotSent => Reading::Failed,
            Reply::Lost => self.uncertain(call),
            Reply::Answered(Answered { status, .. }) => match status {
                200..=299 => Reading::Ended(Fate::Delivered),
                403 | 429 => Reading::Refused,
                503 if told(answer).is_some() => Reading::Refused,
                300..=499 => Reading::Ended(Fate::GivenUp(GiveUp::Rejected)),
                _ => self.uncertain(call),
            },
        };
        if let Reading::Ended(_) = reading {
            self.forget(call);
        }
        reading
    }

    /// A call has ended without an answer of its own.
    pub(super) fn forget(&mut self, call: CallId) {
        self.once.remove(&call);
    }

    fn uncertain(&self, call: CallId) -> Reading {
        if self.once.contains(&call) {
            Reading::Ended(Fate::GivenUp(GiveUp::InDoubt))
        } else {
            Reading::Failed
        }
    }
}

/// How long the platform asked to be left alone, rightly read; None when it did not say.
pub(super) const fn told(answer: &Answer) -> Option<Duration> {
    match &answer.reply {
        Reply::Answered(answered) => answered.retry_after,
        Reply::NotSent | Reply::Lost => None,
    }
}

/// The wait after a refusal or a failure that named none: a second, in the measured clients as in the snippets.
pub(super) const UNNAMED_WAIT: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use paceline_core::Cost;

    use super::*;
    use crate::strategy::Lane;

    fn reading(reply: Reply, is_repeatable: bool) -> Reading {
        let mut calls = Calls::default();
        let (call, lane) = (CallId(1), Lane::default());
        calls.begin(&Submission { call, lane, cost: Cost::ONE, is_repeatable });
        calls.read(call, &reply.into())
    }

    #[test]
    fn refusals_and_bans_are_waited_out_and_rejections_end_a_call() {
        let wait = Duration::from_secs(1);
        for refusal in [Reply::status(429), Reply::status(403), Reply::refused(503, wait)] {
            assert_eq!(reading(refusal, false), Reading::Refused);
        }
        assert_eq!(reading(Reply::status(201), false), Reading::Ended(Fate::Delivered));
        for status in [301, 400, 401, 404, 422] {
            let rejected = Reading::Ended(Fate::GivenUp(GiveUp::Rejected));
            assert_eq!(reading(Reply::status(status), true), rejected);
        }
    }

    #[test]
    fn only_what_may_be_repeated_is_sent_again_when_its_fate_is_uncertain() {
        for reply in [Reply::Lost, Reply::status(500), Reply::status(503)] {
            assert_eq!(reading(reply.clone(), true), Reading::Failed);
            assert_eq!(reading(reply, false), Reading::Ended(Fate::GivenUp(GiveUp::InDoubt)));
        }
        assert_eq!(reading(Reply::NotSent, false), Reading::Failed);
    }
}
