//! What text and page say alike.

use std::time::Duration;

use paceline_core::GateCause;
use serde_json::{Map, Value};

use super::Clock;
use super::clock::coarse_span;
use super::summary::{ClosedGate, Learned, RunState, Summary};
use super::tally::Extent;
use crate::journal::{Letter, RecordRef, ScopeName};

/// Where a record is, for people: `line 7, key 12`.
pub(super) fn place_of(record: &RecordRef) -> String {
    place(record.line, record.position, record.key.as_deref())
}

/// The kept headers of a letter's answer, values that are not text as JSON.
pub(super) fn headers(letter: &Letter) -> Vec<(String, String)> {
    let Some(text) = &letter.headers else { return Vec::new() };
    let Ok(headers) = serde_json::from_str::<Map<String, Value>>(text) else {
        return vec![("headers".to_owned(), text.clone())];
    };
    let text_of = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    headers.into_iter().map(|(name, value)| (name, text_of(value))).collect()
}

/// How the latest run stands: names and what is told under them.
pub(super) fn told_run(summary: &Summary, clock: &Clock) -> Vec<(&'static str, String)> {
    let Some(run) = &summary.run else { return vec![("latest run", "none".to_owned())] };
    let stands = match (&run.ended, summary.run_state) {
        (Some((_, reason, _)), _) => reason.as_str(),
        (None, RunState::UnderWay) => "under way",
        (None, _) => "crashed: it never said that it ended",
    };
    let mut told = vec![("latest run", format!("number {}, {stands}", run.number))];
    told.push(("  started", clock.told(run.started)));
    told.extend(run.ended.as_ref().map(|(at, ..)| ("  ended", clock.told(*at))));
    told
}

/// A closed gate, in a line.
pub(super) fn told_gate(gate: &ClosedGate, clock: &Clock) -> String {
    let opens = match gate.opens {
        Some(at) => format!("opens {}", clock.told(at)),
        None => "opens when you run again".to_owned(),
    };
    format!("{} {opens}: {}", told_scope(&gate.scope), cause(gate.cause))
}

/// What was learned about a scope, in a line.
pub(super) fn told_limits(learned: &Learned) -> String {
    let longest = |span: Duration| format!("longest Retry-After {}", coarse_span(span));
    let parts: Vec<_> = learned.words().into_iter().chain(learned.longest_retry_after.map(longest)).collect();
    format!("{} {}", told_scope(&learned.scope), parts.join(", "))
}

/// `number` with commas between thousands.
pub(super) fn counted(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The counts and their names, in the order in which they are told.
pub(super) fn named_counts(summary: &Summary) -> Vec<(&'static str, u64)> {
    let tally = &summary.tally;
    let mut counts = vec![("delivered", tally.delivered), ("dead", tally.dead), ("in doubt", tally.in_doubt)];
    if tally.under_way > 0 {
        counts.push(("under way", tally.under_way));
    }
    counts.push(("still to do", tally.todo));
    counts
}

/// What the counts leave unsaid, in sentences.
pub(super) fn remarks(summary: &Summary) -> Vec<String> {
    let mut remarks = Vec::new();
    match summary.tally.extent {
        Extent::Whole { older, is_changed } => {
            if is_changed {
                remarks.push(
                    "the source has changed since the latest run: these are its counts as it is now".into(),
                );
            }
            if older > 0 {
                remarks.push(format!("{} more of an older source are in the journal", counted(older)));
            }
        }
        Extent::Unread => {
            let why = summary.unread.as_deref().unwrap_or_default();
            remarks.push(format!("more may be still to do, how many is unknown: {why}"));
        }
    }
    remarks
}

/// Where the record at `position` is; `line` is 0 where there are none.
pub(super) fn place(line: u64, position: u64, key: Option<&str>) -> String {
    let place = if line == 0 { format!("record {}", position + 1) } else { format!("line {line}") };
    key.map_or_else(|| place.clone(), |key| format!("{place}, key {key}"))
}

/// A scope by kind and name.
pub(super) fn told_scope(scope: &ScopeName) -> String {
    format!("{} {}", scope.kind.name(), scope.name)
}

fn cause(cause: GateCause) -> &'static str {
    match cause {
        GateCause::RetryAfter => "the platform named the wait (Retry-After)",
        GateCause::Backoff => "a refusal that named no wait",
        GateCause::Outage => "the platform looked down",
        GateCause::Unauthorized => "the credential was not accepted",
        GateCause::Banned => "the platform shut this client out",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        let cases = [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")];
        for (number, text) in cases {
            assert_eq!(counted(number), text);
        }
    }
}
