//! What an answer means.

use crate::reply::{Answered, Reply};

/// What an attempt came to.
///
/// The order of the questions is a decision of the design: a profile may say otherwise, nothing else may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Applied: any 1xx or 2xx status, and 304, which says that it is so already.
    Accepted,
    /// Refused for a limit (429) and not applied: always safe to send again.
    Throttled,
    /// Refused for load (503 with `Retry-After`) and not applied: always safe to send again.
    Overloaded,
    /// Never reached the platform: safe to send again.
    Transient,
    /// May have been applied: any other 5xx, or no usable answer after the first byte was written.
    Uncertain,
    /// The credential is not accepted (401): the fault of the run, never of the record.
    Unauthorized,
    /// Shut out (403 after throttling): nothing may be sent under this scope.
    Banned,
    /// The platform does not want this call here: any other 3xx (redirects are not followed, so nothing was
    /// applied) or 4xx; or it cannot do at all what is asked, now or later (501, 505).
    Rejected,
}

impl Outcome {
    /// Reads `reply`. `after_throttling` tells whether one of the call's scopes was refused lately,
    /// which makes of a 403 a ban.
    #[must_use]
    pub fn of(reply: &Reply, after_throttling: bool) -> Self {
        match reply {
            Reply::Answered(answered) => Self::of_answer(answered, after_throttling),
            Reply::NotSent => Self::Transient,
            Reply::Lost => Self::Uncertain,
        }
    }

    /// The same of the head of a response.
    #[must_use]
    pub fn of_answer(answered: &Answered, after_throttling: bool) -> Self {
        if let Some(meaning) = answered.meaning {
            return meaning.outcome();
        }
        match answered.status {
            100..=299 | 304 => Self::Accepted,
            429 => Self::Throttled,
            503 if answered.retry_after.is_some() => Self::Overloaded,
            401 => Self::Unauthorized,
            403 if after_throttling => Self::Banned,
            // RFC 9110 15.6.2, 15.6.6: not a fault of the moment.
            300..=499 | 501 | 505 => Self::Rejected,
            _ => Self::Uncertain,
        }
    }
}

/// What a reply means where a profile knows better than its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// [`Outcome::Throttled`].
    Throttled,
    /// [`Outcome::Overloaded`].
    Overloaded,
    /// [`Outcome::Banned`].
    Banned,
    /// [`Outcome::Rejected`].
    Rejected,
}

impl Meaning {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Throttled, Self::Overloaded, Self::Banned, Self::Rejected];

    /// The meaning's name as profiles write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Overloaded => "overloaded",
            Self::Banned => "banned",
            Self::Rejected => "rejected",
        }
    }

    const fn outcome(self) -> Outcome {
        match self {
            Self::Throttled => Outcome::Throttled,
            Self::Overloaded => Outcome::Overloaded,
            Self::Banned => Outcome::Banned,
            Self::Rejected => Outcome::Rejected,
        }
    }
}

/// What to do with a call after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Hand the answer to the caller; the call has ended.
    Deliver,
    /// It is queued again already; wait for its next departure.
    Retry,
    /// The call has ended without success.
    GiveUp(GiveUp),
}

/// Why a call ended without success. Refusals alone are never a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GiveUp {
    /// The platform does not want it ([`Outcome::Rejected`]).
    Rejected,
    /// It may have been applied, and sending it again might double it ([`crate::OnUncertain::Hold`]).
    InDoubt,
    /// It failed [`crate::Config::max_attempts`] times while other calls passed.
    Exhausted,
    /// Its deadline passed while it waited.
    Expired,
    /// The caller took it back.
    Cancelled,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_answer_means_what_the_design_decided() {
        let second = Duration::from_secs(1);
        let cases = [
            (Reply::status(200), Outcome::Accepted),
            (Reply::status(302), Outcome::Rejected),
            (Reply::status(308), Outcome::Rejected),
            (Reply::status(304), Outcome::Accepted),
            (Reply::status(429), Outcome::Throttled),
            (Reply::refused(429, second), Outcome::Throttled),
            (Reply::refused(503, second), Outcome::Overloaded),
            (Reply::status(503), Outcome::Uncertain),
            (Reply::status(500), Outcome::Uncertain),
            (Reply::status(501), Outcome::Rejected),
            (Reply::status(502), Outcome::Uncertain),
            (Reply::status(505), Outcome::Rejected),
            (Reply::status(401), Outcome::Unauthorized),
            (Reply::status(403), Outcome::Rejected),
            (Reply::status(404), Outcome::Rejected),
            (Reply::status(413), Outcome::Rejected),
            (Reply::status(999), Outcome::Uncertain),
            (Reply::NotSent, Outcome::Transient),
            (Reply::Lost, Outcome::Uncertain),
        ];
        for (reply, outcome) in cases {
            assert_eq!(Outcome::of(&reply, false), outcome, "{reply:?}");
        }
        assert_eq!(Outcome::of(&Reply::status(403), true), Outcome::Banned);
    }

    #[test]
    fn a_profile_knows_better_than_any_status() {
        for status in [200, 400, 401, 403, 429, 500, 529] {
            for meaning in Meaning::ALL {
                let reply = Reply::Answered(Answered { meaning: Some(meaning), ..Answered::status(status) });
                assert_eq!(Outcome::of(&reply, true), meaning.outcome(), "{status}");
                assert_eq!(Outcome::of(&reply, false), meaning.outcome(), "{status}");
            }
        }
    }
}
