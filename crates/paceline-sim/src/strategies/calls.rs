//! What the clients of today make of an answer, and which of their calls may not be repeated.

use std::time::Duration;

use paceline_core::{Answered, CallId, GiveUp, Reply};
use rustc_hash::FxHashSet;

use crate::platform::RetryAfter;
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

/// How long the platform asked to be left alone, rightly read; None when it did not say. A date is compared with the client's own
/// clock, as urllib3 and got do: what is over by that says nothing.
pub(super) fn told(answer: &Answer) -> Option<Duration> {
    let Reply::Answered(answered) = &answer.reply else { return None };
    let wait = answered.retry_after?;
    match answer.retry_after {
        Some(RetryAfter::Date { .. }) => wait.checked_sub(answer.clock_behind).filter(|wait| !wait.is_zero()),
        _ => Some(wait),
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
    fn a_date_of_a_clock_that_is_behind_is_over_for_who_has_another_clock() {
        let wait = Duration::from_secs(8);
        let at = |millis| paceline_core::WallTime::from_unix_millis(millis);
        let told_by = |retry_after, clock_behind| {
            let reply = Reply::Answered(Answered { retry_after: Some(wait), ..Answered::status(429) });
            told(&Answer { reply, retry_after: Some(retry_after), clock_behind })
        };
        let date = RetryAfter::Date { at: at(9_000), sent: at(1_000) };
        assert_eq!(told_by(date, Duration::ZERO), Some(wait));
        assert_eq!(told_by(date, Duration::from_secs(3)), Some(Duration::from_secs(5)));
        assert_eq!(told_by(date, Duration::from_secs(90)), None);
        assert_eq!(told_by(RetryAfter::Seconds(8), Duration::from_secs(90)), Some(wait));
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
