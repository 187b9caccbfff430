//! Why nothing departs just now, in words.

use std::time::Duration;

use paceline::driver::Status as PacerStatus;
use paceline_core::{GateCause, WaitReason};
use serde::Serialize;

/// What the next departure waits for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct WaitsFor {
    /// `gate`, `pace`, `backoff`, or `answer`: only an answer lets something depart.
    pub(super) reason: &'static str,
    /// For how long still, in milliseconds; None: nobody knows.
    pub(super) for_ms: Option<u64>,
    /// For people.
    pub(super) words: String,
}

impl WaitsFor {
    /// None where nothing waits. `left` is how long its wait lasts, None for ever; `named` is what a scope is called.
    pub(super) fn of(status: &PacerStatus, left: Option<Duration>, scope: &str) -> Option<Self> {
        if status.waiting == 0 {
            return None;
        }
        let (reason, left, words) = match status.wait.map(|(_, reason)| reason) {
            Some(WaitReason::Gate { cause, .. }) => {
                ("gate", left, format!("{scope} is closed {}: {}", until(left), why_closed(cause)))
            }
            Some(WaitReason::Pace { .. }) => {
                let due = left.filter(|left| !left.is_zero());
                let due = due.map_or_else(|| "now".to_owned(), |left| format!("in {}", roughly(left)));
                ("pace", left, format!("the pace of {scope}: due {due}"))
            }
            Some(WaitReason::Backoff) => (
                "backoff",
                left,
                format!("a call that failed waits before it is tried again, {}", until(left)),
            ),
            Some(WaitReason::Deadline) | None => {
                let out = status.in_flight;
                ("answer", None, format!("an answer: {out} in flight, as many as may be"))
            }
        };
        Some(Self { reason, for_ms: left.map(millis), words })
    }
}

/// Why a gate is closed.
pub(super) const fn why_closed(cause: GateCause) -> &'static str {
    match cause {
        GateCause::RetryAfter => "the platform asks to be left alone for so long",
        GateCause::Backoff => "the platform refused, and did not say for how long",
        GateCause::Outage => "the platform looks down",
        GateCause::Unauthorized => "its credential is not accepted",
        GateCause::Banned => "the platform has shut it out",
    }
}

/// The name of a cause, for programs.
pub(super) const fn cause_name(cause: GateCause) -> &'static str {
    match cause {
        GateCause::RetryAfter => "retry_after",
        GateCause::Backoff => "backoff",
        GateCause::Outage => "outage",
        GateCause::Unauthorized => "unauthorized",
        GateCause::Banned => "banned",
    }
}

/// Until when, from now.
pub(super) fn until(left: Option<Duration>) -> String {
    left.map_or_else(
        || "until somebody intervenes".to_owned(),
        |left| format!("for another {}", roughly(left)),
    )
}

pub(super) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// A span to two figures or so, rounded up.
fn roughly(span: Duration) -> String {
    let millis = span.as_nanos().div_ceil(1_000_000);
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..10_000 => {
            let tenths = millis.div_ceil(100);
            format!("{}.{} s", tenths / 10, tenths % 10)
        }
        10_000..120_000 => format!("{} s", millis.div_ceil(1_000)),
        120_000..7_200_000 => format!("{} min", millis.div_ceil(60_000)),
        _ => format!("{} h", millis.div_ceil(3_600_000)),
    }
}

#[cfg(test)]
mod tests {
    use paceline_core::Instant;

    use super::*;

    fn status(waiting: usize, reason: Option<WaitReason>) -> PacerStatus {
        PacerStatus { waiting, in_flight: 7, wait: reason.map(|reason| (Instant::EPOCH, reason)) }
    }

    #[test]
    fn every_reason_has_words() {
        let left = Some(Duration::from_millis(2_340));
        let words = |reason, left| WaitsFor::of(&status(3, reason), left, "credential a").unwrap().words;
        assert_eq!(
            words(Some(WaitReason::Backoff), left),
            "a call that failed waits before it is tried again, for another 2.4 s"
        );
        let answer = "an answer: 7 in flight, as many as may be";
        assert_eq!(words(Some(WaitReason::Deadline), left), answer);
        assert_eq!(words(None, None), answer);
    }

    #[test]
    fn where_nothing_waits_there_is_no_reason() {
        assert_eq!(WaitsFor::of(&status(0, Some(WaitReason::Backoff)), None, ""), None);
    }

    #[test]
    fn spans_are_rounded_up() {
        let cases = [
            (0, "0 ms"),
            (1, "1 ms"),
            (1_000_000, "1.0 s"),
            (9_950_000, "10.0 s"),
            (10_000_001, "11 s"),
            (121_000_000, "3 min"),
            (7_200_000_000, "2 h"),
        ];
        for (micros, text) in cases {
            assert_eq!(roughly(Duration::from_micros(micros)), text);
        }
        assert_eq!(until(None), "until somebody intervenes");
    }
}
