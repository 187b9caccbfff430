//! What an earlier load test tells: its log is read, nothing is sent.

use std::path::Path;

use serde_json::{Value, json};

use super::configuration::{self, Trust};
use super::inference::{Candidate, Inference, candidates};
use super::log::{LogError, Passed, ResultsLog};
use crate::learned::{ToldLimits, in_words};

/// What a log of results tells.
#[derive(Clone, Debug)]
pub struct Reading {
    name: String,
    inference: Inference,
    passed: Passed,
}

/// Reads the log at `path`, as often as the inference asks.
///
/// # Errors
/// When it is no log of results.
pub fn read(path: &Path) -> Result<Reading, LogError> {
    let log = ResultsLog::open(path)?;
    let mut passed = Passed::default();
    let inference = candidates(|tell| {
        passed = log.play(tell)?;
        Ok(())
    })?;
    Ok(Reading { name: path.display().to_string(), inference, passed })
}

impl Reading {
    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let Inference { accepted, refused, span, .. } = &self.inference;
        let mut text = format!(
            "{}: {} answered calls in {:.1} s, {accepted} accepted, {refused} refused (429 or 503)",
            self.name,
            accepted + refused,
            span.as_secs_f64()
        );
        for note in self.notes() {
            text.push_str(&format!("\n{note}"));
        }
        for line in reached(&self.inference) {
            text.push_str(&format!("\nreached: {line}"));
        }
        for line in conclusions(&self.inference) {
            text.push_str(&format!("\n{line}"));
        }
        text.push_str(
            "\nnote: a log of JMeter has no Retry-After, so how long the platform wants to be left alone is not in it; and the \
             quota was shared with whatever else used it then. `paceline probe URL` asks the platform itself",
        );
        text
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let Inference { accepted, refused, span, .. } = &self.inference;
        json!({
            "log": self.name,
            "accepted": accepted,
            "refused": refused,
            "unanswered": self.passed.unanswered,
            "unreadable": self.passed.unreadable,
            "seconds": span.as_secs_f64(),
            "reached": self.inference.highest,
            "most_in_flight": self.inference.most_in_flight,
            "candidates": told(&self.inference),
            "is_ambiguous": self.inference.candidates.len() > 1,
            "toml": self.toml(),
        })
    }

    /// `[limits]` of the first candidate; None: there is none.
    #[must_use]
    pub fn toml(&self) -> Option<String> {
        let [best, others @ ..] = &self.inference.candidates[..] else { return None };
        let mut remarks = vec![
            format!("Read by `paceline probe --from {}`: {}.", self.name, words(best)),
            "A log of earlier calls is no promise: whatever else used the quota then is not in it."
                .to_owned(),
        ];
        remarks.extend(others.iter().map(|other| format!("As likely: {}.", words(other))));
        let trust = if others.is_empty() { Trust::Known } else { Trust::Start };
        configuration::limits(&best.learned, trust, &remarks)
    }

    fn notes(&self) -> Vec<String> {
        let Passed { unreadable, first, unanswered, .. } = &self.passed;
        let mut notes = Vec::new();
        if *unanswered > 0 {
            notes.push(format!("{unanswered} calls got no answer and are left out"));
        }
        if let Some(first) = first {
            notes.push(format!("{unreadable} rows cannot be read and are left out; the first is {first}"));
        }
        notes
    }
}

/// What was accepted at most without a refusal.
pub(super) fn reached(inference: &Inference) -> Vec<String> {
    let highest = inference.highest.iter();
    let mut lines: Vec<String> = highest
        .map(|highest| {
            format!("{} accepted within {} s without a refusal", highest.accepted, highest.period_s)
        })
        .collect();
    if inference.most_in_flight > 0 {
        lines.push(format!("{} accepted calls in flight at once", inference.most_in_flight));
    }
    lines
}

/// The candidates as programs read them.
pub(super) fn told(inference: &Inference) -> Vec<Value> {
    let candidates = inference.candidates.iter().map(|candidate| {
        json!({
            "limits": ToldLimits::without_evidence(&candidate.learned),
            "refusals": candidate.refusals,
            "explained": candidate.explained,
            "limit_between": [candidate.bounds.0, candidate.bounds.1],
        })
    });
    candidates.collect()
}

fn conclusions(inference: &Inference) -> Vec<String> {
    match &inference.candidates[..] {
        [] if inference.refused == 0 => {
            vec!["no limit was met: it is higher than what was reached".to_owned()]
        }
        [] => vec![
            "no single limit explains the refusals: several may have refused, or there are too few of them to tell".to_owned(),
        ],
        [one] => vec![format!("limit: {}", words(one))],
        several => {
            let likely = several.iter().map(|candidate| format!("likely: {}", words(candidate)));
            let ambiguous = "these cannot be told apart from this log: it would take another pattern of calls";
            likely.chain([ambiguous.to_owned()]).collect()
        }
    }
}

/// A candidate with its evidence.
pub(super) fn words(candidate: &Candidate) -> String {
    let Candidate { learned, explained, refusals, bounds: (low, high) } = candidate;
    let limit = in_words(learned).unwrap_or_default();
    format!(
        "{limit} explains {explained} of {refusals} refusals; by that count, the limit is between {low:.0} and {high:.0}"
    )
}
