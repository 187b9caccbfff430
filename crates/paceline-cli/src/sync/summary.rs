//! What is said at the end of a run.

use std::path::PathBuf;
use std::time::Duration;

use paceline::Pacer;
use paceline_core::{Belief, Snapshot, WallTime};
use serde::Serialize;

use super::departure::Attempts;
use super::ending::Ending;
use super::tally::Tally;
use super::waste;
use crate::journal::Counts;
use crate::learned::ToldLimits;

/// A run in numbers. Serialized, it is the object that `--json` prints.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// Records of the source, or as many of a pipe as were read.
    pub records: u64,
    /// Those that the platform has, from this run or an earlier one.
    pub delivered: u64,
    /// Those that were given up.
    pub dead: u64,
    /// Those that may have been applied.
    pub in_doubt: u64,
    /// Those still to do. The four add up to `records`.
    pub remaining: u64,
    /// Calls of this run.
    pub calls: u64,
    /// Attempts of these calls.
    pub attempts: u64,
    /// Attempts that the platform refused for a limit or its load.
    pub throttled: u64,
    /// Attempts that left although the platform had asked to be left alone.
    pub early_returns: u64,
    /// How long the run took.
    pub seconds: f64,
    /// Records that this run delivered, per second.
    pub goodput_per_s: f64,
    /// Refused attempts per 1,000 accepted calls.
    pub waste_per_1000: f64,
    /// Why it ended, in a word.
    pub exit_reason: &'static str,
    /// When to run it again, if it is suspended.
    pub resume_at: Option<String>,
    /// Gates that are closed at the end.
    pub closed_scopes: Vec<ClosedScope>,
    /// The journal's file.
    pub journal: PathBuf,
    /// What was learned of the platform's limits.
    pub learned: Vec<LearnedScope>,
    /// How it ended.
    #[serde(skip)]
    pub ending: Ending,
    /// What the platform said last, in a line, where the run ended for what it said.
    #[serde(skip)]
    pub last_answer: Option<String>,
}

/// What a summary is made of.
pub(super) struct Facts<'a> {
    pub(super) records: u64,
    pub(super) counts: Counts,
    pub(super) tally: Tally,
    pub(super) attempts: &'a Attempts,
    pub(super) seconds: f64,
    pub(super) ending: Ending,
    pub(super) last_answer: Option<String>,
    pub(super) snapshot: &'a Snapshot,
    pub(super) learned: Vec<LearnedScope>,
    pub(super) journal: PathBuf,
}

/// A gate that is closed.
#[derive(Clone, Debug, Serialize)]
pub struct ClosedScope {
    /// Whose, such as `credential default`.
    pub scope: String,
    /// When it opens (RFC 3339); none: when somebody intervenes.
    pub until: Option<String>,
}

/// A limit that was learned.
#[derive(Clone, Debug, Serialize)]
pub struct LearnedScope {
    /// Whose, such as `credential default`.
    pub scope: String,
    /// What was found out, and on what evidence.
    #[serde(flatten)]
    pub limits: ToldLimits,
}

impl Summary {
    pub(super) fn of(facts: Facts<'_>) -> Self {
        let Facts {
            records,
            counts,
            tally,
            attempts,
            seconds,
            ending,
            last_answer,
            snapshot,
            learned,
            journal,
        } = facts;
        let resume_at = match &ending {
            Ending::Suspended { resume_at, .. } => Some(civil(*resume_at)),
            _ => None,
        };
        Self {
            records,
            delivered: counts.delivered,
            dead: counts.dead,
            in_doubt: counts.in_doubt,
            remaining: counts.todo,
            calls: tally.calls,
            attempts: attempts.departed(),
            throttled: attempts.throttled(),
            early_returns: attempts.early_returns(),
            seconds,
            goodput_per_s: ratio(tally.delivered_now, seconds),
            waste_per_1000: waste::per_thousand(attempts.throttled(), tally.accepted),
            exit_reason: ending.name(),
            resume_at,
            closed_scopes: closed(snapshot),
            journal,
            learned,
            ending,
            last_answer,
        }
    }

    /// The program's exit code.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        self.ending.exit_code(self.dead + self.in_doubt > 0)
    }

    /// What happened and what to do, for people; None when there is nothing to say.
    #[must_use]
    pub fn message(&self) -> Option<String> {
        let message = self.ending.message()?;
        Some(match &self.last_answer {
            Some(words) => format!("{message}\nlast answer: {words}"),
            None => message,
        })
    }

    /// The summary for people, a few lines.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { records, delivered, dead, in_doubt, remaining, attempts, throttled, .. } = self;
        let mut text = format!("{delivered} of {records} delivered");
        for (count, what) in [(dead, "dead"), (in_doubt, "in doubt"), (remaining, "still to do")] {
            if *count > 0 {
                text.push_str(&format!(", {count} {what}"));
            }
        }
        let took = Duration::from_secs_f64((self.seconds * 10.0).round() / 10.0);
        text.push_str(&format!(
            "\nin {}: {:.1}/s, {attempts} attempts, {throttled} refused ({:.1} per 1,000 accepted)",
            crate::units::spelled(took),
            self.goodput_per_s,
            self.waste_per_1000,
        ));
        for LearnedScope { scope, limits } in &self.learned {
            text.push_str(&format!("\nlearned: {scope} admits {}", limits.words));
        }
        for ClosedScope { scope, until } in &self.closed_scopes {
            let until = until.as_deref().unwrap_or("somebody intervenes");
            text.push_str(&format!("\nclosed: {scope} until {until}"));
        }
        text
    }
}

/// Civil time as RFC 3339, in UTC.
pub(super) fn civil(time: WallTime) -> String {
    let millis = i64::try_from(time.as_unix_millis()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis)
        .map_or_else(|_| "the end of time".to_owned(), |at| at.to_string())
}

fn closed(snapshot: &Snapshot) -> Vec<ClosedScope> {
    let closed = snapshot.scopes.iter().filter_map(|scope| {
        let (until, _) = scope.closed?;
        let until = (until != WallTime::FAR_FUTURE).then(|| civil(until));
        Some(ClosedScope { scope: format!("{} {}", scope.kind, scope.name), until })
    });
    closed.collect()
}

/// What `snapshot` remembers, with the evidence that `pacer` has for it.
pub(super) async fn learned(snapshot: &Snapshot, pacer: &Pacer) -> Vec<LearnedScope> {
    let mut learned = Vec::new();
    for scope in &snapshot.scopes {
        let Some(plain) = ToldLimits::without_evidence(&scope.learned) else { continue };
        let belief = match pacer.scope(scope.kind, &scope.name).await {
            Ok(id) => pacer.belief(id).await.ok().flatten(),
            Err(_) => None,
        };
        // What is saved is what is told, whatever else is believed by now.
        let evident = belief.and_then(|belief| ToldLimits::of(&Belief { learned: scope.learned, ..belief }));
        learned.push(LearnedScope {
            scope: format!("{} {}", scope.kind, scope.name),
            limits: evident.unwrap_or(plain),
        });
    }
    learned
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn ratio(count: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { count as f64 / seconds } else { 0.0 }
}
